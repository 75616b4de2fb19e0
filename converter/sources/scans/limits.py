"""Every limit of the scan checks, in one place. Beyond a limit a file is refused with a code, never cut in silence."""

from __future__ import annotations

__all__ = [
    "BLOCK",
    "HEAD",
    "MAX_CHUNKS",
    "MAX_CONVERTED",
    "MAX_DIRECTORY",
    "MAX_FRAMES",
    "MAX_IFD_ENTRIES",
    "MAX_OLE",
    "MAX_PACKED_XMP",
    "MAX_PARSED_PDF",
    "MAX_PART",
    "MAX_PIXELS",
    "MAX_SEGMENTS",
    "MAX_STRIPS",
    "MAX_SUB_BLOCKS",
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
#: Images of one TIFF or GIF, entries of a TIFF directory, strips of all images of one file.
MAX_FRAMES, MAX_IFD_ENTRIES, MAX_STRIPS = 20_000, 4096, 8_000_000
#: Pieces that one image is made of (JPEG segments, PNG chunks, GIF sub-blocks): tiny ones would take hours to walk.
MAX_SEGMENTS, MAX_CHUNKS, MAX_SUB_BLOCKS = 100_000, 1_000_000, 10_000_000
#: Pixels of one image that is decoded: an A0 plan at 300 dpi has 140 million.
MAX_PIXELS = 180_000_000
#: Bytes of a file that is converted: img2pdf holds it, and what it makes of it, in memory.
MAX_CONVERTED = 512 * 1024**2
#: Bytes of a zip container's directory, and bytes read of one of its parts.
MAX_DIRECTORY, MAX_PART = 16 * 1024**2, 1024**2
#: Bytes of an OLE file in which a password is looked for.
MAX_OLE = 128 * 1024**2
#: How long a word processor may work on one file.
OFFICE_SECONDS = 120
