"""What is known of each row of one resident, until its outcome is told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from converter.diagnostics import Diagnostic, Severity
from converter.model import DocumentRecord, RowOutcome, SpooledRow, Verdict

__all__ = ["Ledger"]


class _Made(Protocol):
    """What is made of rows: a draft or a product."""

    @property
    def record(self) -> DocumentRecord: ...

    @property
    def rows(self) -> tuple[int, ...]: ...


_M = TypeVar("_M", bound=_Made)


class Ledger:
    """Every row starts converted; a problem rejects it for good, a skip holds only while nothing uses it."""

    def __init__(self, rows: Iterable[SpooledRow], *, strict: bool = False) -> None:
        self._strict = strict
        self._notes: dict[int, list[Diagnostic]] = {}
        self._rejected: set[int] = set()
        self._used: set[int] = set()
        self._skipped: set[int] = set()
        for spooled in rows:
            if spooled.id not in self._notes:
                self._notes[spooled.id] = []
                self.note(spooled.id, spooled.row.notices)

    def note(self, number: int, found: Iterable[Diagnostic]) -> None:
        """Problems and remarks of a row; the same one is kept once."""
        notes = self._notes.setdefault(number, [])
        for d in found:
            if d in notes:
                continue
            notes.append(d)
            if d.is_error:
                self._rejected.add(number)
            elif self._strict and d.severity is Severity.WARNING:
                notes.append(Diagnostic("RUN-19", d.location, {"check": d.code}))
                self._rejected.add(number)

    def use(self, number: int) -> None:
        """The row is part of what is handed over."""
        self._used.add(number)

    def skip(self, number: int, reason: Diagnostic) -> None:
        """The row leads to nothing, for this reason."""
        self._skipped.add(number)
        self._notes.setdefault(number, []).append(reason)

    def is_skipped(self, number: int, code: str) -> bool:
        """Whether the row leads to nothing for this reason."""
        return number in self._skipped and any(d.code == code for d in self._notes[number])

    def is_rejected(self, number: int) -> bool:
        return number in self._rejected

    def whole(self, made: Iterable[_M]) -> list[_M]:
        """What stands on no rejected row. What is made of several rows is whole or does not leave: the other rows of
        one that has a rejected row are rejected with it (RUN-31), and so is what stands on these in turn."""
        kept = list(made)
        while broken := [m for m in kept if any(map(self.is_rejected, m.rows))]:
            for one in broken:
                for number in one.rows:
                    if not self.is_rejected(number):
                        self.note(number, [Diagnostic("RUN-31", one.record.location)])
            gone = set(map(id, broken))
            kept = [m for m in kept if id(m) not in gone]
        return kept

    def outcomes(self) -> tuple[RowOutcome, ...]:
        """One outcome per row. AssertionError for a row that nothing was decided of: a bug, never hidden."""
        return tuple(
            RowOutcome(number, self._verdict(number), tuple(notes)) for number, notes in sorted(self._notes.items())
        )

    def _verdict(self, number: int) -> Verdict:
        if number in self._rejected:
            return Verdict.REJECTED
        if number in self._used:
            return Verdict.CONVERTED
        assert number in self._skipped, f"row {number} is neither used, rejected nor skipped"
        return Verdict.SKIPPED
