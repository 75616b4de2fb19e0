"""Drafts to products: the document's bytes to stream, its DocumentReference, and the checks on both before writing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from converter.cda import CdaChecker, dossier_document, wrap_scan, wrap_text
from converter.conversion.drafts import Draft
from converter.conversion.plan import Plan
from converter.conversion.resource_check import ResourceCheck
from converter.diagnostics import Diagnostic
from converter.dossier import Dossier
from converter.fhir import RELEASES, Options, document_reference
from converter.fhir.references import Json
from converter.mapping.loader import custodian
from converter.model import DocumentRecord, Establishment, Resident, ScanFile
from converter.payload import FilePart, Payload
from converter.sources.scans import ScanError, conversion_notice, convert_to_pdf

__all__ = ["BuildError", "Builder", "Product"]

#: Bytes of each file that the check before writing looks at: the first tell the type.
_LOOKED_AT = 3 * 1024


class BuildError(Exception):
    """A draft that cannot become a product. ``own_fault``: the product failed its own check."""

    def __init__(self, code: str, params: dict[str, str | int], *, own_fault: bool = False) -> None:
        super().__init__(code)
        self.code, self.params, self.own_fault = code, params, own_fault


@dataclass(frozen=True, slots=True)
class Product:
    """A document ready to be streamed into a bundle."""

    record: DocumentRecord
    resource: Json
    payload: Payload
    rows: tuple[int, ...]
    notices: tuple[Diagnostic, ...] = ()


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

    def build(self, draft: Draft, resident: Resident) -> Product:
        """A product of a draft. BuildError when it cannot be made or fails a check."""
        record = draft.record
        if draft.convert:
            record = replace(record, scan=self.converted(draft))
        product = self._checked(record, self._payload(record, draft.text, resident), resident, draft.rows, draft.text)
        said = conversion_notice(record.scan) if draft.convert and record.scan else None
        return replace(product, notices=(Diagnostic(said[0], record.location, said[1]),)) if said else product

    def build_dossier(self, dossier: Dossier, rows: tuple[int, ...], sender: Establishment) -> Product:
        """The structured dossier of a resident; ``sender`` is the establishment as its header says it."""
        payload = dossier_document(dossier, sender, self._clock, self._custodian)
        return self._checked(dossier.document, payload, dossier.resident, rows, None)

    def converted(self, draft: Draft) -> ScanFile:
        """The draft's scan as a PDF, in the run's work folder. BuildError when it cannot be one."""
        assert draft.record.scan is not None
        folder = self._work / "converted"
        folder.mkdir(mode=0o700, exist_ok=True)
        try:
            return convert_to_pdf(draft.record.scan, folder, office=draft.office)
        except ScanError as wrong:
            raise BuildError(wrong.code, dict(wrong.params)) from None

    def _payload(self, record: DocumentRecord, text: str | None, resident: Resident) -> Payload:
        about = (record, resident, self._establishment, self._clock)
        if text is not None:
            return wrap_text(*about, text, self._custodian)
        if record.wrap:
            return wrap_scan(*about, self._custodian)
        scan = record.scan
        assert scan is not None
        return Payload((FilePart(scan.path, scan.size, scan.sha256, base64=False),), scan.media_type)

    def _checked(
        self, record: DocumentRecord, payload: Payload, resident: Resident, rows: tuple[int, ...], text: str | None
    ) -> Product:
        body = "text/plain" if text is not None else None
        resource = document_reference(
            record, resident, self._establishment, self.release, self._clock, self.options, body
        )
        for problem in self._problems(resource, payload, record.wrap):
            if problem.is_error:
                raise BuildError("RUN-18", {"check": problem.code}, own_fault=True)
        return Product(record, resource, payload, rows)

    def _problems(self, resource: Json, payload: Payload, wrapped: bool) -> Iterator[Diagnostic]:
        yield from self._resources.problems(resource)
        if wrapped:
            checker = CdaChecker(self.state)
            for chunk in payload.beginning(_LOOKED_AT):
                checker.feed(chunk)
            yield from checker.close().diagnostics
