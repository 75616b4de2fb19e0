"""JPEG: markers from start to end of image. Clause: ISO/IEC 10918-1, annex B."""

from __future__ import annotations

import re

from converter.sources.scans.check import Check, Opened
from converter.sources.scans.limits import BLOCK, MAX_SEGMENTS

__all__ = ["JpegCheck"]

#: Inside coded data, 0xFF is followed by 0 or a restart marker; anything else is the next marker.
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
_EOI, _SOS = 0xD9, 0xDA
_NEAR = 64
#: Start of frame: all of C0 to CF but the tables (C4, CC) and the reserved C8.
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


class JpegCheck(Check):
    """Walks the segments, so that the end of an embedded preview is not taken for the end of the image."""

    def __init__(self) -> None:
        super().__init__("image/jpeg")

    def finish(self, file: Opened) -> None:
        at, frame, scan = 2, False, False
        for _ in range(MAX_SEGMENTS):
            at = self._next(file, at)
            segment = file.read(at, 9)
            marker = segment[1]
            if marker == _EOI:
                if not (frame and scan):
                    raise self.damaged()
                self.pages = 1
                return
            if marker in _ALONE:
                at += 2
                continue
            if len(segment) < 4:
                raise self.truncated()
            if marker in _FRAMES:
                frame = True
                # A height of 0 is given later by a DNL segment; a width of 0 is no image.
                if len(segment) == 9 and segment[7:9] == b"\x00\x00":
                    raise self.damaged()
            scan = scan or marker == _SOS
            at += 2 + max(int.from_bytes(segment[2:4], "big"), 2)
        raise self.damaged()

    def _next(self, file: Opened, at: int) -> int:
        """Position of the next marker: coded data, fill bytes and stray bytes are passed over."""
        # The next segment follows at once, except after the start of a scan.
        size = _NEAR
        while block := file.read(at, size):
            if match := _MARKER.search(block):
                return at + match.start()
            at += len(block) - 1 if block.endswith(b"\xff") and len(block) > 1 else len(block)
            size = BLOCK
        raise self.truncated()
