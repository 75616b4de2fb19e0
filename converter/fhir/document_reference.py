"""One document record as a DocumentReference, without the three elements that only streaming can tell.

``attachment.data``, ``size`` and ``hash`` are added by :mod:`converter.fhir.bundle` while the document passes.
``subject``, ``author``, ``custodian``, ``date`` and ``meta.profile`` are always written: optional in 1.x, they make
one resource fit every release, MHD Simplified Publish and PDSm. ``status`` is always current (fixed by the profile).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from converter import terminology
from converter.fhir.moments import date_time, instant
from converter.fhir.patient import patient, patient_reference
from converter.fhir.references import LOINC, Json, codeable, coding, party
from converter.fhir.releases import Release
from converter.model import Coding, DocumentRecord, Establishment, Organization, Period, Resident

__all__ = ["Options", "document_reference", "master_identifier"]

TRE_A04 = "https://mos.esante.gouv.fr/NOS/TRE_A04-Loinc/FHIR/TRE-A04-Loinc"
_HL7_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_HL7_DISPLAY = {"N": "normal", "R": "restricted", "V": "very restricted"}
_DOSSIER_FORMAT = "urn:asip:ci-sis:export-dui:2023"
_CDA = "text/xml"


@dataclass(frozen=True, slots=True)
class Options:
    """What a receiver may want otherwise. ``custodian`` None is the establishment.

    ``loinc_system``: ``loinc`` or ``tre_a04`` (URI of the guide's examples up to 1.1.0); ``confidentiality_system``:
    ``hl7`` or ``ans``; ``profile_version``: write canonicals as ``url|version``.
    """

    loinc_system: str = "loinc"
    profile_version: bool = False
    confidentiality_system: str = "hl7"
    custodian: Organization | None = None


def document_reference(
    document: DocumentRecord,
    resident: Resident,
    establishment: Establishment,
    release: Release,
    clock: datetime,
    options: Options | None = None,
    body_media_type: str | None = None,
) -> Json:
    """The resource, without data, size and hash. ``clock`` is aware and gives ``date``.

    ``body_media_type``: of a document made by the run (a template) when it is an unstructured CDA body; scans tell.
    """
    options = options or Options()
    author, author_held = party(document.author, establishment, "author")
    custodian, custodian_held = party(options.custodian, establishment, "custodian")
    authenticator, authenticator_held = (
        party(document.authenticator, establishment, "authenticator") if document.authenticator else ({}, [])
    )
    found: Json = {
        "resourceType": "DocumentReference",
        "meta": {"profile": [release.document_canonical(options.profile_version)]},
        "contained": [patient(resident, "resident"), *author_held, *authenticator_held, *custodian_held],
        "masterIdentifier": master_identifier(document.identifier),
        "status": "current",
        "type": codeable(_in_system(document.type, options)),
        "category": [codeable(document.category)],
        "subject": patient_reference(resident, "resident"),
        "date": instant(clock),
        "author": [author],
    }
    if authenticator:
        found["authenticator"] = authenticator
    found["custodian"] = custodian
    if document.replaces:
        target = {"type": "DocumentReference", "identifier": master_identifier(document.replaces)}
        found["relatesTo"] = [{"code": "replaces", "target": target}]
    if document.description:
        found["description"] = document.description
    found["securityLabel"] = [_security_label(document.confidentiality, options)]
    found["content"] = [_content(document, clock, body_media_type)]
    found["context"] = _context(document, establishment)
    return found


def master_identifier(value: str) -> Json:
    """``urn:oid:…`` or ``urn:uuid:…`` as an Identifier; anything else is some older system's bare number."""
    return {"system": "urn:ietf:rfc:3986", "value": value} if value.startswith("urn:") else {"value": value}


def _in_system(code: Coding, options: Options) -> Coding:
    if code.system == LOINC and options.loinc_system == "tre_a04":
        return Coding(code.code, code.display, TRE_A04, code.oid, code.system_name)
    return code


def _security_label(code: Coding, options: Options) -> Json:
    if options.confidentiality_system == "hl7" and code.code in _HL7_DISPLAY:
        return codeable(Coding(code.code, _HL7_DISPLAY[code.code], _HL7_CONFIDENTIALITY, code.oid))
    return codeable(code)


def _content(document: DocumentRecord, clock: datetime, body_media_type: str | None) -> Json:
    attachment: Json = {"contentType": _media_type(document, body_media_type), "language": document.language}
    attachment["title"] = document.title
    if document.created is not None:
        attachment["creation"] = date_time(document.created)
    elif document.wrap:  # the CDA is made now: its effectiveTime is the run's clock
        attachment["creation"] = instant(clock)
    content: Json = {"attachment": attachment}
    if (code := _format(document, body_media_type)) is not None:
        content["format"] = coding(code)
    return content


def _media_type(document: DocumentRecord, body_media_type: str | None) -> str:
    if document.wrap:
        return _CDA
    return document.scan.media_type if document.scan else body_media_type or _CDA


def _format(document: DocumentRecord, body_media_type: str | None) -> Coding | None:
    """A format code says how a CDA is made. Raw files have none in the guide's set, so none is claimed."""
    if not document.wrap:
        return None
    if document.scan is not None:
        return terminology.format_of(document.scan.media_type)
    if document.template is None:
        return terminology.lookup("TRE_A06", _DOSSIER_FORMAT)
    return terminology.format_of(body_media_type) if body_media_type else None


def _context(document: DocumentRecord, establishment: Establishment) -> Json:
    found: Json = {}
    if document.event is not None:
        found["event"] = [codeable(document.event)]
    if document.period is not None and (period := _period(document.period)):
        found["period"] = period
    found["facilityType"] = codeable(establishment.facility_type)
    found["practiceSetting"] = codeable(establishment.practice_setting)
    found["sourcePatientInfo"] = {"reference": "#resident", "type": "Patient"}
    return found


def _period(period: Period) -> Json:
    ends = (("start", period.start), ("end", period.end))
    return {name: date_time(moment) for name, moment in ends if moment is not None}
