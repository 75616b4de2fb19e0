"""Bundles, single documents and patches, streamed: an attachment passes once and is never held.

A resource is serialised around a gap; the document goes through base64 into the gap, in blocks of whole 3-byte
groups, and its SHA-1 and size are known by the time ``hash`` and ``size`` are written: ``data`` stands before them.
The file's own SHA-256 and size are counted on the way. JSON is compact and in a fixed order: same input, same bytes.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import BinaryIO

import pybase64

from converter.fhir.document_reference import Options
from converter.fhir.references import Json
from converter.fhir.releases import Release
from converter.payload import Payload

__all__ = [
    "WrittenBundle",
    "WrittenEntry",
    "entry_size",
    "envelope_size",
    "full_url",
    "write",
    "write_document",
    "write_patch",
]

#: SHA-1 is what FHIR asks for in Attachment.hash: 20 bytes, 28 characters of base64.
_HASH_CHARS = 28
_ATTACHMENT_FIRST = ("id", "extension", "contentType", "language")


@dataclass(frozen=True, slots=True)
class WrittenEntry:
    """What went out for one entry: SHA-1 (base64, as in ``hash``) and size of the document; None without one."""

    resource_type: str
    full_url: str
    identifier: str | None
    hash: str | None
    size: int | None


@dataclass(frozen=True, slots=True)
class WrittenBundle:
    """A finished file: SHA-256 (hex) and size of its bytes, and its entries in order."""

    sha256: str
    size: int
    entries: tuple[WrittenEntry, ...]


def write(
    stream: BinaryIO,
    entries: Iterable[tuple[Json, Payload | None]],
    release: Release,
    options: Options | None = None,
) -> WrittenBundle:
    """A transaction bundle of the entries, in order. An entry without payload is written as it stands.

    Raises ChangedFileError or OSError from the payloads and OSError from the stream; the file is then unfinished.
    """
    sink = _Sink(stream)
    written: list[WrittenEntry] = []
    sink.put(_opening(release, options or Options()))
    for number, (resource, payload) in enumerate(entries):
        sink.put(b",\n" if number else b"\n")
        written.append(_write_entry(sink, resource, payload))
    sink.put(_CLOSING)
    return WrittenBundle(sink.digest.hexdigest(), sink.size, tuple(written))


def write_document(stream: BinaryIO, resource: Json, payload: Payload) -> WrittenBundle:
    """One DocumentReference alone (flow 1: the body of ``POST DocumentReference``)."""
    sink = _Sink(stream)
    before, after = _halves(resource)
    entry = _write_around(sink, resource, payload, before, after + b"\n")
    return WrittenBundle(sink.digest.hexdigest(), sink.size, (entry,))


def write_patch(stream: BinaryIO, resource: Json, payload: Payload, old_hash: str) -> WrittenBundle:
    """A JSON Patch (RFC 6902) that gives an earlier version of the resource its new content (flow 3: only content).

    First a ``test`` of the hash that the patch was made against: the server applies all of a patch or nothing, so that
    a wrong id, or a document that somebody else has changed meanwhile, leaves the resource as it is. Then the whole of
    ``content[0]``: what an earlier version had there and this one has not is gone too.
    """
    sink = _Sink(stream)
    before, after = _content_halves(resource["content"][0])
    test = {"op": "test", "path": "/content/0/attachment/hash", "value": old_hash}
    opening = b"[" + _dumps(test) + b',\n{"op":"replace","path":"/content/0","value":{' + before
    entry = _write_around(sink, resource, payload, opening, after + b"}}]\n")
    return WrittenBundle(sink.digest.hexdigest(), sink.size, (entry,))


def entry_size(resource: Json, payload: Payload | None) -> int:
    """Bytes that an entry will take in a bundle, its separator included, without reading the document."""
    # The resource as a whole has the length of its halves, and is serialised in two thirds of their time.
    opening, closing = _around(resource)
    size = len(opening) + len(_dumps(resource)) + len(closing) + 2
    if payload is None:
        return size
    comma = 1 if resource["content"][0]["attachment"] else 0
    return size + _gap_size(payload.size) + comma


def envelope_size(release: Release, options: Options | None = None) -> int:
    """Bytes of a bundle beside its entries: add :func:`entry_size` of each, minus one for the first's separator."""
    return len(_opening(release, options or Options())) + len(_CLOSING)


def full_url(resource: Json) -> str:
    """``urn:uuid:`` made from the resource's business identifier (its content where it has none): stable."""
    identifier = resource.get("masterIdentifier", {})
    name = f"{resource['resourceType']}|{identifier.get('system', '')}|{identifier['value']}" if identifier else None
    return _urn(name or _dumps(resource).decode())


@lru_cache(maxsize=1024)
def _urn(name: str) -> str:
    """Remembered: an entry's is asked for when it is measured, written and listed."""
    return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, name)}"


_CLOSING = b"\n]}\n"


class _Sink:
    """The file being written, with its digest and size."""

    __slots__ = ("digest", "size", "stream")

    def __init__(self, stream: BinaryIO) -> None:
        self.stream = stream
        self.digest = hashlib.sha256()
        self.size = 0

    def put(self, data: bytes) -> None:
        self.digest.update(data)
        self.size += len(data)
        self.stream.write(data)


def _dumps(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def _opening(release: Release, options: Options) -> bytes:
    head = {
        "resourceType": "Bundle",
        "meta": {"profile": [release.bundle_canonical(options.profile_version)]},
        "type": "transaction",
    }
    return _dumps(head)[:-1] + b',"entry":['


def _around(resource: Json) -> tuple[bytes, bytes]:
    """An entry before and after its resource."""
    opening = b'{"fullUrl":' + _dumps(full_url(resource)) + b',"resource":'
    return opening, b',"request":' + _dumps({"method": "POST", "url": resource["resourceType"]}) + b"}"


def _entry_halves(resource: Json, payload: Payload | None) -> tuple[bytes, bytes]:
    opening, closing = _around(resource)
    if payload is None:
        return opening + _dumps(resource), closing
    before, after = _halves(resource)
    return opening + before, after + closing


def _halves(resource: Json) -> tuple[bytes, bytes]:
    """The resource before and after the gap: up to the attachment's ``data`` key, and from behind ``hash``."""
    names = list(resource)
    cut = names.index("content")
    opening, closing = _content_halves(resource["content"][0])
    before = _members({name: resource[name] for name in names[:cut]})
    after = _members({name: resource[name] for name in names[cut + 1 :]})
    return b"{" + _joined(before, b'"content":[{' + opening), closing + b"}]" + _tail(after) + b"}"


def _content_halves(content: Json) -> tuple[bytes, bytes]:
    """The members of one content, without its braces, before and after the gap."""
    attachment = content["attachment"]
    lead = _members({k: attachment[k] for k in _ATTACHMENT_FIRST if k in attachment})
    trail = _members({k: v for k, v in attachment.items() if k not in _ATTACHMENT_FIRST})
    rest = _members({k: v for k, v in content.items() if k != "attachment"})
    return b'"attachment":{' + _joined(lead, b""), _tail(trail) + b"}" + _tail(rest)


def _members(value: Json) -> bytes:
    return _dumps(value)[1:-1]


def _joined(members: bytes, more: bytes) -> bytes:
    return members + b"," + more if members else more


def _tail(members: bytes) -> bytes:
    return b"," + members if members else b""


def _gap_size(size: int) -> int:
    return len(b'"data":""') + -(-size // 3) * 4 + len(f',"size":{size},"hash":""') + _HASH_CHARS


def _write_entry(sink: _Sink, resource: Json, payload: Payload | None) -> WrittenEntry:
    before, after = _entry_halves(resource, payload)
    if payload is not None:
        return _write_around(sink, resource, payload, before, after)
    sink.put(before + after)
    return WrittenEntry(resource["resourceType"], full_url(resource), None, None, None)


def _write_around(sink: _Sink, resource: Json, payload: Payload, before: bytes, after: bytes) -> WrittenEntry:
    sink.put(before + b'"data":"')
    digest, size = hashlib.sha1(usedforsecurity=False), 0
    for block in _whole_groups(payload.chunks()):
        digest.update(block)
        size += len(block)
        sink.put(pybase64.b64encode(block))
    content_hash = pybase64.b64encode(digest.digest()).decode()
    sink.put(f'","size":{size},"hash":"{content_hash}"'.encode() + after)
    identifier = resource.get("masterIdentifier", {}).get("value")
    return WrittenEntry(resource["resourceType"], full_url(resource), identifier, content_hash, size)


def _whole_groups(chunks: Iterable[bytes]) -> Iterator[bytes | memoryview]:
    """The same bytes in blocks whose lengths are multiples of 3, but for the last."""
    left = b""
    for chunk in chunks:
        rest = memoryview(chunk)
        if left:
            need = 3 - len(left)
            left += rest[:need]
            if len(left) < 3:
                continue
            yield left
            rest = rest[need:]
        whole = len(rest) - len(rest) % 3
        if whole:
            yield rest[:whole]
        left = bytes(rest[whole:])
    if left:
        yield left
