from __future__ import annotations

import pytest

from converter.dossier_mapper.codes import code_list, coded, gir
from converter.mapping.values import WrongValueError
from tests.dossier_mapper.building import build


@pytest.mark.parametrize("text", ["MED-1292", "med-1292", "Evaluation AGGIR PH SSIAD", " evaluation  aggir ph ssiad"])
def test_a_code_or_its_label_names_the_code(text: str) -> None:
    assert coded("1.1.0", "802")(text).code == "MED-1292"


def test_one_letter_less_is_only_proposed() -> None:
    with pytest.raises(WrongValueError) as wrong:
        coded("1.1.0", "802")("Evaluation SERAFI")
    assert wrong.value.code == "DOS-10"
    assert "Evaluation SERAFIN" in str(wrong.value.params["hint"])


def test_a_word_near_nothing_gets_no_proposal() -> None:
    with pytest.raises(WrongValueError) as wrong:
        coded("1.1.0", "802")("xyz")
    assert wrong.value.params["hint"] == "."


@pytest.mark.parametrize(
    ("state", "code", "other"), [("1.1.0", "MED-1325", "cda-1.0.1"), ("seed", "MED-1325", "cda-1.0.1")]
)
def test_a_code_of_the_other_release_is_told_apart(state: str, code: str, other: str) -> None:
    with pytest.raises(WrongValueError) as wrong:
        coded(state, "802")(code)
    assert (wrong.value.code, wrong.value.params["other"]) == ("DOS-11", other)
    assert coded("cda-1.0.1", "802")(code).code == code


def test_a_label_of_two_codes_asks_for_the_code() -> None:
    with pytest.raises(WrongValueError) as wrong:
        coded("1.1.0", "JDV_J283", "JDV_J284")("Fournir des repas")
    assert (wrong.value.code, wrong.value.params["codes"]) == ("DOS-12", "3.2.2, 3.2.2.1")


def test_tables_that_are_no_value_set_serve_too() -> None:
    assert code_list(("JDV_J01",), "seed").get("DISPOSITIF") is not None


@pytest.mark.parametrize("text", ["3", "GIR 3", "gir-3", "GIR3", "MED-341"])
def test_gir(text: str) -> None:
    assert gir("seed")(text).code == "MED-341"


@pytest.mark.parametrize("text", ["7", "0", "3.0", "GIR", "grabataire"])
def test_no_gir(text: str) -> None:
    with pytest.raises(WrongValueError, match="DOS-13"):
        gir("1.1.0")(text)


def test_the_legacy_word_comes_through_the_values_own_table() -> None:
    section = """
coverage: {from: a, resident: N°, key: Num, scheme: {column: R, table: {Général: GEN-412}}}
"""
    outcome = build(section, a="N°|Num|R\n12|1|général\n12|2|GEN-412")
    assert [(n, code) for n, code, level in outcome.codes if level == "error"] == [(2, "CODE-01")]


@pytest.mark.parametrize(("on_error", "level"), [("reject", "error"), ("omit", "warning")])
def test_on_error_answers_a_wrong_code(on_error: str, level: str) -> None:
    section = f"coverage: {{from: a, resident: N°, key: Num, scheme: {{column: R, on_error: {on_error}}}}}"
    outcome = build(section, a="N°|Num|R\n12|1|GEN-105")
    assert outcome.codes[0] == (1, "DOS-11" if level == "error" else "VAL-08", level)
