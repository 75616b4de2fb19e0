"""A sheet of a workbook as a grid, whichever library read it: hidden rows and merged ranges are stated once it is
chosen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from converter.sources.table import Grid, Record

__all__ = ["LoadedSheet", "SheetGrid"]


class SheetGrid(Grid):
    """Common to all workbook sheets: real dates come out as ISO text."""

    typed = True
    #: Rows from 1 that the program hides.
    hidden_rows: Collection[int] = ()

    def expect(self, width: int, line: int) -> None:
        hidden = sum(row > line for row in self.hidden_rows)
        if hidden:
            self.decide("SRC-75", count=hidden)
        merged = sum(top > line for top, _, _, _ in self.merges)
        if merged:
            self.decide("SRC-76", count=merged)


class LoadedSheet(SheetGrid):
    """A sheet whose records are already text in memory."""

    def __init__(
        self, file: str, path: Path, sheet: str | None, hidden: bool, records: Sequence[Record], typed: bool = True
    ) -> None:
        super().__init__(file, path, sheet, hidden)
        self.typed = typed
        self._records = records
        #: Rows of a file that has no rows of its own (an XML index) are as far apart as its elements.
        self.sparse = typed
        self.columns = max((len(cells) for _, cells, _ in records), default=0)

    def records(self) -> Iterator[Record]:
        return iter(self._records)
