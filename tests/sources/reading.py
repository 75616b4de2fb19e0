"""What the tests of the table readers ask of a table."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import pytest

from converter.diagnostics import Diagnostic, SourceError
from converter.sources import Table

Open = Callable[..., Table]


def cells(table: Table) -> list[tuple[str, ...]]:
    return [row.cells for row in table.rows()]


def sound(table: Table) -> dict[int, tuple[str, ...]]:
    """Cells by line of the rows that nothing is wrong with."""
    return {row.line: row.cells for row in table.rows() if not (row.broken or row.skip or row.faults)}


def broken(table: Table) -> dict[int, list[str]]:
    """Codes by line of the rows that are broken."""
    return {row.line: [d.code for d in row.broken] for row in table.rows() if row.broken}


def faults(table: Table) -> dict[tuple[int, int], str]:
    """Codes by line and column."""
    return {(row.line, at): d.code for row in table.rows() for at, d in row.faults.items()}


def skipped(table: Table) -> dict[int, str]:
    return {row.line: row.skip.code for row in table.rows() if row.skip}


def codes(diagnostics: Iterable[Diagnostic]) -> list[str]:
    return [d.code for d in diagnostics]


def refusal(task: Callable[[], object]) -> list[str]:
    """Codes of the SourceError that a task ends with; also checks that every message can be written."""
    with pytest.raises(SourceError) as caught:
        task()
    for diagnostic in caught.value.diagnostics:
        assert "…" not in diagnostic.message("fr") + diagnostic.message("en"), diagnostic
    return codes(caught.value.diagnostics)
