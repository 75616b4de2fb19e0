"""Value translation: legacy words to codes. Keys match without regard to case, accents and spacing.

A table is a dict of the mapping, a shipped table by name (``legacy-document-kinds``, or an official code table whose
codes and labels are its keys), or a shipped table with additions and removals.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from converter import terminology
from converter.mapping.nodes import TableSpec
from converter.terminology import fold, fold_label

__all__ = ["INLINE", "KINDS", "Table", "compile_table", "shipped", "table_conflicts"]

KINDS = "legacy-document-kinds"


#: Name of a table that the value itself gives.
INLINE = "inline"


class Table:
    """A compiled table; ``get`` raises KeyError for a word that it does not hold."""

    def __init__(self, name: str, entries: Mapping[str, Any], *, labels: bool = False) -> None:
        self.name = name
        self._fold = fold_label if labels else fold
        self._entries = {self._fold(key): target for key, target in entries.items()}

    def get(self, word: str) -> Any:
        return self._entries[self._fold(word)]

    def targets(self) -> list[Any]:
        """What the words stand for, in the order of the table."""
        return list(self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)


def shipped() -> list[str]:
    """Names that `use:` may give."""
    return [KINDS, *terminology.tables()]


def compile_table(table: Any, tables: Mapping[str, Any]) -> Table:
    """A table by name (of the mapping, then shipped) or given inline. KeyError for an unknown name."""
    if isinstance(table, str):
        if table in tables:
            return _compile(table, tables[table])
        return _compile(table, TableSpec(use=table))
    return _compile(INLINE, table)


def _compile(name: str, table: Any) -> Table:
    if not isinstance(table, TableSpec):
        return Table(name, table)
    entries: dict[str, Any]
    if table.use == KINDS:
        entries = dict(terminology.legacy_kinds())
    else:
        entries = _official(table.use)
    labels = table.use == KINDS
    folding = fold_label if labels else fold
    removed = {folding(word) for word in table.remove}
    entries = {key: target for key, target in entries.items() if folding(key) not in removed}
    added = {folding(key): target for key, target in table.add.items()}
    return Table(name, {folding(key): target for key, target in entries.items()} | added, labels=labels)


def _official(name: str) -> dict[str, str]:
    """Codes and labels of an official table. A label of several codes names none of them."""
    codes = terminology.codes(name)
    labels = Counter(fold(coding.display) for coding in codes.values())
    named = {coding.display: code for code, coding in codes.items() if labels[fold(coding.display)] == 1}
    return named | {code: code for code in codes}


def table_conflicts(table: Any) -> list[tuple[str, str]]:
    """Pairs of keys of a table, or of its additions, that fold to the same and mean different things."""
    entries = table.add if isinstance(table, TableSpec) else table
    folding = fold_label if isinstance(table, TableSpec) and table.use == KINDS else fold
    seen: dict[str, str] = {}
    conflicts = []
    for key, target in entries.items():
        first = seen.setdefault(folding(key), key)
        if entries[first] != target:
            conflicts.append((first, key))
    return conflicts
