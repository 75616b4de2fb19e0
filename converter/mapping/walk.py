"""Walks a validated mapping: which source every value reads, and which columns and tables it names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, cast, get_args

from pydantic import BaseModel

from converter.mapping.nodes import (
    ColumnValue,
    ConditionSpec,
    ConstantValue,
    LookupValue,
    Node,
    SingleValue,
    TemplateValue,
    Value,
)
from converter.mapping.schema import INS_KINDS, DossierRule, InsSpec, MappingSpec, TemplateRule
from converter.mapping.sections import UnplacedRule
from converter.mapping.templates import columns_of
from converter.mapping.yaml_text import KeyPath

__all__ = ["ColumnUse", "ValueUse", "columns", "conditions", "values"]


#: What is found on the way and names columns, without being a value.
_NO_VALUES = (ConditionSpec, InsSpec, TemplateRule, UnplacedRule)


@dataclass(frozen=True, slots=True)
class ValueUse:
    """A value, where it stands, and the source whose rows it is read from (None outside every rule)."""

    path: KeyPath
    source: str | None
    value: Any


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """A column that the mapping names."""

    path: KeyPath
    source: str | None
    column: str


def values(spec: MappingSpec) -> Iterator[ValueUse]:
    """Every value of the mapping, members of lists one by one."""
    for use in _uses(spec):
        if not isinstance(use.value, _NO_VALUES):
            yield use


def conditions(spec: MappingSpec) -> Iterator[ValueUse]:
    """Every condition of the mapping."""
    for use in _uses(spec):
        if isinstance(use.value, ConditionSpec):
            yield use


def columns(spec: MappingSpec) -> Iterator[ColumnUse]:
    """Every column of a source that the mapping names, as written."""
    for use in _uses(spec):
        match use.value:
            case str():
                yield ColumnUse(use.path, use.source, use.value)
            case ColumnValue() | ConditionSpec() | InsSpec():
                yield ColumnUse((*use.path, "column"), use.source, use.value.column)
            case TemplateValue():
                for column in columns_of(use.value.template):
                    yield ColumnUse((*use.path, "template"), use.source, column)
            case LookupValue():
                look = use.value.lookup
                if look.value is None:
                    yield ColumnUse((*use.path, "lookup", "key"), use.source, look.key)
                yield ColumnUse((*use.path, "lookup", "key"), look.source, look.key)
                yield ColumnUse((*use.path, "lookup", "column"), look.source, look.column)
            case TemplateRule():
                yield from _template_columns(use)
            case UnplacedRule():
                for i, column in enumerate(use.value.columns or ()):
                    yield ColumnUse((*use.path, "columns", i), use.source, column)
    for name, source in spec.sources.items():
        if source.key is not None:
            yield ColumnUse(("sources", name, "key"), name, source.key)
        for i, column in enumerate(source.fill_down or ()):
            yield ColumnUse(("sources", name, "fill_down", i), name, column)


def _template_columns(use: ValueUse) -> Iterator[ColumnUse]:
    rule = use.value
    named = rule.columns if isinstance(rule.columns, list) else []
    grouped = rule.group if isinstance(rule.group, list) else []
    for key, labels in (("columns", named), ("group", grouped), ("sort", rule.sort or [])):
        for i, column in enumerate(labels):
            yield ColumnUse((*use.path, key, i), use.source, column)


def _uses(spec: MappingSpec) -> Iterator[ValueUse]:
    """Everything found; the default author is read from the rows of each document rule that names none."""
    rows = {rule.from_: None for rule in spec.documents if not isinstance(rule, DossierRule) and rule.author is None}
    for use in _walk(spec, (), None):
        if use.path[0] == "author" and rows:
            for source in rows:
                yield replace(use, source=source)
        else:
            yield use


@cache
def _holds_value(annotation: Any) -> bool:
    return annotation is Value or annotation is SingleValue or any(_holds_value(a) for a in _arguments(annotation))


def _arguments(annotation: Any) -> tuple[Any, ...]:
    # A type alias is looked at by name, not into: only Value and SingleValue matter.
    return tuple(a for a in get_args(annotation) if not isinstance(a, str))


def _walk(node: BaseModel, path: KeyPath, source: str | None) -> Iterator[ValueUse]:
    source = getattr(node, "from_", None) or source
    if isinstance(node, _NO_VALUES):
        yield ValueUse(path, source, node)
    for name, info in type(node).model_fields.items():
        value = getattr(node, name)
        if value is None or (isinstance(node, InsSpec) and name == "kind" and value in INS_KINDS):
            continue
        if isinstance(node, TemplateRule) and name == "columns" and isinstance(value, list):
            continue  # labels, not values: see _template_columns
        key = info.alias or name
        yield from _member(value, (*path, key), source, _holds_value(cast(Any, info.annotation)))


def _member(value: Any, path: KeyPath, source: str | None, may_be_value: bool) -> Iterator[ValueUse]:
    if isinstance(value, ColumnValue | TemplateValue | LookupValue | ConstantValue):
        yield ValueUse(path, source, value)
        if isinstance(value, LookupValue) and value.lookup.value is not None:
            yield from _member(value.lookup.value, (*path, "lookup", "value"), source, True)
    elif isinstance(value, Node):
        yield from _walk(value, path, source)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _member(item, (*path, key), source, may_be_value)
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _member(item, (*path, i), source, may_be_value)
    elif isinstance(value, str) and may_be_value:
        yield ValueUse(path, source, value)
