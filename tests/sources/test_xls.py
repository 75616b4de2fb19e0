"""XLS and XLSB: what calamine reads, and what only their own records tell."""

from __future__ import annotations

import struct
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import pytest
import xlwt
from xlwt.CompoundDoc import XlsDoc

from converter.sources.biff import XlsWorkbook, rk_number
from tests.sources.making import Cell, xlsb
from tests.sources.reading import Open, cells, codes, faults, refusal, skipped


def xls(path: Path, values: list[tuple[Any, str | None]], from_1904: bool = False) -> xlwt.Workbook:
    book = xlwt.Workbook(encoding="utf-8")
    book.dates_1904 = from_1904
    sheet = book.add_sheet("Usagers é")
    sheet.write(0, 0, "Id")
    sheet.write(0, 1, "V")
    for at, (value, code) in enumerate(values, 1):
        sheet.write(at, 0, f"r{at}")
        sheet.write(at, 1, value, xlwt.easyxf(num_format_str=code) if code else xlwt.Style.default_style)
    book.save(str(path))
    return book


LONG = "é" * 20_000 + "fin"


@pytest.mark.parametrize("from_1904", [False, True])
def test_cells_of_an_xls(source: Open, tmp_path: Path, from_1904: bool) -> None:
    xls(
        tmp_path / "a.xls",
        [
            ("Hélène Œuvrard 🙂", None),
            (LONG, None),
            ("00123", None),
            (123, None),
            (12.5, None),
            (1234, "00000"),
            (612345678, "0# ## ## ## ##"),
            (date(2021, 12, 5), "dd/mm/yyyy"),
            (date(1934, 3, 5), "[$-40C]dd/mm/yyyy"),
            (datetime(2021, 12, 5, 14, 30), "dd/mm/yyyy hh:mm"),
            (time(14, 30), "hh:mm"),
            (1.25, "[h]:mm"),
            (True, None),
            (0.125, "0%"),
            (185057800608436, None),
            ("ligne 1\nligne 2", None),
        ],
        from_1904,
    )
    table = source(["V"], file="a.xls")
    assert table.header.typed
    assert [row[1] for row in cells(table)] == [
        "Hélène Œuvrard 🙂",
        LONG,
        "00123",
        "123",
        "12.5",
        "01234",
        "06 12 34 56 78",
        "2021-12-05",
        "1934-03-05",
        "2021-12-05T14:30:00",
        "14:30:00",
        "30:00:00",
        "VRAI",
        "12.5%",
        "185057800608436",
        "ligne 1\nligne 2",
    ]
    assert faults(table) == {}
    assert "SRC-50" not in codes(table.decisions)


def test_faults_of_an_xls(source: Open, tmp_path: Path) -> None:
    values = [(1234567890123456, None), (185050000000000, None), (60, "dd/mm/yyyy"), (0, "dd/mm/yyyy")]
    xls(tmp_path / "a.xls", [*values, (-3, "dd/mm/yyyy"), (-0.5, "hh:mm")])
    assert faults(source(["V"], file="a.xls")) == {
        (2, 1): "CELL-03",
        (3, 1): "CELL-05",
        (4, 1): "CELL-11",
        (5, 1): "CELL-11",
        (6, 1): "CELL-11",
        (7, 1): "CELL-11",
    }


def test_a_formula_of_an_xls_that_has_no_text(source: Open, tmp_path: Path) -> None:
    xls(tmp_path / "a.xls", [(xlwt.Formula('"a"&"b"'), None)])
    (row,) = source(["V"], file="a.xls").rows()
    assert row.cells == ("r1", "")
    assert codes(row.notices) == ["CELL-13"]
    assert not row.faults, "a field that must not be empty says so itself"


def test_error_cells_of_an_xls(source: Open, tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("A")
    for at, label in enumerate(("Id", "V")):
        sheet.write(0, at, label)
    sheet.write(1, 0, "x")
    sheet.row(1).set_cell_error(1, 0x2A)
    sheet.row(2).set_cell_error(1, 0x17)
    book.save(str(tmp_path / "a.xls"))
    table = source(["V"], file="a.xls")
    assert faults(table) == {(2, 1): "CELL-01", (3, 1): "CELL-01"}


def test_hidden_rows_and_sheets_and_merges_of_an_xls(source: Open, tmp_path: Path) -> None:
    book = xlwt.Workbook()
    sheet = book.add_sheet("A")
    for line, row in enumerate([["Id", "V"], ["1", "a"], ["2", "b"], ["3", "c"]]):
        for column, value in enumerate(row):
            sheet.write(line, column, value)
    sheet.row(2).hidden = True
    sheet.write_merge(4, 5, 0, 0, "4")
    hidden = book.add_sheet("B")
    hidden.visibility = 1
    hidden.write(0, 0, "Id")
    hidden.write(1, 0, "9")
    book.save(str(tmp_path / "a.xls"))
    table = source(["Id"], file="a.xls", sheet="A")
    assert len(cells(table)) == 4
    stated = {d.code: d.params for d in table.decisions}
    assert (stated["SRC-75"], stated["SRC-76"]) == ({"count": 1}, {"count": 1})
    assert skipped(source(["Id"], file="a.xls", sheets="*", hidden="skip")) == {3: "SRC-43", 2: "SRC-44"}


def test_an_xls_whose_sheets_cannot_be_told_apart(
    source: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    xls(tmp_path / "a.xls", [("x", None)])
    monkeypatch.setattr(XlsWorkbook, "_globals", lambda self, file: None)
    table = source(["Id"], file="a.xls", hidden="skip")
    assert cells(table) == [("r1", "x")]
    assert "SRC-77" in codes(table.decisions)


def test_a_protected_xls_says_so(source: Open, tmp_path: Path) -> None:
    stream = _biff(b"\x09\x08", struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0)) + _biff(b"\x2f\x00", bytes(54))
    stream += _biff(b"\x0a\x00", b"")
    XlsDoc().save(str(tmp_path / "a.xls"), stream + bytes(5000))
    assert refusal(lambda: source(["Id"], file="a.xls")) == ["SRC-09"]


def _biff(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<H", len(body)) + body


@pytest.mark.parametrize("keep", [200, 600, 1500])
def test_an_xls_cut_short_is_refused(source: Open, tmp_path: Path, keep: int) -> None:
    xls(tmp_path / "a.xls", [("x" * 100, None)] * 50)
    (tmp_path / "a.xls").write_bytes((tmp_path / "a.xls").read_bytes()[:keep])
    assert refusal(lambda: source(["Id"], file="a.xls")) == ["SRC-11"]


def test_an_xls_named_xlsx(source: Open, tmp_path: Path) -> None:
    xls(tmp_path / "a.xlsx", [("x", None)])
    table = source(["Id"], file="a.xlsx")
    assert cells(table) == [("r1", "x")]
    assert "SRC-50" in codes(table.decisions)


@pytest.mark.parametrize(
    ("packed", "number"),
    [
        ((123 << 2) | 2, 123),
        ((12345 << 2) | 3, 123.45),
        ((-5 << 2) & 0xFFFFFFFF | 2, -5),
        (0x3FF00000, 1.0),
        (0x40590001, 1.0),
    ],
)
def test_packed_numbers(packed: int, number: float) -> None:
    assert rk_number(packed) == pytest.approx(number)


# ---------------------------------------------------------------------------------------------------------- XLSB

FORMATS = ("General", "00000", "dd/mm/yyyy", "0%", "hh:mm", "dd/mm/yyyy hh:mm")


def text(value: str) -> Cell:
    return ("s", value, 0)


def test_cells_of_an_xlsb(source: Open, tmp_path: Path) -> None:
    values: list[Cell] = [
        text("Hélène 🙂"),
        text("00123"),
        ("n", 12.5, 0),
        ("rk", 123, 0),
        ("rk", 123, 1),
        ("n", 44535, 2),
        ("rk", 44535, 2),
        ("rk", 44535, 5),
        ("n", 44535.604166666664, 5),
        ("fn", 44535, 2),
        ("n", 0.25, 4),
        ("n", 0.125, 3),
        ("b", 1, 0),
        ("fs", "formule", 0),
        ("-", 0, 0),
    ]
    xlsb(tmp_path / "a.xlsb", [[text("Id"), text("V")], *[[text("x"), value] for value in values]], FORMATS)
    table = source(["V"], file="a.xlsb")
    assert [row[1] for row in cells(table)] == [
        "Hélène 🙂",
        "00123",
        "12.5",
        "123",
        "00123",
        "2021-12-05",
        "2021-12-05",
        "2021-12-05",
        "2021-12-05T14:30:00",
        "2021-12-05",
        "06:00:00",
        "12.5%",
        "VRAI",
        "formule",
        "",
    ]
    assert faults(table) == {}


def test_faults_of_an_xlsb(source: Open, tmp_path: Path) -> None:
    values: list[Cell] = [("e", 0, 0), ("fe", 0, 0), ("n", 1234567890123456, 0)]
    values += [(kind, serial, 2) for kind in ("n", "rk") for serial in (60, 0, -3)]
    xlsb(tmp_path / "a.xlsb", [[text("Id"), text("V")], *[[text("x"), value] for value in values]], FORMATS)
    assert list(faults(source(["V"], file="a.xlsb")).values()) == ["CELL-01"] * 2 + ["CELL-03"] + ["CELL-11"] * 6


def test_hidden_rows_of_an_xlsb(source: Open, tmp_path: Path) -> None:
    xlsb(tmp_path / "a.xlsb", [[text("Id")], [text("1")], [text("2")]], hidden=[3])
    table = source(["Id"], file="a.xlsb")
    assert {d.code: d.params for d in table.decisions}["SRC-75"] == {"count": 1}
    assert skipped(source(["Id"], file="a.xlsb", hidden="skip")) == {3: "SRC-43"}


def test_an_xlsb_of_two_far_cells(source: Open, tmp_path: Path) -> None:
    wide: list[Cell] = [text("Id"), *[("-", 0, 0)] * 3]
    xlsb(tmp_path / "a.xlsb", [wide, [text("1")]])
    assert cells(source(["Id"], file="a.xlsb")) == [("1",)]
