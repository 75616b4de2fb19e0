"""Steps 1 and 2 of a run: everything that can be wrong before the first row is read, and before anything is written."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from zoneinfo import ZoneInfo

from converter.cda import header_gaps
from converter.clock import run_clock
from converter.conversion import Limits
from converter.corrections import read_corrections
from converter.delivery import (
    WORK,
    NullWriter,
    explained_store,
    limits_of,
    open_delivery,
)
from converter.delivery.earlier import EarlierDelivery
from converter.diagnostics import Diagnostic, MappingError, OutputError
from converter.fhir import RELEASES
from converter.intake import open_sources, source_files
from converter.mapping.loader import LoadedMapping, check_columns, custodian, establishment, load
from converter.pipeline.ground import Ground, Place
from converter.pipeline.outcome import Observer, Run, tell
from converter.pipeline.stages import Stages
from converter.settings import Settings
from converter.update import Update, earlier_deliveries, refuse_other_kind

__all__ = ["convert"]


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
    tell(run, observer, [*loaded.warnings, *problems, *gaps])
    with _output(settings) as place, _update(run, earlier, place) as update:
        Stages(Ground(run, observer, tables, place, update, corrections)).all()
    return run


@contextlib.contextmanager
def _update(run: Run, earlier: list[EarlierDelivery], place: Place) -> Iterator[Update | None]:
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


@contextlib.contextmanager
def _output(settings: Settings) -> Iterator[Place]:
    with ExitStack() as stack:
        if settings.dry_run:
            work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="dui-")))
            yield Place(work, NullWriter(), None)
        else:
            delivery = stack.enter_context(open_delivery(settings.output, force=settings.force))
            yield Place(delivery.work, delivery.writer, delivery)
