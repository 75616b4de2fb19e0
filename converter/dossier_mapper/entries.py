"""Rows to entries: several rows with one key are one entry where the mapping says `group: yes`.

A row takes part whole or not at all: when something of it is wrong, or contradicts what an earlier row of its entry
said, nothing of it is used and the other rows of the entry stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from converter.cda.dossier.states import State
from converter.diagnostics import Diagnostic, Severity
from converter.dossier import EvaluationItem, Transport
from converter.dossier_mapper.parts import Compiler, Kind, Reader
from converter.dossier_mapper.steps import is_after
from converter.mapper.residents import Collected
from converter.mapping.schema import DossierOptions
from converter.mapping.values import Rule
from converter.model import Coding, SourceRow, SpooledRow

__all__ = [
    "CompiledRule",
    "Context",
    "Entry",
    "Findings",
    "Part",
    "Refusal",
    "Section",
    "Trace",
    "gather",
    "merge",
    "read_rows",
]

#: Row number, and what is wrong with the row; an error rejects it.
Findings = list[tuple[int, Diagnostic]]


class Trace:
    """What was found about rows, in order."""

    def __init__(self) -> None:
        self.findings: Findings = []
        self._rejected: set[int] = set()

    def note(self, number: int, diagnostics: Iterable[Diagnostic]) -> None:
        for diagnostic in diagnostics:
            self.findings.append((number, diagnostic))
            if diagnostic.is_error:
                self._rejected.add(number)

    def rejected(self, number: int) -> bool:
        return number in self._rejected


@dataclass(frozen=True, slots=True)
class CompiledRule:
    """One rule of the mapping, ready for its rows. ``read`` gives the row's fields; ``late`` is the section's own."""

    key: Rule
    grouped: bool
    read: Reader
    late: Any = None


@dataclass(slots=True)
class Part:
    """One row's share of an entry."""

    number: int
    row: SourceRow
    key: str
    rule: CompiledRule
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Entry:
    """What the rows with one key say together. ``parts`` are those that took part, never none."""

    key: str
    parts: tuple[Part, ...]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a state's rules refuse an entry as code."""

    code: str
    params: Mapping[str, str | int] = field(default_factory=dict)

    def on(self, part: Part, options: DossierOptions) -> Diagnostic:
        """The refusal about a row: a warning where the entry is kept as text, an error where it is not."""
        level = Severity.ERROR if options.nonconforming == "reject" else Severity.WARNING
        return Diagnostic(self.code, part.row.location(), self.params, level)


@dataclass(slots=True)
class Context:
    """What the entries of one resident are judged by. ``journeys``: transports seen, and where they stand."""

    state: State
    options: DossierOptions
    trace: Trace
    documents: frozenset[str]
    events: frozenset[str] = frozenset()
    journeys: dict[tuple[bool, str], tuple[Transport, Part]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Section:
    """How one section is made: its rules compiled, its entries built.

    ``kinds``: the fields that several rows may fill; all others must agree. ``spans``: pairs of fields of which the
    first is not after the second. ``prepare`` looks at the rows of an entry before they are put together. ``build``
    gives the entry as code, and why the state's rules refuse it.
    """

    title: str
    kinds: Mapping[str, Kind]
    spans: Sequence[tuple[str, str]]
    compile: Callable[[Compiler, Any], CompiledRule]
    build: Callable[[Entry, Context], tuple[Any, list[Refusal]]]
    prepare: Callable[[Sequence[Part], Context], None] | None = None


def read_rows(rule: CompiledRule, rows: Sequence[SpooledRow], trace: Trace) -> Iterator[Part]:
    """The rows of a rule that nothing is wrong with so far."""
    for spooled in rows:
        got = Collected(spooled.row)
        key = got.take(rule.key)
        values = rule.read(got)
        trace.note(spooled.id, got.diagnostics)
        if not trace.rejected(spooled.id):
            yield Part(spooled.id, spooled.row, key, rule, values)


def gather(parts: Iterable[Part], trace: Trace) -> dict[str, list[Part]]:
    """Parts by key, in the order read. DOS-15 for a second row of a key that its rule does not group."""
    found: dict[str, list[Part]] = {}
    whole: dict[str, Part] = {}
    for part in parts:
        if not part.rule.grouped:
            first = whole.setdefault(part.key, part)
            if first is not part:
                trace.note(part.number, [Diagnostic("DOS-15", part.row.location(), _place(first.row))])
                continue
        found.setdefault(part.key, []).append(part)
    return found


def merge(
    key: str, parts: Sequence[Part], kinds: Mapping[str, Kind], spans: Sequence[tuple[str, str]], trace: Trace
) -> Entry | None:
    """The entry of the parts that are not rejected; None when none is left."""
    growing = _Growing(kinds, spans)
    taken = []
    for part in parts:
        if trace.rejected(part.number):
            continue
        wrong = growing.contradictions(part)
        trace.note(part.number, wrong)
        if not wrong:
            growing.take(part)
            taken.append(part)
    return Entry(key, tuple(taken), growing.values()) if taken else None


class _Growing:
    """An entry while its rows come together: nothing of a row is taken before all of it agrees."""

    def __init__(self, kinds: Mapping[str, Kind], spans: Sequence[tuple[str, str]]) -> None:
        self._kinds = kinds
        self._spans = spans
        self._single: dict[str, Any] = {}
        self._lists: dict[str, dict[Any, None]] = {}  # in the order read, each datum once
        self._results: dict[Coding, EvaluationItem] = {}
        self._origin: dict[str, SourceRow] = {}

    def contradictions(self, part: Part) -> list[Diagnostic]:
        """What in a row does not agree with the rows taken so far, or with the rest of the row."""
        place, mine = part.row.location(), part.values
        found = [
            Diagnostic("DOS-16", place, {"field": name} | _place(self._origin[name]))
            for name, value in mine.items()
            if name in self._single and self._single[name] != value
        ]
        results: dict[Coding, EvaluationItem] = {}
        for item in mine.get("items", ()):
            if (self._results.get(item.code) or results.setdefault(item.code, item)) != item:
                # A field without a code is in the source's own words: not repeated here.
                found.append(Diagnostic("DOS-25", place, {"item": item.code.code or "…"}))
        for first, last in self._spans:
            # A contradiction is said once: what was taken counts.
            start, end = (self._single.get(name, mine.get(name)) for name in (first, last))
            if start is not None and end is not None and is_after(start, end):
                found.append(Diagnostic("DOS-17", place, {"start": first, "end": last}))
        return found

    def take(self, part: Part) -> None:
        for name, value in part.values.items():
            kind = self._kinds.get(name, Kind.ONE)
            if kind is Kind.ONE:
                self._single.setdefault(name, value)
                self._origin.setdefault(name, part.row)
            else:
                self._lists.setdefault(name, {}).update(dict.fromkeys((value,) if kind is Kind.TEXT else value))
        for item in part.values.get("items", ()):
            self._results.setdefault(item.code, item)

    def values(self) -> dict[str, Any]:
        lists = {
            name: "\n".join(data) if self._kinds[name] is Kind.TEXT else tuple(data)
            for name, data in self._lists.items()
        }
        return self._single | lists


def _place(row: SourceRow) -> dict[str, str | int]:
    return {"line": row.line, "file": row.file}
