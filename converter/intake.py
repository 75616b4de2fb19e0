"""Sources into the spool: each row is read once, stored, and filed under its resident.

Only what grouping needs is computed here: the resident's key, whether a rule counts, the document's number. Everything
else is the work of one resident's conversion, which may happen in another process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from converter.diagnostics import Diagnostic, SourceError
from converter.mapper.compiled import CompiledMapping, RuleEntrance
from converter.mapper.gate import SITE_MARK
from converter.mapping.columns import column_index
from converter.mapping.loader import LoadedMapping
from converter.mapping.values import Rule, compile_value
from converter.mapping.walk import values
from converter.model import SourceRow, Verdict
from converter.sources import Table, display_name, open_table
from converter.spool import Spool

__all__ = ["Intake", "SourceFile", "lookup_entries", "open_sources", "source_files"]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that was read, for the record: path as below the mapping, size in bytes, SHA-256, time of change."""

    source: str
    file: str
    size: int
    sha256: str
    modified: float


def open_sources(loaded: LoadedMapping) -> dict[str, Table]:
    """Open every source that is used. SourceError with the reasons of all that cannot be read."""
    tables: dict[str, Table] = {}
    reasons: list[Diagnostic] = []
    for name in loaded.sources_used():
        try:
            tables[name] = open_table(name, loaded.spec.sources[name], loaded.base, loaded.columns_used(name))
        except SourceError as unreadable:
            reasons.extend(unreadable.diagnostics)
    reasons.extend(_missing_scans(loaded))
    if reasons:
        raise SourceError(reasons)
    return tables


def _missing_scans(loaded: LoadedMapping) -> Iterator[Diagnostic]:
    """A folder of scans that is not there: told once, and not by each row that names a file in it."""
    for name in loaded.sources_used():
        source = loaded.spec.sources[name]
        if source.scans is not None and not source.optional and not (loaded.base / source.scans).is_dir():
            yield Diagnostic("SCAN-15", loaded.locate(("sources", name, "scans")))


def source_files(tables: Mapping[str, Table], base: Path) -> list[SourceFile]:
    """Size, sum and date of each file read."""
    found = []
    for name, table in tables.items():
        for path in table.files:
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            stat = path.stat()
            relative = path.relative_to(base) if path.is_relative_to(base) else Path(path.name)
            found.append(SourceFile(name, display_name(relative), stat.st_size, digest, stat.st_mtime))
    return found


def lookup_entries(
    loaded: LoadedMapping, tables: Mapping[str, Table]
) -> Iterator[tuple[str, str, str, tuple[str, ...]]]:
    """(source, key column as written, key, cells) of every row that a look-up may ask for."""
    wanted: dict[str, set[str]] = {}
    for use in values(loaded.spec):
        look = getattr(use.value, "lookup", None)
        if look is not None:
            wanted.setdefault(look.source, set()).add(look.key)
    for source, columns in wanted.items():
        positions = [(column, column_index(tables[source].header, column)[0]) for column in sorted(columns)]
        for row in tables[source].rows():
            if row.broken or row.skip:
                continue
            for column, index in positions:
                if row.cells[index].strip() and index not in row.faults:
                    yield source, column, row.cells[index], row.cells


class Intake:
    """Fills a spool from the sources of a compiled mapping."""

    def __init__(self, compiled: CompiledMapping, spool: Spool) -> None:
        self._compiled = compiled
        self._spool = spool
        self._residents = compiled.loaded.spec.residents.from_

    def read(self, tables: Mapping[str, Table]) -> None:
        """Every row of every source, in order. What concerns nobody is settled here."""
        for name, table in tables.items():
            self._spool.add_source(name)
            rules = self._compiled.of_source(name)
            key = self._source_key(name)
            for row in table.rows():
                number = self._spool.add(row)
                self._take(number, row, rules, key)
        self._spool.index()
        self._settle_strangers()

    def _source_key(self, name: str) -> Rule | None:
        """The column that identifies a row of this source, where the mapping names one.

        The residents' own key has its own answer to a repetition (RUN-04, RUN-05).
        """
        column = self._compiled.loaded.spec.sources[name].key
        residents = self._compiled.loaded.spec.residents
        if column is None or (name == self._residents and column == residents.key):
            return None
        return compile_value(column, self._compiled.headers[name], self._compiled.context, path=f"sources.{name}.key")

    def _take(self, number: int, row: SourceRow, rules: Sequence[RuleEntrance], key: Rule | None) -> None:
        if row.skip is not None:
            self._spool.settle(number, Verdict.SKIPPED, [row.skip])
        elif row.broken:
            self._spool.settle(number, Verdict.REJECTED, row.broken)
        elif problem := self._repeated(number, row, key):
            self._spool.settle(number, Verdict.REJECTED, [problem])
        else:
            self._file(number, row, rules)

    def _repeated(self, number: int, row: SourceRow, key: Rule | None) -> Diagnostic | None:
        text = key(row).value if key else None
        if text is None:
            return None
        first = self._spool.claim_document(number, f"source|{row.source}", str(text))
        if first is None:
            return None
        return Diagnostic("RUN-20", row.location(), {"line": self._spool.row(first).line})

    def _file(self, number: int, row: SourceRow, rules: Sequence[RuleEntrance]) -> None:
        """File a row under the resident it describes, and under the residents that its rules say it is about.

        A row with a problem is filed nowhere: what is rejected leaves nothing behind in the products.
        """
        reasons: list[Diagnostic] = []
        problems: list[Diagnostic] = []
        uses: list[tuple[str, int]] = []
        own = self._own_key(row, reasons, problems) if row.source == self._residents else None
        for entrance in rules:
            key = self._key_of_use(number, row, entrance, reasons, problems)
            if key is not None:
                uses.append((key, entrance.rule.index))
        if problems:
            self._spool.settle(number, Verdict.REJECTED, problems)
            return
        if own is not None:
            self._spool.resident(number, own)
        for key, index in uses:
            self._spool.use(number, key, index)
        if own is None and not uses:
            self._spool.settle(number, Verdict.SKIPPED, reasons or [Diagnostic("RUN-07", row.location())])

    def _own_key(self, row: SourceRow, reasons: list[Diagnostic], problems: list[Diagnostic]) -> str | None:
        """The key of the resident that a row of the residents' source describes."""
        mapper = self._compiled.residents
        key = mapper.key(row)
        if key.value is None:
            problems.extend(key.diagnostics)
            return None
        if (column := mapper.gate.failing(row)) is not None:
            self._spool.set_aside(key.value)
            reasons.append(Diagnostic("RUN-21", row.location(column)))
            return None
        return str(key.value)

    def _key_of_use(
        self,
        number: int,
        row: SourceRow,
        entrance: RuleEntrance,
        reasons: list[Diagnostic],
        problems: list[Diagnostic],
    ) -> str | None:
        """The resident that a rule's row is about; None when the rule does not count for it, or with a problem."""
        if (column := entrance.gate.failing(row)) is not None:
            reasons.append(Diagnostic("RUN-22", row.location(column)))
            return None
        resident = entrance.resident_key(row)
        document = entrance.document
        key = document.key(row) if document else None
        for result in (resident, key):
            if result is not None and result.value is None:
                problems.extend(result.diagnostics)
        if resident.value is None or (key is not None and key.value is None):
            return None
        if document is not None and key is not None:
            # Sites number their documents each by itself: there a number need be unique within its site only.
            site = resident.value.rpartition(SITE_MARK)[0]
            first = self._spool.claim_document(number, f"document|{document.namespace}|{site}", key.value)
            if first == number:
                problems.append(Diagnostic("RUN-51", row.location()))
                return None
            if first is not None and not self._is_grouped(document):
                problems.append(Diagnostic("RUN-01", row.location(), {"line": self._spool.row(first).line}))
                return None
        return str(resident.value)

    @staticmethod
    def _is_grouped(document: object) -> bool:
        """Rows that a template puts into one document may repeat its number."""
        return getattr(getattr(document, "spec", None), "group", "row") != "row"

    def _settle_strangers(self) -> None:
        for number, aside in self._spool.strangers():
            row = self._spool.row(number)
            if aside:
                self._spool.settle(number, Verdict.SKIPPED, [Diagnostic("RUN-23", row.location())])
            else:
                unknown = Diagnostic("RUN-02", row.location(), {"source": self._residents})
                self._spool.settle(number, Verdict.REJECTED, [unknown])
        self._spool.withdraw_rejected()
