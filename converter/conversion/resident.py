"""Convert one resident, in stage order: who it is, which documents, the dossier, the products, the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from converter.cda import header_problems
from converter.conversion.changes import Comparer, Standing, changes_memo, changes_of, recalled
from converter.conversion.dossier import DossierWork
from converter.conversion.drafts import Draft, drafts_of
from converter.conversion.fingerprint import fingerprint
from converter.conversion.identity import resolve_resident
from converter.conversion.ledger import Ledger
from converter.conversion.plan import OWN_ROW, Change, Converted, Kind, Plan, Task
from converter.conversion.products import Builder, BuildError, Product
from converter.conversion.scans import Scans
from converter.conversion.write import ScanLostError, TooLargeError, write_documents, write_patches, write_products
from converter.delivery import BundleEntry, ResidentEntry
from converter.diagnostics import Diagnostic
from converter.dossier import Dossier
from converter.lookups import LookupFile
from converter.mapper.compiled import CompiledMapping
from converter.mapper.identity import resident_digest
from converter.model import Outcome, Resident, SpooledRow

__all__ = ["ResidentConverter"]

_Rows = Mapping[int, Sequence[SpooledRow]]
#: A file that changed while it was read.
_CHANGED = "RUN-08"
#: What may be otherwise at the next run with the same rows and files: the file is read again, LibreOffice is there.
_PASSING = frozenset((_CHANGED, "SCAN-14", "SCAN-17", "SCAN-53", "SCAN-54"))


@dataclass(slots=True)
class _Work:
    """What one resident has come to so far. ``faulty`` counts products that failed their own check."""

    resident: Resident
    drafts: list[Draft]
    dossier: Dossier | None
    dossier_rows: tuple[int, ...]
    remarks: tuple[Diagnostic, ...] = ()
    faulty: int = 0
    #: A file that changed under our hands: nothing of this resident may be taken for settled at the next run.
    lost: bool = False
    #: By document, whatever its version: why it was refused (code, parameters, own fault), and what its making has to
    #: state.
    refused: dict[str, Any] = field(default_factory=dict)
    stated: dict[str, Any] = field(default_factory=dict)
    #: Everything to build: the documents, then the dossier.
    made: list[Draft] = field(default_factory=list)
    #: In an update, by document: what earlier deliveries hold of it; those that are still the same; what became of all.
    standings: dict[str, Standing] = field(default_factory=dict)
    unchanged: set[str] = field(default_factory=set)
    changes: tuple[Change, ...] = ()


class ResidentConverter:
    """Compiled once per process; :meth:`convert` is called per resident."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._compiled = CompiledMapping(plan.loaded, plan.headers, LookupFile(plan.lookups))
        self._scans = Scans(plan.loaded)
        self._builder = Builder(plan, self._compiled.establishment)
        self._dossier = DossierWork(self._compiled, self._builder.state, plan.clock)
        self._comparer = Comparer(plan, self._builder, self._compiled.establishment) if plan.earlier else None

    def convert(self, task: Task) -> Converted:
        """The files of one resident, and what became of each of its rows."""
        self._scans.begin(task.previous.memo.get("scans", {}) if task.previous else {})
        self._compiled.context.uses.clear()
        ledger = Ledger((spooled for _, spooled in task.rows), strict=self._plan.strict)
        rows = _by_rule(task.rows)
        own = rows.pop(OWN_ROW)
        resident = self._identify(task.key, own, rows, ledger)
        if resident is None:
            self._reject_all(rows, own[0], ledger)
            digest = resident_digest(self._compiled.establishment.finess, task.key)
            return self._told(digest, ledger)
        self._dossier.own_rows = (own[0].id,)
        work = self._drafted(resident, rows, ledger)
        entry, kept = self._written(work, task.previous, ledger)
        self._settle(work, entry, own[0], rows, ledger)
        return self._told(resident.digest, ledger, work, entry, kept)

    # ------------------------------------------------------------------------------------------------ who, and what

    def _identify(self, key: str, own: Sequence[SpooledRow], rows: _Rows, ledger: Ledger) -> Resident | None:
        """The resident, contacts included, when everything that each of their documents must say can be said."""
        resident = resolve_resident(key, own, self._compiled.residents, self._plan.clock, ledger)
        if resident is None:
            return None
        self._guard(resident, rows, ledger)
        resident = replace(resident, contacts=self._dossier.contacts(_sound(rows, ledger), ledger))
        found = header_problems(resident, self._compiled.establishment, None)
        ledger.note(own[0].id, [d if d.location else replace(d, location=resident.location) for d in found])
        return None if ledger.is_rejected(own[0].id) else resident

    def _guard(self, resident: Resident, rows: _Rows, ledger: Ledger) -> None:
        for entrance in self._compiled.entrances:
            for spooled in rows.get(entrance.rule.index, ()):
                # The key was read when the row was filed; its remarks (a default used) are told and counted here.
                ledger.note(spooled.id, entrance.resident_key(spooled.row).diagnostics)
                ledger.note(spooled.id, entrance.gate.check_resident(spooled.row, resident))

    def _reject_all(self, rows: _Rows, own: SpooledRow, ledger: Ledger) -> None:
        for group in rows.values():
            for spooled in group:
                params: dict[str, str | int] = {"line": own.row.line, "file": own.row.file}
                ledger.note(spooled.id, [Diagnostic("RUN-03", spooled.row.location(), params)])

    def _drafted(self, resident: Resident, rows: _Rows, ledger: Ledger) -> _Work:
        drafts = drafts_of(rows, resident, self._compiled, self._scans, ledger)
        drafts = [self._settled(d, ledger) for d in _unrepeated(drafts, ledger)]
        drafts = ledger.whole(drafts)
        inside = [d for d in drafts if self._dossier.is_inside(d)]
        built = self._dossier.build(resident, _sound(rows, ledger), inside, ledger)
        drafts = ledger.whole([*(d for d in drafts if not self._dossier.is_inside(d)), *built.beside])
        work = _Work(resident, drafts, built.dossier, built.rows, built.remarks)
        work.made = self._made(work)
        if self._comparer is not None:
            work.standings = {d.record.set_identifier: self._comparer.standing(d.record) for d in work.made}
        return work

    def _made(self, work: _Work) -> list[Draft]:
        if work.dossier is None:
            return list(work.drafts)
        record, sender = work.dossier.document, self._dossier.sender
        return [*work.drafts, Draft(record, work.dossier_rows, dossier=work.dossier, sender=sender)]

    def _settled(self, draft: Draft, ledger: Ledger) -> Draft:
        """A scan that goes inside the dossier must be what it will be before the dossier is made."""
        if not draft.convert or not self._dossier.is_inside(draft):
            return draft
        try:
            settled = self._builder.settled(draft)
        except BuildError as problem:
            for number in draft.rows:
                ledger.note(number, [Diagnostic(problem.code, draft.record.location, problem.params)])
            return draft
        for number in draft.rows:
            ledger.note(number, settled.notices)
        return settled

    # ------------------------------------------------------------------------------------------------- the products

    def _written(
        self, work: _Work, previous: ResidentEntry | None, ledger: Ledger
    ) -> tuple[ResidentEntry | None, bool]:
        mark = self._fingerprint(work)
        if previous is not None and previous.fingerprint == mark:
            return self._kept(work, previous, ledger), True
        products = list(self._products(work, ledger))
        bundles = self._bundles(products, work, ledger)
        work.changes = tuple(changes_of(work.made, work.standings, work.unchanged, products, bundles))
        if not bundles:
            return None, False
        return ResidentEntry(work.resident.digest, "" if work.lost else mark, bundles, self._memo(work)), False

    def _memo(self, work: _Work) -> dict[str, Any]:
        memo = {"scans": self._scans.memory, "refused": work.refused, "stated": work.stated}
        return memo | ({"changes": changes_memo(work.changes)} if self._comparer else {})

    def _fingerprint(self, work: _Work) -> str:
        plan = self._plan
        output = plan.loaded.spec.output.model_dump()
        run = (plan.tool, self._builder.release.name, self._builder.state, plan.flow, plan.limits, plan.strict, output)
        clock = plan.clock.isoformat() if plan.pinned else ""
        about = (self._compiled.establishment, self._dossier.sender, self._builder.options, work.resident)
        return fingerprint(run, clock, about, work.drafts, work.dossier, tuple(work.standings.values()))

    def _kept(self, work: _Work, previous: ResidentEntry, ledger: Ledger) -> ResidentEntry:
        """What an earlier run completed, with the lines of today's sources."""
        work.refused = dict(previous.memo.get("refused", {}))
        work.stated = dict(previous.memo.get("stated", {}))
        work.changes = tuple(recalled(previous.memo))
        # The same fingerprint: the same documents in the same order.
        work.unchanged = {
            d.record.set_identifier for d, c in zip(work.made, work.changes, strict=False) if c.kind is Kind.UNCHANGED
        }
        for draft in work.made:
            self._recall(draft, work, ledger)
        sound = ledger.whole(work.made)
        places = {name: draft.record.location for draft in sound for name in self._names(draft, work)}
        bundles = tuple(
            replace(
                b,
                documents=tuple(
                    replace(d, file=p.file, sheet=p.sheet, line=p.line) if (p := places.get(d.identifier)) else d
                    for d in b.documents
                ),
            )
            for b in previous.bundles
        )
        return ResidentEntry(previous.resident, previous.fingerprint, bundles, self._memo(work))

    def _names(self, draft: Draft, work: _Work) -> tuple[str, ...]:
        """Identifiers under which this run may have handed a document over."""
        if self._comparer is None:
            return (draft.record.identifier,)
        return self._comparer.names(draft, work.standings[draft.record.set_identifier])

    def _recall(self, draft: Draft, work: _Work, ledger: Ledger) -> None:
        """What the run that made a document had to say of it, as it said it."""
        identifier = draft.record.set_identifier
        for code, params in work.stated.get(identifier, ()):
            self._note(draft, Diagnostic(code, draft.record.location, params), ledger)
        if identifier in work.refused:
            code, params, own_fault = work.refused[identifier]
            self._refuse(draft, BuildError(code, params, own_fault=own_fault), work, ledger)

    def _products(self, work: _Work, ledger: Ledger) -> Iterator[Product]:
        for draft in work.made:
            try:
                product = self._product(draft, work)
            except BuildError as problem:
                self._refuse(draft, problem, work, ledger)
                continue
            if product is None:
                work.unchanged.add(draft.record.set_identifier)
                continue
            if product.notices:
                work.stated[draft.record.set_identifier] = [[d.code, dict(d.params)] for d in product.notices]
            for notice in product.notices:
                self._note(draft, notice, ledger)
            yield product

    def _product(self, draft: Draft, work: _Work) -> Product | None:
        """None in an update, for a document that the receiver has as it is. BuildError."""
        if self._comparer is None:
            return self._builder.build(draft, work.resident)
        try:
            return self._comparer.product(draft, work.resident, work.standings[draft.record.set_identifier])
        except ScanLostError:
            raise BuildError(_CHANGED, {}) from None

    def _refuse(self, made: Draft | Product, problem: BuildError, work: _Work, ledger: Ledger) -> None:
        """A document does not leave: its rows say so, and so will the next run's, unless the file may be mended."""
        work.faulty += problem.own_fault
        if problem.code in _PASSING:
            work.lost = True
        else:
            work.refused[made.record.set_identifier] = [problem.code, problem.params, problem.own_fault]
        if work.dossier is not None and made.record.set_identifier == work.dossier.document.set_identifier:
            work.dossier = None
        self._note(made, Diagnostic(problem.code, made.record.location, problem.params), ledger)

    @staticmethod
    def _note(made: Draft | Product, said: Diagnostic, ledger: Ledger) -> None:
        for number in made.rows:
            ledger.note(number, [said])

    def _bundles(self, products: list[Product], work: _Work, ledger: Ledger) -> tuple[BundleEntry, ...]:
        """The files; a product that hinders is taken out, its rows are rejected, and the others are written anew."""
        while products := ledger.whole(products):
            try:
                return self._write(products, work.resident.digest)
            except ScanLostError as lost:
                self._refuse(lost.product, BuildError(_CHANGED, {}), work, ledger)
            except TooLargeError as large:
                for product in large.products:
                    self._refuse(product, BuildError("RUN-25", {"limit": large.limit}), work, ledger)
        return ()

    def _write(self, products: Sequence[Product], digest: str) -> tuple[BundleEntry, ...]:
        plan, builder = self._plan, self._builder
        how = (digest, builder.release, builder.options, plan.limits, plan.writer)
        whole, patched = [p for p in products if not p.is_patch], [p for p in products if p.is_patch]
        written = write_documents(whole, digest, plan.writer) if plan.flow == 1 else write_products(whole, *how)
        return written + write_patches(patched, *how)

    # -------------------------------------------------------------------------------------------------- the outcome

    def _settle(self, work: _Work, entry: ResidentEntry | None, own: SpooledRow, rows: _Rows, ledger: Ledger) -> None:
        """Rows that something was made of are converted; what is left over says why."""
        nothing = "UPD-02" if work.unchanged else "RUN-06"
        for draft in work.made:
            same = draft.record.set_identifier in work.unchanged
            for number in draft.rows:
                if same:
                    ledger.skip(number, Diagnostic("UPD-01", draft.record.location))
                elif entry is not None:
                    ledger.use(number)
        if entry is not None:
            ledger.use(own.id)
        else:
            ledger.skip(own.id, Diagnostic(nothing, own.row.location()))
        handed_over = entry is not None
        in_dossier = work.dossier is not None and work.dossier.document.set_identifier not in work.unchanged
        for entrance in self._compiled.entrances:
            for spooled in rows.get(entrance.rule.index, ()):
                if not ledger.is_skipped(spooled.id, "UPD-01"):
                    self._dossier.settle(entrance.rule, spooled, handed_over, in_dossier, nothing, ledger)

    def _told(
        self,
        digest: str,
        ledger: Ledger,
        work: _Work | None = None,
        entry: ResidentEntry | None = None,
        kept: bool = False,
    ) -> Converted:
        documents = sum(len(b.documents) for b in entry.bundles) if entry else 0
        used = tuple(dict.fromkeys(self._scans.used))
        remarks, faulty = (work.remarks, work.faulty) if work else ((), 0)
        outcome = Outcome(digest, ledger.outcomes(), documents, remarks, used, faulty)
        changes = work.changes if work else ()
        return Converted(outcome, entry, kept, Counter(self._compiled.context.uses), changes)


def _by_rule(rows: Sequence[tuple[int, SpooledRow]]) -> dict[int, list[SpooledRow]]:
    found: dict[int, list[SpooledRow]] = {}
    for use, spooled in rows:
        found.setdefault(use, []).append(spooled)
    return found


def _sound(rows: _Rows, ledger: Ledger) -> dict[int, list[SpooledRow]]:
    return {use: [r for r in group if not ledger.is_rejected(r.id)] for use, group in rows.items()}


def _unrepeated(drafts: Sequence[Draft], ledger: Ledger) -> Iterator[Draft]:
    """Two documents cannot have one identifier: the first stays, the later one's rows are rejected."""
    seen: dict[str, int | None] = {}
    for draft in drafts:
        place, identifier = draft.record.location, draft.record.identifier
        if identifier in seen:
            for number in draft.rows:
                ledger.note(number, [Diagnostic("RUN-01", place, {"line": seen[identifier] or 0})])
        else:
            seen[identifier] = place.line
            yield draft
