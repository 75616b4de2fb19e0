r"""Delimited text: records with their physical line, damage seen and kept to its own row.

A line whose quotes are all in their right place is cut with ``str.split``, which is faster than the ``csv`` module and
hides nothing (that module takes a stray quote as text). Everything else is parsed with care:

* a quote in the middle of a field, or something after a closing quote: that row is broken;
* a quote left open: the field is followed over the next lines. It is a field of several lines when it closes properly
and swallowed no whole record; else the row is broken and the lines after it are read again as their own rows;
* fields are counted later, against the header (see ``structure``): here every record keeps what it has.

``\r\n``, ``\n`` and ``\r`` all end a line, mixed as they come; inside a quoted field they are ``\n``.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from enum import Enum
from pathlib import Path

from converter.sources.cleaning import clean_cells, unusual
from converter.sources.encoding import Decoding, blocks
from converter.sources.limits import MAX_CELL_CHARS, MAX_FIELD_LINES
from converter.sources.table import Grid, Note, Record, Trouble

__all__ = ["TextGrid", "parse"]

#: So many consecutive whole records inside a field, and it is certain that its quote was never closed.
_CERTAIN = 20
#: Delimiters inside a field over several lines that show it to hold records; and so many that one record is proof.
_PROOF, _MANY = 2, 4
#: In place of an escaped quote while a line is cut: no text holds it.
_STAND_IN = "\ufdd0"
#: ="00123": how exporters keep Excel from eating zeros; the field may hold the delimiter.
_GUARD = '="'


class State(Enum):
    """How a line's quotes came out."""

    CLOSED = 0
    LITERAL = 1  # quotes inside an unquoted field, in pairs: kept as text
    STRAY = 2
    OPEN = 3


def parse(line: str, delimiter: str, quote: str) -> tuple[list[str], State]:
    """The fields of one record, which may hold line breaks inside quotes. STRAY and OPEN stop where they are seen."""
    cells: list[str] = []
    state = State.CLOSED
    at, length, step = 0, len(line), len(delimiter)
    while True:
        start = at
        while start < length and line[start] in " \t" and not line.startswith(delimiter, start):
            start += 1
        guarded = line.startswith(_GUARD, start)
        if guarded or line.startswith(quote, start):
            first = start + 1 + guarded
            end = _closing(line, first, quote)
            if end < 0:
                return cells, State.OPEN
            # A guard stays as it is: cleaning unwraps and counts it.
            cells.append(line[start : end + 1] if guarded else line[first:end].replace(quote + quote, quote))
            at = end + 1
            while at < length and line[at] in " \t" and not line.startswith(delimiter, at):
                at += 1
            if at == length:
                return cells, state
            if not line.startswith(delimiter, at):
                return cells, State.STRAY
        else:
            at = line.find(delimiter, start)
            cell = line[start:at] if at >= 0 else line[start:]
            if "\n" in cell:
                # Only a quoted field may hold a line break.
                return cells, State.STRAY
            if quote in cell:
                if cell.count(quote) % 2:
                    return cells, State.STRAY
                state = State.LITERAL
            cells.append(cell)
            if at < 0:
                return cells, state
        at += step


def _closing(line: str, at: int, quote: str) -> int:
    """Where a quoted field ends; -1 when it does not."""
    while True:
        at = line.find(quote, at)
        if at < 0 or not line.startswith(quote, at + 1):
            return at
        at += 2


def _split(pieces: list[str], delimiter: str, quote: str) -> list[str] | None:
    """The fields of a record whose quotes are all in their right place; None when one is not, without saying why.

    ``pieces``: the record cut at its quotes. Every second piece is the inside of a quoted field; the pieces between
    must begin and end with a delimiter, and an empty one between two insides is a doubled quote.
    """
    cells = pieces[0].split(delimiter)
    last, step = len(pieces) - 1, len(delimiter)
    if cells[-1] or last % 2:
        return None
    inside = pieces[1]
    for at in range(2, last, 2):
        between = pieces[at]
        if not between:
            inside += quote + pieces[at + 1]
            continue
        more = between[step:].split(delimiter)
        if more[-1] or not between.startswith(delimiter):
            return None
        cells[-1] = inside
        cells += more
        inside = pieces[at + 1]
    cells[-1] = inside
    if after := pieces[last]:
        if not after.startswith(delimiter):
            return None
        cells += after[step:].split(delimiter)
    return cells


class TextGrid(Grid):
    """One text file, with a given delimiter and quote (``""`` for none)."""

    counted = True

    def __init__(self, file: str, path: Path, decoding: Decoding, delimiter: str, quote: str) -> None:
        super().__init__(file, path)
        self.decoding = decoding
        self.delimiter = delimiter
        self.quote = quote
        #: Lines at the top that are no record (`sep=;`).
        self.leading = 0
        #: The header itself is a line in quotes; lines of the data may be so in any file.
        self.wrapped = False
        self._width: int | None = None

    def expect(self, width: int, line: int) -> None:
        self._width = width

    def records(self) -> Iterator[Record]:
        self.tally.clear()
        number, delimiter, quote, strip = 0, self.delimiter, self.quote, str.strip
        feed = blocks(self.path, self.decoding, self.file)
        for text, notes in feed:
            if number < self.leading:
                text = text.partition("\n")[2]
                notes = {at - 1: note for at, note in notes.items() if at}
                number = 1
            if (quote and quote in text) or notes or unusual(text, self.decoding.plain):
                number = yield from self._careful(text, notes, feed, number)
                continue
            for line in _lines(text):
                number += 1
                yield number, tuple(map(strip, line.split(delimiter))), None

    def _careful(
        self, text: str, notes: Mapping[int, Note], feed: Iterator[tuple[str, Mapping[int, Note]]], number: int
    ) -> Generator[Record, None, int]:
        """Records of a block with quotes or unusual characters; may draw further blocks. Returns the last line."""
        lines = _Lines(text, notes, feed)
        delimiter, quote, width, strip = self.delimiter, self.quote, self._width, str.strip
        between, full = quote + delimiter + quote, 2 * (width or 0)
        buffer, noted = lines.lines, bool(notes)
        dirty = unusual(text, self.decoding.plain)
        at, clean, unwrap = 0, not (dirty or noted), self.wrapped if width is None else width > 1
        while at < len(buffer):
            line = buffer[at]
            trouble: Trouble | None = None
            span = 1
            if dirty and line.startswith("\ufeff"):
                # Files were put together: the mark must not hide the quote behind it.
                buffer[at] = line = line.lstrip("\ufeff")
                trouble = Trouble(notices=[Note("CELL-08", {"count": 1}, 0)])
            if not quote or quote not in line:
                cells = line.split(delimiter)
            elif (
                line[0] == quote == line[-1]
                and len(cells := line[1:-1].split(between)) == width
                and line.count(quote) == full
            ):
                # All fields quoted: with that many quotes none is left over, so each cut was a true one.
                pass
            elif (plain := _split(line.split(quote), delimiter, quote)) is not None:
                cells = plain
                if len(plain) == 1 and unwrap and (record := self._unwrapped(line, plain[0])):
                    cells, trouble = record, trouble or Trouble()
                    trouble.notices.append(Note("SRC-85"))
            else:
                cells, trouble, span = self._quoted(lines, at, trouble)
                if lines.grown:
                    dirty, noted, clean = True, bool(lines.notes), False
            if clean:
                at += span
                yield number + at - span + 1, tuple(map(strip, cells)), trouble
                continue
            if noted and (note := lines.note(at, span)):
                trouble = trouble or Trouble()
                (trouble.broken if note.code == "SRC-36" else trouble.notices).append(note)
            if dirty:
                cells, trouble = clean_cells(cells, self.tally, trouble)
                yield number + at + 1, cells, trouble
            else:
                yield number + at + 1, tuple(map(strip, cells)), trouble
            at += span
        return number + at

    def _quoted(self, lines: _Lines, at: int, trouble: Trouble | None) -> tuple[list[str], Trouble | None, int]:
        """A record that needs care: its cells, what is odd, and how many lines it takes."""
        line = lines.lines[at]
        cells, state = parse(line, self.delimiter, self.quote)
        if state is State.CLOSED:
            return cells, trouble, 1
        trouble = trouble or Trouble()
        if state is State.LITERAL:
            trouble.notices.append(Note("SRC-57"))
            return cells, trouble, 1
        if state is State.OPEN:
            cells, span = self._joined(lines, at)
            if span:
                return cells, trouble if trouble.notices else None, span
        if (escaped := self._escaped(line)) is not None:
            trouble.notices.append(Note("SRC-83"))
            return escaped, trouble, 1
        trouble.broken.append(Note("SRC-32" if state is State.OPEN else "SRC-31"))
        return line.split(self.delimiter), trouble, 1

    def _unwrapped(self, line: str, cell: str) -> list[str] | None:
        """The fields of a record that stands in quotes as a whole: a spreadsheet program took each line for one cell.

        None when it is a field like any other: not quoted, or without the usual number of fields inside."""
        if not self.quote or not line.startswith(self.quote) or self.delimiter not in cell:
            return None
        cells, state = parse(cell, self.delimiter, self.quote)
        if state not in (State.CLOSED, State.LITERAL) or (self._width is not None and len(cells) != self._width):
            return None
        return cells

    def _escaped(self, line: str) -> list[str] | None:
        r"""The fields of a line whose inner quotes are written \" (as databases do), in pairs; None when they are not.

        Only where the line makes no sense otherwise: a path may end in a backslash."""
        mark = "\\" + self.quote
        count = line.count(mark)
        if not count or count % 2 or _STAND_IN in line:
            return None
        cells, state = parse(line.replace(mark, _STAND_IN), self.delimiter, self.quote)
        if state is not State.CLOSED or (self._width is not None and len(cells) != self._width):
            return None
        return [cell.replace(_STAND_IN, self.quote) for cell in cells]

    def _joined(self, lines: _Lines, at: int) -> tuple[list[str], int]:
        """A record over several lines, and their number; 0 when the quote was left open."""
        buffer = lines.lines
        count, chars, whole, end = buffer[at].count(self.quote), len(buffer[at]), 0, at
        while (end + 1 < len(buffer) or lines.more()) and end - at < MAX_FIELD_LINES and chars < MAX_CELL_CHARS:
            end += 1
            line = buffer[end]
            chars += len(line) + 1
            quotes = line.count(self.quote)
            if not quotes:
                whole = whole + 1 if self._is_whole(line) else 0
                if whole >= _CERTAIN:
                    return [], 0
                continue
            count += quotes
            if count % 2:
                continue
            cells, state = parse("\n".join(buffer[at : end + 1]), self.delimiter, self.quote)
            if state is State.OPEN:
                continue
            if state is State.STRAY or self._swallowed(buffer[at : end + 1], cells):
                return [], 0
            return cells, end + 1 - at
        return [], 0

    def _is_whole(self, line: str) -> bool:
        width = self._width
        return width is not None and width > 1 and line.count(self.delimiter) == width - 1

    def _swallowed(self, lines: list[str], cells: list[str]) -> bool:
        """Whether a quoted field of these lines holds lines that are records themselves.

        Only what is inside the field speaks: a line break in a label or a note is ordinary. One short line that has a
        record's delimiters by chance is no proof; several of them are, or one with many."""
        width = self._width
        if width is None or width < 2:
            return False
        at = 0
        for cell in cells:
            pieces = cell.split("\n")
            if len(pieces) > 1 and self._holds_records(pieces, lines[at], lines[at + len(pieces) - 1]):
                return True
            at += len(pieces) - 1
        return False

    def _holds_records(self, pieces: list[str], first: str, last: str) -> bool:
        """The same of one field, with the lines on which it begins and ends."""
        inside = pieces[1:-1]
        whole = [self._is_whole(piece) for piece in inside]
        delimiters = (self._width or 1) - 1
        if whole and (all(whole) if delimiters < _MANY else any(whole)) and sum(whole) * delimiters >= _PROOF:
            return True
        inner = pieces[-1].count(self.delimiter)
        if not inner or not self._is_whole(last):
            return False
        return inner >= _PROOF or (self._is_whole(first) and self.delimiter in first.rpartition(self.quote)[2])


def _lines(text: str) -> list[str]:
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    return lines


class _Lines:
    """The lines of a block, and of the blocks after it when a record goes on there."""

    def __init__(self, text: str, notes: Mapping[int, Note], feed: Iterator[tuple[str, Mapping[int, Note]]]) -> None:
        self.lines = _lines(text)
        self.notes = dict(notes)
        self.grown = False
        self._feed = feed

    def more(self) -> bool:
        """Draws the next block; False at the end of the file."""
        drawn = next(self._feed, None)
        if drawn is None:
            return False
        text, notes = drawn
        offset = len(self.lines)
        self.lines += _lines(text)
        self.notes.update({offset + at: note for at, note in notes.items()})
        self.grown = True
        return True

    def note(self, at: int, span: int) -> Note | None:
        """The gravest remark on some lines."""
        found = [note for line in range(at, at + span) if (note := self.notes.get(line))]
        return min(found, key=lambda note: note.code) if found else None
