"""The words that a person who corrects a source may choose from: those of the tables that the mapping reads it with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from converter import terminology
from converter.mapping.columns import UnknownColumnError, column_index
from converter.mapping.nodes import ColumnValue, TableSpec
from converter.mapping.schema import MappingSpec
from converter.mapping.tables import KINDS, Table, compile_table
from converter.mapping.walk import values
from converter.model import Header
from converter.terminology import fold

__all__ = ["offered_words"]


def offered_words(spec: MappingSpec, headers: Mapping[str, Header]) -> dict[str, dict[int, tuple[str, ...]]]:
    """Per source and column (from 0): the words of its table, as written, in the table's order.

    A column with several values in a cell has none; one that is read through several tables has the words of all.
    """
    found: dict[str, dict[int, dict[str, None]]] = {}
    for use in values(spec):
        value, source = use.value, use.source
        if not isinstance(value, ColumnValue) or value.table is None or value.split:
            continue
        if source is None or source not in headers:
            continue
        try:
            column, _ = column_index(headers[source], value.column)
        except UnknownColumnError:
            continue
        words = found.setdefault(source, {}).setdefault(column, {})
        words.update(dict.fromkeys(_words(value.table, spec.tables)))
    return {source: {column: tuple(words) for column, words in columns.items()} for source, columns in found.items()}


def _words(table: Any, tables: Mapping[str, Any]) -> Sequence[str]:
    compiled = compile_table(table, tables)
    if isinstance(table, str):
        table = tables[table] if table in tables else TableSpec(use=table)
    words = (*table.add, *_shipped(table.use)) if isinstance(table, TableSpec) else tuple(table)
    # Removed words and labels of several codes are no words of the table.
    return [word for word in words if _meant(compiled, word) is not None]


@cache
def _shipped(name: str) -> tuple[str, ...]:
    """Labels of an official table; of the legacy kinds, which have a thousand spellings, one word of each kind."""
    if name != KINDS:
        return tuple(sorted({coding.display for coding in terminology.codes(name).values()}, key=fold))
    known = compile_table(KINDS, {})
    words: dict[str, str] = {}
    for word, kind in terminology.legacy_kinds().items():
        words.setdefault(kind.id, kind.label if _meant(known, kind.label) == kind else word[:1].upper() + word[1:])
    return tuple(sorted(words.values(), key=fold))


def _meant(table: Table, word: str) -> Any:
    try:
        return table.get(word)
    except KeyError:
        return None
