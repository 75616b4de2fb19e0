"""What calamine does not tell of an XLS sheet, read from its BIFF records: error cells, hidden rows, styles of numbers.

[MS-XLS] for the record layouts. Strings of cells are never looked at; a record that ends early ends the scan, since
calamine, which reads the same bytes, decides whether the file is damaged.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from converter.diagnostics import Diagnostic, SourceError, SourceLocation
from converter.sources.cells import BUILT_IN, is_moment_format, is_odd_serial, mask_of, to_text
from converter.sources.compound import CompoundError, CompoundFile
from converter.sources.sheet_scan import EMPTY, ERROR, SheetFacts

__all__ = ["XlsSheet", "XlsWorkbook", "rk_number"]

_BOF, _EOF, _FILEPASS, _BOUNDSHEET, _FORMAT, _XF = 0x0809, 0x000A, 0x002F, 0x0085, 0x041E, 0x00E0
_ROW, _FORMULA, _BOOLERR, _NUMBER, _RK, _MULRK = 0x0208, 0x0006, 0x0205, 0x0203, 0x027E, 0x00BD
_BIFF8 = 0x0600
_HIDDEN_ROW = 0x20
#: An XLS sheet has at most 65,536 rows of 256 columns.
_BOUNDS = (65_536, 256)


def _records(stream: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Type and body of each record of the substream that begins at an offset; embedded substreams are passed over."""
    depth = 0
    while at + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, at)
        body = stream[at + 4 : at + 4 + size]
        at += 4 + size
        if len(body) < size:
            return
        if kind == _BOF:
            depth += 1
        elif kind == _EOF:
            depth -= 1
            if depth == 0:
                return
        if depth == 1:
            yield kind, body


@dataclass(slots=True)
class XlsWorkbook:
    """The workbook's globals. SourceError SRC-09 when it is encrypted, SRC-11 when it is damaged."""

    stream: bytes
    #: Where each sheet's substream begins, in tab order.
    offsets: list[int] = field(default_factory=list)
    formats: dict[int, str] = field(default_factory=dict)
    styles: list[int] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path, file: str) -> XlsWorkbook:
        try:
            with CompoundFile(path) as compound:
                name = next((n for n in ("workbook", "book") if n in compound.streams), None)
                stream = compound.read(name) if name is not None else b""
        except CompoundError:
            raise SourceError(Diagnostic("SRC-11", SourceLocation(file))) from None
        book = cls(stream)
        book._globals(file)
        return book

    def _globals(self, file: str) -> None:
        unicode = True
        for kind, body in _records(self.stream, 0):
            if kind == _BOF and len(body) >= 2:
                unicode = struct.unpack_from("<H", body)[0] >= _BIFF8
            elif kind == _FILEPASS:
                raise SourceError(Diagnostic("SRC-09", SourceLocation(file), {"type": "Excel XLS"}))
            elif kind == _BOUNDSHEET and len(body) >= 6:
                self.offsets.append(struct.unpack_from("<I", body)[0])
            elif kind == _FORMAT and len(body) >= 5:
                self.formats[struct.unpack_from("<H", body)[0]] = _string(body, unicode)
            elif kind == _XF and len(body) >= 4:
                self.styles.append(struct.unpack_from("<H", body, 2)[0])

    def format(self, style: int) -> str:
        number = self.styles[style] if style < len(self.styles) else 0
        return self.formats.get(number) or BUILT_IN.get(str(number), "General")

    def masked(self) -> frozenset[int]:
        """The styles whose number format carries digits."""
        return frozenset(at for at in range(len(self.styles)) if mask_of(self.format(at)) is not None)


def _string(body: bytes, unicode: bool) -> str:
    """The text of a FORMAT record."""
    if not unicode:
        return body[3 : 3 + body[2]].decode("cp1252", "replace")
    length, flags = struct.unpack_from("<HB", body, 2)
    if flags & 1:
        return body[5 : 5 + 2 * length].decode("utf-16-le", "replace")
    return body[5 : 5 + length].decode("latin-1")


class XlsSheet:
    """What a scan of one sheet knows (see ``calamine.Knowledge``)."""

    def __init__(self, book: XlsWorkbook | None, index: int) -> None:
        self._book = book
        self._index = index

    def bounds(self) -> tuple[int, int]:
        return _BOUNDS

    def text(self, value: float, style: int) -> tuple[str, str | None]:
        return to_text(value, self._book.format(style) if self._book is not None else "General")

    def odd_moments(self) -> frozenset[tuple[int, int]]:
        book = self._book
        if book is None or self._index >= len(book.offsets):
            return frozenset()
        formats = [book.format(at) for at in range(len(book.styles))]
        return frozenset(
            (row + 1, column)
            for kind, body in _records(book.stream, book.offsets[self._index])
            for row, column, style, value in _numbers(kind, body)
            if style < len(formats) and is_moment_format(formats[style]) and is_odd_serial(value, formats[style])
        )

    def facts(self) -> SheetFacts:
        book = self._book
        if book is None or self._index >= len(book.offsets):
            return SheetFacts(tells_hidden=False)
        facts = SheetFacts()
        cells: dict[int, list[tuple[int, int]]] = {}
        masked = book.masked()
        for kind, body in _records(book.stream, book.offsets[self._index]):
            if kind == _ROW and len(body) >= 16:
                if body[12] & _HIDDEN_ROW:
                    facts.hidden.add(struct.unpack_from("<H", body)[0] + 1)
            elif kind in _CELLS and len(body) >= 6:
                row = struct.unpack_from("<H", body)[0] + 1
                for pair in _pairs(kind, body, masked):
                    cells.setdefault(row, []).append(pair)
        facts.cells = {row: tuple(pairs) for row, pairs in cells.items()}
        return facts


_CELLS = frozenset((_FORMULA, _BOOLERR, _NUMBER, _RK, _MULRK))


def _pairs(kind: int, body: bytes, masked: frozenset[int]) -> Iterator[tuple[int, int]]:
    """Column and fact of the cells of one record."""
    column, style = struct.unpack_from("<HH", body, 2)
    if kind == _BOOLERR:
        if len(body) >= 8 and body[7]:
            yield column, ERROR
    elif kind == _FORMULA and len(body) >= 14 and body[12:14] == b"\xff\xff":
        # The result is no number: 2 says an error, 3 an empty text, which is also what some writers put for "unknown".
        if body[6] in (2, 3):
            yield column, ERROR if body[6] == 2 else EMPTY
    elif kind == _MULRK:
        for at in range(4, len(body) - 6 + 1, 6):
            style = struct.unpack_from("<H", body, at)[0]
            if style in masked:
                yield column + (at - 4) // 6, style
    elif style in masked:
        yield column, style


def _numbers(kind: int, body: bytes) -> Iterator[tuple[int, int, int, float]]:
    """Row, column (from 0), style and value of the numbers of one record."""
    if kind not in _CELLS or len(body) < 10:
        return
    row, column, style = struct.unpack_from("<HHH", body)
    if kind == _RK:
        yield row, column, style, rk_number(struct.unpack_from("<I", body, 6)[0])
    elif kind == _MULRK:
        for at in range(4, len(body) - 6 + 1, 6):
            style, packed = struct.unpack_from("<HI", body, at)
            yield row, column + (at - 4) // 6, style, rk_number(packed)
    elif len(body) >= 14 and kind in (_NUMBER, _FORMULA) and (kind == _NUMBER or body[12:14] != b"\xff\xff"):
        yield row, column, style, struct.unpack_from("<d", body, 6)[0]


def rk_number(packed: int) -> float:
    """The number packed in 30 bits: a small integer, or the upper half of a double; perhaps in hundredths."""
    number: float
    if packed & 2:
        number = (packed >> 2) - (1 << 30 if packed & 0x80000000 else 0)
    else:
        number = struct.unpack("<d", struct.pack("<Q", (packed & 0xFFFFFFFC) << 32))[0]
    return number / 100 if packed & 1 else number
