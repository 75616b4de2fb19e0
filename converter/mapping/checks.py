"""What the schema cannot say: names that must exist elsewhere in the mapping, rules that need each other.

What is said of single values is judged in ``value_checks``, the establishment in ``sender_checks``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import chain

from converter import terminology
from converter.diagnostics import Diagnostic, MappingLocation
from converter.mapping.found import Found, did_you_mean, regex_problem
from converter.mapping.nodes import TableSpec
from converter.mapping.rules import RowRule, row_rules
from converter.mapping.schema import DossierRule, MappingSpec, ScanRule, SourceSpec
from converter.mapping.sections import SECTIONS, UnplacedRule
from converter.mapping.sender_checks import sender_problems
from converter.mapping.tables import shipped
from converter.mapping.value_checks import value_problems
from converter.mapping.walk import values
from converter.mapping.yaml_text import KeyPath

__all__ = ["check", "clock_problem"]

#: Sections that go into every document's header; the others are the dossier's.
_HEADER = frozenset(("contacts", "protections"))


def check(spec: MappingSpec, locate: Callable[[KeyPath], MappingLocation]) -> Iterator[Diagnostic]:
    """Everything wrong or doubtful, in no order."""
    for found in chain(_problems(spec), value_problems(spec), sender_problems(spec)):
        yield Diagnostic(found.code, locate(found.path), found.params, found.level)


def clock_problem(text: str) -> bool:
    """Whether a text is no ISO date or date and time."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return True
    return False


def _problems(spec: MappingSpec) -> Iterator[Found]:
    if spec.date is not None and clock_problem(spec.date):
        yield Found("RUN-10", ("date",))
    yield from _source_names(spec)
    yield from _unused_sources(spec)
    yield from _table_names(spec)
    for name, source in spec.sources.items():
        yield from _source(source, ("sources", name))
    for rule in row_rules(spec):
        yield from _site(spec, rule)
        yield from _scan_folder(spec, rule)
    yield from _dossier(spec)


# --------------------------------------------------------------------------------------------------------- names


def _named_sources(spec: MappingSpec) -> Iterator[tuple[KeyPath, str]]:
    """Every source that the mapping names, and where."""
    yield ("residents", "from"), spec.residents.from_
    for rule in row_rules(spec):
        yield (*rule.path, "from"), rule.source
    for use in values(spec):
        if (look := getattr(use.value, "lookup", None)) is not None:
            yield (*use.path, "lookup", "source"), look.source


def _source_names(spec: MappingSpec) -> Iterator[Found]:
    known = list(spec.sources)
    for path, name in _named_sources(spec):
        if name not in spec.sources:
            yield Found("MAP-40", path, {"name": name, "known": ", ".join(known), "hint": did_you_mean(name, known)})


def _unused_sources(spec: MappingSpec) -> Iterator[Found]:
    used = {name for _, name in _named_sources(spec)}
    for name in spec.sources:
        if name not in used:
            yield Found("RUN-14", ("sources", name), {"source": name})


def _table_names(spec: MappingSpec) -> Iterator[Found]:
    known = [*spec.tables, *shipped()]
    for path, name in _named_tables(spec):
        if name not in known:
            params = {"name": name, "known": ", ".join(spec.tables) or "-", "hint": did_you_mean(name, known)}
            yield Found("MAP-41", path, params)


def _named_tables(spec: MappingSpec) -> Iterator[tuple[KeyPath, str]]:
    for use in values(spec):
        table = getattr(use.value, "table", None)
        if isinstance(table, str) and table not in spec.tables:
            yield (*use.path, "table"), table
        elif isinstance(table, TableSpec) and table.use not in shipped():
            yield (*use.path, "table", "use"), table.use
    for name, table in spec.tables.items():
        if isinstance(table, TableSpec) and table.use not in shipped():
            yield ("tables", name, "use"), table.use


# ------------------------------------------------------------------------------------------------------- sources


def _source(source: SourceSpec, path: KeyPath) -> Iterator[Found]:
    if source.pattern is not None:
        problem = regex_problem(source.pattern)
        if problem is None and source.folder is not None and not re.compile(source.pattern).groupindex:
            problem = "no named group (?P<name>…), and its groups are the columns"
        if problem is not None:
            yield Found("MAP-49", (*path, "pattern"), {"what": problem})
    for i, pattern in enumerate(source.totals or ()):
        if problem := regex_problem(pattern):
            yield Found("MAP-49", (*path, "totals", i), {"what": problem})


# --------------------------------------------------------------------------------------------------------- rules


def _site(spec: MappingSpec, rule: RowRule) -> Iterator[Found]:
    """A site is part of the resident's key everywhere or nowhere: otherwise no key would ever match."""
    if (rule.spec.site is None) != (spec.residents.site is None):
        where = (*rule.path, "site") if rule.spec.site is not None else rule.path
        yield Found("MAP-63", where)


def _scan_folder(spec: MappingSpec, rule: RowRule) -> Iterator[Found]:
    source = spec.sources.get(rule.source)
    if isinstance(rule.spec, ScanRule) and source is not None and source.scans is None and source.folder is None:
        yield Found("MAP-42", (*rule.path, "from"), {"source": rule.source})


def _category(rule: object, path: KeyPath) -> Iterator[Found]:
    """The category that a deviating dossier writes in place of the establishment's."""
    code = rule.dossier.category if isinstance(rule, DossierRule) else None
    if code is not None and terminology.lookup("JDV_J254", code) is None:
        table, hint = terminology.table_name("JDV_J254"), did_you_mean(code, terminology.codes("JDV_J254"))
        yield Found("MAP-44", path, {"word": code, "table": table, "hint": hint})


def _dossier(spec: MappingSpec) -> Iterator[Found]:
    dossiers = [i for i, rule in enumerate(spec.documents) if isinstance(rule, DossierRule)]
    for i in dossiers[1:]:
        yield Found("MAP-53", ("documents", i))
    for i in dossiers:
        yield from _category(spec.documents[i], ("documents", i, "dossier", "category"))
    if dossiers:
        return
    for i, rule in enumerate(spec.documents):
        if isinstance(rule, ScanRule) and rule.place != "beside":
            yield Found("MAP-55", ("documents", i, "place"), {"place": rule.place})
    for section in SECTIONS:
        rules = getattr(spec, section)
        if section not in _HEADER and any(not isinstance(r, UnplacedRule) or r.attach for r in rules):
            yield Found("MAP-54", (section,), {"section": section})
