"""``manifest.json`` and ``SHA256SUMS``: what the delivery holds, for whoever receives it.

The manifest is written as one pass over the entries, never held whole: head, one line per bundle, leftovers, totals.
Its shape is :func:`converter.delivery.schema.manifest_schema`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from converter.delivery.entries import ResidentEntry, bundle_record
from converter.delivery.failures import explained
from converter.delivery.files import MANIFEST, SUMS, Pending
from converter.delivery.schema import MANIFEST_SCHEMA

__all__ = ["manifest_schema_of", "write_manifest"]


def manifest_schema_of(path: Path) -> str | None:
    """The schema that a manifest of ours names as its first member; None for any other file. OSError."""
    with path.open("rb") as stream:
        found = re.match(rb'\s*\{\s*"schema"\s*:\s*"(dui-converter/manifest/[0-9]+)"', stream.read(200))
    return found[1].decode() if found else None


def write_manifest(
    root: Path,
    work: Path,
    head: Mapping[str, Any],
    entries: Iterable[ResidentEntry],
    leftovers: Callable[[], Sequence[str]],
) -> None:
    """Write both files: both complete on the disk before either gets its name, the manifest first.

    Old sums go before the new manifest comes, so that sums never contradict the manifest beside them. When both are
    byte for byte what stands there already, nothing is touched. ``leftovers`` is asked once the entries are through.
    """
    manifest = Pending(root / MANIFEST, work, MANIFEST)
    try:
        sums = Pending(root / SUMS, work, SUMS)
        try:
            _write(manifest.stream, sums.stream, head, entries, leftovers)
            manifest.complete()
            sums.complete()
            if manifest.is_as_published() and sums.is_as_published():
                return
            with explained(SUMS):
                sums.target.unlink(missing_ok=True)
            manifest.publish()
            sums.publish()
        finally:
            sums.discard()
    finally:
        manifest.discard()


@dataclass(slots=True)
class _Totals:
    residents: int = 0
    bundles: int = 0
    documents: int = 0
    bytes: int = 0

    def add(self, entry: ResidentEntry) -> None:
        self.residents += 1
        self.bundles += len(entry.bundles)
        self.documents += sum(len(b.documents) for b in entry.bundles)
        self.bytes += sum(b.size for b in entry.bundles)

    def record(self) -> dict[str, int]:
        return {"residents": self.residents, "bundles": self.bundles, "documents": self.documents, "bytes": self.bytes}


class _Digested:
    """Lines out, and their SHA-256."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self._digest = stream, hashlib.sha256()

    def put(self, text: str) -> None:
        data = text.encode()
        self._digest.update(data)
        self._stream.write(data)

    def sha256(self) -> str:
        return self._digest.hexdigest()


def _write(
    manifest: BinaryIO,
    sums: BinaryIO,
    head: Mapping[str, Any],
    entries: Iterable[ResidentEntry],
    leftovers: Callable[[], Sequence[str]],
) -> None:
    out, totals, separator = _Digested(manifest), _Totals(), "\n"
    out.put("{\n")
    for name, value in ({"schema": MANIFEST_SCHEMA} | dict(head)).items():
        out.put(f"{_dumps(name)}: {_dumps(value)},\n")
    out.put('"bundles": [')
    for entry in entries:
        totals.add(entry)
        for bundle in entry.bundles:
            out.put(separator + _dumps(bundle_record(bundle, entry.resident)))
            sums.write(_sum_line(bundle.sha256, bundle.file))
            separator = ",\n"
    out.put(f'\n],\n"leftovers": {_dumps(list(leftovers()))},\n"totals": {_dumps(totals.record())}\n}}\n')
    if (update := head.get("update")) is not None:
        sums.write(_sum_line(update["sha256"], update["file"]))
    sums.write(_sum_line(out.sha256(), MANIFEST))


def _sum_line(sha256: str, name: str) -> bytes:
    return f"{sha256}  {name}\n".encode()


def _dumps(value: object) -> str:
    # Escaped to ASCII: the same bytes whatever reads them, lone surrogates of odd file names included.
    return json.dumps(value, ensure_ascii=True, separators=(", ", ": "), allow_nan=False)
