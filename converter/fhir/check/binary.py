"""One base64 string while it streams past: its alphabet and padding, and the size, SHA-1 and kind of what it holds."""

from __future__ import annotations

import hashlib
from binascii import Error as Base64Error
from collections.abc import Callable

import pybase64

from converter.payload import DocumentChecker, DocumentFindings

__all__ = ["KINDS", "Binary", "kind_of"]

_BLANKS = b" \t\r\n"
_XML_STARTS = (b"<", b"\xef\xbb\xbf<", b"\xff\xfe", b"\xfe\xff")
#: First bytes and the kind they tell (also the media type where there is one).
_MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"\x89PNG\r\n", "image/png"),
    (b"GIF8", "image/gif"),
    (b"{\\rtf", "text/rtf"),
    (b"PK\x03\x04", "application/zip"),
)

#: First bytes that are looked at.
_HEAD = 64
#: Media types that first bytes can tell.
KINDS = frozenset(kind for _, kind in _MAGIC)


def kind_of(head: bytes) -> str:
    """The kind of content that its first bytes tell: a media type, ``xml``, or ``""`` when they tell nothing."""
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return kind
    return "xml" if head.lstrip(_BLANKS).startswith(_XML_STARTS) else ""


class Binary:
    """Fed the characters of a JSON string, closed once. Never holds more than a block.

    ``fault`` is ``alphabet``, ``padding``, ``length``, ``blank`` (white space inside a group of four) or ``""``;
    ``blanks`` tells of white space between groups, which R4 allows. ``document`` is the outcome of the document's own
    check when the content looks like XML.
    """

    __slots__ = ("_checker", "_digest", "_held", "_left", "_open", "blanks", "document", "fault", "head", "size")

    def __init__(self, open_checker: Callable[[], DocumentChecker] | None = None) -> None:
        self.size = 0
        self.fault = ""
        self.blanks = False
        self.head = b""
        self.document: DocumentFindings | None = None
        self._open = open_checker
        self._checker: DocumentChecker | None = None
        self._digest = hashlib.sha1(usedforsecurity=False)
        self._left = b""
        self._held = b""

    @property
    def sha1(self) -> str:
        """SHA-1 of the decoded bytes in base64, as in ``Attachment.hash``."""
        return pybase64.b64encode(self._digest.digest()).decode()

    @property
    def kind(self) -> str:
        return kind_of(self.head)

    def feed(self, characters: bytes) -> None:
        """Characters as they stand in the file."""
        if self.fault:
            return
        if b" " in characters:
            self._spaced(characters)
            return
        characters = self._left + characters
        # The last group waits: only there may padding stand.
        ready = max(0, (len(characters) - 1) // 4 * 4)
        self._left = characters[ready:]
        if ready:
            self._decode(characters[:ready], last=False)

    def feed_escaped(self, characters: bytes) -> None:
        """Characters that were written as a JSON escape: white space between groups may stand so."""
        if characters in (b" ", b"\n", b"\r", b"\t"):
            self._blank()
        else:
            self.feed(characters)

    def close(self) -> None:
        """The end of the string."""
        if not self.fault and self._left:
            if len(self._left) % 4:
                self.fault = "length" if set(self._left) <= _ALPHABET else "alphabet"
            else:
                self._decode(self._left, last=True)
        self._left = b""
        if self._held:
            self._begin()
        if self._checker is not None:
            self.document = self._checker.close()

    def _spaced(self, characters: bytes) -> None:
        """Blanks need no escape."""
        for number, part in enumerate(characters.split(b" ")):
            if number:
                self._blank()
            if part:
                self.feed(part)

    def _blank(self) -> None:
        self.blanks = True
        if len(self._left) % 4:
            self.fault = self.fault or "blank"

    def _decode(self, characters: bytes, *, last: bool) -> None:
        if not last and b"=" in characters:
            self.fault = "padding"
            return
        try:
            decoded = pybase64.b64decode(characters, validate=True)
        except (Base64Error, ValueError):
            self.fault = "alphabet" if not set(characters) <= _ALPHABET else "padding"
            return
        if last and pybase64.b64encode(decoded) != characters:
            self.fault = "padding"  # bits beyond the last byte
            return
        self._pass(decoded)

    def _pass(self, decoded: bytes) -> None:
        self.size += len(decoded)
        self._digest.update(decoded)
        if len(self.head) < _HEAD:
            self.head += decoded[: _HEAD - len(self.head)]
        if self._checker is not None:
            self._checker.feed(decoded)
        elif self._open is not None:
            self._held += decoded
            if len(self._held) >= _HEAD:
                self._begin()

    def _begin(self) -> None:
        """Enough is known to tell whether this is a document; what was held back is its beginning."""
        if self._open is not None and self.kind == "xml":
            self._checker = self._open()
            self._checker.feed(self._held)
        self._open, self._held = None, b""


_ALPHABET = set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
