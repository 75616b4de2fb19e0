"""What the columns of a table hold, for who writes a mapping: how full they are, whether they identify, which words a
coded column uses, which date form all its cells have.

pandas holds the sample, every cell as text (it guesses no type, and the words NA and NULL are names as any other); its
frame stays in here. Only a column of few words, each of them repeated, shows its words: those of a name would be data.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any

from converter.sources.table import Table

if TYPE_CHECKING:
    from pandas import Series

__all__ = ["DATE_FORMS", "ColumnProfile", "profile"]

_DAY, _MONTH = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])"
_TIME = r"(?:[01]?\d|2[0-3]):[0-5]\d"
#: strptime forms that French exports use, with what their cells look like. `%d/%m/%Y` never is an American date: where
#: a cell has no such day or month the form does not hold.
DATE_FORMS = {
    "%d/%m/%Y": rf"{_DAY}/{_MONTH}/\d{{4}}",
    "%d/%m/%Y %H:%M": rf"{_DAY}/{_MONTH}/\d{{4}} {_TIME}",
    "%d/%m/%Y %H:%M:%S": rf"{_DAY}/{_MONTH}/\d{{4}} {_TIME}:[0-5]\d",
    "%d/%m/%y": rf"{_DAY}/{_MONTH}/\d\d",
    "%d-%m-%Y": rf"{_DAY}-{_MONTH}-\d{{4}}",
    "%d.%m.%Y": rf"{_DAY}\.{_MONTH}\.\d{{4}}",
    "%Y-%m-%d": rf"\d{{4}}-{_MONTH}-{_DAY}",
    "%Y-%m-%dT%H:%M:%S": rf"\d{{4}}-{_MONTH}-{_DAY}T{_TIME}:[0-5]\d",
    "%Y%m%d": r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
}
#: A coded column has at most so many words, and each word stands that often on average.
_WORDS, _REPEATED = 40, 3
_LONGEST_WORD = 60


@dataclass(frozen=True, slots=True)
class ColumnProfile:
    """One column of the sample. ``words``: those of a coded column, most frequent first; empty for any other."""

    label: str
    filled: int
    distinct: int
    longest: int
    words: tuple[str, ...] = ()
    date: str | None = None

    @property
    def identifies(self) -> bool:
        """Whether no two filled cells are the same."""
        return 0 < self.filled == self.distinct


def profile(table: Table, rows: int = 10_000) -> tuple[ColumnProfile, ...]:
    """The columns in order, seen over the first rows that are neither broken nor set aside."""
    from pandas import DataFrame

    sound = (row.cells for row in table.rows() if not (row.broken or row.skip))
    labels = table.header.labels
    frame = DataFrame(list(islice(sound, rows)), columns=range(len(labels)), dtype=str)
    return tuple(_column(label, frame[at]) for at, label in enumerate(labels))


def _column(label: str, cells: Series[Any]) -> ColumnProfile:
    filled = cells[cells != ""]
    if filled.empty:
        return ColumnProfile(label, 0, 0, 0)
    counts = filled.value_counts()
    longest = int(filled.str.len().max())
    form = next((form for form, look in DATE_FORMS.items() if filled.str.fullmatch(look).all()), None)
    coded = form is None and len(counts) <= _WORDS and len(filled) >= _REPEATED * len(counts)
    # Equal counts in the order of the alphabet: the same file gives the same words.
    words = (
        sorted(counts.index, key=lambda word: (-int(counts[word]), word)) if coded and longest <= _LONGEST_WORD else ()
    )
    return ColumnProfile(label, len(filled), len(counts), longest, tuple(map(str, words)), form)
