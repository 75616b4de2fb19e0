"""Zip containers of workbooks, opened with suspicion.

Sizes are checked against the directory, and for large parts against what really unpacks, before any library opens the
file; an XML part that declares a DOCTYPE is refused, so that no parser ever sees an entity of its own making.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from converter.diagnostics import Diagnostic, SourceError, SourceLocation
from converter.sources.limits import (
    MAX_EXPANDED_BYTES,
    MAX_PART_BYTES,
    MAX_PART_RATIO,
    MAX_ZIP_PARTS,
    SMALL_PART_BYTES,
)

__all__ = ["Container", "has_doctype"]

_PROLOG = 1 << 16
_BLOCK = 1 << 20
#: Deflate cannot do better than 1,032 to 1: a part this small cannot outgrow the limit of one part.
_HARMLESS = 1 << 18
_DOCTYPE = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_ENCRYPTED = 0x1
_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, NotImplementedError, KeyError)


def has_doctype(head: bytes) -> bool:
    """Whether the beginning of an XML document declares a document type, in any of the usual encodings."""
    return _DOCTYPE.search(head.replace(b"\x00", b"")) is not None


class Container:
    """A zip that passed the checks. SourceError: SRC-09 encrypted, SRC-11 damaged, SRC-12 too large, SRC-23 DOCTYPE."""

    def __init__(self, path: Path, file: str, trusted: bool = False) -> None:
        """``trusted``: this file passed the checks a moment ago."""
        self._file = file
        try:
            self._zip = zipfile.ZipFile(path)
        except _DAMAGE as error:
            raise self._refusal("SRC-11") from error
        try:
            if not trusted:
                self._check()
        except _DAMAGE as error:
            self._zip.close()
            raise self._refusal("SRC-11") from error
        except SourceError:
            self._zip.close()
            raise
        self.parts = {name.lstrip("/").replace("\\", "/").lower(): name for name in self._zip.namelist()}

    def __enter__(self) -> Container:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def _refusal(self, code: str, **params: str | int) -> SourceError:
        return SourceError(Diagnostic(code, SourceLocation(self._file), params))

    def _check(self) -> None:
        entries = self._zip.infolist()
        if len(entries) > MAX_ZIP_PARTS:
            raise self._refusal("SRC-12", what=f"> {MAX_ZIP_PARTS} parts")
        if any(entry.flag_bits & _ENCRYPTED for entry in entries):
            raise self._refusal("SRC-09", type="ZIP")
        total = 0
        for entry in entries:
            size = entry.file_size
            if entry.compress_size > _HARMLESS:
                size = max(size, self._measure(entry))
            if size > MAX_PART_BYTES or (size > SMALL_PART_BYTES and size > MAX_PART_RATIO * entry.compress_size):
                raise self._refusal("SRC-12", what=f"{size // 2**20} MiB")
            total += size
        if total > MAX_EXPANDED_BYTES:
            raise self._refusal("SRC-12", what=f"{total // 2**20} MiB")
        for entry in entries:
            if entry.filename.lower().endswith((".xml", ".rels", ".vml")):
                with self._zip.open(entry) as stream:
                    if has_doctype(stream.read(_PROLOG)):
                        raise self._refusal("SRC-23")

    def _measure(self, entry: zipfile.ZipInfo) -> int:
        """What a part really unpacks to: its directory entry may lie. Stops beyond the limit."""
        if entry.compress_type != zipfile.ZIP_DEFLATED:
            return entry.compress_size
        size, ratio_limit = 0, max(SMALL_PART_BYTES, MAX_PART_RATIO * entry.compress_size)
        for block in self._inflated(entry):
            size += len(block)
            if size > min(MAX_PART_BYTES, ratio_limit):
                break
        return size

    def _inflated(self, entry: zipfile.ZipInfo) -> Iterator[bytes]:
        """Unpacked blocks straight from the deflate stream, whatever size the directory claims."""
        claim, entry.file_size = entry.file_size, 2**62
        try:
            with self._zip.open(entry) as stream:
                while block := stream.read(_BLOCK):
                    yield block
        finally:
            entry.file_size = claim

    def size(self, part: str) -> int:
        """Unpacked bytes of a part, 0 when there is none."""
        name = self.parts.get(part.lstrip("/").lower())
        return self._zip.getinfo(name).file_size if name is not None else 0

    def read(self, part: str) -> bytes:
        """A whole part; b"" when there is none."""
        name = self.parts.get(part.lstrip("/").lower())
        if name is None:
            return b""
        try:
            return self._zip.read(name)
        except _DAMAGE as error:
            raise self._refusal("SRC-11") from error

    def blocks(self, part: str) -> Iterator[bytes]:
        """A part in blocks. SourceError when it is damaged."""
        name = self.parts.get(part.lstrip("/").lower())
        if name is None:
            return
        try:
            stream: IO[bytes]
            with self._zip.open(name) as stream:
                while block := stream.read(_BLOCK):
                    yield block
        except _DAMAGE as error:
            raise self._refusal("SRC-11") from error
