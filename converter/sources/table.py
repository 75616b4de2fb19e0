"""A source as the rest of the program sees it, and what a reader hands over for it.

A *grid* is one raw table: a text file, one sheet of a workbook, one table of an HTML page. It yields *records*: the
line as the user sees it, the cells as text, and what is odd about them. :mod:`converter.sources.structure` finds the
header in a grid and turns its records into :class:`~converter.model.SourceRow` values; a :class:`Table` chains the
grids of one source.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from converter.diagnostics import Diagnostic, Severity, SourceLocation
from converter.model import Header, SourceRow

__all__ = ["Grid", "Note", "Record", "Table", "Trouble"]


@dataclass(frozen=True, slots=True)
class Note:
    """A diagnostic whose column label is not known yet; ``column`` counts from 0 in the record."""

    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)
    column: int | None = None
    level: Severity | None = None


@dataclass(slots=True)
class Trouble:
    """What is odd about one record. ``faults`` are of cells, ``broken`` of the whole record, ``notices`` are kept."""

    faults: list[Note] = field(default_factory=list)
    broken: list[Note] = field(default_factory=list)
    notices: list[Note] = field(default_factory=list)
    hidden: bool = False
    #: Code of the reason for which the reader itself sets the record aside.
    skip: str | None = None


#: Physical line (or sheet row) from 1, the cells, and what is odd about them (None: nothing).
Record = tuple[int, Sequence[str], Trouble | None]


class Grid(ABC):
    """One raw table. ``records`` starts again at the top each time it is called."""

    #: Rows of a text file must have the usual number of fields; rows of a sheet are as long as they are.
    counted = False
    #: True when blank records are not among the records.
    sparse = False
    #: True when real date cells came out as ISO text.
    typed = False
    #: Columns that hold something, where the reader knows.
    columns = 0
    #: False when the reader cannot know hidden rows though the format has them.
    tells_hidden = True
    #: The header, where the mapping gives it (fields of an XML index) and no line of the grid is one.
    labels: tuple[str, ...] | None = None

    def __init__(self, file: str, path: Path, sheet: str | None = None, hidden: bool = False) -> None:
        self.file = file
        self.path = path
        self.sheet = sheet
        self.hidden = hidden
        #: Decisions taken while opening.
        self.decisions: list[Diagnostic] = []
        #: Per code, what the last complete reading met (blank lines, unwrapped cells).
        self.tally: Counter[str] = Counter()
        #: Merged ranges, as (first row, first column, last row, last column), rows from 1 and columns from 0.
        self.merges: Sequence[tuple[int, int, int, int]] = ()

    @abstractmethod
    def records(self) -> Iterator[Record]:
        """Every record in physical order, blank ones included."""

    def expect(self, width: int, line: int) -> None:  # noqa: B027 - not every reader has a use for it
        """Told once the header is known: the usual number of fields of a record, and the header's last line."""

    def head(self, count: int) -> list[Record]:
        """The first records."""
        return list(islice(self.records(), count))

    def location(self, line: int | None = None, column: str | None = None) -> SourceLocation:
        return SourceLocation(self.file, line, column, self.sheet)

    def decide(self, code: str, line: int | None = None, **params: str | int) -> None:
        self.decisions.append(Diagnostic(code, self.location(line), params))


class Table:
    """One source: header, decisions, and rows in physical order, read anew by each call of :meth:`rows`."""

    def __init__(
        self,
        name: str,
        header: Header,
        files: Sequence[Path],
        decisions: Sequence[Diagnostic],
        rows: Callable[[], Iterator[SourceRow]],
        tallies: Callable[[], Sequence[Diagnostic]] = tuple,
    ) -> None:
        self.name = name
        self.header = header
        self.files = tuple(files)
        self._decisions = tuple(decisions)
        self._rows = rows
        self._tallies = tallies

    def __repr__(self) -> str:
        return f"Table({self.name!r}, {len(self.header.labels)} columns, {len(self.files)} files)"

    def rows(self) -> Iterator[SourceRow]:
        """Rows in physical order. Blank records are no rows; totals and footers come with ``skip``."""
        return self._rows()

    @property
    def decisions(self) -> tuple[Diagnostic, ...]:
        """What the readers decided; once the rows were read to their end, also what they counted on the way."""
        return (*self._decisions, *self._tallies())
