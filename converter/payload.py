"""Bytes that are streamed: literal pieces and files, some of them in base64.

A document is never held whole. The ``cda`` stage hands over a :class:`Payload` (header bytes, the scan in base64,
closing bytes); the ``fhir`` stage reads it once while it encodes, hashes and counts. Neither knows the other.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pybase64

from converter.diagnostics import Diagnostic

__all__ = ["BLOCK", "ChangedFileError", "DocumentChecker", "DocumentFindings", "DocumentSummary", "FilePart", "Payload"]

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

    def beginning(self, limit: int) -> Iterator[bytes]:
        """As :meth:`chunks`, but only the first ``limit`` bytes (rounded to whole base64 groups) of each file.

        Enough to judge a document by everything but the length of its body, at a cost that no scan's size changes.
        """
        for part in self.parts:
            if isinstance(part, bytes):
                yield part
            else:
                with part.path.open("rb") as stream:
                    block = stream.read(limit - limit % 3)
                yield pybase64.b64encode(block) if part.base64 else block


@dataclass(frozen=True, slots=True)
class DocumentSummary:
    """What a document says of itself, in the words of FHIR where it has some; None for what it does not say.

    ``identifier`` is ``urn:oid:…`` or ``urn:uuid:…``, ``code_system`` an OID, ``effective_time`` HL7 TS text
    (``20231009101500+0200``), ``confidentiality`` a code.
    """

    identifier: str | None = None
    code: str | None = None
    code_system: str | None = None
    title: str | None = None
    language: str | None = None
    effective_time: str | None = None
    confidentiality: str | None = None


@dataclass(frozen=True, slots=True)
class DocumentFindings:
    """The outcome of a :class:`DocumentChecker`: ``summary`` is None when the document could not be read at all."""

    diagnostics: tuple[Diagnostic, ...] = ()
    summary: DocumentSummary | None = None


class DocumentChecker(Protocol):
    """Checks one document while it streams past: fed blocks in order, then closed once. Never raises on bad content."""

    def feed(self, data: bytes) -> None:
        """The next bytes of the document, in blocks of any size."""

    def close(self) -> DocumentFindings:
        """The end of the document: everything that was found."""


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
