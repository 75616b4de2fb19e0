"""What steps 3 to 6 of a run stand on: sources, the compiled mapping, where to write, and what was said so far."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from converter.corrections import Corrections
from converter.delivery import (
    WORK,
    Delivery,
    FileWriter,
    NullWriter,
    explained_store,
)
from converter.intake import lookup_entries
from converter.lookups import LookupFile, write_lookups
from converter.mapper.compiled import CompiledMapping
from converter.pipeline.outcome import Observer, Run
from converter.sources import Table
from converter.update import Update

__all__ = ["Ground", "Place"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run writes: a delivery, or nowhere (``delivery`` None); ``work`` holds temporary files."""

    work: Path
    writer: FileWriter | NullWriter
    delivery: Delivery | None


class Ground:
    """Made once steps 1 and 2 are done."""

    def __init__(
        self,
        run: Run,
        observer: Observer,
        tables: dict[str, Table],
        place: Place,
        update: Update | None = None,
        corrections: Corrections | None = None,
    ) -> None:
        assert run.loaded is not None
        assert run.clock is not None
        self.run, self.observer, self.tables, self.place = run, observer, tables, place
        self.update, self.corrections = update, corrections
        self.loaded, self.clock = run.loaded, run.clock
        self.headers = {name: table.header for name, table in tables.items()}
        self.lookups = self._write_lookups()
        self.compiled = CompiledMapping(run.loaded, self.headers, LookupFile(self.lookups))
        self.finess = run.loaded.spec.establishment.finess
        #: Residents of this run that nothing is handed over for, though an earlier run may have.
        self.dropped: set[str] = set()

    def _write_lookups(self) -> Path:
        path = self.place.work / "lookups.sqlite"
        with explained_store(WORK):
            write_lookups(path, lookup_entries(self.loaded, self.tables))
        return path
