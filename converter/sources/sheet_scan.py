"""What the libraries do not tell of an XLSX sheet, read from its XML: formulas that were never calculated, error cells,
styles that carry digits, hidden rows, and how far the cells reach.

One streaming pass over the unpacked part. Rows are looked into only where their block of XML holds something of
interest, so that an ordinary sheet costs little more than unpacking it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from converter.sources.cells import is_odd_serial

__all__ = ["EMPTY", "ERROR", "FORMULA", "SheetFacts", "bounds", "column_of", "odd_moments", "scan_sheet"]

#: Kinds of facts about a cell; a style is its own (non-negative) number.
ERROR, FORMULA, EMPTY = -1, -2, -3

_ROW = re.compile(rb"<(?:\w+:)?row\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?row\s*>)", re.DOTALL)
_CELL = re.compile(rb"<(?:\w+:)?c\b([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c\s*>)", re.DOTALL)
_ROW_START = re.compile(rb"<(?:\w+:)?row\b")
_NUMBER = re.compile(rb"""\br\s*=\s*["'](\d+)["']""")
_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{1,3})\d+["']""")
_STYLE = re.compile(rb"""\bs\s*=\s*["'](\d+)["']""")
_TYPE = re.compile(rb"""\bt\s*=\s*["'](\w+)["']""")
_HIDDEN = re.compile(rb"""\bhidden\s*=\s*["'](?:1|true)["']""")
_HAS_FORMULA = re.compile(rb"<(?:\w+:)?f\b")
_VALUE = re.compile(rb"<(?:\w+:)?(?:v|is)\b[^>/]*>\s*[^<\s]|<(?:\w+:)?is\b")
_SERIAL = re.compile(rb"<(?:\w+:)?v\b[^>]*>\s*(-?[0-9.]+(?:[Ee][+-]?[0-9]+)?)\s*<")
_EMPTY_VALUE = re.compile(rb"<(?:\w+:)?v\b")
_ALL_COLUMNS = 16384
_UNUSUAL_STYLE = re.compile(rb"<\w+:row\b|<row[^>]*(?:='| =|= )|<c [^>]*(?:='| =|= )")
_TWO_LETTERS = 26 + 26**2
_THREE_LETTERS = re.compile(rb'r="[A-Z]{3}\d')
#: By number of alphabets known (26 columns each): longer names. The literal first byte keeps these fast.
_BEYOND = {at: re.compile(b'"[%c-Z][A-Z]\\d' % (64 + at)) for at in range(1, 27)}
_FILLED = re.compile(rb"""<(?:\w+:)?c\b[^>]*?\br\s*=\s*["']([A-Z]{1,3})(\d+)["'][^>]*?(?<!/)>""")


@dataclass(slots=True)
class SheetFacts:
    """Rows count from 1, columns from 0. ``cells``: per row, pairs of column and kind."""

    hidden: set[int] = field(default_factory=set)
    tells_hidden: bool = True
    cells: dict[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)


def column_of(letters: str) -> int:
    """``A`` is 0, ``XFD`` 16383."""
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1


def scan_sheet(blocks: Iterable[bytes], styles: Iterable[int] = ()) -> SheetFacts:
    """The facts of one sheet. ``styles``: cell styles to report, because their number format carries digits."""
    facts = SheetFacts()
    wanted = frozenset(styles)
    marks = [b's="%d"' % style for style in sorted(wanted)]
    shared: dict[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]] = {}
    unusual: bool | None = None
    row = 0
    for block in _whole_rows(blocks):
        if unusual is None:
            # Prefixes, single quotes, blanks around =: a writer has one style, so the first block tells.
            unusual = _UNUSUAL_STYLE.search(block) is not None
        if not unusual and not _interesting(block, marks):
            row = _last_row(block, row)
            continue
        for match in _ROW.finditer(block):
            attributes, content = match[1], match[2] or b""
            number = _NUMBER.search(attributes)
            row = int(number[1]) if number else row + 1
            if b"hidden" in attributes and _HIDDEN.search(attributes):
                facts.hidden.add(row)
            if found := tuple(_cells(content, wanted)):
                facts.cells[row] = shared.setdefault(found, found)
    return facts


def odd_moments(blocks: Iterable[bytes], formats: Mapping[int, str]) -> frozenset[tuple[int, int]]:
    """Row and column of the cells whose number is no possible moment. ``formats``: of the styles that show moments.

    A full look at every cell, so asked only when a library returned what might be one."""
    found: set[tuple[int, int]] = set()
    row = 0
    for block in _whole_rows(blocks):
        for match in _ROW.finditer(block):
            number = _NUMBER.search(match[1])
            row = int(number[1]) if number else row + 1
            found.update((row, column) for column in _odd_cells(match[2] or b"", formats))
    return frozenset(found)


def _odd_cells(content: bytes, formats: Mapping[int, str]) -> Iterator[int]:
    for column, attributes, inside in _split_cells(content):
        style, value = _STYLE.search(attributes), _SERIAL.search(inside)
        if style and value and (code := formats.get(int(style[1]))) and is_odd_serial(float(value[1]), code):
            yield column


def bounds(blocks: Callable[[], Iterable[bytes]], enough: int) -> tuple[int, int]:
    """Rows and columns that the sheet's cells stay within. As rough as ``enough`` cells allow, since exact is slow."""
    rows, wide = 0, False
    for block in _whole_rows(blocks()):
        rows = _last_row(block, rows)
        wide = wide or _THREE_LETTERS.search(block) is not None or _UNUSUAL_STYLE.search(block, 0, 4096) is not None
    columns = _ALL_COLUMNS if wide else _TWO_LETTERS
    if rows * columns > enough and not wide:
        columns = 26
        for block in _whole_rows(blocks()):
            columns = _columns(block, columns)
    return (rows, columns) if rows * columns <= enough else _reach(blocks())


def _columns(block: bytes, known: int) -> int:
    while known < _TWO_LETTERS and (found := _BEYOND[known // 26].search(block)):
        known = (found[0][1] - 64 + 1) * 26
    return known


def _reach(blocks: Iterable[bytes]) -> tuple[int, int]:
    """The last row and column that hold a cell with content: exact, and slower than the bounds of the scan."""
    rows = columns = 0
    for block in _whole_rows(blocks):
        for letters, number in {(match[1], match[2]) for match in _FILLED.finditer(block)}:
            rows = max(rows, int(number))
            columns = max(columns, column_of(letters.decode()) + 1)
    return rows, columns


def _whole_rows(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """Blocks cut after the end of a row. What follows the last row comes last."""
    rest = b""
    for block in blocks:
        block = rest + block
        cut = max(block.rfind(b"row>"), block.rfind(b"sheetData>"))
        cut = block.find(b">", cut) + 1 if cut >= 0 else 0
        if cut:
            yield block[:cut]
        rest = block[cut:]
    if rest:
        yield rest


def _interesting(block: bytes, marks: list[bytes]) -> bool:
    return b't="e"' in block or b"<f" in block or b"hidden=" in block or any(mark in block for mark in marks)


def _last_row(block: bytes, before: int) -> int:
    """The number of the last row of a block; rows without a number follow the one before."""
    last = max(block.rfind(b"<row "), block.rfind(b":row "))
    number = _NUMBER.search(block, last, last + 400) if last >= 0 else None
    return int(number[1]) if number else before + len(_ROW_START.findall(block))


def _split_cells(content: bytes) -> Iterator[tuple[int, bytes, bytes]]:
    """Column, attributes and content of the cells of one row."""
    column = -1
    for match in _CELL.finditer(content):
        reference = _REFERENCE.search(match[1])
        column = column_of(reference[1].decode()) if reference else column + 1
        yield column, match[1], match[2] or b""


def _cells(content: bytes, wanted: frozenset[int]) -> Iterator[tuple[int, int]]:
    for column, attributes, inside in _split_cells(content):
        kind = _TYPE.search(attributes)
        if kind and kind[1] == b"e":
            yield column, ERROR
        elif _HAS_FORMULA.search(inside) and not _calculated(inside, kind[1] if kind else b""):
            yield column, FORMULA
        elif wanted and (style := _STYLE.search(attributes)) and int(style[1]) in wanted:
            yield column, int(style[1])


def _calculated(inside: bytes, kind: bytes) -> bool:
    """Whether a formula cell holds a result: a value, or (for text) an empty one."""
    return _VALUE.search(inside) is not None or (kind == b"str" and _EMPTY_VALUE.search(inside) is not None)
