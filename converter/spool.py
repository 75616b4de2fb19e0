"""Rows on disk, grouped by resident, and what became of each: memory does not grow with the export.

An SQLite file in the run's own temporary folder, written anew by each run and removed at its end; it is never read
back from an earlier run. Every row that a source yields is added once and settled at least once; :meth:`Spool.sums`
counts the verdicts, so that read = converted + rejected + skipped is a measurement and not a belief.
"""

from __future__ import annotations

import json
import marshal
import pickle
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from converter.diagnostics import Diagnostic, Severity, SourceLocation
from converter.model import Met, SourceRow, SpooledRow, Verdict

__all__ = ["Finding", "Spool", "SpooledRow", "Sums"]

_SCHEMA = """
CREATE TABLE row (id INTEGER PRIMARY KEY, source TEXT, file TEXT, sheet TEXT, line INTEGER, cells BLOB, more BLOB,
                  verdict INTEGER NOT NULL DEFAULT 0);
CREATE TABLE use (key BLOB, use INTEGER, row INTEGER);
CREATE TABLE resident (key BLOB PRIMARY KEY, row INTEGER) WITHOUT ROWID;
CREATE TABLE document (names TEXT, key BLOB, row INTEGER, PRIMARY KEY (names, key)) WITHOUT ROWID;
CREATE TABLE finding (row INTEGER, verdict INTEGER, code TEXT, level TEXT, col TEXT, params TEXT);
CREATE TABLE aside (key BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE scan (root TEXT, relative BLOB, rows INTEGER, PRIMARY KEY (root, relative)) WITHOUT ROWID;
"""

#: A row used twice keeps its gravest verdict.
_RANK = {Verdict.SKIPPED: 1, Verdict.CONVERTED: 2, Verdict.REJECTED: 3}
_VERDICT = {rank: verdict for verdict, rank in _RANK.items()}


@dataclass(frozen=True, slots=True)
class Finding:
    """A diagnostic of a row, with the row's verdict and cells: one line of the rejects."""

    source: str
    verdict: Verdict
    diagnostic: Diagnostic
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sums:
    """The accounting of one source."""

    source: str
    read: int
    converted: int
    rejected: int
    skipped: int

    @property
    def holds(self) -> bool:
        return self.read == self.converted + self.rejected + self.skipped


def _plain(text: str | None) -> str | None:
    """Text that SQLite takes: labels of columns and sheets may hold lone surrogates, as anything in a source may."""
    return text if text is None or text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _blob(text: str) -> bytes:
    # Keys may hold anything a cell may hold, lone surrogates included.
    return text.encode("utf-8", "surrogatepass")


class Spool:
    """See the module. Use as a context manager; ``path`` must not exist and is removed at the end."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA temp_store=MEMORY;" + _SCHEMA)
        self._db.execute("BEGIN")
        self._read: Counter[str] = Counter()
        self._next = 1

    def __enter__(self) -> Spool:
        return self

    def __exit__(self, *_: object) -> None:
        self._db.close()
        self._path.unlink(missing_ok=True)

    # ------------------------------------------------------------------------------------------------ filling

    def add(self, row: SourceRow) -> int:
        """Store a row; gives its number. Rows are numbered in the order they are read."""
        number = self._next
        self._next += 1
        self._read[row.source] += 1
        more = pickle.dumps((row.faults, row.broken, row.skip, row.notices)) if _has_more(row) else None
        self._db.execute(
            "INSERT INTO row (id, source, file, sheet, line, cells, more) VALUES (?,?,?,?,?,?,?)",
            (number, row.source, _plain(row.file), _plain(row.sheet), row.line, marshal.dumps(row.cells), more),
        )
        return number

    def add_source(self, source: str) -> None:
        """Name a source that may have no row: it still has its line in the accounting."""
        self._read[source] += 0

    def use(self, number: int, key: str, use: int) -> None:
        """Row ``number`` concerns the resident ``key``, by way of rule ``use``."""
        self._db.execute("INSERT INTO use VALUES (?,?,?)", (_blob(key), use, number))

    def resident(self, number: int, key: str) -> None:
        """Row ``number`` describes the resident ``key``. Repeated keys are kept: see :meth:`group`."""
        self._db.execute("INSERT OR IGNORE INTO resident VALUES (?,?)", (_blob(key), number))
        self.use(number, key, -1)

    def set_aside(self, key: str) -> None:
        """The mapping leaves the resident ``key`` out: its other rows are skipped, not strangers."""
        self._db.execute("INSERT OR IGNORE INTO aside VALUES (?)", (_blob(key),))

    def claim_document(self, number: int, names: str, key: str) -> int | None:
        """Claim a key among ``names`` for a row; the number of the row that already has it, if any."""
        found = self._db.execute("SELECT row FROM document WHERE names=? AND key=?", (names, _blob(key))).fetchone()
        if found:
            return int(found[0])
        self._db.execute("INSERT INTO document VALUES (?,?,?)", (names, _blob(key), number))
        return None

    def index(self) -> None:
        """To call once, between filling and grouping."""
        self._db.execute("CREATE INDEX use_key ON use (key, use, row)")

    # ----------------------------------------------------------------------------------------------- grouping

    def resident_keys(self) -> Iterator[str]:
        """Residents in the order of their first row."""
        for (key,) in self._db.execute("SELECT key FROM resident ORDER BY row"):
            yield bytes(key).decode("utf-8", "surrogatepass")

    def count_residents(self) -> int:
        return int(self._db.execute("SELECT count(*) FROM resident").fetchone()[0])

    def group(self, key: str) -> Iterator[tuple[int, SpooledRow]]:
        """Every row of a resident with the rule that uses it, -1 for the residents' own; by rule, then as read."""
        query = (
            "SELECT use.use, row.id, source, file, sheet, line, cells, more FROM use JOIN row ON row.id = use.row"
            " WHERE use.key = ? ORDER BY use.use, row.id"
        )
        for use, *columns in self._db.execute(query, (_blob(key),)):
            yield use, _spooled(columns)

    def withdraw_rejected(self) -> None:
        """What is rejected leaves nothing behind: rows rejected so far are filed under nobody any longer."""
        rank = _RANK[Verdict.REJECTED]
        self._db.execute("DELETE FROM use WHERE row IN (SELECT id FROM row WHERE verdict = ?)", (rank,))

    def strangers(self) -> Iterator[tuple[int, bool]]:
        """Rows whose resident is in no residents row, and whether the mapping left that resident out."""
        query = (
            "SELECT DISTINCT use.row, use.key IN (SELECT key FROM aside) FROM use"
            " WHERE use.key NOT IN (SELECT key FROM resident) ORDER BY use.row"
        )
        for number, aside in self._db.execute(query):
            yield int(number), bool(aside)

    def row(self, number: int) -> SourceRow:
        """A row by its number."""
        columns = self._db.execute(
            "SELECT id, source, file, sheet, line, cells, more FROM row WHERE id=?", (number,)
        ).fetchone()
        return _spooled(columns).row

    # ----------------------------------------------------------------------------------------------- settling

    def settle(self, number: int, verdict: Verdict, diagnostics: Sequence[Diagnostic] = ()) -> None:
        """Say what became of a row, and why."""
        rank = _RANK[verdict]
        self._db.execute("UPDATE row SET verdict = max(verdict, ?) WHERE id = ?", (rank, number))
        for d in diagnostics:
            column = d.location.column if isinstance(d.location, SourceLocation) else None
            self._db.execute(
                "INSERT INTO finding VALUES (?,?,?,?,?,?)",
                (number, rank, d.code, d.severity.value, _plain(column), json.dumps(dict(d.params))),
            )

    def settle_rest(self, reason: str) -> int:
        """Skip every row that nothing was decided of, for a run that ends early; gives their number."""
        rest = self._db.execute("SELECT id FROM row WHERE verdict = 0").fetchall()
        self._db.execute(
            "INSERT INTO finding SELECT id, 1, ?, 'notice', NULL, '{}' FROM row WHERE verdict = 0", (reason,)
        )
        self._db.execute("UPDATE row SET verdict = 1 WHERE verdict = 0")
        return len(rest)

    def unconverted(self, source: str) -> Iterator[SourceRow]:
        """Rows of a source that are rejected or skipped, but for those that were unreadable as they stand."""
        query = "SELECT id, source, file, sheet, line, cells, more FROM row WHERE source=? AND verdict <> ? ORDER BY id"
        for columns in self._db.execute(query, (source, _RANK[Verdict.CONVERTED])):
            row = _spooled(columns).row
            if not row.broken:
                yield row

    def rejected_rows(self) -> Iterator[SpooledRow]:
        """Every rejected row, as read."""
        query = "SELECT id, source, file, sheet, line, cells, more FROM row WHERE verdict=? ORDER BY id"
        for columns in self._db.execute(query, (_RANK[Verdict.REJECTED],)):
            yield _spooled(columns)

    def filed(self, use: int) -> Iterator[SourceRow]:
        """Rows that a rule uses, as read."""
        query = (
            "SELECT row.id, source, file, sheet, line, cells, more FROM use JOIN row ON row.id = use.row"
            " WHERE use.use = ? ORDER BY row.id"
        )
        for columns in self._db.execute(query, (use,)):
            yield _spooled(columns).row

    def saw_scan(self, root: str, relative: str) -> None:
        """A scan named by a row."""
        self._db.execute(
            "INSERT INTO scan VALUES (?,?,1) ON CONFLICT DO UPDATE SET rows = rows + 1", (root, _blob(relative))
        )

    def named_scan(self, root: str, relative: str) -> None:
        """A scan named by a row that nothing was made of: it stands in the index, and is not used by it."""
        self._db.execute("INSERT OR IGNORE INTO scan VALUES (?,?,0)", (root, _blob(relative)))

    def is_seen(self, root: str, relative: str) -> bool:
        query = "SELECT 1 FROM scan WHERE root=? AND relative=?"
        return self._db.execute(query, (root, _blob(relative))).fetchone() is not None

    def shared_scans(self) -> int:
        """How many files are used by more than one row."""
        return int(self._db.execute("SELECT count(*) FROM scan WHERE rows > 1").fetchone()[0])

    # --------------------------------------------------------------------------------------------- accounting

    def sums(self) -> list[Sums]:
        """Per source, in the order of reading. AssertionError when a row was never settled: a bug, never hidden."""
        counts: dict[str, Counter[int]] = {source: Counter() for source in self._read}
        for source, rank, count in self._db.execute("SELECT source, verdict, count(*) FROM row GROUP BY 1, 2"):
            counts[source][rank] = count
        sums = []
        for source, read in self._read.items():
            ranks = counts[source]
            assert not ranks[0], f"{ranks[0]} rows of source {source!r} were never settled"
            found = Sums(source, read, ranks[2], ranks[3], ranks[1])
            assert found.holds, f"the accounting of source {source!r} does not add up"
            sums.append(found)
        return sums

    def lines(self, source: str) -> Iterator[tuple[str, str | None, int, Verdict]]:
        """File, sheet, line and verdict of every row of a source, in order."""
        query = "SELECT file, sheet, line, verdict FROM row WHERE source=? ORDER BY id"
        for file, sheet, line, rank in self._db.execute(query, (source,)):
            yield file, sheet, line, _VERDICT[rank]

    def findings(self, verdict: Verdict | None = None) -> Iterator[Finding]:
        """Diagnostics of rows (with this verdict), in the order of the sources and their lines."""
        query = (
            "SELECT row.source, row.file, row.sheet, row.line, row.cells, row.verdict, code, level, col, params"
            " FROM finding JOIN row ON row.id = finding.row"
            " WHERE row.verdict = coalesce(?, row.verdict) ORDER BY row.id, finding.rowid"
        )
        rank = (_RANK[verdict] if verdict else None,)
        for source, file, sheet, line, cells, kept, code, level, column, params in self._db.execute(query, rank):
            location = SourceLocation(file, line, column, sheet)
            diagnostic = Diagnostic(code, location, json.loads(params), Severity(level))
            yield Finding(source, _VERDICT[kept], diagnostic, marshal.loads(cells))  # noqa: S302 - our own bytes

    def rejects(self) -> Iterator[tuple[SourceRow, list[Diagnostic]]]:
        """Rejected rows in the order of the sources and their lines, each with the errors found in it."""
        query = (
            "SELECT row.id, source, file, sheet, line, cells, more, code, level, col, params"
            " FROM finding JOIN row ON row.id = finding.row"
            " WHERE row.verdict = ? AND level = 'error' ORDER BY row.id, finding.rowid"
        )
        found = self._db.execute(query, (_RANK[Verdict.REJECTED],))
        for _, group in groupby(found, key=itemgetter(0)):
            first, *others = group
            row = _spooled(first[:7]).row
            yield (
                row,
                [
                    Diagnostic(code, row.location(column), json.loads(params), Severity(level))
                    for code, level, column, params in (columns[7:] for columns in (first, *others))
                ],
            )

    def met(self) -> Iterator[Met]:
        """Every diagnostic of a row without the row's cells, in the order of the sources and their lines."""
        query = (
            "SELECT row.verdict, level, code, params, row.file, row.sheet, row.line, col"
            " FROM finding JOIN row ON row.id = finding.row ORDER BY row.id, finding.rowid"
        )
        for rank, *columns in self._db.execute(query):
            yield _VERDICT[rank], *columns

    def count_by_code(self) -> Counter[tuple[Verdict, str, str]]:
        """How often each (verdict of the row, severity, code) occurs."""
        query = (
            "SELECT row.verdict, level, code, count(*) FROM finding JOIN row ON row.id = finding.row GROUP BY 1, 2, 3"
        )
        return Counter({(_VERDICT[rank], level, code): n for rank, level, code, n in self._db.execute(query)})


def _has_more(row: SourceRow) -> bool:
    return bool(row.faults or row.broken or row.skip or row.notices)


def _spooled(columns: Sequence[Any]) -> SpooledRow:
    number, source, file, sheet, line, cells, more = columns
    faults, broken, skip, notices = pickle.loads(more) if more else ({}, (), None, ())  # noqa: S301 - our own bytes
    row = SourceRow(source, file, line, marshal.loads(cells), sheet, faults, broken, skip, notices)  # noqa: S302
    return SpooledRow(number, row)
