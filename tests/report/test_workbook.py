"""rejects.xlsx as a spreadsheet program opens it: text only, what is wrong in front, data cells alone to be edited."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from openpyxl import load_workbook

from converter.diagnostics import Diagnostic, SourceLocation
from converter.model import SourceRow
from converter.report import workbook
from converter.report.workbook import FRONT, HIDDEN_SHEET, RowKey, digest_of, is_as_written, shown, write_workbook

MOMENT = datetime(2026, 3, 12, 18, tzinfo=UTC)
HEADERS = {"ged": ["N°", "Date", "Titre"], "usagers": ["N°", "Nom"]}


def row(*cells: str, source="ged", line=2, sheet=None, **more) -> SourceRow:
    return SourceRow(source, f"{source}.csv", line, cells, sheet, **more)


def rejected(*cells: str, code="DATE-02", column="Date", **more):
    one = row(*cells, **more)
    return one, [Diagnostic(code, SourceLocation(one.file, one.line, column, one.sheet), {"format": "JJ/MM/AAAA"})]


def written(tmp_path: Path, rows, headers=None, **more) -> bytes:
    stream = io.BytesIO()
    write_workbook(stream, rows, headers or HEADERS, moment=MOMENT, work=tmp_path, **more)
    return stream.getvalue()


def opened(tmp_path: Path, rows, headers=None, **more):
    return load_workbook(io.BytesIO(written(tmp_path, rows, headers, **more)))


def texts(sheet, line: int) -> list[str | None]:
    return [cell.value for cell in sheet[line]]


def test_a_sheet_per_source_with_rejects_and_what_is_wrong_in_front(tmp_path):
    book = opened(tmp_path, [rejected("0012", "31/02/2020", "x", line=4711)])
    assert book.sheetnames == ["Mode d'emploi", HIDDEN_SHEET, "ged"]
    sheet = book["ged"]
    assert texts(sheet, 1) == ["Clé", "Fichier", "Ligne", "Colonne", "Problème", "À faire", "N°", "Date", "Titre"]
    _, file, line, column, problem, remedy, *cells = texts(sheet, 2)
    assert (file, line, column) == ("ged.csv", "4711", "Date")
    assert problem == "La date n'existe pas au calendrier. [DATE-02]"
    assert remedy == "Corrigez la cellule au format JJ/MM/AAAA."
    assert cells == ["0012", "31/02/2020", "x"]
    assert book.active.title == "ged"


def test_a_row_stands_once_with_all_that_is_wrong_with_it(tmp_path):
    one = row("1", "x", "")
    place = SourceLocation("ged.csv", 2, "Date")
    problems = [Diagnostic("DATE-02", place), Diagnostic("RUN-02", SourceLocation("ged.csv", 2, "N°"), {"source": "u"})]
    sheet = opened(tmp_path, [(one, problems)])["ged"]
    assert sheet.max_row == 2
    assert sheet["D2"].value == "Date\nN°"
    assert "[DATE-02]\n" in sheet["E2"].value
    assert "[RUN-02]" in sheet["E2"].value


def test_faulty_cells_are_coloured_and_only_data_cells_are_unlocked(tmp_path):
    sheet = opened(tmp_path, [rejected("1", "31/02/2020", "")])["ged"]
    colours = [cell.fill.start_color.rgb for cell in sheet[2][FRONT:]]
    assert colours[1] == "FFFFE1A8"
    assert colours[0] == colours[2] != colours[1]
    assert [cell.protection.locked for cell in sheet[2]] == [True] * FRONT + [False] * 3
    assert all(cell.protection.locked for cell in sheet[1])
    assert sheet.protection.sheet
    assert sheet.protection.password is None


def test_header_stays_rows_filter_and_the_key_is_hidden(tmp_path):
    book = opened(tmp_path, [rejected("1", "x", "y"), rejected("2", "x", "y", line=3)])
    sheet = book["ged"]
    assert sheet.freeze_panes == "D2"
    assert sheet.auto_filter.ref == "B1:I3"
    assert sheet.column_dimensions["A"].hidden
    assert sheet.column_dimensions["E"].width > 30
    assert book[HIDDEN_SHEET].sheet_state == "veryHidden"


@pytest.mark.parametrize("cell", ["=1+1", "+33 6", "-1", "@SUM(A1)", "https://x.invalid", "0012", "1E5", "mailto:a@b"])
def test_every_cell_is_text(tmp_path, cell):
    found = opened(tmp_path, [rejected(cell, "x", "y")])["ged"].cell(2, FRONT + 1)
    assert found.value == cell
    assert found.data_type == "s"
    assert found.hyperlink is None
    assert found.number_format == "@"


def test_what_excel_cannot_hold_is_shown_otherwise_and_a_long_text_is_not_cut(tmp_path):
    sheet = opened(tmp_path, [rejected("a\x00\ud800b", "x\r\ny", "z" * 40_000)])["ged"]
    assert sheet.cell(2, FRONT + 1).value == "a\ufffd\ufffdb"
    assert sheet.cell(2, FRONT + 2).value == "x\ny"
    assert "too long" in sheet.cell(2, FRONT + 3).value
    assert sheet.cell(2, FRONT + 3).protection.locked
    assert shown("𝄞" * 16_383) == "𝄞" * 16_383
    assert "too long" in shown("𝄞" * 16_384)


def test_a_broken_row_is_shown_and_cannot_be_edited(tmp_path):
    broken = (Diagnostic("SRC-30", SourceLocation("ged.csv", 2)),)
    one = row("1", "x", "y", broken=broken)
    sheet = opened(tmp_path, [(one, broken)])["ged"]
    assert all(cell.protection.locked for cell in sheet[2])
    assert "fichier source" in sheet["F2"].value


def test_coded_columns_offer_the_words_of_their_table(tmp_path):
    words = {"ged": {2: ("Courrier", "Compte rendu"), 1: ()}}
    book = opened(tmp_path, [rejected("1", "x", "y")], words=words)
    (validation,) = book["ged"].data_validations.dataValidation
    assert str(validation.sqref) == "I2"
    assert validation.type == "list"
    assert validation.errorStyle == "warning"
    row_ = int(validation.formula1.split("$")[2].rstrip(":"))
    assert texts(book[HIDDEN_SHEET], row_)[:3] == ["list", "Courrier", "Compte rendu"]


def test_names_of_sheets_are_made_fit_and_stay_apart(tmp_path):
    names = ["a/b:" + "x" * 40, "a_b_" + "x" * 40, "History", "'q'", HIDDEN_SHEET]
    rows = [rejected("1", source=name, column=None) for name in names]
    book = opened(tmp_path, rows, {name: ["N°"] for name in names})
    made = book.sheetnames[2:]
    assert len({name.casefold() for name in book.sheetnames}) == len(names) + 2
    assert all(len(name) <= 31 for name in made)


def test_repeated_and_empty_labels_have_names_of_their_own(tmp_path):
    sheet = opened(tmp_path, [rejected("1", "2", "3")], {"ged": ["N°", "N°", ""]})["ged"]
    assert texts(sheet, 1)[FRONT:] == ["N°", "N°#2", "#3"]


def test_rows_beyond_the_limit_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "MAX_ROWS", 4)
    sheet = opened(tmp_path, [rejected("1", "x", "y", line=n) for n in range(2, 7)])["ged"]
    assert [cell.value for cell in sheet["C"]] == ["Ligne", "2", "3", None]
    assert sheet["B4"].value.startswith("3 ligne(s) de plus")


def test_columns_beyond_the_limit_stay_with_the_source(tmp_path, monkeypatch):
    monkeypatch.setattr(workbook, "MAX_COLUMNS", 2)
    sheet = opened(tmp_path, [rejected("1", "x", "y")])["ged"]
    assert texts(sheet, 1)[FRONT:] == ["N°", "Date"]


def test_without_rejects_the_workbook_says_so(tmp_path):
    book = opened(tmp_path, [])
    assert book.sheetnames == ["Mode d'emploi", HIDDEN_SHEET]
    assert "rien à corriger" in book["Mode d'emploi"]["B1"].value


def test_the_same_rows_give_the_same_bytes_and_nothing_stays_behind(tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    rows = [rejected("1", "x", "y"), rejected("1", "Nom", source="usagers", column="Nom", sheet="F")]
    assert written(work, rows) == written(work, rows)
    assert not list(work.iterdir())


def test_it_is_dated_by_the_run(tmp_path):
    assert opened(tmp_path, []).properties.created == datetime(2026, 3, 12, 18)


def test_it_knows_its_own_work(tmp_path):
    path = tmp_path / "rejects.xlsx"
    path.write_bytes(written(tmp_path, [rejected("1", "x", "y")]))
    assert is_as_written(path)
    load_workbook(path).save(path)
    assert not is_as_written(path)
    path.write_bytes(b"x")
    assert not is_as_written(path)


def test_a_disk_that_is_full_is_an_oserror(tmp_path, monkeypatch):
    import xlsxwriter.workbook

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xlsxwriter.workbook, "ZipFile", full)
    with pytest.raises(OSError, match="No space"):
        written(tmp_path, [])


def test_corrections_that_hold_on_are_handed_on_unless_their_row_is_told_anew(tmp_path):
    one, other = row("1", "x", "y"), row("2", "x", "y", line=3)
    digests = {RowKey.of(one): "d1", RowKey.of(other): "d2"}
    kept = [(RowKey.of(one), "d1", 1, "31/01/2020"), (RowKey.of(other), "d2", 0, "")]
    book = opened(tmp_path, [rejected("1", "x", "y")], digests=digests, kept=kept)
    assert '"d1"' in book["ged"]["A2"].value
    lines = [texts(book[HIDDEN_SHEET], n) for n in range(1, book[HIDDEN_SHEET].max_row + 1)]
    assert [line[:4] for line in lines if line[0] == "kept"] == [["kept", "ged", '["ged.csv", null, 3]', "d2"]]


def test_english_on_request(tmp_path):
    book = opened(tmp_path, [rejected("1", "x", "y")], lang="en")
    assert texts(book["ged"], 1)[1:6] == ["File", "Line", "Column", "Problem", "What to do"]


def test_the_digest_tells_cells_apart():
    assert digest_of(["a", "b"]) == digest_of(("a", "b"))
    assert digest_of(["a", "b"]) != digest_of(["ab", ""])
