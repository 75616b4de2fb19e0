"""`dui check`: a conversion that stops before the products. Every row is read and mapped, no scan is opened.

The stages are those of a conversion (intake, mappers, dossier), so that its verdicts hold; what only the products show
(a damaged scan, a document that fails its check, a bundle too large) is left to them. Files that rows name are looked
for, not into. Everything temporary lies in one folder that goes at the end.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from converter import __version__
from converter.cda import header_gaps
from converter.clock import run_clock
from converter.conversion import Failed, Limits, Plan, ResidentConverter, Task
from converter.conversion.ledger import Ledger
from converter.conversion.scans import Scans
from converter.delivery import NullWriter, ResidentEntry
from converter.diagnostics import Diagnostic, ExitCode, MappingError, Severity, SourceLocation
from converter.engine import attempt
from converter.fhir import RELEASES
from converter.intake import Intake, lookup_entries, open_sources
from converter.lookups import LookupFile, write_lookups
from converter.mapper import ScanWish
from converter.mapper.compiled import CompiledMapping
from converter.mapping.loader import LoadedMapping, check_columns, custodian, establishment, load
from converter.model import ScanFile, Verdict
from converter.report.record import diagnostic_record
from converter.sources import Table
from converter.sources.scans import Located, ScanError
from converter.spool import Finding, Spool, Sums
from converter.unindexed import unindexed

__all__ = ["Checked", "Problem", "check"]

CHECK_SCHEMA = "dui-converter/check/1"
#: Places quoted per problem; the others are counted.
_PLACES = 3


@dataclass(slots=True)
class Problem:
    """One thing that is wrong with rows: code and column of one source, how often, and the first places."""

    source: str
    verdict: Verdict
    first: Diagnostic
    count: int = 0
    places: list[SourceLocation] = field(default_factory=list)

    @property
    def is_error(self) -> bool:
        return self.first.is_error

    @property
    def column(self) -> str | None:
        return self.first.location.column if isinstance(self.first.location, SourceLocation) else None

    def add(self, diagnostic: Diagnostic) -> None:
        """One more; what is not the same for all (a line, a count) is left out of the words."""
        self.count += 1
        place, params = diagnostic.location, diagnostic.params
        if params != self.first.params:
            common = {name: value for name, value in self.first.params.items() if params.get(name) == value}
            self.first = replace(self.first, params=common)
        if isinstance(place, SourceLocation) and len(self.places) < _PLACES:
            self.places.append(SourceLocation(place.file, place.line, None, place.sheet))

    def record(self) -> dict[str, Any]:
        found = diagnostic_record(Diagnostic(self.first.code, None, self.first.params, self.first.level))
        places = [{"file": p.file, **({"sheet": p.sheet} if p.sheet else {}), "line": p.line} for p in self.places]
        return {
            **found,
            "source": self.source,
            "column": self.column,
            "rows": self.verdict.value,
            "count": self.count,
            "places": places,
        }


@dataclass(slots=True)
class Checked:
    """What a check came to. ``told`` concerns the mapping and the sources as a whole."""

    loaded: LoadedMapping
    told: list[Diagnostic] = field(default_factory=list)
    sums: list[Sums] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    residents: int = 0
    documents: int = 0
    unindexed: int = 0

    @property
    def rejected(self) -> int:
        return sum(s.rejected for s in self.sums)

    @property
    def exit_code(self) -> ExitCode:
        refused = self.rejected or any(d.is_error for d in self.told)
        return ExitCode.SOME_REJECTED if refused else ExitCode.OK

    def record(self) -> dict[str, Any]:
        rows = {s.source: {k: getattr(s, k) for k in ("read", "converted", "rejected", "skipped")} for s in self.sums}
        return {
            "schema": CHECK_SCHEMA,
            "exit_code": int(self.exit_code),
            "mapping": {"title": self.loaded.spec.title, "fingerprint": self.loaded.fingerprint},
            "release": self.loaded.spec.release,
            "rows": rows,
            "residents": self.residents,
            "documents": self.documents,
            "unindexed": self.unindexed,
            "problems": [p.record() for p in self.problems],
            "said": [diagnostic_record(d) for d in self.told],
        }


class _Named(Scans):
    """Files that rows name: found on disk, taken for sound."""

    def _inspected(self, located: Located, wish: ScanWish) -> tuple[ScanFile, tuple[Any, ...]]:
        size = located.stamp[0] if located.stamp else 0
        if not size:
            raise ScanError("SCAN-20")
        return ScanFile(located.path, located.relative, "application/pdf", size, "", ""), ()


class _Trial(ResidentConverter):
    """One resident up to the drafts: nothing is rendered, wrapped or written."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._scans = _Named(plan.loaded)
        self.documents = 0

    def _written(self, work: Any, previous: ResidentEntry | None, ledger: Ledger) -> tuple[ResidentEntry | None, bool]:
        made = ledger.whole(work.made)
        self.documents += len(made)
        return (ResidentEntry(work.resident.digest, "", (), {}) if made else None), False


def check(mapping: Path, *, release: str | None = None, date: str | None = None, strict: bool = False) -> Checked:
    """Try a mapping on all rows. MappingError, SourceError."""
    loaded = load(mapping, release=release, date=date)
    tables = open_sources(loaded)
    problems = check_columns(loaded, {name: table.header for name, table in tables.items()})
    if any(d.is_error for d in problems):
        raise MappingError([d for d in problems if d.is_error])
    gaps = header_gaps(establishment(loaded.spec), None, custodian(loaded.spec))
    found = Checked(loaded, [*loaded.warnings, *problems, *gaps])
    with tempfile.TemporaryDirectory(prefix="dui-") as work, Spool(Path(work) / "spool.sqlite") as spool:
        _try(found, tables, spool, Path(work), pinned=date is not None, strict=strict)
    return found


def _try(found: Checked, tables: dict[str, Table], spool: Spool, work: Path, *, pinned: bool, strict: bool) -> None:
    loaded = found.loaded
    lookups = work / "lookups.sqlite"
    write_lookups(lookups, lookup_entries(loaded, tables))
    headers = {name: table.header for name, table in tables.items()}
    compiled = CompiledMapping(loaded, headers, LookupFile(lookups))
    Intake(compiled, spool).read(tables)
    found.told += [d for table in tables.values() for d in table.decisions]
    clock = run_clock(
        loaded.spec.date,
        option=pinned,
        modified=(path.stat().st_mtime for table in tables.values() for path in table.files),
        zone=ZoneInfo(loaded.spec.establishment.timezone),
    )
    plan = Plan(
        loaded,
        headers,
        clock.moment,
        clock.pinned,
        work,
        NullWriter(),
        Limits(),
        f"dui-converter {__version__}",
        lookups,
        max(RELEASES[loaded.spec.release].flows),
        strict,
    )
    _residents(found, spool, _Trial(plan))
    _files(found, compiled, spool, [*loaded.files, *(path for table in tables.values() for path in table.files)])
    found.sums = spool.sums()
    found.problems = _grouped(spool.findings())


def _residents(found: Checked, spool: Spool, trial: _Trial) -> None:
    uses: Counter[tuple[str, str]] = Counter()
    for key in spool.resident_keys():
        task = Task(key, tuple(spool.group(key)))
        result = attempt(trial, task)
        found.residents += 1
        if isinstance(result, Failed):
            for _, spooled in task.rows:
                said = Diagnostic("RUN-50", spooled.row.location(), {"place": result.place})
                spool.settle(spooled.id, Verdict.REJECTED, [said])
            continue
        uses += result.uses
        for row in result.outcome.rows:
            spool.settle(row.number, row.verdict, row.diagnostics)
        for source, relative in result.outcome.scans:
            spool.saw_scan(source, relative)
        found.told += [d for d in result.outcome.diagnostics if d not in found.told]
    found.documents = trial.documents
    codes = {"default": "RUN-28", "omit": "RUN-29", "unplaced": "RUN-35", "attached": "RUN-36"}
    found.told += [Diagnostic(codes[how], None, {"path": p, "count": n}) for (how, p), n in sorted(uses.items())]


def _files(found: Checked, compiled: CompiledMapping, spool: Spool, ours: Iterable[Path]) -> None:
    """Files of the scans' folders that no row names."""
    counts = Counter(source for source, _ in unindexed(compiled, spool, ours))
    found.unindexed = counts.total()
    found.told += [Diagnostic("RUN-12", None, {"source": s, "count": n}) for s, n in counts.items()]


def _grouped(findings: Iterable[Finding]) -> list[Problem]:
    """What was found, by source, code and column: errors first, then the most frequent."""
    groups: dict[tuple[str, str, str, str | None], Problem] = {}
    for f in findings:
        d = f.diagnostic
        if d.severity is Severity.NOTICE and f.verdict is not Verdict.SKIPPED:
            continue
        column = d.location.column if isinstance(d.location, SourceLocation) else None
        key = (f.source, d.code, d.severity.value, column)
        groups.setdefault(key, Problem(f.source, f.verdict, d)).add(d)
    order = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.NOTICE: 2}
    return sorted(groups.values(), key=lambda p: (order[p.first.severity], -p.count))
