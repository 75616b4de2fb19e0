"""Plain text: which characters its bytes are. UTF-8 is a body as it is, anything else is named."""

from __future__ import annotations

import codecs
import unicodedata

from converter.diagnostics import SourceError
from converter.sources.scans.check import Check, Opened
from converter.sources.scans.kinds import CHARSET
from converter.sources.scans.limits import HEAD
from converter.sources.scans.problems import ScanError

__all__ = ["CHARSETS", "UNCLEAR", "TextCheck"]

#: Registered names of the encodings that are told apart (IANA), by Python's.
CHARSETS = {
    "cp1252": "windows-1252",
    "iso8859-15": "iso-8859-15",
    "cp850": "ibm850",
    "mac-roman": "macintosh",
    "utf-16-le": "utf-16le",
    "utf-16-be": "utf-16be",
    "utf-32-le": "utf-32le",
    "utf-32-be": "utf-32be",
}
#: RFC 1428: text of which nobody knows the encoding; here, one that mixes several.
UNCLEAR = "unknown-8bit"
#: Control characters that printers' and DOS texts hold are no surprise; one byte in so many is no text.
_TEXT = bytes(b for b in range(256) if b >= 32 and b != 127) + b"\x07\x08\t\n\x0b\x0c\r\x1a\x1b"
_RARE = 200
_NO_TEXT = frozenset(("Cc", "Cn", "Co", "Cs"))


class TextCheck(Check):
    """Decodes while the file is read."""

    def __init__(self) -> None:
        super().__init__("text/plain")
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._utf8 = True
        self._controls = 0
        self._nul = False

    def feed(self, block: bytes) -> None:
        odd = block.translate(None, _TEXT)
        self._controls += len(odd)
        self._nul = self._nul or b"\x00" in odd
        if self._utf8:
            try:
                self._decoder.decode(block)
            except UnicodeDecodeError:
                self._utf8 = False

    def finish(self, file: Opened) -> None:
        if self._utf8 and not self._decoder.getstate()[0] and not self._nul:
            if self._controls * _RARE > file.size:
                raise ScanError("SCAN-25")
            if file.read(0, 3) == codecs.BOM_UTF8:
                self.note("SCAN-76")
            return
        codec = _codec(file)
        wide = codec.startswith(("utf-16", "utf-32"))
        if _is_garbage(file, codec) if wide else self._nul or self._controls * _RARE > file.size:
            raise ScanError("SCAN-25")
        self.media_type += CHARSET + (UNCLEAR if codec == "utf-8" else CHARSETS.get(codec, codec))


def _codec(file: Opened) -> str:
    """The encoding by the ladder of the table readers. ScanError when the bytes are no text in any."""
    from converter.sources.encoding import detect

    try:
        return detect(file.path, "", None).codec
    except SourceError:
        raise ScanError("SCAN-25") from None


def _is_garbage(file: Opened, codec: str) -> bool:
    """Almost any bytes decode as UTF-16; few of them make characters that exist."""
    text = file.read(0, HEAD).decode(codec, "ignore")
    odd = sum(unicodedata.category(c) in _NO_TEXT and c not in "\t\n\r\x0c" for c in text)
    return odd * 20 > len(text)
