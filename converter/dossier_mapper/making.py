"""The entries of one resident from their rows, and what of the rows travels as text or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from types import MappingProxyType
from typing import Any

from converter.cda.dossier.states import State
from converter.diagnostics import Diagnostic
from converter.dossier import AddedDocument
from converter.dossier_mapper.attached import KeptRow, as_document
from converter.dossier_mapper.coverage import COVERAGE
from converter.dossier_mapper.entries import (
    CompiledRule,
    Context,
    Entry,
    Findings,
    Section,
    Trace,
    gather,
    merge,
    read_rows,
)
from converter.dossier_mapper.evaluations import EVALUATIONS
from converter.dossier_mapper.events import EVENTS
from converter.dossier_mapper.stays import STAYS
from converter.mapping.schema import DossierOptions
from converter.model import Header, SpooledRow

__all__ = ["PLACES", "SECTIONS", "KeptRule", "Made", "Plan", "RuleRows", "make"]

#: Rows of one resident by `RowRule.index`, in the order read; `when` and `guard` have been applied.
RuleRows = Mapping[int, Sequence[SpooledRow]]

#: Sections by their key in the mapping, in the order they are made: stays refer to events.
SECTIONS: Mapping[str, Section] = MappingProxyType(
    {"coverage": COVERAGE, "events": EVENTS, "stays": STAYS, "assessments": EVALUATIONS}
)
#: The same sections as the states name them, and the field of a dossier that holds their entries.
PLACES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "coverage": ("coverage", "coverages"),
        "events": ("events", "events"),
        "stays": ("stays", "stays"),
        "assessments": ("evaluations", "evaluations"),
    }
)


@dataclass(frozen=True, slots=True)
class KeptRule:
    """A rule whose rows the state has no place for. ``attach`` None: as the dossier's options say."""

    name: str
    index: int
    header: Header
    columns: Sequence[int]
    attach: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """The mapping's sections compiled for one state. ``sections``: (rule index, header, rule) by section."""

    state: State
    sections: Mapping[str, Sequence[tuple[int, Header, CompiledRule]]]
    kept: Sequence[KeptRule]


@dataclass(slots=True)
class Made:
    """What came out of the rows. ``entries`` by field of the dossier."""

    trace: Trace = field(default_factory=Trace)
    skipped: Findings = field(default_factory=list)
    unplaced: dict[str, int] = field(default_factory=dict)
    entries: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    texts: list[AddedDocument] = field(default_factory=list)


def make(plan: Plan, rows: RuleRows, added: Sequence[AddedDocument], options: DossierOptions) -> Made:
    """Every row once: in an entry, in a text, rejected (``trace``) or skipped."""
    made = Made()
    context = Context(plan.state, options, made.trace, frozenset(document.key for document in added))
    for name, rules in plan.sections.items():
        _make_section(name, rules, rows, context, made)
    _keep(plan.kept, rows, options, made)
    return made


def _make_section(
    name: str,
    rules: Sequence[tuple[int, Header, CompiledRule]],
    rows: RuleRows,
    context: Context,
    made: Made,
) -> None:
    section, (place, target) = SECTIONS[name], PLACES[name]
    trace = context.trace
    groups = gather(chain.from_iterable(read_rows(rule, rows.get(i, ()), trace) for i, _, rule in rules), trace)
    built: list[tuple[Entry, Any]] = []
    for key, parts in groups.items():
        if section.prepare is not None:
            section.prepare(parts, context)
        entry = merge(key, parts, section.kinds, section.spans, trace)
        if entry is not None and (value := _judged(section, entry, context)) is not None:
            built.append((entry, value))
    if name == "events":
        context.events = frozenset(entry.key for entry, _ in built)
    if place not in context.state.alone and not any(value.coded for _, value in built):
        headers = {rule: header for _, header, rule in rules}
        made.texts.extend(_as_text(section.title, [entry for entry, _ in built], headers, trace))
    else:
        made.entries[target] = tuple(value for _, value in built)


def _judged(section: Section, entry: Entry, context: Context) -> Any:
    """The entry, or None where the state refuses it as code and the mapping wants no text instead."""
    value, refusals = section.build(entry, context)
    if not refusals:
        return value
    if context.options.nonconforming == "narrative":
        first = entry.parts[0]
        context.trace.note(first.number, [refusal.on(first, context.options) for refusal in refusals])
        return value
    for part in entry.parts:
        context.trace.note(part.number, [refusal.on(part, context.options) for refusal in refusals])
    return None


def _as_text(
    title: str, entries: Sequence[Entry], headers: Mapping[CompiledRule, Header], trace: Trace
) -> list[AddedDocument]:
    """A section of which no entry can be coded may not stand alone (entry 1..*): its rows become a text."""
    kept = []
    for entry in entries:
        for part in entry.parts:
            header = headers[part.rule]
            kept.append(KeptRow(part.number, part.row, header, range(len(header.labels))))
            trace.note(part.number, [Diagnostic("DOS-29", part.row.location(), {"section": title})])
    return [as_document(title, kept)] if kept else []


def _keep(rules: Sequence[KeptRule], rows: RuleRows, options: DossierOptions, made: Made) -> None:
    """Rows without a place: attached as text where the mapping asks for it, else skipped with that reason."""
    texts: dict[str, list[KeptRow]] = {}
    for rule in rules:
        attach = rule.attach or options.no_place == "attach"
        for spooled in rows.get(rule.index, ()):
            made.unplaced[rule.name] = made.unplaced.get(rule.name, 0) + 1
            place, params = spooled.row.location(), {"name": rule.name}
            if attach:
                texts.setdefault(rule.name, []).append(KeptRow(spooled.id, spooled.row, rule.header, rule.columns))
                made.trace.note(spooled.id, [Diagnostic("DOS-09", place, params)])
            else:
                made.skipped.append((spooled.id, Diagnostic("DOS-08", place, params)))
    taken = {text.title for text in made.texts}
    for name, kept in texts.items():
        made.texts.append(as_document(name if name not in taken else f"{name} (suite)", kept))
