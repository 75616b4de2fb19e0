"""Steps 3 and 4 of a run: every row read once and filed under its resident; then resident by resident."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from threading import Event, current_thread, main_thread

from converter import __version__
from converter.conversion import Converted, Failed, Plan, Task
from converter.delivery import (
    WORK,
    WriteError,
    explained_store,
)
from converter.diagnostics import ConverterError, Diagnostic, ExitCode, MappingError, Severity
from converter.engine import converted
from converter.fhir import RELEASES
from converter.intake import Intake
from converter.mapper.gate import SITE_MARK
from converter.mapper.identity import resident_digest
from converter.model import Verdict
from converter.pipeline.ending import Ending
from converter.pipeline.ground import Ground
from converter.pipeline.outcome import tell
from converter.spool import Spool
from converter.unindexed import too_large

__all__ = ["Stages"]

TOOL = f"dui-converter {__version__}"


class Stages:
    """Steps 3 and 4; the ending is called on every way out."""

    def __init__(self, ground: Ground) -> None:
        self._run, self._observer, self._tables, self._place = ground.run, ground.observer, ground.tables, ground.place
        self._update, self._corrections = ground.update, ground.corrections
        self._loaded, self._headers, self._lookups = ground.loaded, ground.headers, ground.lookups
        self._compiled, self._finess, self._dropped = ground.compiled, ground.finess, ground.dropped
        self._limits = ground.run.limits
        self._ending = Ending(ground)

    def all(self) -> None:
        """Read, convert, finish. The record is written on every way out."""
        try:
            with explained_store(WORK), Spool(self._place.work / "spool.sqlite") as spool:
                self._work_through(spool)
        except WriteError as stop:
            self._fail(stop)
            # The disk had no room for the record either, or could not keep the rows: now the spool has made some.
            with contextlib.suppress(Exception):
                self._ending.write_record()
            raise

    def _work_through(self, spool: Spool) -> None:
        try:
            with explained_store(WORK):
                Intake(self._compiled, spool).read(self._tables)
                tell(self._run, self._observer, self._decisions())
                if self._corrections is not None:
                    count = self._corrections.applied
                    tell(self._run, self._observer, [Diagnostic("REP-07", None, {"count": count})])
                if self._update is not None:
                    tell(self._run, self._observer, self._update.told_before(bool(self._run.settings.answers)))
                self._survey(spool)
                self._convert(spool)
                self._ending.finish(spool)
        except KeyboardInterrupt:
            self._run.status = "interrupted"
            spool.settle_rest("RUN-32")
            self._ending.report(spool)
            raise
        except Exception as stop:
            self._fail(stop)
            with contextlib.suppress(Exception):  # the first error is the one to tell
                spool.settle_rest("RUN-32")
                self._ending.report(spool)
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
            tell(self._run, self._observer, (replace(d, level=Severity.WARNING) for d in found))
        else:
            tell(self._run, self._observer, (replace(d, code="RUN-39") for d in found))

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
                    tell(run, self._observer, [Diagnostic("RUN-15")])
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
        tell(run, self._observer, result.outcome.diagnostics)
        if result.entry is None:
            self._dropped.add(resident_digest(self._finess, task.key))
        else:
            run.handed_over += 1
            run.kept += result.kept
            run.bundles += len(result.entry.bundles)
            run.bytes += sum(b.size for b in result.entry.bundles)
            if self._place.delivery and result.entry != task.previous:
                self._place.delivery.completed(result.entry)


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
