"""``run.json``: the run for machines and for whoever asks later what became of line 4711.

Versioned by ``schema``. Holds counts, codes, places and decisions; no cell, no name, no title. Lines are given as
ranges per verdict, so that a million rows make a short file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from converter.diagnostics import Diagnostic, MappingLocation, ProductLocation, SourceLocation
from converter.model import Verdict

__all__ = ["RUN_SCHEMA", "diagnostic_record", "line_ranges"]

RUN_SCHEMA = "dui-converter/run/1"


def diagnostic_record(d: Diagnostic) -> dict[str, Any]:
    """A diagnostic as JSON: code, severity, English text, and where."""
    record: dict[str, Any] = {"code": d.code, "severity": d.severity.value, "message": d.message("en")}
    if remedy := d.remedy("en"):
        record["remedy"] = remedy
    match d.location:
        case SourceLocation(file, line, column, sheet):
            place = {"file": file, "sheet": sheet, "line": line, "column": column}
        case MappingLocation(file, line, column_number, path):
            place = {"file": file, "line": line, "column": column_number, "path": path}
        case ProductLocation(file, path):
            place = {"file": file, "path": path}
        case _:
            return record
    return record | {"location": {k: v for k, v in place.items() if v not in (None, "")}}


def line_ranges(lines: Iterable[tuple[str, str | None, int, Verdict]]) -> list[dict[str, Any]]:
    """Outcome of every line, per file and sheet: ``{"converted": "2-31,33", "rejected": "32"}``."""
    tables: dict[tuple[str, str | None], dict[Verdict, list[list[int]]]] = {}
    for file, sheet, line, verdict in lines:
        runs = tables.setdefault((file, sheet), {v: [] for v in Verdict})[verdict]
        if runs and runs[-1][1] == line - 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    return [
        {"file": file, **({"sheet": sheet} if sheet else {}), **{v.value: _ranges(runs) for v, runs in found.items()}}
        for (file, sheet), found in tables.items()
    ]


def _ranges(runs: list[list[int]]) -> str:
    return ",".join(_parts(runs))


def _parts(runs: list[list[int]]) -> Iterator[str]:
    for first, last in runs:
        yield str(first) if first == last else f"{first}-{last}"
