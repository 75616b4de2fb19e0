from __future__ import annotations

from typing import Any

import pytest

from converter.dossier import AddedDocument, Evaluation
from converter.model import PartialDate
from converter.terminology import value_set
from tests.dossier_mapper.building import RPPS, Outcome, build, entries, well_formed

CORE = """
assessments:
  from: gir
  resident: N°
  key: Num
  type: Type
  date: {column: Date, date: "%d/%m/%Y"}
  result: GIR
  evaluator: {name: Nom, rpps: RPPS}
"""
HEAD = "N°|Num|Type|Date|GIR|Nom|RPPS"
SSIAD, SERAFIN, PH, PA = "MED-1290", "MED-1291", "MED-1292", "MED-1293"


def only(outcome: Outcome) -> Evaluation:
    (evaluation,) = outcome.dossier.evaluations
    return evaluation


def codes_of(outcome: Outcome) -> list[str]:
    return [code for _, code, _ in outcome.codes]


def grid(state: str, number: str) -> tuple[list[str], str]:
    """The fields of an AGGIR grid as `items:`, in columns of their own names."""
    codes = list(value_set(number, state))
    return codes, "  items: {" + ", ".join(f"{c}: {c}" for c in codes) + "}\n"


# ------------------------------------------------------------------------------------------------------ whole grids


@pytest.mark.parametrize(
    ("state", "kind", "number"), [("1.1.0", PH, "805"), ("1.1.0", PA, "806"), ("cda-1.0.1", PA, "806")]
)
def test_a_whole_aggir_grid_of_a_professional_is_coded(state: str, kind: str, number: str) -> None:
    codes, items = grid(state, number)
    table = (
        f"{HEAD}|{'|'.join(codes)}\n12|1|{kind}|01/02/2024|2|Actrice|{RPPS}|" + "|".join("AC" * 8)[: 2 * len(codes) - 1]
    )
    outcome = build(CORE + items + "  criteria: from_result\n", state, gir=table)
    evaluation = only(outcome)
    assert outcome.codes == []
    assert evaluation.coded
    assert evaluation.result is not None
    assert evaluation.result.display == "GIR-2"
    assert [item.code.code for item in evaluation.items] == codes
    results = list(value_set("816", state).values())
    assert [item.result for item in evaluation.items[:2]] == [results[0], results[2]]
    assert [[c.met for c in item.criteria] for item in evaluation.items[:2]] == [[True] * 4, [False] * 4]
    assert [c.code.code for c in evaluation.items[0].criteria] == [f"MED-{n}" for n in range(1307, 1311)]
    assert entries(well_formed(outcome.dossier)) == 1


def test_a_b_does_not_say_which_adverb_failed() -> None:
    codes, items = grid("1.1.0", "805")
    table = f"{HEAD}|{'|'.join(codes)}\n12|1|{PH}|01/02/2024|2|A|{RPPS}|" + "|".join("B" + "A" * 9)
    outcome = build(CORE + items + "  criteria: from_result\n", "1.1.0", gir=table)
    assert outcome.codes == [(1, "DOS-47", "warning")]
    assert outcome.finding("DOS-47").params == {"items": codes[0]}
    assert not only(outcome).coded
    well_formed(outcome.dossier)


def test_adverbs_may_have_their_own_columns() -> None:
    criteria = "criteria: {spontaneously: S, totally: T, correctly: C, usually: H}"
    section = CORE + f"  items: {{d510: {{result: Toilette, {criteria}}}, d540: {{result: Habillage, {criteria}}}}}\n"
    table = f"{HEAD}|Toilette|Habillage|S|T|C|H\n12|1|{PH}|01/02/2024|2|A|{RPPS}|qc2||oui|non|o|n"
    outcome = build(section, "1.1.0", gir=table)
    # The second field has adverbs and no result.
    assert outcome.codes == [(1, "DOS-26", "warning"), (1, "DOS-46", "warning")]
    table = table.replace("qc2||", "qc2|qc2|")
    outcome = build(section, "1.1.0", gir=table)
    assert codes_of(outcome) == ["DOS-46"]
    assert [c.met for c in only(outcome).items[0].criteria] == [True, False, True, False]
    assert outcome.finding("DOS-46").params["count"] == 2
    well_formed(outcome.dossier)


def test_ssiad_fields_are_yes_or_no() -> None:
    section = CORE + '  items: {R32: Urine, "Obésité, sans précision": Poids}\n'
    table = f"{HEAD}|Urine|Poids\n12|1|{SSIAD}|01/02/2024||A|{RPPS}|oui|non\n12|2|{SSIAD}|01/02/2024||A|{RPPS}|3|"
    outcome = build(section, gir=table)
    assert outcome.codes == [(2, "FLD-04", "error")]
    assert [(i.code.code, i.result) for i in only(outcome).items] == [("R32", True), ("E66.9", False)]
    assert only(outcome).coded
    well_formed(outcome.dossier)


SERAFIN_ROWS = CORE.replace("date: {column: Date,", "date: {column: Date, required: no,") + (
    "  group: yes\n  item: Besoin\n  item_result: Score\n  comment: Note\n"
)


def test_serafin_needs_one_row_each() -> None:
    table = (
        f"{HEAD}|Besoin|Score|Note\n12|1|{SERAFIN}|01/02/2024||A|{RPPS}|1.1.3|4|a\n12|1||||||1.1.9|2|b\n"
        f"12|1||||||1.1.9|3|\n12|1||||||9.9|3|\n12|1||||||1.2|x|\n12|1||||||1.2||\n12|1|||||||||c"
    )
    outcome = build(SERAFIN_ROWS, gir=table)
    evaluation = only(outcome)
    assert [(i.code.code, i.result) for i in evaluation.items] == [("1.1.3", 4), ("1.1.9", 2)]
    assert evaluation.comment == "a\nb"
    assert outcome.codes == [
        (4, "DOS-10", "error"),
        (5, "FLD-05", "error"),
        (6, "VAL-01", "error"),
        (3, "DOS-25", "error"),
    ]
    assert evaluation.coded
    well_formed(outcome.dossier)


def test_a_field_needs_a_result_in_the_mapping_too() -> None:
    section = CORE + "  item: Besoin\n"
    outcome = build(section, gir=f"{HEAD}|Besoin\n12|1|{SERAFIN}|01/02/2024||A|{RPPS}|1.1.3")
    assert outcome.codes == [(1, "DOS-26", "error")]


@pytest.mark.parametrize(
    ("options", "codes"), [("required: no", ["DOS-26"]), ("on_error: omit", ["VAL-08"]), ("required: yes", ["VAL-01"])]
)
def test_a_field_without_a_result_is_left_out_only_where_the_mapping_says_so(options: str, codes: list[str]) -> None:
    section = CORE + f"  item: Besoin\n  item_result: {{column: Score, {options}}}\n"
    cell = "x" if codes == ["VAL-08"] else ""
    outcome = build(section, gir=f"{HEAD}|Besoin|Score\n12|1|{SERAFIN}|01/02/2024||A|{RPPS}|1.1.3|{cell}")
    assert codes_of(outcome) == codes
    if codes == ["VAL-01"]:
        assert outcome.built.dossier is None
    else:
        assert only(outcome).items == ()
        well_formed(outcome.dossier)


def test_fields_of_a_grid_that_the_guide_does_not_code_stay_readable() -> None:
    section = CORE + "  items: {Douleur: X}\n"
    outcome = build(
        section, gir=f"{HEAD}|X\n12|1|MED-1327|01/02/2024||A|{RPPS}|forte\n12|2|MED-1327|01/02/2024||A|{RPPS}|"
    )
    assert outcome.codes == [(1, "DOS-60", "warning")]
    assert [e.coded for e in outcome.dossier.evaluations] == [False, True]
    well_formed(outcome.dossier)


def test_the_type_may_stand_in_another_sheet() -> None:
    section = """
assessments:
  - {from: notes, resident: N°, key: Num, group: yes, date: {value: ""}, item: B, item_result: S}
  - {from: gir, resident: N°, key: Num, type: T, date: {column: D, date: "%d/%m/%Y"}, evaluator: {rpps: R}}
"""
    outcome = build(section, notes="N°|Num|B|S\n12|1|1.1.3|4", gir=f"N°|Num|T|D|R\n12|1|{SERAFIN}|01/02/2024|{RPPS}")
    assert outcome.codes == []
    assert only(outcome).items[0].result == 4
    assert only(outcome).coded


@pytest.mark.parametrize(("kind", "item"), [(SSIAD, "d510"), (PH, "b160")])
def test_a_field_of_another_grid_or_release_is_an_error_of_the_mapping(kind: str, item: str) -> None:
    outcome = build(CORE + f"  items: {{{item}: X}}\n", "1.1.0", gir=f"{HEAD}|X\n12|1|{kind}|01/02/2024|2|A|{RPPS}|A")
    assert outcome.codes == [(1, "DOS-24", "error")]
    assert outcome.finding("DOS-24").params["item"] == item
    assert outcome.built.dossier is None


def test_two_columns_for_one_field_must_agree() -> None:
    section = CORE + "  items: {d510: X, Se laver: Y}\n"
    outcome = build(section, "1.1.0", gir=f"{HEAD}|X|Y\n12|1|{PH}|01/02/2024|2|A|{RPPS}|A|B")
    assert outcome.codes == [(1, "DOS-25", "error")]
    assert outcome.finding("DOS-25").params == {"item": "d510"}


# ------------------------------------------------------------------------------------------ what cannot be coded


@pytest.mark.parametrize(
    ("row", "codes"),
    [
        (f"12|1|{SSIAD}|01/02/2024||Actrice|", ["DOS-43"]),
        (f"12|1||01/02/2024||Actrice|{RPPS}", ["DOS-44"]),
        (f"12|1|{PH}|01/02/2024||Actrice|{RPPS}", ["DOS-45", "DOS-46"]),
        (f"12|1|{PH}|01/02/2024|3|Actrice|{RPPS}", ["DOS-46"]),
        (f"12|1|{SSIAD}|01/02/2024|3|Actrice|{RPPS}", ["DOS-48"]),
        ("12|1||01/02/2024|3||", ["DOS-44", "DOS-43"]),
    ],
)
def test_what_cannot_be_coded_stays_readable(row: str, codes: list[str]) -> None:
    outcome = build(CORE, gir=f"{HEAD}\n{row}")
    assert outcome.codes == [(1, code, "warning") for code in codes]
    assert not only(outcome).coded
    assert entries(well_formed(outcome.dossier)) == 0
    strict = build(CORE, options={"nonconforming": "reject"}, gir=f"{HEAD}\n{row}")
    assert strict.codes == [(1, code, "error") for code in codes]
    assert strict.built.dossier is None


def test_an_evaluation_without_a_date() -> None:
    table = f"{HEAD}\n12|1|{SSIAD}|||A|{RPPS}"
    assert build(CORE, gir=table).codes == [(1, "VAL-01", "error")]
    relaxed = CORE.replace("{column: Date,", "{column: Date, required: no,")
    outcome = build(relaxed, gir=table)
    assert outcome.codes == [(1, "DOS-49", "warning")]
    well_formed(outcome.dossier)


def test_a_responsible_structure_is_somebody() -> None:
    section = CORE.replace(
        "evaluator: {name: Nom, rpps: RPPS}", "responsible: {name: Nom, organization: establishment}"
    )
    outcome = build(section, gir=f"{HEAD}\n12|1|{SSIAD}|01/02/2024||Actrice|")
    assert outcome.codes == []
    assert only(outcome).coded
    well_formed(outcome.dossier)


@pytest.mark.parametrize(
    ("state", "status", "codes"),
    [
        ("cda-1.0.1", "REALISE", ["DOS-41"]),
        ("1.1.0", "REALISE", []),
        ("1.1.0", "ANNULE", ["DOS-42"]),
        ("1.1.0", "VALIDE", []),
    ],
)
def test_statuses(state: str, status: str, codes: list[str]) -> None:
    section = CORE + '  status: S\n  status_date: {column: J, date: "%d/%m/%Y"}\n'
    outcome = build(section, state, gir=f"{HEAD}|S|J\n12|1|{SSIAD}|01/02/2024||A|{RPPS}|{status}|02/02/2024")
    assert codes_of(outcome) == codes
    status_found = only(outcome).status
    assert status_found is not None
    assert status_found.date == PartialDate(2024, 2, 2)
    well_formed(outcome.dossier)


def test_any_other_grid_is_read_as_written() -> None:
    section = """
assessments:
  from: g
  resident: N°
  key: Num
  title: {value: Norton}
  date: {column: D, date: "%d/%m/%Y"}
  result_text: Score
  items: {Mobilité: M, d510: T}
  grid_version: {value: "2.1"}
  documents: Doc
"""
    outcome = build(
        section,
        g="N°|Num|D|Score|M|T|Doc\n12|1|01/02/2024|14/20|limitée|A|d1",
        added=(AddedDocument("d1", "Grille", text="x"),),
    )
    evaluation = only(outcome)
    assert codes_of(outcome) == ["DOS-44", "DOS-43"]
    assert (evaluation.title, evaluation.result_text) == ("Norton", "14/20")
    assert [(i.code.display, getattr(i.result, "display", None)) for i in evaluation.items] == [
        ("Mobilité", "limitée"),
        ("Se laver", "aucun facilitateur"),
    ]
    assert evaluation.documents == ("d1",)
    text = "".join(well_formed(outcome.dossier).itertext())
    assert "limitée" in text


# ------------------------------------------------------------------------------------------------------------ seed


def seed(*rows: str, **more: Any) -> Outcome:
    return build(CORE + "  grid_version: {value: '1.0'}\n", "seed", gir="\n".join([HEAD, *rows]), **more)


def test_the_seed_codes_a_gir_alone() -> None:
    outcome = seed("12|1||01/02/2024|GIR 3||", f"12|2|{SSIAD}|01/02/2024|||")
    assert outcome.codes == [(2, "DOS-59", "warning")]
    assert [e.coded for e in outcome.dossier.evaluations] == [True, False]
    assert entries(well_formed(outcome.dossier)) == 1


def test_the_seed_section_does_not_stand_without_a_gir() -> None:
    outcome = seed(f"12|1|{SSIAD}|01/02/2024|||")
    assert codes_of(outcome) == ["DOS-59", "DOS-29"]
    assert outcome.dossier.evaluations == ()
    assert [d.title for d in outcome.dossier.documents] == ["Evaluations"]
    well_formed(outcome.dossier)


def test_a_wrong_gir_is_an_error() -> None:
    assert seed("12|1||01/02/2024|GIR 9||").codes == [(1, "DOS-13", "error")]
