"""Base64 inside XML while it streams past: alphabet and padding, and the kind of file that its first bytes tell."""

from __future__ import annotations

from binascii import Error as Base64Error

import pybase64

__all__ = ["Media", "agrees"]

_HEAD = 1024
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
    (b"{\\rtf", "text/rtf"),
    (b"\x89PNG\r\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"PK\x03\x04", "application/zip"),
    (b"\xd0\xcf\x11\xe0", "application/x-ole-storage"),
)
_SNIFFED = frozenset(kind for _, kind in _MAGIC)
_ALIASES = {"application/rtf": "text/rtf", "image/jpg": "image/jpeg", "image/tif": "image/tiff"}


class Media:
    """Fed the text of one element, closed once. ``fault`` is ``alphabet``, ``padding``, or ``""``."""

    __slots__ = ("_ended", "_left", "fault", "head", "size")

    def __init__(self) -> None:
        self.fault = ""
        self.head = b""
        self.size = 0
        self._left = ""
        self._ended = False

    def feed(self, text: str) -> None:
        """The next characters, in pieces of any size; white space between them does not count (xs:base64Binary)."""
        if self.fault:
            return
        text = self._left + "".join(text.split())
        whole = len(text) & ~3
        self._left = text[whole:]
        if not whole:
            return
        if self._ended:  # something follows the padding
            self.fault = "padding"
            return
        self._decode(text[:whole])

    def _decode(self, text: str) -> None:
        try:
            data = pybase64.b64decode(text, validate=True)
        except (Base64Error, ValueError):
            self.fault = "padding" if "=" in text.rstrip("=") or text.endswith("===") else "alphabet"
            return
        self._ended = text.endswith("=")
        self.size += len(data)
        if len(self.head) < _HEAD:
            self.head += data[: _HEAD - len(self.head)]

    def close(self) -> None:
        if not self.fault and self._left:
            self.fault = "padding"


def agrees(media_type: str, head: bytes) -> bool:
    """Whether content that starts like this can be of this media type."""
    media_type = media_type.partition(";")[0].strip().lower()
    media_type = _ALIASES.get(media_type, media_type)
    found = next((kind for magic, kind in _MAGIC if head.startswith(magic)), "")
    if media_type == "application/pdf":
        return b"%PDF-" in head  # readers accept a PDF that starts within the first 1024 bytes
    if media_type in _SNIFFED and media_type != "application/zip":
        return found == media_type
    if media_type == "text/plain":
        return b"\0" not in head and found in {"", "image/bmp"}
    return True
