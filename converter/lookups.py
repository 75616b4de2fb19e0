"""Rows of other sources found by a key, for ``{lookup: …}`` values: an SQLite file that every worker can read.

A key is compared as text, ends trimmed. A key that stands in several rows is ambiguous: it is never chosen from.
"""

from __future__ import annotations

import marshal
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from converter.mapping.values import AMBIGUOUS, Ambiguous

__all__ = ["LookupFile", "write_lookups"]


def write_lookups(path: Path, entries: Iterable[tuple[str, str, str, tuple[str, ...]]]) -> None:
    """Write (source, key column, key, cells) to a new file."""
    db = sqlite3.connect(path, isolation_level=None)
    db.executescript("PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;")
    db.execute("CREATE TABLE lookup (source TEXT, col TEXT, key BLOB, cells BLOB)")
    db.execute("BEGIN")
    rows = ((s, c, k.strip().encode("utf-8", "surrogatepass"), marshal.dumps(cells)) for s, c, k, cells in entries)
    db.executemany("INSERT INTO lookup VALUES (?,?,?,?)", rows)
    db.execute("CREATE INDEX lookup_key ON lookup (source, col, key)")
    db.execute("COMMIT")
    db.close()


class LookupFile:
    """Reads what :func:`write_lookups` wrote; ``None`` for a mapping without look-ups."""

    def __init__(self, path: Path | None) -> None:
        self._db = None if path is None else sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)

    def get(self, source: str, key_column: str, key: str) -> tuple[str, ...] | Ambiguous | None:
        """The cells of the one row with that key; None for no row."""
        if self._db is None:
            return None
        query = "SELECT cells FROM lookup WHERE source=? AND col=? AND key=? LIMIT 2"
        found = self._db.execute(query, (source, key_column, key.strip().encode("utf-8", "surrogatepass"))).fetchall()
        if len(found) > 1:
            return AMBIGUOUS
        return marshal.loads(found[0][0]) if found else None  # type: ignore[no-any-return]  # noqa: S302
