"""The structured dossier of one resident within its conversion: contacts, scans inside, sections, rows' outcomes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from converter import terminology
from converter.cda import dossier_type
from converter.conversion.drafts import Draft
from converter.conversion.ledger import Ledger
from converter.diagnostics import Diagnostic, Severity
from converter.dossier import AddedDocument, Dossier
from converter.dossier_mapper import SectionMapper
from converter.mapper.compiled import CompiledMapping
from converter.mapper.identity import document_identity
from converter.mapping.rules import RowRule, dossier_rules
from converter.mapping.schema import DossierOptions
from converter.model import Contact, DocumentRecord, Establishment, Resident, SpooledRow

__all__ = ["DossierBuilt", "DossierWork"]

_HEADER_SECTIONS = ("contacts", "protections")
_Rows = Mapping[int, Sequence[SpooledRow]]


@dataclass(slots=True)
class DossierBuilt:
    """The dossier (None without one), the drafts that go beside it after all, and what concerns the whole run."""

    dossier: Dossier | None = None
    rows: tuple[int, ...] = ()
    beside: list[Draft] = field(default_factory=list)
    remarks: tuple[Diagnostic, ...] = ()


class DossierWork:
    """One per process."""

    def __init__(self, compiled: CompiledMapping, state: str, clock: datetime) -> None:
        spec = compiled.loaded.spec
        rules = dossier_rules(spec)
        self._compiled, self._state, self._clock = compiled, state, clock
        self._options: DossierOptions | None = rules[0].dossier if rules else None
        self._mapper = SectionMapper(spec, compiled.headers, compiled.context)
        #: The sender as the dossier's header says it: its category is another one where the mapping asks for that.
        self.sender = _deviating(compiled.establishment, self._options)
        self._skipped: dict[int, Diagnostic] = {}

    def contacts(self, rows: _Rows, ledger: Ledger) -> tuple[Contact, ...]:
        """People for the header of every document."""
        found, findings = self._mapper.contacts(rows, self._clock)
        for number, problem in findings:
            ledger.note(number, [problem])
        return found

    def is_inside(self, draft: Draft) -> bool:
        """Whether a draft goes inside the dossier, as `place:` says, or beside it."""
        scan = draft.record.scan
        if self._options is None or scan is None or draft.place == "beside":
            return False
        return draft.place == "dossier" or scan.size <= self._options.auto_below

    def build(self, resident: Resident, rows: _Rows, inside: Sequence[Draft], ledger: Ledger) -> DossierBuilt:
        """The dossier, when the mapping asks for one and there is something to say."""
        self._skipped = {}
        if self._options is None:
            return DossierBuilt(beside=list(inside))
        added = [_added(draft) for draft in inside]
        record = self._record(resident, self._options)
        built = self._mapper.build(record, resident, self.sender, rows, added, self._state, self._options)
        for number, problem in built.findings:
            ledger.note(number, [problem])
        self._skipped = dict(built.skipped)
        kept = {d.title for d in built.dossier.documents if d.text is not None} if built.dossier else set()
        for name, count in built.unplaced.items():
            self._compiled.context.uses["attached" if name in kept else "unplaced", name] += count
        own = [replace(d, level=Severity.WARNING) for d in built.diagnostics if d.location is not None]
        self._note_own(resident, own, ledger)
        remarks = tuple(d for d in built.diagnostics if d.location is None)
        if built.dossier is None:
            return DossierBuilt(beside=_homeless(inside, ledger), remarks=remarks)
        numbers = [n for draft in inside for n in draft.rows] + self._section_rows(rows, ledger)
        # What befalls a dossier without any row of its own is told of the resident's row.
        return DossierBuilt(built.dossier, tuple(dict.fromkeys(numbers)) or self.own_rows, [], remarks)

    def _note_own(self, resident: Resident, found: Sequence[Diagnostic], ledger: Ledger) -> None:
        for number in self.own_rows:
            ledger.note(number, found)

    #: Numbers of the resident's own rows, set by the caller before :meth:`build`.
    own_rows: tuple[int, ...] = ()

    def _section_rows(self, rows: _Rows, ledger: Ledger) -> list[int]:
        return [
            spooled.id
            for entrance in self._compiled.entrances
            if entrance.rule.section not in ("documents", *_HEADER_SECTIONS)
            for spooled in rows.get(entrance.rule.index, ())
            if spooled.id not in self._skipped and not ledger.is_rejected(spooled.id)
        ]

    def _record(self, resident: Resident, options: DossierOptions) -> DocumentRecord:
        establishment = self._compiled.establishment
        identity = document_identity(establishment, resident.key, "dossier", "dossier")
        kind = dossier_type(self._state)
        category, normal = terminology.class_of(kind.code), terminology.lookup("JDV_J08", "N")
        assert category is not None
        assert normal is not None
        return DocumentRecord(
            uuid=identity.uuid,
            set_uuid=identity.set_uuid,
            identifier=identity.identifier,
            set_identifier=identity.set_identifier,
            source=self._compiled.loaded.spec.residents.from_,
            key="dossier",
            title=options.title or "Dossier de l'usager",
            type=kind,
            category=category,
            confidentiality=normal,
            location=resident.location,
            author=establishment.software,
        )

    def settle(
        self, rule: RowRule, spooled: SpooledRow, handed_over: bool, in_dossier: bool, nothing: str, ledger: Ledger
    ) -> None:
        """The outcome of a section's row; rows of documents are the documents' to settle.

        ``nothing`` is the code that says why nothing is handed over of the resident.
        """
        if rule.section == "documents":
            return
        place = spooled.row.location()
        if rule.section not in _HEADER_SECTIONS and self._options is None:
            ledger.skip(spooled.id, Diagnostic("RUN-33", place))
        elif spooled.id in self._skipped:
            ledger.skip(spooled.id, self._skipped[spooled.id])
        elif handed_over and (in_dossier or rule.section in _HEADER_SECTIONS):
            ledger.use(spooled.id)
        else:
            ledger.skip(spooled.id, Diagnostic(nothing, place))


def _deviating(establishment: Establishment, options: DossierOptions | None) -> Establishment:
    if options is None or options.category is None or "sector" not in options.deviation:
        return establishment
    return replace(establishment, category=terminology.lookup("JDV_J254", options.category))


def _added(draft: Draft) -> AddedDocument:
    record = draft.record
    when = record.created or (record.period.start if record.period else None)
    return AddedDocument(record.key, record.title, record.scan, None, when, None, record.type)


def _homeless(inside: Sequence[Draft], ledger: Ledger) -> list[Draft]:
    """Without a dossier, scans that may stand beside it do; those that may not are rejected."""
    beside = []
    for draft in inside:
        if draft.place == "auto":
            beside.append(draft)
            continue
        for number in draft.rows:
            ledger.note(number, [Diagnostic("RUN-34", draft.record.location)])
    return beside
