"""`when:` compiled once per source: which rows a rule counts for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from converter.mapping.columns import column_index
from converter.mapping.nodes import ConditionSpec
from converter.model import Header, SourceRow
from converter.terminology import fold

__all__ = ["compile_condition"]


def compile_condition(conditions: Sequence[ConditionSpec] | None, header: Header) -> Callable[[SourceRow], str | None]:
    """A function of a row: None when all conditions hold, else the column of the first that does not."""
    tests = [(_condition(c, header), c.column) for c in conditions or ()]

    def failing(row: SourceRow) -> str | None:
        for test, column in tests:
            if not test(row):
                return column
        return None

    return failing


def _condition(condition: ConditionSpec, header: Header) -> Callable[[SourceRow], bool]:
    index, _ = column_index(header, condition.column)
    if condition.empty is not None:
        wanted = condition.empty
        return lambda row: (not row.cells[index].strip()) is wanted
    if condition.matches is not None:
        pattern = re.compile(condition.matches)
        return lambda row: pattern.search(row.cells[index]) is not None
    texts = condition.in_ or condition.not_in or [condition.equals or condition.not_equals or ""]
    folded = frozenset(map(fold, texts))
    positive = condition.in_ is not None or condition.equals is not None
    return lambda row: (fold(row.cells[index]) in folded) is positive
