"""OpenDocument spreadsheets, read from their own XML.

calamine reads ODS too, but knows neither error cells, nor hidden rows, nor the zeros that a display format adds; here
the file holds both the value and the text shown, so nothing has to be guessed. Repetitions are expanded within the
limits: a file of a kilobyte may claim a thousand million equal cells.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from converter.diagnostics import Diagnostic, SourceError, SourceLocation
from converter.sources.cells import to_text
from converter.sources.cleaning import clean_cells
from converter.sources.containers import Container
from converter.sources.limits import MAX_COLUMNS, MAX_GRID_CELLS, MAX_MARKUP_BYTES
from converter.sources.sheets import LoadedSheet
from converter.sources.table import Note, Record, Trouble

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["open_ods"]

_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"
_STYLE = "{urn:oasis:names:tc:opendocument:xmlns:style:1.0}"
_CALC = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"

_ERROR = re.compile(r"#[A-Z/0-9!?]+|Err:\d{3}|#[A-ZÀ-Ü]+ ?[!?]")
_DURATION = re.compile(r"(-?)PT(\d+)H(\d+)M(\d+)(?:[.,]\d+)?S")
_ZEROS = re.compile(r"0[\d .\-/\u00a0\u202f]+")
_NOT_DIGITS = re.compile(r"\D")


@dataclass(slots=True)
class _Sheet:
    """One table while it is read."""

    name: str
    hidden: bool
    records: list[Record] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    line: int = 0
    cells: int = 0


def open_ods(path: Path, file: str) -> list[LoadedSheet]:
    """The sheets in tab order. SourceError when the file is damaged, protected or beyond the limits."""
    with Container(path, file) as container:
        if container.size("content.xml") > MAX_MARKUP_BYTES:
            raise SourceError(Diagnostic("SRC-82", SourceLocation(file), {"limit": MAX_MARKUP_BYTES}))
        sheets = _Reader(file).read(container)
    return [_grid(path, file, sheet) for sheet in sheets]


def _grid(path: Path, file: str, sheet: _Sheet) -> LoadedSheet:
    grid = LoadedSheet(file, path, sheet.name, sheet.hidden, sheet.records)
    grid.hidden_rows = sheet.hidden_rows
    grid.merges = tuple(sheet.merges)
    return grid


class _Stream:
    """Blocks as the file object that lxml reads from."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks

    def read(self, size: int = -1) -> bytes:
        return next(self._blocks, b"")


class _Reader:
    """One pass over content.xml: styles come before the tables that use them."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._undisplayed: set[str] = set()
        self._sheets: list[_Sheet] = []
        self._depth = 0

    def read(self, container: Container) -> list[_Sheet]:
        from lxml import etree

        stream = cast("IO[bytes]", _Stream(container.blocks("content.xml")))
        tags = (f"{_TABLE}table", f"{_TABLE}table-row", f"{_STYLE}style")
        try:
            events = etree.iterparse(
                stream, ("start", "end"), tag=tags, resolve_entities=False, no_network=True, load_dtd=False
            )
            for event, element in events:
                self._take(event, element)
        except etree.XMLSyntaxError:
            raise SourceError(Diagnostic("SRC-11", SourceLocation(self._file))) from None
        return self._sheets

    def _take(self, event: str, element: etree._Element) -> None:
        if element.tag == f"{_STYLE}style":
            if event == "end" and any(node.get(f"{_TABLE}display") == "false" for node in element):
                self._undisplayed.add(element.get(f"{_STYLE}name", ""))
        elif element.tag == f"{_TABLE}table":
            self._depth += 1 if event == "start" else -1
            if event == "start" and self._depth == 1:
                hidden = element.get(f"{_TABLE}style-name", "") in self._undisplayed
                self._sheets.append(_Sheet(element.get(f"{_TABLE}name", ""), hidden))
        elif event == "end" and self._depth == 1:
            self._row(element, self._sheets[-1])
            _forget(element)

    def _row(self, row: etree._Element, sheet: _Sheet) -> None:
        times = _repeated(row, "rows")
        cells, faults = self._cells(row, sheet)
        hidden = row.get(f"{_TABLE}visibility", "visible") != "visible"
        if not any(cells) and not faults:
            if hidden and times < 1000:
                sheet.hidden_rows.update(range(sheet.line + 1, sheet.line + times + 1))
            sheet.line += times
            return
        trouble = Trouble(faults=faults, hidden=hidden) if faults or hidden else None
        cleaned, trouble = clean_cells(cells, Counter(), trouble)
        sheet.cells += len(cells) * times
        if sheet.cells > MAX_GRID_CELLS:
            place = SourceLocation(self._file, sheet.line + 1, None, sheet.name)
            raise SourceError(Diagnostic("SRC-12", place, {"what": f"> {MAX_GRID_CELLS}"}))
        for _ in range(times):
            sheet.line += 1
            sheet.records.append((sheet.line, cleaned, trouble))
            if hidden:
                sheet.hidden_rows.add(sheet.line)

    def _cells(self, row: etree._Element, sheet: _Sheet) -> tuple[list[str], list[Note]]:
        cells: list[str] = []
        faults: list[Note] = []
        blanks = 0
        for node in row:
            if node.tag not in (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
                continue
            times = _repeated(node, "columns")
            text, code = _value(node) if node.tag == f"{_TABLE}table-cell" else ("", None)
            if not text and code is None:
                blanks += times
                continue
            if len(cells) + blanks + times > MAX_COLUMNS:
                place = SourceLocation(self._file, sheet.line + 1, None, sheet.name)
                raise SourceError(Diagnostic("SRC-81", place, {"limit": MAX_COLUMNS}))
            cells += [""] * blanks
            blanks = 0
            _note_merge(node, sheet, len(cells))
            faults += [Note(code, column=len(cells) + at) for at in range(times)] if code else []
            cells += [text] * times
        return cells, faults


def _repeated(node: etree._Element, what: str) -> int:
    try:
        return max(int(node.get(f"{_TABLE}number-{what}-repeated", "1")), 1)
    except ValueError:
        return 1


def _note_merge(node: etree._Element, sheet: _Sheet, column: int) -> None:
    down, right = node.get(f"{_TABLE}number-rows-spanned", "1"), node.get(f"{_TABLE}number-columns-spanned", "1")
    if down.isdigit() and right.isdigit() and (down, right) != ("1", "1"):
        top = sheet.line + 1
        sheet.merges.append((top, column, top + int(down) - 1, column + int(right) - 1))


def _forget(element: etree._Element) -> None:
    """Drops a row that was read, and what stands before it."""
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _value(cell: etree._Element) -> tuple[str, str | None]:
    """A cell's text and the code of its fault."""
    kind = cell.get(f"{_OFFICE}value-type", "")
    formula = cell.get(f"{_TABLE}formula") is not None
    shown = _shown(cell)
    if cell.get(f"{_CALC}value-type") == "error" or (formula and _ERROR.fullmatch(shown)):
        return shown or "#", "CELL-01"
    if not kind:
        return (shown, None) if shown or not formula else ("", "CELL-02")
    if kind == "string":
        return shown or cell.get(f"{_OFFICE}string-value", ""), None
    if kind == "date":
        return _moment(cell.get(f"{_OFFICE}date-value", "")) or shown, None
    if kind == "time":
        return _clock(cell.get(f"{_OFFICE}time-value", "")) or shown, None
    if kind == "boolean":
        return ("VRAI" if cell.get(f"{_OFFICE}boolean-value") == "true" else "FAUX"), None
    return _number(cell.get(f"{_OFFICE}value", ""), kind, shown)


def _number(value: str, kind: str, shown: str) -> tuple[str, str | None]:
    try:
        number = float(value)
    except ValueError:
        return shown, "CELL-01"
    if kind == "percentage":
        return to_text(number, "0.##########%")[0], None
    text, code = to_text(number)
    if _ZEROS.fullmatch(shown) and _NOT_DIGITS.sub("", shown).lstrip("0") == text:
        # The display format adds zeros: they are part of what the person sees and means.
        return shown, code
    return text, code


def _moment(text: str) -> str:
    day, _, clock = text.partition("T")
    clock = clock.partition(".")[0]
    return f"{day}T{clock}" if clock.strip("0:") else day


def _clock(text: str) -> str:
    match = _DURATION.fullmatch(text)
    return f"{match[1]}{int(match[2]):02d}:{match[3]:0>2}:{match[4]:0>2}" if match else ""


def _shown(cell: etree._Element) -> str:
    """The paragraphs of a cell, without its comments."""
    return "\n".join(_flat(node) for node in cell if node.tag == f"{_TEXT}p")


def _flat(node: etree._Element) -> str:
    pieces = [node.text or ""]
    for child in node:
        if child.tag == f"{_TEXT}s":
            count = child.get(f"{_TEXT}c", "1")
            pieces.append(" " * min(int(count) if count.isdigit() else 1, 1000))
        elif child.tag == f"{_TEXT}tab":
            pieces.append("\t")
        elif child.tag == f"{_TEXT}line-break":
            pieces.append("\n")
        elif child.tag != f"{_OFFICE}annotation" and isinstance(child.tag, str):
            pieces.append(_flat(child))
        pieces.append(child.tail or "")
    return "".join(pieces)
