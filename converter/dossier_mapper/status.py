"""The business status of an event or an evaluation (JDV_J281), since when, and why something was cancelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from converter.diagnostics import Diagnostic
from converter.dossier import Status
from converter.dossier_mapper.codes import coded
from converter.dossier_mapper.entries import Context, Entry, Refusal
from converter.dossier_mapper.parts import Compiler, Field
from converter.mapper import fields

__all__ = ["status_fields", "status_of"]

CANCELLED = "ANNULE"


def status_fields(compiler: Compiler, *, reason: bool) -> dict[str, Field]:
    found = {"status": Field(coded(compiler.state, "JDV_J281")), "status_date": Field(fields.moment)}
    return found | ({"cancel_reason": Field(coded(compiler.state, "803"))} if reason else {})


def status_of(entry: Entry, context: Context, allowed: Sequence[str]) -> tuple[Status | None, list[Refusal]]:
    """The status, and why the state refuses it. ``allowed`` empty: the state writes no status as code."""
    values: Mapping[str, Any] = entry.values
    code = values.get("status")
    if code is None:
        _report_remains(entry, context)
        return None, []
    status = Status(code, values.get("status_date"), values.get("cancel_reason"))
    refusals = []
    if allowed and code.code not in allowed:
        refusals.append(Refusal("DOS-41", {"status": code.code, "allowed": ", ".join(allowed)}))
    if allowed and code.code == CANCELLED and status.reason is None:
        refusals.append(Refusal("DOS-42"))
    return status, refusals


def _report_remains(entry: Entry, context: Context) -> None:
    """A date or reason of a status that nobody gave has no place."""
    for part in entry.parts:
        lost = [name for name in ("status_date", "cancel_reason") if name in part.values]
        if lost:
            diagnostic = Diagnostic("DOS-20", part.row.location(), {"fields": ", ".join(lost)})
            context.trace.note(part.number, [diagnostic])
