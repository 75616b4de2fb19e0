"""XLSX through both readers (openpyxl, and calamine as for huge files): the same cells, the same remarks."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.comments import Comment
from openpyxl.worksheet.table import Table as ExcelTable

from converter.sources import xlsx
from tests.sources.making import HEADER, rows, xlsx_parts, zipped
from tests.sources.reading import Open, cells, codes, faults, refusal, skipped


@pytest.fixture(params=["openpyxl", "calamine"])
def reader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which library reads the files of the test."""
    xlsx._read.cache_clear()
    if request.param == "calamine":
        monkeypatch.setattr(xlsx, "FULL_MODE_BYTES", 0)
    return str(request.param)


def made(path: Path, values: list[tuple[Any, str | None]]) -> None:
    """Column V holds the values, under their number formats."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Id", "V"])
    for at, (value, number_format) in enumerate(values, 2):
        sheet.cell(at, 1, f"r{at}")
        cell = sheet.cell(at, 2, value)
        if number_format:
            cell.number_format = number_format
    book.save(path)


VALUES: list[tuple[Any, str | None, str]] = [
    ("00123", None, "00123"),
    (123, None, "123"),
    (1234, "00000", "01234"),
    (612345678, '0#" "##" "##" "##" "##', "06 12 34 56 78"),
    (185057800608436, None, "185057800608436"),
    (12.5, None, "12.5"),
    (0.1 + 0.2, None, "0.3"),
    (0.125, "0%", "12.5%"),
    (0.125, "0.00%", "12.50%"),
    (1234.5, '#,##0.00 "€"', "1234.5"),
    (date(1934, 3, 5), "dd/mm/yyyy", "1934-03-05"),
    (date(1934, 3, 5), "[$-40C]dd/mm/yyyy", "1934-03-05"),
    (date(1934, 3, 5), "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "1934-03-05"),
    (date(1934, 3, 5), "mmm-yy", "1934-03-05"),
    (datetime(2021, 12, 5, 14, 30), "dd/mm/yyyy hh:mm", "2021-12-05T14:30:00"),
    (datetime(2021, 12, 5), "dd/mm/yyyy hh:mm", "2021-12-05"),
    (date(4000, 12, 31), "dd/mm/yyyy", "4000-12-31"),
    (1, "dd/mm/yyyy", "1900-01-01"),
    (59, "dd/mm/yyyy", "1900-02-28"),
    (61, "dd/mm/yyyy", "1900-03-01"),
    (time(14, 30), "hh:mm", "14:30:00"),
    (time(0, 0), "hh:mm", "00:00:00"),
    (timedelta(hours=30, minutes=15), "[h]:mm:ss", "30:15:00"),
    (True, None, "VRAI"),
    (False, None, "FAUX"),
    ("a_x000D_\nb", None, "a\nb"),
    ("a\r\nb\tc", None, "a\nb\tc"),
    ("\u00a0a\u00a0b\u00a0", None, "a\u00a0b"),
    ("He\u0301le\u0300ne", None, "Hélène"),
    ("=", None, "="),
    ("x" * 32767, None, "x" * 32767),
    ("NA", None, "NA"),
    ("🙂 l’œuvre", None, "🙂 l’œuvre"),
]


def test_cells_come_out_as_they_are_seen(source: Open, tmp_path: Path, reader: str) -> None:
    made(tmp_path / "a.xlsx", [(value, code) for value, code, _ in VALUES])
    table = source(["Id", "V"], file="a.xlsx")
    assert table.header.typed
    found = [row[1] for row in cells(table)]
    for (value, code, text), got in zip(VALUES, found, strict=True):
        assert got == text, (value, code)
    assert faults(table) == {}


FAULTS: list[tuple[Any, str | None, str]] = [
    (1234567890123456, None, "CELL-03"),
    (185050000000000, None, "CELL-05"),
    ("=1+1", None, "CELL-02"),
    ("#N/A", None, "CELL-01"),
    (60, "dd/mm/yyyy", "CELL-11"),
    (0, "dd/mm/yyyy", "CELL-11"),
    (-3, "dd/mm/yyyy", "CELL-11"),
    (0.5, "dd/mm/yyyy", "CELL-11"),
]


def test_what_is_not_in_a_cell_any_more_is_a_fault(source: Open, tmp_path: Path, reader: str) -> None:
    made(tmp_path / "a.xlsx", [(value, code) for value, code, _ in FAULTS])
    assert faults(source(["Id", "V"], file="a.xlsx")) == {(at, 1): code for at, (_, _, code) in enumerate(FAULTS, 2)}


def test_a_number_beyond_the_calendar_is_not_a_date(source: Open, tmp_path: Path, reader: str) -> None:
    made(tmp_path / "a.xlsx", [(3_000_000, "dd/mm/yyyy")])
    (row,) = source(["V"], file="a.xlsx").rows()
    assert row.faults or row.cells[1] == "3000000"


def test_invisible_characters_are_taken_out_and_said(source: Open, tmp_path: Path, reader: str) -> None:
    made(tmp_path / "a.xlsx", [("a\u200bb\ufeff", None)])
    (row,) = source(["V"], file="a.xlsx").rows()
    assert row.cells[1] == "ab"
    assert codes(row.notices) == ["CELL-08"]


def test_1904(source: Open, tmp_path: Path, reader: str) -> None:
    zipped(
        tmp_path / "a.xlsx",
        xlsx_parts(
            rows('<c r="A¤" s="1"><v>43073</v></c><c r="B¤" s="2"><v>0.5</v></c>', '<c r="A¤" s="3"><v>1.25</v></c>'),
            formats=["General", "dd/mm/yyyy", "hh:mm", "[h]:mm"],
            properties='<workbookPr date1904="1"/>',
        ),
    )
    assert cells(source(["V"], file="a.xlsx")) == [("2021-12-05", "12:00:00"), ("30:00:00", "")]


def test_texts_of_every_kind(source: Open, tmp_path: Path, reader: str) -> None:
    zipped(
        tmp_path / "a.xlsx",
        xlsx_parts(
            rows(
                '<c r="A¤" t="inlineStr"><is><r><t>a</t></r><r><t xml:space="preserve"> b</t></r></is></c>'
                '<c r="B¤" t="str"><f>X</f><v>x y</v></c>',
                '<c r="A¤" t="s"><v>0</v></c><c r="B¤" t="s"><v>1</v></c>',
                '<c r="A¤" t="d"><v>2021-12-05</v></c><c r="B¤" t="b"><v>1</v></c>',
                '<c r="A¤" t="s"><v>2</v></c>',
            ),
            strings='<si><r><t xml:space="preserve">gras </t></r><r><t>et plat</t></r></si>'
            '<si><t>東</t><rPh sb="0" eb="1"><t>ヒガシ</t></rPh></si><si><t xml:space="preserve">  x </t></si>',
        ),
    )
    assert cells(source(["V"], file="a.xlsx")) == [
        ("a b", "x y"),
        ("gras et plat", "東"),
        ("2021-12-05", "VRAI"),
        ("x", ""),
    ]


def test_formulas_with_and_without_results(source: Open, tmp_path: Path, reader: str) -> None:
    zipped(
        tmp_path / "a.xlsx",
        xlsx_parts(
            rows(
                '<c r="A¤"><v>1</v></c><c r="B¤"><f t="shared" ref="B2:B4" si="0">A2*2</f><v>2</v></c>',
                '<c r="A¤"><v>2</v></c><c r="B¤"><f t="shared" si="0"/><v>4</v></c>',
                '<c r="A¤"><v>3</v></c><c r="B¤"><f t="shared" si="0"/></c>',
                '<c r="A¤"><v>4</v></c><c r="B¤" t="str"><f>X</f><v></v></c>',
                '<c r="A¤"><v>5</v></c><c r="B¤" t="e"><f>X</f><v>#REF!</v></c>',
                '<c r="A¤"><v>6</v></c><c r="B¤" s="1"><f>X</f><v>44535</v></c>',
                '<c r="A¤" t="e"><v>#N/A</v></c><c r="B¤"><f>X</f></c>',
            ),
            formats=["General", "dd/mm/yyyy"],
        ),
    )
    table = source(["V"], file="a.xlsx")
    assert [row[1] for row in cells(table)][:3] == ["2", "4", ""]
    assert cells(table)[5] == ("6", "2021-12-05")
    assert faults(table) == {(4, 1): "CELL-02", (6, 1): "CELL-01", (8, 0): "CELL-01", (8, 1): "CELL-02"}
    assert len(cells(table)) == 7, "a row of nothing but lost values is a row"


def test_rows_and_cells_without_references(source: Open, tmp_path: Path, reader: str) -> None:
    data = (
        '<sheetData><row><c t="inlineStr"><is><t>Id</t></is></c><c t="inlineStr"><is><t>V</t></is></c></row>'
        "<row><c><v>1</v></c><c><v>2</v></c></row></sheetData>"
    )
    zipped(tmp_path / "a.xlsx", xlsx_parts(data))
    assert [(row.line, row.cells) for row in source(["V"], file="a.xlsx").rows()] == [(2, ("1", "2"))]


def test_a_wrong_dimension_hides_no_row(source: Open, tmp_path: Path, reader: str) -> None:
    data = rows(*[f'<c r="A¤"><v>{at}</v></c><c r="C¤"><v>{at}</v></c>' for at in range(10)])
    zipped(tmp_path / "a.xlsx", xlsx_parts(f'<dimension ref="A1:B2"/>{data}'))
    assert cells(source(["V"], file="a.xlsx")) == [(str(at), "", str(at)) for at in range(10)]


def test_a_namespace_prefix_changes_nothing(source: Open, tmp_path: Path, reader: str) -> None:
    document = (
        '<?xml version="1.0"?><x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<x:sheetData><x:row r="1"><x:c r="A1" t="str"><x:v>Id</x:v></x:c></x:row>'
        '<x:row r="2"><x:c r="A2"><x:v>5</x:v></x:c></x:row>'
        '<x:row r="3"><x:c r="A3" t="e"><x:v>#N/A</x:v></x:c></x:row></x:sheetData></x:worksheet>'
    )
    zipped(tmp_path / "a.xlsx", xlsx_parts(document))
    table = source(["Id"], file="a.xlsx")
    assert cells(table)[0] == ("5",)
    assert faults(table) == {(3, 0): "CELL-01"}


def test_strict_files(source: Open, tmp_path: Path) -> None:
    zipped(
        tmp_path / "a.xlsx",
        xlsx_parts(
            rows(
                '<c r="A¤" s="2"><v>123</v></c><c r="B¤" s="1"><v>44535</v></c>',
                '<c r="A¤" t="inlineStr"><is><t>é</t></is></c><c r="B¤" t="d" s="1"><v>2021-12-05</v></c>',
                '<c r="A¤" t="e"><v>#N/A</v></c><c r="B¤"><f>1</f></c>',
            ),
            formats=["General", "dd/mm/yyyy", "00000"],
            strict=True,
        ),
    )
    table = source(["Id"], file="a.xlsx")
    assert cells(table)[:2] == [("00123", "2021-12-05"), ("é", "2021-12-05")]
    assert faults(table) == {(4, 0): "CELL-01", (4, 1): "CELL-02"}


def test_what_decorates_cells_does_not_change_them(source: Open, tmp_path: Path, reader: str) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Id", "V", "W"])
    sheet.append(["1", CellRichText("a ", TextBlock(InlineFont(b=True), "gras")), "lien"])
    sheet.append(["2", "b", "c"])
    sheet["C2"].hyperlink = "https://example.org/"
    sheet["B3"].comment = Comment("commentaire", "auteur")
    sheet.column_dimensions["C"].hidden = True
    sheet.auto_filter.ref = "A1:C3"
    sheet.add_table(ExcelTable(displayName="T", ref="A1:C3"))
    sheet.freeze_panes = "A2"
    book.save(tmp_path / "a.xlsx")
    assert cells(source(["Id"], file="a.xlsx")) == [("1", "a gras", "lien"), ("2", "b", "c")]


def test_hidden_rows_are_read_and_stated_or_skipped(source: Open, tmp_path: Path, reader: str) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Id", "V"], [1, "a"], [2, "b"], [3, "c"]):
        sheet.append(row)
    sheet.row_dimensions[3].hidden = True
    book.save(tmp_path / "a.xlsx")
    table = source(["Id"], file="a.xlsx")
    assert len(cells(table)) == 3
    assert {d.code: d.params for d in table.decisions}["SRC-75"] == {"count": 1}
    assert skipped(source(["Id"], file="a.xlsx", hidden="skip")) == {3: "SRC-43"}


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_sheets(source: Open, tmp_path: Path, reader: str, state: str) -> None:
    book = openpyxl.Workbook()
    for name in ("A", "B"):
        sheet = book.create_sheet(name)
        sheet.append(["Id", "V"])
        sheet.append([name, "x"])
    del book["Sheet"]
    book["A"].sheet_state = state
    book.save(tmp_path / "a.xlsx")
    assert cells(source(["Id"], file="a.xlsx")) == [("B", "x")], "visible before hidden"
    read = source(["Id"], file="a.xlsx", sheets="*")
    assert cells(read) == [("A", "x"), ("B", "x")]
    assert "SRC-62" in codes(read.decisions)
    skip = source(["Id"], file="a.xlsx", sheets="*", hidden="skip")
    assert [(row.sheet, row.skip.code if row.skip else None) for row in skip.rows()] == [("A", "SRC-44"), ("B", None)]
    assert "SRC-63" in codes(skip.decisions)


def test_merged_cells(source: Open, tmp_path: Path, reader: str) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Liste des usagers"])
    sheet.merge_cells("A1:C1")
    for row in (["Id", "Identité", None], [None, "Nom", "Prénom"], ["1", "a", "b"], [None, "c", "d"], ["2", "e", "f"]):
        sheet.append(row)
    sheet.merge_cells("B2:C2")
    sheet.merge_cells("A4:A5")
    book.save(tmp_path / "a.xlsx")
    table = source(["Identité / Nom"], file="a.xlsx", header_rows=2)
    assert table.header.labels == ("Id", "Identité / Nom", "Identité / Prénom")
    assert {d.code: d.params for d in table.decisions}["SRC-76"] == {"count": 1}
    filled = source(["Identité / Nom"], file="a.xlsx", header_rows=2, fill_down="Id")
    assert cells(filled) == [("1", "a", "b"), ("1", "c", "d"), ("2", "e", "f")]


def test_a_group_label_ends_where_its_cell_is_merged(source: Open, tmp_path: Path, reader: str) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["Identité", None, None], ["Nom", "Prénom", "Chambre"], ["a", "b", "c"]):
        sheet.append(row)
    sheet.merge_cells("A1:B1")
    book.save(tmp_path / "a.xlsx")
    table = source(["Chambre"], file="a.xlsx", header_rows=2)
    assert table.header.labels == ("Identité / Nom", "Identité / Prénom", "Chambre")


def test_a_table_that_begins_somewhere_in_the_sheet(source: Open, tmp_path: Path, reader: str) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["B1"] = "Export"
    for line, row in enumerate([["Id", "V"], ["1", "a"], [], ["2", "b"]], 4):
        for column, value in enumerate(row, 3):
            sheet.cell(line, column, value)
    book.save(tmp_path / "a.xlsx")
    table = source(["Id"], file="a.xlsx")
    assert table.header.labels == ("", "", "Id", "V")
    assert [(row.line, row.cells) for row in table.rows()] == [(5, ("", "", "1", "a")), (7, ("", "", "2", "b"))]
    assert {d.code: (d.location and d.location.line, d.params) for d in table.decisions}["SRC-71"] == (6, {"count": 1})  # type: ignore[union-attr]


def test_chart_sheets_and_empty_sheets(source: Open, tmp_path: Path, reader: str) -> None:
    book = xlsxwriter.Workbook(tmp_path / "a.xlsx")
    sheet = book.add_worksheet("Données")
    sheet.write_row(0, 0, ["Id", "V"])
    sheet.write_row(1, 0, ["1", 2])
    chart = book.add_chart({"type": "line"})
    chart.add_series({"values": "=Données!$B$2:$B$2"})
    book.add_chartsheet("Graphique").set_chart(chart)
    book.add_worksheet("Vide")
    book.close()
    assert cells(source(["Id"], file="a.xlsx")) == [("1", "2")]


def test_macros_do_not_matter(source: Open, tmp_path: Path, reader: str) -> None:
    parts = xlsx_parts(rows('<c r="A¤"><v>1</v></c>'))
    parts["xl/vbaProject.bin"] = "x"
    parts["[Content_Types].xml"] = parts["[Content_Types].xml"].replace(
        "openxmlformats-officedocument.spreadsheetml.sheet.main+xml", "ms-excel.sheet.macroEnabled.main+xml"
    )
    zipped(tmp_path / "a.xlsm", parts)
    table = source(["Id"], file="a.xlsm")
    assert cells(table) == [("1", "")]
    assert "SRC-50" not in codes(table.decisions)


def test_a_million_formatted_rows_are_no_rows(source: Open, tmp_path: Path, reader: str) -> None:
    blank = "".join(f'<row r="{at}"><c r="A{at}" s="0"/></row>' for at in range(3, 200_000))
    far = '<row r="1048576"><c r="XFD1048576" s="0"/></row>'
    data = f'<sheetData>{HEADER}<row r="2"><c r="A2"><v>1</v></c></row>{blank}{far}</sheetData>'
    zipped(tmp_path / "a.xlsx", xlsx_parts(data))
    table = source(["Id"], file="a.xlsx")
    assert [(row.line, row.cells[:2]) for row in table.rows()] == [(2, ("1", ""))]


def test_two_far_corners_do_not_fill_the_memory(source: Open, tmp_path: Path, reader: str) -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>9</v></c></row>'
    zipped(tmp_path / "a.xlsx", xlsx_parts(f"<sheetData>{HEADER}{far}</sheetData>"))
    if reader == "calamine":
        assert refusal(lambda: source(["Id"], file="a.xlsx")) == ["SRC-12"]
    else:
        (row,) = source(["Id"], file="a.xlsx").rows()
        assert (row.line, row.cells[-1]) == (1_048_576, "9")


def test_the_fast_reader_takes_what_openpyxl_stumbles_over(
    source: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(tmp_path / "a.xlsx", [("a", None), ("#N/A", None)])
    xlsx._read.cache_clear()

    def fail(*args: object, **kwargs: object) -> None:
        raise IndexError("its own")

    monkeypatch.setattr(openpyxl, "load_workbook", fail)
    table = source(["V"], file="a.xlsx")
    assert cells(table)[0] == ("r2", "a")
    assert faults(table) == {(3, 1): "CELL-01"}


def test_a_shared_string_that_is_not_there(source: Open, tmp_path: Path) -> None:
    zipped(tmp_path / "a.xlsx", xlsx_parts(rows('<c r="A¤" t="s"><v>99</v></c>')))
    assert refusal(lambda: source(["Id"], file="a.xlsx")) == ["SRC-11"]


def filled(path: Path, *lines: list[Any], merged: tuple[str, ...] = ()) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for line in lines:
        sheet.append(line)
    for area in merged:
        sheet.merge_cells(area)
    book.save(path)


def test_page_breaks_totals_and_a_second_table(source: Open, tmp_path: Path, reader: str) -> None:
    head = ["Id", "Nom", "Note"]
    filled(
        tmp_path / "a.xlsx",
        ["EHPAD"], [], head, ["1", "a", "x"], [None, "Total", 1], ["EHPAD"], head, ["2", "b"], [], ["Code", "Libellé"],
        ["X", "y"],
    )  # fmt: skip
    table = source(["Id", "Nom"], file="a.xlsx", totals="total", stop_at="code")
    assert skipped(table) == {5: "SRC-41", 6: "SRC-47", 7: "SRC-47", 10: "SRC-42", 11: "SRC-42"}
    assert [row.cells for row in table.rows() if not row.skip] == [("1", "a", "x"), ("2", "b", "")]


def test_labels_may_be_numbers_and_days(source: Open, tmp_path: Path, reader: str) -> None:
    filled(tmp_path / "a.xlsx", [2020, date(2021, 1, 1), "Id"], [1, 2, "x"])
    assert source(["2020", "Id"], file="a.xlsx").header.labels == ("2020", "2021-01-01", "Id")


def test_merged_keys_are_filled_down_group_by_group(source: Open, tmp_path: Path, reader: str) -> None:
    lines = [["Id", "Nom", "Doc"], ["1", "a", "x"], [None, None, "y"], ["2", None, "z"]]
    filled(tmp_path / "a.xlsx", *lines, merged=("A2:A3", "B2:B3"))
    table = source(["Id"], file="a.xlsx", fill_down=["Id", "Nom"])
    assert cells(table) == [("1", "a", "x"), ("1", "a", "y"), ("2", "", "z")]


def test_a_sheet_without_a_header(source: Open, tmp_path: Path, reader: str) -> None:
    filled(tmp_path / "a.xlsx", ["1", "a"], ["2", "b"])
    assert cells(source(["Id"], file="a.xlsx", columns=["Id", "Nom"])) == [("1", "a"), ("2", "b")]
    assert source(["Id"], file="a.xlsx", columns=["Id"]).header.labels == ("Id", "")


def test_a_large_cell_and_many_columns(source: Open, tmp_path: Path, reader: str) -> None:
    large = f'<c r="A¤" t="inlineStr"><is><t>{"é" * 5_000_000}</t></is></c>'
    zipped(tmp_path / "a.xlsx", xlsx_parts(rows(large)))
    assert [len(row[0]) for row in cells(source(["Id"], file="a.xlsx"))] == [5_000_000]
    book = xlsxwriter.Workbook(tmp_path / "b.xlsx")
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, [f"C{at}" for at in range(10_000)])
    sheet.write_row(1, 0, range(10_000))
    book.close()
    assert cells(source(["C9999"], file="b.xlsx"))[0][9_999] == "9999"
