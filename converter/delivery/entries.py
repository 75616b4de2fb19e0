"""What the delivery knows of each resident: files, their documents, and where these came from. No name, no title."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["BundleEntry", "DocumentEntry", "ResidentEntry", "bundle_record", "entry_of", "entry_record"]


@dataclass(frozen=True, slots=True)
class DocumentEntry:
    """One document handed over: ``identifier`` is its masterIdentifier value, ``source`` to ``line`` its origin.

    ``size`` and ``hash`` are those of the attachment (bytes before base64, SHA-1 in base64); ``scan_sha256`` (hex) and
    ``scan_size`` those of the file it was made from, None when it was made from rows alone. The marks are what an
    update compares beside the hash (:mod:`converter.fhir.marks`), and the legacy number (``number_mark``).
    """

    identifier: str
    source: str
    file: str
    sheet: str | None
    line: int | None
    media_type: str
    size: int
    hash: str
    scan_sha256: str | None
    scan_size: int | None
    content_mark: str | None = None
    rest_mark: str | None = None
    number_mark: str | None = None


@dataclass(frozen=True, slots=True)
class BundleEntry:
    """One file of the delivery: its name below the folder (``bundles/<digest>.json``), bytes, SHA-256 in hex."""

    file: str
    size: int
    sha256: str
    documents: tuple[DocumentEntry, ...]


@dataclass(frozen=True, slots=True)
class ResidentEntry:
    """A resident done: ``fingerprint`` is what it was made from; ``memo`` is JSON that the delivery only keeps."""

    resident: str
    fingerprint: str
    bundles: tuple[BundleEntry, ...]
    memo: Mapping[str, Any]


def bundle_record(bundle: BundleEntry, resident: str | None = None) -> dict[str, Any]:
    """A bundle as JSON, in the words of the manifest's schema; ``resident`` is its digest."""
    record: dict[str, Any] = {"file": bundle.file, "size": bundle.size, "sha256": bundle.sha256}
    if resident is not None:
        record["resident"] = resident
    return record | {"documents": [_document_record(d) for d in bundle.documents]}


def entry_record(entry: ResidentEntry) -> dict[str, Any]:
    """An entry as JSON, for the journal; ``resident`` stands first, where the journal looks for it."""
    return {
        "resident": entry.resident,
        "fingerprint": entry.fingerprint,
        "bundles": [bundle_record(b) for b in entry.bundles],
        "memo": dict(entry.memo),
    }


def entry_of(record: Mapping[str, Any]) -> ResidentEntry:
    """The entry that :func:`entry_record` wrote. KeyError or TypeError when it is not one."""
    bundles = tuple(
        BundleEntry(b["file"], b["size"], b["sha256"], tuple(_document_of(d) for d in b["documents"]))
        for b in record["bundles"]
    )
    return ResidentEntry(record["resident"], record["fingerprint"], bundles, record["memo"])


def _document_record(document: DocumentEntry) -> dict[str, Any]:
    place = {"name": document.source, "file": document.file, "sheet": document.sheet, "line": document.line}
    scan = {"sha256": document.scan_sha256, "size": document.scan_size}
    record: dict[str, Any] = {
        "masterIdentifier": document.identifier,
        "source": {key: value for key, value in place.items() if value is not None},
        "contentType": document.media_type,
        "size": document.size,
        "hash": document.hash,
    }
    if document.scan_sha256 is not None:
        record["scan"] = {key: value for key, value in scan.items() if value is not None}
    marks = {"content": document.content_mark, "rest": document.rest_mark, "number": document.number_mark}
    if any(marks.values()):
        record["marks"] = {key: value for key, value in marks.items() if value is not None}
    return record


def _document_of(record: Mapping[str, Any]) -> DocumentEntry:
    source, scan, marks = record["source"], record.get("scan", {}), record.get("marks", {})
    return DocumentEntry(
        identifier=record["masterIdentifier"],
        source=source["name"],
        file=source["file"],
        sheet=source.get("sheet"),
        line=source.get("line"),
        media_type=record["contentType"],
        size=record["size"],
        hash=record["hash"],
        scan_sha256=scan.get("sha256"),
        scan_size=scan.get("size"),
        content_mark=marks.get("content"),
        rest_mark=marks.get("rest"),
        number_mark=marks.get("number"),
    )
