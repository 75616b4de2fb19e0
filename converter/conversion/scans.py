"""The files that rows ask for: found below their root, inspected once, remembered for the next run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from converter.diagnostics import Diagnostic, Severity
from converter.mapper import ScanWish
from converter.mapping.loader import LoadedMapping
from converter.mapping.schema import ScanRule
from converter.model import ScanFile, SourceRow
from converter.sources.scans import (
    ACCEPTED,
    Expected,
    Located,
    ScanError,
    ScanRoot,
    convertible,
    inspect,
    refusal,
    stamp,
)

__all__ = ["Granted", "Scans", "scan_root"]

#: What an inspection tells of a file, wherever it lies.
_FACTS = tuple(f.name for f in fields(ScanFile) if f.name not in ("path", "relative"))
_Notices = tuple[tuple[str, Mapping[str, str | int]], ...]


@dataclass(frozen=True, slots=True)
class Granted:
    """The file of a wish, or what is wrong; ``convert`` when it has to become a PDF first."""

    scan: ScanFile | None
    diagnostics: tuple[Diagnostic, ...] = ()
    convert: bool = False


def scan_root(loaded: LoadedMapping, source: str) -> tuple[Path, tuple[str, ...]]:
    """The folder that a source's paths lead into, and the prefixes to take off. A folder's own files lie in it."""
    spec = loaded.spec.sources[source]
    return loaded.base / (spec.scans or spec.folder or "."), tuple(spec.strip_prefix or ())


class Scans:
    """One per process. Holds no inventory: folders are listed when a name has to be searched for."""

    def __init__(self, loaded: LoadedMapping) -> None:
        self._loaded = loaded
        self._roots: dict[str, ScanRoot] = {}
        self.begin({})

    def begin(self, memory: Mapping[str, Any]) -> None:
        """Start a resident, with what an earlier run remembers of its files."""
        self._known = memory
        #: To remember: inspection by a digest of the path, valid while the file's stamp is the same.
        self.memory: dict[str, Any] = {}
        #: Files used, as (source, path below its root).
        self.used: list[tuple[str, str]] = []

    def grant(self, wish: ScanWish, spec: ScanRule, row: SourceRow) -> Granted:
        """The file that a row asks for."""
        column = spec.scan if isinstance(spec.scan, str) else getattr(spec.scan, "column", None)
        place = row.location(column)

        def said(notes: Iterable[tuple[str, Mapping[str, str | int]]]) -> tuple[Diagnostic, ...]:
            return tuple(Diagnostic(code, place, params) for code, params in notes)

        try:
            located = self._root(spec.from_).locate(wish.written)
            self.used.append((spec.from_, located.relative))
            scan, notices = self._inspected(located, wish)
            convert = self._converts(scan, spec)
        except ScanError as wrong:
            return Granted(None, (Diagnostic(wrong.code, place, wrong.params, Severity.ERROR),))
        return Granted(scan, said((*located.notices, *notices)), convert)

    def _root(self, source: str) -> ScanRoot:
        if source not in self._roots:
            self._roots[source] = ScanRoot(*scan_root(self._loaded, source))
        return self._roots[source]

    def _inspected(self, located: Located, wish: ScanWish) -> tuple[ScanFile, _Notices]:
        expected = Expected(wish.sha256, wish.md5, wish.size)
        name = f"{located.path}|{wish.sha256}|{wish.md5}|{wish.size}".encode("utf-8", "surrogateescape")
        key = hashlib.sha256(name).hexdigest()[:24]
        now = list(stamp(located.path))
        known = self._known.get(key)
        if known is not None and known["stamp"] == now:
            self.memory[key] = known
            scan = ScanFile(path=located.path, relative=located.relative, **known["facts"])
            return scan, tuple((code, params) for code, params in known["notices"])
        scan, notices = inspect(located, expected)
        facts = {name: getattr(scan, name) for name in _FACTS}  # asdict() copies what needs no copy
        self.memory[key] = {"stamp": now, "facts": facts, "notices": [[code, dict(params)] for code, params in notices]}
        return scan, notices

    @staticmethod
    def _converts(scan: ScanFile, spec: ScanRule) -> bool:
        """Whether the file must become a PDF. ScanError when it is no body that CI-SIS takes and must not be one."""
        if spec.wrap == "none" or scan.media_type in ACCEPTED:
            return False
        if spec.convert == "pdf" and convertible(scan.media_type, spec.convert_office):
            return True
        raise refusal(scan)
