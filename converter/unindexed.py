"""Files on disk against rows of the index: what no row names, and what no bundle can hold."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from converter.conversion.scans import scan_root
from converter.diagnostics import Diagnostic
from converter.mapper.compiled import CompiledMapping, RuleEntrance
from converter.mapping.schema import ScanRule
from converter.model import SourceRow
from converter.sources.scans import ScanError, ScanRoot
from converter.spool import Spool

__all__ = ["too_large", "unindexed"]

#: What a document costs beside its scan (header, resource), and base64 twice: 16 bytes for 9.
_OVERHEAD = 16_384


def unindexed(compiled: CompiledMapping, spool: Spool, apart: Iterable[Path] = ()) -> Iterator[tuple[str, str]]:
    """(source, path) of each file below a `scans:` folder that no row of its index names, in order.

    Rows that were rejected or left out name their files too; a folder that is its own index has nothing to compare.
    What lies in ``apart`` (the delivery, the sources, the mapping) is no scan, wherever it lies.
    """
    ours = [os.path.realpath(path) for path in apart]
    for source, entrances in _scan_rules(compiled).items():
        if compiled.loaded.spec.sources[source].scans is None:
            continue
        folder, prefixes = scan_root(compiled.loaded, source)
        root = ScanRoot(folder, prefixes)
        for row in spool.unconverted(source):
            for relative in _named(row, entrances, root):
                spool.named_scan(source, relative)
        left_out = _below(os.path.realpath(folder), ours)
        for relative in _files(root):
            if not spool.is_seen(source, relative) and not f"{relative}/".startswith(left_out):
                yield source, relative


def too_large(compiled: CompiledMapping, spool: Spool, limit: int) -> Iterator[Diagnostic]:
    """Rows whose scan alone would exceed a bundle of ``limit`` bytes, told before anything is written."""
    most = max(0, (limit - _OVERHEAD) * 9 // 16)
    for source, entrances in _scan_rules(compiled).items():
        folder, prefixes = scan_root(compiled.loaded, source)
        root = ScanRoot(folder, prefixes)
        if not any(_size(folder / relative) > most for relative in _files(root)):
            continue
        for entrance in entrances:
            for row in spool.filed(entrance.rule.index):
                for relative in _named(row, [entrance], root):
                    if _size(folder / relative) > most:
                        yield Diagnostic("RUN-25", row.location(), {"limit": limit})


def _files(root: ScanRoot) -> Iterator[str]:
    """The files of a root; none where it cannot be read: each row that names one then says so."""
    try:
        yield from root.files()
    except ScanError:
        return


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # gone meanwhile, or not to be looked at: its row will say so
        return 0


def _below(folder: str, paths: Iterable[str]) -> tuple[str, ...]:
    """What of some paths lies below a folder, relative to it, with a slash at the end."""
    start = folder.rstrip(os.sep) + os.sep
    return tuple(path.removeprefix(start).replace(os.sep, "/") + "/" for path in paths if path.startswith(start))


def _scan_rules(compiled: CompiledMapping) -> dict[str, list[RuleEntrance]]:
    found: dict[str, list[RuleEntrance]] = {}
    for entrance in compiled.entrances:
        if isinstance(entrance.rule.spec, ScanRule):
            found.setdefault(entrance.rule.source, []).append(entrance)
    return found


def _named(row: SourceRow, entrances: list[RuleEntrance], root: ScanRoot) -> Iterator[str]:
    for entrance in entrances:
        assert entrance.document is not None
        for written in entrance.document.scans_named(row):
            try:
                yield root.locate(written).relative
            except ScanError:
                continue
