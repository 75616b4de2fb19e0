"""What the cells of a column look like, counted over every row: never what they hold.

Cells are counted in batches, each different one once, and sorted by their outline (digits and letters alike), so that a
million cells cost a few thousand looks. Words are remembered while they are few, to be compared with closed lists, or
(names) with what must not show; they are shown only as counts, or as words of such a list.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from zoneinfo import ZoneInfo

from converter.identifiers import check_finess, check_nir, check_rpps, check_siret
from converter.mapping.dates import DateForm, WrongDateError, compile_form, parse
from converter.terminology import fold, legacy_kinds
from converter.terminology.labels import fold_label

__all__ = ["DATE_FORMS", "DISTINCT_CAP", "Column", "Columns", "is_data"]

#: Different values counted and remembered per column; beyond, they are many.
DISTINCT_CAP = 1000
#: Values compared for repetition: beyond, a column without any so far is taken to have none.
_UNIQUE_CAP = 200_000
#: Cells longer than this have no shape that is told apart, but for paths.
_LONGEST_SHAPE = 60
#: Paths kept per column.
_PATHS = 200
_BATCH_ROWS, _BATCH_CHARS = 4000, 4_000_000

#: In the order in which they are preferred. The second list reads the same cells with day and month exchanged.
DATE_FORMS = (
    "%d/%m/%Y",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%y",
    "%d/%m/%y %H:%M",
    "%d-%m-%Y",
    "%d-%m-%Y %H:%M",
    "%d-%m-%y",
    "%d.%m.%Y",
    "%d.%m.%y",
    "%d %m %Y",
    "%d %B %Y",
    "%d %b %Y",
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y/%m/%d",
    "%Y%m%d",
    "%m/%Y",
    "%B %Y",
)
_EXCHANGED = {
    "%m/%d/%Y": "%d/%m/%Y",
    "%m/%d/%Y %H:%M": "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S": "%d/%m/%Y %H:%M:%S",
    "%m/%d/%y": "%d/%m/%y",
    "%m/%d/%y %H:%M": "%d/%m/%y %H:%M",
    "%m-%d-%Y": "%d-%m-%Y",
    "%m-%d-%Y %H:%M": "%d-%m-%Y %H:%M",
    "%m-%d-%y": "%d-%m-%y",
    "%m.%d.%Y": "%d.%m.%Y",
    "%d%m%Y": "%Y%m%d",
}
_FORMS: Mapping[str, DateForm] = {form: compile_form(form) for form in (*DATE_FORMS, *_EXCHANGED)}
#: Years that eight digits without any separator must name to be a date rather than a number.
_YEARS = range(1880, 2101)
_UTC = ZoneInfo("UTC")


def _checked(check: Callable[[str], list[str]]) -> Callable[[str], bool]:
    return lambda text: not check(re.sub(r"\s", "", text).upper())


def _always(_: str) -> bool:
    return True


#: Shapes by name: what an outline must look like, and what is then asked of the cell.
_KINDS: Mapping[str, tuple[re.Pattern[str], Callable[[str], bool]]] = {
    "nir": (re.compile(r"9 ?99 ?99 ?(?:99|9A) ?999 ?999(?: ?99)?"), lambda t: t[0] in "12378"),
    "nir-key-valid": (re.compile(r"9 ?99 ?99 ?(?:99|9A) ?999 ?999 ?99"), _checked(check_nir)),
    "finess": (re.compile(r"(?:99|9A) ?9{7}|(?:99|9A) 999 999 9"), _checked(check_finess)),
    "rpps": (re.compile(r"9{11}"), _checked(check_rpps)),
    "siret": (re.compile(r"9{14}|999 999 999 99999"), _checked(check_siret)),
    "whole-number": (re.compile(r"-?9+"), _always),
    "leading-zeros": (re.compile(r"99+"), lambda t: t[0] == "0"),
    "decimal-number": (re.compile(r"-?9[9 ]*[.,]9+"), _always),
    "phone": (re.compile(r"(?:99|\+99 ?9)(?:[ .-]?99){4}"), lambda t: t[0] in "0+"),
    "email": (re.compile(r"[^\s@]+@[^\s@]+\.A+"), _always),
}
_OUTLINE = str.maketrans(
    {**dict.fromkeys("0123456789", "9"), **dict.fromkeys("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "A")}
)
_PATH = re.compile(r"[^\r\n]*\.[A-Za-z][A-Za-z0-9]{1,4}")
_SERVER_PATH = re.compile(r"[A-Za-z]:[\\/]|\\\\|/|https?://|file:")


@lru_cache(maxsize=20_000)
def _candidates(outline: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Kinds and date forms that a cell of this outline may have."""
    kinds = tuple(name for name, (look, _) in _KINDS.items() if look.fullmatch(outline))
    plain = " ".join(outline.split())
    return kinds, tuple(form for form, compiled in _FORMS.items() if compiled.pattern.fullmatch(plain))


def _shapes(cell: str) -> tuple[list[str], list[str]]:
    """The kinds and date forms of a cell."""
    if len(cell) > _LONGEST_SHAPE:
        return (["path"] if len(cell) < 1000 and _PATH.fullmatch(cell) else []), []
    kinds, forms = _candidates(cell.translate(_OUTLINE))
    found = [kind for kind in kinds if _KINDS[kind][1](cell)]
    if ("/" in cell or "\\" in cell or "." in cell) and "@" not in cell and _PATH.fullmatch(cell):
        found.append("path")
    return found, [form for form in forms if _is_date(cell, form)]


def _is_date(cell: str, form: str) -> bool:
    try:
        moment = parse(cell, (_FORMS[form],), _UTC, 50)
    except WrongDateError:
        return False
    return not cell.isdigit() or int(str(moment)[:4]) in _YEARS


def is_data(cell: str) -> bool:
    """Whether a cell can be no label: a number, date, address, path or long text."""
    kinds, forms = _shapes(cell)
    return bool(kinds or forms) or len(cell) > 100 or not any(c.isalpha() for c in cell)


@dataclass(slots=True)
class Column:
    """One column, over all its rows. ``values`` holds the different ones while they are few; None when they are many.

    ``forms`` counts cells by date form, ``kinds`` by shape. ``repeats``: some value stands on two rows.
    """

    position: int
    label: str
    shown: bool = True
    rows: int = 0
    filled: int = 0
    longest: int = 0
    repeats: bool = False
    kinds: Counter[str] = field(default_factory=Counter)
    forms: Counter[str] = field(default_factory=Counter)
    server_paths: int = 0
    values: dict[str, int] | None = field(default_factory=dict)
    #: The first paths of a column of paths, to find out where they lead.
    paths: list[str] = field(default_factory=list)
    _seen: set[int] | None = field(default_factory=set)

    @property
    def name(self) -> str:
        """The label, or the position where there is none or it is perhaps somebody's data."""
        return self.label if self.label and self.shown else f"#{self.position}"

    @property
    def distinct(self) -> int | None:
        """How many different values; None: more than are counted."""
        return None if self.values is None else len(self.values)

    @property
    def identifies(self) -> bool:
        """Every row has a value of its own."""
        return 0 < self.filled == self.rows and not self.repeats

    def date_forms(self) -> list[str]:
        """The forms that cover all filled cells, the most frequent first; empty when some cell has none of them."""
        forms = self._usual_forms()
        if self.filled and sum(self.forms[f] for f in forms) == self.filled:
            return forms
        exchanged = next((f for f in _EXCHANGED if self.filled and self.forms[f] == self.filled), None)
        return [exchanged] if exchanged else []

    def mostly(self) -> tuple[list[str], int]:
        """The forms of a column of dates, and how many cells have none of them."""
        if covering := self.date_forms():
            return covering, 0
        forms = self._usual_forms()
        rest = self.filled - sum(self.forms[f] for f in forms)
        return (forms, rest) if forms and rest * 2 < self.filled else ([], self.filled)

    def _usual_forms(self) -> list[str]:
        found = [f for f in DATE_FORMS if self.forms[f]]
        return sorted(found, key=lambda f: (-self.forms[f], DATE_FORMS.index(f)))

    @property
    def is_ambiguous(self) -> bool:
        """Every cell reads as well with day and month exchanged."""
        forms = self.date_forms()
        other = next((x for x, usual in _EXCHANGED.items() if forms == [usual]), None)
        return other is not None and self.forms[other] == self.filled

    def share(self, kind: str) -> float:
        """The share of filled cells of this kind."""
        return self.kinds[kind] / self.filled if self.filled else 0.0

    def words_within(self, words: Iterable[str]) -> list[str] | None:
        """The different values by their folded form, when all of them belong to this list; None otherwise."""
        known = frozenset(words)
        if not self.values or len(self.values) > 2 * len(known) + 2:
            return None
        folded = sorted({fold(value) for value in self.values})
        return folded if known.issuperset(folded) else None

    def known_kinds(self) -> tuple[int, int] | None:
        """How many of the different values are kinds of documents that the program knows, and how many there are."""
        if not self.values:
            return None
        return sum(fold_label(value) in legacy_kinds() for value in self.values), len(self.values)

    def count(self, cells: Mapping[str, int], rows: int) -> None:
        """Take in a batch: each different cell with how often it stands there."""
        self.rows += rows
        for cell, times in cells.items():
            if not cell:
                continue
            self.filled += times
            self.longest = max(self.longest, len(cell))
            self._remember(cell, times)
            kinds, forms = _shapes(cell)
            for kind in kinds:
                self.kinds[kind] += times
            for form in forms:
                self.forms[form] += times
            if "path" in kinds:
                self.server_paths += times * bool(_SERVER_PATH.match(cell))
                if len(self.paths) < _PATHS:
                    self.paths.append(cell)

    def _remember(self, cell: str, times: int) -> None:
        if self.values is not None:
            self.values[cell] = self.values.get(cell, 0) + times
            if len(self.values) > DISTINCT_CAP:
                self.values = None
        if self._seen is not None:
            mark = hash(cell)
            if times > 1 or mark in self._seen:
                self.repeats, self._seen = True, None
            elif len(self._seen) < _UNIQUE_CAP:
                self._seen.add(mark)


class Columns:
    """Counts the rows of one table, batch by batch."""

    def __init__(self, labels: Sequence[str], shown: Callable[[str], bool]) -> None:
        self.columns = [Column(n, label, shown(label)) for n, label in enumerate(labels, 1)]
        self._rows: list[Sequence[str]] = []
        self._chars = 0

    def add(self, cells: Sequence[str]) -> None:
        self._rows.append(cells)
        self._chars += sum(map(len, cells))
        if len(self._rows) >= _BATCH_ROWS or self._chars >= _BATCH_CHARS:
            self.flush()

    def flush(self) -> None:
        """To call once all rows were added."""
        for column, cells in zip(self.columns, zip(*self._rows, strict=True), strict=False):
            column.count(Counter(cells), len(self._rows))
        self._rows, self._chars = [], 0
