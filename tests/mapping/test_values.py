"""Values of every form over rows: what comes out, what is wrong, and what is counted."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter

from converter.diagnostics import Diagnostic, SourceError
from converter.mapping.columns import UnknownColumnError, column_index
from converter.mapping.conditions import compile_condition
from converter.mapping.nodes import Value, When
from converter.mapping.values import AMBIGUOUS, Noted, Result, ValueContext, WrongValueError, compile_value
from converter.model import Header, PartialDate, SourceRow

_VALUES: TypeAdapter[Any] = TypeAdapter(Value)
_WHEN: TypeAdapter[Any] = TypeAdapter(When)
LABELS = ("Nom", "Prénom", "Date", "Code")


class Rues:
    """Rows of another source: one `a`, two `b`."""

    def get(self, source: str, key_column: str, key: str) -> Any:
        assert (source, key_column) == ("rues", "Id")
        return {"a": ("a", "rue d'Essai"), "b": AMBIGUOUS, "vide": ("vide", "")}.get(key)


def context(**tables: Any) -> ValueContext:
    headers = {"rues": Header(("Id", "Rue"))}
    return ValueContext(ZoneInfo("Europe/Paris"), tables, headers, Rues())


def row(*cells: str, faults: dict[int, Diagnostic] | None = None) -> SourceRow:
    return SourceRow("ged", "ged.csv", 7, (*cells, *[""] * (len(LABELS) - len(cells))), faults=faults or {})


def run(value: Any, *cells: str, typed: bool = False, within: ValueContext | None = None, **options: Any) -> Result:
    rule = compile_value(_VALUES.validate_python(value), Header(LABELS, typed), within or context(), **options)
    return rule(row(*cells))


def codes(result: Result) -> list[str]:
    return [d.code for d in result.diagnostics]


# ---------------------------------------------------------------------------------------------------------- forms


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Nom", "DUPONT"),
        ("nom ", "DUPONT"),
        ("#2", "Jean"),
        ({"column": "Prénom"}, "Jean"),
        ({"value": "toujours"}, "toujours"),
        ({"value": ""}, None),
        ({"template": '{{ row["Prénom"] }} {{ row["Nom"] | title }}'}, "Jean Dupont"),
        ({"template": '{% if row["Code"] == "" %}sans code{% endif %}'}, "sans code"),
        (["Code", "Nom"], "DUPONT"),
        (["Code", {"value": "x"}], "x"),
        ([{"column": "Code"}, {"column": "Date"}], None),
        (None, None),
    ],
)
def test_every_form(value: Any, expected: str | None) -> None:
    rule = compile_value(None if value is None else _VALUES.validate_python(value), Header(LABELS), context())
    assert rule(row(" DUPONT ", "Jean")) == Result(expected)


@pytest.mark.parametrize("cell", ["", "  ", "\u00a0"])
def test_an_empty_cell_is_nothing_unless_required(cell: str) -> None:
    assert run("Nom", cell) == Result()
    missing = run("Nom", cell, required=True)
    assert codes(missing) == ["VAL-01"]
    assert str(missing.diagnostics[0].location) == "ged.csv:7 (Nom)"


def test_the_value_says_itself_whether_it_is_required() -> None:
    assert codes(run({"column": "Nom", "required": "yes"})) == ["VAL-01"]
    assert run({"column": "Nom", "required": "no"}, required=True) == Result()


def test_required_in_a_list_is_of_the_whole_list() -> None:
    either = [{"column": "Nom", "required": "yes"}, "Prénom"]
    assert run(either, "", "Jean").value == "Jean"
    assert codes(run(either)) == ["VAL-01"]


def test_a_wrong_member_of_a_list_is_not_passed_over() -> None:
    assert codes(run([{"column": "Code", "pattern": r"\d+"}, "Nom"], "N", "", "", "x")) == ["VAL-02"]


def test_an_omitted_member_of_a_list_leaves_its_remark_and_the_next_one_counts() -> None:
    found = run([{"column": "Code", "pattern": r"\d+", "on_error": "omit"}, "Nom"], "N", "", "", "x")
    assert (found.value, codes(found)) == ("N", ["VAL-08"])


# -------------------------------------------------------------------------------------------------------- options


def test_default_for_an_empty_cell_is_counted() -> None:
    within = context()
    found = run({"column": "Nom", "default": "inconnu"}, within=within, path="documents.title")
    assert found == Result("inconnu")
    assert within.uses == {("default", "documents.title"): 1}


def test_default_is_read_as_a_cell_would_be() -> None:
    assert run({"column": "Code", "table": {"A": "1"}, "default": "a"}).value == "1"
    assert run({"column": "Date", "date": "%d/%m/%Y", "default": "03/04/2021"}).value == PartialDate(2021, 4, 3)
    assert run({"column": "Nom", "split": ";", "default": "a; b"}).value == ("a", "b")


def test_default_may_be_what_the_field_takes() -> None:
    assert run({"column": "Code", "table": {"A": "1"}, "default": "1"}).value == "1"
    assert run({"column": "Date", "date": "%d/%m/%Y", "default": "2021-04-03"}).value == PartialDate(2021, 4, 3)


def test_a_default_that_is_neither_is_wrong_at_each_row() -> None:
    """The loader has refused it; were it not so, nothing would be made up."""
    assert codes(run({"column": "Code", "table": {"A": "1"}, "default": "Z"})) == ["CODE-01"]
    assert codes(run({"column": "Date", "date": "%Y", "default": "jamais"})) == ["DATE-01"]


@pytest.mark.parametrize(
    ("on_error", "value", "expected"),
    [("reject", None, ["VAL-02"]), ("omit", None, ["VAL-08"]), ("default", "0", ["VAL-09"])],
)
def test_what_a_wrong_cell_does(on_error: str, value: str | None, expected: list[str]) -> None:
    within = context()
    spec = {"column": "Code", "pattern": r"\d+", "on_error": on_error, "default": "0"}
    found = run(spec, "", "", "", "x", within=within, path="p")
    assert (found.value, codes(found)) == (value, expected)
    assert found.failed is (on_error == "reject")
    assert within.uses == ({} if on_error == "reject" else {(on_error, "p"): 1})


def test_stop_ends_the_run() -> None:
    with pytest.raises(SourceError) as stopped:
        run({"column": "Code", "pattern": r"\d+", "on_error": "stop"}, "", "", "", "x")
    assert stopped.value.diagnostics[0].code == "VAL-02"


@pytest.mark.parametrize(("cell", "good"), [("123", True), ("123\n4", False), ("12a", False), ("٣", True)])
def test_pattern_is_of_the_whole_cell(cell: str, good: bool) -> None:
    assert (run({"column": "Nom", "pattern": r"\d+"}, cell).value == cell) is good


def test_a_diagnostic_does_not_repeat_the_cell() -> None:
    found = run({"column": "Nom", "pattern": r"\d+", "table": {"x": "y"}}, "DUPONT-SECRET")
    assert "SECRET" not in found.diagnostics[0].text("fr") + found.diagnostics[0].text("en")


def test_split_gives_the_parts_that_say_something() -> None:
    assert run({"column": "Nom", "split": ";"}, "a ; b;;c;").value == ("a", "b", "c")
    assert run({"column": "Nom", "split": ";"}, " ; ;") == Result()
    assert run({"column": "Nom", "split": ";", "table": {"A": "1", "B": "2"}}, "a;b").value == ("1", "2")
    assert codes(run({"column": "Nom", "split": ";", "table": {"A": "1"}}, "a;c")) == ["CODE-01"]


@pytest.mark.parametrize("cell", ["NC", "nc ", "Néant", "NEANT", "0"])
def test_nulls_are_empty(cell: str) -> None:
    spec = {"column": "Nom", "nulls": ["NC", "néant", "0"]}
    assert run(spec, cell) == Result()
    assert codes(run(spec, cell, required=True)) == ["VAL-01"]


@pytest.mark.parametrize(
    ("mark", "cell", "expected"),
    [
        (",", "1 234,50", "1234.50"),
        (",", "-3,5", "-3.5"),
        (",", "12", "12"),
        (".", "12.5", "12.5"),
        (",", "1.234", None),
        (".", "1,234", None),
        (",", "1,2,3", None),
        (",", "12 €", None),
        (",", "٣,٥", None),
    ],
)
def test_numbers_by_their_mark(mark: str, cell: str, expected: str | None) -> None:
    found = run({"column": "Nom", "decimal": mark}, cell)
    assert found.value == expected
    assert codes(found) == ([] if expected else ["VAL-03"])


@pytest.mark.parametrize(
    ("cell", "expected"), [("3.2", "3.2"), ("-0.05", "-0.05"), ("3,2", "3.2"), ("1.234", None), ("1.234,5", None)]
)
def test_number_cells_of_a_workbook_need_no_mark(cell: str, expected: str | None) -> None:
    found = run({"column": "Nom", "decimal": ","}, cell, typed=True)
    assert found.value == expected
    assert codes(found) == ([] if expected else ["VAL-03"])


@pytest.mark.parametrize("cell", ["M", "m", " M ", "Ｍ"])
def test_a_table_matches_without_regard_to_spelling(cell: str) -> None:
    expected = "male" if cell != "Ｍ" else None
    assert run({"column": "Nom", "table": "sexe"}, cell, within=context(sexe={"m": "male"})).value == expected


def test_shipped_tables_serve_by_name() -> None:
    assert run({"column": "Nom", "table": "legacy-document-kinds"}, "PROJET PERSONNALISE").value.type.code == "80788-3"
    assert run({"column": "Nom", "table": "JDV_J06"}, "synthese").value == "11"


def test_a_label_of_two_codes_names_neither() -> None:
    assert codes(run({"column": "Nom", "table": "TRE_R303"}, "Inconnu")) == ["CODE-01"]
    assert run({"column": "Nom", "table": "TRE_R303"}, "UN").value == "UN"


def test_words_added_to_and_taken_from_a_shipped_table() -> None:
    table = {"use": "legacy-document-kinds", "add": {"Fiche bleue": "11490-0"}, "remove": ["PAP"]}
    assert run({"column": "Nom", "table": table}, "fiche BLEUE").value == "11490-0"
    assert codes(run({"column": "Nom", "table": table}, "pap")) == ["CODE-01"]
    assert run({"column": "Nom", "table": "legacy-document-kinds"}, "pap").value is not None


# ------------------------------------------------------------------------------------------------------- last step


def upper(datum: Any) -> Any:
    if datum == "x":
        raise WrongValueError("CODE-01", table="t")
    return Noted(datum, "VAL-03", {"mark": ","}) if datum == "n" else datum.upper()


@pytest.mark.parametrize(("on_error", "expected"), [("reject", []), ("omit", []), ("default", "A")])
def test_the_fields_own_step_is_answered_by_on_error(on_error: str, expected: Any) -> None:
    found = run({"column": "Nom", "on_error": on_error, "default": "a"}, "x", to=upper)
    assert found.value == (expected or None)
    assert found.failed is (on_error == "reject")


def test_a_remark_keeps_the_datum() -> None:
    found = run("Nom", "n", to=upper)
    assert (found.value, codes(found), found.failed) == ("n", ["VAL-03"], False)
    several = run({"column": "Nom", "split": ";"}, "a;n", to=upper)
    assert (several.value, codes(several)) == (("A", "n"), ["VAL-03"])


def test_a_default_with_a_remark_is_the_datum_alone() -> None:
    assert run({"column": "Nom", "default": "n"}, to=upper).value == "n"


def test_a_constant_goes_through_the_same_step() -> None:
    assert run({"value": "a"}, to=upper).value == "A"
    assert codes(run({"value": "x"}, to=upper)) == ["CODE-01"]


def date_only(datum: Any) -> Any:
    if isinstance(datum, str):
        raise WrongValueError("DATE-01", format="")
    return datum


@pytest.mark.parametrize(("typed", "value"), [(True, PartialDate(2021, 4, 3)), (False, None)])
def test_a_real_date_cell_needs_no_form(typed: bool, value: PartialDate | None) -> None:
    assert run("Date", "", "", "2021-04-03", typed=typed, to=date_only).value == value


def test_a_constant_date_is_iso() -> None:
    assert run({"value": "2021-04"}, to=date_only).value == PartialDate(2021, 4)
    assert codes(run({"value": "03/04/2021"}, to=date_only)) == ["DATE-01"]


def test_text_that_looks_like_a_date_stays_text() -> None:
    assert run("Nom", "2021-04-03", typed=True, to=str.strip).value == "2021-04-03"


# -------------------------------------------------------------------------------------------------------- look-ups

LOOK = {"source": "rues", "key": "Id", "column": "Rue"}


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("a", "rue d'Essai", []),
        (" a ", "rue d'Essai", []),
        ("", None, []),
        ("vide", None, []),
        ("z", None, ["VAL-06"]),
        ("b", None, ["VAL-07"]),
    ],
)
def test_a_cell_of_another_source(key: str, value: str | None, expected: list[str]) -> None:
    found = run({"lookup": {**LOOK, "value": "Code"}}, "", "", "", key)
    assert (found.value, codes(found)) == (value, expected)


@pytest.mark.parametrize(
    "value",
    [
        {"column": "Code"},
        {"value": "a"},
        {"template": '{{ row["Code"] }}'},
        ["Nom", "Code"],
        {"column": "Code", "table": {"A": "a"}},
    ],
)
def test_what_is_looked_for_may_be_any_value(value: Any) -> None:
    assert run({"lookup": {**LOOK, "value": value}}, "", "", "", "a").value == "rue d'Essai"


def test_a_wrong_key_is_what_is_wrong() -> None:
    look = {**LOOK, "value": {"column": "Code", "pattern": r"\d"}}
    assert codes(run({"lookup": look}, "", "", "", "a")) == ["VAL-02"]


def test_without_value_the_column_named_like_the_key() -> None:
    labels = Header(("Id", "Nom"))
    rule = compile_value(_VALUES.validate_python({"lookup": LOOK}), labels, context())
    assert rule(SourceRow("ged", "g", 1, ("a", ""))).value == "rue d'Essai"


def test_a_source_that_could_not_be_opened_has_no_rows() -> None:
    within = ValueContext(ZoneInfo("UTC"), lookups=Rues())
    assert codes(run({"lookup": {**LOOK, "value": "Code"}}, "", "", "", "a", within=within)) == ["VAL-06"]


def test_look_ups_take_the_other_options_too() -> None:
    found = run({"lookup": {**LOOK, "value": "Code"}, "on_error": "default", "default": "?"}, "", "", "", "b")
    assert (found.value, codes(found)) == ("?", ["VAL-09"])


# --------------------------------------------------------------------------------------------------- faulty cells


@pytest.mark.parametrize(
    "value",
    ["Nom", {"template": '{{ row["Nom"] }}'}, {"lookup": {**LOOK, "value": "Nom"}}, ["Nom", "Prénom"]],
)
def test_a_fault_counts_only_where_its_cell_is_used(value: Any) -> None:
    faulty = row("", "Jean", faults={0: Diagnostic("CELL-01")})
    rule = compile_value(_VALUES.validate_python(value), Header(LABELS), context())
    assert codes(rule(faulty)) == ["CELL-01"]
    assert compile_value("Prénom", Header(LABELS), context())(faulty) == Result("Jean")


def test_a_fault_is_answered_by_on_error() -> None:
    faulty = row("", faults={0: Diagnostic("CELL-01")})
    value = _VALUES.validate_python({"column": "Nom", "on_error": "omit"})
    assert codes(compile_value(value, Header(LABELS), context())(faulty)) == ["VAL-08"]


# -------------------------------------------------------------------------------------------------------- columns


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ("Nom", (0, False)),
        ("NOM", (0, True)),
        ("n° dossier", (1, True)),
        ("Date#2", (3, False)),
        ("date#1", (2, False)),
        ("#4", (3, False)),
        ("Taille #1", (4, False)),
    ],
)
def test_finding_a_column(column: str, expected: tuple[int, bool]) -> None:
    header = Header(("Nom", "N° Dossier", "Date", "Date", "Taille #1"))
    assert column_index(header, column) == expected


@pytest.mark.parametrize(
    ("column", "code"), [("Date", "MAP-32"), ("Nomm", "MAP-31"), ("#9", "MAP-31"), ("Date#3", "MAP-31")]
)
def test_a_column_that_is_not_there_for_sure(column: str, code: str) -> None:
    with pytest.raises(UnknownColumnError) as refused:
        column_index(Header(("Nom", "Date", "Date")), column)
    assert refused.value.code == code


# ------------------------------------------------------------------------------------------------------ conditions


@pytest.mark.parametrize(
    ("condition", "cell", "holds"),
    [
        ({"equals": "actif"}, "ACTIF ", True),
        ({"equals": "actif"}, "inactif", False),
        ({"not_equals": "supprimé"}, "Supprime", False),
        ({"not_equals": "supprimé"}, "", True),
        ({"in": ["a", "b"]}, "B", True),
        ({"in": "a"}, "c", False),
        ({"not_in": ["a", "b"]}, "c", True),
        ({"not_in": ["a", "b"]}, "A", False),
        ({"matches": r"^\d+$"}, "12", True),
        ({"matches": r"^\d+$"}, "1a", False),
        ({"empty": "yes"}, " ", True),
        ({"empty": "no"}, "", False),
        ({"equals": ""}, "", True),
    ],
)
def test_conditions(condition: dict[str, Any], cell: str, holds: bool) -> None:
    failing = compile_condition(_WHEN.validate_python({"column": "Nom", **condition}), Header(LABELS))
    assert failing(row(cell)) == (None if holds else "Nom")


def test_all_conditions_must_hold_and_the_first_that_does_not_is_named() -> None:
    when = _WHEN.validate_python([{"column": "Nom", "empty": "no"}, {"column": "Code", "equals": "1"}])
    failing = compile_condition(when, Header(LABELS))
    assert failing(row("a", "", "", "1")) is None
    assert failing(row("a", "", "", "2")) == "Code"
    assert failing(row("", "", "", "2")) == "Nom"
