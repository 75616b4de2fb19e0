"""Files on disk against rows of the index: what no row names, and what no bundle can hold."""

from __future__ import annotations

from collections.abc import Iterator

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


def unindexed(compiled: CompiledMapping, spool: Spool) -> Iterator[tuple[str, str]]:
    """(source, path) of each file below a `scans:` folder that no row of its index names, in order.

    Rows that were rejected or left out name their files too; a folder that is its own index has nothing to compare.
    """
    for source, entrances in _scan_rules(compiled).items():
        if compiled.loaded.spec.sources[source].scans is None:
            continue
        root = ScanRoot(*scan_root(compiled.loaded, source))
        for row in spool.unconverted(source):
            for relative in _named(row, entrances, root):
                spool.saw_scan(source, relative)
        for relative in root.files():
            if not spool.is_seen(source, relative):
                yield source, relative


def too_large(compiled: CompiledMapping, spool: Spool, limit: int) -> Iterator[Diagnostic]:
    """Rows whose scan alone would exceed a bundle of ``limit`` bytes, told before anything is written."""
    most = max(0, (limit - _OVERHEAD) * 9 // 16)
    for source, entrances in _scan_rules(compiled).items():
        folder, prefixes = scan_root(compiled.loaded, source)
        root = ScanRoot(folder, prefixes)
        if not any((folder / relative).lstat().st_size > most for relative in root.files()):
            continue
        for entrance in entrances:
            for row in spool.filed(entrance.rule.index):
                for relative in _named(row, [entrance], root):
                    if (folder / relative).stat().st_size > most:
                        yield Diagnostic("RUN-25", row.location(), {"limit": limit})


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
