"""Workbooks through calamine: huge and Strict XLSX, XLS, XLSB.

calamine is fast and sees values only: error cells and formulas without a result are blank to it, number formats are
lost. Those facts come from a scan of the file itself (:class:`Facts`), so that no blank hides a value that was there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time
from functools import cached_property, lru_cache
from itertools import islice, repeat
from pathlib import Path
from typing import Any, Protocol

from converter.diagnostics import Diagnostic, SourceError, SourceLocation
from converter.sources.biff import XlsSheet, XlsWorkbook
from converter.sources.biff12 import XlsbSheet, XlsbWorkbook
from converter.sources.cells import NO_DAY, is_moment_format, mask_of, to_text
from converter.sources.cleaning import clean_cells, unusual
from converter.sources.containers import Container
from converter.sources.limits import MAX_GRID_CELLS
from converter.sources.ooxml import Outline, read_outline
from converter.sources.sheet_scan import EMPTY, ERROR, FORMULA, SheetFacts, bounds, odd_moments, scan_sheet
from converter.sources.sheets import SheetGrid
from converter.sources.table import Note, Record, Trouble

__all__ = ["CalamineSheet", "XlsxKnowledge", "open_sheets", "open_xls", "open_xlsb"]

_BATCH = 512
#: Whole numbers between this and its opposite have nothing to lose.
_SMALL = -(10.0**11)
#: Characters of a number of 15 digits at most.
_SHORT = 16
_TEXT, _NUMBER, _DAY = {str}, {float}, {date}


class Knowledge(Protocol):
    """What a format's own scan knows of a sheet."""

    def bounds(self) -> tuple[int, int]:
        """Rows and columns that its cells stay within; asked before the sheet is loaded."""

    def facts(self) -> SheetFacts:
        """Cells and rows that calamine tells wrong; asked while it loads."""

    def text(self, value: float, style: int) -> tuple[str, str | None]:
        """A number as its style shows it, and the code of what is wrong with it."""

    def odd_moments(self) -> frozenset[tuple[int, int]]:
        """Row (from 1) and column (from 0) of the cells that are shown as a moment and are none."""


class XlsxKnowledge:
    """From the sheet's XML."""

    def __init__(self, path: Path, file: str, outline: Outline, part: str) -> None:
        self._path = path
        self._file = file
        self._outline = outline
        self._part = part

    def bounds(self) -> tuple[int, int]:
        with Container(self._path, self._file, trusted=True) as container:
            return bounds(lambda: container.blocks(self._part), MAX_GRID_CELLS)

    def facts(self) -> SheetFacts:
        styles = [at for at, code in enumerate(self._outline.formats) if mask_of(code) is not None]
        with Container(self._path, self._file, trusted=True) as container:
            return scan_sheet(container.blocks(self._part), styles)

    def text(self, value: float, style: int) -> tuple[str, str | None]:
        return to_text(value, self._outline.formats[style])

    def odd_moments(self) -> frozenset[tuple[int, int]]:
        formats = {at: code for at, code in enumerate(self._outline.formats) if is_moment_format(code)}
        with Container(self._path, self._file, trusted=True) as container:
            return odd_moments(container.blocks(self._part), formats)


def open_sheets(path: Path, file: str) -> list[SheetGrid]:
    """The worksheets of an XLSX in tab order."""
    with Container(path, file) as container:
        outline = read_outline(container, file)
    book = Book(path, file)
    return [
        CalamineSheet(file, path, book, sheet.name, sheet.hidden, XlsxKnowledge(path, file, outline, sheet.part))
        for sheet in outline.sheets
    ]


def open_xls(path: Path, file: str) -> list[SheetGrid]:
    """The sheets of an XLS in tab order."""
    book = XlsWorkbook.read(path, file)
    loaded = Book(path, file)
    sheets = list(loaded.get().sheets_metadata)
    known = book if len(book.offsets) == len(sheets) else None
    return [
        CalamineSheet(file, path, loaded, sheet.name, _is_hidden(sheet), XlsSheet(known, at))
        for at, sheet in enumerate(sheets)
        if _is_table(sheet)
    ]


def open_xlsb(path: Path, file: str) -> list[SheetGrid]:
    """The worksheets of an XLSB in tab order."""
    book = XlsbWorkbook.read(path, file)
    loaded = Book(path, file)
    return [
        CalamineSheet(file, path, loaded, sheet.name, sheet.hidden, XlsbSheet(book, sheet)) for sheet in book.sheets
    ]


def _is_hidden(sheet: Any) -> bool:
    from python_calamine import SheetVisibleEnum

    return bool(sheet.visible != SheetVisibleEnum.Visible)


def _is_table(sheet: Any) -> bool:
    from python_calamine import SheetTypeEnum

    return bool(sheet.typ == SheetTypeEnum.WorkSheet)


def guarded(task: Callable[[], Any], file: str) -> Any:
    """A call into calamine. A Rust panic is no Exception, so everything but an interruption is caught.

    SourceError: SRC-09 for a password, SRC-11 for damage."""
    from python_calamine import PasswordError

    try:
        return task()
    except (KeyboardInterrupt, SystemExit, SourceError):
        raise
    except PasswordError:
        raise SourceError(Diagnostic("SRC-09", SourceLocation(file), {"type": "Excel"})) from None
    except BaseException as error:
        raise SourceError(Diagnostic("SRC-11", SourceLocation(file))) from error


def opened(path: Path, file: str) -> Any:
    """calamine's workbook. Opened as a stream: by path it would trust the extension."""
    from python_calamine import CalamineWorkbook

    def load() -> Any:
        return CalamineWorkbook.from_filelike(path.open("rb"))

    return guarded(load, file)


class Book:
    """calamine's workbook, opened once, when the first of its sheets is asked for."""

    def __init__(self, path: Path, file: str) -> None:
        self._path = path
        self._file = file
        self._book: Any = None

    def get(self) -> Any:
        if self._book is None:
            self._book = opened(self._path, self._file)
        return self._book


class CalamineSheet(SheetGrid):
    """One sheet, read when its records are first asked for."""

    def __init__(self, file: str, path: Path, book: Book, sheet: str, hidden: bool, knowledge: Knowledge) -> None:
        super().__init__(file, path, sheet, hidden)
        self._book = book
        self._knowledge = knowledge
        self._loaded: Any = None
        self._facts = SheetFacts()
        self._left = 0

    def _load(self) -> Any:
        if self._loaded is None:
            sheet = self._read_both()
            self.hidden_rows = self._facts.hidden
            self.tells_hidden = self._facts.tells_hidden
            self.merges = tuple((a + 1, b, c + 1, d) for (a, b), (c, d) in sheet.merged_cell_ranges or ())
            start, end = sheet.start or (0, 0), sheet.end or (-1, -1)
            self._left = start[1]
            self.columns = end[1] + 1
            self._loaded = sheet
        return self._loaded

    def _read_both(self) -> Any:
        """calamine's sheet and our facts at the same time: calamine works outside the interpreter's lock."""
        with ThreadPoolExecutor(1) as pool:
            opening = pool.submit(self._book.get)
            rows, columns = self._knowledge.bounds()
            book = opening.result()
            if rows * columns > MAX_GRID_CELLS:
                # calamine makes the whole rectangle: two cells in opposite corners of a sheet would take all memory.
                raise SourceError(Diagnostic("SRC-12", self.location(), {"what": f"{rows} × {columns}"}))
            loading = pool.submit(book.get_sheet_by_name, self.sheet)
            self._facts = self._knowledge.facts()
            return guarded(loading.result, self.file)

    def records(self) -> Iterator[Record]:
        sheet = self._load()
        rows = guarded(lambda: iter(sheet.iter_rows()), self.file)
        number = 0
        self.tally.clear()
        while batch := guarded(lambda: list(islice(rows, _BATCH)), self.file):
            cells, care = self._texts(batch)
            troubles = self._troubles(batch, cells, number)
            if self._left:
                left = ("",) * self._left
                cells = [left + row for row in cells]
            if care or troubles:
                yield from self._careful(cells, troubles, number, care)
            else:
                yield from zip(range(number + 1, number + len(cells) + 1), cells, repeat(None))
            number += len(batch)
        for line in sorted(line for line in self._facts.cells if line > number):
            # Below the last value that calamine sees: rows of error cells or formulas without a result only.
            trouble = Trouble(hidden=line in self._facts.hidden)
            self._apply(self._facts.cells[line], [], [], trouble)
            if trouble.faults:
                yield line, [], trouble

    def _careful(
        self, cells: list[tuple[str, ...]], troubles: dict[int, Trouble], number: int, care: bool
    ) -> Iterator[Record]:
        for at, row in enumerate(cells):
            trouble = troubles.get(at)
            if care:
                cleaned, trouble = clean_cells(row, self.tally, trouble)
                yield number + at + 1, cleaned, trouble
            else:
                yield number + at + 1, row, trouble

    def _texts(self, batch: list[list[Any]]) -> tuple[list[tuple[str, ...]], bool]:
        """The cells of some rows as text, and whether any of them needs cleaning. Column by column, since the cells of
        a column are of one kind; a cell that needs a closer look is None here."""
        columns: list[Sequence[Any]] = []
        texts: list[Sequence[str]] = []
        for column in zip(*batch, strict=True):
            kinds = set(map(type, column))
            if kinds == _TEXT:
                stripped = list(map(str.strip, column))
                texts.append(stripped)
                columns.append(stripped)
            elif kinds == _NUMBER:
                columns.append([str(int(v)) if _SMALL < v < -_SMALL and v.is_integer() else _quick(v) for v in column])
            elif kinds == _DAY:
                columns.append(list(map(_day, column)))
            else:
                mixed = [v.strip() if v.__class__ is str else _quick(v) for v in column]
                columns.append(mixed)
                texts.append([v for v in mixed if v])
        care = unusual("\n".join(["\n".join(column) for column in texts]))
        return list(zip(*columns, strict=True)), care

    def _troubles(self, batch: list[list[Any]], cells: list[tuple[str, ...]], number: int) -> dict[int, Trouble]:
        """What is odd about some rows, by position in the batch; cells that needed a closer look get their text."""
        facts, left, troubles = self._facts, self._left, {}
        for at, row in enumerate(cells):
            line = number + at + 1
            if None not in row and line not in facts.cells and line not in facts.hidden and NO_DAY not in row:
                continue
            trouble = Trouble(hidden=line in facts.hidden)
            texts = [
                self._text(value, line, left + column, trouble)
                if text is None or (text == NO_DAY and value.__class__ is not str)
                else text
                for column, (value, text) in enumerate(zip(batch[at], row, strict=True))
            ]
            if line in facts.cells:
                self._apply(facts.cells[line], batch[at], texts, trouble)
            cells[at] = tuple(texts)
            if trouble.faults or trouble.notices or trouble.hidden:
                troubles[at] = trouble
        return troubles

    @cached_property
    def _odd(self) -> frozenset[tuple[int, int]]:
        return self._knowledge.odd_moments()

    def _text(self, value: object, line: int, column: int, trouble: Trouble) -> str:
        text, code = to_text(value)
        if (value.__class__ is time or (value.__class__ is not str and text.startswith(NO_DAY))) and (
            line,
            column,
        ) in self._odd:
            code = "CELL-11"
        if code is not None:
            trouble.faults.append(Note(code, column=column))
        return text

    def _apply(self, pairs: Sequence[tuple[int, int]], row: list[Any], cells: list[str], trouble: Trouble) -> None:
        """The facts that calamine does not know, put on the cells of one row."""
        for column, kind in pairs:
            at = column - self._left
            text = cells[at] if 0 <= at < len(cells) else ""
            if kind == ERROR or (kind == FORMULA and not text):
                trouble.faults.append(Note("CELL-01" if kind == ERROR else "CELL-02", column=column))
            elif kind == EMPTY and not text:
                # No fault: the cell may rightly be empty, and where it may not the field asks for it.
                trouble.notices.append(Note("CELL-13", column=column))
            elif kind >= 0 and 0 <= at < len(row) and isinstance(row[at], int | float):
                trouble.faults[:] = [note for note in trouble.faults if note.column != column]
                cells[at], code = self._knowledge.text(row[at], kind)
                if code is not None:
                    trouble.faults.append(Note(code, column=column))


#: A table has few different days: to look one up is quicker than to write it.
_day = lru_cache(maxsize=1 << 16)(date.isoformat)


def _quick(value: Any) -> str | None:
    """The text of ordinary values, as :func:`to_text` gives it; None for what needs a closer look."""
    kind = value.__class__
    if kind is float:
        if value.is_integer():
            return str(int(value)) if _SMALL < value < -_SMALL else None
        # Up to 15 digits, the shortest text that gives the number back is what Excel shows.
        text = repr(value)
        return text if len(text) <= _SHORT and "e" not in text and "n" not in text else None
    if kind is date:
        return value.isoformat()  # type: ignore[no-any-return]
    if kind is datetime and not value.microsecond and (value.hour or value.minute or value.second):
        return value.isoformat() if value.year > 1900 else None
    return None
