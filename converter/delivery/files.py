"""Files that are complete or absent: written beside, flushed to the disk, renamed.

Every file is 0600 and every folder 0700. Temporary files live in the delivery's work folder only, on the same file
system as their target. A name is relative to the delivery, with ``/``.
"""

from __future__ import annotations

import errno
import filecmp
import hashlib
import io
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from typing_extensions import Buffer

from converter.delivery.failures import explained, failure

__all__ = [
    "FOLDERS",
    "MANIFEST",
    "PRODUCT",
    "SUMS",
    "UPDATE",
    "FileWriter",
    "NullWriter",
    "Pending",
    "Stamp",
    "Writer",
    "invalidate",
    "sha256_of",
    "stamp",
    "sync_folder",
]

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
RECORD = "run.json"
#: Of a delivery that brings an earlier one up to date: what to do with its patches, and what has gone.
UPDATE = "update.json"
#: Where products stand: bundles (flow 2), single documents (flow 1), JSON Patches (flow 3).
FOLDERS = ("bundles", "documents", "patches")
#: The only names that products have; anything else in these folders is not ours to list or to remove.
PRODUCT = re.compile(rf"(?:(?:{'|'.join(FOLDERS)})/[0-9A-Za-z][0-9A-Za-z._-]*\.json|{re.escape(UPDATE)})")
_BESIDE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]*")
_BLOCK = 1 << 20

#: size, mtime_ns, ctime_ns, inode: the same while nobody has touched the file.
Stamp = tuple[int, int, int, int]


class Writer(Protocol):
    """Where products go. Implementations are picklable: workers write, the main process keeps the journal."""

    def create(self, name: str) -> AbstractContextManager[BinaryIO]:
        """A binary stream for a new file, complete or absent; replaces a file of that name once the block ends well.

        Raises WriteError when the file system refuses; any exception of the block passes and leaves nothing behind.
        """


class Pending:
    """A file on its way: :meth:`complete` puts its bytes on the disk, :meth:`publish` gives it its name."""

    def __init__(self, target: Path, work: Path, name: str) -> None:
        self.target, self.name = target, name
        with explained(name):
            descriptor, temporary = tempfile.mkstemp(dir=work, suffix=".part")  # 0600 whatever the umask
        self.temporary = Path(temporary)
        self._raw = _ExplainedFile(descriptor, name)
        self.stream = cast(BinaryIO, io.BufferedWriter(self._raw, _BLOCK))

    def complete(self) -> None:
        self.stream.flush()
        with explained(self.name):
            os.fsync(self._raw.fileno())
            self._raw.close()

    def publish(self, *, sync: bool = True) -> None:
        """``sync`` False leaves it to the caller to make the name outlast a power cut, for many files at once."""
        with explained(self.name):
            self.temporary.replace(self.target)
            if sync:
                sync_folder(self.target.parent)

    def is_as_published(self) -> bool:
        """Whether the target has these very bytes already. To be asked once complete."""
        return self.target.is_file() and filecmp.cmp(self.temporary, self.target, shallow=False)

    def discard(self) -> None:
        """Leave nothing behind; does nothing to a published file."""
        # Closed below its buffer, which then has nowhere to write what is left in it.
        with suppress(OSError):
            self._raw.close()
            self.temporary.unlink(missing_ok=True)


class _ExplainedFile(io.FileIO):
    """Its own failures are told apart from those of the sources that are read while it is written."""

    def __init__(self, descriptor: int, name: str) -> None:
        super().__init__(descriptor, "wb")
        self._name = name

    def write(self, data: Buffer, /) -> int:
        try:
            return super().write(data)
        except OSError as error:
            raise failure(error, self._name) from error


@dataclass(frozen=True, slots=True)
class FileWriter:
    """Writes below ``root``, by way of ``work``. Manifest and sums go before the first product changes."""

    root: Path
    work: Path

    @contextmanager
    def create(self, name: str) -> Iterator[BinaryIO]:
        """See :class:`Writer`. ValueError for a name that is neither a product's nor a plain one: a bug."""
        is_product = _is_product(name)
        target = self.root / name
        with explained(name):
            target.parent.mkdir(mode=0o700, exist_ok=True)
        pending = Pending(target, self.work, name)
        try:
            yield pending.stream
            pending.complete()
            with explained(name):
                pending.temporary.stat()  # gone when a later run has cleared the work folder: it owns the manifest
                if is_product:
                    invalidate(self.root)
            pending.publish(sync=not is_product)  # the names of products: see Delivery.completed
        finally:
            pending.discard()

    @contextmanager
    def create_own(self, name: str) -> Iterator[BinaryIO]:
        """A file for the sender alone (rejects, record): complete or absent, and no concern of the manifest."""
        pending = Pending(self.root / name, self.work, name)
        try:
            yield pending.stream
            pending.complete()
            pending.publish()
        finally:
            pending.discard()

    @contextmanager
    def create_listed(self, name: str) -> Iterator[BinaryIO]:
        """A file beside the products that the manifest names: when its bytes are new, manifest and sums go first."""
        pending = Pending(self.root / name, self.work, name)
        try:
            yield pending.stream
            pending.complete()
            if pending.is_as_published():
                return
            with explained(name):
                invalidate(self.root)
            pending.publish()
        finally:
            pending.discard()


@dataclass(slots=True)
class NullWriter:
    """Writes nothing and counts, for a dry run; counts are those of this process."""

    files: int = 0
    bytes: int = 0

    @contextmanager
    def create(self, name: str) -> Iterator[BinaryIO]:
        _is_product(name)
        counter = _Counter()
        yield cast(BinaryIO, counter)
        self.files += 1
        self.bytes += counter.count

    @contextmanager
    def create_own(self, name: str) -> Iterator[BinaryIO]:
        yield cast(BinaryIO, _Counter())

    create_listed = create_own


class _Counter(io.RawIOBase):
    def __init__(self) -> None:
        self.count = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Buffer, /) -> int:
        size = memoryview(data).nbytes
        self.count += size
        return size


def invalidate(root: Path) -> None:
    """Remove sums, then manifest: to do before anything they list changes, so that they never say what is not so.

    The record of the run that wrote them goes along: a folder that a killed run leaves behind must not look complete.
    """
    removed = False
    for name in (SUMS, MANIFEST, RECORD):
        try:
            (root / name).unlink()
            removed = True
        except FileNotFoundError:
            continue
    if removed:
        sync_folder(root)


def stamp(path: Path) -> Stamp:
    """See :data:`Stamp`. A link is not followed. OSError when there is no file."""
    found = path.lstat()
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hex, streamed."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make renames and removals in the folder outlast a power cut, where the system can (Windows cannot)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # Some network file systems cannot sync a folder and say so.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(descriptor)


def _is_product(name: str) -> bool:
    """Whether the manifest lists it; a file beside the products (the record, the rejects) is the sender's own."""
    if PRODUCT.fullmatch(name):
        return True
    if not _BESIDE.fullmatch(name) or name in (MANIFEST, SUMS):
        folders = ", ".join(f"{folder}/…" for folder in FOLDERS)
        raise ValueError(f"a product's name is one of {folders}, of plain letters and digits, ending in .json")
    return False
