"""Bringing earlier deliveries up to date: what the whole run knows of it, and ``update.json``, which says what to do.

Each document is compared where its resident is converted (:mod:`converter.conversion.changes`). Here the results come
together: which of the documents handed over earlier this run has come across, which are gone from the sources, and of
which nothing can be said because rows are rejected or residents left out. Nothing is ever deleted at the receiver's:
what is gone is listed. The index gives each patch its method and URL; the id in it is the receiver's own, read from
the answers that were saved, or a placeholder.

Clauses: guide up to 1.1.0, flow 3 (PATCH of ``content`` alone, JSON Patch, the server's id); later releases have no
update flow: a correction is a new document there, which says what it replaces.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from converter.answers import AnswerFolder, State
from converter.conversion import Change, Converted, Kind, Task
from converter.conversion.changes import recalled
from converter.delivery import FileWriter, NullWriter, ResidentEntry
from converter.delivery.earlier import (
    Answer,
    Answers,
    EarlierCounts,
    EarlierDelivery,
    EarlierFile,
    Gone,
    delivered_files,
    read_head,
    write_earlier,
)
from converter.delivery.files import UPDATE
from converter.diagnostics import Diagnostic, MappingError, OutputError, Severity, SourceError
from converter.mapper.compiled import CompiledMapping
from converter.mapper.identity import number_mark
from converter.model import SourceRow, SpooledRow, Verdict
from converter.settings import Settings

__all__ = ["UPDATE_SCHEMA", "Update", "earlier_deliveries", "refuse_other_kind"]

UPDATE_SCHEMA = "dui-converter/update/1"
_PLACEHOLDER = "{id}"
#: The number of every dossier: a resident has one.
DOSSIER = "dossier"
_PATCH = "application/json-patch+json"
_HOW = {
    "en": (
        "Send the bundles as those of any delivery. Then send each patch below: its file as the body of a request with"
        " this method, URL (below the server's base) and Content-Type. Where the URL holds {id}, put the id that the"
        " server gave the document: response.location in its answer to the file named `in`, entry number `entry` (from"
        " 0); `dui update` fills it in by itself when it is given --answers. Each patch tests oldHash first and changes"
        " nothing elsewhere. What is listed as vanished is not deleted: that is for the receiver to decide."
    ),
    "fr": (
        "Envoyez les bundles comme ceux de toute livraison. Envoyez ensuite chaque patch ci-dessous : son fichier est"
        " le corps d'une requête avec cette méthode, cette URL (sous l'adresse du serveur) et ce Content-Type. Si l'URL"
        " contient {id}, mettez l'identifiant que le serveur a donné au document : response.location dans sa réponse au"
        " fichier indiqué par `in`, entrée numéro `entry` (à partir de 0) ; `dui update` le remplit lui-même avec"
        " --answers. Chaque patch vérifie d'abord oldHash et ne change rien d'autre. Ce qui a disparu des sources est"
        " listé, jamais supprimé : c'est au destinataire d'en décider."
    ),
}
_SCHEMA = """
PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;
CREATE TABLE seen (identifier TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE unsure (identifier TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE resident (digest TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE rejected (row INTEGER PRIMARY KEY);
CREATE TABLE number (mark TEXT, digest TEXT, PRIMARY KEY (mark, digest)) WITHOUT ROWID;
CREATE TABLE unnumbered (source TEXT, digest TEXT, PRIMARY KEY (source, digest)) WITHOUT ROWID;
CREATE TABLE change (record TEXT);
"""


def refuse_other_kind(settings: Settings) -> None:
    """OutputError when an update would go into a whole delivery, or a whole delivery into an update."""
    with contextlib.suppress(SourceError):
        is_update = read_head(settings.output).is_update
        if is_update is not bool(settings.previous):
            code = "UPD-19" if is_update else "UPD-18"
            raise OutputError(Diagnostic(code, None, {"folder": settings.output.name}))


def earlier_deliveries(settings: Settings, release: str) -> list[EarlierDelivery]:
    """The deliveries to bring up to date, oldest first. SourceError, MappingError or OutputError when that fails."""
    if settings.answers and len(settings.answers) != len(settings.previous):
        given = {"answers": len(settings.answers), "previous": len(settings.previous)}
        raise MappingError(Diagnostic("UPD-16", None, given))
    found: list[EarlierDelivery] = []
    for folder in settings.previous:
        if folder.resolve() == settings.output.resolve():
            raise OutputError(Diagnostic("UPD-15", None, {"folder": folder.name}))
        head = read_head(folder)
        params = {"folder": folder.name, "found": head.release, "release": release}
        if head.release != release:
            raise MappingError(Diagnostic("UPD-13", None, params))
        if head.bases and not found:
            raise MappingError(Diagnostic("UPD-14", None, params))
        found.append(head)
    return found


class Update:
    """One per run, in the main process. ``path`` is what workers compare with; ``work`` is for temporary files."""

    def __init__(self, deliveries: Sequence[EarlierDelivery], settings: Settings, work: Path) -> None:
        self.path = work / "earlier.sqlite"
        self.counts: Counter[str] = Counter()
        self.head: dict[str, Any] = {}
        self._deliveries = deliveries
        self._said: list[Diagnostic] = []
        self._found = self._compare_with(settings.answers)
        self._earlier = EarlierFile(self.path)
        self._db = sqlite3.connect(work / "compared.sqlite", isolation_level=None)
        self._db.executescript(_SCHEMA)
        self._db.execute("BEGIN")

    def close(self) -> None:
        """Harmless when repeated."""
        self._db.close()

    # ------------------------------------------------------------------------------------------------- before

    def _compare_with(self, answers: Sequence[Path]) -> EarlierCounts:
        read: list[Answers] = [self._answers(*pair) for pair in zip(self._deliveries, answers, strict=False)]
        read += [_unknown] * (len(self._deliveries) - len(read))
        return write_earlier(self.path, list(zip(self._deliveries, read, strict=True)))

    def _answers(self, delivery: EarlierDelivery, folder: Path) -> Answers:
        files = AnswerFolder(folder, (record["file"] for record in delivered_files(delivery.folder)))

        def answers(file: str, identifiers: Sequence[str]) -> list[Answer | None]:
            found = files.to(file, identifiers)
            self._said += (replace(d, level=Severity.WARNING) for d in found.diagnostics)
            return [
                None if a.state is State.MISSING else Answer(a.state is State.ACCEPTED, a.server)
                for a in found.documents
            ]

        return answers

    def told_before(self, answered: bool) -> Iterator[Diagnostic]:
        """What the earlier deliveries, and the answers if there are any, bring to light."""
        yield from self._said
        known = {delivery.sha256 for delivery in self._deliveries}
        for delivery in self._deliveries:
            params = {"folder": delivery.folder.name}
            if not delivery.complete:
                yield Diagnostic("UPD-12", None, params)
            if not known.issuperset(delivery.bases):
                yield Diagnostic("UPD-17", None, params)
        if self._found.refused:
            yield Diagnostic("UPD-06", None, {"count": self._found.refused})
        if answered and self._found.unanswered:
            yield Diagnostic("UPD-07", None, {"count": self._found.unanswered})

    # ------------------------------------------------------------------------------------------------- meanwhile

    def settled(self, digest: str, task: Task, result: Converted | None, compiled: CompiledMapping) -> None:
        """What became of a resident; None when the program failed on it."""
        self._db.execute("INSERT OR IGNORE INTO resident VALUES (?)", (digest,))
        rejected = {r.number for r in result.outcome.rows if r.verdict is Verdict.REJECTED} if result else None
        for spooled in {s.id: s for _, s in task.rows}.values():
            if rejected is None or spooled.id in rejected:
                self._db.execute("INSERT OR IGNORE INTO rejected VALUES (?)", (spooled.id,))
                self._reject(spooled.row, digest, compiled)
        for change in result.changes if result else ():
            self._note(change)

    def _reject(self, row: SourceRow, digest: str, compiled: CompiledMapping) -> None:
        """A row that is rejected: its documents are still in the sources. ``digest`` is empty for a row of nobody."""
        marks = {number_mark(compiled.loaded.spec.residents.from_, DOSSIER)} if digest else set()
        for entrance in compiled.of_source(row.source):
            if entrance.document is not None:
                found = () if row.broken else entrance.document.number_marks(row)
                marks.update(found)
                if not found:
                    self._db.execute("INSERT OR IGNORE INTO unnumbered VALUES (?,?)", (row.source, digest))
        self._db.executemany("INSERT OR IGNORE INTO number VALUES (?,?)", [(mark, digest) for mark in marks])
        if not digest and row.source == compiled.loaded.spec.residents.from_:
            self._db.execute("INSERT OR IGNORE INTO unnumbered VALUES (?,?)", (row.source, digest))

    def has_settled(self, digest: str) -> bool:
        """Whether this run has come to a resident."""
        return self._has("resident", "digest", digest)

    def recall(self, entry: ResidentEntry) -> None:
        """What an earlier run into the same folder found of a resident that this one did not come to."""
        for change in recalled(entry.memo):
            self._note(change)

    def _note(self, change: Change) -> None:
        table = "unsure" if change.kind is Kind.REJECTED else "seen"
        names = [(name,) for name in change.known]
        self._db.executemany(f"INSERT OR IGNORE INTO {table} VALUES (?)", names)  # noqa: S608 - one of two words
        if change.kind is Kind.REJECTED:
            return
        self.counts[change.kind.value] += 1
        if change.kind in (Kind.CHANGED, Kind.REPLACED):
            record = self._patch(change) if change.kind is Kind.CHANGED else self._replacement(change)
            self._db.execute("INSERT INTO change VALUES (?)", (_dumps({"kind": change.kind.value} | record),))

    def _patch(self, change: Change) -> dict[str, Any]:
        origin = self._earlier.origin(change.identifier)
        self.counts["without_id"] += origin.server is None
        return {
            "masterIdentifier": change.identifier,
            "file": change.file,
            "method": "PATCH",
            "url": f"DocumentReference/{origin.server or _PLACEHOLDER}",
            "contentType": _PATCH,
            "oldHash": change.old_hash,
            "newHash": change.new_hash,
            "delivered": {"delivery": origin.delivery, "in": origin.file, "entry": origin.entry},
        }

    def _replacement(self, change: Change) -> dict[str, Any]:
        self.counts["metadata"] += change.metadata
        return {
            "masterIdentifier": change.identifier,
            "file": change.file,
            "replaces": change.known[-1],
            "oldHash": change.old_hash,
            "newHash": change.new_hash,
            "metadata": change.metadata,
        }

    # ------------------------------------------------------------------------------------------------- at the end

    def write(
        self,
        writer: FileWriter | NullWriter,
        rejected: Iterable[SpooledRow],
        left: Collection[str],
        compiled: CompiledMapping,
    ) -> None:
        """``update.json``, and :attr:`head` for the manifest.

        ``rejected`` are all rejected rows, ``left`` the residents that the run did not come to.
        """
        for spooled in rejected:
            if not self._has("rejected", "row", spooled.id):
                self._reject(spooled.row, "", compiled)
        digest, size = hashlib.sha256(), 0
        with writer.create_listed(UPDATE) as stream:
            for line in self._lines(compiled.loaded.spec.release, set(left)):
                data = line.encode()
                digest.update(data)
                size += len(data)
                stream.write(data)
        previous = [d.sha256 for d in self._deliveries]
        self.head = {"file": UPDATE, "size": size, "sha256": digest.hexdigest(), "previous": previous}

    def _lines(self, release: str, left: set[str]) -> Iterator[str]:
        previous = [{"date": d.clock, "manifest": d.sha256} for d in self._deliveries]
        head = {"schema": UPDATE_SCHEMA, "release": release, "how": _HOW, "previous": previous}
        yield "{\n" + "".join(f"{_dumps(name)}: {_dumps(value)},\n" for name, value in head.items())
        yield from self._list("changed", self._changes(Kind.CHANGED))
        yield from self._list("replaced", self._changes(Kind.REPLACED))
        yield from self._list("vanished", self._gone(left, sure=True))
        yield from self._list("notComparable", self._gone(left, sure=False))
        yield f'"counts": {_dumps({name: self.counts[key] for name, key in _COUNTS.items()})}\n}}\n'

    @staticmethod
    def _list(name: str, records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
        separator = "\n"
        yield f"{_dumps(name)}: ["
        for record in records:
            yield separator + _dumps(record)
            separator = ",\n"
        yield "\n],\n"

    def _changes(self, kind: Kind) -> Iterator[Mapping[str, Any]]:
        for (text,) in self._db.execute("SELECT record FROM change ORDER BY rowid"):
            record = json.loads(text)
            if record.pop("kind") == kind.value:
                yield record

    def _gone(self, left: set[str], *, sure: bool) -> Iterator[Mapping[str, Any]]:
        name = "vanished" if sure else "not_comparable"
        self.counts[name] = 0
        for gone in self._earlier.rest(lambda identifier: self._has("seen", "identifier", identifier)):
            reason = self._reason(gone, left)
            if sure is (reason is None):
                self.counts[name] += 1
                origin = {"delivery": gone.origin.delivery, "in": gone.origin.file, "entry": gone.origin.entry}
                record = {"masterIdentifier": gone.identifier, "delivered": origin, "source": gone.source}
                yield record if reason is None else record | {"reason": reason}

    def _reason(self, gone: Gone, left: set[str]) -> str | None:
        """Why it may still be in the sources; None when it is not."""
        if gone.resident in left:
            return "left-out"
        if self._has("unsure", "identifier", gone.identifier) or self._is_of("number", gone.number_mark, gone):
            return "rejected-row"
        return "rejected-row-without-number" if self._is_of("unnumbered", gone.source["name"], gone) else None

    def _is_of(self, table: str, value: str | None, gone: Gone) -> bool:
        """Whether a rejected row of this resident, or of nobody, has that number or came from that source."""
        column = "mark" if table == "number" else "source"
        query = f"SELECT 1 FROM {table} WHERE {column}=? AND digest IN (?, '')"  # noqa: S608 - words of this module
        return self._db.execute(query, (value, gone.resident)).fetchone() is not None

    def _has(self, table: str, column: str, value: str | int) -> bool:
        query = f"SELECT 1 FROM {table} WHERE {column}=?"  # noqa: S608 - words of this module
        return self._db.execute(query, (value,)).fetchone() is not None

    def told_after(self) -> Iterator[Diagnostic]:
        """What the comparison brings to light. To be asked once the index is written."""
        codes = {"metadata": "UPD-09", "without_id": "UPD-05", "vanished": "UPD-03", "not_comparable": "UPD-04"}
        for name, code in codes.items():
            if self.counts[name]:
                yield Diagnostic(code, None, {"count": self.counts[name]})
        handed_over = self._found.documents - self._found.refused
        if handed_over and self.counts["vanished"] == handed_over:
            yield Diagnostic("UPD-08", None, {"count": handed_over})

    def record(self) -> dict[str, int]:
        """For ``run.json``."""
        return {name: self.counts[key] for name, key in _COUNTS.items()}


_COUNTS = {
    "unchanged": "unchanged",
    "new": "new",
    "changed": "changed",
    "replaced": "replaced",
    "vanished": "vanished",
    "notComparable": "not_comparable",
    "withoutId": "without_id",
}


def _unknown(file: str, identifiers: Sequence[str]) -> list[Answer | None]:
    return [None] * len(identifiers)


def _dumps(value: object) -> str:
    # Escaped to ASCII, as the manifest: the same bytes whatever reads them.
    return json.dumps(value, ensure_ascii=True, separators=(", ", ": "))
