"""Evaluations and their grids (organizer 3.95), or the GIR alone in the first state of the guide.

In .58 an evaluation needs a date, a type of value set 802, and somebody with an identifier; AGGIR needs its GIR and
the whole grid. A GIR alone is no conformant entry there: it stays in the text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from converter.cda.dossier.states import AGGIR_GRIDS
from converter.dossier import Evaluation, EvaluationItem, Professional
from converter.dossier_mapper.attached import known_documents
from converter.dossier_mapper.codes import coded, gir
from converter.dossier_mapper.entries import CompiledRule, Context, Entry, Part, Refusal, Section
from converter.dossier_mapper.grids import ItemReader, grid_of, incomplete
from converter.dossier_mapper.parts import MANY, TEXT, Compiler, Field
from converter.dossier_mapper.status import status_fields, status_of
from converter.mapper import fields
from converter.mapper.residents import Collected
from converter.mapping.sections import AssessmentRule

__all__ = ["EVALUATIONS"]

_PEOPLE = ("evaluator", "author", "responsible")
_CRITERIA = 4


def _fields(compiler: Compiler, spec: AssessmentRule) -> Mapping[str, Field]:
    return {
        "type": Field(coded(compiler.state, "802")),
        "title": Field(fields.one_line),
        "date": Field(fields.moment, required=not spec.group),
        "result": Field(gir(compiler.state)),
        "result_text": Field(fields.one_line),
        "comment": Field(fields.text_of, TEXT),
        "grid_version": Field(fields.one_line),
        "documents": Field(fields.one_line, MANY),
        **status_fields(compiler, reason=False),
    }


def _compile(compiler: Compiler, spec: AssessmentRule) -> CompiledRule:
    read = compiler.fields(spec, _fields(compiler, spec))
    people = {name: compiler.professional(getattr(spec, name), name) for name in _PEOPLE}

    def values(got: Collected) -> dict[str, Any]:
        found: dict[str, Any] = read(got)
        return found | {name: who for name, person in people.items() if (who := person(got)) is not None}

    key = compiler.rule(spec.key, "key", fields.one_line, required=True)
    has_items = bool(spec.items) or spec.item is not None
    return CompiledRule(key, spec.group, values, ItemReader(compiler, spec) if has_items else None)


def _prepare(parts: Sequence[Part], context: Context) -> None:
    """Reads the fields of the grid: which one it is may stand in another row of the evaluation."""
    kinds = (part.values["type"] for part in parts if "type" in part.values and not context.trace.rejected(part.number))
    grid = grid_of(next(kinds, None), context.state.name)
    for part in parts:
        if part.rule.late is None:
            continue
        got = Collected(part.row)
        items = part.rule.late(got, grid)
        context.trace.note(part.number, got.diagnostics)
        if items:
            part.values["items"] = items


def _build(entry: Entry, context: Context) -> tuple[Evaluation, list[Refusal]]:
    values, state = entry.values, context.state
    status, refusals = status_of(entry, context, state.evaluation_statuses)
    items = values.get("items", ())
    if state.places("events"):
        refusals = [*_general(values), *_grid(values, items, state.name), *refusals]
    else:
        refusals = [*_first_state(values), *refusals]
    evaluation = Evaluation(
        key=entry.key,
        date=values.get("date"),
        type=values.get("type"),
        title=values.get("title"),
        result=values.get("result"),
        result_text=values.get("result_text"),
        # The table of the text has four columns of adverbs, or none.
        items=tuple(item if len(item.criteria) in (0, _CRITERIA) else replace(item, criteria=()) for item in items),
        evaluator=values.get("evaluator"),
        author=values.get("author"),
        responsible=values.get("responsible"),
        comment=values.get("comment"),
        status=status,
        grid_version=values.get("grid_version"),
        documents=known_documents(entry, context),
        coded=not refusals,
    )
    return evaluation, refusals


def _general(values: Mapping[str, Any]) -> list[Refusal]:
    found = []
    if "date" not in values:
        found.append(Refusal("DOS-49"))
    if "type" not in values:
        found.append(Refusal("DOS-44"))
    if not any(_identified(values.get(name), name) for name in _PEOPLE):
        found.append(Refusal("DOS-43"))
    return found


def _identified(who: Professional | None, name: str) -> bool:
    """Somebody the entry can name by number; a responsible structure counts too (participant RESP, scopingEntity)."""
    if who is None:
        return False
    if who.identifier is not None:
        return True
    return name == "responsible" and who.organization is not None and who.organization.identifier is not None


def _grid(values: Mapping[str, Any], items: Sequence[EvaluationItem], state: str) -> list[Refusal]:
    kind = values.get("type")
    if kind is None:
        return []
    found = []
    if kind.code in AGGIR_GRIDS:
        if "result" not in values:
            found.append(Refusal("DOS-45"))
    elif "result" in values:
        found.append(Refusal("DOS-48", {"type": kind.code}))
    return found + incomplete(items, grid_of(kind, state))


def _first_state(values: Mapping[str, Any]) -> list[Refusal]:
    """The seed writes a GIR and its date."""
    found = [] if "date" in values else [Refusal("DOS-49")]
    return found if "result" in values else [*found, Refusal("DOS-59")]


EVALUATIONS = Section(
    title="Evaluations",
    kinds=MappingProxyType({"comment": TEXT, "documents": MANY, "items": MANY}),
    spans=(),
    compile=_compile,
    build=_build,
    prepare=_prepare,
)
