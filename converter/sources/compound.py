"""OLE compound files (MS-CFB), as far as a workbook reader needs them: list the streams of the root, read one.

Tells a password-protected workbook (``EncryptedPackage``) from an old XLS (``Workbook``), and gives the latter's
records to :mod:`converter.sources.biff`. Every chain is bounded by the file's own size: a looping chain is damage, not
a hang.
"""

from __future__ import annotations

import struct
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

__all__ = ["CompoundError", "CompoundFile"]

_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MAX_REGULAR = 0xFFFFFFFA
_END = 0xFFFFFFFE
_FREE = 0xFFFFFFFF
_STREAM, _ROOT = 2, 5


class CompoundError(ValueError):
    """The container is damaged."""


class CompoundFile:
    """Streams of the root storage by lower-case name; sizes in bytes."""

    def __init__(self, source: Path | BinaryIO) -> None:
        self._file: BinaryIO = source.open("rb") if isinstance(source, Path) else source
        self._size = self._file.seek(0, 2)
        self._file.seek(0)
        try:
            self._open()
        except (struct.error, IndexError) as error:
            self._file.close()
            raise CompoundError("truncated") from error
        except CompoundError:
            self._file.close()
            raise

    def __enter__(self) -> CompoundFile:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _open(self) -> None:
        header = self._file.read(512)
        if len(header) < 512 or not header.startswith(_SIGNATURE):
            raise CompoundError("no header")
        shift, mini_shift = struct.unpack_from("<HH", header, 30)
        if shift not in (9, 12) or mini_shift != 6:
            raise CompoundError("sector size")
        self._sector = 1 << shift
        self._sectors = self._size // self._sector + 1
        directory, self._cutoff, mini_fat = struct.unpack_from("<I4xII", header, 48)
        self._fat = self._read_fat(header)
        self._mini_fat = self._numbers(self._chain(mini_fat)) if mini_fat <= _MAX_REGULAR else ()
        self._mini = b""
        self.streams: dict[str, tuple[int, int]] = {}
        self._read_directory(self._chain(directory))

    @property
    def extent(self) -> int:
        """Where the last sector in use ends: a shorter file was cut."""
        used = next((n for n in range(len(self._fat), 0, -1) if self._fat[n - 1] != _FREE), 0)
        return int((used + 1) * self._sector) if used else 0

    def _read_fat(self, header: bytes) -> tuple[int, ...]:
        locations = [n for n in struct.unpack_from("<109I", header, 76) if n <= _MAX_REGULAR]
        more, count = struct.unpack_from("<II", header, 68)
        for _ in range(min(count, self._sectors)):
            if more > _MAX_REGULAR:
                break
            *numbers, more = self._numbers(self._read_sector(more))
            locations += [n for n in numbers if n <= _MAX_REGULAR]
        if len(locations) > self._sectors:
            raise CompoundError("allocation table")
        return tuple(n for sector in locations for n in self._numbers(self._read_sector(sector)))

    def _numbers(self, block: bytes) -> tuple[int, ...]:
        return struct.unpack(f"<{len(block) // 4}I", block[: len(block) // 4 * 4])

    def _read_sector(self, number: int) -> bytes:
        self._file.seek((number + 1) * self._sector)
        return self._file.read(self._sector)

    def _chain(self, sector: int) -> bytes:
        blocks: list[bytes] = []
        while sector != _END:
            if sector >= len(self._fat) or len(blocks) > self._sectors:
                raise CompoundError("sector chain")
            blocks.append(self._read_sector(sector))
            sector = self._fat[sector]
        return b"".join(blocks)

    def _read_directory(self, directory: bytes) -> None:
        for offset in range(0, len(directory) - 127, 128):
            entry = directory[offset : offset + 128]
            length, kind = struct.unpack_from("<HB", entry, 64)
            start, size = struct.unpack_from("<IQ", entry, 116)
            if self._sector == 512:
                size &= 0xFFFFFFFF
            if kind == _ROOT and start <= _MAX_REGULAR:
                self._mini = self._chain(start)[:size]
            elif kind == _STREAM:
                name = entry[: max(length - 2, 0)].decode("utf-16-le", "replace").lower()
                self.streams.setdefault(name, (start, size))

    def read(self, name: str) -> bytes:
        """A whole stream. KeyError when there is none, CompoundError when its chain is broken."""
        start, size = self.streams[name.lower()]
        if size >= self._cutoff:
            return self._chain(start)[:size]
        blocks: list[bytes] = []
        while start != _END and len(blocks) * 64 < size:
            if start >= len(self._mini_fat):
                raise CompoundError("mini sector chain")
            blocks.append(self._mini[start * 64 : start * 64 + 64])
            start = self._mini_fat[start]
        return b"".join(blocks)[:size]
