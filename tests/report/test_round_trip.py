"""Whatever cells hold: what nobody touched in the workbook is no correction, and what somebody typed arrives."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from converter.corrections import read_corrections
from converter.diagnostics import Diagnostic, SourceLocation
from converter.model import Header, SourceRow
from converter.report.workbook import FRONT, shown, write_workbook
from converter.sources import Table

LABELS = ("N°", "Date", "Titre")
ODD = st.sampled_from(
    ["=1+1", "_x0041_", "_x005F_x0041_", " a ", "\t", "\n", "a\r\nb", "\x00", "\ud800", "\ufffe", "'a", "#N/A"]
)
CELL = st.one_of(st.text(max_size=12), ODD, st.builds("".join, st.lists(ODD, max_size=3)))
ROWS = st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=4)


def written(folder: Path, rows: list[SourceRow]) -> Path:
    path = folder / "rejects.xlsx"
    found = [(row, [Diagnostic("RUN-02", SourceLocation(row.file, row.line))]) for row in rows]
    with path.open("wb") as stream:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        write_workbook(stream, found, {"ged": LABELS}, moment=moment, work=folder)
    return path


def source_rows(cells: list[tuple[str, str, str]]) -> list[SourceRow]:
    return [SourceRow("ged", "ged.csv", line, row) for line, row in enumerate(cells, start=2)]


def read(path: Path, rows: list[SourceRow]) -> list[SourceRow]:
    header = Header(LABELS)
    table = Table("ged", header, (), (), lambda: iter(rows))
    return list(read_corrections(path, {"ged": header}).over(table).rows())


@settings(max_examples=40, deadline=None)
@given(ROWS)
def test_an_untouched_workbook_corrects_nothing(cells):
    rows = source_rows(cells)
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), rows)
        assert not list(read_corrections(path, {"ged": Header(LABELS)}).kept())
        assert read(path, rows) == rows


def test_a_row_may_be_emptied(tmp_path):
    rows = source_rows([("", "0", ""), ("1", "2", "3")])
    path = written(tmp_path, rows)
    book = load_workbook(path)
    book["ged"].cell(2, FRONT + 2).value = None
    book.save(path)
    assert [row.cells for row in read(path, rows)] == [("", "", ""), ("1", "2", "3")]


@settings(max_examples=40, deadline=None)
@given(ROWS, st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=12))
def test_a_typed_cell_arrives_and_its_neighbours_stay_as_they_were(cells, typed):
    rows = source_rows(cells)
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), rows)
        book = load_workbook(path)
        cell = book["ged"].cell(2, FRONT + 2)
        cell.value, cell.data_type = typed, "s"
        try:
            book.save(path)
        except ValueError:  # openpyxl writes less than Excel does
            return
        (first, *others) = read(path, rows)
    assert (first.cells[0], first.cells[2]) == (cells[0][0], cells[0][2])
    assert shown(first.cells[1]) == shown(typed) or first.cells[1] == typed
    assert others == rows[1:]
