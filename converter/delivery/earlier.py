"""What earlier deliveries handed over, document by document: the last state of each, found by its masterIdentifier.

Their manifests are read once, one file at a time, into an SQLite file that every worker can read; the deliveries' own
files are not opened and need not be there any more. Deliveries are given oldest first: a later one (an update, with
its patches) says what became of a document of an earlier one.
"""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from converter.delivery.files import MANIFEST, sha256_of
from converter.delivery.reading import BadManifestError, Item, members
from converter.delivery.schema import MANIFEST_SCHEMA, head_schema, manifest_schema
from converter.delivery.shape import faults
from converter.diagnostics import Diagnostic, SourceError

__all__ = [
    "Answer",
    "Answers",
    "EarlierCounts",
    "EarlierDelivery",
    "EarlierDocument",
    "EarlierFile",
    "Gone",
    "Origin",
    "delivered_files",
    "read_head",
    "write_earlier",
]

_SCHEMA = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;
CREATE TABLE document (identifier TEXT PRIMARY KEY, clock TEXT, size INTEGER, hash TEXT, content TEXT, rest TEXT,
                       resident TEXT, number TEXT, source TEXT, delivery INTEGER, file TEXT, entry INTEGER, server TEXT)
             WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class EarlierDelivery:
    """The head of a manifest: release, clock (ISO 8601, aware), whether it was complete, SHA-256 of the manifest.

    ``bases``: those of the manifests that an update stands on; a whole delivery has none.
    """

    folder: Path
    release: str
    clock: str
    complete: bool
    sha256: str
    bases: tuple[str, ...] = ()

    @property
    def is_update(self) -> bool:
        return bool(self.bases)


@dataclass(frozen=True, slots=True)
class EarlierDocument:
    """A document as it was handed over last; ``clock`` is that of the run that made it. Marks may be unknown."""

    identifier: str
    clock: datetime
    size: int
    hash: str
    content_mark: str | None
    rest_mark: str | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the receiver answered about one document: taken or not, and the id that its server gave it, if known."""

    accepted: bool
    server: str | None = None


#: Answers to one file of a delivery, in the order of its documents; None where nothing is known.
Answers = Callable[[str, Sequence[str]], Sequence[Answer | None]]


@dataclass(slots=True)
class EarlierCounts:
    """Documents that the earlier deliveries list; how many the receiver refused, and how many it said nothing about."""

    documents: int = 0
    refused: int = 0
    unanswered: int = 0


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a document was handed over first: delivery, file and entry (all from 0), and the receiver's id for it."""

    delivery: int
    file: str
    entry: int
    server: str | None


@dataclass(frozen=True, slots=True)
class Gone:
    """A document that was handed over and that this run has not come across; ``source`` is its manifest record."""

    identifier: str
    resident: str
    number_mark: str | None
    source: Mapping[str, Any]
    origin: Origin


def read_head(folder: Path) -> EarlierDelivery:
    """The head of an earlier delivery (its folder, or its manifest alone). SourceError when it is none."""
    path = _manifest(folder)
    head: dict[str, Any] = {}
    with _explained(folder):
        for name, value in members(path, "bundles"):
            if name == "bundles":
                break
            head[name] = value
        if head.get("schema") != MANIFEST_SCHEMA:
            raise BadManifestError("another kind or version of manifest")
        if any(faults(head, head_schema())):
            raise BadManifestError("members are missing or of another shape")
        clock = _clock(head["date"]).isoformat()
        bases = tuple(head["update"]["previous"]) if "update" in head else ()
        return EarlierDelivery(folder, head["release"], clock, head["complete"], sha256_of(path), bases)


def delivered_files(folder: Path) -> Iterator[dict[str, Any]]:
    """The files that a manifest lists, as its records, in order. SourceError when it cannot be relied on."""
    shape = manifest_schema()["properties"]["bundles"]["items"]
    with _explained(folder):
        for _, item in members(_manifest(folder), "bundles"):
            if isinstance(item, Item):
                if any(faults(item.value, shape)) or not _is_text(item.value):
                    raise BadManifestError("a file is listed in another shape")
                yield item.value


def write_earlier(path: Path, deliveries: Sequence[tuple[EarlierDelivery, Answers]]) -> EarlierCounts:
    """Write the last state of each document to a new file. SourceError for a manifest that cannot be relied on.

    What the receiver refused was never handed over: it leaves no trace, but for its count.
    """
    counts = EarlierCounts()
    db = sqlite3.connect(path, isolation_level=None)
    try:
        db.executescript(_SCHEMA)
        db.execute("BEGIN")
        for number, (delivery, answers) in enumerate(deliveries):
            for record in delivered_files(delivery.folder):
                _add_file(db, record, (number, delivery.clock), answers, counts)
        db.execute("COMMIT")
    finally:
        db.close()
    return counts


def _add_file(
    db: sqlite3.Connection,
    record: Mapping[str, Any],
    delivery: tuple[int, str],
    answers: Answers,
    counts: EarlierCounts,
) -> None:
    """``delivery``: its number and clock."""
    documents = record["documents"]
    found = answers(record["file"], [d["masterIdentifier"] for d in documents])
    for number, (document, answer) in enumerate(zip(documents, found, strict=True)):
        counts.documents += 1
        counts.unanswered += answer is None
        if answer is not None and not answer.accepted:
            counts.refused += 1
            continue
        marks = document.get("marks", {})
        row = (
            document["masterIdentifier"],
            delivery[1],
            document["size"],
            document["hash"],
            marks.get("content"),
            marks.get("rest"),
            record["resident"],
            marks.get("number"),
            json.dumps(document["source"]),
            delivery[0],
            record["file"],
            number,
            answer.server if answer else None,
        )
        # A patch is another state of a document: where that was handed over first, and its id there, stay as they are.
        db.execute(
            "INSERT INTO document VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT DO UPDATE SET clock=excluded.clock,"
            " size=excluded.size, hash=excluded.hash, content=excluded.content, rest=excluded.rest,"
            " source=excluded.source, server=coalesce(excluded.server, server)",
            row,
        )


class EarlierFile:
    """Reads what :func:`write_earlier` wrote: one per process."""

    def __init__(self, path: Path) -> None:
        # Nobody writes to it while workers read: no lock is needed, on no file system.
        self._db = sqlite3.connect(f"{path.absolute().as_uri()}?immutable=1", uri=True)

    def get(self, identifier: str) -> EarlierDocument | None:
        """The last state of a document; None for one that was never handed over."""
        query = "SELECT clock, size, hash, content, rest FROM document WHERE identifier=?"
        row = self._db.execute(query, (identifier,)).fetchone()
        return None if row is None else EarlierDocument(identifier, datetime.fromisoformat(row[0]), *row[1:])

    def origin(self, identifier: str) -> Origin:
        """KeyError for a document that was never handed over."""
        query = "SELECT delivery, file, entry, server FROM document WHERE identifier=?"
        row = self._db.execute(query, (identifier,)).fetchone()
        if row is None:
            raise KeyError(identifier)
        return Origin(*row)

    def rest(self, seen: Callable[[str], bool]) -> Iterator[Gone]:
        """Documents that ``seen`` does not know, by resident."""
        query = (
            "SELECT identifier, resident, number, source, delivery, file, entry, server FROM document"
            " ORDER BY resident, delivery, file, entry"
        )
        for identifier, resident, number, source, *origin in self._db.execute(query):
            if not seen(identifier):
                yield Gone(identifier, resident, number, json.loads(source), Origin(*origin))


def _manifest(folder: Path) -> Path:
    return folder / MANIFEST if folder.is_dir() else folder


def _clock(text: str) -> datetime:
    try:
        clock = datetime.fromisoformat(text)
    except ValueError:
        raise BadManifestError("its date is no date") from None
    if clock.utcoffset() is None:
        raise BadManifestError("its date has no offset")
    return clock


def _is_text(record: Mapping[str, Any]) -> bool:
    """Half a character may stand in JSON and nowhere else."""
    words = [record["file"], record["resident"]]
    for document in record["documents"]:
        words += [document["masterIdentifier"], document["hash"], *document.get("marks", {}).values()]
    return not any("\ud800" <= letter <= "\udfff" for letter in "".join(words))


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """What is wrong with an earlier manifest, as an error that stops the run. The folder's name is the user's own."""
    try:
        yield
    except FileNotFoundError:
        raise SourceError(Diagnostic("UPD-10", None, {"folder": folder.name})) from None
    except OSError as error:
        reason = errno.errorcode.get(error.errno or 0, type(error).__name__)
        raise SourceError(Diagnostic("UPD-11", None, {"folder": folder.name, "reason": reason})) from None
    except BadManifestError as wrong:
        raise SourceError(Diagnostic("UPD-11", None, {"folder": folder.name, "reason": wrong.reason})) from None
