"""Values judged before any row: options that fit together, and data that the mapping itself gives.

A constant, a table's target and a default are held against what their field takes (``fields``), so that a code that
does not exist is said once, in the mapping, and not at every row.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from zoneinfo import ZoneInfo

from converter.mapping import dates
from converter.mapping.fields import Field, field_of
from converter.mapping.found import Found, regex_problem
from converter.mapping.nodes import ConditionSpec, ConstantValue, TableSpec, TemplateValue, ValueOptions
from converter.mapping.schema import MappingSpec
from converter.mapping.tables import KINDS, compile_table, shipped, table_conflicts
from converter.mapping.templates import template_problem
from converter.mapping.values import ValueContext, WrongValueError, default_problem
from converter.mapping.walk import ValueUse, conditions, values
from converter.mapping.yaml_text import KeyPath, dotted

__all__ = ["value_problems"]

#: Codes that already say what the field wants; others are told as "the default does not pass its own options".
_OWN = frozenset(("MAP-44", "MAP-45", "MAP-46", "MAP-47"))


def value_problems(spec: MappingSpec) -> Iterator[Found]:
    """Each problem once, also when a table or the default author is read from several places."""
    seen: set[tuple[str, KeyPath]] = set()
    for found in _all(spec):
        if (found.code, found.path) not in seen:
            seen.add((found.code, found.path))
            yield found


def _all(spec: MappingSpec) -> Iterator[Found]:
    for name, table in spec.tables.items():
        yield from _folded_keys(table, ("tables", name))
    for use in conditions(spec):
        yield from _condition(use.value, use.path)
    context = ValueContext(ZoneInfo("UTC"), spec.tables)
    for use in values(spec):
        field = field_of(use.path)
        if isinstance(use.value, ConstantValue):
            yield from _judged(field, use.value.value, (*use.path, "value"))
        elif isinstance(use.value, ValueOptions):
            yield from _options(use.value, use.path)
            yield from _table(use, field, context)
            yield from _default(use, field, context)
            if use.value.split is not None and not field.several:
                yield Found("MAP-58", (*use.path, "split"), {"key": dotted(use.path)})


# ------------------------------------------------------------------------------------------------------- options


def _options(value: ValueOptions, path: KeyPath) -> Iterator[Found]:
    if isinstance(value, TemplateValue) and (problem := template_problem(value.template)):
        yield Found("MAP-50", (*path, "template"), {"what": problem})
    if value.pattern is not None:
        yield from _regex(value.pattern, (*path, "pattern"))
    yield from _date_forms(value, path)
    if value.on_error == "default" and value.default is None:
        yield Found("MAP-56", (*path, "on_error"))
    if not isinstance(value.table, str):
        yield from _folded_keys(value.table, (*path, "table"))


def _date_forms(value: ValueOptions, path: KeyPath) -> Iterator[Found]:
    for i, form in enumerate(value.date or ()):
        if problem := dates.form_problem(form):
            yield Found("MAP-48", (*path, "date", i), {"form": form, "what": problem})
        elif "%y" in form and value.pivot is None:
            yield Found("MAP-60", (*path, "date", i), {"form": form})
    if not value.date:
        for option in ("pivot", "sentinels"):
            if getattr(value, option) is not None:
                yield Found("MAP-59", (*path, option), {"option": option, "needs": "date"})


def _condition(condition: ConditionSpec, path: KeyPath) -> Iterator[Found]:
    if condition.matches is not None:
        yield from _regex(condition.matches, (*path, "matches"))


def _regex(pattern: str, path: KeyPath) -> Iterator[Found]:
    if problem := regex_problem(pattern):
        yield Found("MAP-49", path, {"what": problem})


def _folded_keys(table: Any, path: KeyPath) -> Iterator[Found]:
    where = (*path, "add") if isinstance(table, TableSpec) else path
    for first, second in table_conflicts(table or {}):
        yield Found("MAP-43", (*where, second), {"key": second, "other": first})


# --------------------------------------------------------------------------------------- data given by the mapping


def _judged(field: Field, datum: Any, path: KeyPath) -> Iterator[Found]:
    if datum == "":
        return
    if field.is_date and isinstance(datum, str):
        datum = _iso(datum)
    try:
        field.judge(datum)
    except WrongValueError as wrong:
        yield Found(wrong.code, path, wrong.params)


def _iso(text: str) -> Any:
    """A constant for a date is ISO 8601: there is no cell to declare a form for."""
    try:
        return dates.parse(text, [dates.compile_form(f) for f in dates.CONSTANT_FORMS], ZoneInfo("UTC"), None)
    except dates.WrongDateError:
        return text


def _table(use: ValueUse, field: Field, context: ValueContext) -> Iterator[Found]:
    """Targets of the value's table; those of a table that several values use are told where the table says them."""
    name = use.value.table
    table = context.tables.get(name, name) if isinstance(name, str) else name
    if name is None or field.is_date:
        return  # targets are read by the value's own date forms, as cells are
    path: KeyPath = ("tables", name) if isinstance(name, str) and name in context.tables else (*use.path, "table")
    if isinstance(table, dict):
        for word, target in table.items():
            yield from _judged(field, target, (*path, word))
        return
    spec = table if isinstance(table, TableSpec) else TableSpec(use=table) if table in shipped() else None
    if spec is None or spec.use not in shipped():
        return  # MAP-41
    for word, target in spec.add.items():
        yield from _judged(field, target, (*path, "add", word))
    yield from _shipped(spec.use, field, use)


def _shipped(name: str, field: Field, use: ValueUse) -> Iterator[Found]:
    """A shipped table for a field that takes none of its codes."""
    targets = compile_table(name, {}).targets()
    for target in targets:
        if not any(_judged(field, target, ())):
            return
    yield Found("MAP-46" if name == KINDS else "MAP-64", (*use.path, "table"), {"table": name})


def _default(use: ValueUse, field: Field, context: ValueContext) -> Iterator[Found]:
    value = use.value
    if value.default is None or _is_broken(value, context):
        return

    def judged(datum: Any) -> Any:
        field.judge(datum)
        return datum

    wrong = default_problem(value, context, judged)
    if wrong is None:
        return
    if wrong.code in _OWN:
        yield Found(wrong.code, (*use.path, "default"), wrong.params)
    else:
        yield Found("MAP-57", (*use.path, "default"), {"check": wrong.code})


def _is_broken(value: ValueOptions, context: ValueContext) -> bool:
    """Options that are wrong themselves, and said so: nothing can be tried with them."""
    if any(dates.form_problem(form) for form in value.date or ()) or regex_problem(value.pattern or ""):
        return True
    try:
        compile_table(value.table or {}, context.tables)
    except KeyError:
        return True
    return False
