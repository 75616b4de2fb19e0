"""Bytes that are streamed: literal pieces and files, some of them in base64.

A document is never held whole. The ``cda`` stage hands over a :class:`Payload` (header bytes, the scan in base64,
closing bytes); the ``fhir`` stage reads it once while it encodes, hashes and counts. Neither knows the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pybase64

__all__ = ["BLOCK", "ChangedFileError", "FilePart", "Payload"]

#: Bytes read at a time: a multiple of 3, so that each block encodes to whole base64 groups.
BLOCK = 3 * 256 * 1024


@dataclass(frozen=True, slots=True)
class FilePart:
    """The bytes of a file, as they are or in base64. ``size`` and ``sha256`` are what the reader must find again."""

    path: Path
    size: int
    sha256: str
    base64: bool = True


@dataclass(frozen=True, slots=True)
class Payload:
    """A document as a sequence of parts, and its media type."""

    parts: tuple[bytes | FilePart, ...]
    media_type: str

    @property
    def size(self) -> int:
        """Bytes the payload will have once streamed."""
        return sum(
            len(p) if isinstance(p, bytes) else (-(-p.size // 3) * 4 if p.base64 else p.size) for p in self.parts
        )

    def chunks(self) -> Iterator[bytes]:
        """The bytes in order. ChangedFileError when a file is no longer what was inspected; OSError when unreadable."""
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
            else:
                yield from _file_chunks(part)


class ChangedFileError(Exception):
    """A scan changed or shrank between its inspection and its reading."""


def _file_chunks(part: FilePart) -> Iterator[bytes]:
    digest, count = hashlib.sha256(), 0
    with part.path.open("rb") as stream:
        # A buffered read is short only at the end, which keeps base64 blocks aligned on 3 bytes.
        while block := stream.read(BLOCK):
            count += len(block)
            digest.update(block)
            yield pybase64.b64encode(block) if part.base64 else block
    if count != part.size or digest.hexdigest() != part.sha256:
        raise ChangedFileError
