"""A strict JSON reader for files of any size: attachments stream past, entries come one at a time.

The text is cut, not parsed, here: strings and brackets are followed; every string value of a key ``data`` goes
through a :class:`Binary` and every object in the root's ``entry`` list is set aside. What is left of an entry, or of
the root, is small and goes to the standard parser, with the gaps marked by ``NaN`` and ``-Infinity``: constants that
are no JSON, and are refused wherever the file itself holds them. Duplicate keys, byte order mark, invalid UTF-8,
unbalanced or trailing text, nesting and size limits are all reported.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, BinaryIO

from converter.fhir.check.binary import Binary

__all__ = ["ENTRY", "MAX_DEPTH", "MAX_STRING", "MAX_UNIT", "JsonObject", "Unit", "read", "without"]

BLOCK = 1 << 20
#: Stated limits: of nesting, of one string other than an attachment, of an entry (or the root) without attachments.
MAX_DEPTH = 64
MAX_STRING = 1 << 20
MAX_UNIT = 16 << 20

_TOKEN = re.compile(rb'["{}\[\]]')
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BLANKS = b" \t\r\n"
_ESCAPES = {
    b"/": b"/", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f", b'"': b'"', b"\\": b"\\",
}  # fmt: skip


class _Entry:
    """Stands in the root's ``entry`` list for an object that was handed out as a unit."""


ENTRY = _Entry()


class JsonObject(dict[str, Any]):
    """A JSON object that remembers the keys it held twice."""

    __slots__ = ("duplicates",)
    duplicates: tuple[str, ...]


def without(value: dict[str, Any], name: str) -> JsonObject:
    """The object without one of its elements; what it held twice stays known."""
    rest = JsonObject({key: item for key, item in value.items() if key != name})
    rest.duplicates = value.duplicates if isinstance(value, JsonObject) else ()
    return rest


@dataclass(slots=True)
class Unit:
    """One entry (``index`` from 0), or the root (None) at the end. ``problems``: code, byte offset in the file."""

    index: int | None
    value: Any
    problems: list[tuple[str, int]] = field(default_factory=list)


class _Stop(Exception):
    """Reading cannot go on: a code and where."""

    def __init__(self, code: str, offset: int) -> None:
        super().__init__(code)
        self.code, self.offset = code, offset


def read(stream: BinaryIO, open_binary: Callable[[], Binary] = Binary) -> Iterator[Unit]:
    """Every entry, then the root. The root comes with value None when the text stops making sense before its end."""
    yield from _Reader(stream, open_binary).units()


@dataclass(slots=True)
class _Residue:
    """What is left of one unit once attachments and entries are cut out."""

    offset: int
    index: int | None
    pieces: list[bytes] = field(default_factory=list)
    size: int = 0
    binaries: list[Binary] = field(default_factory=list)
    problems: list[tuple[str, int]] = field(default_factory=list)

    def put(self, piece: bytes, offset: int) -> None:
        self.size += len(piece)
        if self.size > MAX_UNIT:
            raise _Stop("BDL-06", offset)
        self.pieces.append(piece)


class _Reader:
    def __init__(self, stream: BinaryIO, open_binary: Callable[[], Binary]) -> None:
        self._stream = stream
        self._open_binary = open_binary
        self._buffer = b""
        self._at = 0  # next byte of the buffer
        self._base = 0  # offset in the file of the buffer's first byte
        self._ended = False
        self._stack = bytearray()
        self._root = self._residue = _Residue(0, None)
        self._root_key = b""
        self._data_next = False
        self._entries = 0

    def units(self) -> Iterator[Unit]:
        try:
            self._skip_mark()
            yield from self._cut()
        except _Stop as stop:
            yield Unit(None, None, [*self._root.problems, (stop.code, stop.offset)])
            return
        yield _parse(self._root)

    def _cut(self) -> Iterator[Unit]:
        done = False
        while (token := self._next_token()) is not None:
            if done:
                raise _Stop("BDL-07", self._offset)
            if token == b'"':
                self._string()
            elif token in b"{[":
                self._open(token)
            elif (unit := self._close(token)) is not None:
                yield unit
            done = not self._stack
        if self._stack or not done:
            raise _Stop("BDL-01", self._offset)

    # ------------------------------------------------------------------------------------------------- the text

    @property
    def _offset(self) -> int:
        return self._base + self._at

    def _refill(self) -> bool:
        block = b"" if self._ended else self._stream.read(BLOCK)
        if not block:
            self._ended = True
            return False
        self._base += self._at
        self._buffer = self._buffer[self._at :] + block
        self._at = 0
        return True

    def _skip_mark(self) -> None:
        while len(self._buffer) < 3 and self._refill():
            pass
        if self._buffer.startswith(b"\xef\xbb\xbf"):
            self._root.problems.append(("BDL-03", 0))
            self._at = 3

    def _next_token(self) -> bytes | None:
        """The next quote or bracket, not taken; what stands before it goes to the residue."""
        while (found := _TOKEN.search(self._buffer, self._at)) is None:
            rest = self._buffer[self._at :].lstrip(_BLANKS)
            self._at = len(self._buffer) - len(rest)
            if len(rest) > MAX_STRING:
                raise _Stop("BDL-01", self._offset)
            if not self._refill():
                if rest:
                    raise _Stop("BDL-01" if self._stack or not self._root.size else "BDL-07", self._offset)
                return None
        between = self._buffer[self._at : found.start()].strip(_BLANKS)
        if between:
            self._between(between)
        self._at = found.start()
        return found.group()

    def _between(self, text: bytes) -> None:
        if not self._stack:
            raise _Stop("BDL-07" if self._root.size else "BDL-01", self._offset)
        if b"N" in text or b"I" in text:  # NaN and Infinity mark our gaps: no file may hold them
            raise _Stop("BDL-01", self._offset)
        self._data_next = False
        self._residue.put(text, self._offset)

    # ----------------------------------------------------------------------------------------------- its tokens

    def _open(self, bracket: bytes) -> None:
        self._data_next = False
        if len(self._stack) >= MAX_DEPTH:
            raise _Stop("BDL-05", self._offset)
        if bracket == b"{" and bytes(self._stack) == b"{[" and self._root_key == b"entry":
            self._root.put(b"-Infinity", self._offset)
            self._residue = _Residue(self._offset, self._entries)
            self._entries += 1
        self._stack += bracket
        self._residue.put(bracket, self._offset)
        self._at += 1

    def _close(self, bracket: bytes) -> Unit | None:
        self._data_next = False
        if not self._stack or bytes(self._stack[-1:]) != (b"{" if bracket == b"}" else b"["):
            raise _Stop("BDL-01", self._offset)
        self._stack.pop()
        self._residue.put(bracket, self._offset)
        self._at += 1
        if len(self._stack) == 2 and self._residue is not self._root:
            unit, self._residue = _parse(self._residue), self._root
            return unit
        return None

    def _string(self) -> None:
        if not self._stack:
            raise _Stop("BDL-01", self._offset)
        if self._data_next:
            self._data_next = False
            self._binary()
            return
        text, is_key = self._whole_string()
        if is_key:
            if len(self._stack) == 1:
                self._root_key = text[1:-1]
            self._data_next = text == b'"data"'
            text += b":"
        self._residue.put(text, self._offset)

    def _whole_string(self) -> tuple[bytes, bool]:
        """A string with its quotes, and whether a colon follows it (then taken too)."""
        while True:
            found = _STRING.match(self._buffer, self._at)
            if found is not None:
                end = found.end()
                while end < len(self._buffer) and self._buffer[end] in _BLANKS:
                    end += 1
                if end < len(self._buffer) or self._ended:
                    break
            if len(self._buffer) - self._at > MAX_STRING + BLOCK:
                raise _Stop("BDL-06", self._offset)
            if not self._refill() and found is None:
                raise _Stop("BDL-01", self._offset)
        if len(found.group()) > MAX_STRING:
            raise _Stop("BDL-06", self._offset)
        is_key = self._buffer[end : end + 1] == b":"
        self._at = end + is_key
        return found.group(), is_key

    # ----------------------------------------------------------------------------------------------- attachments

    def _binary(self) -> None:
        binary = self._open_binary()
        self._at += 1
        while True:
            quote = self._buffer.find(b'"', self._at)
            escape = self._buffer.find(b"\\", self._at, quote if quote >= 0 else len(self._buffer))
            end = escape if escape >= 0 else quote if quote >= 0 else len(self._buffer)
            if end > self._at:
                binary.feed(self._buffer[self._at : end])
                self._at = end
            if escape >= 0:
                self._escape(binary)
            elif quote >= 0:
                break
            elif not self._refill():
                binary.close()
                raise _Stop("BDL-01", self._offset)
        self._at += 1
        binary.close()
        self._residue.binaries.append(binary)
        self._residue.put(b"NaN", self._offset)

    def _escape(self, binary: Binary) -> None:
        while len(self._buffer) - self._at < 6 and self._refill():
            pass
        letter = self._buffer[self._at + 1 : self._at + 2]
        if letter == b"u":
            digits = self._buffer[self._at + 2 : self._at + 6]
            if not re.fullmatch(rb"[0-9A-Fa-f]{4}", digits):
                raise _Stop("BDL-01", self._offset)
            binary.feed_escaped(chr(int(digits, 16)).encode("utf-8", "surrogatepass"))
            self._at += 6
        elif letter in _ESCAPES:
            binary.feed_escaped(_ESCAPES[letter])
            self._at += 2
        else:
            raise _Stop("BDL-01", self._offset)


def _parse(residue: _Residue) -> Unit:
    binaries = iter(residue.binaries)
    unit = Unit(residue.index, None, residue.problems)
    text = b" ".join(residue.pieces)
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        unit.problems.append(("BDL-02", residue.offset))
        decoded = text.decode("utf-8", "replace")
    try:
        unit.value = json.loads(
            decoded,
            object_pairs_hook=_object,
            parse_float=Decimal,
            parse_constant=lambda name: next(binaries) if name == "NaN" else ENTRY,
        )
    except (ValueError, RecursionError):
        unit.problems.append(("BDL-01", residue.offset))
    return unit


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    found = JsonObject(pairs)
    found.duplicates = ()
    if len(found) != len(pairs):
        seen: set[str] = set()
        found.duplicates = tuple(dict.fromkeys(k for k, _ in pairs if k in seen or seen.add(k)))  # type: ignore[func-returns-value]
    return found
