"""Journeys that go with an event, of the resident or of a professional (acts 3.24 and 3.216)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from converter.cda.dossier.states import TRANSPORT_MODES, TRANSPORT_MODES_WITHOUT_MOTOR
from converter.diagnostics import Diagnostic
from converter.dossier import Professional, Quantity, Transport
from converter.dossier_mapper import steps
from converter.dossier_mapper.codes import coded
from converter.dossier_mapper.entries import Context, Part, Refusal
from converter.dossier_mapper.parts import Compiler, Field, column_of
from converter.mapper import fields
from converter.mapper.residents import Collected
from converter.mapping.nodes import ConstantValue
from converter.mapping.sections import TransportSpec
from converter.model import Period

__all__ = ["TransportReader", "judge_transports"]

#: What only a journey of the resident may say.
_RESIDENT_ONLY = ("nature", "accompanied", "asepsis")
#: A professional's journey that names nobody: shown as such, never as the resident's.
_SOMEBODY = Professional(role="professionnel non précisé")


class TransportReader:
    """One journey of a row: there when its number is.

    ``shared``: the columns of the event's own times. Cells of other columns tell that a row without a number describes
    a journey all the same.
    """

    def __init__(self, compiler: Compiler, spec: TransportSpec, prefix: str, shared: Collection[str | None]) -> None:
        state = compiler.state
        wanted = {
            "mode": Field(coded(state, "140"), required=True),
            "motor": Field(coded(state, "801")),
            "nature": Field(coded(state, "JDV_J282")),
            "start": Field(fields.moment),
            "end": Field(fields.moment),
            "accompanied": Field(fields.boolean),
            "asepsis": Field(fields.boolean),
            "actual_cost": _amount(spec.actual_cost, "€", "euros", "euro", "EUR"),
            "planned_cost": _amount(spec.planned_cost, "€", "euros", "euro", "EUR"),
            "distance": _amount(spec.distance, "km"),
            "duration": _amount(spec.duration, "minutes", "minute", "min", "mn"),
        }
        self._spec = spec
        self._prefix = prefix
        self._key = compiler.rule(spec.key, f"{prefix}.key", fields.one_line)
        self._read = compiler.fields(spec, wanted, f"{prefix}.")
        self._carrier = compiler.structure(spec.carrier, f"{prefix}.carrier")
        self._origin = compiler.place(spec.origin, f"{prefix}.origin")
        self._destination = compiler.place(spec.destination, f"{prefix}.destination")
        self._professional = compiler.professional(spec.professional, f"{prefix}.professional")
        self._signs = [
            compiler.rule(value, f"{prefix}.key", _unchanged)
            for value in (spec.mode, spec.start, spec.end)
            if not isinstance(value, ConstantValue) and column_of(value) not in shared
        ]

    def __call__(self, got: Collected, professionals: Sequence[Professional]) -> Transport | None:
        """``professionals`` are those of the row: its only one is who travelled unless the journey names somebody."""
        key = got.take(self._key)
        if key is None:
            self._report_unnumbered(got)
            return None
        values = self._read(got)
        carrier, origin, destination = self._carrier(got), self._origin(got), self._destination(got)
        who = self._professional(got)
        if "mode" not in values:
            return None  # reported as an empty or wrong cell
        start, end = values.get("start"), values.get("end")
        if start is not None and end is not None and steps.is_after(start, end):
            names = {"start": f"{self._prefix}.start", "end": f"{self._prefix}.end"}
            got.diagnostics.append(Diagnostic("DOS-17", got.row.location(), names))
        if self._spec.of == "professional":
            if who is None:
                who = professionals[0] if len(professionals) == 1 and self._spec.professional is None else _SOMEBODY
        else:
            who = None
        return Transport(
            key=key,
            mode=values["mode"],
            period=Period(start, end),
            professional=who,
            motor=values.get("motor"),
            nature=values.get("nature"),
            carrier=carrier,
            origin=origin,
            destination=destination,
            actual_cost=_quantity(values, "actual_cost", "EUR"),
            planned_cost=_quantity(values, "planned_cost", "EUR"),
            distance=_quantity(values, "distance", "km"),
            duration=_quantity(values, "duration", "min"),
            accompanied=values.get("accompanied"),
            asepsis=values.get("asepsis"),
        )

    def _report_unnumbered(self, got: Collected) -> None:
        if any(rule(got.row).value is not None for rule in self._signs):
            got.diagnostics.append(Diagnostic("DOS-23", got.row.location(column_of(self._spec.key))))


def judge_transports(part: Part, context: Context) -> None:
    """Marks the journeys of a row that are not to be coded, and reports a number given to two journeys."""
    if "transports" not in part.values:
        return
    judged = []
    for transport in part.values["transports"]:
        refusals = _refusals(transport)
        context.trace.note(part.number, [refusal.on(part, context.options) for refusal in refusals])
        again = _is_repeated(transport, part, context)
        judged.append(replace(transport, coded=False) if refusals or again else transport)
    part.values["transports"] = tuple(judged)


def _is_repeated(transport: Transport, part: Part, context: Context) -> bool:
    """Whether another event has this journey as code already: one identifier stands once in a document."""
    number = (transport.professional is not None, transport.key)
    seen, first = context.journeys.setdefault(number, (transport, part))
    place: dict[str, str | int] = {"line": first.row.line, "file": first.row.file}
    if seen != transport:
        context.trace.note(part.number, [Diagnostic("DOS-22", part.row.location(), place)])
    elif first.key != part.key:
        context.trace.note(part.number, [Diagnostic("DOS-33", part.row.location(), place)])
        return True
    return False


def _refusals(transport: Transport) -> list[Refusal]:
    found = []
    mode = transport.mode.code
    if mode not in TRANSPORT_MODES:
        found.append(Refusal("DOS-50", {"mode": mode, "allowed": ", ".join(TRANSPORT_MODES)}))
    if transport.motor is not None and mode in TRANSPORT_MODES_WITHOUT_MOTOR:
        found.append(Refusal("DOS-51", {"mode": mode}))
    missing = [name for name in ("start", "end") if getattr(transport.period, name) is None]
    if missing:
        found.append(Refusal("DOS-52", {"missing": ", ".join(missing)}))
    if transport.professional is not None:
        if transport.professional.identifier is None:
            found.append(Refusal("DOS-53"))
        if given := [name for name in _RESIDENT_ONLY if getattr(transport, name) is not None]:
            found.append(Refusal("DOS-54", {"fields": ", ".join(given)}))
    return found


def _amount(value: Any, *units: str) -> Field:
    return Field(steps.amount(getattr(value, "decimal", None) is not None, *units))


def _quantity(values: dict[str, Any], name: str, unit: str) -> Quantity | None:
    return Quantity(values[name], unit) if name in values else None


def _unchanged(datum: Any) -> Any:
    return datum
