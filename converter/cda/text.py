"""Text as XML 1.0 can hold it and as a reader expects it."""

from __future__ import annotations

import re

__all__ = ["one_line", "printable"]

#: What XML 1.0 forbids (controls, lone surrogates, two non-characters), and marks that turn the direction of text.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_DIRECTION = re.compile("[\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069]")
_BREAKS = re.compile("\r\n?|[\x85\u2028\u2029]")


def printable(text: str) -> str:
    """The text with line breaks as ``\\n``, direction marks removed, forbidden characters shown as ``�``."""
    if text.isascii() and text.isprintable():
        return text
    return _FORBIDDEN.sub("\ufffd", _DIRECTION.sub("", _BREAKS.sub("\n", text)))


def one_line(text: str) -> str:
    """As :func:`printable`, on one line: names, titles, attributes (where XML makes blanks of breaks anyway)."""
    return " ".join(printable(text).split())
