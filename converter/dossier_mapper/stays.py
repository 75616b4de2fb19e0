"""Stays: the file number, the structure, admission, entry and exit, planned and real."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from converter.diagnostics import Diagnostic
from converter.dossier import Stay
from converter.dossier_mapper.entries import CompiledRule, Context, Entry, Refusal, Section
from converter.dossier_mapper.parts import MANY, TEXT, Compiler, Field
from converter.mapper import fields
from converter.mapper.residents import Collected
from converter.mapping.sections import StayRule
from converter.model import Organization

__all__ = ["STAYS"]


def _fields(compiler: Compiler) -> Mapping[str, Field]:
    return {
        "admission": Field(fields.moment),
        "planned_entry": Field(fields.moment),
        "entry": Field(fields.moment),
        "entry_mode": Field(fields.one_line),
        "planned_exit": Field(fields.moment),
        "exit": Field(fields.moment),
        "exit_mode": Field(fields.one_line),
        "comment": Field(fields.text_of, TEXT),
        "events": Field(fields.one_line, MANY),
    }


def _compile(compiler: Compiler, spec: StayRule) -> CompiledRule:
    read = compiler.fields(spec, _fields(compiler))
    structure = compiler.structure(spec.structure, "structure")
    # A rule that says nothing of the structure does not contradict one that does.
    name = "structure" if "structure" in spec.model_fields_set else "usual_structure"

    def values(got: Collected) -> dict[str, Any]:
        found: dict[str, Any] = read(got)
        if (where := structure(got)) is not None:
            found[name] = where
        return found

    return CompiledRule(compiler.rule(spec.key, "key", fields.one_line, required=True), spec.group, values)


def _build(entry: Entry, context: Context) -> tuple[Stay, list[Refusal]]:
    values = entry.values
    structure = values.get("structure") or values.get("usual_structure") or Organization()
    refusals = [] if structure.identifier else [Refusal("DOS-58")]
    for part in entry.parts:
        unknown = [e for e in part.values.get("events", ()) if e not in context.events]
        if unknown:
            context.trace.note(part.number, [Diagnostic("DOS-19", part.row.location(), {"count": len(unknown)})])
    stay = Stay(
        key=entry.key,
        structure=structure,
        admission=values.get("admission"),
        planned_entry=values.get("planned_entry"),
        entry=values.get("entry"),
        entry_mode=values.get("entry_mode"),
        planned_exit=values.get("planned_exit"),
        exit=values.get("exit"),
        exit_mode=values.get("exit_mode"),
        comment=values.get("comment"),
        events=tuple(e for e in values.get("events", ()) if e in context.events),
        coded=not refusals,
    )
    return stay, refusals


STAYS = Section(
    title="Séjours",
    kinds=MappingProxyType({"comment": TEXT, "events": MANY}),
    spans=(("admission", "exit"), ("entry", "exit"), ("planned_entry", "planned_exit")),
    compile=_compile,
    build=_build,
)
