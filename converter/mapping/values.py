"""Values compiled once per source into functions of a row: about ten microseconds a row, no interpretation per cell.

A function gives a :class:`Result`: the datum (text, :class:`~converter.model.PartialDate` or aware datetime, a table's
target, or a tuple of these after ``split``), None for an empty one, and what is wrong. ``default`` and ``on_error`` are
the only ways by which a datum is invented or dropped; each use is counted in ``ValueContext.uses``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from converter.diagnostics import Diagnostic, Severity, SourceError
from converter.mapping import dates
from converter.mapping.columns import column_index
from converter.mapping.nodes import (
    ConstantValue,
    LookupValue,
    TemplateValue,
    ValueOptions,
)
from converter.mapping.tables import INLINE, Table, compile_table
from converter.mapping.templates import columns_of, compile_template
from converter.model import Header, SourceRow
from converter.terminology import fold

__all__ = [
    "AMBIGUOUS",
    "Ambiguous",
    "Convert",
    "Lookups",
    "Noted",
    "Result",
    "Rule",
    "ValueContext",
    "WrongValueError",
    "compile_value",
    "default_problem",
]


class Ambiguous(Enum):
    """A look-up key that stands in several rows."""

    AMBIGUOUS = "ambiguous"


AMBIGUOUS = Ambiguous.AMBIGUOUS


class Lookups(Protocol):
    """Rows of other sources, found by a key."""

    def get(self, source: str, key_column: str, key: str) -> tuple[str, ...] | Ambiguous | None: ...


class _NoLookups:
    def get(self, source: str, key_column: str, key: str) -> tuple[str, ...] | Ambiguous | None:
        return None


@dataclass(frozen=True, slots=True)
class Result:
    """A datum and what is wrong with it. ``value`` is None when empty or wrong."""

    value: Any = None
    diagnostics: tuple[Diagnostic, ...] = ()

    @property
    def failed(self) -> bool:
        return any(d.is_error for d in self.diagnostics)


Rule = Callable[[SourceRow], Result]
_EMPTY = Result()


@dataclass(slots=True)
class ValueContext:
    """What values need besides their row: time zone, tables, other sources' headers and rows; and the count of uses."""

    zone: ZoneInfo
    tables: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, Header] = field(default_factory=dict)
    lookups: Lookups = field(default_factory=_NoLookups)
    #: (how, path of the value) → how often a default was used or a wrong value omitted.
    uses: Counter[tuple[str, str]] = field(default_factory=Counter)


def compile_value(
    value: Any,
    header: Header,
    context: ValueContext,
    *,
    required: bool = False,
    path: str = "",
    to: Convert | None = None,
) -> Rule:
    """The function of a row that gives this value.

    ``value`` is any form of the language, or None (always empty). ``required`` is the field's usual answer to an empty
    cell, which the value's own ``required`` overrides; ``path`` names the value in counts. ``to`` is the field's own
    last step: it gets what the value's options made (text, date, a table's target) and gives the datum, None for an
    empty one, or raises WrongValueError, which the value's ``on_error`` then answers. UnknownColumnError when a column
    is not there.
    """
    if value is None:
        return lambda row: _EMPTY
    if isinstance(value, list):
        own = any(getattr(v, "required", None) for v in value)
        rules = [
            compile_value(_not_required(v), header, context, path=f"{path}[{i}]", to=to) for i, v in enumerate(value)
        ]
        return _first_of(rules, _label(value[0], header), required or own)
    if isinstance(value, ConstantValue):
        return _constant(value.value, context, to)
    options = _NO_OPTIONS if isinstance(value, str) else value
    read = _reader(value, header, context)
    # Whether real date cells may stand in it is said by the source that the cell comes from.
    origin = context.headers.get(value.lookup.source, header) if isinstance(value, LookupValue) else header
    return _finish(read, options, origin, context, required, path, to)


_NO_OPTIONS = ValueOptions.model_validate({})


def _not_required(value: Any) -> Any:
    """A member of a list: `required` is a matter of the whole list."""
    return value.model_copy(update={"required": None}) if getattr(value, "required", None) else value


def _constant(text: str, context: ValueContext, to: Convert | None) -> Rule:
    try:
        datum = (_or_iso(to, context.zone)(text) if to else text) if text else None
        result = Result(datum.value if isinstance(datum, Noted) else datum)
    except WrongValueError as wrong:
        code, params = wrong.code, wrong.params
        return lambda row: Result(None, (Diagnostic(code, row.location(), params),))
    return lambda row: result


def _label(value: Any, header: Header) -> str | None:
    """The column to name in a diagnostic, as the header has it."""
    if isinstance(value, list):
        return _label(value[0], header)
    if isinstance(value, LookupValue):
        return _label(value.lookup.value or value.lookup.key, header)
    column = value if isinstance(value, str) else getattr(value, "column", None)
    return None if column is None else header.labels[column_index(header, column)[0]] or column


# ------------------------------------------------------------------------------------------------------- reading

#: Gives the raw text, or what hinders reading it; and the column to name.
_Read = Callable[[SourceRow], tuple[str, Diagnostic | None]]


def _reader(value: Any, header: Header, context: ValueContext) -> tuple[_Read, str | None]:
    if isinstance(value, TemplateValue):
        return _template_reader(value, header), None
    if isinstance(value, LookupValue):
        return _lookup_reader(value, header, context), _label(value, header)
    column = value if isinstance(value, str) else value.column
    index, _ = column_index(header, column)
    return _column_reader(index), _label(value, header)


def _column_reader(index: int) -> _Read:
    def read(row: SourceRow) -> tuple[str, Diagnostic | None]:
        if row.faults and index in row.faults:
            return "", row.faults[index]
        return row.cells[index], None

    return read


def _template_reader(value: TemplateValue, header: Header) -> _Read:
    render = compile_template(value.template)
    positions = {column: column_index(header, column)[0] for column in columns_of(value.template)}

    def read(row: SourceRow) -> tuple[str, Diagnostic | None]:
        for index in positions.values():
            if index in row.faults:
                return "", row.faults[index]
        text = render({column: row.cells[index].strip() for column, index in positions.items()})
        return ("", Diagnostic("VAL-05", row.location())) if text is None else (text, None)

    return read


def _lookup_reader(value: LookupValue, header: Header, context: ValueContext) -> _Read:
    spec = value.lookup
    key_of = compile_value(spec.value or spec.key, header, context)
    column = _label(value, header)
    there = context.headers.get(spec.source)
    # An optional source that is not there has no rows: nothing is found in it.
    target = column_index(there, spec.column)[0] if there else 0

    def read(row: SourceRow) -> tuple[str, Diagnostic | None]:
        key = key_of(row)
        if key.failed:
            return "", key.diagnostics[0]
        if key.value is None:
            return "", None
        found = context.lookups.get(spec.source, spec.key, str(key.value).strip()) if there else None
        if isinstance(found, tuple):
            return found[target], None
        code = "VAL-06" if found is None else "VAL-07"
        return "", Diagnostic(code, row.location(column), {"source": spec.source})

    return read


# ----------------------------------------------------------------------------------------------------- finishing

#: Gives the datum of one piece of text, or the code and parameters of what is wrong with it.
Convert = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Noted:
    """A datum (or None: dropped) that its field accepts with a remark: the code of a warning and its parameters."""

    value: Any
    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)


class WrongValueError(Exception):
    """A datum that is not what its field wants: the code of the diagnostic and its parameters."""

    def __init__(self, code: str, **params: str | int) -> None:
        super().__init__(code)
        self.code, self.params = code, params


def _finish(
    read_and_label: tuple[_Read, str | None],
    options: ValueOptions,
    header: Header,
    context: ValueContext,
    required: bool,
    path: str,
    to: Convert | None,
) -> Rule:
    read, column = read_and_label
    convert = _converter(options, header, context, to, column)
    nulls = frozenset(map(fold, options.nulls or ()))
    split = options.split
    needed = required if options.required is None else options.required
    on_error, uses = options.on_error, context.uses
    spare = _Spare(options, header, context, to)

    def fallback(row: SourceRow, *notices: Diagnostic) -> Result:
        if spare.problem is not None:
            return Result(None, (*notices, Diagnostic(spare.problem.code, row.location(column), spare.problem.params)))
        uses["default", path] += 1
        return Result(spare.datum, notices)

    def empty(row: SourceRow) -> Result:
        if spare.is_given:
            return fallback(row)
        if needed:
            return failed(row, Diagnostic("VAL-01", row.location(column)))
        return _EMPTY

    def failed(row: SourceRow, problem: Diagnostic) -> Result:
        if on_error == "omit":
            uses["omit", path] += 1
            return Result(None, (Diagnostic("VAL-08", row.location(column), {"check": problem.code}),))
        if on_error == "default" and spare.is_given:
            return fallback(row, Diagnostic("VAL-09", row.location(column), {"check": problem.code}))
        if on_error == "stop":
            raise SourceError(problem)
        return Result(None, (problem,))

    def rule(row: SourceRow) -> Result:
        text, problem = read(row)
        if problem is not None:
            placed = Diagnostic(problem.code, row.location(column), problem.params, problem.level)
            return failed(row, placed)
        text = text.strip()
        if not text or (nulls and fold(text) in nulls):
            return empty(row)
        try:
            if split is None:
                datum = convert(text)
            else:
                datum = tuple(convert(part.strip()) for part in text.split(split) if part.strip())
        except WrongValueError as wrong:
            # However its catalogue entry is graded elsewhere: what a field refuses is an error of its row.
            return failed(row, Diagnostic(wrong.code, row.location(column), wrong.params, Severity.ERROR))
        if datum is None or datum == ():
            return empty(row)
        return _unpacked(datum, row, column) if type(datum) in (Noted, tuple) else Result(datum)

    return rule


def _unpacked(datum: Any, row: SourceRow, column: str | None) -> Result:
    """A datum with its remarks beside it."""
    noted = [d for d in (datum if isinstance(datum, tuple) else (datum,)) if isinstance(d, Noted)]
    if not noted:
        return Result(datum)
    remarks = tuple(Diagnostic(n.code, row.location(column), n.params, Severity.WARNING) for n in noted)
    if isinstance(datum, Noted):
        return Result(datum.value, remarks)
    bare = (d.value if isinstance(d, Noted) else d for d in datum)
    return Result(tuple(d for d in bare if d is not None) or None, remarks)


class _Spare:
    """What `default:` stands for: a text as the cells have it, or what the field itself takes (a table's target, an
    ISO date). ``problem`` when it is neither."""

    def __init__(self, options: ValueOptions, header: Header, context: ValueContext, to: Convert | None) -> None:
        self.is_given = options.default is not None
        self.datum: Any = None
        self.problem: WrongValueError | None = None
        if not options.default:
            return
        try:
            self.datum = _spare_datum(options.default, options, header, context, to)
        except WrongValueError as wrong:
            self.problem = wrong
        if isinstance(self.datum, Noted):
            self.datum = self.datum.value


def _spare_datum(text: str, options: ValueOptions, header: Header, context: ValueContext, to: Convert | None) -> Any:
    convert = _converter(options, header, context, to)
    try:
        if options.split is None:
            return convert(text)
        return tuple(convert(part.strip()) for part in text.split(options.split) if part.strip())
    except WrongValueError as wrong:
        if options.table is not None:
            targets = compile_table(options.table, context.tables).targets()
            own = to or (lambda datum: datum)
            if to is not None or text in targets:
                return own(text)
        elif options.date:
            with suppress(WrongValueError):
                return _or_iso(to or _only_dates, context.zone)(text)
        raise wrong from None


def default_problem(options: ValueOptions, context: ValueContext, to: Convert | None) -> WrongValueError | None:
    """What is wrong with a value's `default:`, or None. ``to`` is the field's last step."""
    return _Spare(options, Header((), typed=True), context, to).problem


def _only_dates(datum: Any) -> Any:
    if isinstance(datum, str):
        raise WrongValueError("DATE-01", format="AAAA-MM-JJ")
    return datum


def _or_iso(to: Convert, zone: ZoneInfo, accepted: Sequence[str] = dates.CONSTANT_FORMS) -> Convert:
    """A field that wants a date takes ISO 8601 where no form was declared: constants, and real date cells."""
    forms = [dates.compile_form(f) for f in accepted]

    def convert(text: Any) -> Any:
        try:
            return to(text)
        except WrongValueError:
            try:
                moment = dates.parse(text, forms, zone, None) if isinstance(text, str) else None
                if moment is not None:
                    return to(moment)
            except (dates.WrongDateError, WrongValueError):
                pass  # no date, or no date wanted: what was said first counts
            raise

    return convert


def _converter(
    options: ValueOptions,
    header: Header,
    context: ValueContext,
    to: Convert | None = None,
    column: str | None = None,
) -> Convert:
    steps: list[Convert] = []
    if options.pattern:
        steps.append(_pattern_step(options.pattern))
    if options.decimal:
        steps.append(_decimal_step(options.decimal, header.typed))
    if options.table is not None:
        steps.append(_table_step(compile_table(options.table, context.tables), column))
    if options.date:
        # Days repeat from row to row; what is remembered is bounded.
        steps.append(lru_cache(maxsize=4096)(_date_step(options, header, context)))
    if to is not None:
        # "Typed Excel dates always pass", declared form or not.
        steps.append(_or_iso(to, context.zone, dates.ISO_FORMS) if header.typed and not options.date else to)
    if not steps:
        return lambda text: text
    if len(steps) == 1:
        return steps[0]

    def run(text: str) -> Any:
        datum: Any = text
        for step in steps:
            datum = step(datum)
            if datum is None:
                return None
        return datum

    return run


def _pattern_step(pattern: str) -> Convert:
    compiled = re.compile(pattern)

    def step(text: str) -> str:
        if compiled.fullmatch(text):
            return text
        raise WrongValueError("VAL-02", pattern=pattern)

    return step


def _decimal_step(mark: str, typed: bool) -> Convert:
    number = re.compile(r"[+-]?\d+(?:\.\d+)?", re.ASCII)
    # A number cell of a workbook has no mark: it comes with a point. "1.234" may be a typed thousand all the same.
    from_number = re.compile(r"[+-]?\d+\.(?!\d{3}\Z)\d+", re.ASCII) if typed else None
    other = "." if mark == "," else ","

    def step(text: str) -> str:
        bare = "".join(text.split())
        if from_number is not None and from_number.fullmatch(bare):
            return bare
        if other not in bare:
            bare = bare.replace(mark, ".")
            if number.fullmatch(bare):
                return bare
        raise WrongValueError("VAL-03", mark=mark)

    return step


def _table_step(table: Table, column: str | None) -> Convert:
    # A table given on the spot has no name: its column's tells where it stands.
    name = column if table.name == INLINE and column else table.name

    def step(text: str) -> Any:
        try:
            return table.get(text)
        except KeyError:
            raise WrongValueError("CODE-01", table=name) from None

    return step


def _date_step(options: ValueOptions, header: Header, context: ValueContext) -> Convert:
    declared = options.date or []
    forms = [dates.compile_form(f) for f in declared]
    if header.typed:
        forms += [dates.compile_form(f) for f in dates.ISO_FORMS]
    sentinels = _sentinels(options.sentinels or (), header.typed, declared, context)

    def step(text: str) -> Any:
        if not isinstance(text, str):  # a table's document kind
            raise WrongValueError("DATE-01", format=_readable(declared))
        if sentinels and dates.is_sentinel(text, sentinels):
            return None
        try:
            return dates.parse(text, forms, context.zone, options.pivot)
        except dates.WrongDateError as wrong:
            raise WrongValueError(str(wrong.args[0]), format=_readable(declared)) from None

    return step


def _sentinels(texts: Sequence[str], typed: bool, declared: Sequence[str], context: ValueContext) -> tuple[str, ...]:
    """Sentinels as written, and in ISO too where the cells may be real dates."""
    found = list(texts)
    if typed:
        forms = [dates.compile_form(f) for f in declared]
        for text in texts:
            try:
                found.append(str(dates.parse(text, forms, context.zone, 50)))
            except dates.WrongDateError:
                continue
    return tuple(found)


_READABLE = {
    "%d": "JJ",
    "%B": "mois",
    "%b": "mois",
    "%m": "MM",
    "%Y": "AAAA",
    "%y": "AA",
    "%H": "hh",
    "%M": "mm",
    "%S": "ss",
}


def _readable(forms: Sequence[str]) -> str:
    """Forms as care staff read them: JJ/MM/AAAA."""
    texts = []
    for form in forms:
        for directive, letters in _READABLE.items():
            form = form.replace(directive, letters)
        texts.append(form)
    return " / ".join(texts)


def _first_of(rules: Sequence[Rule], column: str | None, required: bool) -> Rule:
    def rule(row: SourceRow) -> Result:
        remarks: tuple[Diagnostic, ...] = ()
        for candidate in rules:
            result = candidate(row)
            remarks += result.diagnostics
            if result.value is not None or result.failed:
                return Result(result.value, remarks)
        missing = (Diagnostic("VAL-01", row.location(column)),) if required else ()
        return Result(None, (*remarks, *missing)) if remarks or missing else _EMPTY

    return rule
