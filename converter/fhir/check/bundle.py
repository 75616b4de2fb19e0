"""A file as a whole: the transaction Bundle, its entries and what ties them, or a DocumentReference alone.

Entries are judged one by one as they are read; what needs the others (references, uniqueness, counts) waits for the
end. Nothing of an entry is kept but its fullUrl, its identifiers and its open references.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from converter.diagnostics import Diagnostic
from converter.fhir.check.binary import Binary
from converter.fhir.check.document import check_claim, check_document, narrowed
from converter.fhir.check.findings import Findings, child
from converter.fhir.check.invariants import check_invariants
from converter.fhir.check.primitives import fault_of
from converter.fhir.check.reader import ENTRY, Unit, read, without
from converter.fhir.check.references import check_contained, check_local, check_remote
from converter.fhir.check.structure import FoundReference, check_complex, check_resource_structure
from converter.fhir.releases import Release
from converter.payload import DocumentChecker

__all__ = ["CheckedDocument", "CheckedFile", "Registry", "check_entry_resource", "check_stream"]


@dataclass(frozen=True, slots=True)
class CheckedDocument:
    """A document as found: ``identifier`` (masterIdentifier value), SHA-1 in base64 and size of the decoded bytes.

    ``key`` is the identifier with its system, as it must be unique over a delivery; None without a value.
    """

    path: str
    identifier: str | None
    hash: str | None
    size: int | None
    key: str | None = None


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """The outcome for one file."""

    diagnostics: list[Diagnostic]
    documents: tuple[CheckedDocument, ...]


@dataclass(slots=True)
class Registry:
    """masterIdentifiers (:attr:`CheckedDocument.key`) seen over a whole delivery, and the file that held each first."""

    places: dict[str, str] = field(default_factory=dict)

    def claim(self, identifier: str, file: str) -> str | None:
        """The other file that already has it, or None."""
        first = self.places.setdefault(identifier, file)
        return first if first != file else None


def check_stream(
    stream: BinaryIO,
    file: str,
    release: Release,
    registry: Registry | None = None,
    open_checker: Callable[[], DocumentChecker] | None = None,
) -> CheckedFile:
    """Every finding about one file, in one pass and bounded memory."""
    check = _FileCheck(file, release, registry)
    for unit in read(stream, lambda: Binary(open_checker)):
        check.unit(unit)
    return CheckedFile(check.findings.diagnostics, tuple(check.documents))


def check_entry_resource(
    resource: Any, path: str, release: Release, findings: Findings, *, streamed: bool = True
) -> list[FoundReference]:
    """All rules for one resource by itself. Gives the references that lead out of it."""
    found = check_resource_structure(resource, path, findings)
    if not isinstance(resource, dict):
        return []
    if resource.get("resourceType") == "DocumentReference":
        found = narrowed(found, path, release)
    check_contained(resource, path, found, findings)
    check_invariants(resource, path, release, findings)
    if resource.get("resourceType") == "DocumentReference":
        check_document(resource, path, release, findings, streamed=streamed)
    return check_local(resource, found, findings)


class _FileCheck:
    def __init__(self, file: str, release: Release, registry: Registry | None) -> None:
        self.findings = Findings(file)
        self.release = release
        self.registry = registry
        self.documents: list[CheckedDocument] = []
        self._entries: dict[str, str] = {}
        self._full_urls: set[str] = set()
        self._identifiers: set[str] = set()
        self._open: list[FoundReference] = []

    def unit(self, unit: Unit) -> None:
        """One entry, or at last the root."""
        path = "" if unit.index is None else f"Bundle.entry[{unit.index}]"
        for code, offset in unit.problems:
            self.findings.add(code, path, offset=offset)
        if unit.index is not None:
            if unit.value is not None:
                self._entry(unit.value, path)
        elif unit.value is not None:
            self._root(unit.value)

    # ------------------------------------------------------------------------------------------------------ the root

    def _root(self, root: Any) -> None:
        kind = root.get("resourceType") if isinstance(root, dict) else None
        if kind == "DocumentReference":
            self._single(root)
        elif kind == "Bundle":
            self._bundle(root)
        else:
            self.findings.add("BDL-10", "")

    def _single(self, root: dict[str, Any]) -> None:
        """A file of flow 1."""
        if 1 not in self.release.flows:
            self.findings.add("BDL-31", "DocumentReference", release=self.release.name)
        self._open += check_entry_resource(root, "DocumentReference", self.release, self.findings)
        self._document(root, "DocumentReference")
        self._resolve()

    def _bundle(self, root: dict[str, Any]) -> None:
        findings = self.findings
        entries = root.get("entry")
        # An `entry` that is no list is judged with the root; lists are judged entry by entry.
        shell = without(root, "entry") if isinstance(entries, list) else root
        check_resource_structure(shell, "Bundle", findings)
        if root.get("type") != "transaction":
            findings.add("BDL-11", "Bundle.type")
        check_claim(root, "Bundle", self.release.bundle_profile, self.release.version, findings)
        if "total" in root:
            findings.add("BDL-26", "Bundle.total", element="total")
        if not isinstance(entries, list) or not entries:
            findings.add("BDL-12", "Bundle.entry")
        else:
            self._loose_entries(entries)
        self._counts()
        self._resolve()

    def _loose_entries(self, entries: list[Any]) -> None:
        """Entries that were not cut out while reading: no objects, or below a key spelt with escapes."""
        for number, entry in enumerate(entries):
            if isinstance(entry, dict):
                self._entry(entry, f"Bundle.entry[{number}]")
            elif entry is not ENTRY:
                self.findings.add("DR-06" if entry is None else "DR-05", f"Bundle.entry[{number}]", expected="object")

    def _counts(self) -> None:
        most = self.release.documents_per_bundle
        if not self.documents:
            self.findings.add("BDL-23", "Bundle.entry")
        elif most is not None and len(self.documents) > most:
            self.findings.add("BDL-22", "Bundle.entry", count=len(self.documents), max=most, release=self.release.name)

    def _resolve(self) -> None:
        for reference in self._open:
            check_remote(reference, self._entries, self.findings)

    # ---------------------------------------------------------------------------------------------------- one entry

    def _entry(self, entry: Any, path: str) -> None:
        findings = self.findings
        resource = entry.get("resource") if isinstance(entry, dict) else None
        self._shell(entry, path)
        if not isinstance(resource, dict):
            if "resource" not in entry:
                findings.add("BDL-13", child(path, "resource"))
            else:
                findings.add("DR-06" if resource is None else "DR-05", child(path, "resource"), expected="object")
            return
        place = child(path, "resource")
        self._open += check_entry_resource(resource, place, self.release, findings)
        self._names(entry, resource, path)
        self._request(entry, resource, path)
        if resource.get("resourceType") == "DocumentReference":
            self._document(resource, place)
        elif isinstance(resource.get("resourceType"), str):
            findings.add("BDL-29", place)

    def _shell(self, entry: dict[str, Any], path: str) -> None:
        """The entry without its resource."""
        if rest := without(entry, "resource"):
            check_complex(rest, "Bundle.entry", path, self.findings)
        for name in ("search", "response"):
            if name in entry:
                self.findings.add("BDL-26", child(path, name), element=name)

    def _names(self, entry: dict[str, Any], resource: dict[str, Any], path: str) -> None:
        kind, identity, url = resource.get("resourceType"), resource.get("id"), entry.get("fullUrl")
        kind = kind if isinstance(kind, str) else "?"
        place = child(path, "fullUrl")
        if isinstance(identity, str) and identity:
            if f"{kind}/{identity}" in self._entries:
                self.findings.add("BDL-28", child(child(path, "resource"), "id"))
            self._entries.setdefault(f"{kind}/{identity}", kind)
        if "fullUrl" not in entry:
            self.findings.add("BDL-17", place)
        elif isinstance(url, str) and url:
            self._full_url(url, kind, identity, place)

    def _full_url(self, url: str, kind: str, identity: Any, place: str) -> None:
        absolute = url.startswith(("urn:uuid:", "urn:oid:", "http://", "https://"))
        if not absolute or fault_of("uri", url) or "/_history/" in url:
            self.findings.add("BDL-18", place)
        elif url.startswith("http") and not (isinstance(identity, str) and url.endswith(f"/{kind}/{identity}")):
            self.findings.add("BDL-27", place)
        if url in self._full_urls:
            self.findings.add("BDL-19", place)
        self._full_urls.add(url)
        self._entries.setdefault(url, kind)

    def _request(self, entry: dict[str, Any], resource: dict[str, Any], path: str) -> None:
        request, place = entry.get("request"), child(path, "request")
        if "request" not in entry:
            self.findings.add("BDL-14", place)
        if not isinstance(request, dict):
            return
        self._conditions(request, place)
        if "method" in request and request["method"] != "POST":
            self.findings.add("BDL-15", child(place, "method"))
        elif "url" in request and request["url"] != resource.get("resourceType"):
            self.findings.add("BDL-16", child(place, "url"))

    def _conditions(self, request: dict[str, Any], path: str) -> None:
        """Conditions that a creation does not have; ``ifNoneExist`` is a bare query."""
        for name in ("ifNoneMatch", "ifModifiedSince", "ifMatch"):
            if name in request:
                self.findings.add("BDL-30", child(path, name), element=name)
        condition = request.get("ifNoneExist")
        if isinstance(condition, str) and ("?" in condition or "=" not in condition):
            self.findings.add("BDL-30", child(path, "ifNoneExist"), element="ifNoneExist")

    def _document(self, resource: dict[str, Any], path: str) -> None:
        identifier = resource.get("masterIdentifier")
        value = identifier.get("value") if isinstance(identifier, dict) else None
        value = value if isinstance(value, str) and value else None
        key = f"{identifier.get('system') or ''}|{value}" if isinstance(identifier, dict) and value else None
        data = _data_of(resource)
        sha1, size = (data.sha1, data.size) if data else (None, None)
        self.documents.append(CheckedDocument(path, value, sha1, size, key))
        if key is not None:
            self._claim(key, child(path, "masterIdentifier"))

    def _claim(self, key: str, path: str) -> None:
        if key in self._identifiers:
            self.findings.add("BDL-20", path)
        elif self.registry is not None and (other := self.registry.claim(key, self.findings.file)) is not None:
            self.findings.add("BDL-21", path, file=other)
        self._identifiers.add(key)


def _data_of(resource: dict[str, Any]) -> Binary | None:
    content = resource.get("content")
    first = content[0] if isinstance(content, list) and content else None
    attachment = first.get("attachment") if isinstance(first, dict) else None
    data = attachment.get("data") if isinstance(attachment, dict) else None
    return data if isinstance(data, Binary) else None
