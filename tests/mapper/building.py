"""A mapping compiled against small sources, and their rows."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from converter.diagnostics import Diagnostic
from converter.intake import open_sources
from converter.mapper import DocumentMapper, MappedDocument
from converter.mapper.compiled import CompiledMapping
from converter.mapper.residents import MappedResident
from converter.mapping.loader import load
from converter.model import Resident, SourceRow
from tests.making import Export, export, piece, usager

CLOCK = datetime(2026, 3, 12, 18, tzinfo=UTC)


class Built:
    """One resident with one document; cells and mapping as a test wants them."""

    def __init__(
        self, folder: Path, *, resident: dict[str, str] | None = None, row: dict[str, str] | None = None
    ) -> None:
        self.made: Export = export(folder, residents=1, documents=1)
        self.made.usagers = [usager(1, **(resident or {}))]
        self.made.ged = [piece(1, 1, **(row or {}))]

    def compiled(self) -> CompiledMapping:
        loaded = load(self.made.write())
        self.tables = open_sources(loaded)
        return CompiledMapping(loaded, {name: table.header for name, table in self.tables.items()})

    def rows(self, source: str) -> list[SourceRow]:
        return list(self.tables[source].rows())

    def resident(self) -> MappedResident:
        compiled = self.compiled()
        row = self.rows("usagers")[0]
        return compiled.residents.map(row, str(compiled.residents.key(row).value), CLOCK)

    def documents(self) -> tuple[list[MappedDocument], list[Diagnostic]]:
        compiled = self.compiled()
        row = self.rows("usagers")[0]
        resident = compiled.residents.map(row, str(compiled.residents.key(row).value), CLOCK).resident
        assert isinstance(resident, Resident)
        mapper = compiled.entrances[0].document
        assert isinstance(mapper, DocumentMapper)
        return mapper.map(self.rows("ged")[0], resident)


def codes(found: tuple[Diagnostic, ...] | list[Diagnostic]) -> list[str]:
    return [d.code for d in found]
