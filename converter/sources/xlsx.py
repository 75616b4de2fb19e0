"""XLSX and XLSM through openpyxl."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

from converter.sources.cells import to_text, unescape
from converter.sources.cleaning import clean_cells
from converter.sources.table import Grid, Note, Record, Trouble

__all__ = ["open_workbook"]


class SheetGrid(Grid):
    """One sheet, its cells already text."""

    typed = True

    def __init__(self, file: str, path: Path, sheet: str, hidden: bool, records: list[Record]) -> None:
        super().__init__(file, path, sheet, hidden)
        self._records = records
        self.columns = max((len(cells) for _, cells, _ in records), default=0)

    def records(self) -> Iterator[Record]:
        return iter(self._records)


def open_workbook(path: Path, file: str, strict: bool) -> list[SheetGrid]:
    from openpyxl import load_workbook

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = load_workbook(path, data_only=True)
    grids = []
    for sheet in book.worksheets:
        records: list[Record] = []
        for number, row in enumerate(sheet.iter_rows(), 1):
            cells = []
            trouble = None
            for column, cell in enumerate(row):
                text, code = to_text(cell.value, cell.number_format)
                if cell.data_type == "e":
                    code = "CELL-01"
                cells.append(unescape(text))
                if code:
                    trouble = trouble or Trouble()
                    trouble.faults.append(Note(code, column=column))
            while cells and not cells[-1]:
                cells.pop()
            clean, trouble = clean_cells(cells, __import__("collections").Counter(), trouble)
            records.append((number, clean, trouble))
        grids.append(SheetGrid(file, path, sheet.title, sheet.sheet_state != "visible", records))
    return grids
