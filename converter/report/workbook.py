"""``rejects.xlsx``: every rejected row once, to be corrected in a spreadsheet program and read back.

One sheet per source: where the row stands, what is wrong and what to do in front, then the row's own columns as text.
Faulty cells are coloured; only data cells can be edited (protection without a password); columns that the mapping
translates offer its words. A hidden column holds each row's key and a digest of its cells, a hidden sheet the schema,
the sources' labels and corrections of an earlier workbook that hold on: :mod:`converter.corrections` reads them.
Nothing is ever a formula, a number or a link. The file holds personal data: it stays with the sender.

Rows are streamed to the disk; beyond Excel's limits the sheet says what is left out, and ``rejects.csv`` has it all.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from converter.diagnostics import Diagnostic, SourceLocation
from converter.model import SourceRow
from converter.report.rejects import labelled
from converter.report.words import number, typeset

__all__ = [
    "FRONT",
    "HIDDEN_SHEET",
    "MAX_COLUMNS",
    "REJECTS_SCHEMA",
    "WORKBOOK",
    "Kept",
    "RowKey",
    "digest_of",
    "is_as_written",
    "put_aside",
    "shown",
    "write_workbook",
]

WORKBOOK = "rejects.xlsx"
REJECTS_SCHEMA = "dui-converter/rejects/1"
HIDDEN_SHEET = "_dui"
#: Columns in front of a row's own: hidden key, file, line, column, problem, remedy.
FRONT = 6
#: Excel's limits: rows and columns of a sheet, UTF-16 units of a cell.
MAX_ROWS = 1_048_576
MAX_COLUMNS = 16_384 - FRONT
_MAX_TEXT = 32_767
#: Words of one drop-down list.
_MAX_WORDS = 1_000
#: Date of every part, fixed by the writing library.
_DATE = (1980, 1, 31, 0, 0, 0)
_TOO_LONG = "(texte trop long pour Excel / too long for Excel)"
_UNSHOWN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
#: Two of Excel's own escapes that share an underscore are read back as something else.
_OVERLAP = re.compile("(_x[0-9A-Fa-f]{4})_(?=x[0-9A-Fa-f]{4}_)")
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_WIDTHS = (10, 24, 7, 18, 44, 44)
_NARROWEST, _WIDEST = 9, 42


@dataclass(frozen=True, slots=True)
class RowKey:
    """Which row of which source: what a corrected workbook is read back by."""

    source: str
    file: str
    sheet: str | None
    line: int

    @classmethod
    def of(cls, row: SourceRow) -> RowKey:
        return cls(row.source, row.file, row.sheet, row.line)


#: A correction that holds on though its row is rejected no more: key, digest of the row as read, column, text.
Kept = tuple[RowKey, str, int, str]

_WORDS = {
    "fr": {
        "guide": "Mode d'emploi",
        "front": ("Clé", "Fichier", "Ligne", "Colonne", "Problème", "À faire"),
        "none": "Aucune ligne n'est rejetée : il n'y a rien à corriger.",
        "title": "Lignes à corriger",
        "steps": (
            "Chaque onglet reprend les lignes rejetées d'une source. Les premières colonnes disent où est la ligne, ce "
            "qui ne va pas et que faire.",
            "Corrigez les cellules colorées. Les autres cellules blanches de la ligne peuvent être corrigées aussi. "
            "Laissez telle quelle une ligne que vous ne savez pas corriger.",
            "N'ajoutez, ne supprimez et ne déplacez ni ligne ni colonne. Enregistrez au format .xlsx, sous un autre "
            "nom.",
            "Rendez le fichier à la personne qui fait la conversion. Elle relance la même commande en ajoutant "
            "--only et le nom du fichier corrigé.",
            "Ce fichier contient des données personnelles : il ne sort pas de l'établissement.",
        ),
        "cut": "{count} ligne(s) de plus ne tiennent pas dans cet onglet : corrigez d'abord celles-ci ; rejects.csv "
        "contient tout.",
        "locked": "Cette ligne ne peut être corrigée que dans le fichier source.",
        "list": "Ce mot ne figure pas dans la table de la correspondance. Le garder quand même ?",
        "list_title": "Mot inconnu",
    },
    "en": {
        "guide": "How to",
        "front": ("Key", "File", "Line", "Column", "Problem", "What to do"),
        "none": "No row is rejected: there is nothing to correct.",
        "title": "Rows to correct",
        "steps": (
            "Each sheet lists the rejected rows of one source. The first columns say where the row stands, what is "
            "wrong and what to do.",
            "Correct the coloured cells. The other white cells of the row may be corrected too. Leave a row that you "
            "cannot correct as it is.",
            "Do not add, remove or move rows or columns. Save as .xlsx, under another name.",
            "Give the file back to whoever runs the conversion. They run the same command again with --only and the "
            "name of the corrected file.",
            "This file holds personal data: it does not leave the establishment.",
        ),
        "cut": "{count} more row(s) do not fit into this sheet: correct these first; rejects.csv has them all.",
        "locked": "This row can be corrected in the source file only.",
        "list": "The mapping's table does not have this word. Keep it all the same?",
        "list_title": "Unknown word",
    },
}


def shown(cell: str) -> str:
    """A cell as the workbook has it: what a spreadsheet program cannot hold is replaced.

    A cell that comes back like this was not touched, and the source's own text counts.
    """
    text = _UNSHOWN.sub("\ufffd", cell.replace("\r\n", "\n").replace("\r", "\n"))
    if "_x" in text:
        text = _OVERLAP.sub("\\1\ufffd", text)
    if len(text) > _MAX_TEXT // 2 and len(text.encode("utf-16-le")) > _MAX_TEXT * 2:
        return _TOO_LONG
    return text


def digest_of(cells: Iterable[str]) -> str:
    """What tells a touched row from an untouched one, and a source that changed in the meantime: of shown cells."""
    return hashlib.sha256(json.dumps(list(cells)).encode()).hexdigest()[:16]


def write_workbook(
    stream: BinaryIO,
    rows: Iterable[tuple[SourceRow, Sequence[Diagnostic]]],
    headers: Mapping[str, Sequence[str]],
    *,
    moment: datetime,
    work: Path,
    words: Mapping[str, Mapping[int, Sequence[str]]] | None = None,
    digests: Mapping[RowKey, str] | None = None,
    kept: Iterable[Kept] = (),
    lang: str = "fr",
) -> None:
    """Write the workbook of these rejected rows, sources in their order.

    ``headers`` are the labels per source; ``words`` the texts that a column (from 0) may hold; ``moment`` dates the
    file; ``work`` takes temporary files. ``digests`` are those, as read, of rows that an earlier workbook corrected:
    a row among them is told by it, and the ``kept`` corrections of the others are handed on. OSError when ``work``
    cannot be written.
    """
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import FileCreateError

    options = {
        "constant_memory": True,
        "tmpdir": str(work),
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
    }
    book = Workbook(stream, options)
    book.use_zip64()
    book.set_properties({"created": moment.replace(tzinfo=None), "title": "rejects"})
    made = _Workbook(book, headers, words or {}, digests or {}, lang)
    for row, found in rows:
        made.add(row, found)
    made.finish(kept)
    try:
        book.close()
    except FileCreateError as refused:
        raise refused.__context__ if isinstance(refused.__context__, OSError) else refused from None


def is_as_written(path: Path) -> bool:
    """Whether a workbook is still the one that :func:`write_workbook` made: a spreadsheet program dates its parts
    otherwise. What is no workbook counts as somebody's work."""
    try:
        with zipfile.ZipFile(path) as parts:
            return all(part.date_time == _DATE for part in parts.infolist())
    except (zipfile.BadZipFile, OSError):
        return False


def put_aside(path: Path) -> Path:
    """Give a workbook another name beside its own, for its owner only; OSError when that cannot be."""
    count = 1
    while (target := path.with_name(f"rejects-corrected-{count}.xlsx")).exists():
        count += 1
    path.chmod(0o600)
    return path.rename(target)


class _Workbook:
    """The sheets of a workbook under way."""

    def __init__(
        self,
        book: Any,
        headers: Mapping[str, Sequence[str]],
        words: Mapping[str, Mapping[int, Sequence[str]]],
        digests: Mapping[RowKey, str],
        lang: str,
    ) -> None:
        self._book, self._headers, self._digests, self._lang = book, headers, digests, lang
        self._looks = _looks(book)
        self._guide = book.add_worksheet(_WORDS[lang]["guide"])
        self._hidden = book.add_worksheet(HIDDEN_SHEET)
        self._hidden.very_hidden()
        self._next = 0
        self._remember(REJECTS_SCHEMA)
        self._lists = {
            source: {column: self._list(texts) for column, texts in columns.items() if texts}
            for source, columns in words.items()
        }
        self._sheets: dict[str, _Sheet] = {}
        self._names = {HIDDEN_SHEET, str(_WORDS[lang]["guide"]).casefold(), "history"}
        self._written: set[RowKey] = set()

    def _remember(self, *cells: str) -> int:
        """One row of the hidden sheet; gives its number from 1."""
        for column, text in enumerate(cells):
            self._hidden.write_string(self._next, column, shown(text))
        self._next += 1
        return self._next

    def _list(self, texts: Sequence[str]) -> str:
        """Where the words of a list stand."""
        from xlsxwriter.utility import xl_col_to_name

        listed = [shown(text) for text in texts[:_MAX_WORDS]]
        row = self._remember("list", *listed)
        return f"='{HIDDEN_SHEET}'!$B${row}:${xl_col_to_name(len(listed))}${row}"

    def add(self, row: SourceRow, found: Sequence[Diagnostic]) -> None:
        sheet = self._sheets.get(row.source)
        if sheet is None:
            sheet = self._sheets[row.source] = self._sheet(row.source)
        key = RowKey.of(row)
        if sheet.add(row, found, self._digests.get(key)) and key in self._digests:
            self._written.add(key)

    def _sheet(self, source: str) -> _Sheet:
        name, number = self._free_name(source), 1
        while name.casefold() in self._names:
            number += 1
            name = f"{self._free_name(source)[: 30 - len(str(number))]}~{number}"
        self._names.add(name.casefold())
        sheet = self._book.add_worksheet(name)
        labels = labelled(source, self._headers)[:MAX_COLUMNS]
        self._remember("source", name, source, digest_of(map(shown, labels)))
        return _Sheet(sheet, labels, self._lists.get(source, {}), self._looks, self._lang)

    @staticmethod
    def _free_name(source: str) -> str:
        return _NOT_IN_SHEET_NAMES.sub("_", shown(source))[:31].strip("'") or "source"

    def finish(self, kept: Iterable[Kept]) -> None:
        for sheet in self._sheets.values():
            sheet.finish()
        for key, digest, column, text in kept:
            if key not in self._written:
                place = json.dumps([key.file, key.sheet, key.line])
                self._remember("kept", key.source, place, digest, str(column), text)
        self._write_guide()

    def _write_guide(self) -> None:
        words, guide = _WORDS[self._lang], self._guide
        guide.hide_gridlines(2)
        guide.set_column(0, 0, 4)
        guide.set_column(1, 1, 100, self._looks["prose"])
        if not self._sheets:
            guide.write_string(0, 1, typeset(str(words["none"]), self._lang), self._looks["title"])
        else:
            guide.write_string(0, 1, str(words["title"]), self._looks["title"])
            for number_, step in enumerate(words["steps"], 1):
                guide.write_string(number_, 0, f"{number_}.", self._looks["prose"])
                guide.write_string(number_, 1, typeset(step, self._lang), self._looks["prose"])
        guide.protect()
        first = next(iter(self._sheets.values()), None)
        (first.sheet if first else guide).activate()


@dataclass(slots=True)
class _Sheet:
    """The rejected rows of one source."""

    sheet: Any
    labels: Sequence[str]
    lists: Mapping[int, str]
    looks: Mapping[str, Any]
    lang: str
    _rows: int = 1
    _left: int = 0
    _widths: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        words = _WORDS[self.lang]
        for column, label in enumerate(words["front"]):
            self.sheet.write_string(0, column, label, self.looks["front_head"])
        for column, label in enumerate(self.labels, FRONT):
            self.sheet.write_string(0, column, shown(label), self.looks["head"])
        self._widths = [_width(label) for label in self.labels]

    def add(self, row: SourceRow, found: Sequence[Diagnostic], digest: str | None) -> bool:
        """Whether the row found its place. ``digest``: of the row as read, when it is not as read any more."""
        if self._rows >= MAX_ROWS - 1:
            self._left += 1
            return False
        at = self._rows
        self._rows += 1
        cells = [shown(cell) for cell in row.cells[: len(self.labels)]]
        for column, text in enumerate(self._front(row, found, cells, digest)):
            self.sheet.write_string(at, column, text, self.looks["front"])
        faulty = self._faulty(found)
        for column, text in enumerate(cells):
            locked = bool(row.broken) or text == _TOO_LONG
            look = ("locked" if locked else "data") + ("_faulty" if column in faulty else "")
            if text:
                self.sheet.write_string(at, FRONT + column, text, self.looks[look])
            else:
                self.sheet.write_blank(at, FRONT + column, None, self.looks[look])
            if at < 200:
                self._widths[column] = max(self._widths[column], _width(text))
        return True

    def _front(
        self, row: SourceRow, found: Sequence[Diagnostic], cells: Sequence[str], digest: str | None
    ) -> tuple[str, ...]:
        # Broken rows are no rows of cells: other lines may have been swallowed, which no correction here brings back.
        key = json.dumps([row.file, row.sheet, row.line, digest or digest_of(cells), 0 if row.broken else 1])
        problems = [f"{typeset(d.message(self.lang), self.lang)} [{d.code}]" for d in found]
        remedies = [typeset(d.remedy(self.lang), self.lang) for d in found]
        if row.broken:
            remedies.append(str(_WORDS[self.lang]["locked"]))
        columns = (d.location.column for d in found if isinstance(d.location, SourceLocation))
        place = row.file + (f" [{row.sheet}]" if row.sheet else "")
        texts = (place, str(row.line), _lines(columns), _lines(problems), _lines(remedies))
        return key, *(shown(text) for text in texts)

    def _faulty(self, found: Sequence[Diagnostic]) -> set[int]:
        """Positions of the columns that the problems name."""
        named = {d.location.column for d in found if isinstance(d.location, SourceLocation)}
        return {position for position, label in enumerate(self.labels) if label in named} if named else set()

    def finish(self) -> None:
        sheet, last = self.sheet, max(self._rows - 1, 1)
        if self._left:
            words = str(_WORDS[self.lang]["cut"]).format(count=number(self._left, self.lang))
            sheet.write_string(self._rows, 1, typeset(words, self.lang), self.looks["front"])
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width, None, {"hidden": True} if column == 0 else {})
        for column, width in enumerate(self._widths, FRONT):
            sheet.set_column(column, column, min(max(width + 2, _NARROWEST), _WIDEST))
        sheet.freeze_panes(1, 3)
        sheet.autofilter(0, 1, last, FRONT + len(self.labels) - 1)
        sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{self._rows}"})
        for column, where in self.lists.items():
            if column < len(self.labels):
                sheet.data_validation(1, FRONT + column, last, FRONT + column, self._validation(where))
        sheet.set_landscape()
        sheet.repeat_rows(0)
        sheet.protect("", {"autofilter": True, "format_columns": True, "format_rows": True})

    def _validation(self, where: str) -> dict[str, Any]:
        """A list that offers and does not insist: the mapping takes other spellings of its words."""
        words = _WORDS[self.lang]
        title, message = words["list_title"], words["list"]
        return {
            "validate": "list",
            "source": where,
            "error_type": "warning",
            "error_title": title,
            "error_message": message,
        }


def _lines(texts: Iterable[str | None]) -> str:
    """Each text once, one per line."""
    return "\n".join(dict.fromkeys(text for text in texts if text))


def _width(text: str) -> int:
    return min(max(map(len, text.split("\n"))), _WIDEST)


def _looks(book: Any) -> dict[str, Any]:
    base = {"valign": "top", "num_format": "@", "font_name": "Calibri", "font_size": 11}
    edge = {"border": 1, "border_color": "#D5DAE1"}
    faulty = {"bg_color": "#FFE1A8"}
    looks = {
        "title": base | {"bold": True, "font_size": 14},
        "prose": base | {"text_wrap": True},
        "front_head": base | edge | {"bold": True, "bg_color": "#3B4657", "font_color": "#FFFFFF"},
        "head": base | edge | {"bold": True, "bg_color": "#1F5F99", "font_color": "#FFFFFF"},
        "front": base | edge | {"text_wrap": True, "bg_color": "#F1F3F6"},
        "data": base | edge | {"locked": False},
        "data_faulty": base | edge | faulty | {"locked": False},
        "locked": base | edge | {"bg_color": "#F1F3F6"},
        "locked_faulty": base | edge | faulty,
    }
    return {name: book.add_format(look) for name, look in looks.items()}
