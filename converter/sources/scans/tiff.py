"""TIFF: every directory, value, strip and tile lies inside the file; pages counted.

Clauses: TIFF 6.0 sections 2 and 8 (both byte orders). BigTIFF is walked too, and named: it is no TIFF 6.0.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from converter.sources.scans.check import Check, Opened
from converter.sources.scans.limits import MAX_FRAMES, MAX_IFD_ENTRIES, MAX_STRIPS

__all__ = ["TiffCheck"]

_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_FORMATS = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q", 18: "Q"}
_SUBFILE, _WIDTH, _LENGTH = 254, 256, 257
_STRIPS, _TILES = (273, 279), (324, 325)
_OLD_JPEG = (513, 514)
#: Directories beside the chain: SubIFDs, Exif, GPS.
_CHILDREN = (330, 34665, 34853)
#: NewSubfileType: a reduced image or a transparency mask is no page.
_NO_PAGE = 0b101


#: Type, count, and value or its offset, by tag.
_Directory = dict[int, tuple[int, int, bytes]]


@dataclass(frozen=True, slots=True)
class _Layout:
    """Byte order and widths of one file."""

    order: str
    big: bool
    count: str = field(init=False)
    entry: int = field(init=False)
    offset: str = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", self.order + ("Q" if self.big else "H"))
        object.__setattr__(self, "entry", 20 if self.big else 12)
        object.__setattr__(self, "offset", self.order + ("Q" if self.big else "I"))


class TiffCheck(Check):
    """``head``: the first bytes."""

    def __init__(self, head: bytes) -> None:
        self._big = head[2:4] in (b"\x2b\x00", b"\x00\x2b")
        super().__init__("image/x-bigtiff" if self._big else "image/tiff")
        self._left = MAX_STRIPS
        self._layout = _Layout("<" if head[:2] == b"II" else ">", self._big)

    def finish(self, file: Opened) -> None:
        pages, seen = 0, set[int]()
        at = self._offset(file, 8 if self._big else 4)
        while at:
            if at in seen or len(seen) >= MAX_FRAMES:
                raise self.damaged()
            seen.add(at)
            directory, at = self._directory(file, at)
            pages += self._is_page(file, directory)
            for tag in _CHILDREN:
                for child in self._numbers(file, directory, tag):
                    # Only that nothing of it is cut off: what it holds is no page.
                    self._has_data(file, self._directory(file, child)[0])
        if not pages:
            raise self.damaged()
        self.pages = pages

    def _directory(self, file: Opened, at: int) -> tuple[_Directory, int]:
        """Entries by tag of one directory, and the place of the next."""
        width = struct.calcsize(self._layout.count)
        (count,) = struct.unpack(self._layout.count, self._read(file, at, width))
        if not 0 < count <= MAX_IFD_ENTRIES:
            raise self.damaged()
        size = count * self._layout.entry
        entries = self._entries(file, self._read(file, at + width, size))
        return entries, self._offset(file, at + width + size)

    def _is_page(self, file: Opened, directory: _Directory) -> bool:
        """Whether the image is one; in any case it has a size and data, inside the file."""
        sides = [self._numbers(file, directory, tag) for tag in (_WIDTH, _LENGTH)]
        if not all(side and side[0] for side in sides) or not self._has_data(file, directory):
            raise self.damaged()
        kind = self._numbers(file, directory, _SUBFILE)
        return not (kind and kind[0] & _NO_PAGE)

    def _entries(self, file: Opened, block: bytes) -> _Directory:
        entries: _Directory = {}
        head = self._layout.order + ("HHQ" if self._big else "HHI")
        width = struct.calcsize(head)
        for start in range(0, len(block), self._layout.entry):
            tag, kind, count = struct.unpack_from(head, block, start)
            value = block[start + width : start + self._layout.entry]
            size = _SIZES.get(kind, 0) * count
            if size > len(value) and struct.unpack(self._layout.offset, value)[0] + size > file.size:
                raise self.truncated()
            entries[tag] = (kind, count, value)
        return entries

    def _has_data(self, file: Opened, directory: _Directory) -> bool:
        """Whether there are strips or tiles. They lie inside the file."""
        found = False
        for offsets_tag, counts_tag in (_STRIPS, _TILES, _OLD_JPEG):
            offsets = self._numbers(file, directory, offsets_tag)
            counts = self._numbers(file, directory, counts_tag)
            found = found or bool(offsets)
            if counts and len(counts) != len(offsets):
                raise self.damaged()
            # Old writers leave out the size of a single strip.
            ends = (a + b for a, b in zip(offsets, counts or (1,) * len(offsets), strict=True))
            if max(ends, default=0) > file.size:
                raise self.truncated()
        return found

    def _numbers(self, file: Opened, directory: _Directory, tag: int) -> tuple[int, ...]:
        """Values of an entry of whole numbers; empty when there is none."""
        kind, count, value = directory.get(tag, (0, 0, b""))
        if kind not in _FORMATS:
            return ()
        self._left -= count
        if self._left < 0:
            raise self.damaged()
        size = _SIZES[kind] * count
        if size > len(value):
            value = self._read(file, struct.unpack(self._layout.offset, value)[0], size)
        return struct.unpack_from(f"{self._layout.order}{count}{_FORMATS[kind]}", value)

    def _offset(self, file: Opened, at: int) -> int:
        size = struct.calcsize(self._layout.offset)
        return int(struct.unpack(self._layout.offset, self._read(file, at, size))[0])

    def _read(self, file: Opened, at: int, size: int) -> bytes:
        block = file.read(at, size)
        if len(block) < size:
            raise self.truncated()
        return block
