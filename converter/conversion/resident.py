"""Convert one resident, in stage order: who it is, which documents, the dossier, the products, the files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from converter.cda import header_problems
from converter.conversion.dossier import DossierWork
from converter.conversion.drafts import Draft, drafts_of
from converter.conversion.fingerprint import fingerprint
from converter.conversion.identity import resolve_resident
from converter.conversion.ledger import Ledger
from converter.conversion.plan import OWN_ROW, Converted, Plan, Task
from converter.conversion.products import Builder, BuildError, Product
from converter.conversion.scans import Scans
from converter.conversion.write import ScanLostError, TooLargeError, write_documents, write_products
from converter.delivery import BundleEntry, ResidentEntry
from converter.diagnostics import Diagnostic
from converter.dossier import Dossier
from converter.lookups import LookupFile
from converter.mapper.compiled import CompiledMapping
from converter.mapper.identity import resident_digest
from converter.model import Outcome, Resident, SpooledRow

__all__ = ["ResidentConverter"]

_Rows = Mapping[int, Sequence[SpooledRow]]


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


class ResidentConverter:
    """Compiled once per process; :meth:`convert` is called per resident."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._compiled = CompiledMapping(plan.loaded, plan.headers, LookupFile(plan.lookups))
        self._scans = Scans(plan.loaded)
        self._builder = Builder(plan, self._compiled.establishment)
        self._dossier = DossierWork(self._compiled, self._builder.state, plan.clock)

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
                ledger.note(spooled.id, entrance.gate.check_resident(spooled.row, resident))

    def _reject_all(self, rows: _Rows, own: SpooledRow, ledger: Ledger) -> None:
        for group in rows.values():
            for spooled in group:
                params: dict[str, str | int] = {"line": own.row.line, "file": own.row.file}
                ledger.note(spooled.id, [Diagnostic("RUN-03", spooled.row.location(), params)])

    def _drafted(self, resident: Resident, rows: _Rows, ledger: Ledger) -> _Work:
        drafts = drafts_of(rows, resident, self._compiled, self._scans, ledger)
        drafts = list(_unrepeated(drafts, ledger))
        outside, inside = self._dossier.split(drafts)
        inside = [self._settled(d, ledger) for d in inside]
        inside = [d for d in inside if not any(map(ledger.is_rejected, d.rows))]
        built = self._dossier.build(resident, _sound(rows, ledger), inside, ledger)
        drafts = [d for d in (*outside, *built.beside) if not any(map(ledger.is_rejected, d.rows))]
        return _Work(resident, drafts, built.dossier, built.rows, built.remarks)

    def _settled(self, draft: Draft, ledger: Ledger) -> Draft:
        """A scan that goes inside the dossier must be what it will be before the dossier is made."""
        if not draft.convert:
            return draft
        try:
            return replace(draft, record=replace(draft.record, scan=self._builder.converted(draft)), convert=False)
        except BuildError as problem:
            for number in draft.rows:
                ledger.note(number, [Diagnostic(problem.code, draft.record.location, problem.params)])
            return draft

    # ------------------------------------------------------------------------------------------------- the products

    def _written(
        self, work: _Work, previous: ResidentEntry | None, ledger: Ledger
    ) -> tuple[ResidentEntry | None, bool]:
        mark = self._fingerprint(work)
        if previous is not None and previous.fingerprint == mark:
            return self._kept(work, previous, ledger), True
        refused: dict[str, Any] = {}
        products = list(self._products(work, ledger, refused))
        bundles = self._bundles(products, work, ledger, refused)
        memo = {"scans": self._scans.memory, "refused": refused}
        if not bundles:
            return None, False
        return ResidentEntry(work.resident.digest, "" if work.lost else mark, bundles, memo), False

    def _fingerprint(self, work: _Work) -> str:
        plan = self._plan
        output = plan.loaded.spec.output.model_dump()
        run = (plan.tool, self._builder.release.name, self._builder.state, plan.flow, plan.limits, output)
        clock = plan.clock.isoformat() if plan.pinned else ""
        about = (self._compiled.establishment, self._builder.options, work.resident)
        return fingerprint(run, clock, about, work.drafts, work.dossier)

    def _kept(self, work: _Work, previous: ResidentEntry, ledger: Ledger) -> ResidentEntry:
        """What an earlier run completed, with the lines of today's sources."""
        refused = previous.memo.get("refused", {})
        places = {}
        for draft in work.drafts:
            if problem := refused.get(draft.record.identifier):
                self._refuse(draft.rows, draft, BuildError(problem[0], problem[1], own_fault=problem[2]), work, ledger)
            else:
                places[draft.record.identifier] = draft.record.location
        if work.dossier is not None:
            places[work.dossier.document.identifier] = work.dossier.document.location
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
        memo = {"scans": self._scans.memory, "refused": refused}
        return ResidentEntry(previous.resident, previous.fingerprint, bundles, memo)

    def _products(self, work: _Work, ledger: Ledger, refused: dict[str, Any]) -> Iterator[Product]:
        for draft in work.drafts:
            try:
                product = self._builder.build(draft, work.resident)
                for number in draft.rows:
                    ledger.note(number, product.notices)
                yield product
            except BuildError as problem:
                refused[draft.record.identifier] = [problem.code, problem.params, problem.own_fault]
                self._refuse(draft.rows, draft, problem, work, ledger)
        if work.dossier is not None:
            try:
                yield self._builder.build_dossier(work.dossier, work.dossier_rows, self._dossier.sender)
            except BuildError as problem:
                refused[work.dossier.document.identifier] = [problem.code, problem.params, problem.own_fault]
                self._refuse(work.dossier_rows, None, problem, work, ledger)
                work.dossier = None

    def _refuse(
        self, rows: Sequence[int], draft: Draft | None, problem: BuildError, work: _Work, ledger: Ledger
    ) -> None:
        place = draft.record.location if draft else work.resident.location
        work.faulty += problem.own_fault
        for number in rows:
            ledger.note(number, [Diagnostic(problem.code, place, problem.params)])

    def _bundles(
        self, products: list[Product], work: _Work, ledger: Ledger, refused: dict[str, Any]
    ) -> tuple[BundleEntry, ...]:
        """The files; a product that hinders is taken out, its rows are rejected, and the others are written anew."""
        while products := list(self._whole(products, ledger)):
            try:
                return self._write(products, work.resident.digest)
            except ScanLostError as lost:
                hinder, problem = lost.product, BuildError("RUN-08", {})
                work.lost = True
            except TooLargeError as large:
                hinder, problem = large.product, BuildError("RUN-25", {"limit": large.limit})
                refused[hinder.record.identifier] = [problem.code, problem.params, False]
            for number in hinder.rows:
                ledger.note(number, [Diagnostic(problem.code, hinder.record.location, problem.params)])
            products.remove(hinder)
        return ()

    @staticmethod
    def _whole(products: Sequence[Product], ledger: Ledger) -> Iterator[Product]:
        """Products without a rejected row; a document made from several rows is whole or does not leave."""
        for product in products:
            if not any(map(ledger.is_rejected, product.rows)):
                yield product
                continue
            for number in product.rows:
                if not ledger.is_rejected(number):
                    ledger.note(number, [Diagnostic("RUN-31", product.record.location)])

    def _write(self, products: Sequence[Product], digest: str) -> tuple[BundleEntry, ...]:
        plan, builder = self._plan, self._builder
        if plan.flow == 1:
            return write_documents(products, digest, plan.writer)
        return write_products(products, digest, builder.release, builder.options, plan.limits, plan.writer)

    # -------------------------------------------------------------------------------------------------- the outcome

    def _settle(self, work: _Work, entry: ResidentEntry | None, own: SpooledRow, rows: _Rows, ledger: Ledger) -> None:
        """Rows that something was made of are converted; what is left over says why."""
        numbers = [n for draft in work.drafts for n in draft.rows] + list(work.dossier_rows)
        if entry is not None:
            ledger.use(own.id)
            for number in numbers:
                ledger.use(number)
        else:
            ledger.skip(own.id, Diagnostic("RUN-06", own.row.location()))
        handed_over = entry is not None
        for entrance in self._compiled.entrances:
            for spooled in rows.get(entrance.rule.index, ()):
                self._dossier.settle(entrance.rule, spooled, handed_over, work.dossier is not None, ledger)

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
        return Converted(outcome, entry, kept, Counter(self._compiled.context.uses))


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
