"""Looks into one scan: opens it safely, reads it once, tells its type from its bytes and whether it is sound.

Never opens anything but a regular file: what was found is opened without following a link and without waiting, and
looked at again once open, since it may have been exchanged in between.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from converter.model import ScanFile
from converter.sources.scans.check import Check, Opened
from converter.sources.scans.kinds import extension_notice
from converter.sources.scans.limits import BLOCK, HEAD
from converter.sources.scans.problems import Notice, ScanError
from converter.sources.scans.root import Located, stamp_of, unreadable
from converter.sources.scans.sniffing import check_for

__all__ = ["Expected", "inspect", "open_scan"]

_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)
_SPACES = str.maketrans("", "", " \u00a0\u202f\u2009")
_SEPARATORS = _SPACES | str.maketrans("", "", ":-")
#: Names and hexadecimal digits.
_DIGESTS = {"sha256": ("SHA-256", 64), "md5": ("MD5", 32)}


@dataclass(frozen=True, slots=True)
class Expected:
    """What the index says of a file, as written; None or blank when it says nothing. ``size`` is in bytes."""

    sha256: str | None = None
    md5: str | None = None
    size: str | None = None


_NOTHING = Expected()


def inspect(located: Located, expected: Expected = _NOTHING) -> tuple[ScanFile, tuple[Notice, ...]]:
    """The file as it is, and what to state about it, besides what was stated when it was found.

    Every sound file of a known type has a result, also of one that is no body (`media_type` is then not in
    ``ACCEPTED``). ScanError when the file is empty, cut, damaged, locked, of no known type, not what the index says,
    or cannot be read.
    """
    wanted = _Wanted(expected)
    try:
        with open_scan(located) as (stream, size):
            if not size:
                raise ScanError("SCAN-20")
            return _look(located, stream, size, wanted)
    except OSError as error:
        raise unreadable(error) from None


def _look(located: Located, stream: BinaryIO, size: int, wanted: _Wanted) -> tuple[ScanFile, tuple[Notice, ...]]:
    hashes = _Hashes(wanted)
    block = stream.read(min(size, BLOCK) + 1)
    whole = block if len(block) == size <= BLOCK else None
    check = check_for(block[:HEAD])
    read = 0
    while block:
        hashes.feed(block)
        check.feed(block)
        read += len(block)
        block = b"" if whole is not None else stream.read(BLOCK)
    if read != size:
        raise ScanError("SCAN-17")
    wanted.verify(hashes, size)
    check.finish(Opened(located.path, stream, size, whole))
    return _scan(located, size, hashes, check)


def _scan(located: Located, size: int, hashes: _Hashes, check: Check) -> tuple[ScanFile, tuple[Notice, ...]]:
    scan = ScanFile(
        path=located.path,
        relative=located.relative,
        media_type=check.media_type,
        size=size,
        sha256=hashes.sha256.hexdigest(),
        sha1=hashes.sha1.hexdigest(),
        pages=check.pages,
        pdfa=check.pdfa,
    )
    return scan, (*extension_notice(located.relative, check.media_type), *check.notices)


@contextmanager
def open_scan(located: Located) -> Iterator[tuple[BinaryIO, int]]:
    """The open file and its size. ScanError when it is no longer what was found, before and after reading."""
    descriptor = os.open(located.path, _FLAGS)
    with open(descriptor, "rb", buffering=0) as stream:  # noqa: PTH123  # of a descriptor
        before = os.fstat(descriptor)
        if not stat.S_ISREG(before.st_mode):
            raise ScanError("SCAN-13")
        if located.stamp is not None and stamp_of(before) != located.stamp:
            raise ScanError("SCAN-17")
        yield stream, before.st_size  # type: ignore[misc]  # a raw file reads like any other
        if stamp_of(os.fstat(descriptor)) != stamp_of(before):
            raise ScanError("SCAN-17")


class _Hashes:
    """The digests of the one read; MD5 only where the index gives one."""

    def __init__(self, wanted: _Wanted) -> None:
        self.sha256 = hashlib.sha256()
        self.sha1 = hashlib.sha1(usedforsecurity=False)
        self.md5 = hashlib.md5(usedforsecurity=False) if wanted.md5 else None

    def feed(self, block: bytes) -> None:
        self.sha256.update(block)
        self.sha1.update(block)
        if self.md5 is not None:
            self.md5.update(block)


class _Wanted:
    """What the index says, read. ScanError when it cannot be: then it could not be verified either."""

    def __init__(self, expected: Expected) -> None:
        self.sha256 = _digest("sha256", expected.sha256)
        self.md5 = _digest("md5", expected.md5)
        self.size = _bytes(expected.size)

    def verify(self, hashes: _Hashes, size: int) -> None:
        if self.size is not None and self.size != size:
            raise ScanError("SCAN-28", {"found": size})
        if self.sha256 and self.sha256 != hashes.sha256.hexdigest():
            raise ScanError("SCAN-27", {"algorithm": "SHA-256"})
        if hashes.md5 is not None and self.md5 != hashes.md5.hexdigest():
            raise ScanError("SCAN-27", {"algorithm": "MD5"})


def _digest(algorithm: str, written: str | None) -> str:
    """Hexadecimal digits in lower case, or nothing. ``SHA-256: AB 12…`` and ``ab:12…`` are common spellings."""
    name, digits = _DIGESTS[algorithm]
    given = (written or "").strip().lower()
    text = re.sub(rf"^(?:{name.lower()}|{algorithm})\s*[:=]|^0x", "", given).translate(_SEPARATORS)
    if given and not re.fullmatch(rf"[0-9a-f]{{{digits}}}", text):
        raise ScanError("SCAN-29", {"algorithm": name})
    return text


def _bytes(written: str | None) -> int | None:
    given = (written or "").strip().lower()
    if not given:
        return None
    text = re.sub(r"(?:octets?|bytes?|o|b)$", "", given.translate(_SPACES))
    # A whole number may come with decimals from a spreadsheet.
    text = re.sub(r"[.,]0+$", "", text)
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ScanError("SCAN-30")
    return int(text)
