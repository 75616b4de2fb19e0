"""A folder that is its own index: one row per file, its cells the named groups of `pattern:` over the relative path.

The column ``path`` (unless a group has that name) is the path below the folder, with ``/``, exactly as on disk. Files
are listed in the order of their paths; the line of a row is its rank. Places show the folder only: names of scans may
hold names of persons. What does not follow the pattern is a skipped row, so that nothing disappears.
"""

from __future__ import annotations

import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from converter.diagnostics import Diagnostic, SourceError, SourceLocation
from converter.sources.table import Grid, Note, Record, Trouble

__all__ = ["FolderGrid", "is_system", "open_folder"]

_PATH = "path"
_SYSTEM = frozenset(("thumbs.db", "desktop.ini", "ehthumbs.db"))


def open_folder(folder: str, pattern: str, base: Path) -> Grid:
    """The folder as a grid. SourceError when it is not there or the pattern cannot be used."""
    place = SourceLocation(folder)
    try:
        compiled = re.compile(pattern)
    except re.error:
        raise SourceError(Diagnostic("SRC-29", place)) from None
    if not compiled.groupindex:
        raise SourceError(Diagnostic("SRC-29", place))
    root = base / folder
    if not root.is_dir():
        raise SourceError(Diagnostic("SRC-28", place))
    return FolderGrid(folder, root, compiled)


class FolderGrid(Grid):
    """Files below a folder as records."""

    def __init__(self, folder: str, root: Path, pattern: re.Pattern[str]) -> None:
        super().__init__(folder, root)
        self._pattern = pattern
        names = sorted(pattern.groupindex, key=lambda name: pattern.groupindex[name])
        self._columns = tuple(names if _PATH in names else [*names, _PATH])
        self.labels = self._columns

    def records(self) -> Iterator[Record]:
        for line, (relative, regular) in enumerate(sorted(self._listing()), 1):
            yield self._record(line, relative, regular)

    def _listing(self) -> Iterator[tuple[str, bool]]:
        """Relative path and whether it is a regular file, of everything that is not a folder; links are not
        followed."""

        def refuse(error: OSError) -> None:
            raise SourceError(Diagnostic("SRC-28", self.location())) from error

        for parent, folders, files in os.walk(self.path, onerror=refuse):
            at = Path(parent)
            for name in [*files, *(name for name in folders if (at / name).is_symlink())]:
                path = at / name
                yield path.relative_to(self.path).as_posix(), stat.S_ISREG(path.lstat().st_mode)

    def _record(self, line: int, relative: str, regular: bool) -> Record:
        trouble = Trouble()
        shown = relative.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        if shown != relative:
            trouble.broken.append(Note("SRC-34"))
        match = self._pattern.fullmatch(unicodedata.normalize("NFC", shown))
        if not regular or is_system(relative):
            trouble.skip = "SRC-46"
        elif match is None:
            trouble.skip = "SRC-45"
        groups = match.groupdict() if match is not None else {}
        cells = [(groups.get(name) or "").strip() for name in self._columns]
        if _PATH not in self._pattern.groupindex:
            cells[-1] = shown
        return line, cells, trouble if trouble.skip or trouble.broken else None


def is_system(relative: str) -> bool:
    """Files that systems and office programs leave in folders: no documents."""
    name = relative.rpartition("/")[2]
    return name.startswith((".", "~$")) or name.lower() in _SYSTEM or relative.startswith("__MACOSX/")
