"""PDF: whole to its end, opens without a password, its pages, what it claims of PDF/A.

A PDF of which the last bytes are missing is truncated even if a library can make something of it; one whose
cross-reference table had to be rebuilt passes only when every object it refers to is still there and every page reads.
Clauses: ISO 32000-1 7.5 (header, trailer, end of file), 7.6 (encryption); ISO 19005-1 6.7.11 (pdfaid).
"""

from __future__ import annotations

import io
import re
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING

from converter.sources.scans.check import Check, Opened
from converter.sources.scans.kinds import label
from converter.sources.scans.limits import MAX_PACKED_XMP, MAX_PARSED_PDF, MAX_XMP, PDF_TAIL
from converter.sources.scans.problems import ScanError

if TYPE_CHECKING:
    from pikepdf import Pdf

__all__ = ["PdfCheck", "pdf_start"]

#: Header and end are looked for within this many bytes of the file's ends: ISO 32000-1, annex H.3, notes 13 and 18.
_NEAR = 1024
_END = b"%%EOF"
_PADDING = b"\x00\t\n\x0c\r \x1a"
#: What begins another revision of the document: its end is missing.
_MORE = re.compile(rb"[\x00\s]*(?:\d|xref|trailer|startxref|%PDF|<<)")
_PART = re.compile(rb"pdfaid:part\s*(?:=\s*[\"']|>)\s*(\d)")
_LEVEL = re.compile(rb"pdfaid:conformance\s*(?:=\s*[\"']|>)\s*([A-Za-z])")
_ENCRYPTION = re.compile(r"encrypt|security handler", re.IGNORECASE)
#: What pikepdf raises on hostile structures, besides its own errors.
_BROKEN = (ValueError, TypeError, KeyError, AttributeError, RuntimeError, OverflowError)


def pdf_start(head: bytes) -> int:
    """Where the header is, or -1."""
    return head.find(b"%PDF-", 0, _NEAR + 5)


class PdfCheck(Check):
    """``start``: bytes before the header."""

    def __init__(self, start: int) -> None:
        super().__init__("application/pdf")
        self._start = start
        self._tail = b""

    def feed(self, block: bytes) -> None:
        self._tail = block[-PDF_TAIL:] if len(block) >= PDF_TAIL else (self._tail + block)[-PDF_TAIL:]

    def finish(self, file: Opened) -> None:
        self._check_end()
        pikepdf = _pikepdf()
        try:
            with _open(pikepdf, file) as pdf:
                self._look(pdf)
        except pikepdf.PasswordError:
            raise self.locked() from None
        except pikepdf.PdfError as error:
            if _ENCRYPTION.search(str(error)):
                raise ScanError("SCAN-24", {"type": label(self.media_type)}) from None
            raise self.damaged() from None
        except _BROKEN:
            raise self.damaged() from None

    def _check_end(self) -> None:
        tail = self._tail.rstrip(_PADDING)
        end = tail.rfind(_END, max(len(tail) - _NEAR, 0))
        after = tail[end + len(_END) :]
        if end < 0 or _MORE.match(after):
            raise self.truncated()
        if self._start or after:
            self.note("SCAN-77")

    def _look(self, pdf: Pdf) -> None:
        self.pages = len(pdf.pages)
        if not self.pages:
            raise self.damaged()
        if pdf.get_warnings():
            if not _complete(pdf):
                raise self.damaged()
            self.note("SCAN-78")
        if pdf.is_encrypted:
            self.note("SCAN-75")
        self.pdfa = _claim(pdf)
        if self.pdfa is None:
            self.note("SCAN-73")
        elif not self.pdfa.startswith("1"):
            self.note("SCAN-74", claim=self.pdfa)


@cache
def _pikepdf() -> ModuleType:
    """pikepdf, told how much an object may unpack to where it can be told."""
    import pikepdf

    if hasattr(pikepdf.settings, "set_qpdf_limits"):
        pikepdf.settings.set_qpdf_limits(flate_max_memory=MAX_PARSED_PDF, doc_max_warnings=1000)
    return pikepdf


def _open(pikepdf: ModuleType, file: Opened) -> Pdf:
    if file.whole is not None:
        return pikepdf.open(io.BytesIO(file.whole))  # type: ignore[no-any-return]
    file.stream.seek(0)
    # Through the file that is open already, not by path: it may have been exchanged. Not through a memory map: a share
    # that goes away would kill the process.
    return pikepdf.open(file.stream, access_mode=pikepdf.AccessMode.stream)  # type: ignore[no-any-return]


def _complete(pdf: Pdf) -> bool:
    """Whether a repaired document refers to nothing that is gone, and every page's content reads."""
    if any(obj is None for obj in pdf.objects):
        return False
    check = pdf.check_pdf_syntax if hasattr(pdf, "check_pdf_syntax") else pdf.check  # type: ignore[attr-defined]
    before = len(pdf.get_warnings())
    return not check() and len(pdf.get_warnings()) == before


def _claim(pdf: Pdf) -> str | None:
    xmp = _xmp(pdf)
    part = _PART.search(xmp)
    level = _LEVEL.search(xmp)
    return (part[1] + (level[1] if level else b"")).decode("ascii").lower() if part else None


def _xmp(pdf: Pdf) -> bytes:
    stream = pdf.Root.get("/Metadata")
    if stream is None:
        return b""
    packed = "/Filter" in stream
    if int(stream.get("/Length", 0)) > (MAX_PACKED_XMP if packed else MAX_XMP):
        return b""
    # Without its NUL bytes, UTF-16 metadata reads like any other.
    return bytes(stream.read_bytes()).replace(b"\x00", b"")
