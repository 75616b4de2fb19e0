"""The sections of the mapping, compiled once, and the dossier and contacts of one resident made with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from converter.cda.dossier.states import STATES
from converter.diagnostics import Diagnostic
from converter.dossier import AddedDocument, Dossier
from converter.dossier_mapper import gate
from converter.dossier_mapper.contacts import ContactReader, contact_reader, protection_reader
from converter.dossier_mapper.entries import Findings
from converter.dossier_mapper.making import PLACES, SECTIONS, KeptRule, Made, Plan, RuleRows, make
from converter.dossier_mapper.parts import STRUCTURES, Compiler
from converter.mapper.fields import levels
from converter.mapping.columns import column_index
from converter.mapping.rules import RowRule, row_rules
from converter.mapping.schema import DossierOptions, MappingSpec
from converter.mapping.sections import ContactRule, ProtectionRule, UnplacedRule
from converter.mapping.values import ValueContext
from converter.model import (
    Contact,
    DocumentRecord,
    Establishment,
    Header,
    Identifier,
    Organization,
    Resident,
    SpooledRow,
)

__all__ = ["Built", "RuleRows", "SectionMapper"]


@dataclass(slots=True)
class Built:
    """One resident's dossier, and what became of the rows.

    ``dossier`` is None when there is nothing to say or when the rules refuse one (then ``diagnostics`` says why).
    ``findings``: row number and problem; an error rejects the row, and nothing of it is in the dossier. ``skipped``:
    rows that leave in no form although nothing is wrong with them, and the reason. Every other row is in the dossier.
    ``unplaced`` counts, by name, the rows of which the release has no place, kept as text or not. ``diagnostics``
    belong to no row of a section; those without a place are the same for every resident of a run.
    """

    dossier: Dossier | None = None
    findings: Findings = field(default_factory=list)
    skipped: Findings = field(default_factory=list)
    unplaced: dict[str, int] = field(default_factory=dict)
    diagnostics: list[Diagnostic] = field(default_factory=list)


class SectionMapper:
    """Compiled once per run; UnknownColumnError where a column is not there (check the columns first)."""

    def __init__(self, spec: MappingSpec, headers: Mapping[str, Header], context: ValueContext) -> None:
        self._headers = headers
        self._context = context
        self._checks = levels(spec.checks.model_dump())
        self._establishment = Organization(
            spec.establishment.name, Identifier(STRUCTURES, f"1{spec.establishment.finess}")
        )
        rules = row_rules(spec)
        self._rules = tuple(r for r in rules if r.section in SECTIONS or r.section == "unplaced")
        self._contacts = tuple(self._contact_reader(r) for r in rules if r.section in ("contacts", "protections"))
        self._plans: dict[str, Plan] = {}  # a run has one state

    def contacts(self, rows: RuleRows, clock: datetime) -> tuple[tuple[Contact, ...], Findings]:
        """People for the header by order of call, then as read; measures that ended before ``clock`` are left out."""
        findings: Findings = []
        found = [made for reader in self._contacts for made in reader.read(rows, clock, findings)]
        found.sort(key=lambda made: made[0])
        return tuple(contact for _, contact in found), findings

    def build(
        self,
        document: DocumentRecord,
        resident: Resident,
        establishment: Establishment,
        rows: RuleRows,
        added: Sequence[AddedDocument],
        state: str,
        options: DossierOptions,
    ) -> Built:
        """The dossier of one resident in a CDA state. ``added``: the scans that go inside it."""
        built = Built()
        mine = [spooled for rule in self._rules for spooled in rows.get(rule.index, ())]
        if not added and not mine:
            return built
        permission = gate.sector(establishment, STATES[state], options)
        built.diagnostics.extend(permission.diagnostics)
        if permission.refused:
            built.skipped = [(s.id, Diagnostic("DOS-05", s.row.location(), {"state": state})) for s in mine]
            return built
        made = make(self._plan(state), rows, added, options)
        built.skipped, built.unplaced = made.skipped, made.unplaced
        birth = gate.birth_order(resident, STATES[state], options)
        built.diagnostics.extend(birth.diagnostics)
        if birth.refused:
            _refuse(made, mine, resident)
        else:
            dossier = Dossier(
                document=document,
                resident=resident,
                state=state,
                documents=(*added, *made.texts),
                sector_deviation=permission.deviating,
                **made.entries,
            )
            built.dossier = None if dossier.is_empty else dossier
        built.findings = made.trace.findings
        return built

    # -------------------------------------------------------------------------------------------------- compiling

    def _plan(self, state: str) -> Plan:
        if state not in self._plans:
            self._plans[state] = self._compile(state)
        return self._plans[state]

    def _compile(self, name: str) -> Plan:
        state, kept = STATES[name], []
        placed: dict[str, list[Any]] = {section: [] for section in SECTIONS if state.places(PLACES[section][0])}
        for rule in self._rules:
            header = self._headers[rule.source]
            if rule.section in placed:
                compiled = SECTIONS[rule.section].compile(self._compiler(rule, name), rule.spec)
                placed[rule.section].append((rule.index, header, compiled))
            elif isinstance(rule.spec, UnplacedRule):
                kept.append(KeptRule(rule.spec.name, rule.index, header, _columns(rule.spec, header), rule.spec.attach))
            else:
                every = range(len(header.labels))
                kept.append(KeptRule(SECTIONS[rule.section].title, rule.index, header, every))
        return Plan(state, placed, kept)

    def _contact_reader(self, rule: RowRule) -> ContactReader:
        compiler = self._compiler(rule, next(iter(STATES)))
        if isinstance(rule.spec, ContactRule):
            return contact_reader(rule.index, compiler, rule.spec)
        assert isinstance(rule.spec, ProtectionRule)
        return protection_reader(rule.index, compiler, rule.spec)

    def _compiler(self, rule: RowRule, state: str) -> Compiler:
        path = f"{rule.section}[{rule.path[1]}]"
        return Compiler(self._headers[rule.source], self._context, path, state, self._checks, self._establishment)


def _columns(spec: UnplacedRule, header: Header) -> Sequence[int]:
    if spec.columns is None:
        return range(len(header.labels))
    return [column_index(header, column)[0] for column in spec.columns]


def _refuse(made: Made, rows: Sequence[SpooledRow], resident: Resident) -> None:
    """Without a dossier nothing of its rows leaves: each is rejected, with the line of the resident to correct."""
    skipped = {number for number, _ in made.skipped}
    where: dict[str, str | int] = {"line": resident.location.line or 0, "file": resident.location.file}
    for spooled in rows:
        if spooled.id not in skipped and not made.trace.rejected(spooled.id):
            made.trace.note(spooled.id, [Diagnostic("DOS-04", spooled.row.location(), where)])
