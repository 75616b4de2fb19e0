"""XLSX and XLSM: openpyxl for ordinary workbooks, calamine for huge ones, Strict ones, and those openpyxl stumbles
over.

openpyxl knows error texts, number formats, merged cells and hidden rows; what it does not know (a formula without a
result looks like an empty cell) is read from the sheet's XML. Before either opens the file its container was checked.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from converter.diagnostics import SourceError
from converter.sources.calamine import XlsxKnowledge, open_sheets
from converter.sources.cells import NO_DAY, is_day_format, to_text, unescape
from converter.sources.cleaning import clean_cells
from converter.sources.containers import Container
from converter.sources.limits import FULL_MODE_BYTES, FULL_MODE_SHEET_BYTES
from converter.sources.ooxml import read_outline
from converter.sources.sheet_scan import FORMULA, SheetFacts, scan_sheet
from converter.sources.sheets import LoadedSheet, SheetGrid
from converter.sources.table import Note, Record, Trouble

__all__ = ["open_workbook"]


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A sheet read by openpyxl, as text."""

    name: str
    hidden: bool
    records: tuple[Record, ...]
    hidden_rows: frozenset[int]
    merges: tuple[tuple[int, int, int, int], ...]


class _Known:
    """What the sheet's own XML says beyond openpyxl."""

    def __init__(self, facts: SheetFacts, knowledge: XlsxKnowledge) -> None:
        self.facts = facts
        self._knowledge = knowledge

    @cached_property
    def odd(self) -> frozenset[tuple[int, int]]:
        return self._knowledge.odd_moments()


def open_workbook(path: Path, file: str, strict: bool) -> list[SheetGrid]:
    """The worksheets in tab order. SourceError when the workbook is damaged, protected or beyond the limits."""
    status = path.stat()
    sheets = None
    if not strict and status.st_size <= FULL_MODE_BYTES:
        sheets = _read(path, file, status.st_size, status.st_mtime_ns)
    if sheets is None:
        return list(open_sheets(path, file))
    grids: list[SheetGrid] = []
    for sheet in sheets:
        grid = LoadedSheet(file, path, sheet.name, sheet.hidden, sheet.records)
        grid.hidden_rows = sheet.hidden_rows
        grid.merges = sheet.merges
        grids.append(grid)
    return grids


@lru_cache(maxsize=2)
def _read(path: Path, file: str, size: int, modified: int) -> tuple[_Sheet, ...] | None:
    """All sheets, or None when calamine has to read the file.

    Cached because several sources often share one workbook; size and time are there to notice another file."""
    with Container(path, file) as container:
        outline = read_outline(container, file)
        if any(container.size(sheet.part) > FULL_MODE_SHEET_BYTES for sheet in outline.sheets):
            return None
        known = {
            sheet.name: _Known(scan_sheet(container.blocks(sheet.part)), XlsxKnowledge(path, file, outline, sheet.part))
            for sheet in outline.sheets
        }
    book = _loaded(path)
    if book is None or {sheet.title for sheet in book.worksheets} != set(known):
        return None
    first_day = getattr(book, "epoch", None)
    return tuple(_sheet(sheet, known[sheet.title], first_day) for sheet in book.worksheets)


def _loaded(path: Path) -> Any:
    """openpyxl's workbook; None when it fails, in whichever of its many ways."""
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        # What it warns of (validation, styles, extensions) does not concern cells.
        warnings.simplefilter("ignore")
        try:
            book = load_workbook(path, data_only=True)
        except SourceError:
            raise
        except Exception:
            return None
    return book if book.worksheets else None


def _sheet(sheet: Any, known: _Known, first_day: datetime | None) -> _Sheet:
    facts = known.facts
    rows: dict[int, dict[int, Any]] = {}
    # Only cells that exist: iter_rows() would make every cell of the sheet's rectangle, which two far cells can blow
    # up.
    for (row, column), cell in sorted(sheet._cells.items()):
        if cell.value is not None:
            rows.setdefault(row, {})[column - 1] = cell
    for row, pairs in facts.cells.items():
        if any(kind == FORMULA for _, kind in pairs):
            rows.setdefault(row, {})
    hidden = frozenset(number for number, row in sheet.row_dimensions.items() if row.hidden)
    records = []
    for number in sorted(rows):
        record = _record(number, rows[number], dict(facts.cells.get(number, ())), known, first_day)
        if number in hidden:
            trouble = record[2] or Trouble()
            trouble.hidden = True
            record = (number, record[1], trouble)
        records.append(record)
    merges = tuple(
        (area.min_row, area.min_col - 1, area.max_row, area.max_col - 1)
        for area in sorted(sheet.merged_cells.ranges, key=lambda area: area.bounds)
    )
    return _Sheet(sheet.title, sheet.sheet_state != "visible", tuple(records), hidden, merges)


def _record(
    number: int, cells: Mapping[int, Any], facts: Mapping[int, int], known: _Known, first_day: datetime | None
) -> Record:
    unknown = [column for column, kind in facts.items() if kind == FORMULA]
    width = max([*cells, *unknown], default=-1) + 1
    texts = [""] * width
    trouble = Trouble()
    for column, cell in cells.items():
        texts[column], code = _text(cell, first_day)
        if texts[column].startswith(NO_DAY) and not isinstance(cell.value, str) and (number, column) in known.odd:
            code = "CELL-11"
        if code is not None:
            trouble.faults.append(Note(code, column=column))
    trouble.faults += [Note("CELL-02", column=column) for column in unknown]
    cleaned, found = clean_cells(texts, Counter(), trouble if trouble.faults else None)
    return number, tuple(cleaned), found


def _text(cell: Any, first_day: datetime | None) -> tuple[str, str | None]:
    """A cell's text and the code of its fault."""
    value = cell.value
    if isinstance(value, str):
        if cell.data_type == "e":
            return value, "CELL-11" if is_day_format(cell.number_format) else "CELL-01"
        return unescape(value), None
    if isinstance(value, time) and is_day_format(cell.number_format):
        # A serial number below 1 under a date format: Excel shows 00/01/1900.
        return to_text(value)[0], "CELL-11"
    if isinstance(value, datetime) and first_day is not None and value < first_day:
        return to_text(value)[0], "CELL-11"
    return to_text(value, cell.number_format or "General")
