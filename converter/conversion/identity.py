"""Which of a resident's own rows counts: one, or none when they describe different people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from converter.conversion.ledger import Ledger
from converter.diagnostics import Diagnostic
from converter.mapper import ResidentMapper, same_person
from converter.model import Resident, SpooledRow

__all__ = ["resolve_resident"]


def resolve_resident(
    key: str, own: Sequence[SpooledRow], mapper: ResidentMapper, clock: datetime, ledger: Ledger
) -> Resident | None:
    """The resident of one key, or None with every row's reason in the ledger.

    The first row counts when the others repeat it; rows that describe different people are all rejected, for nobody
    can tell whose the documents are.
    """
    mapped = [mapper.map(spooled.row, key, clock) for spooled in own]
    for spooled, result in zip(own, mapped, strict=True):
        ledger.note(spooled.id, result.diagnostics)
    found = [result.resident for result in mapped]
    first = found[0]
    if first is None or ledger.is_rejected(own[0].id):
        first = None
    if len(own) > 1:
        first = _one_of_several(own, found, ledger)
    return first


def _one_of_several(own: Sequence[SpooledRow], found: Sequence[Resident | None], ledger: Ledger) -> Resident | None:
    sound = [r for r in found if r is not None]
    if len(sound) == len(own) and all(same_person(sound[0], other) for other in sound[1:]):
        for spooled in own[1:]:
            ledger.note(spooled.id, [Diagnostic("RUN-04", spooled.row.location(), {"line": own[0].row.line})])
        return None if ledger.is_rejected(own[0].id) else sound[0]
    lines = ", ".join(str(spooled.row.line) for spooled in own)
    for spooled in own:
        ledger.note(spooled.id, [Diagnostic("RUN-05", spooled.row.location(), {"lines": lines})])
    return None
