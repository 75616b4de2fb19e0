"""The header that every document starts with (CDA R2, CI-SIS "structuration minimale"), level 1 and level 3.

Elements stand in the order of the schema. What is the same for all documents of a resident is written once and kept:
a header costs a few hundredths of a millisecond. Nothing is decided here about what may be missing: see
:mod:`converter.cda.gaps`, which says beforehand what cannot be written validly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from converter.cda.moments import effective_time, ts
from converter.cda.parts import coded, document_id
from converter.cda.resident import informants, record_target
from converter.cda.sender import author, performed_by, sender, signed_by
from converter.cda.xml import element, words
from converter.model import (
    Coding,
    DocumentRecord,
    Establishment,
    Organization,
    Period,
    Resident,
)

__all__ = ["END", "LANGUAGE", "Frame", "header"]

#: Language of the header, in this very case (CI-SIS header).
LANGUAGE = "fr-FR"
END = "</ClinicalDocument>\n"
_START = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    ' xmlns:sdtc="urn:hl7-org:sdtc">\n'
    '<realmCode code="FR"/>\n<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>\n'
    '<templateId root="2.16.840.1.113883.2.8.2.1"/>\n<templateId root="1.2.250.1.213.1.1.1.1"/>\n'
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What differs between the kinds of document. ``stay`` None: nothing is known of a stay."""

    template: str  # third templateId
    code: Coding
    facility: str  # healthCareFacility/code, as markup
    by_software: bool = False  # level 3: the system is author and signer, whoever the record names
    with_nss: bool = True
    stay: Period | None = None


def header(
    document: DocumentRecord,
    resident: Resident,
    establishment: Establishment,
    clock: datetime,
    frame: Frame,
    custodian: Organization | None = None,
) -> str:
    """The document from its first byte to the end of ``componentOf``; ``component`` and ``END`` follow."""
    about, told = _resident_parts(resident, frame.with_nss)
    of, made = sender(establishment, custodian), ts(effective_time(document, establishment, clock))
    named, signer = (None, None) if frame.by_software else (document.author, document.authenticator)
    lines = [
        element("templateId", root=frame.template),
        document_id("id", document.identifier),
        coded("code", frame.code),
        element("title", words(document.title) or words(frame.code.display)),
        element("effectiveTime", value=made),
        coded("confidentialityCode", document.confidentiality),
        element("languageCode", code=LANGUAGE),
        document_id("setId", document.set_identifier),
        element("versionNumber", value=str(document.version)),
        about,
        element("author", element("time", value=made), author(named, establishment, of)),
        told,
        of.custodian,
        _legal_authenticator(made, signed_by(signer, establishment, of)),
        _documentation_of(document, made, performed_by(named, of)),
        _related_document(document.replaces),
        _component_of(frame),
    ]
    return _START + "\n".join(filter(None, lines)) + "\n"


@lru_cache(maxsize=8)
def _resident_parts(resident: Resident, with_nss: bool) -> tuple[str, str]:
    """recordTarget and informants: the same in all documents of a resident, who come one after the other."""
    return record_target(resident, with_nss), informants(resident)


def _legal_authenticator(made: str, entity: str) -> str:
    return element("legalAuthenticator", element("time", value=made), element("signatureCode", code="S"), entity)


def _documentation_of(document: DocumentRecord, made: str, performer: str) -> str:
    """The act documented. Its start must have a value: the end stands in for it, then the document's own date."""
    period = document.period or Period()
    low = period.start or period.end
    event = document.event
    act = element(
        "serviceEvent",
        coded("code", event) if event is not None and event.oid else "",
        element("effectiveTime", *_bounds(ts(low) if low else made, ts(period.end) if period.end else None)),
        element("performer", performer, typeCode="PRF"),
    )
    return element("documentationOf", act)


def _bounds(low: str | None, high: str | None) -> Sequence[str]:
    return [element(name, value=value) for name, value in (("low", low), ("high", high)) if value]


def _related_document(replaces: str | None) -> str:
    """The version replaced. A bare number of an older system has no root and cannot be written."""
    number = document_id("id", replaces) if replaces else ""
    return element("relatedDocument", element("parentDocument", number), typeCode="RPLC") if number else ""


def _component_of(frame: Frame) -> str:
    stay = frame.stay or Period()
    bounds = _bounds(ts(stay.start) if stay.start else None, ts(stay.end) if stay.end else None)
    when = element("effectiveTime", *bounds) if bounds else element("effectiveTime", nullFlavor="UNK")
    place = element("location", element("healthCareFacility", frame.facility))
    return element("componentOf", element("encompassingEncounter", when, place))
