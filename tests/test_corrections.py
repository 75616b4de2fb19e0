"""A corrected rejects.xlsx, read back with --only: its rows replace theirs, everything else is as before."""

from __future__ import annotations

import csv
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import load_workbook

from converter.corrections import read_corrections
from converter.diagnostics import SourceError
from converter.model import Header
from converter.report.workbook import FRONT, HIDDEN_SHEET
from tests.making import GED_HEAD, Export, documents, dui, export, holds, piece, rejects, run_record, tree, usager

HEADERS = {"usagers": Header(("id", "nom", "prenom", "sexe", "naissance")), "ged": Header(GED_HEAD)}


def faulty(folder: Path) -> Export:
    """Three residents; one index row with an impossible date, one of an unknown resident, one resident without sex."""
    made = export(folder)
    made.ged[0] = piece(1, 1, date="31/02/2020")
    made.ged[3] = piece(4, 9)
    made.usagers[2] = usager(3, sexe="?")
    return made


def corrected(path: Path, to: Path, **cells: str | None) -> Path:
    """Save the workbook with cells changed, named ``sheet_line_column`` (line and column of the workbook)."""
    book = load_workbook(path)
    for name, text in cells.items():
        sheet, line, column = name.split("_")
        book[sheet].cell(int(line), FRONT + 1 + [*HEADERS[sheet].labels].index(column)).value = text
    book.save(to)
    return to


def changed(path: Path, change: Callable[[object], None]) -> Path:
    book = load_workbook(path)
    change(book)
    book.save(path)
    return path


@pytest.fixture
def first(tmp_path: Path) -> tuple[Path, Path]:
    """The mapping, and the delivery of a first run with rejects."""
    mapping = faulty(tmp_path / "in").write()
    ran = dui("convert", mapping, "-o", tmp_path / "out")
    assert ran.code == 1, ran.err
    return mapping, tmp_path / "out"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workbook of a first run, to read."""
    folder = tmp_path_factory.mktemp("written")
    dui("convert", faulty(folder / "in").write(), "-o", folder / "out")
    return folder / "out" / "rejects.xlsx"


def codes(error: pytest.ExceptionInfo[SourceError]) -> list[str]:
    return [d.code for d in error.value.diagnostics]


def test_corrected_rows_are_converted_and_the_rest_is_kept(first, tmp_path):
    mapping, out = first
    before = len(documents(out))
    book = corrected(
        out / "rejects.xlsx", tmp_path / "c.xlsx", ged_2_date="28/02/2020", ged_3_id="0002", usagers_2_sexe="F"
    )
    ran = dui("convert", mapping, "-o", out, "--only", book)
    assert ran.code == 0, ran.err
    assert "REP-07" in ran.err
    record = run_record(out)
    assert holds(record)
    assert record["rows"]["total"]["rejected"] == 0
    assert record["arguments"]["only"] == "c.xlsx"
    assert len(documents(out)) == 6 > before
    assert any("2020-02-28" in json.dumps(d) for d in documents(out))


def test_it_gives_what_correct_sources_give(first, tmp_path):
    mapping, out = first
    book = corrected(
        out / "rejects.xlsx", tmp_path / "c.xlsx", ged_2_date="28/02/2020", ged_3_id="0002", usagers_2_sexe="F"
    )
    dui("convert", mapping, "-o", out, "--only", book)
    made = export(tmp_path / "sound")
    made.ged[0] = piece(1, 1, date="28/02/2020")
    assert dui("convert", made.write(), "-o", tmp_path / "fresh").code == 0
    one, two = tree(out / "bundles"), tree(tmp_path / "fresh" / "bundles")
    assert one == two


def test_an_untouched_workbook_changes_nothing(first, tmp_path):
    mapping, out = first
    book = corrected(out / "rejects.xlsx", tmp_path / "c.xlsx")
    lines = rejects(out)
    ran = dui("convert", mapping, "-o", out, "--only", book, "--json")
    assert ran.code == 1
    assert rejects(out) == lines
    assert ran.json["residents"]["kept"] == ran.json["residents"]["handed_over"] > 0


def test_corrections_accumulate_in_the_latest_workbook(first, tmp_path):
    mapping, out = first
    one = corrected(out / "rejects.xlsx", tmp_path / "1.xlsx", ged_2_date="28/02/2020", usagers_2_sexe="!")
    assert dui("convert", mapping, "-o", out, "--only", one).code == 1
    two = corrected(out / "rejects.xlsx", tmp_path / "2.xlsx", usagers_2_sexe="F")
    assert dui("convert", mapping, "-o", out, "--only", two).code == 1
    three = corrected(out / "rejects.xlsx", tmp_path / "3.xlsx", ged_2_id="0002")
    ran = dui("convert", mapping, "-o", out, "--only", three)
    assert ran.code == 0, ran.err
    assert len(documents(out)) == 6
    # Nothing is left to tell, and still the workbook holds what further runs need.
    again = dui("convert", mapping, "-o", out, "--only", out / "rejects.xlsx", "--json")
    assert again.code == 0
    assert again.json["residents"]["kept"] == 3


def test_a_correction_taken_back_is_gone(first, tmp_path):
    mapping, out = first
    one = corrected(out / "rejects.xlsx", tmp_path / "1.xlsx", ged_2_date="30/02/2020")
    dui("convert", mapping, "-o", out, "--only", one)
    two = corrected(out / "rejects.xlsx", tmp_path / "2.xlsx", ged_2_date="31/02/2020")
    ran = dui("convert", mapping, "-o", out, "--only", two, "--json")
    assert [d["message"][:2] for d in ran.json["said"] if d["code"] == "REP-07"] == ["0 "]


def test_look_ups_read_corrections_too(tmp_path):
    made = export(tmp_path / "in", residents=1, documents=1)
    made.residents += "  used_name: {lookup: {source: noms, key: id, column: usage}, required: yes}\n"
    made.sources += "  noms: {file: noms.csv}\n"
    made.documents += "  - from: noms\n    resident: id\n    template: record.txt.j2\n    key: id\n    title: usage\n"
    made.documents += (
        "    type: {column: genre, table: legacy-document-kinds}\n    created: {column: quand, date: '%d/%m/%Y'}\n"
    )
    mapping = made.write()
    (tmp_path / "in" / "noms.csv").write_text("id;usage;genre;quand\n0001;ANCIEN;Courrier;x\n", "utf-8")
    ran = dui("convert", mapping, "-o", tmp_path / "out")
    assert ran.code == 1, ran.err
    book = load_workbook(tmp_path / "out" / "rejects.xlsx")
    book["noms"].cell(2, FRONT + 2).value = "NOUVEAU"
    book["noms"].cell(2, FRONT + 4).value = "01/02/2020"
    book.save(tmp_path / "c.xlsx")
    dui("convert", mapping, "-o", tmp_path / "out", "--only", tmp_path / "c.xlsx")
    text = "".join(p.read_text("utf-8") for p in (tmp_path / "out" / "bundles").iterdir())
    assert "NOUVEAU" in text
    assert "ANCIEN" not in text


def test_what_excel_cannot_hold_is_not_lost_by_a_correction(tmp_path):
    made = export(tmp_path / "in", residents=1, documents=1)
    long = "z" * 40_000
    made.ged[0] = piece(1, 1, date="31/02/2020", note=long, titre="_x0041_ tab\tici")
    mapping = made.write()
    dui("convert", mapping, "-o", tmp_path / "out")
    labels = (*GED_HEAD, "note")
    book = corrected(tmp_path / "out" / "rejects.xlsx", tmp_path / "c.xlsx", ged_2_date="28/02/2020", ged_2_type="?")
    found = read_corrections(book, {"ged": Header(labels)})
    with (tmp_path / "in" / "ged.csv").open(encoding="utf-8") as stream:
        (cells,) = list(csv.reader(stream, delimiter=";"))[1:]
    from converter.model import SourceRow
    from converter.sources import Table

    one = SourceRow("ged", "ged.csv", 2, tuple(cells))
    table = found.over(Table("ged", Header(labels), (), (), lambda: iter([one])))
    (read,) = table.rows()
    assert read.cells == (cells[0], cells[1], "?", cells[3], "28/02/2020", cells[5], long)
    assert found.applied == 1
    assert [(column, text) for _, _, column, text in found.kept()] == [(2, "?"), (4, "28/02/2020")]


def test_a_file_that_is_no_such_workbook_is_refused(first, tmp_path):
    mapping, out = first
    wrong = tmp_path / "x.xlsx"
    for content in (b"", b"PK\x03\x04", b"hello"):
        wrong.write_bytes(content)
        with pytest.raises(SourceError) as refused:
            read_corrections(wrong, HEADERS)
        assert codes(refused) == ["REP-01"]
    changed(corrected(out / "rejects.xlsx", wrong), lambda book: book.remove(book[HIDDEN_SHEET]))
    ran = dui("convert", mapping, "-o", out, "--only", wrong)
    assert ran.code == 3
    assert "REP-01" in ran.err


@pytest.mark.parametrize(("cell", "text"), [("A1", "dui-converter/rejects/99"), ("A1", None)])
def test_another_schema_is_refused(written, tmp_path, cell, text):
    book = corrected(written, tmp_path / "c.xlsx")
    changed(book, lambda b: b[HIDDEN_SHEET].__setitem__(cell, text))
    with pytest.raises(SourceError) as refused:
        read_corrections(book, HEADERS)
    assert codes(refused) == ["REP-01"]


@pytest.mark.parametrize(
    "headers",
    [{"usagers": HEADERS["usagers"]}, HEADERS | {"ged": Header((*GED_HEAD[:-1], "autre"))}],
    ids=["source not read", "columns differ"],
)
def test_a_workbook_of_other_sources_is_refused(written, tmp_path, headers):
    book = corrected(written, tmp_path / "c.xlsx", ged_2_date="28/02/2020")
    with pytest.raises(SourceError) as refused:
        read_corrections(book, headers)
    assert codes(refused) == ["REP-02"]


def test_a_changed_heading_is_refused(written, tmp_path):
    book = corrected(written, tmp_path / "c.xlsx", ged_1_date="titre")
    with pytest.raises(SourceError) as refused:
        read_corrections(book, HEADERS)
    assert codes(refused) == ["REP-02"]


def test_a_source_that_changed_in_the_meantime_is_refused_and_the_workbook_stays(first, tmp_path):
    mapping, out = first
    book = corrected(out / "rejects.xlsx", out / "rejects.xlsx", ged_2_date="28/02/2020")
    made = faulty(tmp_path / "in")
    made.ged[0] = piece(1, 2, date="31/02/2020")
    made.write()
    before, bundles = book.read_bytes(), tree(out / "bundles")
    ran = dui("convert", mapping, "-o", out, "--only", book)
    assert ran.code == 3
    assert "ged.csv:2: REP-03" in ran.err
    assert book.read_bytes() == before
    assert tree(out / "bundles") == bundles


@pytest.mark.parametrize("value", [28, 2.5, True, "=1+1"])
def test_a_cell_that_is_no_text_any_more_is_refused_with_its_place(written, tmp_path, value):
    book = corrected(written, tmp_path / "c.xlsx", ged_2_date=value)
    with pytest.raises(SourceError) as refused:
        read_corrections(book, HEADERS)
    (found,) = refused.value.diagnostics
    assert found.code == "REP-04"
    assert str(found.location) == "c.xlsx[ged]:2 (date)"


def test_an_added_row_and_a_doubled_one_are_refused(written, tmp_path):
    book = corrected(written, tmp_path / "c.xlsx", ged_9_date="28/02/2020")

    def double(b):
        for cell in b["ged"][2]:
            b["ged"].cell(4, cell.column).value = cell.value

    changed(book, double)
    with pytest.raises(SourceError) as refused:
        read_corrections(book, HEADERS)
    assert sorted(codes(refused)) == ["REP-05", "REP-08"]


def test_rows_may_be_sorted_and_a_sheet_removed(written, tmp_path):
    book = corrected(written, tmp_path / "c.xlsx", ged_2_date="28/02/2020")

    def swap(b):
        for one, other in zip(b["ged"][2], b["ged"][3], strict=True):
            one.value, other.value = other.value, one.value
        b.remove(b["usagers"])

    changed(book, swap)
    found = read_corrections(book, HEADERS)
    assert [(key.line, column) for key, _, column, text in found.kept() if text == "28/02/2020"] == [(2, 4)]


def test_a_broken_row_cannot_be_corrected_here(tmp_path):
    made = export(tmp_path / "in", residents=1, documents=30)
    mapping = made.write()
    path = tmp_path / "in" / "ged.csv"
    lines = path.read_text("utf-8").splitlines()
    lines[5] += ";trop;encore"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    ran = dui("convert", mapping, "-o", tmp_path / "out")
    assert "SRC-30" in ran.err
    book = corrected(tmp_path / "out" / "rejects.xlsx", tmp_path / "c.xlsx", ged_2_date="28/02/2020")
    with pytest.raises(SourceError) as refused:
        read_corrections(book, HEADERS)
    assert codes(refused) == ["REP-06"]


def test_corrections_left_in_the_delivery_are_kept_aside(first):
    mapping, out = first
    corrected(out / "rejects.xlsx", out / "rejects.xlsx", ged_2_date="28/02/2020")
    work = (out / "rejects.xlsx").read_bytes()
    ran = dui("convert", mapping, "-o", out)
    assert "REP-09" in ran.err
    assert (out / "rejects-corrected-1.xlsx").read_bytes() == work
    assert (out / "rejects-corrected-1.xlsx").stat().st_mode & 0o777 == 0o600
    assert "REP-09" not in dui("convert", mapping, "-o", out).err
    corrected(out / "rejects.xlsx", out / "rejects.xlsx", ged_2_date="27/02/2020")
    dui("convert", mapping, "-o", out)
    assert (out / "rejects-corrected-2.xlsx").is_file()


def test_the_delivery_s_own_workbook_may_be_given_back(first):
    mapping, out = first
    corrected(out / "rejects.xlsx", out / "rejects.xlsx", ged_2_date="28/02/2020", ged_3_id="0002", usagers_2_sexe="F")
    ran = dui("convert", mapping, "-o", out, "--only", out / "rejects.xlsx")
    assert ran.code == 0, ran.err
    assert not list(out.glob("rejects-corrected*"))


def test_a_run_that_stops_early_loses_no_correction(first, tmp_path):
    mapping, out = first
    book = corrected(out / "rejects.xlsx", tmp_path / "c.xlsx", ged_2_date="28/02/2020", ged_3_id="0002")
    assert dui("convert", mapping, "-o", out, "--only", book, "-x", "--limit", "1").code in (0, 1)
    ran = dui("convert", mapping, "-o", out, "--only", out / "rejects.xlsx", "--json")
    assert ran.json["rows"]["sources"]["ged"]["rejected"] == 2
    assert {line["Ligne"] for line in rejects(out) if line["Source"] == "ged"} == {"6", "7"}


def test_a_correction_names_no_cell_on_the_terminal(first, tmp_path):
    mapping, out = first
    book = corrected(out / "rejects.xlsx", tmp_path / "c.xlsx", ged_2_date="ZEBULON", usagers_2_nom="QUERTZUI")
    ran = dui("convert", mapping, "-o", out, "--only", book, "-v", "--json")
    for name in ("report.html", "run.json", "manifest.json", "journal.jsonl"):
        content = (out / name).read_text("utf-8")
        assert "ZEBULON" not in content
        assert "QUERTZUI" not in content
    assert "ZEBULON" not in ran.err + ran.out
    with zipfile.ZipFile(out / "rejects.xlsx") as parts:
        assert any(b"ZEBULON" in parts.read(name) for name in parts.namelist())
