"""A delivery folder being filled: what is complete stays, what is not is done again, nothing is removed unasked.

What holds at every instant, also after kill -9:

- a product is complete or absent (:mod:`converter.delivery.files`);
- a resident counts as complete once its line is in the journal, and that comes after its files;
- ``manifest.json`` lists only what is there: it is removed, with the sums, before the first product changes, and
  comes back at the end. A run that keeps everything leaves it untouched.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import count, takewhile
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from converter.delivery.entries import BundleEntry, ResidentEntry
from converter.delivery.failures import WriteError, explained
from converter.delivery.files import (
    FOLDERS,
    MANIFEST,
    PRODUCT,
    FileWriter,
    Stamp,
    invalidate,
    sha256_of,
    stamp,
    sync_folder,
)
from converter.delivery.journal import JOURNAL, JOURNAL_SCHEMA, Journal, Noted, journal_schema
from converter.delivery.lock import LOCK, Lock
from converter.delivery.manifest import manifest_schema_of, write_manifest
from converter.delivery.schema import MANIFEST_SCHEMA, head_schema
from converter.delivery.shape import faults
from converter.diagnostics import Diagnostic, OutputError, ProductLocation

__all__ = ["WORK", "Delivery", "open_delivery"]

#: The folder for temporary files: not there between two runs.
WORK = ".work"
#: What is in a folder that a run has opened and not got any further with.
_TRACES = {LOCK, WORK}
#: Residents noted, and seconds gone by, before names and notes are put on the disk together.
_GROUP, _GROUP_SECONDS = 64, 1.0


def open_delivery(path: Path, *, force: bool = False) -> Delivery:
    """The folder, made if need be, locked for this run; ``force`` redoes what an earlier run completed.

    OutputError when it cannot be written, holds something else (nothing is then touched) or is another run's.
    """
    path = path.absolute()
    with explained("."):
        _refuse_foreign(path)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = Lock(path / LOCK)
    try:
        with explained("."):
            _refuse_foreign(path)  # again: now nobody else fills it
        return _opened(path, lock, force)
    except BaseException:
        lock.release()
        raise


class Delivery:
    """See the module. A context manager; ``work`` is for temporary files and goes at the end."""

    def __init__(self, path: Path, work: Path, journal: Journal, lock: Lock, *, force: bool) -> None:
        self.path, self.work = path, work
        self.writer = FileWriter(path, work)
        self._journal, self._lock, self._force = journal, lock, force
        #: Journal places of the residents that this run completed, or found to be whole.
        self._current: set[int] = set()
        #: Residents noted since names and notes were last put on the disk, and when that was.
        self._unsynced, self._synced_at = 0, time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Remove the work folder and let other runs in. Harmless when repeated."""
        self._journal.close()
        shutil.rmtree(self.path / WORK, ignore_errors=True)
        self._lock.release()

    # ------------------------------------------------------------------------------------------------- residents

    def previous(self, resident: str) -> ResidentEntry | None:
        """What an earlier run (or this one) completed of a resident; None unless each file is there, as it was made.

        A file whose stamp is the noted one is taken as unchanged; any other is read and its SHA-256 compared.
        """
        noted = None if self._force else self._journal.read(resident)
        if noted is None:
            return None
        if not self._is_whole(noted):
            return None
        self._current.add(self._journal.place(resident))
        return noted.entry

    def completed(self, entry: ResidentEntry) -> None:
        """Note that a resident's files are written. A killed run loses nothing that was noted.

        The files' bytes are on the disk already; their names and the notes follow in groups, since syncing them one
        by one takes a third of the time of small bundles. A power cut may so forget the last group. That is sound: a
        note without its file is found out by :meth:`previous`, which looks at each file; a file without its note is
        made again, with the same bytes; and the manifest comes after all of them (:meth:`finish`).

        Files of an older version of the same resident that the entry no longer names are removed. OutputError when a
        file that the entry names is not there in its size. Nothing happens for an entry noted already.
        """
        stamps = tuple(self._stamp_of(b) for b in entry.bundles)
        old = self._journal.read(entry.resident)
        self._remove([*self._outdated(entry, old.entry if old else None)])
        self._journal.add(Noted(entry, stamps))
        self._current.add(self._journal.place(entry.resident))
        self._unsynced += 1
        if self._unsynced >= _GROUP or time.monotonic() - self._synced_at >= _GROUP_SECONDS:
            self._sync()

    # ------------------------------------------------------------------------------------------------- leftovers

    def leftovers(self, residents: Iterable[str]) -> list[str]:
        """Products in the folder that no entry of these residents names, sorted: they stem from an earlier run."""
        return self._unnamed({b.file for noted in self._known(residents) for b in noted.entry.bundles})

    def prune(self, files: Sequence[str]) -> None:
        """Remove files that :meth:`leftovers` named; an entry that named them is no longer a complete one."""
        self._remove(files)

    # ---------------------------------------------------------------------------------------------------- the end

    def finish(self, head: Mapping[str, Any], residents: Iterable[str]) -> None:
        """Write ``manifest.json`` (``head``; bundles in the order of ``residents``; totals), then the sums.

        ``head`` holds the first members of :func:`manifest_schema`, ``schema`` excepted; ValueError when it does not.
        Residents that were never completed are passed over; so are those that this run has not looked at and whose
        files are no longer whole. OutputError when a file that this run made or kept has gone meanwhile.
        """
        if wrong := [*faults({"schema": MANIFEST_SCHEMA} | dict(head), head_schema())]:
            raise ValueError(f"the manifest's head is not of its shape: {', '.join(wrong)}")
        self._sync()
        named: set[str] = set()
        write_manifest(self.path, self.work, head, self._listed(residents, named), lambda: self._unnamed(named))
        with suppress(WriteError):  # the old journal is as good, only longer
            self._journal.compact()

    # -------------------------------------------------------------------------------------------------- its parts

    def _sync(self) -> None:
        """Names first, though either order would do."""
        if self._unsynced:
            for folder in FOLDERS:
                with explained(folder), suppress(FileNotFoundError):
                    sync_folder(self.path / folder)
            self._journal.sync()
        self._unsynced, self._synced_at = 0, time.monotonic()

    def _known(self, residents: Iterable[str]) -> Iterator[Noted]:
        return (noted for resident in residents if (noted := self._journal.read(resident)) is not None)

    def _listed(self, residents: Iterable[str], named: set[str]) -> Iterator[ResidentEntry]:
        for noted in self._known(residents):
            if self._journal.place(noted.entry.resident) in self._current:
                for bundle in noted.entry.bundles:
                    self._stamp_of(bundle)
            elif not self._is_whole(noted):
                continue
            named.update(b.file for b in noted.entry.bundles)
            yield noted.entry

    def _unnamed(self, named: set[str]) -> list[str]:
        return sorted(file for file in _products(self.path) if file not in named)

    def _stamp_of(self, bundle: BundleEntry) -> Stamp:
        try:
            found = stamp(self.path / bundle.file)
        except FileNotFoundError:
            found = (-1, 0, 0, 0)
        except OSError as error:
            with explained(bundle.file):
                raise error
        if found[0] != bundle.size:
            raise OutputError(Diagnostic("DLV-09", ProductLocation(bundle.file), {"file": bundle.file}))
        return found

    def _is_whole(self, noted: Noted) -> bool:
        return all(self._is_unchanged(*pair) for pair in zip(noted.entry.bundles, noted.stamps, strict=True))

    def _is_unchanged(self, bundle: BundleEntry, noted: Stamp) -> bool:
        path = self.path / bundle.file
        try:
            found = stamp(path)
            if path.is_symlink() or not path.is_file() or found[0] != bundle.size:
                return False
            return found == noted or sha256_of(path) == bundle.sha256
        except OSError:
            return False  # what cannot be read cannot be kept

    def _outdated(self, entry: ResidentEntry, old: ResidentEntry | None) -> Iterator[str]:
        named = {b.file for b in entry.bundles}
        noted = {b.file for b in (old.bundles if old else ())}
        # A run that was killed may have written parts that it did not live to note: see product_name.
        unnoted = {
            name
            for folder in FOLDERS
            for series in _series(folder, entry.resident)
            for name in takewhile(lambda name: name in named or (self.path / name).is_file(), series)
        }
        yield from sorted((noted | unnoted) - named)

    def _remove(self, files: Sequence[str]) -> None:
        for number, file in enumerate(files):
            with explained(file):
                if not number:
                    invalidate(self.path)
                (self.path / file).unlink(missing_ok=True)


def product_name(folder: str, resident: str, number: int | None = None, width: int = 2) -> str:
    """The file of a resident: named by the digest, and numbered from 1 when there is more than one.

    A patch says so in its name: the receiver's answers are told apart by names alone.
    """
    stem = f"{folder}/{resident}-patch" if folder == "patches" else f"{folder}/{resident}"
    return f"{stem}.json" if number is None else f"{stem}-{number:0{width}d}.json"


def _series(folder: str, resident: str) -> Iterator[Iterator[str]]:
    """Every way in which the files of a resident may be numbered."""
    yield iter([product_name(folder, resident)])
    for width in (2, 3, 4):
        yield map(partial(product_name, folder, resident, width=width), count(1))


def _opened(path: Path, lock: Lock, force: bool) -> Delivery:
    try:
        with explained("."):
            work = _fresh_work(path)
        return Delivery(path, work, Journal(path / JOURNAL, work), lock, force=force)
    except BaseException:
        shutil.rmtree(path / WORK, ignore_errors=True)
        raise


def _products(path: Path) -> Iterator[str]:
    for folder in FOLDERS:
        if not (path / folder).is_dir():
            continue
        with explained(folder), os.scandir(path / folder) as found:
            for item in found:
                if PRODUCT.fullmatch(name := f"{folder}/{item.name}"):
                    yield name


def _fresh_work(path: Path) -> Path:
    """A new temporary folder; those of dead runs go, so that what a worker left of one still holds is never renamed."""
    folder = path / WORK
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    return Path(tempfile.mkdtemp(dir=folder))


def _refuse_foreign(path: Path) -> None:
    """OutputError unless the folder is absent, empty or a delivery of ours. OSError when it cannot be looked at."""
    if not path.exists() and not path.is_symlink():
        return
    names = {item.name for item in path.iterdir()}
    if not names or (LOCK in names and names <= _TRACES):
        return
    schemas = {
        journal_schema(path / JOURNAL) if JOURNAL in names else None,
        manifest_schema_of(path / MANIFEST) if MANIFEST in names else None,
    }
    if schemas & {JOURNAL_SCHEMA, MANIFEST_SCHEMA}:
        return
    raise OutputError(Diagnostic("DLV-07" if any(schemas) else "DLV-05", params={"folder": path.name}))
