"""Level 1: a header around one file, whose bytes pass untouched in base64 (``nonXMLBody``).

The body is one of the five media types that CI-SIS allows; the caller has made sure of it from the bytes. A scan is
never read here: it becomes a part of the payload, encoded while it is streamed.
"""

from __future__ import annotations

from datetime import datetime

import pybase64

from converter.cda.header import END, LANGUAGE, Frame, header
from converter.cda.parts import coded
from converter.cda.text import printable
from converter.cda.xml import element
from converter.model import DocumentRecord, Establishment, Organization, Resident
from converter.payload import FilePart, Payload

__all__ = ["CDA_MEDIA_TYPE", "wrap_scan", "wrap_text"]

CDA_MEDIA_TYPE = "text/xml"
#: IHE XDS-SD, the template of an unstructured body.
_TEMPLATE = "1.3.6.1.4.1.19376.1.2.20"


def wrap_scan(
    document: DocumentRecord,
    resident: Resident,
    establishment: Establishment,
    clock: datetime,
    custodian: Organization | None = None,
) -> Payload:
    """The scan of a document in its CDA. ``clock`` is aware; it dates a document that has no day of its own."""
    scan = document.scan
    if scan is None:
        raise ValueError("a document without a scan has nothing to wrap")
    body = FilePart(scan.path, scan.size, scan.sha256, base64=True)
    return _wrapped(document, resident, establishment, clock, custodian, scan.media_type, body)


def wrap_text(
    document: DocumentRecord,
    resident: Resident,
    establishment: Establishment,
    clock: datetime,
    text: str,
    custodian: Organization | None = None,
) -> Payload:
    """Text made from rows as the body of a document: ``text/plain``, UTF-8."""
    body = pybase64.b64encode(printable(text).encode())
    return _wrapped(document, resident, establishment, clock, custodian, "text/plain", body)


def _wrapped(
    document: DocumentRecord,
    resident: Resident,
    establishment: Establishment,
    clock: datetime,
    custodian: Organization | None,
    media_type: str,
    body: bytes | FilePart,
) -> Payload:
    frame = Frame(_TEMPLATE, document.type, coded("code", establishment.facility_type))
    head = header(document, resident, establishment, clock, frame, custodian)
    # The header's language is fixed; that of the content is said where it differs.
    language = "" if document.language == LANGUAGE else element("languageCode", code=document.language)
    start = f'<component><nonXMLBody><text mediaType="{media_type}" representation="B64">'
    close = f"</text>{language}</nonXMLBody></component>\n{END}"
    return Payload(((head + start).encode(), body, close.encode()), CDA_MEDIA_TYPE)
