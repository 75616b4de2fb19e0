"""Reads a manifest of any size without holding it: its members one by one, its bundles one by one.

Any JSON is understood, whatever its layout: a receiver may have formatted the file. Text that is no JSON, a repeated
or deeply nested member, and a single value beyond :data:`MAX_VALUE` characters are refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

__all__ = ["MAX_VALUE", "BadManifestError", "Item", "members"]

#: Characters of one member or one bundle; a bundle of 10,000 documents has some 4 million.
MAX_VALUE = 64 * 1024 * 1024
_BLOCK = 1 << 16
_BLANK = " \t\r\n"
_AFTER = frozenset(_BLANK + ",:]}")


class BadManifestError(Exception):
    """The file is no JSON object, or not one that can be a manifest; ``reason`` is a fixed English word or two."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def members(path: Path, streamed: str) -> Iterator[tuple[str, Any]]:
    """The members of the object in the file, in order; array ``streamed`` as empty, then each of its items.

    Raises BadManifestError as soon as the text turns out wrong, OSError when it cannot be read.
    """
    with path.open(encoding="utf-8-sig", newline="") as stream:
        try:
            yield from _members(_Text(stream), streamed)
        except UnicodeDecodeError:
            raise BadManifestError("not UTF-8") from None
        except RecursionError:
            raise BadManifestError("nested too deeply") from None


def _members(text: _Text, streamed: str) -> Iterator[tuple[str, Any]]:
    names: set[str] = set()
    text.expect("{")
    while text.more("}", first=not names):
        name = text.value()
        if not isinstance(name, str) or name in names:
            raise BadManifestError("repeated member" if name in names else "not JSON")
        names.add(name)
        text.expect(":")
        if name == streamed and text.peek() == "[":
            yield name, []
            yield from ((name, Item(item)) for item in _items(text))
        else:
            yield name, text.value()
    if text.peek():
        raise BadManifestError("text after the end")


def _items(text: _Text) -> Iterator[Any]:
    text.expect("[")
    first = True
    while text.more("]", first=first):
        first = False
        yield text.value()


@dataclass(frozen=True, slots=True)
class Item:
    """One item of the streamed array."""

    value: Any


class _Text:
    """The characters ahead."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._ahead, self._at, self._ended = stream, "", 0, False
        self._decoder = json.JSONDecoder(object_pairs_hook=_distinct, parse_constant=_refuse)

    def peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            while self._at < len(self._ahead) and self._ahead[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._ahead) or not self._read():
                return self._ahead[self._at : self._at + 1]

    def expect(self, mark: str) -> None:
        if self.peek() != mark:
            raise BadManifestError("not JSON")
        self._at += 1

    def more(self, end: str, *, first: bool) -> bool:
        """Whether another item follows; takes the comma before it, or the end."""
        found = self.peek()
        if found == end:
            self._at += 1
            return False
        if not first:
            self.expect(",")
            if self.peek() == end:
                raise BadManifestError("not JSON")
        return True

    def value(self) -> Any:
        """The next value. One that is cut off at the end of what was read may be whole with what follows."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._ahead, self._at)
            except ValueError:
                value, end = None, None
            # A number may go on in the next block: 12 and 12.5 begin alike.
            if end is not None and (self._ended or self._ahead[end : end + 1] in _AFTER):
                self._at = end
                return value
            if len(self._ahead) - self._at > MAX_VALUE:
                raise BadManifestError("value too large")
            if not self._read() and end is None:
                raise BadManifestError("not JSON")

    def _read(self) -> bool:
        """Read on, twice as far as what is ahead: a long value is then parsed a few times, not once per block."""
        size = max(_BLOCK, len(self._ahead) - self._at)
        block = "" if self._ended else self._stream.read(size)
        self._ended = not block
        self._ahead = self._ahead[self._at :] + block
        self._at = 0
        return bool(block)


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise BadManifestError("repeated member")
    return found


def _refuse(constant: str) -> Any:
    raise BadManifestError("not JSON")
