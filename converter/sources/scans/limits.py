"""Every limit of the scan checks, in one place. Beyond a limit a file is refused with a code, never cut in silence."""

from __future__ import annotations

__all__ = [
    "BLOCK",
    "HEAD",
    "MAX_CONVERTED",
    "MAX_FRAMES",
    "MAX_IFD_ENTRIES",
    "MAX_PACKED_XMP",
    "MAX_PARSED_PDF",
    "MAX_PART",
    "MAX_PARTS",
    "MAX_PIXELS",
    "MAX_STRIPS",
    "MAX_XMP",
    "OFFICE_SECONDS",
    "PDF_TAIL",
]

#: Bytes read at a time, as everywhere scans are streamed.
BLOCK = 3 * 256 * 1024
#: Bytes looked at to tell a type.
HEAD = 8192
#: Bytes at the end of a PDF in which its end is looked for once padding is taken off.
PDF_TAIL = 64 * 1024
#: Bytes that one compressed object of a PDF may unpack to while its structure is read.
MAX_PARSED_PDF = 256 * 1024**2
#: XMP metadata, plain and compressed: deflate unpacks to a thousand times at most.
MAX_XMP, MAX_PACKED_XMP = 4 * 1024**2, 64 * 1024
#: Images of one TIFF or GIF, entries of a TIFF directory, strips of one image.
MAX_FRAMES, MAX_IFD_ENTRIES, MAX_STRIPS = 20_000, 4096, 4_000_000
#: Pixels of one image that is decoded: an A0 plan at 300 dpi has 140 million.
MAX_PIXELS = 180_000_000
#: Bytes of a file that is converted: img2pdf holds it, and what it makes of it, in memory.
MAX_CONVERTED = 512 * 1024**2
#: Parts of a zip container, and bytes read of one of them.
MAX_PARTS, MAX_PART = 100_000, 1024 * 1024
#: How long a word processor may work on one file.
OFFICE_SECONDS = 120
