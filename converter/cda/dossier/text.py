"""Text as XML 1.0 can hold it and as a reader expects it."""

from __future__ import annotations

import re

__all__ = ["printable"]

#: What XML 1.0 forbids (controls, lone surrogates, two non-characters), and marks that turn the direction of text.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_DIRECTION = re.compile("[\u202a-\u202e\u2066-\u2069]")
_BREAKS = re.compile("\r\n?|[\x85\u2028\u2029]")


def printable(text: str) -> str:
    """The text with line breaks as ``\\n``, direction overrides removed, forbidden characters shown as ``�``."""
    return _FORBIDDEN.sub("\ufffd", _DIRECTION.sub("", _BREAKS.sub("\n", text)))
