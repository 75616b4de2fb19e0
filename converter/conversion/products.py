"""Drafts to products: the document's bytes to stream, its DocumentReference, and the checks on both before writing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from converter.cda import RepeatedCheck, dossier_document, wrap_scan, wrap_text
from converter.conversion.drafts import Draft
from converter.conversion.plan import Plan
from converter.conversion.resource_check import ResourceCheck
from converter.delivery import explained
from converter.delivery.earlier import EarlierDocument
from converter.diagnostics import Diagnostic
from converter.fhir import RELEASES, Options, document_reference
from converter.fhir.references import Json
from converter.mapping.loader import custodian
from converter.mapping.rules import dossier_rules
from converter.model import DocumentRecord, Establishment, Resident, ScanFile
from converter.payload import FilePart, Payload
from converter.sources.scans import ScanError, conversion_notice, convert_to_pdf

__all__ = ["BuildError", "Builder", "Product"]

#: Bytes of each file that the check before writing looks at: the first tell the type.
_LOOKED_AT = 3 * 1024


#: Codes of the CDA check that a deviation of the mapping brings about.
_DEVIATIONS: Mapping[str, tuple[str, ...]] = {"sector": (), "birth_order": ("CDAX-51",)}


class BuildError(Exception):
    """A draft that cannot become a product. ``own_fault``: the product failed its own check; RUN-08: its file is no
    longer what it was, which the next run may find mended."""

    def __init__(self, code: str, params: dict[str, str | int], *, own_fault: bool = False) -> None:
        super().__init__(code)
        self.code, self.params, self.own_fault = code, params, own_fault


@dataclass(frozen=True, slots=True)
class Product:
    """A document ready to be streamed. In an update, ``old`` is what the receiver has in its stead, and ``metadata``
    tells that something outside ``content`` is another one too."""

    record: DocumentRecord
    resource: Json
    payload: Payload
    rows: tuple[int, ...]
    notices: tuple[Diagnostic, ...] = ()
    old: EarlierDocument | None = None
    metadata: bool = False

    @property
    def is_patch(self) -> bool:
        """The receiver has the document under the same identifier: only its content is to be exchanged."""
        return self.old is not None and self.old.identifier == self.record.identifier


def _conversion_notices(record: DocumentRecord) -> tuple[Diagnostic, ...]:
    """What to state of a document whose scan became a PDF."""
    said = conversion_notice(record.scan) if record.scan else None
    return (Diagnostic(said[0], record.location, said[1]),) if said else ()


class Builder:
    """One per process."""

    def __init__(self, plan: Plan, establishment: Establishment) -> None:
        spec = plan.loaded.spec
        self._clock, self._work = plan.clock, plan.work
        self._establishment = establishment
        self.release = RELEASES[spec.release]
        self.state = spec.cda or self.release.cda_state
        self._custodian = custodian(spec)
        self.options = Options(
            loinc_system=spec.output.loinc_system,
            profile_version=spec.output.profile_version,
            confidentiality_system=spec.output.confidentiality_system,
            custodian=self._custodian,
        )
        self._resources = ResourceCheck(self.release)
        self._documents = RepeatedCheck(self.state)
        deviations = [d for rule in dossier_rules(spec) for d in rule.dossier.deviation]
        #: What the check says of a dossier because the mapping asked for it: no fault, and told as a deviation.
        self._asked = frozenset(code for d in deviations for code in _DEVIATIONS[d])

    def build(self, draft: Draft, resident: Resident) -> Product:
        """A product of a draft. BuildError when it cannot be made or fails a check."""
        product = self.unchecked(self.settled(draft), resident, self._clock)
        asked = self._asked if draft.dossier is not None else frozenset()
        try:
            wrong = next((d for d in self._problems(product) if d.is_error and d.code not in asked), None)
        except OSError:  # only the scan is read here
            raise BuildError("RUN-08", {}) from None
        if wrong is not None:
            raise BuildError("RUN-18", {"check": wrong.code}, own_fault=True)
        return product

    def unchecked(self, draft: Draft, resident: Resident, clock: datetime) -> Product:
        """What a settled draft comes to at a given moment, not judged."""
        about, text = (draft.record, resident, self._establishment), draft.text
        body = "text/plain" if text is not None else None
        resource = document_reference(*about, self.release, clock, self.options, body)
        return Product(draft.record, resource, self._payload(draft, resident, clock), draft.rows, draft.notices)

    def settled(self, draft: Draft) -> Draft:
        """The draft with its scan as it will leave: a PDF where it has to be one. BuildError when it cannot be."""
        if not draft.convert:
            return draft
        record = replace(draft.record, scan=self._converted(draft))
        return replace(draft, record=record, convert=False, notices=_conversion_notices(record))

    def _converted(self, draft: Draft) -> ScanFile:
        assert draft.record.scan is not None
        folder = self._work / "converted"
        try:
            with explained(folder.name):
                folder.mkdir(mode=0o700, exist_ok=True)
                return convert_to_pdf(draft.record.scan, folder, office=draft.office)
        except ScanError as wrong:
            raise BuildError(wrong.code, dict(wrong.params)) from None

    def _payload(self, draft: Draft, resident: Resident, clock: datetime) -> Payload:
        record = draft.record
        if draft.dossier is not None:
            return dossier_document(draft.dossier, draft.sender or self._establishment, clock, self._custodian)
        about = (record, resident, self._establishment, clock)
        if draft.text is not None:
            return wrap_text(*about, draft.text, self._custodian)
        if record.wrap:
            return wrap_scan(*about, self._custodian)
        scan = record.scan
        assert scan is not None
        return Payload((FilePart(scan.path, scan.size, scan.sha256, base64=False),), scan.media_type)

    def _problems(self, product: Product) -> Iterator[Diagnostic]:
        yield from self._resources.problems(product.resource)
        if product.record.wrap:
            yield from self._documents.problems(tuple(product.payload.beginning(_LOOKED_AT)))
