r"""RTF: the outer group is closed. Clause: RTF specification 1.9.1, "Syntax" (groups, escapes, ``\bin``)."""

from __future__ import annotations

import re

from converter.sources.scans.check import Check, Opened

__all__ = ["RtfCheck"]

_TOKEN = re.compile(rb"\\bin(\d{1,10}) ?|\\[\\{}]|[{}]")
#: Longest token: one that a block may cut is looked at again with the next block.
_LONGEST = 16


class RtfCheck(Check):
    """Counts braces while the file is read."""

    def __init__(self) -> None:
        super().__init__("text/rtf")
        self._rest = b""
        self._depth = 0
        self._skip = 0
        self._closed = False

    def feed(self, block: bytes) -> None:
        if not self._closed:
            data = self._rest + block
            self._rest = data[self._walk(data, max(len(data) - _LONGEST, 0)) :]

    def _walk(self, data: bytes, whole: int) -> int:
        """Takes the tokens that begin before ``whole``; returns where to go on."""
        at = 0
        while not self._closed:
            step = min(self._skip, len(data) - at)
            self._skip -= step
            at += step
            match = _TOKEN.search(data, at)
            if match is None or match.start() >= whole:
                break
            at = match.end()
            self._take(match)
        return max(at, whole)

    def _take(self, match: re.Match[bytes]) -> None:
        token = match[0]
        if match[1] is not None:
            self._skip = int(match[1])
        elif token == b"{":
            self._depth += 1
        elif token == b"}":
            self._depth -= 1
            self._closed = self._depth <= 0

    def finish(self, file: Opened) -> None:
        self._walk(self._rest, len(self._rest))
        if not self._closed:
            raise self.truncated()
