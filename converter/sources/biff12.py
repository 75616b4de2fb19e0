"""What calamine does not tell of an XLSB sheet, read from its BIFF12 records: error cells, hidden rows, styles of
numbers, and how far the cells reach.

[MS-XLSB] for the record layouts. A record that ends early ends the scan: calamine, which reads the same bytes, decides
whether the file is damaged.
"""

from __future__ import annotations

import posixpath
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from converter.diagnostics import Diagnostic, SourceError, SourceLocation
from converter.sources.biff import rk_number
from converter.sources.cells import BUILT_IN, is_moment_format, is_odd_serial, mask_of, moment_text, to_text
from converter.sources.containers import Container
from converter.sources.ooxml import SheetPart, relations
from converter.sources.sheet_scan import ERROR, SheetFacts

__all__ = ["XlsbSheet", "XlsbWorkbook"]

_ROW, _BLANK, _CELL_ERROR, _LAST_CELL = 0, 1, 3, 11
_FORMULA_ERROR = 11
_RK = 2
_NUMBERS = frozenset((_RK, 5, 9))
_FORMAT, _XF, _BEGIN_CELL_XFS, _END_CELL_XFS, _SHEET, _PROPERTIES = 44, 47, 617, 618, 156, 153
_HIDDEN_ROW = 0x10


def records(stream: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and body of each record; both the type and the size are of variable length."""
    at, end = 0, len(stream)
    while at < end:
        kind = stream[at]
        at += 1
        if kind & 0x80 and at < end:
            kind = (kind & 0x7F) | (stream[at] & 0x7F) << 7
            at += 1
        size = shift = 0
        while at < end and shift < 28:
            byte = stream[at]
            at += 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        if at + size > end:
            return
        yield kind, stream[at : at + size]
        at += size


def _text(body: bytes, at: int) -> tuple[str, int]:
    """A counted UTF-16 text and where it ends."""
    length = struct.unpack_from("<I", body, at)[0]
    if length == 0xFFFFFFFF:
        return "", at + 4
    end = at + 4 + 2 * length
    return body[at + 4 : end].decode("utf-16-le", "replace"), end


@dataclass(frozen=True, slots=True)
class XlsbWorkbook:
    """The sheets in tab order, and the number format of every cell style."""

    path: Path
    file: str
    sheets: tuple[SheetPart, ...]
    formats: tuple[str, ...]
    from_1904: bool = False

    @classmethod
    def read(cls, path: Path, file: str) -> XlsbWorkbook:
        """SourceError when the container is damaged or refused."""
        with Container(path, file) as container:
            part = "xl/workbook.bin"
            targets = relations(container, part, file)
            try:
                stream = container.read(part)
                sheets = tuple(_sheets(stream, targets))
                formats = tuple(_formats(container.read("xl/styles.bin")))
            except (struct.error, IndexError):
                raise SourceError(Diagnostic("SRC-11", SourceLocation(file))) from None
        from_1904 = any(kind == _PROPERTIES and body[:1] and body[0] & 1 for kind, body in records(stream))
        return cls(path, file, sheets, formats, from_1904)


def _sheets(stream: bytes, targets: dict[str, tuple[str, str]]) -> Iterator[SheetPart]:
    for kind, body in records(stream):
        if kind == _SHEET:
            state = struct.unpack_from("<I", body)[0]
            relation, end = _text(body, 8)
            name, _ = _text(body, end)
            part, what = targets.get(relation, ("", ""))
            if what == "worksheet":
                yield SheetPart(name, state != 0, posixpath.normpath(part))


def _formats(stream: bytes) -> Iterator[str]:
    own: dict[int, str] = {}
    within = False
    for kind, body in records(stream):
        if kind == _FORMAT:
            own[struct.unpack_from("<H", body)[0]] = _text(body, 2)[0]
        elif kind in (_BEGIN_CELL_XFS, _END_CELL_XFS):
            within = kind == _BEGIN_CELL_XFS
        elif kind == _XF and within:
            number = struct.unpack_from("<H", body, 2)[0]
            yield own.get(number) or BUILT_IN.get(str(number), "General")


class XlsbSheet:
    """What a scan of one sheet knows (see ``calamine.Knowledge``)."""

    def __init__(self, book: XlsbWorkbook, sheet: SheetPart) -> None:
        self._book = book
        self._sheet = sheet
        self._facts: SheetFacts | None = None
        self._bounds = (0, 0)

    def bounds(self) -> tuple[int, int]:
        self.facts()
        return self._bounds

    def text(self, value: float, style: int) -> tuple[str, str | None]:
        code = self._book.formats[style]
        if is_moment_format(code):
            return moment_text(value, code, self._book.from_1904)
        return to_text(value, code)

    def odd_moments(self) -> frozenset[tuple[int, int]]:
        with Container(self._book.path, self._book.file, trusted=True) as container:
            stream = container.read(self._sheet.part)
        found: set[tuple[int, int]] = set()
        row = 0
        for kind, body in records(stream):
            if kind == _ROW and len(body) >= 4:
                row = struct.unpack_from("<I", body)[0] + 1
            elif kind in _NUMBERS and len(body) >= 12:
                column, style = struct.unpack_from("<II", body)
                code = self._book.formats[style & 0xFFFFFF] if style & 0xFFFFFF < len(self._book.formats) else ""
                if is_moment_format(code) and is_odd_serial(_number(kind, body), code):
                    found.add((row, column))
        return frozenset(found)

    def facts(self) -> SheetFacts:
        if self._facts is None:
            with Container(self._book.path, self._book.file, trusted=True) as container:
                self._facts = self._scan(container.read(self._sheet.part))
        return self._facts

    def _scan(self, stream: bytes) -> SheetFacts:
        facts = SheetFacts()
        masked = frozenset(at for at, code in enumerate(self._book.formats) if mask_of(code) is not None)
        # calamine leaves dates that are stored as small integers, as most are, integers.
        moments = frozenset(at for at, code in enumerate(self._book.formats) if is_moment_format(code))
        cells: dict[int, list[tuple[int, int]]] = {}
        row = rows = columns = 0
        for kind, body in records(stream):
            if kind == _ROW and len(body) >= 12:
                row = struct.unpack_from("<I", body)[0] + 1
                if body[11] & _HIDDEN_ROW:
                    facts.hidden.add(row)
            elif _BLANK < kind <= _LAST_CELL and len(body) >= 8:
                column, style = struct.unpack_from("<II", body)
                style &= 0xFFFFFF
                rows, columns = max(rows, row), max(columns, column + 1)
                if kind in (_CELL_ERROR, _FORMULA_ERROR):
                    cells.setdefault(row, []).append((column, ERROR))
                elif (kind in _NUMBERS and style in masked) or (kind == _RK and style in moments):
                    cells.setdefault(row, []).append((column, style))
        self._bounds = (rows, columns)
        facts.cells = {row: tuple(pairs) for row, pairs in cells.items()}
        return facts


def _number(kind: int, body: bytes) -> float:
    if kind == _RK:
        return rk_number(struct.unpack_from("<I", body, 8)[0])
    return float(struct.unpack_from("<d", body, 8)[0]) if len(body) >= 16 else 0.0
