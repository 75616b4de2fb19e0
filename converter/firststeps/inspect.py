"""`dui inspect`: what a legacy export is, told without a mapping and without a single cell of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from converter import __version__
from converter.console import Console
from converter.diagnostics import Diagnostic, ExitCode, SourceError
from converter.firststeps.scans import Folder, count_files, survey_folder
from converter.firststeps.shapes import DISTINCT_CAP, Column
from converter.firststeps.tables import File, TableFound, look_at
from converter.firststeps.words import arguments, size_of
from converter.report.record import diagnostic_record

__all__ = ["run_inspect"]

_SCHEMA = "dui-converter/inspect/1"
_WORDS = {
    "nir": "NIR shape",
    "nir-key-valid": "with a valid key",
    "finess": "FINESS",
    "rpps": "RPPS",
    "siret": "SIRET",
    "whole-number": "whole numbers",
    "leading-zeros": "leading zeros",
    "decimal-number": "decimal numbers",
    "phone": "telephone shape",
    "email": "e-mail shape",
    "path": "file paths",
}


def run_inspect(paths: Sequence[Path], console: Console, *, as_json: bool, header_row: int | None = None) -> ExitCode:
    """`dui inspect`."""
    console.say(f"dui {__version__}")
    files: list[File] = []
    folders: list[tuple[Path, Folder]] = []
    problems: list[Diagnostic] = []
    for path in paths:
        try:
            if path.is_dir():
                with console.progress("Files", count_files(path)) as step:
                    folders.append((path, survey_folder(path, step)))
            else:
                files.append(look_at(path, header_row))
                problems += files[-1].problems
        except SourceError as wrong:
            problems += wrong.diagnostics
    if as_json:
        console.json(_record(files, folders, problems))
    else:
        lines = [line for file in files for line in _file(file)]
        lines += [line for path, folder in folders for line in _folder(path, folder)]
        console.product("\n".join(lines))
    console.diagnostics(problems)
    _say_next(files, folders, console)
    return ExitCode.SOURCES if problems else ExitCode.OK


def _say_next(files: Sequence[File], folders: Sequence[tuple[Path, Folder]], console: Console) -> None:
    tables = [file.path for file in files if any(not t.is_empty for t in file.tables)]
    if tables:
        scans = folders[0][0] if folders else "FOLDER"
        console.say(f"Next: dui init {arguments(*tables)} --scans {arguments(scans)} -o mapping.yaml")
    elif folders:
        console.say(f"Next: dui init INDEX-FILE --scans {arguments(folders[0][0])} -o mapping.yaml")
    else:
        console.say("Next: dui inspect FILE, of an export that is a table")


# --------------------------------------------------------------------------------------------------------- text


def _file(file: File) -> Iterator[str]:
    how = [file.type, size_of(file.size)]
    if file.encoding:
        how.append(f"encoding {file.encoding}" + (" (by its letters)" if file.encoding_is_guess else ""))
    if file.delimiter:
        how.append(f"delimiter {file.delimiter}")
    yield f"{file.path.name}: " + ", ".join(how)
    for table in file.tables:
        yield from _table(table)
    yield ""


def _table(table: TableFound) -> Iterator[str]:
    name = "" if table.sheet is None else f"Sheet {table.sheet}" + (" (hidden)" if table.hidden else "") + ": "
    if table.is_empty:
        yield f"  {name}empty"
        return
    rows = f"{table.rows} rows" + (f", {table.broken} of them damaged" if table.broken else "")
    rows += f", {table.aside} repeated titles" if table.aside else ""
    if table.header is None:
        yield f"  {name}{rows}. No line is a header for certain: labels are not shown, columns go by position."
        yield "  If there is one, say which line: --header-row N"
    else:
        yield f"  {name}{rows}. Header, as a proposal only: line {table.header} ({table.usual} usual labels)."
    yield from _aligned(("#", "column", "filled", "longest", "distinct", "looks like"), map(_column, table.columns))


def _column(column: Column) -> tuple[str, ...]:
    distinct = "-" if not column.filled else f">{DISTINCT_CAP}" if column.distinct is None else str(column.distinct)
    label = (column.label or "(no label)") if column.shown else "(not shown)"
    share = f"{_percent(column.filled, column.rows)}"
    return str(column.position), label, share, str(column.longest), distinct, "; ".join(_looks(column))


def _percent(part: int, whole: int) -> str:
    """A share that is 100 or 0 % only when it is all or nothing."""
    if not whole or part in (0, whole):
        return "100%" if whole and part == whole else "0%"
    return f"{min(99, max(1, round(100 * part / whole)))}%"


def _looks(column: Column) -> Iterator[str]:
    forms, rest = column.mostly()
    if forms:
        yield "dates " + " or ".join(forms) + (f", {rest} cells not" if rest else "")
    if column.is_ambiguous:
        yield "day and month ambiguous: every cell also reads with the month first"
    for kind, words in _WORDS.items():
        if (count := column.kinds[kind]) and not (forms and kind in ("whole-number", "path")):
            yield words if count == column.filled else f"{words}: {count}"
    if column.server_paths:
        yield f"of a server or drive: {column.server_paths}"
    if column.identifies:
        yield "every row its own"
    known = column.known_kinds()
    if known is not None and known[0] * 2 > known[1] and known[1] > 1:
        yield f"kinds of documents: {known[0]} of {known[1]} known"


def _aligned(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    every = [head, *rows]
    widths = [max(len(row[at]) for row in every) for at in range(len(head))]
    for row in every:
        cells = [c.ljust(w) if at in (1, 5) else c.rjust(w) for at, (c, w) in enumerate(zip(row, widths, strict=True))]
        yield ("    " + "  ".join(cells)).rstrip()


def _folder(path: Path, found: Folder) -> Iterator[str]:
    sizes = f"{size_of(found.bytes)}, the largest {size_of(found.largest)}"
    yield f"{path}: {found.files} files, {sizes}, {found.pages} pages"
    rows = [
        (kind["type"], str(kind["files"]), size_of(kind["bytes"]), "" if kind["accepted"] else "not accepted as it is")
        for kind in found.record()["types"]
    ]
    for name, files, size, remark in rows:
        yield f"    {files:>8}  {size:>10}  {name}" + (f"  ({remark})" if remark else "")
    yield f"    empty: {found.empty}, encrypted: {found.locked}, unreadable or of unknown type: {found.unreadable}"
    for code, count in sorted(found.problems.items()):
        yield f"    {count:>8}  {code}  {Diagnostic(code).message('en')}"
    if found.folders_unreadable:
        yield f"    folders that cannot be read: {found.folders_unreadable}"
    yield ""


# --------------------------------------------------------------------------------------------------------- JSON


def _record(
    files: Sequence[File], folders: Sequence[tuple[Path, Folder]], problems: Sequence[Diagnostic]
) -> dict[str, Any]:
    return {
        "schema": _SCHEMA,
        "files": [_file_record(file) for file in files],
        "folders": [{"folder": str(path), **found.record()} for path, found in folders],
        "problems": [diagnostic_record(d) for d in problems],
    }


def _file_record(file: File) -> dict[str, Any]:
    record: dict[str, Any] = {"file": file.path.name, "type": file.type, "size": file.size}
    if file.is_text:
        record |= {"encoding": file.encoding, "encoding_guessed": file.encoding_is_guess, "delimiter": file.delimiter}
    return record | {"tables": [_table_record(t) for t in file.tables]}


def _table_record(table: TableFound) -> dict[str, Any]:
    return {
        "sheet": table.sheet,
        "hidden": table.hidden,
        "header_line_proposed": table.header,
        "usual_labels": table.usual,
        "rows": table.rows,
        "damaged_rows": table.broken,
        "repeated_titles": table.aside,
        "date_cells": table.typed,
        "columns": [_column_record(c) for c in table.columns],
    }


def _column_record(column: Column) -> dict[str, Any]:
    forms, rest = column.mostly()
    known = column.known_kinds()
    return {
        "position": column.position,
        "label": column.label if column.shown else None,
        "filled": column.filled,
        "filled_share": round(column.filled / column.rows, 4) if column.rows else 0,
        "longest": column.longest,
        "distinct": column.distinct,
        "distinct_more_than": DISTINCT_CAP if column.distinct is None else None,
        "identifies": column.identifies,
        "date_forms": forms,
        "cells_without_date_form": rest if forms else None,
        "day_month_ambiguous": column.is_ambiguous,
        "shapes": {kind: column.kinds[kind] for kind in _WORDS if column.kinds[kind]},
        "server_paths": column.server_paths,
        "known_document_kinds": known[0] if known else None,
    }
