"""What a file is, from its first bytes: the name and the extension are never asked."""

from __future__ import annotations

import re

from converter.sources.scans.check import Check, Opened
from converter.sources.scans.images import BmpCheck, GifCheck, PngCheck
from converter.sources.scans.jpeg import JpegCheck
from converter.sources.scans.office import OleCheck, ZipCheck
from converter.sources.scans.pdf import PdfCheck, pdf_start
from converter.sources.scans.rtf import RtfCheck
from converter.sources.scans.text import TextCheck
from converter.sources.scans.tiff import TiffCheck

__all__ = ["check_for"]

_TIFF = (b"II*\x00", b"MM\x00*", b"II+\x00\x08\x00", b"MM\x00+\x00\x08")
#: Types that are recognised and not looked into.
_MAGIC = (
    (b"\x1f\x8b\x08", "application/gzip"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\x00", "application/x-xz"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "image/jp2"),
    (b"\xff\x4f\xff\x51", "image/jp2"),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"\xff\x0a", "image/jxl"),
    (b"AT&TFORM", "image/vnd.djvu"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"\xd7\xcd\xc6\x9a", "image/wmf"),
    (b"\xffWPC", "application/vnd.wordperfect"),
    (b"%!PS", "application/postscript"),
    (b"\xc5\xd0\xd3\xc6", "application/postscript"),
    (b"\x4c\x00\x00\x00\x01\x14\x02\x00", "application/x-ms-shortcut"),
    (b"MZ", "application/x-msdownload"),
    (b"SQLite format 3\x00", "application/vnd.sqlite3"),
    (b"\x00\x01\x00\x00Standard Jet DB", "application/x-msaccess"),
    (b"\x00\x01\x00\x00Standard ACE DB", "application/x-msaccess"),
    (b"\x78\x9f\x3e\x22", "application/vnd.ms-tnef"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
)
#: Signatures by which a file shorter than they are is known for the stump of one.
_SIGNATURES = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\x00", "image/tiff"),
    (b"MM\x00*", "image/tiff"),
    (b"II+\x00\x08\x00", "image/x-bigtiff"),
    (b"MM\x00+\x00\x08", "image/x-bigtiff"),
    (b"{\\rtf", "text/rtf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF89a", "image/gif"),
    (b"GIF87a", "image/gif"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "application/x-ole-storage"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/x-wav", b"AVI ": "video/x-msvideo"}
_HEIF = re.compile(rb"hei[cmsx]|hev[cmsx]|mif1|msf1")
_CFB = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SPACE = b" \t\r\n\x0b\x0c"
_HTML = re.compile(rb"<(?:!doctype\s+html|html|head|body|table|meta|style|center|p|div|span|h1|br)\b", re.IGNORECASE)
_XML = re.compile(rb"<\?xml\b|<!DOCTYPE\b", re.IGNORECASE)
_SVG = re.compile(rb"<(?:\w+:)?svg[\s>]", re.IGNORECASE)
_MAIL = re.compile(
    rb"(?:return-path|received|delivered-to|mime-version|message-id|from|to|subject|date|x-[\w-]+|content-type|reply-to"
    rb"|thread-(?:topic|index)|dkim-signature|authentication-results|arc-[\w-]+|importance|cc|sender):[^\n]*",
    re.IGNORECASE,
)
_MAIL_FOR_SURE = re.compile(rb"^(?:mime-version|message-id|return-path|received):", re.IGNORECASE | re.MULTILINE)
_BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def check_for(head: bytes) -> Check:
    """The check of the type that the first bytes show; of plain text when they show none."""
    if head.startswith(b"%PDF-"):
        return PdfCheck(0)
    if head.startswith(b"\xff\xd8\xff"):
        return JpegCheck()
    if head.startswith(_TIFF):
        return TiffCheck(head)
    return _image(head) or _container(head) or _other(head) or _stump(head) or _textual(head)


class _StumpCheck(Check):
    """Of a file that ends within its own signature."""

    def finish(self, file: Opened) -> None:
        raise self.truncated()


def _stump(head: bytes) -> Check | None:
    # A bitmap's signature is two letters, with its size behind; its header alone has 26 bytes.
    if head.startswith(b"BM"[: len(head)]) and len(head) < 10:
        return _StumpCheck("image/bmp")
    return next((_StumpCheck(kind) for signature, kind in _SIGNATURES if signature.startswith(head)), None)


def _image(head: bytes) -> Check | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngCheck()
    if head.startswith((b"GIF87a", b"GIF89a")):
        return GifCheck()
    # "BM" alone may begin a text: the header's reserved bytes are zero, and its own size one of a few.
    if head.startswith(b"BM") and head[6:10] == b"\x00" * 4 and head[15:18] == b"\x00" * 3:
        return BmpCheck()
    return None


def _container(head: bytes) -> Check | None:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")):
        return ZipCheck()
    if head.startswith(_CFB):
        return OleCheck()
    if head.startswith(b"RIFF") and head[8:12] in _RIFF:
        return Check(_RIFF[head[8:12]])
    if head[4:8] == b"ftyp":
        brands = head[8:12] + head[16 : min(int.from_bytes(head[:4], "big"), 256)]
        if b"avif" in brands or b"avis" in brands:
            return Check("image/avif")
        return Check("image/heic" if _HEIF.search(brands) else "video/mp4")
    return None


def _other(head: bytes) -> Check | None:
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return Check(media_type)
    if head[128:132] == b"DICM":
        return Check("application/dicom")
    if head.startswith(b"\x01\x00\x00\x00") and head[40:44] == b" EMF":
        return Check("image/wmf")
    # Some bytes may stand before the header of a PDF: a server's answer, an archive's own header.
    start = pdf_start(head)
    return PdfCheck(start) if start >= 0 else None


def _textual(head: bytes) -> Check:
    text = head.replace(b"\x00", b"")
    for bom in _BOMS:
        text = text.removeprefix(bom)
    text = text.lstrip(_SPACE)
    if text.startswith(b"{\\rtf"):
        return RtfCheck()
    if text.startswith(b"[InternetShortcut]"):
        return Check("application/x-ms-shortcut")
    if text.startswith(b"<"):
        return _markup(text)
    if _MAIL.match(text) and _MAIL_FOR_SURE.search(text):
        return Check("message/rfc822")
    return TextCheck()


def _markup(text: bytes) -> Check:
    if _HTML.match(text) or (_XML.match(text) and b"<html" in text.lower()):
        return Check("text/html")
    if _SVG.search(text) and (_XML.match(text) or _SVG.match(text)):
        return Check("image/svg+xml")
    if text.startswith(b"<!--") and _HTML.search(text):
        return Check("text/html")
    return Check("application/xml") if _XML.match(text) else TextCheck()
