"""The folder of scans: which file on disk an index means, and which files it holds.

Nothing is opened here. A name is found as it is written or not at all; only when that fails do case and Unicode
composition stop mattering, and then one hit is stated and several are refused. What is found must lie inside the
folder once every link is followed, and be a regular file: opening a pipe or a device can block for ever.
"""

from __future__ import annotations

import errno
import os
import stat
import unicodedata
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from converter.sources.folder import is_system
from converter.sources.scans.paths import Prefixes, fold
from converter.sources.scans.problems import Notice, ScanError

__all__ = ["Located", "ScanRoot", "Stamp", "stamp"]

#: size, mtime_ns, ctime_ns, inode: a file that has not been touched keeps all four.
Stamp = tuple[int, int, int, int]

#: Names kept from listed folders; a single larger folder is kept alone.
_CACHED_NAMES = 200_000
#: Spellings of one path followed at a time; beyond, it is ambiguous anyway.
_MAX_SPELLINGS = 64


@dataclass(frozen=True, slots=True)
class Located:
    """A file found: ``relative`` as on disk, ``path`` with every link followed, what it was when found."""

    relative: str
    path: Path
    notices: tuple[Notice, ...] = ()
    stamp: Stamp | None = None


def stamp(path: Path) -> Stamp:
    """What tells whether a file was touched. OSError when it is not there."""
    return stamp_of(os.lstat(path))


def stamp_of(status: os.stat_result) -> Stamp:
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


class ScanRoot:
    """One folder of scans, with the prefixes that its index's paths carry. Cheap to make; one per process."""

    def __init__(self, root: Path, prefixes: Sequence[str] = ()) -> None:
        self._root = root
        self._prefixes = Prefixes(prefixes)
        self._real = ""
        self._exact = True
        self._listings = _Listings()
        #: Folders that :meth:`files` could not read.
        self.unreadable = 0

    def locate(self, written: str) -> Located:
        """The file that a cell names. ScanError when there is none, several, or it must not be opened."""
        parts = self._prefixes.relative(written)
        base = self._base()
        notices: tuple[Notice, ...] = ()
        try:
            if not self._exact or not _exists(f"{base}/{'/'.join(parts)}"):
                parts, notices = self._respelt(base, parts)
            return self._checked(base, "/".join(parts), notices)
        except OSError as error:
            raise unreadable(error) from None
        except UnicodeEncodeError:  # a system that is set to an encoding which lacks the name's letters
            raise ScanError("SCAN-14", {"reason": "EILSEQ"}) from None

    def _base(self) -> str:
        """The root with every link followed, looked at once."""
        if not self._real:
            try:
                self._real = os.path.realpath(self._root, strict=True)
                # Where the system ignores case (Windows, macOS), being found says nothing about spelling.
                self._exact = not _exists(_swapped(self._real))
            except OSError:
                self._real = ""
            if not self._real or not os.path.isdir(self._real):  # noqa: PTH112  # text all along: this is a hot path
                self._real = ""
                raise ScanError("SCAN-15")
        return self._real

    def _checked(self, base: str, relative: str, notices: tuple[Notice, ...]) -> Located:
        try:
            real = os.path.realpath(f"{base}/{relative}", strict=True)
        except (FileNotFoundError, NotADirectoryError):
            raise ScanError("SCAN-16") from None
        if not real.startswith(base.rstrip(os.sep) + os.sep):
            raise ScanError("SCAN-11")
        status = os.lstat(real)
        if stat.S_ISDIR(status.st_mode):
            raise ScanError("SCAN-12")
        if not stat.S_ISREG(status.st_mode):
            raise ScanError("SCAN-13")
        return Located(relative, Path(real), notices, stamp_of(status))

    def _respelt(self, base: str, parts: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[Notice, ...]]:
        """The one path on disk that differs from this one by case or composition only, and what to state."""
        found = self._spellings(base, parts)
        if parts in found:
            return parts, ()
        composed = [path for path in found if _composed(path) == _composed(parts)]
        hits = composed or found
        if not hits:
            raise ScanError("SCAN-09")
        if len(hits) > 1:
            raise ScanError("SCAN-10", {"count": len(hits)})
        return hits[0], (("SCAN-71" if composed else "SCAN-70", {}),)

    def _spellings(self, base: str, parts: tuple[str, ...]) -> list[tuple[str, ...]]:
        found: list[tuple[str, ...]] = [()]
        for part in parts:
            found = [(*parent, name) for parent in found for name in self._listings.alike(base, parent, fold(part))]
            if len(found) > _MAX_SPELLINGS:
                raise ScanError("SCAN-10", {"count": len(found)})
        files = [path for path in found if not os.path.isdir("/".join((base, *path)))]  # noqa: PTH112
        return files or found

    def files(self) -> Iterator[str]:
        """Paths of the regular files below the folder, as on disk, in the order of their text; system files left out.

        Links are not followed: what they lead to is either listed itself or outside. Folders that cannot be read are
        counted in ``unreadable``. Memory holds one listing per level.
        """
        self.unreadable = 0
        base = self._base()
        levels = [self._entries(base, "")]
        while levels:
            path = next(levels[-1], None)
            if path is None:
                levels.pop()
            elif path.endswith("/"):
                levels.append(self._entries(base, path))
            elif not is_system(path):
                yield path

    def _entries(self, base: str, below: str) -> Iterator[str]:
        """Regular files of a folder, and its folders with a slash at the end."""
        try:
            with os.scandir(f"{base}/{below}") as listing:
                # A folder's name sorts with its slash, so that the whole is in the order of the full paths.
                names = sorted(e.name + "/" * e.is_dir(follow_symlinks=False) for e in listing if _is_plain(e))
        except OSError:
            self.unreadable += 1
            return
        for name in names:
            yield below + name


class _Listings:
    """Names of folders, sorted by their folded form; the least recently used go first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[str, ...], list[str]] = OrderedDict()
        self._names = 0

    def alike(self, base: str, folder: tuple[str, ...], folded: str) -> list[str]:
        """Names in a folder that fold to this one."""
        names = self._kept.get(folder)
        if names is None:
            names = self._list(base, folder)
        else:
            self._kept.move_to_end(folder)
        first = bisect_left(names, folded, key=fold)
        last = first
        while last < len(names) and fold(names[last]) == folded:
            last += 1
        return names[first:last]

    def _list(self, base: str, folder: tuple[str, ...]) -> list[str]:
        try:
            names = sorted(os.listdir("/".join((base, *folder))), key=fold)  # noqa: PTH208
        except (FileNotFoundError, NotADirectoryError):
            names = []
        self._kept[folder] = names
        self._names += len(names)
        while self._names > _CACHED_NAMES and len(self._kept) > 1:
            self._names -= len(self._kept.popitem(last=False)[1])
        return names


def _composed(parts: tuple[str, ...]) -> str:
    return unicodedata.normalize("NFC", "/".join(parts))


def _exists(path: str) -> bool:
    """Whether something has this name; a link counts even when it leads nowhere."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _swapped(path: str) -> str:
    head, name = os.path.split(path)
    return os.path.join(head, name.swapcase()) if name.swapcase() != name else ""  # noqa: PTH118


def _is_plain(entry: os.DirEntry[str]) -> bool:
    return entry.is_file(follow_symlinks=False) or entry.is_dir(follow_symlinks=False)


def unreadable(error: OSError) -> ScanError:
    if error.errno == errno.ENAMETOOLONG:
        return ScanError("SCAN-08")
    if error.errno == errno.ELOOP:
        return ScanError("SCAN-16")
    return ScanError("SCAN-14", {"reason": errno.errorcode.get(error.errno or 0, "?")})
