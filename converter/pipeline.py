"""One run of `convert` or `update`, in stage order. No rules of its own, and nothing is printed here.

1. load and check the mapping; 2. open the sources and check the mapping against them; 3. read every row once, grouped
by resident; 4. convert resident by resident; 5. manifest and sums; 6. rejects and record. Until step 3 is done nothing
is written. A dry run is the same code with a writer that only counts.
"""

from __future__ import annotations

import contextlib
import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from threading import Event, current_thread, main_thread
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from converter import __version__
from converter.cda import header_gaps
from converter.clock import Clock, run_clock
from converter.conversion import Converted, Failed, Limits, Plan, Task
from converter.corrections import Corrections, read_corrections
from converter.delivery import (
    WORK,
    Delivery,
    FileWriter,
    NullWriter,
    WriteError,
    explained,
    explained_store,
    limits_of,
    open_delivery,
)
from converter.delivery.earlier import EarlierDelivery
from converter.diagnostics import ConverterError, Diagnostic, ExitCode, MappingError, OutputError, Severity
from converter.engine import converted
from converter.fhir import RELEASES
from converter.intake import Intake, SourceFile, lookup_entries, open_sources, source_files
from converter.lookups import LookupFile, write_lookups
from converter.mapper.compiled import CompiledMapping
from converter.mapper.gate import SITE_MARK
from converter.mapper.identity import resident_digest
from converter.mapping.loader import LoadedMapping, check_columns, custodian, establishment, load
from converter.mapping.offered import offered_words
from converter.model import Verdict
from converter.report.html import report_html
from converter.report.record import RUN_SCHEMA, diagnostic_record, line_ranges
from converter.report.rejects import rejects_csv, unindexed_csv
from converter.report.workbook import WORKBOOK, is_as_written, put_aside, write_workbook
from converter.settings import Settings
from converter.sources import Table
from converter.spool import Spool, Sums
from converter.unindexed import too_large, unindexed
from converter.update import Update, earlier_deliveries, refuse_other_kind

__all__ = ["Observer", "Run", "convert"]

TOOL = f"dui-converter {__version__}"


class Observer(Protocol):
    """Who watches a run. Every text it gets is safe to show."""

    def started(self, loaded: LoadedMapping, files: list[SourceFile], clock: Clock) -> None:
        """The mapping and the sources are sound; nothing is written yet."""

    def told(self, found: Iterable[Diagnostic]) -> None:
        """Decisions and warnings that concern the run."""

    def progress(self, what: str, total: int) -> AbstractContextManager[Callable[[], None]]:
        """A step of known length."""


@dataclass(slots=True)
class Run:
    """What a run came to. ``status`` is complete, stopped, interrupted or failed."""

    settings: Settings
    loaded: LoadedMapping | None = None
    clock: Clock | None = None
    limits: Limits = Limits()  # noqa: RUF009 - frozen
    files: list[SourceFile] = field(default_factory=list)
    told: list[Diagnostic] = field(default_factory=list)
    sums: list[Sums] = field(default_factory=list)
    codes: Counter[tuple[Verdict, str, str]] = field(default_factory=Counter)
    lines: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    uses: Counter[tuple[str, str]] = field(default_factory=Counter)
    residents: int = 0
    handed_over: int = 0
    kept: int = 0
    documents: int = 0
    bundles: int = 0
    bytes: int = 0
    faulty: int = 0
    unindexed: int = 0
    #: Of an update: what became of the documents.
    changes: dict[str, int] | None = None
    status: str = "failed"
    #: What ended a failed run.
    failure: ExitCode | None = None

    @property
    def rejected(self) -> int:
        return sum(s.rejected for s in self.sums)

    @property
    def exit_code(self) -> ExitCode:
        """0, 1, 5 or 130 of a run that came to an end, else that of what ended it."""
        if self.failure is not None:
            return self.failure
        if self.status == "interrupted":
            return ExitCode.INTERRUPTED
        if self.faulty:
            return ExitCode.PRODUCT
        # What the run as a whole could not do (a dossier that the rules refuse) is no success either.
        refused = self.rejected or any(d.is_error for d in self.told)
        return ExitCode.SOME_REJECTED if refused else ExitCode.OK

    def record(self) -> dict[str, Any]:
        """``run.json``."""
        assert self.loaded is not None
        spec = self.loaded.spec
        release = RELEASES[spec.release]
        return {
            "schema": RUN_SCHEMA,
            "tool": {"name": "dui-converter", "version": __version__},
            "status": self.status,
            "exit_code": int(self.exit_code),
            "arguments": self.settings.arguments(),
            "mapping": {"title": spec.title, "fingerprint": self.loaded.fingerprint},
            "release": release.name,
            "cda": spec.cda or release.cda_state,
            "clock": {"moment": self.clock.moment.isoformat(), "origin": self.clock.origin} if self.clock else None,
            "sources": [{"source": f.source, "file": f.file, "size": f.size, "sha256": f.sha256} for f in self.files],
            "rows": accounting(self.sums),
            "residents": {"read": self.residents, "handed_over": self.handed_over, "kept": self.kept},
            "documents": self.documents,
            "bundles": {"count": self.bundles, "bytes": self.bytes},
            "unindexed": self.unindexed,
            **({} if self.changes is None else {"update": self.changes}),
            "codes": [
                {"verdict": v.value, "severity": level, "code": code, "count": n}
                for (v, level, code), n in sorted(self.codes.items())
            ],
            "lines": self.lines,
            "said": [diagnostic_record(d) for d in self.told],
        }


def accounting(sums: Iterable[Sums]) -> dict[str, Any]:
    """Read, converted, rejected and skipped, per source and in total."""
    rows = {s.source: {k: getattr(s, k) for k in _COUNTS} for s in sums}
    return {"sources": rows, "total": {k: sum(r[k] for r in rows.values()) for k in _COUNTS}}


_COUNTS = ("read", "converted", "rejected", "skipped")


def convert(settings: Settings, observer: Observer) -> Run:
    """One run. ConverterError when it cannot start or go on; Ctrl-C ends it with complete bundles only."""
    run = Run(settings)
    loaded = run.loaded = load(settings.mapping, release=settings.release, date=settings.date)
    if settings.flow not in RELEASES[loaded.spec.release].flows:
        known = ", ".join(name for name, release in RELEASES.items() if settings.flow in release.flows)
        params = {"flow": settings.flow, "release": loaded.spec.release, "known": known}
        raise MappingError(Diagnostic("RUN-54", None, params))
    tables = open_sources(loaded)
    headers = {name: table.header for name, table in tables.items()}
    problems = check_columns(loaded, headers)
    if any(d.is_error for d in problems):
        raise MappingError([d for d in problems if d.is_error])
    _refuse_inside(settings.output, loaded)
    corrections = read_corrections(settings.only, headers) if settings.only else None
    if corrections is not None:
        tables = {name: corrections.over(table) for name, table in tables.items()}
    earlier = earlier_deliveries(settings, loaded.spec.release)
    refuse_other_kind(settings)
    output = loaded.spec.output
    declared = output.preset is not None or output.max_bundle_bytes is not None
    run.limits = Limits(*limits_of(output.preset, output.max_bundle_bytes, output.max_entries), declared)
    run.files = source_files(tables, loaded.base)
    run.clock = run_clock(
        loaded.spec.date,
        option=settings.date is not None,
        modified=(f.modified for f in run.files),
        zone=ZoneInfo(loaded.spec.establishment.timezone),
    )
    observer.started(loaded, run.files, run.clock)
    gaps = header_gaps(establishment(loaded.spec), None, custodian(loaded.spec))
    _tell(run, observer, [*loaded.warnings, *problems, *gaps])
    with _output(settings) as place, _update(run, earlier, place) as update:
        _Stages(run, observer, tables, place, update, corrections).all()
    return run


@contextlib.contextmanager
def _update(run: Run, earlier: list[EarlierDelivery], place: _Place) -> Iterator[Update | None]:
    """What an update compares with; None for a run that makes a whole delivery."""
    if not earlier:
        yield None
        return
    with explained_store(WORK), contextlib.closing(Update(earlier, run.settings, place.work)) as update:
        yield update


def _refuse_inside(output: Path, loaded: LoadedMapping) -> None:
    """OutputError when the delivery would lie in a folder that is read as a source: the next run would read it too."""
    place = output.resolve()
    for name in loaded.sources_used():
        folder = loaded.spec.sources[name].folder
        if folder is not None and place.is_relative_to((loaded.base / folder).resolve()):
            raise OutputError(Diagnostic("RUN-53", loaded.locate(("sources", name, "folder")), {"source": name}))


def _tell(run: Run, observer: Observer, found: Iterable[Diagnostic]) -> None:
    fresh = [d for d in found if d not in run.told]
    run.told.extend(fresh)
    observer.told(fresh)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a run writes: a delivery, or nowhere (``delivery`` None); ``work`` holds temporary files."""

    work: Path
    writer: FileWriter | NullWriter
    delivery: Delivery | None


@contextlib.contextmanager
def _output(settings: Settings) -> Iterator[_Place]:
    with ExitStack() as stack:
        if settings.dry_run:
            work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dui-")))
            yield _Place(work, NullWriter(), None)
        else:
            delivery = stack.enter_context(open_delivery(settings.output, force=settings.force))
            yield _Place(delivery.work, delivery.writer, delivery)


@contextlib.contextmanager
def _interruptible(halt: Event) -> Iterator[list[int]]:
    """The first Ctrl-C sets ``halt``: what is under way is finished and told. A second one stops at once.

    Gives a list that then holds the signal. Only a main thread gets signals; elsewhere nothing changes.
    """
    came: list[int] = []
    if current_thread() is not main_thread():
        yield came
        return
    before = signal.getsignal(signal.SIGINT)

    def stop(number: int, _: object) -> None:
        came.append(number)
        halt.set()
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, stop)
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, before)


def _names(key: str) -> set[str]:
    """What a resident may be asked for by: the number, with any site, or site and number."""
    site, _, number = key.rpartition(SITE_MARK)
    return {number, f"{site}/{number}"}


class _Stages:
    """Steps 3 to 6 of one run."""

    def __init__(
        self,
        run: Run,
        observer: Observer,
        tables: dict[str, Table],
        place: _Place,
        update: Update | None = None,
        corrections: Corrections | None = None,
    ) -> None:
        assert run.loaded is not None
        assert run.clock is not None
        self._run, self._observer, self._tables, self._place, self._update = run, observer, tables, place, update
        self._corrections = corrections
        self._loaded = run.loaded
        self._headers = {name: table.header for name, table in tables.items()}
        self._lookups = self._write_lookups()
        self._compiled = CompiledMapping(run.loaded, self._headers, LookupFile(self._lookups))
        self._limits = run.limits
        self._finess = run.loaded.spec.establishment.finess
        #: Residents of this run that nothing is handed over for, though an earlier run may have.
        self._dropped: set[str] = set()

    def _write_lookups(self) -> Path:
        path = self._place.work / "lookups.sqlite"
        with explained_store(WORK):
            write_lookups(path, lookup_entries(self._loaded, self._tables))
        return path

    def all(self) -> None:
        """Read, convert, finish. The record is written on every way out."""
        try:
            with explained_store(WORK), Spool(self._place.work / "spool.sqlite") as spool:
                self._work_through(spool)
        except WriteError as stop:
            self._fail(stop)
            # The disk had no room for the record either, or could not keep the rows: now the spool has made some.
            with contextlib.suppress(Exception):
                self._write_record()
            raise

    def _work_through(self, spool: Spool) -> None:
        try:
            with explained_store(WORK):
                Intake(self._compiled, spool).read(self._tables)
                _tell(self._run, self._observer, self._decisions())
                if self._corrections is not None:
                    count = self._corrections.applied
                    _tell(self._run, self._observer, [Diagnostic("REP-07", None, {"count": count})])
                if self._update is not None:
                    _tell(self._run, self._observer, self._update.told_before(bool(self._run.settings.answers)))
                self._survey(spool)
                self._convert(spool)
                self._finish(spool)
        except KeyboardInterrupt:
            self._run.status = "interrupted"
            spool.settle_rest("RUN-32")
            self._report(spool)
            raise
        except Exception as stop:
            self._fail(stop)
            with contextlib.suppress(Exception):  # the first error is the one to tell
                spool.settle_rest("RUN-32")
                self._report(spool)
            raise

    def _fail(self, stop: Exception) -> None:
        self._run.status = "failed"
        self._run.failure = stop.exit_code if isinstance(stop, ConverterError) else ExitCode.BUG
        found = stop.diagnostics if isinstance(stop, ConverterError) else ()
        self._run.told.extend(d for d in found if d not in self._run.told)

    def _decisions(self) -> list[Diagnostic]:
        return [d for table in self._tables.values() for d in table.decisions]

    def _survey(self, spool: Spool) -> None:
        """Documents that no bundle can hold are told before anything is written."""
        if self._limits.max_bytes is None:
            return
        found = too_large(self._compiled, spool, self._limits.max_bytes)
        if self._limits.declared:
            # As warnings here: the row is rejected, with the same words, when its turn comes.
            _tell(self._run, self._observer, (replace(d, level=Severity.WARNING) for d in found))
        else:
            _tell(self._run, self._observer, (replace(d, code="RUN-39") for d in found))

    # ------------------------------------------------------------------------------------------------- residents

    def _convert(self, spool: Spool) -> None:
        run, settings = self._run, self._run.settings
        assert run.clock is not None
        plan = Plan(
            self._loaded,
            self._headers,
            run.clock.moment,
            run.clock.pinned,
            self._place.work,
            self._place.writer,
            self._limits,
            TOOL,
            self._lookups,
            settings.flow,
            settings.strict,
            self._update.path if self._update else None,
            3 in RELEASES[self._loaded.spec.release].flows,
        )
        self._refuse_unknown(spool)
        run.residents = spool.count_residents()
        run.status = "complete"
        halt = Event()
        with _interruptible(halt) as interrupted, self._observer.progress("Residents", run.residents) as step:
            for task, result in converted(plan, self._tasks(spool), settings.workers, halt):
                self._settle(spool, task, result)
                step()
                if settings.fail_fast and run.status != "stopped" and self._has_reject(result):
                    run.status = "stopped"
                    _tell(run, self._observer, [Diagnostic("RUN-15")])
                    halt.set()
        if interrupted:
            raise KeyboardInterrupt
        if run.status == "stopped":
            spool.settle_rest("RUN-32")
        elif settings.is_partial:
            spool.settle_rest("RUN-17")

    def _tasks(self, spool: Spool) -> Iterator[Task]:
        delivery = self._place.delivery
        for key in self._chosen(spool):
            previous = delivery.previous(resident_digest(self._finess, key)) if delivery else None
            yield Task(key, tuple(spool.group(key)), previous)

    def _chosen(self, spool: Spool) -> Iterator[str]:
        """Keys of the residents to convert: all, or those that options name."""
        limit = self._run.settings.limit
        wanted = self._wanted()
        named = (key for key in spool.resident_keys() if not wanted or wanted & _names(key))
        return islice(named, limit)

    def _wanted(self) -> set[str]:
        """What --resident names, as keys are compared."""
        return {self._compiled.residents.key.normalized(name.strip()) for name in self._run.settings.residents}

    def _refuse_unknown(self, spool: Spool) -> None:
        """A misspelt --resident must not look like a resident without documents."""
        if not (wanted := self._wanted()):
            return
        for key in spool.resident_keys():
            wanted -= _names(key)
        if wanted:
            source = self._loaded.spec.residents.from_
            raise MappingError(Diagnostic("RUN-16", None, {"count": len(wanted), "source": source}))

    @staticmethod
    def _has_reject(result: Converted | Failed) -> bool:
        return isinstance(result, Failed) or any(row.verdict is Verdict.REJECTED for row in result.outcome.rows)

    def _settle(self, spool: Spool, task: Task, result: Converted | Failed) -> None:
        run = self._run
        if self._update is not None:
            digest = resident_digest(self._finess, task.key)
            self._update.settled(digest, task, result if isinstance(result, Converted) else None, self._compiled)
        if isinstance(result, Failed):
            code, params = ("RUN-50", {"place": result.place}) if result.place else ("RUN-24", {})
            for _, spooled in task.rows:
                spool.settle(spooled.id, Verdict.REJECTED, [Diagnostic(code, spooled.row.location(), params)])
            self._dropped.add(resident_digest(self._finess, task.key))
            run.faulty += 1
            return
        for row in result.outcome.rows:
            spool.settle(row.number, row.verdict, row.diagnostics)
        for source, relative in result.outcome.scans:
            spool.saw_scan(source, relative)
        run.uses += result.uses
        run.documents += result.outcome.documents
        run.faulty += result.outcome.faulty
        _tell(run, self._observer, result.outcome.diagnostics)
        if result.entry is None:
            self._dropped.add(resident_digest(self._finess, task.key))
        else:
            run.handed_over += 1
            run.kept += result.kept
            run.bundles += len(result.entry.bundles)
            run.bytes += sum(b.size for b in result.entry.bundles)
            if self._place.delivery and result.entry != task.previous:
                self._place.delivery.completed(result.entry)

    # -------------------------------------------------------------------------------------------------- the end

    def _finish(self, spool: Spool) -> None:
        run = self._run
        _tell(run, self._observer, self._used())
        if not run.settings.is_partial and run.status == "complete":
            self._list_unindexed(spool)
        if shared := spool.shared_scans():
            _tell(run, self._observer, [Diagnostic("RUN-13", None, {"count": shared})])
        self._report(spool)

    def _used(self) -> Iterator[Diagnostic]:
        for (how, path), count in sorted(self._run.uses.items()):
            code = {"default": "RUN-28", "omit": "RUN-29", "unplaced": "RUN-35", "attached": "RUN-36"}[how]
            yield Diagnostic(code, None, {"path": path, "count": count})

    def _list_unindexed(self, spool: Spool) -> None:
        counts: Counter[str] = Counter()

        def counted() -> Iterator[tuple[str, str]]:
            for source, relative in unindexed(self._compiled, spool, self._own_files()):
                counts[source] += 1
                yield source, relative

        with self._place.writer.create_own("unindexed.csv") as stream:
            for line in unindexed_csv(counted(), self._run.settings.report_lang):
                stream.write(line)
        self._run.unindexed = counts.total()
        found = [Diagnostic("RUN-12", None, {"source": s, "count": n}) for s, n in counts.items()]
        _tell(self._run, self._observer, found)

    def _own_files(self) -> Iterator[Path]:
        """What may lie among the scans and is none: delivery, mapping, sources."""
        yield self._run.settings.output
        yield from self._loaded.files
        for table in self._tables.values():
            yield from table.files

    def _report(self, spool: Spool) -> None:
        """Sums, rejects, manifest, record: of a complete run, and of what there is of one that ends early."""
        run = self._run
        run.sums = spool.sums()
        run.codes = spool.count_by_code()
        run.lines = {s.source: line_ranges(spool.lines(s.source)) for s in run.sums}
        self._write_rejects(spool)
        self._write_workbook(spool)
        delivery = self._place.delivery
        if self._update is not None and run.status != "failed":
            self._write_update(self._update, spool)
        if delivery is not None and run.status != "failed":
            delivery.finish(self._head(), self._delivered(spool, delivery))
        self._write_record()
        self._write_report(spool)

    def _write_update(self, update: Update, spool: Spool) -> None:
        """The index of what changed, the residents included that this run did not come to and an earlier one did."""
        delivery, every = self._place.delivery, (resident_digest(self._finess, k) for k in spool.resident_keys())
        left = [digest for digest in every if not update.has_settled(digest)]
        for digest in left if delivery else ():
            assert delivery is not None
            if (entry := delivery.previous(digest)) is not None:
                update.recall(entry)
        update.write(self._place.writer, spool.rejected_rows(), left, self._compiled)
        self._run.changes = update.record()
        _tell(self._run, self._observer, update.told_after())

    def _write_rejects(self, spool: Spool) -> None:
        lines = ((f.source, f.diagnostic, f.cells) for f in spool.findings(Verdict.REJECTED) if f.diagnostic.is_error)
        labels = {name: header.labels for name, header in self._headers.items()}
        with self._place.writer.create_own("rejects.csv") as stream:
            for line in rejects_csv(lines, labels, self._run.settings.report_lang):
                stream.write(line)

    def _write_workbook(self, spool: Spool) -> None:
        """A failed run leaves the workbook alone: it may be the corrected one, not yet read to its end."""
        run, corrections = self._run, self._corrections
        if run.status == "failed":
            return
        assert run.clock is not None
        self._keep_corrected()
        with self._place.writer.create_own(WORKBOOK) as stream, explained(WORKBOOK):
            write_workbook(
                stream,
                spool.rejects(),
                {name: header.labels for name, header in self._headers.items()},
                moment=run.clock.moment,
                work=self._place.work,
                words=offered_words(self._loaded.spec, self._headers),
                digests=corrections.digests if corrections else None,
                kept=corrections.kept() if corrections else (),
                lang=run.settings.report_lang,
            )

    def _keep_corrected(self) -> None:
        """What somebody corrected in the delivery's workbook is not written over before it was read."""
        delivery, only = self._place.delivery, self._run.settings.only
        if delivery is None or not (found := delivery.path / WORKBOOK).is_file() or is_as_written(found):
            return
        if only is not None and only.samefile(found):
            return
        with explained(WORKBOOK):
            kept = put_aside(found)
        _tell(self._run, self._observer, [Diagnostic("REP-09", None, {"name": kept.name})])

    def _write_report(self, spool: Spool) -> None:
        run = self._run
        page = report_html(run.record(), spool.met(), run.told, run.faulty, run.settings.report_lang)
        with self._place.writer.create_own("report.html") as stream:
            stream.write(page)

    def _delivered(self, spool: Spool, delivery: Delivery) -> list[str]:
        """Residents whose files belong to the delivery, in the order of the sources."""
        every = (resident_digest(self._finess, key) for key in spool.resident_keys())
        digests = [digest for digest in every if digest not in self._dropped]
        left = delivery.leftovers(digests)
        if left and self._run.settings.prune:
            delivery.prune(left)
        elif left:
            _tell(self._run, self._observer, [Diagnostic("RUN-26", None, {"count": len(left)})])
        return digests

    def _head(self) -> dict[str, Any]:
        run, spec = self._run, self._loaded.spec
        assert run.clock is not None
        return {
            "release": spec.release,
            "tool": {"name": "dui-converter", "version": __version__},
            "mapping": {"title": spec.title, "fingerprint": self._loaded.fingerprint},
            "date": run.clock.moment.isoformat(),
            "complete": run.status == "complete" and not run.settings.is_partial,
            "rows": accounting(run.sums),
            **({"update": self._update.head} if self._update else {}),
        }

    def _write_record(self) -> None:
        import json

        text = json.dumps(self._run.record(), ensure_ascii=False, indent=1)
        with self._place.writer.create_own("run.json") as stream:
            # A lone surrogate of a label becomes its JSON escape.
            stream.write(text.encode("utf-8", "backslashreplace") + b"\n")
