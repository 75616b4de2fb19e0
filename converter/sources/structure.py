"""Where a table begins and ends in a grid, and its records as rows.

The header is the line that holds the mapping's own labels (compared folded: case, accents, blanks, apostrophes), or the
declared line; never the line that merely looks like one. Titles above it are left alone. Records below become rows: the
field count is checked where the reader asks for it, totals and footers carry their reason for being skipped, blank
records are no rows, grouped keys are filled down where the mapping says so.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from converter.diagnostics import Diagnostic, SourceError
from converter.model import SourceRow
from converter.sources.cleaning import clean_text
from converter.sources.limits import HEADER_SCAN_ROWS, SAMPLE_ROWS
from converter.sources.table import Grid, Note, Record, Trouble
from converter.terminology import fold

if TYPE_CHECKING:
    from converter.mapping.schema import SourceSpec

__all__ = ["Layout", "RowReader", "Wanted", "best_header", "lay_out", "occurrences"]

_NO_FAULTS: Mapping[int, Diagnostic] = {}
_POSITION = re.compile(r"(.*?)#\d+")
_BLANKS = re.compile(r"\s+")

#: Cells longer than this are no labels: folding them all is slow.
_LONGEST_LABEL = 1000
#: A width other than the header's must be borne out by this many records, and this share of them.
_ENOUGH = 3
_STEADY = 0.9
#: Records that end early all have the same trailing columns empty: accepted when this many (and this share) do.
_SHORT_ROWS = 8
_SHORT_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Wanted:
    """The labels that the mapping reads from a source, without positions (`#7`) and occurrences (`Nom#2`)."""

    labels: tuple[str, ...]
    folded: frozenset[str]

    @classmethod
    def of(cls, labels: Iterable[str]) -> Wanted:
        plain: dict[str, str] = {}
        for label in labels:
            match = _POSITION.fullmatch(label)
            base = match[1] if match else label
            if fold(base):
                plain.setdefault(fold(base), base)
        return cls(tuple(plain.values()), frozenset(plain))

    def count(self, cells: Sequence[str]) -> int:
        """How many different labels these cells hold."""
        return len(self.folded.intersection(fold(cell) for cell in cells if len(cell) <= _LONGEST_LABEL))


@dataclass(frozen=True, slots=True)
class HeaderFound:
    """``fields`` counts trailing blank labels too; ``line`` is the header's last line, ``after`` the number of records
    up to and with it."""

    labels: tuple[str, ...]
    fields: int
    first: int
    line: int
    after: int
    matched: int


@dataclass(frozen=True, slots=True)
class Layout:
    """A grid whose header is known. ``accepted``: the field counts that a record may have; ``above``: titles and
    header as they stand above the data, which page breaks repeat among it."""

    grid: Grid
    labels: tuple[str, ...]
    line: int
    accepted: frozenset[int]
    matched: int
    above: frozenset[tuple[str, ...]] = frozenset()

    @property
    def width(self) -> int:
        return len(self.labels)


# -------------------------------------------------------------------------------------------------------- header


def best_header(
    records: Sequence[Record], wanted: Wanted, spec: SourceSpec, grid: Grid | None = None
) -> HeaderFound | None:
    """The header among the first records: the declared line, or the line with most of the wanted labels."""
    merges = grid.merges if grid is not None else ()
    found: HeaderFound | None = None
    for at in range(min(len(records), HEADER_SCAN_ROWS)):
        line = records[at][0]
        if spec.header_row is not None and line < spec.header_row:
            continue
        if at + spec.header_rows > len(records):
            break
        lines = records[at : at + spec.header_rows]
        labels = _labels(lines, merges)
        matched = wanted.count(labels)
        header = _found(labels, lines, at + spec.header_rows, matched)
        if spec.header_row is not None:
            return header if line == spec.header_row else None
        if matched > (found.matched if found else 0):
            found = header
            if matched == len(wanted.folded):
                break
    if found is None and not wanted.folded:
        return _first_full(records, spec, merges)
    return found


def _first_full(
    records: Sequence[Record], spec: SourceSpec, merges: Sequence[tuple[int, int, int, int]]
) -> HeaderFound | None:
    """Without labels to look for: the first record that is not a title.

    A title has fewer fields than records usually have, or stands alone at the left with half of them blank at least."""
    head = [cells for _, cells, _ in records[:HEADER_SCAN_ROWS]]
    filled = [sum(map(bool, cells)) for cells in head]
    if not any(filled):
        return None
    usual = Counter(len(cells) for cells in head if any(cells)).most_common(1)[0][0]
    left = min(at for cells in head for at, cell in enumerate(cells) if cell)
    at = next(
        at
        for at, count in enumerate(filled)
        if count * 2 >= max(filled) or (count and len(head[at]) == usual and not head[at][left])
    )
    lines = records[at : at + spec.header_rows]
    return _found(_labels(lines, merges), lines, at + len(lines), 0)


def _found(labels: tuple[str, ...], lines: Sequence[Record], after: int, matched: int) -> HeaderFound:
    fields = max(len(cells) for _, cells, _ in lines)
    return HeaderFound(labels, fields, lines[0][0], lines[-1][0], after, matched)


def _labels(lines: Sequence[Record], merges: Sequence[tuple[int, int, int, int]]) -> tuple[str, ...]:
    """One line of labels, or several combined as ``above / below``."""
    rows = [[_BLANKS.sub(" ", clean_text(cell)) for cell in cells] for _, cells, _ in lines]
    labels = rows[-1]
    for at in range(len(rows) - 2, -1, -1):
        spans = [(left, right) for top, left, _, right in merges if top == lines[at][0]]
        labels = _combined(rows[at], labels, spans)
    while labels and not labels[-1]:
        labels.pop()
    return tuple(labels)


def _combined(above: list[str], below: list[str], spans: list[tuple[int, int]]) -> list[str]:
    """A group label stands over the sub-labels to its right until the next label, or as far as its cell is merged."""
    width = max(len(above), len(below))
    above = above + [""] * (width - len(above))
    below = below + [""] * (width - len(below))
    labels: list[str] = []
    group, last = "", width
    for at in range(width):
        if above[at]:
            # A label with nothing below it is a column of its own, not a group.
            group = above[at] if below[at] else ""
            last = next((right for left, right in spans if left == at), at if spans else width)
        over = above[at] or (group if at <= last else "")
        labels.append(f"{over} / {below[at]}" if over and below[at] else over if above[at] else below[at])
    return labels


# -------------------------------------------------------------------------------------------------------- layout


def lay_out(grid: Grid, wanted: Wanted, spec: SourceSpec) -> Layout | None:
    """The grid with its header and its width; None when it does not hold the header."""
    if grid.labels is not None:
        return Layout(grid, grid.labels, 0, frozenset(), len(grid.labels))
    head = grid.head(HEADER_SCAN_ROWS + SAMPLE_ROWS)
    if spec.columns is not None:
        labels = tuple(spec.columns)
        first = spec.header_row or 0
        after = sum(1 for line, _, _ in head if line <= first)
        layout = _measured(grid, labels, len(labels), first, head[after:], len(labels), spec)
        return replace(layout, above=_above(head[:after], spec))
    found = best_header(head, wanted, spec, grid)
    if found is None:
        return None
    grid.decide("SRC-53", found.first, lines=spec.header_rows, matched=found.matched, wanted=len(wanted.folded))
    layout = _measured(grid, found.labels, found.fields, found.line, head[found.after :], found.matched, spec)
    return replace(layout, above=_above(head[: found.after], spec))


def _above(records: Sequence[Record], spec: SourceSpec) -> frozenset[tuple[str, ...]]:
    """What page breaks repeat. With keys to fill down a line like a title may be the key of a group."""
    last = records[-spec.header_rows :] if spec.fill_down else records
    return frozenset(_bare(cells) for _, cells, _ in last if any(cells))


def _bare(cells: Sequence[str]) -> tuple[str, ...]:
    """The cells up to the last that is not blank."""
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return tuple(cells[:end])


def _measured(
    grid: Grid, labels: tuple[str, ...], fields: int, line: int, body: Sequence[Record], matched: int, spec: SourceSpec
) -> Layout:
    """The layout once the records below the header were counted. ``fields``: those of the header line, named or not."""
    if not grid.counted:
        width = max(len(labels), grid.columns)
        grid.expect(width, line)
        return Layout(grid, labels + ("",) * (width - len(labels)), line, frozenset(), matched)
    rules = _Rules(spec)
    counted = [
        cells
        for _, cells, trouble in body
        if not (trouble and trouble.broken) and any(cells) and not rules.set_aside(cells)
    ]
    habit = _Habit(grid, len(labels), fields, counted)
    if spec.columns is not None and habit.contradicts:
        params = {"declared": len(labels), "found": habit.usual}
        raise SourceError(Diagnostic("SRC-22", grid.location(), params))
    width, accepted = habit.width()
    grid.expect(habit.usual if habit.usual in accepted else width, line)
    return Layout(grid, labels[:width] + ("",) * (width - len(labels)), line, accepted, matched)


class _Habit:
    """How many fields the records of a text file usually have, against the header's.

    Damage is told from habit by number: one record with a field more or less is damaged; when nearly all have it, that
    is how the exporter writes. Every habit that differs from the header is stated."""

    def __init__(self, grid: Grid, named: int, fields: int, records: Sequence[Sequence[str]]) -> None:
        self._grid = grid
        self._named = named
        self._fields = fields
        self._lengths = list(map(len, records))
        self._counts = Counter(self._lengths)
        self._total = len(records)
        self.usual, self._times = max(
            self._counts.items(), key=lambda item: (item[1], item[0] == fields, item[0]), default=(fields, 0)
        )
        self._filled = any(any(cells[fields:]) for cells in records if len(cells) == self.usual)

    @property
    def _steady(self) -> bool:
        return self._times >= _STEADY * self._total

    @property
    def contradicts(self) -> bool:
        """Whether the records have another number of fields than declared names."""
        return self._steady and self._total > 0 and (self.usual < self._fields or self._filled)

    def width(self) -> tuple[int, frozenset[int]]:
        """The number of columns, and the field counts that a record may have."""
        fields, usual = self._fields, self.usual
        if usual > fields and self._steady and self._times >= (_ENOUGH if self._filled else _ENOUGH - 1):
            self._grid.decide("SRC-58" if self._filled else "SRC-59", labels=fields, fields=usual)
            return usual, frozenset((usual,))
        if usual == self._named < fields and self._steady:
            # The header line ends with delimiters that the records do not have.
            return fields, frozenset((usual, fields))
        short = sorted(n for n, times in self._counts.items() if 1 < n < fields and self._is_habit(n, times))
        if short:
            self._grid.decide("SRC-60", labels=fields, fields=", ".join(map(str, short)))
        return fields, frozenset((*short, fields))

    def _is_habit(self, length: int, times: int) -> bool:
        """Often enough, and in runs: spreadsheet programs leave out trailing delimiters for whole groups of rows, while
        pieces of a row that a line break cut stand beside pieces of other lengths."""
        least = _ENOUGH if times >= _STEADY * self._total else _SHORT_ROWS
        if times < max(least, _SHORT_SHARE * self._total):
            return False
        padded = [0, *self._lengths, 0]
        alone = sum(
            here == length and before != length and after != length
            for before, here, after in zip(padded, padded[1:], padded[2:], strict=False)
        )
        return alone <= times // 5


def occurrences(labels: Sequence[str]) -> list[tuple[str, int]]:
    """Each label folded, with its rank among equal ones: what makes two columns of two tables the same."""
    seen: Counter[str] = Counter()
    result = []
    for label in labels:
        key = fold(label)
        seen[key] += 1
        result.append((key, seen[key]))
    return result


# ---------------------------------------------------------------------------------------------------------- rows


class _Rules:
    """Which records are set aside: totals, and the footer from its first line on."""

    def __init__(self, spec: SourceSpec) -> None:
        self._totals = [re.compile(pattern, re.IGNORECASE) for pattern in spec.totals or ()]
        self._stop = fold(spec.stop_at) if spec.stop_at else None

    @property
    def exist(self) -> bool:
        return bool(self._totals) or self._stop is not None

    def set_aside(self, cells: Sequence[str]) -> str | None:
        """The code of the reason, or None."""
        first = next((cell for cell in cells if cell), "")
        if self._stop is not None and fold(first[:_LONGEST_LABEL]).startswith(self._stop):
            return "SRC-42"
        if any(pattern.match(first) for pattern in self._totals):
            return "SRC-41"
        return None


class RowReader:
    """Rows of one grid under the source's common header."""

    def __init__(self, source: str, layout: Layout, header: Sequence[str], spec: SourceSpec) -> None:
        self._source = source
        self._layout = layout
        self._header = header
        self._rules = _Rules(spec)
        self._skip_hidden = spec.hidden == "skip"
        self._take = _projection(layout.labels, header)
        self._place = {raw: at for at, raw in enumerate(self._take)} if self._take is not None else None
        self._fill = sorted(_indexes(spec.fill_down or (), header))
        #: Blank records between rows, and the line of the first one.
        self.blank = self.blank_from = 0

    def rows(self) -> Iterator[SourceRow]:
        layout, grid = self._layout, self._layout.grid
        source, file, sheet, start, width = self._source, grid.file, grid.sheet, layout.line, layout.width
        plain = self._take is None and not self._rules.exist and not self._fill and not self._hidden_sheet()
        finish, make = self._finisher(), _maker(source, file, sheet)
        repeated = frozenset(cells[0] for cells in layout.above)
        blank = pending = first_blank = 0
        # A row is handed over when the record after it is known; ``piece``: the record before was a piece of one.
        held: SourceRow | None = None
        piece = False
        for line, cells, trouble in grid.records():
            if line <= start:
                continue
            if (
                plain
                and trouble is None
                and len(cells) == width
                and (cells[0] or any(cells))
                and cells[0] not in repeated
            ):
                if pending:
                    blank += pending
                    pending = 0
                if held is not None:
                    yield held
                held = make(line, tuple(cells))
                if piece:
                    held, piece = _beside_piece(held), False
                continue
            if not any(cells) and not (trouble and (trouble.broken or trouble.faults)):
                pending += 1
                first_blank = first_blank or line
                if held is not None:
                    yield held
                held, piece = None, False
                continue
            blank += pending
            pending = 0
            row = finish(line, cells, trouble)
            cut = len(cells) == 1 < width and any(d.code == "SRC-30" for d in row.broken)
            if held is not None:
                yield _beside_piece(held) if cut else held
            held, piece = _beside_piece(row) if piece else row, cut
        if held is not None:
            yield held
        self.blank, self.blank_from = _gaps(grid, start) if grid.sparse else (blank, first_blank)

    def _hidden_sheet(self) -> bool:
        return self._skip_hidden and self._layout.grid.hidden

    def _finisher(self) -> Callable[[int, Sequence[str], Trouble | None], SourceRow]:
        """A function from record to row that remembers the footer and the cells to fill down, for one reading."""
        stopped = False
        filler = _Filler(self._fill)

        def finish(line: int, cells: Sequence[str], trouble: Trouble | None) -> SourceRow:
            nonlocal stopped
            trouble = trouble or Trouble()
            aside = "SRC-42" if stopped else self._rules.set_aside(cells)
            stopped = aside == "SRC-42"
            aside = aside or ("SRC-47" if _bare(cells) in self._layout.above else None)
            data = aside is None
            aside = aside or trouble.skip or self._hidden(trouble)
            if data:
                self._count(cells, trouble)
            ordered = self._ordered(cells)
            if data:
                filler.fill(ordered, trouble, self._place)
            return self._row(line, ordered, trouble, aside)

        return finish

    def _hidden(self, trouble: Trouble) -> str | None:
        if not self._skip_hidden:
            return None
        if self._layout.grid.hidden:
            return "SRC-44"
        return "SRC-43" if trouble.hidden else None

    def _count(self, cells: Sequence[str], trouble: Trouble) -> None:
        if self._layout.grid.counted and not trouble.broken and len(cells) not in self._layout.accepted:
            trouble.broken.append(Note("SRC-30", {"expected": self._layout.width, "found": len(cells)}))

    def _ordered(self, cells: Sequence[str]) -> list[str]:
        """Exactly one cell per column of the common header; cells too many stay visible in the last one."""
        width = self._layout.width
        if len(cells) > width:
            cells = [*cells[: width - 1], " | ".join(cells[width - 1 :])] if any(cells[width:]) else cells[:width]
        elif len(cells) < width:
            cells = [*cells, *[""] * (width - len(cells))]
        if self._take is None:
            return list(cells)
        return [cells[raw] if raw >= 0 else "" for raw in self._take]

    def _row(self, line: int, cells: list[str], trouble: Trouble, aside: str | None) -> SourceRow:
        grid = self._layout.grid

        def diagnose(note: Note) -> Diagnostic:
            at = self._at(note.column)
            column = None if at is None else self._header[at] or f"#{at + 1}"
            return Diagnostic(note.code, grid.location(line, column), note.params, note.level)

        faults = {at: diagnose(note) for note in trouble.faults if (at := self._at(note.column)) is not None}
        return SourceRow(
            self._source,
            grid.file,
            line,
            tuple(cells),
            grid.sheet,
            faults or _NO_FAULTS,
            tuple(diagnose(note) for note in trouble.broken),
            Diagnostic(aside, grid.location(line)) if aside else None,
            tuple(diagnose(note) for note in trouble.notices),
        )

    def _at(self, raw: int | None) -> int | None:
        """The column of the common header that a record's column became."""
        if raw is None:
            return None
        if self._place is not None:
            return self._place.get(raw)
        return raw if raw < len(self._header) else None


def _beside_piece(row: SourceRow) -> SourceRow:
    """The row, with the remark that a line beside it is a piece: a line break inside the first or the last field of a
    row leaves the rest of it with its usual number of fields."""
    if row.broken or row.skip:
        return row
    return replace(row, notices=(*row.notices, Diagnostic("SRC-84", row.location())))


def _maker(source: str, file: str, sheet: str | None) -> Callable[[int, tuple[str, ...]], SourceRow]:
    """Makes the rows that nothing is odd about, slot by slot: the constructor of a frozen dataclass takes twice as
    long, a quarter of the whole reading."""
    new: Callable[[type[SourceRow]], SourceRow] = object.__new__
    fixed = SourceRow(source, file, 0, (), sheet, _NO_FAULTS)
    same = [
        (vars(SourceRow)[slot.name].__set__, getattr(fixed, slot.name))
        for slot in fields(SourceRow)
        if slot.name not in ("line", "cells")
    ]
    (one, a), (two, b), (three, c), (four, d), (five, e), (six, f), (seven, g) = same
    set_line, set_cells = vars(SourceRow)["line"].__set__, vars(SourceRow)["cells"].__set__

    def make(line: int, cells: tuple[str, ...]) -> SourceRow:
        row = new(SourceRow)
        set_line(row, line)
        set_cells(row, cells)
        one(row, a)
        two(row, b)
        three(row, c)
        four(row, d)
        five(row, e)
        six(row, f)
        seven(row, g)
        return row

    return make


class _Filler:
    """Blank cells that repeat the cell above, group by group from the left.

    A new value in one column ends the groups to its right: a blank cell beside a new key is empty, not the neighbour's.
    After a damaged row nothing is known of the group, so blank cells break their rows until a value stands there again.
    """

    def __init__(self, columns: Sequence[int]) -> None:
        self._columns = columns
        self._above: dict[int, str | None] = dict.fromkeys(columns, "")
        self._faults: dict[int, Note] = {}

    def fill(self, cells: list[str], trouble: Trouble, place: Mapping[int, int] | None) -> None:
        if not self._columns:
            return
        if trouble.broken:
            self._above = dict.fromkeys(self._columns, None)
            return
        faults = {place.get(n.column, -1) if place else n.column: n for n in trouble.faults if n.column is not None}
        back = {at: raw for raw, at in place.items()} if place else None
        fresh = unknown = False
        for at in self._columns:
            raw = back.get(at, at) if back else at
            if cells[at] or at in faults:
                fresh = True
                self._above[at] = cells[at]
                self._faults.pop(at, None)
                if at in faults:
                    self._faults[at] = faults[at]
            elif fresh:
                self._above[at] = ""
                self._faults.pop(at, None)
            else:
                above = self._above[at]
                unknown = unknown or above is None
                cells[at] = above or ""
                if at in self._faults:
                    trouble.faults.append(self._faults[at])
                elif above:
                    trouble.notices.append(Note("CELL-09", column=raw))
        if unknown:
            trouble.broken.append(Note("SRC-33"))


def _gaps(grid: Grid, start: int) -> tuple[int, int]:
    """The number of blank rows among the data of a sheet that leaves them out, and the first of them."""
    count = first = 0
    last = start
    for line, cells, trouble in grid.records():
        if line > start and (any(cells) or (trouble and (trouble.broken or trouble.faults))):
            if line > last + 1:
                count += line - last - 1
                first = first or last + 1
            last = line
    return count, first


def _projection(labels: Sequence[str], header: Sequence[str]) -> tuple[int, ...] | None:
    """For each column of the common header, the column of this grid (-1: it has none); None when they are the same."""
    if tuple(labels) == tuple(header):
        return None
    places = {key: at for at, key in enumerate(occurrences(labels))}
    return tuple(places.get(key, -1) for key in occurrences(header))


def _indexes(names: Iterable[str], header: Sequence[str]) -> list[int]:
    places = {key: at for at, key in reversed(list(enumerate(occurrences(header))))}
    return [places[(fold(name), 1)] for name in names if (fold(name), 1) in places]
