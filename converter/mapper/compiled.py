"""A mapping compiled against the headers of its sources: made once per process, used for every row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from converter.mapper.documents import DocumentMapper
from converter.mapper.fields import levels
from converter.mapper.gate import Gate, KeyRule
from converter.mapper.residents import ResidentMapper
from converter.mapping.loader import LoadedMapping, establishment
from converter.mapping.rules import RowRule, row_rules
from converter.mapping.values import Lookups, ValueContext
from converter.model import Header

__all__ = ["CompiledMapping", "RuleEntrance"]


@dataclass(frozen=True, slots=True)
class RuleEntrance:
    """How a row enters a rule: whose it is, and whether it counts. ``document`` for rules that make documents."""

    rule: RowRule
    resident_key: KeyRule
    gate: Gate
    document: DocumentMapper | None = None


class CompiledMapping:
    """Everything that reads a row. UnknownColumnError where a column is not there (check the columns first)."""

    def __init__(self, loaded: LoadedMapping, headers: Mapping[str, Header], lookups: Lookups | None = None) -> None:
        spec = loaded.spec
        self.loaded = loaded
        self.headers = headers
        self.establishment = establishment(spec)
        self.zone = ZoneInfo(spec.establishment.timezone)
        self.context = ValueContext(self.zone, spec.tables, headers)
        if lookups is not None:
            self.context.lookups = lookups
        self.checks = levels(spec.checks.model_dump())
        source = spec.residents.from_
        self.residents = ResidentMapper(spec.residents, headers[source], self.context, self.establishment, self.checks)
        self.entrances = tuple(self._entrance(rule) for rule in row_rules(spec))

    def of_source(self, name: str) -> tuple[RuleEntrance, ...]:
        """The rules that read a source."""
        return tuple(e for e in self.entrances if e.rule.source == name)

    def _entrance(self, rule: RowRule) -> RuleEntrance:
        header, spec = self.headers[rule.source], self.loaded.spec
        normalize = spec.residents.normalize_key
        if rule.section == "documents":
            mapper = DocumentMapper(rule, header, self.context, self.establishment, spec.author, self.checks, normalize)
            return RuleEntrance(rule, mapper.resident_key, mapper.gate, mapper)
        path = f"{rule.section}[{rule.path[1]}]"
        key = KeyRule(rule.spec.resident, rule.spec.site, normalize, header, self.context, path)
        gate = Gate(rule.spec.when, rule.spec.guard, header, self.context, path)
        return RuleEntrance(rule, key, gate)
