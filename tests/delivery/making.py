"""Small deliveries for the tests: made-up digests, made-up bytes."""

from __future__ import annotations

import hashlib
from pathlib import Path

from converter.delivery import BundleEntry, Delivery, DocumentEntry, ResidentEntry, open_delivery

ROWS = {"read": 4, "converted": 2, "rejected": 1, "skipped": 1}
HEAD = {
    "release": "tddui-1.1.0",
    "tool": {"name": "dui-converter", "version": "0.1.0"},
    "mapping": {"title": None, "fingerprint": "f" * 64},
    "date": "2026-03-02T00:00:00+01:00",
    "complete": True,
    "rows": {"sources": {"ged": ROWS}, "total": ROWS},
}


def document(name: str) -> DocumentEntry:
    return DocumentEntry(
        f"urn:oid:1.2.{name}", "ged", "ged.csv", None, 2, "application/xml", 9, "aGFzaA==", "a" * 64, 7
    )


def bundle(name: str, content: bytes, documents: int = 1) -> BundleEntry:
    found = tuple(document(f"{len(name)}.{n}") for n in range(documents))
    return BundleEntry(name, len(content), hashlib.sha256(content).hexdigest(), found)


def write(delivery: Delivery, name: str, content: bytes) -> None:
    with delivery.writer.create(name) as stream:
        stream.write(content)


def names_of(resident: str, count: int) -> list[str]:
    if count == 1:
        return [f"bundles/{resident}.json"]
    return [f"bundles/{resident}-{n:02d}.json" for n in range(1, count + 1)]


def complete(delivery: Delivery, resident: str, *contents: bytes, fingerprint: str = "fp") -> ResidentEntry:
    """Write a resident's bundles and note them."""
    contents = contents or (resident.encode() * 10,)
    names = names_of(resident, len(contents))
    for name, content in zip(names, contents, strict=True):
        write(delivery, name, content)
    bundles = tuple(bundle(name, content) for name, content in zip(names, contents, strict=True))
    entry = ResidentEntry(resident, fingerprint, bundles, {"rows": [[1, "converted"]]})
    delivery.completed(entry)
    return entry


def deliver(folder: Path, *residents: str, **contents: bytes) -> Path:
    """A finished delivery."""
    with open_delivery(folder) as delivery:
        for resident in residents:
            complete(delivery, resident)
        for resident, content in contents.items():
            complete(delivery, resident, content)
        delivery.finish(HEAD, [*residents, *contents])
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    """Every file by name, the journal excepted: its stamps are those of one disk."""
    files = (p for p in sorted(folder.rglob("*")) if p.is_file() and p.name != "journal.jsonl")
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}
