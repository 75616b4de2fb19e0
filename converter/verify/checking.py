"""Every file of the target through the checks, several at a time where that helps; then what ties them together.

Findings come in the order of the files, whatever the number of processes. A process that is killed loses nothing:
its files, and those after them, are checked in this one.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

from converter.cda import CdaChecker
from converter.diagnostics import Diagnostic, ProductLocation
from converter.fhir import RELEASES, Release
from converter.fhir.check import CheckedFile, Registry, check_file
from converter.verify.result import VerifyResult
from converter.verify.target import Target, Unit, choose_release, open_target

__all__ = ["verify"]

#: Bytes for which a pool of processes costs more than it brings.
_HANDFUL = 16 << 20


def verify(
    target: Path, release: str | None = None, jobs: int | None = None, step: Callable[[int], None] | None = None
) -> VerifyResult:
    """Check one file, a delivery, or a folder of bundles. ``jobs`` None means one per processor.

    ``step`` is called with the number of files once that is known, then with 0 after each file. Raises SourceError when
    the target cannot be read, MappingError when ``release`` does not exist.
    """
    opened = open_target(target)
    chosen, origin, notes = choose_release(opened, release)
    if step is not None:
        step(len(opened.units))
    return _result(opened, chosen, origin, notes, jobs, step or _no_step)


def _no_step(count: int) -> None:
    """Nobody watches."""


def _result(
    target: Target,
    release: Release,
    origin: str,
    notes: list[Diagnostic],
    jobs: int | None,
    step: Callable[[int], None],
) -> VerifyResult:
    found = [*notes, *target.diagnostics]
    registry, documents = Registry(), 0
    for unit, checked in zip(target.units, _checked(target.units, release, jobs), strict=True):
        found += checked.diagnostics
        found += _against_manifest(unit, checked)
        found += _elsewhere(unit, checked, registry)
        documents += len(checked.documents)
        step(0)
    total = sum(_size(unit.path) for unit in target.units)
    name = target.path.name or str(target.path)
    return VerifyResult(name, release.name, origin, len(target.units), documents, total, tuple(found))


# ----------------------------------------------------------------------------------------------- file after file


def _checked(units: Sequence[Unit], release: Release, jobs: int | None) -> Iterator[CheckedFile]:
    workers = min(jobs if jobs is not None else os.cpu_count() or 1, len(units))
    check = partial(_check, release.name)
    if workers < 2 or sum(_size(unit.path) for unit in units) < _HANDFUL:
        yield from map(check, units)
        return
    done = 0
    try:
        # Forking is refused where threads run, and differs between systems: a fresh process is the same everywhere.
        with ProcessPoolExecutor(workers, get_context("forkserver"), _ignore_interrupt) as pool:
            for checked in pool.map(check, units):
                yield checked
                done += 1
    except BrokenProcessPool:
        yield from map(check, islice(units, done, None))


def _ignore_interrupt() -> None:
    """Ctrl-C is the main process's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _check(release: str, unit: Unit) -> CheckedFile:
    chosen = RELEASES[release]
    return check_file(unit.path, chosen, unit.name, cda_check=partial(CdaChecker, chosen.cda_state))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


# ----------------------------------------------------------------------------------------- what ties files together


def _against_manifest(unit: Unit, checked: CheckedFile) -> Iterator[Diagnostic]:
    """The documents that the manifest announces in a file are those that it holds, in that order."""
    held = tuple(d.identifier for d in checked.documents)
    if unit.identifiers is not None and held != unit.identifiers:
        said, missing = len(unit.identifiers), len(set(unit.identifiers) - set(held))
        params = {"said": said, "found": len(held), "missing": missing}
        yield Diagnostic("VER-06", ProductLocation(unit.name), params)


def _elsewhere(unit: Unit, checked: CheckedFile, registry: Registry) -> Iterator[Diagnostic]:
    """Documents that an earlier file of the target holds too."""
    for document in checked.documents:
        other = registry.claim(document.key, unit.name) if document.key is not None else None
        if other is not None:
            place = ProductLocation(unit.name, f"{document.path}.masterIdentifier")
            yield Diagnostic("BDL-21", place, {"file": other})
