"""Puts a delivery into parts that fit a medium, encrypted if asked: what the receiver gets, nothing of the sender's.

Each part is complete in itself: its share of the products, the manifest, the sums and the list of parts. A product is
never cut: one that does not fit into a part is an error that says so. Parts are written beside and renamed together at
the end; the delivery must be sound, and every product is hashed once more on its way.
"""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from converter.delivery.check import ListedFile, check_manifest
from converter.delivery.failures import explained, failure
from converter.delivery.files import MANIFEST, SUMS, sha256_of, sync_folder
from converter.delivery.parts import PARTS, Part, PartList
from converter.delivery.sealing import LEVEL, Sealing, sealing_of
from converter.diagnostics import Diagnostic, MappingError, ProductError, ProductLocation

__all__ = ["pack"]

_BLOCK = 1 << 20
#: What a member takes beside its compressed bytes and, twice, its name: headers, ZIP64 and AES fields, with room.
_MEMBER = 256
_ENDING = 256


def pack(
    delivery: Path,
    target: Path,
    *,
    part_bytes: int | None = None,
    passphrase: str | None = None,
    method: str = "zip",
    recipients: Sequence[str] = (),
) -> list[Path]:
    """The parts written: ``target`` (``.zip`` added) or, when there are several, ``<target>-01-of-03.zip``…

    ``method`` zip: AES-256 under ``passphrase``, or plain without; age: for ``recipients`` (public keys), or under a
    passphrase that age asks for. ProductError when the delivery is not sound, MappingError for wrong options (a part
    too small for a product included), OutputError when the target cannot be written.
    """
    sealing = sealing_of(method, passphrase, recipients)
    check = check_manifest(delivery, contents=False)
    if not check.is_sound:
        raise ProductError([d for d in check.diagnostics if d.is_error])
    plan = _Planning(delivery, target.name, sealing, part_bytes).plan([*check.files()])
    return _Packing(delivery, target, sealing, part_bytes).write(plan)


# ---------------------------------------------------------------------------------------------------------- planning


@dataclass(frozen=True, slots=True)
class _Plan:
    listing: PartList
    parts: Sequence[Sequence[ListedFile]]


@dataclass(frozen=True, slots=True)
class _Planning:
    """Which product goes into which part, in order; measured, so that a part is never larger than it may be."""

    delivery: Path
    name: str
    sealing: Sealing
    limit: int | None

    def plan(self, files: Sequence[ListedFile]) -> _Plan:
        if self._fits(self._most(files)):
            return _Plan(self._listing([files]), [files])
        with ThreadPoolExecutor() as threads:
            sizes = [*threads.map(self._member, (MANIFEST, SUMS, *(file.file for file in files)))]
        common = _ENDING + sum(sizes[:2])
        sizes = sizes[2:]
        room = _MEMBER
        while True:
            parts = self._dealt(files, sizes, common + room)
            listing = self._listing(parts)
            need = _size_of(PARTS, [listing.text()])
            if need <= room:
                return _Plan(listing, parts)
            room = need + need // 8  # the list of parts grows with the parts, which it makes more of

    def _most(self, files: Sequence[ListedFile]) -> int:
        """Bytes of one part for all, compressing nothing: no need to measure what fits as it is."""
        with _reading(MANIFEST):
            common = sum((self.delivery / name).stat().st_size for name in (MANIFEST, SUMS))
        size = common + sum(file.size for file in files)
        return size + size // 1000 + (len(files) + 4) * 2 * _MEMBER

    def _dealt(self, files: Sequence[ListedFile], sizes: Sequence[int], common: int) -> list[list[ListedFile]]:
        parts: list[list[ListedFile]] = [[]]
        filled = common
        for file, size in zip(files, sizes, strict=True):
            if parts[-1] and not self._fits(filled + size):
                parts.append([])
                filled = common
            filled += size
            if not self._fits(filled):
                raise self._too_small(file.file, filled)
            parts[-1].append(file)
        if not self._fits(filled):
            raise self._too_small(MANIFEST, filled)
        return parts

    def _fits(self, size: int) -> bool:
        return self.limit is None or self.sealing.bound(size) <= self.limit

    def _too_small(self, file: str, size: int) -> MappingError:
        need = self.sealing.bound(size)
        params: dict[str, str | int] = {"file": file, "limit": self.limit or 0, "need": need}
        return MappingError(Diagnostic("DLV-50", ProductLocation(file), params))

    def _member(self, name: str) -> int:
        return _size_of(name, _blocks(self.delivery, name))

    def _listing(self, parts: Sequence[Sequence[ListedFile]]) -> PartList:
        suffix = self.sealing.suffix
        stem, width = self.name.removesuffix(suffix), max(2, len(str(len(parts))))
        found = []
        for number, files in enumerate(parts, 1):
            place = f"-{number:0{width}d}-of-{len(parts):0{width}d}" if len(parts) > 1 else ""
            first = files[0].file if files else None
            found.append(Part(number, f"{stem}{place}{suffix}", first, len(files), sum(f.size for f in files)))
        with _reading(MANIFEST):
            return PartList(sha256_of(self.delivery / MANIFEST), tuple(found))


def _size_of(name: str, blocks: Iterable[bytes]) -> int:
    """Bytes that a file takes in a part, at most."""
    squeeze = zlib.compressobj(LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    size = sum(len(squeeze.compress(block)) for block in blocks)
    return size + len(squeeze.flush()) + _MEMBER + 2 * len(name)


# ----------------------------------------------------------------------------------------------------------- writing


@dataclass(frozen=True, slots=True)
class _Packing:
    delivery: Path
    target: Path
    sealing: Sealing
    limit: int | None

    def write(self, plan: _Plan) -> list[Path]:
        """Every part beside its place, then all of them in their places."""
        folder = self.target.absolute().parent
        with explained("."):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = [(folder / f".{part.file}.part", folder / part.file) for part in plan.listing.parts]
        try:
            for (temporary, path), files in zip(beside, plan.parts, strict=True):
                self._write_part(temporary, path.name, files, plan.listing)
            for temporary, path in beside:
                with explained(path.name):
                    temporary.replace(path)
            with explained("."):
                sync_folder(folder)
        finally:
            for temporary, _ in beside:
                with suppress(OSError):
                    temporary.unlink(missing_ok=True)
        return [path for _, path in beside]

    def _write_part(self, temporary: Path, name: str, files: Iterable[ListedFile], listing: PartList) -> None:
        with _new_file(temporary, name) as stream, self.sealing.archive(stream) as archive:
            self._copy(archive, MANIFEST, name)
            self._copy(archive, SUMS, name)
            text = listing.text()
            with self.sealing.member(archive, PARTS, len(text)) as member:
                member.write(text)
            for file in files:
                self._copy(archive, file.file, name, file.sha256)
        size = temporary.stat().st_size
        if self.limit is not None and size > self.limit:
            raise AssertionError(f"a part of {size} bytes was planned for {self.limit}")

    def _copy(self, archive: Any, file: str, part: str, sha256: str | None = None) -> None:
        digest = hashlib.sha256()
        with _reading(file):
            size = (self.delivery / file).stat().st_size
        with self.sealing.member(archive, file, size) as member:
            for block in _blocks(self.delivery, file):
                digest.update(block)
                with explained(part):
                    member.write(block)
        if sha256 is not None and digest.hexdigest() != sha256:
            raise ProductError(Diagnostic("DLV-26", ProductLocation(file), {"file": file}))


@contextmanager
def _new_file(path: Path, name: str) -> Iterator[BinaryIO]:
    """A file of its owner only, on the disk when the block ends; the remains of a killed run are written over."""
    with explained(name):
        path.unlink(missing_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "w+b") as stream:
        try:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        except OSError as error:
            raise failure(error, name) from error


def _blocks(delivery: Path, file: str) -> Iterator[bytes]:
    with _reading(file):
        stream = (delivery / file).open("rb")
    with stream:
        while True:
            with _reading(file):
                block = stream.read(_BLOCK)
            if not block:
                return
            yield block


@contextmanager
def _reading(file: str) -> Iterator[None]:
    """What cannot be read is the delivery's fault, not the target's."""
    try:
        yield
    except OSError as error:
        reason = str(failure(error, file).diagnostics[0].params["reason"])
        raise ProductError(Diagnostic("DLV-37", ProductLocation(file), {"file": file, "reason": reason})) from error
