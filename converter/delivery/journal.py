"""``journal.jsonl``: which residents are complete, one line each, appended at once, flushed to the disk in groups.

The journal may be killed at any instant, and the power may go. Each line carries the beginning of the SHA-256 of what
it says; a torn or damaged line is as if it had never been written, and its resident is done again. Later lines win.
The first line says whose journal it is; it is made beside and renamed, so that a journal without it is not ours::

    {"check":"0123456789abcdef","says":{"schema":"dui-converter/journal/1"}}
    {"check":"…","says":{"resident":"<digest>","fingerprint":"…","bundles":[…],"memo":{…},"stamps":[[…]]}}

Memory holds one offset per resident.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from converter.delivery.entries import ResidentEntry, entry_of, entry_record
from converter.delivery.failures import explained
from converter.delivery.files import Pending, Stamp

__all__ = ["JOURNAL", "JOURNAL_SCHEMA", "Journal", "Noted", "journal_schema"]

JOURNAL = "journal.jsonl"
JOURNAL_SCHEMA = "dui-converter/journal/1"

_HEAD, _MIDDLE, _TAIL = b'{"check":"', b'","says":', b"}\n"
_CHECK_SIZE = 16
_OPENING = len(_HEAD) + _CHECK_SIZE + len(_MIDDLE)
_RESIDENT = re.compile(rb'\{"resident":"([^"\\]+)",')


@dataclass(frozen=True, slots=True)
class Noted:
    """An entry, and the stamp of each of its files when it was noted, in the order of its bundles."""

    entry: ResidentEntry
    stamps: tuple[Stamp, ...]


class Journal:
    """An open journal: made if there is none. To be used by one process, under the delivery's lock."""

    def __init__(self, path: Path, work: Path) -> None:
        self._path, self._work = path, work
        with explained(JOURNAL):
            # One that has lost its first line says nothing that can be relied on: everything is done again.
            if not path.exists() or journal_schema(path) != JOURNAL_SCHEMA:
                self._create([])
            self._open()

    def read(self, resident: str) -> Noted | None:
        """What was noted last of a resident; None for an unknown one, or when the line is no longer whole."""
        says = _said(self._line_of(resident))
        return None if says is None else _noted(says)

    def place(self, resident: str) -> int:
        """Where a resident's line is: another place for another line. -1 for an unknown resident."""
        return self._offsets.get(resident, -1)

    def add(self, noted: Noted) -> None:
        """Note a resident: a killed process loses nothing then, a power cut what :meth:`sync` has not seen.

        WriteError leaves the journal as it was.
        """
        resident = noted.entry.resident
        line = _line(entry_record(noted.entry) | {"stamps": [list(s) for s in noted.stamps]})
        if line == self._line_of(resident):
            return
        with explained(JOURNAL):
            self._append(line)
        self._superseded += resident in self._offsets
        self._offsets[resident] = self._end
        self._end += len(line)

    def sync(self) -> None:
        """Put every line on the disk."""
        with explained(JOURNAL):
            os.fsync(self._out.fileno())

    def compact(self) -> None:
        """Write the journal anew when more than half of its lines say nothing any more; old or new, never neither."""
        if self._superseded > len(self._offsets):
            with explained(JOURNAL):
                self._create(self._line_of(resident) for resident in self._offsets)
                self.close()
                self._open()

    def close(self) -> None:
        self._in.close()
        self._out.close()

    # ------------------------------------------------------------------------------------------------- the file

    def _create(self, lines: Iterable[bytes]) -> None:
        pending = Pending(self._path, self._work, JOURNAL)
        try:
            pending.stream.write(_line({"schema": JOURNAL_SCHEMA}))
            for line in lines:
                pending.stream.write(line)
            pending.complete()
            pending.publish()
        finally:
            pending.discard()

    def _open(self) -> None:
        self._offsets: dict[str, int] = {}
        self._superseded = 0
        self._in: BinaryIO = self._path.open("rb")
        # Unbuffered: what could not be written is then nowhere, and does not come back at the next attempt.
        self._out: BinaryIO = self._path.open("r+b", buffering=0)
        self._end = self._scan()
        # What stands behind the last whole line was torn; the next line must not be glued to it.
        if self._end < self._path.stat().st_size:
            self._out.truncate(self._end)

    def _scan(self) -> int:
        """Fill the offsets; gives the end of the last line that has one."""
        offset = 0
        for line in self._in:
            if not line.endswith(b"\n"):
                break
            says = _said(line)
            if says is not None and (found := _RESIDENT.match(says)):
                resident = found[1].decode()
                self._superseded += resident in self._offsets
                self._offsets[resident] = offset
            elif offset:
                self._superseded += 1
            offset += len(line)
        return offset

    def _append(self, line: bytes) -> None:
        self._out.seek(self._end)
        rest = memoryview(line)
        try:
            while rest:
                rest = rest[self._out.write(rest) :]
        except OSError:
            with suppress(OSError):
                self._out.truncate(self._end)
            raise

    def _line_of(self, resident: str) -> bytes:
        offset = self._offsets.get(resident)
        if offset is None:
            return b""
        with explained(JOURNAL):
            self._in.seek(offset)
            return self._in.readline()


def journal_schema(path: Path) -> str | None:
    """The schema that a journal's first line names; None when the file is no journal of this program. OSError."""
    with path.open("rb") as stream:
        says = _said(stream.readline(1024))
    try:
        schema = json.loads(says or b"null")["schema"]
    except (ValueError, TypeError, KeyError):
        return None
    return schema if isinstance(schema, str) else None


def _line(record: dict[str, Any]) -> bytes:
    says = json.dumps(record, ensure_ascii=True, separators=(",", ":"), allow_nan=False).encode()
    return _HEAD + _check(says) + _MIDDLE + says + _TAIL


def _said(line: bytes) -> bytes | None:
    """What a line says, or None when a byte of it is missing or wrong."""
    says = line[_OPENING : -len(_TAIL)]
    return says if line == _HEAD + _check(says) + _MIDDLE + says + _TAIL else None


def _check(says: bytes) -> bytes:
    return hashlib.sha256(says).hexdigest()[:_CHECK_SIZE].encode()


def _noted(says: bytes) -> Noted | None:
    try:
        record = json.loads(says)
        stamps = tuple((int(a), int(b), int(c), int(d)) for a, b, c, d in record["stamps"])
        entry = entry_of(record)
        return Noted(entry, stamps) if len(stamps) == len(entry.bundles) else None
    except (ValueError, TypeError, KeyError):
        return None  # whole, but of a shape that this version does not know: done again
