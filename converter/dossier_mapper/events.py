"""Events of the resident's agenda, done and planned (encounter 3.215), with who came and how they travelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from converter.diagnostics import Diagnostic
from converter.dossier import Event, Resource
from converter.dossier_mapper.attached import known_documents
from converter.dossier_mapper.codes import coded
from converter.dossier_mapper.entries import CompiledRule, Context, Entry, Part, Refusal, Section
from converter.dossier_mapper.parts import MANY, TEXT, Compiler, Field, column_of
from converter.dossier_mapper.status import status_fields, status_of
from converter.dossier_mapper.transports import TransportReader, judge_transports
from converter.mapper import fields
from converter.mapper.residents import Collected
from converter.mapping.sections import EventRule
from converter.model import Period

__all__ = ["EVENTS"]

PLANNED = "PLANIFIE"


def _fields(compiler: Compiler, spec: EventRule) -> Mapping[str, Field]:
    state = compiler.state
    return {
        # Where several rows make one event, any of them may give its start.
        "start": Field(fields.moment, required=not spec.group),
        "end": Field(fields.moment),
        "planned": Field(fields.boolean),
        "ssiad": Field(coded(state, "811"), MANY),
        "serafin": Field(coded(state, "JDV_J283", "JDV_J284"), MANY),
        "kind": Field(fields.one_line),
        "label": Field(fields.one_line),
        "reason": Field(fields.text_of, TEXT),
        "report": Field(fields.text_of, TEXT),
        "comment": Field(fields.text_of, MANY),
        "off_plan": Field(fields.boolean),
        "present": Field(fields.boolean),
        "meal": Field(fields.boolean),
        "resource": Field(coded(state, "807"), MANY),
        "resource_detail": Field(coded(state, "808", "809"), MANY),
        "changed": Field(fields.moment),
        "documents": Field(fields.one_line, MANY),
        **status_fields(compiler, reason=True),
    }


def _compile(compiler: Compiler, spec: EventRule) -> CompiledRule:
    read = compiler.fields(spec, _fields(compiler, spec))
    place = compiler.place(spec.place, "place")
    structure = compiler.structure(spec.structure, "structure")
    people = [compiler.professional(p, f"professionals[{i}]") for i, p in enumerate(spec.professionals)]
    times = (column_of(spec.start), column_of(spec.end))
    transports = [TransportReader(compiler, t, f"transports[{i}]", times) for i, t in enumerate(spec.transports)]

    def values(got: Collected) -> dict[str, Any]:
        found: dict[str, Any] = read(got)
        professionals = tuple(who for person in people if (who := person(got)) is not None)
        more = {
            "place": place(got),
            "structure": structure(got),
            "professionals": professionals or None,
            "resources": _resources(found, got),
            "transports": tuple(t for read in transports if (t := read(got, professionals)) is not None) or None,
        }
        return found | {name: value for name, value in more.items() if value is not None}

    return CompiledRule(compiler.rule(spec.key, "key", fields.one_line, required=True), spec.group, values)


def _resources(values: dict[str, Any], got: Collected) -> tuple[Resource, ...] | None:
    """Resources and their details, which go together one by one."""
    kinds, details = values.pop("resource", ()), values.pop("resource_detail", ())
    if details and len(details) != len(kinds):
        counts: dict[str, str | int] = {"resources": len(kinds), "details": len(details)}
        got.diagnostics.append(Diagnostic("DOS-21", got.row.location(), counts))
        return None
    return tuple(map(Resource, kinds, details or [None] * len(kinds))) or None


def _prepare(parts: Sequence[Part], context: Context) -> None:
    for part in parts:
        judge_transports(part, context)


def _build(entry: Entry, context: Context) -> tuple[Event, list[Refusal]]:
    values = entry.values
    status, refusals = status_of(entry, context, context.state.event_statuses)
    period = Period(values.get("start"), values.get("end"))
    if missing := [name for name in ("start", "end") if getattr(period, name) is None]:
        refusals.insert(0, Refusal("DOS-40", {"missing": ", ".join(missing)}))
    planned = values.get("planned")
    event = Event(
        key=entry.key,
        period=period,
        planned=planned if planned is not None else status is not None and status.code.code == PLANNED,
        ssiad=values.get("ssiad", ()),
        serafin=values.get("serafin", ()),
        kind=values.get("kind"),
        label=values.get("label"),
        reason=values.get("reason"),
        report=values.get("report"),
        comments=values.get("comment", ()),
        place=values.get("place"),
        structure=values.get("structure"),
        professionals=values.get("professionals", ()),
        off_plan=values.get("off_plan"),
        present=values.get("present"),
        meal=values.get("meal"),
        resources=values.get("resources", ()),
        changed=values.get("changed"),
        status=status,
        documents=known_documents(entry, context),
        transports=values.get("transports", ()),
        coded=not refusals,
    )
    return event, refusals


EVENTS = Section(
    title="Evènements",
    kinds=MappingProxyType(
        dict.fromkeys(("ssiad", "serafin", "comment", "professionals", "resources", "documents", "transports"), MANY)
        | {"reason": TEXT, "report": TEXT}
    ),
    spans=(("start", "end"),),
    compile=_compile,
    build=_build,
    prepare=_prepare,
)
