"""What a file is, from its bytes: the name and the extension are never asked.

Refuses nothing itself: it names what it sees, and :mod:`converter.sources.opening` decides. Only the first bytes and,
for containers, their directory are read.
"""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from converter.sources.limits import SNIFF_BYTES

__all__ = ["EXTENSIONS", "Kind", "Sniffed", "sniff"]


class Kind(StrEnum):
    """What the readers tell apart. The values are those of `format:` where one exists."""

    CSV = "csv"
    XLSX = "xlsx"
    XLS = "xls"
    XLSB = "xlsb"
    ODS = "ods"
    HTML = "html"
    XML_2003 = "xml-2003"
    XML = "xml"
    ENCRYPTED = "encrypted"
    EMPTY = "empty"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Sniffed:
    """``name`` is what a person calls the type; ``strict`` marks Strict OOXML."""

    kind: Kind
    name: str
    strict: bool = False


#: Extensions under which a kind is not a surprise.
EXTENSIONS = {
    Kind.CSV: {".csv", ".txt", ".tsv", ".tab", ".dat", ".asc", ".psv", ""},
    Kind.XLSX: {".xlsx", ".xlsm", ".xltx", ".xltm"},
    Kind.XLS: {".xls", ".xlt"},
    Kind.XLSB: {".xlsb"},
    Kind.ODS: {".ods", ".ots"},
    Kind.HTML: {".html", ".htm", ".xhtml"},
    Kind.XML_2003: {".xml"},
    Kind.XML: {".xml"},
}

_MAGIC = (
    (b"%PDF-", "PDF"),
    (b"{\\rtf", "RTF"),
    (b"\x1f\x8b", "gzip"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ", "xz"),
    (b"7z\xbc\xaf\x27\x1c", "7-Zip"),
    (b"Rar!", "RAR"),
    (b"\x89PNG", "PNG"),
    (b"\xff\xd8\xff", "JPEG"),
    (b"GIF8", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"SQLite format 3", "SQLite"),
    (b"\x00\x01\x00\x00Standard Jet DB", "Access"),
    (b"\x00\x01\x00\x00Standard ACE DB", "Access"),
    (b"PAR1", "Parquet"),
)
_CFB = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|table|meta|style|center)\b", re.IGNORECASE)
_PROLOG = re.compile(rb"<\?xml\b|<!DOCTYPE\b|<!--")
#: A root element: what stands between its tag and the next is blank, unless the element ends there. A cell of a text
#: file may begin with the same sign (`<inconnu>;Nom`).
_ROOT = re.compile(
    rb"<([A-Za-z_][\w.-]*(?::[\w.-]+)?)(?:\s+[\w.:-]+\s*=\s*(?:\"[^\"<]*\"|'[^'<]*'))*\s*(?:/>|>(?:\s*(?:<|\Z)|.*</\1\s*>))",
    re.DOTALL,
)
#: The first bytes end inside the root's tag: many declarations of namespaces.
_OPEN_ROOT = re.compile(rb"<[A-Za-z_][\w.-]*(?::[\w.-]+)?\s+[\w.:-]+\s*=\s*[\"'][^<>]*\Z")
_JSON = re.compile(rb"[\[\s]*\{\s*\"[^\"]*\"\s*:")
_XML_2003 = b"urn:schemas-microsoft-com:office:spreadsheet"
_OPEN_DOCUMENT = b"urn:oasis:names:tc:opendocument"


def sniff(path: Path) -> Sniffed:
    """The type of a file that exists. OSError when it cannot be read."""
    with path.open("rb") as stream:
        head = stream.read(SNIFF_BYTES)
    if not head:
        return Sniffed(Kind.EMPTY, "—")
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return _zip(path)
    if head.startswith(_CFB):
        return _compound(path)
    if head[:2] == b"\x09\x08" and head[2:4] in (b"\x08\x00", b"\x10\x00"):
        return Sniffed(Kind.XLS, "Excel 5-2003 (XLS)")
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return Sniffed(Kind.OTHER, name)
    return _text(head)


def _zip(path: Path) -> Sniffed:
    try:
        with zipfile.ZipFile(path) as archive:
            names = set(archive.namelist())
            mimetype = archive.read("mimetype")[:100] if "mimetype" in names else b""
            if mimetype.startswith(b"application/vnd.oasis.opendocument"):
                return _open_document(archive, mimetype)
            if "xl/workbook.bin" in names:
                return Sniffed(Kind.XLSB, "Excel XLSB")
            workbook = next((n for n in sorted(names) if re.fullmatch(r"/?xl/workbook\d*\.xml", n)), None)
            if workbook is not None:
                with archive.open(workbook) as stream:
                    strict = b"purl.oclc.org/ooxml" in stream.read(SNIFF_BYTES)
                return Sniffed(Kind.XLSX, "Excel XLSX strict" if strict else "Excel XLSX", strict)
    except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError, NotImplementedError):
        # The signature says zip, the rest is damaged: the workbook reader will say how.
        return Sniffed(Kind.XLSX, "ZIP")
    if "word/document.xml" in names:
        return Sniffed(Kind.OTHER, "Word DOCX")
    return Sniffed(Kind.OTHER, "ZIP")


def _open_document(archive: zipfile.ZipFile, mimetype: bytes) -> Sniffed:
    if b"spreadsheet" not in mimetype:
        return Sniffed(Kind.OTHER, "OpenDocument " + mimetype.rpartition(b".")[2].decode("ascii", "replace"))
    manifest = archive.read("META-INF/manifest.xml") if "META-INF/manifest.xml" in archive.namelist() else b""
    if b"encryption-data" in manifest:
        return Sniffed(Kind.ENCRYPTED, "OpenDocument (ODS)")
    return Sniffed(Kind.ODS, "OpenDocument (ODS)")


def _compound(path: Path) -> Sniffed:
    from converter.sources.compound import CompoundError, CompoundFile

    try:
        with CompoundFile(path) as compound:
            names = set(compound.streams)
    except CompoundError:
        return Sniffed(Kind.XLS, "OLE")
    if "encryptedpackage" in names:
        return Sniffed(Kind.ENCRYPTED, "Excel XLSX")
    if names & {"workbook", "book"}:
        return Sniffed(Kind.XLS, "Excel 97-2003 (XLS)")
    if "worddocument" in names:
        return Sniffed(Kind.OTHER, "Word DOC")
    return Sniffed(Kind.OTHER, "OLE")


def _text(head: bytes) -> Sniffed:
    plain = head.replace(b"\x00", b"").removeprefix(b"\xef\xbb\xbf").removeprefix(b"\xff\xfe").removeprefix(b"\xfe\xff")
    start = plain.lstrip()
    if _JSON.match(start):
        return Sniffed(Kind.OTHER, "JSON")
    if not start.startswith(b"<"):
        return Sniffed(Kind.CSV, "CSV")
    if _XML_2003 in plain and b"<html" not in plain.lower():
        return Sniffed(Kind.XML_2003, "SpreadsheetML 2003")
    if _HTML.match(start) or (b"<html" in plain.lower() and _is_markup(start)):
        return Sniffed(Kind.HTML, "HTML")
    if start.startswith(b"<!--") and _HTML.search(start):
        return Sniffed(Kind.HTML, "HTML")
    if _is_markup(start):
        return Sniffed(Kind.XML, "OpenDocument XML" if _OPEN_DOCUMENT in plain else "XML")
    return Sniffed(Kind.CSV, "CSV")


def _is_markup(start: bytes) -> bool:
    return any(pattern.match(start) for pattern in (_PROLOG, _ROOT, _OPEN_ROOT))
