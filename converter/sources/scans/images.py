"""PNG, GIF and BMP: whole to their end. Clauses: ISO/IEC 15948 (PNG), GIF89a specification, BITMAPFILEHEADER."""

from __future__ import annotations

import struct
import zlib

from converter.sources.scans.check import Check, Opened
from converter.sources.scans.limits import BLOCK, MAX_CHUNKS, MAX_FRAMES, MAX_SUB_BLOCKS

__all__ = ["BmpCheck", "GifCheck", "PngCheck"]


class PngCheck(Check):
    """Chunks up to IEND, each with its checksum."""

    def __init__(self) -> None:
        super().__init__("image/png")
        self.pages = 1

    def finish(self, file: Opened) -> None:
        at, first, data = 8, True, False
        for _ in range(MAX_CHUNKS):
            head = file.read(at, 8)
            if len(head) < 8:
                raise self.truncated()
            size, name = struct.unpack(">I4s", head)
            if first and name != b"IHDR":
                raise self.damaged()
            self._check_sum(file, at + 4, size + 4)
            if first and 0 in struct.unpack(">II", file.read(at + 8, 8)):
                raise self.damaged()
            first, data = False, data or name == b"IDAT"
            if name == b"acTL":
                # An animation has pictures, and no pages.
                self.pages = None
            at += size + 12
            if name == b"IEND":
                break
        else:
            raise self.damaged()
        if not data:
            raise self.damaged()

    def _check_sum(self, file: Opened, at: int, size: int) -> None:
        """The CRC after ``size`` bytes from ``at`` is theirs."""
        if at + size + 4 > file.size:
            raise self.truncated()
        crc, end = 0, at + size
        while at < end:
            block = file.read(at, min(BLOCK, end - at))
            if not block:
                raise self.truncated()
            crc = zlib.crc32(block, crc)
            at += len(block)
        if file.read(end, 4) != crc.to_bytes(4, "big"):
            raise self.damaged()


class GifCheck(Check):
    """Blocks up to the trailer; one page per image."""

    def __init__(self) -> None:
        super().__init__("image/gif")
        self._left = MAX_SUB_BLOCKS

    def finish(self, file: Opened) -> None:
        head = file.read(0, 13)
        if len(head) < 13:
            raise self.truncated()
        at, frames = 13 + _colours(head[10]), 0
        while (kind := self._byte(file, at)) != 0x3B:
            if kind == 0x21:
                at = self._skip(file, at + 2)
            elif kind == 0x2C:
                frames += 1
                at = self._skip(file, at + 11 + _colours(self._byte(file, at + 9)))
            else:
                raise self.damaged()
            if frames > MAX_FRAMES:
                raise self.damaged()
        if not frames:
            raise self.damaged()
        self.pages = frames

    def _byte(self, file: Opened, at: int) -> int:
        byte = file.read(at, 1)
        if not byte:
            raise self.truncated()
        return byte[0]

    def _skip(self, file: Opened, at: int) -> int:
        """Position after a chain of sub-blocks, each led by its size, the last one empty."""
        while size := self._byte(file, at):
            at += size + 1
            self._left -= 1
            if not self._left:
                raise self.damaged()
        return at + 1


def _colours(flags: int) -> int:
    """Bytes of a colour table."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


class BmpCheck(Check):
    """The pixel rows that the header announces are there."""

    def __init__(self) -> None:
        super().__init__("image/bmp")
        self.pages = 1

    def finish(self, file: Opened) -> None:
        head = file.read(0, 54)
        if len(head) < 26:
            raise self.truncated()
        start, header = struct.unpack_from("<II", head, 10)
        if header == 12:
            width, height, _, depth = struct.unpack_from("<HHHH", head, 18)
            packed = needed = 0
        elif header >= 40:
            if len(head) < 54:
                raise self.truncated()
            width, height, _, depth, packed, needed = struct.unpack_from("<iiHHII", head, 18)
        else:
            raise self.damaged()
        if width <= 0 or not height or depth not in (1, 2, 4, 8, 16, 24, 32):
            raise self.damaged()
        if packed in (0, 3, 6):
            needed = (width * depth + 31) // 32 * 4 * abs(height)
        if start + needed > file.size:
            raise self.truncated()
