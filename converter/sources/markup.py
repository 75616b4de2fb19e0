"""Tables in markup: HTML pages and SpreadsheetML 2003 workbooks, both often named .xls by legacy software.

An HTML cell is the text shown; a cell that spans others leaves them blank. A SpreadsheetML cell has a type, and is
written as a cell of any other workbook. A DOCTYPE with declarations is refused, nothing is fetched.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from converter.diagnostics import Diagnostic, SourceError, SourceLocation
from converter.sources.cells import is_clock_format, mask_of, to_text
from converter.sources.cleaning import clean_cells
from converter.sources.containers import has_doctype
from converter.sources.encoding import Decoding, detect
from converter.sources.limits import MAX_COLUMNS, MAX_GRID_CELLS, MAX_MARKUP_BYTES
from converter.sources.sheets import LoadedSheet
from converter.sources.table import Note, Record, Trouble

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["check_size", "open_html", "open_spreadsheet_xml", "refuse_doctype"]

_CHARSET = re.compile(rb"<meta[^>]*?charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)|mso-hide\s*:\s*all", re.IGNORECASE)
_UNSHOWN = frozenset(("script", "style", "template", "noscript", "title"))
_BLOCKS = frozenset(("p", "div", "li", "tr", "h1", "h2", "h3", "h4", "h5", "h6"))
#: What browsers do, since that is where the page was tried: nobody means the C1 control characters of latin-1.
_WEB = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "us-ascii": "cp1252", "ascii": "cp1252"}

_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_EXCEL = "{urn:schemas-microsoft-com:office:excel}"
_NAMED_FORMATS = {"Percent": "0.00%"}
_TIME_ONLY = ("1899-12-30", "1899-12-31", "1900-01-00")


def check_size(path: Path, file: str) -> None:
    """SourceError when a file that is read whole is too large for that."""
    if path.stat().st_size > MAX_MARKUP_BYTES:
        raise SourceError(Diagnostic("SRC-82", SourceLocation(file), {"limit": MAX_MARKUP_BYTES}))


def refuse_doctype(path: Path, file: str) -> None:
    """SourceError when an XML file declares a document type."""
    with path.open("rb") as stream:
        if has_doctype(stream.read(1 << 16)):
            raise SourceError(Diagnostic("SRC-23", SourceLocation(file)))


# ---------------------------------------------------------------------------------------------------------- HTML


def open_html(path: Path, file: str, declared: str | None) -> list[LoadedSheet]:
    """The tables of a page in the order in which they begin; named `table 1`… when there are several."""
    from lxml import etree

    check_size(path, file)
    decoding = _page_decoding(path, file, declared)
    text = path.read_bytes()[decoding.skip :].decode(decoding.codec, decoding.errors)
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, huge_tree=True)
    root = etree.fromstring(text.replace("\x00", "").encode("utf-8", "replace"), parser)
    tables = [] if root is None else list(root.iter("table"))
    if not tables:
        raise SourceError(Diagnostic("SRC-07", SourceLocation(file), {"type": "HTML"}))
    grids = []
    for at, table in enumerate(tables, 1):
        records, merges = _page_records(table, file)
        grid = LoadedSheet(file, path, f"table {at}" if len(tables) > 1 else None, False, records, typed=False)
        grid.hidden_rows = {line for line, _, trouble in records if trouble and trouble.hidden}
        grid.merges = tuple(merges)
        if declared is None:
            grid.decide("SRC-72", encoding=decoding.codec, how=decoding.how)
        if text.lower().rfind("</table") < text.lower().rfind("<table"):
            grid.decide("SRC-78")
        grids.append(grid)
    return grids


def _page_decoding(path: Path, file: str, declared: str | None) -> Decoding:
    """Declared, else what the page says of itself where it holds, else what the bytes say."""
    if declared is None:
        with path.open("rb") as stream:
            head = stream.read(4096)
        charset = _CHARSET.search(head)
        if charset is not None and not head.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
            name = charset[1].decode("ascii").lower()
            try:
                decoding = detect(path, file, _WEB.get(name, name))
            except SourceError:
                return detect(path, file, None)
            return Decoding(decoding.codec, "meta", decoding.skip)
    return detect(path, file, declared)


def _page_records(table: etree._Element, file: str) -> tuple[list[Record], list[tuple[int, int, int, int]]]:
    records: list[Record] = []
    merges: list[tuple[int, int, int, int]] = []
    covered: dict[int, int] = {}
    total = 0
    rows = (row for row in table.iter("tr") if next(row.iterancestors("table")) is table)
    for line, row in enumerate(rows, 1):
        cells: list[str] = []
        for cell in row:
            if cell.tag not in ("td", "th"):
                continue
            _pass_covered(cells, covered)
            right, down = _span(cell, "colspan"), _span(cell, "rowspan")
            if right > 1 or down > 1:
                merges.append((line, len(cells), line + down - 1, len(cells) + right - 1))
            if down > 1:
                # Counted down at the end of this row too.
                covered.update(dict.fromkeys(range(len(cells), len(cells) + right), down))
            cells += [_shown(cell), *[""] * (right - 1)]
            if len(cells) > MAX_COLUMNS:
                raise SourceError(Diagnostic("SRC-81", SourceLocation(file, line), {"limit": MAX_COLUMNS}))
        covered = {column: left - 1 for column, left in covered.items() if left > 1}
        total += len(cells)
        if total > MAX_GRID_CELLS:
            raise SourceError(Diagnostic("SRC-12", SourceLocation(file, line), {"what": f"> {MAX_GRID_CELLS}"}))
        trouble = Trouble(hidden=True) if _HIDDEN.search(row.get("style", "")) else None
        cleaned, trouble = clean_cells(cells, Counter(), trouble)
        records.append((line, cleaned, trouble))
    return records, merges


def _pass_covered(cells: list[str], covered: dict[int, int]) -> None:
    """Blank cells where a cell from a row above reaches down."""
    while len(cells) in covered:
        cells.append("")


def _span(cell: etree._Element, name: str) -> int:
    text = cell.get(name, "1").strip()
    return min(max(int(text), 1), MAX_COLUMNS) if text.isascii() and text.isdigit() else 1


def _shown(cell: etree._Element) -> str:
    """The text as a browser shows it: blanks collapsed, a line break for each <br> and each block, nothing hidden."""
    pieces: list[str] = []
    _show(cell, pieces)
    lines = "".join(pieces).split("\n")
    return "\n".join(_BLANKS.sub(" ", line).strip() for line in lines).strip()


def _show(node: etree._Element, pieces: list[str]) -> None:
    pieces.append(_BLANKS.sub(" ", node.text or ""))
    for child in _visible(node):
        if child.tag == "br" or (child.tag in _BLOCKS and any(piece.strip() for piece in pieces)):
            pieces.append("\n")
        elif child.tag in ("td", "th"):
            pieces.append(" ")
        if child.tag not in _UNSHOWN and not _HIDDEN.search(child.get("style", "")):
            _show(child, pieces)
        pieces.append(_BLANKS.sub(" ", child.tail or ""))


def _visible(node: etree._Element) -> list[etree._Element]:
    """The children of an element; of a list to choose from, the choice."""
    children = [child for child in node if isinstance(child.tag, str)]
    if node.tag != "select":
        return children
    options = list(node.iter("option"))
    return [child for child in options if child.get("selected") is not None] or options[:1]


# ------------------------------------------------------------------------------------------ SpreadsheetML 2003


def open_spreadsheet_xml(path: Path, file: str) -> list[LoadedSheet]:
    """The worksheets of an XML 2003 workbook."""
    from lxml import etree

    check_size(path, file)
    refuse_doctype(path, file)
    formats: dict[str, str] = {}
    grids: list[LoadedSheet] = []
    tags = (f"{_SS}Style", f"{_SS}Worksheet")
    try:
        with path.open("rb") as stream:
            events = etree.iterparse(
                stream, ("end",), tag=tags, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
            )
            for _, element in events:
                if element.tag == f"{_SS}Style":
                    formats[element.get(f"{_SS}ID", "")] = _format(element)
                else:
                    grids.append(_worksheet(element, path, file, formats))
                element.clear()
    except etree.XMLSyntaxError as error:
        raise SourceError(Diagnostic("SRC-24", SourceLocation(file, error.lineno))) from None
    return grids


def _format(style: etree._Element) -> str:
    node = style.find(f"{_SS}NumberFormat")
    code = node.get(f"{_SS}Format", "General") if node is not None else "General"
    return _NAMED_FORMATS.get(code, code)


def _worksheet(sheet: etree._Element, path: Path, file: str, formats: dict[str, str]) -> LoadedSheet:
    records: list[Record] = []
    merges: list[tuple[int, int, int, int]] = []
    hidden_rows: set[int] = set()
    line = total = 0
    for row in sheet.iterfind(f"{_SS}Table/{_SS}Row"):
        line = _index(row, line)
        cells, faults = _row(row, line, merges, formats, SourceLocation(file, line, None, sheet.get(f"{_SS}Name")))
        total += len(cells)
        if total > MAX_GRID_CELLS:
            raise SourceError(Diagnostic("SRC-12", SourceLocation(file, line), {"what": f"> {MAX_GRID_CELLS}"}))
        hidden = row.get(f"{_SS}Hidden") == "1"
        if hidden:
            hidden_rows.add(line)
        trouble = Trouble(faults=faults, hidden=hidden) if faults or hidden else None
        cleaned, trouble = clean_cells(cells, Counter(), trouble)
        records.append((line, cleaned, trouble))
        line += int(row.get(f"{_SS}Span", "0")) if row.get(f"{_SS}Span", "0").isdigit() else 0
    visible = sheet.findtext(f"{_EXCEL}WorksheetOptions/{_EXCEL}Visible", "")
    grid = LoadedSheet(file, path, sheet.get(f"{_SS}Name"), visible.startswith("SheetHidden"), records)
    grid.hidden_rows = hidden_rows
    grid.merges = tuple(merges)
    return grid


def _index(node: etree._Element, before: int) -> int:
    text = node.get(f"{_SS}Index", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else before + 1


def _row(
    row: etree._Element,
    line: int,
    merges: list[tuple[int, int, int, int]],
    formats: dict[str, str],
    place: SourceLocation,
) -> tuple[list[str], list[Note]]:
    cells: list[str] = []
    faults: list[Note] = []
    column = 0
    for node in row.iterfind(f"{_SS}Cell"):
        column = _index(node, column)
        if column > MAX_COLUMNS:
            raise SourceError(Diagnostic("SRC-81", place, {"limit": MAX_COLUMNS}))
        cells += [""] * (column - 1 - len(cells))
        text, code = _value(node, formats)
        if code is not None:
            faults.append(Note(code, column=column - 1))
        cells.append(text)
        right, down = (node.get(f"{_SS}{name}", "0") for name in ("MergeAcross", "MergeDown"))
        if right.isdigit() and down.isdigit() and (right, down) != ("0", "0"):
            merges.append((line, column - 1, line + int(down), column - 1 + int(right)))
            column += int(right)
    return cells, faults


def _value(cell: etree._Element, formats: dict[str, str]) -> tuple[str, str | None]:
    data = cell.find(f"{_SS}Data")
    if data is None:
        return "", "CELL-02" if cell.get(f"{_SS}Formula") else None
    text = "".join(str(piece) for piece in data.itertext())
    kind = data.get(f"{_SS}Type", "String")
    code = formats.get(cell.get(f"{_SS}StyleID", ""), "General")
    if kind == "Error":
        return text, "CELL-01"
    if kind == "Boolean":
        return ("VRAI" if text.strip() == "1" else "FAUX"), None
    if kind == "DateTime":
        return _moment(text.strip(), code), None
    if kind == "Number":
        return _number(text, code)
    return text, None


def _moment(text: str, code: str) -> str:
    day, _, clock = text.partition("T")
    clock = clock.partition(".")[0]
    if is_clock_format(code) or (day in _TIME_ONLY and clock):
        return _duration(day, clock) or f"{day}T{clock}"
    return f"{day}T{clock}" if clock.strip("0:") else day


def _duration(day: str, clock: str) -> str:
    """Hours since the day that stands for none: 31/12/1899, or 01/01/1904 in the other date system."""
    try:
        moment = datetime.fromisoformat(f"{day}T{clock or '00:00:00'}")
    except ValueError:
        return clock
    first = datetime(1904, 1, 1) if moment.year >= 1904 else datetime(1899, 12, 30 if day == "1899-12-30" else 31)  # noqa: DTZ001
    return to_text(moment - first)[0]


def _number(text: str, code: str) -> tuple[str, str | None]:
    try:
        return to_text(float(text), code if mask_of(code) is not None else "General")
    except ValueError:
        return text, "CELL-01"
