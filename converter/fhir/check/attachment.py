"""The attachment against its own words, and the document inside against the resource that carries it."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from converter import terminology
from converter.diagnostics import Diagnostic, ProductLocation
from converter.fhir.check.binary import KINDS, Binary
from converter.fhir.check.findings import Findings, child
from converter.fhir.check.paths import codings, values
from converter.fhir.check.primitives import instant_of
from converter.payload import DocumentSummary

__all__ = ["check_attachment"]

_LOINC_URIS = ("http://loinc.org", "https://mos.esante.gouv.fr/NOS/TRE_A04-Loinc/FHIR/TRE-A04-Loinc")
_HL7_CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_XML_TYPES = ("text/xml", "application/xml", "application/hl7-sdwg+xml", "application/hl7-cda+xml")
_OID_OF_HL7 = {_HL7_CONFIDENTIALITY: "2.16.840.1.113883.5.25", **dict.fromkeys(_LOINC_URIS, "2.16.840.1.113883.6.1")}


def check_attachment(
    content: dict[str, Any], path: str, resource: dict[str, Any], findings: Findings, streamed: bool
) -> None:
    attachment = content.get("attachment")
    if not isinstance(attachment, dict):
        return
    path = child(path, "attachment")
    data = attachment.get("data")
    if streamed:
        for name in ("size", "hash"):
            if name not in attachment:
                findings.add("DR-45", child(path, name), element=name)
    if isinstance(data, Binary) and not data.fault and data.size:
        _check_content(attachment, data, path, findings)
        _check_inside(resource, attachment, data, path, findings)


def _check_content(attachment: dict[str, Any], data: Binary, path: str, findings: Findings) -> None:
    size, digest, media_type = (attachment.get(name) for name in ("size", "hash", "contentType"))
    if isinstance(size, int) and size != data.size:
        findings.add("DR-43", child(path, "size"), size=size, found=data.size)
    if isinstance(digest, str) and digest != data.sha1:
        findings.add("DR-44", child(path, "hash"))
    if not isinstance(media_type, str):
        return
    base = media_type.partition(";")[0].strip().lower()
    if not _agrees(base, data):
        findings.add("DR-46", child(path, "contentType"))
    elif base not in _XML_TYPES:
        findings.add("DR-47", child(path, "contentType"))


def _agrees(media_type: str, data: Binary) -> bool:
    """Whether the first bytes can be of this media type. What nobody can tell agrees."""
    if media_type in _XML_TYPES or media_type.endswith("+xml"):
        return data.kind == "xml"
    if media_type in KINDS:
        return data.kind == media_type
    if media_type.startswith("text/") or media_type == "application/json":
        return data.kind in ("", "xml") and b"\0" not in data.head and not _is_declared_xml(data)
    # Office files are archives; beyond that, a file that says what it is says the same as its media type.
    return media_type == "application/octet-stream" or data.kind in ("", "application/zip")


def _is_declared_xml(data: Binary) -> bool:
    return data.head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"<?xml", b"<ClinicalDocument"))


# --------------------------------------------------------------------------------------------- the document inside


def _check_inside(
    resource: dict[str, Any], attachment: dict[str, Any], data: Binary, path: str, findings: Findings
) -> None:
    """The document's own findings, and what both must say alike."""
    media_type = attachment.get("contentType")
    said = isinstance(media_type, str) and "xml" in media_type
    if data.document is None or not (said or _is_declared_xml(data)):
        return
    place = child(path, "data")
    findings.diagnostics.extend(_placed(found, place, findings.file) for found in data.document.diagnostics)
    summary = data.document.summary
    if summary is None:
        if not any(d.is_error for d in data.document.diagnostics):
            findings.add("DR-50", place)
        return
    root = path.partition(".content")[0]
    _compare_identity(resource, summary, root, findings)
    _compare_words(resource, attachment, summary, path, root, findings)


def _placed(found: Diagnostic, place: str, file: str) -> Diagnostic:
    """A finding about the document as one about the file that carries it: ``….data > ClinicalDocument/id``."""
    inside = found.location.path if isinstance(found.location, ProductLocation) else ""
    return replace(found, location=ProductLocation(file, f"{place} > {inside}" if inside else place))


def _compare_identity(resource: dict[str, Any], summary: DocumentSummary, path: str, findings: Findings) -> None:
    identifier = resource.get("masterIdentifier")
    value = identifier.get("value") if isinstance(identifier, dict) else None
    if summary.identifier is None or (isinstance(value, str) and _plain(value) != _plain(summary.identifier)):
        findings.add("DR-51", child(path, "masterIdentifier"))
    kind = resource.get("type")
    coded = codings(kind, child(path, "type")) if isinstance(kind, dict) else []
    if coded and not any(_same_code(coding, summary) for _, coding in coded):
        findings.add("DR-52", child(path, "type"))


def _plain(identifier: str) -> str:
    """An OID or UUID without its URN prefix, as a bare masterIdentifier of an older system may have it."""
    return identifier.lower().removeprefix("urn:oid:").removeprefix("urn:uuid:")


def _same_code(coding: dict[str, Any], summary: DocumentSummary) -> bool:
    if coding.get("code") != summary.code:
        return False
    oid = _oid_of(coding)
    return oid is None or summary.code_system is None or oid == summary.code_system


def _oid_of(coding: dict[str, Any]) -> str | None:
    system, code = coding.get("system"), coding.get("code")
    if not isinstance(system, str) or not isinstance(code, str):
        return None
    if system.startswith("urn:oid:"):
        return system.removeprefix("urn:oid:")
    known = terminology.lookup("JDV_J07", code)
    return _OID_OF_HL7.get(system) or (known.oid if known is not None and known.system == system else None)


def _compare_words(
    resource: dict[str, Any],
    attachment: dict[str, Any],
    summary: DocumentSummary,
    path: str,
    root: str,
    findings: Findings,
) -> None:
    pairs = (("title", summary.title), ("language", summary.language))
    for name, said in pairs:
        here = attachment.get(name)
        if said is not None and isinstance(here, str) and " ".join(here.split()) != " ".join(said.split()):
            findings.add("DR-53", child(path, name), element=name)
    made = attachment.get("creation")
    if summary.effective_time and isinstance(made, str) and not _same_moment(made, summary.effective_time):
        findings.add("DR-53", child(path, "creation"), element="creation")
    labels = [c.get("code") for place, v in values(resource, root, "securityLabel") if isinstance(v, dict)
              for _, c in codings(v, place)]  # fmt: skip
    if summary.confidentiality and labels and summary.confidentiality not in labels:
        findings.add("DR-53", child(root, "securityLabel"), element="securityLabel")


def _same_moment(fhir: str, hl7: str) -> bool:
    """Whether a FHIR dateTime and an HL7 TS name one moment, to the precision that both have."""
    full = instant_of(fhir), _hl7_instant(hl7)
    if full[0] is not None and full[1] is not None:
        return full[0] == full[1]
    here, there = re.sub(r"\D", "", fhir[:10]), re.sub(r"\D.*", "", hl7)[:8]
    short = min(len(here), len(there))
    return here[:short] == there[:short]


def _hl7_instant(text: str) -> datetime | None:
    found = re.fullmatch(r"(\d{14})(?:\.\d+)?([+-]\d{4})", text, re.ASCII)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1] + found[2], "%Y%m%d%H%M%S%z")
    except ValueError:
        return None
