"""A folder of scanned files by numbers: types, sizes, what is empty, locked or damaged. No name is ever shown.

Each file is opened and checked by the rules of a conversion, links are not followed, nothing is changed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from converter.diagnostics import SourceError, SourceLocation
from converter.sources.scans import ACCEPTED, Located, ScanError, ScanRoot, inspect, label, stamp

__all__ = ["Folder", "count_files", "survey_folder"]

_EMPTY, _LOCKED = ("SCAN-20",), ("SCAN-23", "SCAN-24")


@dataclass(slots=True)
class Folder:
    """``types`` counts sound files by what a person calls their type, with their bytes; ``problems`` by code."""

    files: int = 0
    bytes: int = 0
    pages: int = 0
    largest: int = 0
    types: Counter[str] = field(default_factory=Counter)
    sizes: Counter[str] = field(default_factory=Counter)
    unaccepted: Counter[str] = field(default_factory=Counter)
    problems: Counter[str] = field(default_factory=Counter)
    folders_unreadable: int = 0

    @property
    def empty(self) -> int:
        return sum(self.problems[code] for code in _EMPTY)

    @property
    def locked(self) -> int:
        return sum(self.problems[code] for code in _LOCKED)

    @property
    def unreadable(self) -> int:
        return self.problems.total() - self.empty - self.locked

    def record(self) -> dict[str, Any]:
        return {
            "files": self.files,
            "bytes": self.bytes,
            "largest": self.largest,
            "pages": self.pages,
            "types": [
                {"type": name, "files": n, "bytes": self.sizes[name], "accepted": not self.unaccepted[name]}
                for name, n in sorted(self.types.items(), key=lambda item: (-item[1], item[0]))
            ],
            "empty": self.empty,
            "encrypted": self.locked,
            "unreadable": self.unreadable,
            "problems": dict(sorted(self.problems.items())),
            "folders_unreadable": self.folders_unreadable,
        }


def count_files(path: Path) -> int:
    """How many files there are to look at; 0 where the folder cannot be read."""
    try:
        return sum(1 for _ in ScanRoot(path).files())
    except ScanError:
        return 0


def survey_folder(path: Path, step: Callable[[], None] = lambda: None) -> Folder:
    """The numbers of a folder; ``step`` is called once per file. SourceError when the folder itself cannot be read."""
    root, found = ScanRoot(path), Folder()
    try:
        for relative in root.files():
            _count(path / relative, relative, found)
            step()
    except ScanError as wrong:
        raise SourceError(wrong.diagnostic(SourceLocation(path.name))) from None
    found.folders_unreadable = root.unreadable
    return found


def _count(path: Path, relative: str, found: Folder) -> None:
    found.files += 1
    try:
        now = stamp(path)
        found.bytes += now[0]
        found.largest = max(found.largest, now[0])
        scan, _ = inspect(Located(relative, path, (), now))
    except OSError:
        found.problems["SCAN-14"] += 1
        return
    except ScanError as wrong:
        found.problems[wrong.code] += 1
        return
    name = label(scan.media_type)
    found.types[name] += 1
    found.sizes[name] += scan.size
    found.pages += scan.pages or 0
    if scan.media_type not in ACCEPTED:
        found.unaccepted[name] += 1
