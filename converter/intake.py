"""Sources into the spool: each row is read once, stored, and filed under its resident.

Only what grouping needs is computed here: the resident's key, whether a rule applies, the document's key. Everything
else is the work of one resident's conversion, which may happen in another process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from converter.diagnostics import Diagnostic, SourceError
from converter.mapping.loader import LoadedMapping
from converter.sources import open_table
from converter.sources.table import Table

__all__ = ["Intake", "SourceFile", "open_sources"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was read, for the record: path as the mapping names it, size in bytes, SHA-256."""

    source: str
    file: str
    size: int
    sha256: str
    modified: float


def open_sources(loaded: LoadedMapping, names: Sequence[str]) -> dict[str, Table]:
    """Open every source. SourceError with the reasons of all that cannot be read."""
    tables: dict[str, Table] = {}
    reasons: list[Diagnostic] = []
    for name in names:
        try:
            tables[name] = open_table(name, loaded.spec.sources[name], loaded.base, loaded.columns_used(name))
        except SourceError as unreadable:
            reasons.extend(unreadable.diagnostics)
    if reasons:
        raise SourceError(reasons)
    return tables


def source_files(tables: Mapping[str, Table], base: Path) -> list[SourceFile]:
    """Size, sum and date of each file read."""
    found = []
    for name, table in tables.items():
        for path in table.files:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            stat = path.stat()
            relative = path.relative_to(base) if path.is_relative_to(base) else Path(path.name)
            found.append(SourceFile(name, relative.as_posix(), stat.st_size, digest, stat.st_mtime))
    return found
