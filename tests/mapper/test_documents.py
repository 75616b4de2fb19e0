"""A row as document records: what they say, who made them, and the files they ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.model import DocumentRecord, Organization, Period, Person, Software
from tests.mapper.building import Built, codes


def luhn(digits: str) -> str:
    """The digits with their check digit."""
    total = sum(int(c) if i % 2 else sum(divmod(2 * int(c), 10)) for i, c in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def built(
    folder: Path, rule: str = "", row: dict[str, str] | None = None, replace: tuple[str, str] | None = None
) -> Built:
    made = Built(folder, row=row)
    if replace:
        made.made.documents = made.made.documents.replace(*replace)
    made.made.documents += rule
    return made


def record(
    folder: Path, rule: str = "", row: dict[str, str] | None = None, **options: tuple[str, str]
) -> DocumentRecord:
    (document,), said = built(folder, rule, row, **options).documents()
    assert not any(d.is_error for d in said)
    return document.record


def refused(folder: Path, rule: str = "", row: dict[str, str] | None = None, **options: tuple[str, str]) -> list[str]:
    documents, said = built(folder, rule, row, **options).documents()
    assert documents == []
    return codes(said)


def test_the_usual_row(tmp_path: Path) -> None:
    found = record(tmp_path)
    assert (found.title, found.key, found.source) == ("Pièce 1", "1", "ged")
    assert found.identifier.startswith("urn:oid:1.2.250.1.999.1.")
    assert found.confidentiality.code == "N"
    assert found.language == "fr-FR"
    assert str(found.created) == "2021-04-03"
    assert found.author is None
    assert found.wrap


def test_the_category_is_the_one_of_the_type_unless_said(tmp_path: Path) -> None:
    kind = ("type: {column: type, table: legacy-document-kinds}", "type: {value: '11488-4'}")
    usual = record(tmp_path / "a", replace=kind)
    said = record(tmp_path / "b", "    category: {value: '31'}\n", replace=kind)
    assert usual.type.code == said.type.code == "11488-4"
    assert usual.category.code != "31"
    assert said.category.code == "31"


def test_a_type_without_a_class_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from converter import terminology

    monkeypatch.setattr(terminology, "class_of", lambda code: None)
    kind = ("type: {column: type, table: legacy-document-kinds}", "type: {value: '11488-4'}")
    assert refused(tmp_path, replace=kind) == ["FLD-16"]


_FORMS = 'date: ["%d/%m/%Y", "%Y", "%d/%m/%Y %H:%M"]'
PERIOD = f"    period: {{start: {{column: d, {_FORMS}}}, end: {{column: f, {_FORMS}}}}}\n"


@pytest.mark.parametrize(
    ("start", "end", "sound"),
    [
        ("01/05/2020", "01/05/2020", True),
        ("02/05/2020", "01/05/2020", False),
        ("02/05/2020", "2020", True),
        ("2020", "01/05/2020", True),
        ("2021", "01/05/2020", False),
        ("01/05/2020 10:00", "01/05/2020 09:00", False),
        ("01/05/2020 09:00", "01/05/2020 10:00", True),
        ("", "01/05/2020", True),
    ],
)
def test_a_period_ends_after_it_starts(tmp_path: Path, start: str, end: str, sound: bool) -> None:
    documents, said = built(tmp_path, PERIOD, {"d": start, "f": end}).documents()
    assert codes(said) == ([] if sound else ["FLD-15"])
    assert bool(documents) is sound


def test_a_month_is_no_instant_and_goes_to_the_act(tmp_path: Path) -> None:
    form = ('date: "%d/%m/%Y"', 'date: "%m/%Y"')
    found = record(tmp_path / "a", row={"date": "04/2021"}, replace=form)
    assert found.created is None
    assert str(found.period.start if found.period else None) == "2021-04"
    raw = record(tmp_path / "b", "    wrap: none\n", row={"date": "04/2021"}, replace=form)
    assert (str(raw.created), raw.period, raw.wrap) == ("2021-04", None, False)


def test_an_act_said_is_not_replaced(tmp_path: Path) -> None:
    form = ('date: "%d/%m/%Y"', 'date: "%m/%Y"')
    found = record(tmp_path, PERIOD, row={"date": "04/2021", "d": "2020", "f": ""}, replace=form)
    assert isinstance(found.period, Period)
    assert str(found.period.start) == "2020"


@pytest.mark.parametrize(
    ("rule", "cell", "code"),
    [
        ("    confidentiality: x\n", "secret", "FLD-11"),
        ("    event: x\n", "consultation", "FLD-12"),
        ("    language: x\n", "français", "FLD-10"),
        ("    replaces: x\n", "1.2.", "FLD-13"),
    ],
)
def test_what_a_field_refuses_rejects_the_row(tmp_path: Path, rule: str, cell: str, code: str) -> None:
    assert refused(tmp_path, rule, {"x": cell}) == [code]


def test_what_it_replaces_and_documents(tmp_path: Path) -> None:
    rule = "    replaces: r\n    event: e\n    confidentiality: c\n    description: d\n"
    row = {"r": "1.2.250.9", "e": "http://loinc.org|1234-5|Bilan", "c": "r", "d": "sur\x0bdeux lignes"}
    found = record(tmp_path, rule, row)
    assert (found.replaces, found.confidentiality.code, found.description) == (
        "urn:oid:1.2.250.9",
        "R",
        "sur deux lignes",
    )
    assert found.event is not None
    assert (found.event.code, found.event.display) == ("1234-5", "Bilan")


# ---------------------------------------------------------------------------------------------------------- people


PERSON = "    author: {person: {name: a, given: g, role: r, rpps: num}}\n"


def test_a_person_wrote_it(tmp_path: Path) -> None:
    found = record(tmp_path, PERSON, {"a": "DURAND", "g": "Anne", "r": "IDE", "num": luhn("1010000001")}).author
    assert isinstance(found, Person)
    assert (found.family, found.given, found.role) == ("DURAND", "Anne", "IDE")
    assert found.identifier is not None
    assert found.identifier.extension == "8" + luhn("1010000001")


@pytest.mark.parametrize("number", ["12", "ABC"])
def test_a_number_that_is_none_is_left_out_with_a_remark(tmp_path: Path, number: str) -> None:
    (document,), said = built(tmp_path, PERSON, {"a": "DURAND", "g": "", "r": "", "num": number}).documents()
    assert isinstance(document.record.author, Person)
    assert document.record.author.identifier is None
    assert len(said) == 1
    assert not said[0].is_error


def test_an_adeli_number(tmp_path: Path) -> None:
    rule = "    authenticator: {name: a, adeli: num}\n"
    found = record(tmp_path, rule, {"a": "DURAND", "num": "019312345"}).authenticator
    assert found is not None
    assert found.identifier is None or found.identifier.extension.startswith("0")


def test_without_a_name_the_mapping_s_author_stands(tmp_path: Path) -> None:
    made = built(tmp_path, PERSON, {"a": "", "g": "", "r": "", "num": ""})
    made.made.more = "author: {software: establishment}\n"
    (document,), _ = made.documents()
    assert isinstance(document.record.author, Software)


@pytest.mark.parametrize(
    ("cells", "name", "number"),
    [
        ({"s": "Cabinet X", "f": "", "t": ""}, "Cabinet X", None),
        ({"s": "", "f": "019900018", "t": ""}, None, "1019900018"),
        ({"s": "Cabinet X", "f": "", "t": luhn("1234567890001")}, "Cabinet X", "3" + luhn("1234567890001")),
    ],
)
def test_an_organization_wrote_it(tmp_path: Path, cells: dict[str, str], name: str | None, number: str | None) -> None:
    found = record(tmp_path, "    author: {organization: {name: s, finess: f, siret: t}}\n", cells).author
    assert isinstance(found, Organization)
    assert found.name == name
    assert (found.identifier.extension if found.identifier else None) == number


# ----------------------------------------------------------------------------------------------------------- files


SPLIT = ("scan: chemin", 'scan: {column: chemin, split: "|"}')


def test_several_files_are_several_documents_of_their_own(tmp_path: Path) -> None:
    documents, said = built(tmp_path, row={"chemin": "a.pdf| b.pdf ||c.pdf"}, replace=SPLIT).documents()
    assert codes(said) == []
    assert [d.wish.written for d in documents if d.wish] == ["a.pdf", "b.pdf", "c.pdf"]
    assert [d.record.title for d in documents] == ["Pièce 1 (1/3)", "Pièce 1 (2/3)", "Pièce 1 (3/3)"]
    assert [d.record.key for d in documents] == ["1", "1/2", "1/3"]
    assert len({d.record.identifier for d in documents} | {d.record.set_identifier for d in documents}) == 6


def test_a_sum_for_each_file(tmp_path: Path) -> None:
    rule = '    md5: {column: m, split: "|"}\n    size: {column: t, split: "|"}\n'
    row = {"chemin": "a.pdf|b.pdf", "m": "x|y", "t": "1|2"}
    documents, said = built(tmp_path / "a", rule, row, SPLIT).documents()
    assert codes(said) == []
    assert [(d.wish.md5, d.wish.size) for d in documents if d.wish] == [("x", "1"), ("y", "2")]
    assert "FLD-17" in codes(built(tmp_path / "b", rule, row | {"t": "1"}, SPLIT).documents()[1])


def test_a_row_without_a_file_where_that_is_allowed(tmp_path: Path) -> None:
    optional = ("scan: chemin", "scan: {column: chemin, required: no}")
    assert built(tmp_path, row={"chemin": ""}, replace=optional).documents() == ([], [])


def test_every_problem_of_a_row_is_told_at_once(tmp_path: Path) -> None:
    row = {"titre": "", "type": "Rubrique maison", "date": "x", "chemin": ""}
    assert sorted(refused(tmp_path, row=row)) == ["CODE-01", "DATE-01", "VAL-01", "VAL-01"]
