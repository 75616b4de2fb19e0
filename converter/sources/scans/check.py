"""What every format's check is given, and what it finds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from converter.sources.scans.kinds import label
from converter.sources.scans.problems import Notice, ScanError

__all__ = ["Check", "Opened"]


@dataclass(frozen=True, slots=True)
class Opened:
    """A regular file, open and read once. ``whole``: its bytes, when they are few enough to be at hand."""

    path: Path
    stream: BinaryIO
    size: int
    whole: bytes | None

    def read(self, offset: int, count: int) -> bytes:
        """``count`` bytes from ``offset``, fewer at the end."""
        if self.whole is not None:
            return self.whole[offset : offset + count]
        self.stream.seek(offset)
        return self.stream.read(count)


class Check:
    """One format's check of one file: fed every block of the one read, then asked to finish.

    The defaults are those of a type that is recognised and not looked into.
    """

    def __init__(self, media_type: str) -> None:
        self.media_type = media_type
        self.pages: int | None = None
        self.pdfa: str | None = None
        self.notices: list[Notice] = []

    def feed(self, block: bytes) -> None:
        """Looks at the next block; most checks need none of it."""

    def finish(self, file: Opened) -> None:
        """Last look at the file. ScanError when it is truncated, damaged or locked."""

    def note(self, code: str, **params: str | int) -> None:
        self.notices.append((code, params))

    def truncated(self) -> ScanError:
        return ScanError("SCAN-21", {"type": label(self.media_type)})

    def damaged(self) -> ScanError:
        return ScanError("SCAN-22", {"type": label(self.media_type)})

    def locked(self) -> ScanError:
        return ScanError("SCAN-23", {"type": label(self.media_type)})
