"""Which dossiers are made at all, and what becomes of rows without a place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from converter.diagnostics import Diagnostic
from converter.dossier import AddedDocument
from converter.dossier_mapper.attached import KeptRow, as_document
from converter.model import Header, Ins, SourceLocation
from tests.dossier_mapper.building import RESIDENT, build, establishment, sources, well_formed

DAY = 'date: "%d/%m/%Y"'
STAYS = f"stays: {{from: s, resident: N°, key: D, admission: {{column: A, {DAY}}}}}\n"
ROWS = "N°|D|A\n12|1|01/02/2024\n12|2|02/02/2024"
BEARS = "unplaced: {from: u, resident: N°, name: Ressources, columns: [Type, Montant]%s}\n"
MONEY = "N°|Type|Montant\n12|AAH|900\n12|Rente|\n12||"


# ---------------------------------------------------------------------------------------------------------- sector


@pytest.mark.parametrize("state", ["1.1.0", "cda-1.0.1"])
@pytest.mark.parametrize(
    ("sector", "category", "code"), [("SA17", "500", "DOS-01"), ("SA16", None, "DOS-02"), ("SA16", "500", "DOS-02")]
)
def test_a_refused_sector_makes_no_dossier(state: str, sector: str, category: str | None, code: str) -> None:
    outcome = build(STAYS, state, sender=establishment(sector, category), s=ROWS)
    assert outcome.built.dossier is None
    assert [(d.code, d.location) for d in outcome.built.diagnostics] == [(code, None)]
    assert [(n, d.code) for n, d in outcome.built.skipped] == [(1, "DOS-05"), (2, "DOS-05")]
    assert outcome.codes == []


def test_the_refusal_is_the_same_for_every_resident() -> None:
    first, second = (build(STAYS, sender=establishment("SA17"), s=rows) for rows in (ROWS, "N°|D|A\n12|9|"))
    assert first.built.diagnostics == second.built.diagnostics


def test_the_sector_may_be_deviated_from() -> None:
    outcome = build(STAYS, options={"deviation": "sector"}, sender=establishment("SA17", "183"), s=ROWS)
    assert outcome.dossier.sector_deviation
    assert [(d.code, d.severity.value) for d in outcome.built.diagnostics] == [("DOS-06", "notice")]


def test_a_deviation_still_needs_a_category_that_the_rules_take() -> None:
    outcome = build(STAYS, options={"deviation": "sector"}, sender=establishment("SA17", "500"), s=ROWS)
    assert outcome.built.dossier is None
    assert [d.code for d in outcome.built.diagnostics] == ["DOS-02"]


def test_an_admitted_sector_needs_no_deviation() -> None:
    outcome = build(STAYS, options={"deviation": "sector"}, s=ROWS)
    assert not outcome.dossier.sector_deviation
    assert outcome.built.diagnostics == []


@pytest.mark.parametrize(("sector", "codes"), [("SA17", ["DOS-32"]), ("SA41", [])])
def test_the_seed_writes_one_sector_for_everybody(sector: str, codes: list[str]) -> None:
    added = (AddedDocument("d", "D", text="x"),)
    outcome = build("", "seed", sender=establishment(sector, None), added=added)
    assert [d.key for d in outcome.dossier.documents] == ["d"]
    assert outcome.dossier.sector_deviation is bool(codes)
    assert [(d.code, d.severity.value) for d in outcome.built.diagnostics] == [(c, "notice") for c in codes]


# ----------------------------------------------------------------------------------------------------- birth order


def test_without_ins_and_birth_order_the_rows_are_rejected_too() -> None:
    resident = replace(RESIDENT, birth_order=None)
    outcome = build(STAYS, resident=resident, s=ROWS + "\n12||")
    assert outcome.built.dossier is None
    (problem,) = outcome.built.diagnostics
    assert (problem.code, problem.location) == ("DOS-03", SourceLocation("usagers.csv", 7))
    # What is wrong with a row by itself is said as well, and a row is rejected once.
    assert outcome.codes == [(3, "VAL-01", "error"), (1, "DOS-04", "error"), (2, "DOS-04", "error")]
    assert outcome.built.findings[1][1].params == {"line": 7, "file": "usagers.csv"}


def test_an_ins_stands_for_the_birth_order() -> None:
    resident = replace(RESIDENT, birth_order=None, ins=Ins("299030199100165", "1.2.250.1.213.1.4.10"))
    assert build(STAYS, resident=resident, s=ROWS).built.diagnostics == []


def test_the_birth_order_may_be_deviated_from() -> None:
    outcome = build(STAYS, options={"deviation": "birth_order"}, resident=replace(RESIDENT, birth_order=None), s=ROWS)
    assert [(d.code, d.severity.value) for d in outcome.built.diagnostics] == [("DOS-07", "notice")]
    assert len(outcome.dossier.stays) == 2


def test_nothing_to_say_is_no_dossier_and_no_problem() -> None:
    outcome = build(STAYS, sender=establishment("SA17"), s="N°|D|A")
    assert outcome.built.dossier is None
    assert outcome.built.diagnostics == []


# --------------------------------------------------------------------------------------------------- without place


def test_rows_without_a_place_are_skipped_and_counted() -> None:
    outcome = build(BEARS % "", u=MONEY)
    assert outcome.built.dossier is None
    assert outcome.built.unplaced == {"Ressources": 3}
    assert [(n, d.code) for n, d in outcome.built.skipped] == [(n, "DOS-08") for n in (1, 2, 3)]


@pytest.mark.parametrize("rule", [", attach: yes", ""])
def test_rows_without_a_place_are_attached_where_asked(rule: str) -> None:
    options = {} if rule else {"no_place": "attach"}
    outcome = build(BEARS % rule, options=options, u=MONEY)
    assert outcome.built.skipped == []
    assert outcome.built.unplaced == {"Ressources": 3}
    assert outcome.codes == [(n, "DOS-09", "notice") for n in (1, 2, 3)]
    (document,) = outcome.dossier.documents
    assert document.text == (
        "Ressources\n==========\n3 lignes reprises de l'ancien logiciel, sous forme lisible.\n\n"
        "1.\n  Type    : AAH\n  Montant : 900\n\n2.\n  Type : Rente\n\n3.\n  (ligne vide)\n"
    )
    well_formed(outcome.dossier)


@pytest.mark.parametrize("attach", [False, True])
def test_the_seed_has_no_place_for_stays(attach: bool) -> None:
    options = {"no_place": "attach"} if attach else {}
    outcome = build(STAYS, "seed", options=options, s=ROWS)
    assert outcome.built.unplaced == {"Séjours": 2}
    if attach:
        assert [d.title for d in outcome.dossier.documents] == ["Séjours"]
        assert [code for _, code, _ in outcome.codes] == ["DOS-09", "DOS-09"]
    else:
        assert outcome.built.dossier is None
        assert [d.code for _, d in outcome.built.skipped] == ["DOS-08", "DOS-08"]


def test_an_unreadable_cell_is_said_in_the_text() -> None:
    given = sources(BEARS % ", attach: yes", u="N°|Type|Montant\n12|a\\nb|1")
    (spooled,) = next(iter(given.rows.values()))
    row = replace(spooled.row, faults={2: Diagnostic("CELL-01")})
    text = as_document("Ressources", [KeptRow(1, row, Header(("N°", "", "Montant")), (1, 2))]).text
    assert text is not None
    assert "  Colonne 2 : a\n              b\n  Montant   : (cellule illisible)\n" in text


def test_a_text_of_one_name_twice_has_a_key_of_its_own() -> None:
    section = (
        "stays: {from: s, resident: N°, key: D, structure: {name: A}}\n"
        + BEARS.replace("Ressources", "Séjours") % ", attach: yes"
    )
    outcome = build(section, s="N°|D|A\n12|1|Foyer", u=MONEY)
    assert [d.key for d in outcome.dossier.documents] == ["lignes|Séjours", "lignes|Séjours (suite)"]


def test_two_runs_give_the_same() -> None:
    first, second = (build(STAYS + BEARS % ", attach: yes", s=ROWS, u=MONEY) for _ in range(2))
    assert first == second
