"""Corrections made in ``rejects.xlsx``, laid over the sources while they are read (`convert --only rejects.xlsx`).

A row that somebody touched in the workbook replaces, cell by cell, the row of the same source, file, sheet and line;
everything else is read as before, and what an earlier run completed is kept. Sources are never written to. Corrections
accumulate: the workbook that a run writes holds those that came with ``--only`` too, so that the latest is all a
further run needs.

Refused, with a code and before anything is written: a file that is no such workbook (REP-01), one of other sources or
other columns (REP-02), a row that is not in the source as it was (REP-03), cells that are no text any more (REP-04),
rows without their key (REP-05) or there twice (REP-08), and rows that no correction of cells can mend (REP-06).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from converter.diagnostics import Diagnostic, SourceError, SourceLocation
from converter.model import Header, SourceRow
from converter.report.rejects import labelled
from converter.report.workbook import (
    FRONT,
    HIDDEN_SHEET,
    MAX_COLUMNS,
    REJECTS_SCHEMA,
    Kept,
    RowKey,
    digest_of,
    shown,
)
from converter.sources import Table
from converter.sources.cells import unescape
from converter.sources.containers import Container

__all__ = ["Corrections", "read_corrections"]

#: Places listed of one kind of problem.
_LISTED = 20


@dataclass(frozen=True, slots=True)
class _Correction:
    """Texts by column (from 0) for a row whose cells, as read, have this digest."""

    digest: str
    cells: Mapping[int, str]


class Corrections:
    """What a workbook corrects. ``applied`` counts rows once the sources were read to their end."""

    def __init__(self, rows: Mapping[RowKey, _Correction]) -> None:
        self._rows = rows
        self._changed: dict[RowKey, dict[int, str]] = {}

    @property
    def applied(self) -> int:
        return len(self._changed)

    @property
    def digests(self) -> dict[RowKey, str]:
        """Of the rows concerned, the digest of their cells as read."""
        return {key: correction.digest for key, correction in self._rows.items()}

    def kept(self) -> Iterator[Kept]:
        """The cells that corrections change; of rows that were not come to, all that was read of them."""
        for key, correction in self._rows.items():
            for column, text in self._changed.get(key, correction.cells).items():
                yield key, correction.digest, column, text

    def over(self, table: Table) -> Table:
        """The table with corrections laid over it. Reading it to its end raises SourceError for those without a row."""
        if not any(key.source == table.name for key in self._rows):
            return table
        return _Corrected(table, self)

    def rows(self, table: Table) -> Iterator[SourceRow]:
        missing = {key for key in self._rows if key.source == table.name}
        for row in table.rows():
            key = RowKey.of(row)
            correction = self._rows.get(key)
            if correction is None or correction.digest != digest_of(map(shown, row.cells[:MAX_COLUMNS])):
                yield row
                continue
            missing.discard(key)
            yield self._corrected(key, row, correction)
        if missing:
            raise SourceError(_changed_since(key) for key in [k for k in self._rows if k in missing][:_LISTED])

    def _corrected(self, key: RowKey, row: SourceRow, correction: _Correction) -> SourceRow:
        """A cell that came back as it was shown is the source's own: what Excel cannot hold is not lost by it."""
        changed = {
            column: text
            for column, text in correction.cells.items()
            if column < len(row.cells) and shown(row.cells[column]) != text
        }
        self._changed[key] = changed
        cells = tuple(changed.get(column, cell) for column, cell in enumerate(row.cells))
        faults = {column: fault for column, fault in row.faults.items() if column not in changed}
        return replace(row, cells=cells, faults=faults)


def _changed_since(key: RowKey) -> Diagnostic:
    return Diagnostic("REP-03", SourceLocation(key.file, key.line, None, key.sheet))


class _Corrected(Table):
    """A table read through corrections."""

    def __init__(self, table: Table, corrections: Corrections) -> None:
        self._table = table
        super().__init__(table.name, table.header, table.files, (), lambda: corrections.rows(table))

    @property
    def decisions(self) -> tuple[Diagnostic, ...]:
        return self._table.decisions


def read_corrections(path: Path, headers: Mapping[str, Header]) -> Corrections:
    """The rows of a corrected workbook that somebody touched. SourceError with everything that is wrong with it."""
    return _Reading(path, headers).corrections()


class _Reading:
    """One workbook being read."""

    def __init__(self, path: Path, headers: Mapping[str, Header]) -> None:
        self._path, self._headers = path, headers
        self._rows: dict[RowKey, _Correction] = {}
        self._seen: set[RowKey] = set()
        self._problems: list[Diagnostic] = []

    def corrections(self) -> Corrections:
        try:
            with Container(self._path, self._path.name):
                pass
        except (SourceError, OSError) as unreadable:
            raise self._refusal("REP-01") from unreadable
        book = self._opened()
        try:
            sheets = self._hidden(book)
            for name, source in sheets.items():
                self._read(book, name, source)
        finally:
            book.close()
        if self._problems:
            raise SourceError(self._problems)
        return Corrections(self._rows)

    def _opened(self) -> Any:
        from openpyxl import load_workbook

        try:
            book = load_workbook(self._path, read_only=True, data_only=False)
        except Exception as damage:  # whatever a damaged workbook makes the library say
            raise self._refusal("REP-01") from damage
        if HIDDEN_SHEET not in book.sheetnames:
            book.close()
            raise self._refusal("REP-01")
        return book

    def _refusal(self, code: str, place: SourceLocation | None = None, **params: str | int) -> SourceError:
        return SourceError(Diagnostic(code, place or SourceLocation(self._path.name), params))

    def _note(self, code: str, sheet: str, line: int, column: str | None = None) -> None:
        if len(self._problems) < _LISTED:
            self._problems.append(Diagnostic(code, SourceLocation(self._path.name, line, column, sheet)))

    def _hidden(self, book: Any) -> dict[str, str]:
        """The source of each sheet; corrections of earlier workbooks are taken on the way."""
        lines = self._lines(book, HIDDEN_SHEET)
        schema = next(lines, (0, [None]))[1]
        if not schema or schema[0] != REJECTS_SCHEMA:
            raise self._refusal("REP-01")
        sheets: dict[str, str] = {}
        try:
            for _, cells in lines:
                match [cell for cell in cells if cell is not None]:
                    case ["source", str(sheet), str(source), str(labels)]:
                        self._check(source, labels)
                        sheets[sheet] = source
                    case ["kept", str(source), str(place), str(digest), str(column), *text]:
                        self._keep(RowKey(source, *json.loads(place)), digest, int(column), *text)
        except (ValueError, TypeError) as damage:
            raise self._refusal("REP-01") from damage
        return sheets

    def _check(self, source: str, labels: str) -> None:
        header = self._headers.get(source)
        if header is None or labels != digest_of(map(shown, self._labels(source))):
            raise self._refusal("REP-02", source=source)

    def _labels(self, source: str) -> list[str]:
        return labelled(source, {source: self._headers[source].labels})[:MAX_COLUMNS]

    def _keep(self, key: RowKey, digest: str, column: int, text: object = "") -> None:
        if key.source not in self._headers:
            raise self._refusal("REP-02", source=key.source)
        before = self._rows.get(key)
        cells = {**(before.cells if before else {}), column: _text(text) or ""}
        self._rows[key] = _Correction(digest, cells)

    def _read(self, book: Any, name: str, source: str) -> None:
        if name not in book.sheetnames:
            return  # somebody is done with it: nothing of it is corrected
        labels = self._labels(source)
        lines = self._lines(book, name)
        _, head = next(lines, (0, []))
        if [_text(cell) for cell in self._data(head, labels)] != [shown(label) for label in labels]:
            raise self._refusal("REP-02", SourceLocation(self._path.name, 1, None, name), source=source)
        for line, cells in lines:
            if any(cell is not None for cell in (*cells[:1], *self._data(cells, labels))):
                self._take(name, line, source, labels, cells)

    @staticmethod
    def _data(cells: Sequence[Any], labels: Sequence[str]) -> list[Any]:
        found = list(cells[FRONT : FRONT + len(labels)])
        return found + [None] * (len(labels) - len(found))

    @staticmethod
    def _lines(book: Any, name: str) -> Iterator[tuple[int, Sequence[Any]]]:
        sheet = book[name]
        sheet.reset_dimensions()
        for line, cells in enumerate(sheet.iter_rows(), start=1):
            yield line, [_value(cell) for cell in cells]

    def _take(self, sheet: str, line: int, source: str, labels: Sequence[str], cells: Sequence[Any]) -> None:
        try:
            file, inner, number, digest, mendable = json.loads(str(_text(cells[0])))
            key = RowKey(source, str(file), inner, int(number))
        except (ValueError, TypeError):
            self._note("REP-05", sheet, line)
            return
        texts = [_text(cell) for cell in self._data(cells, labels)]
        for label, text in zip(labels, texts, strict=True):
            if text is None:
                self._note("REP-04", sheet, line, label)
        if key in self._seen:
            self._note("REP-08", sheet, line)
        self._seen.add(key)
        if digest_of(text or "" for text in texts) == digest:
            return
        if not mendable:
            self._note("REP-06", sheet, line)
        self._rows[key] = _Correction(str(digest), {column: text or "" for column, text in enumerate(texts)})


def _value(cell: Any) -> Any:
    """A cell's content; what is no text stays what it is."""
    if cell.data_type == "f":
        return NotImplemented
    return cell.value


def _text(value: Any) -> str | None:
    """The cell's text, "" for an empty one, None for one that is no text."""
    if value is None:
        return ""
    return shown(unescape(value)) if isinstance(value, str) else None
