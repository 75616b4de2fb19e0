"""Grids of evaluation: which fields each has, what their results are, and when a grid is complete.

AGGIR (value sets 805 and 806): every field has a result (816) and four adverbs (817). SSIAD (804): yes/no. SERAFIN
(JDV_J285): a number. Any other grid has no coded form in the guide: its fields are read as written, for the text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from converter.cda.dossier.states import AGGIR_GRIDS, SERAFIN_EVALUATION, SSIAD_EVALUATION, STATES
from converter.diagnostics import Diagnostic, Severity
from converter.dossier import Criterion, EvaluationItem
from converter.dossier_mapper.codes import CodeList, code_list
from converter.dossier_mapper.entries import Refusal
from converter.dossier_mapper.parts import Compiler, column_of
from converter.mapper import fields
from converter.mapper.residents import Collected
from converter.mapping.sections import AssessmentRule, CriteriaSpec
from converter.mapping.values import Convert, Rule, WrongValueError
from converter.model import Coding

__all__ = ["Grid", "ItemReader", "grid_of", "incomplete"]

#: The four adverbs, as the mapping and value set 817 name them.
_ADVERBS = {"spontaneously": "MED-1307", "totally": "MED-1308", "correctly": "MED-1309", "usually": "MED-1310"}
_EVERY_FIELD = ("805", "806", "804", "JDV_J285")


@dataclass(frozen=True, slots=True)
class Grid:
    """``field`` and ``result`` are last steps; ``codes`` those of a complete grid, empty where none is asked for."""

    name: str
    field: Convert
    result: Convert
    codes: tuple[str, ...] = ()
    strict: bool = True


def grid_of(kind: Coding | None, state: str) -> Grid:
    """The grid of an evaluation of this type (value set 802) in a state."""
    return _grid(kind.code if kind is not None and STATES[state].places("events") else "", state)


@cache
def _grid(kind: str, state: str) -> Grid:
    if kind in AGGIR_GRIDS:
        names = code_list((AGGIR_GRIDS[kind],), state)
        return Grid(names.name, names.of, _aggir_results(state).of, tuple(names.codes))
    if kind == SSIAD_EVALUATION:
        return Grid("804", code_list(("804",), state).of, fields.boolean)
    if kind == SERAFIN_EVALUATION:
        return Grid("JDV_J285", code_list(("JDV_J285",), state).of, fields.number(0, 9999))
    return Grid("", _as_written(code_list(_EVERY_FIELD, state)), _as_written(_aggir_results(state)), strict=False)


@cache
def _aggir_results(state: str) -> CodeList:
    """Value set 816, whose three codes are the A, B and C of AGGIR in that order."""
    return CodeList(("816",), state, dict(zip("ABC", code_list(("816",), state).codes, strict=True)))


def _as_written(known: CodeList) -> Convert:
    """For reading only: the official label where there is one, else the source's own words."""

    def convert(datum: Any) -> Coding | None:
        text = fields.one_line(datum)
        if text is None:
            return None
        return known.get(text) or Coding("", text, "", "")

    return convert


class ItemReader:
    """The fields of a grid on a row: as columns, or one field per row. Compiled once per grid that turns up."""

    def __init__(self, compiler: Compiler, spec: AssessmentRule) -> None:
        self._compiler = compiler
        self._spec = spec
        self._from_result = spec.criteria == "from_result"
        self._columns: dict[str, list[_Column]] = {}
        self._rows: dict[str, Callable[[Collected], tuple[EvaluationItem, ...]]] = {}

    def __call__(self, got: Collected, grid: Grid) -> tuple[EvaluationItem, ...]:
        """The row's fields; what is wrong with them is collected."""
        spec = self._spec
        if grid.name not in self._columns:
            self._columns[grid.name] = [
                self._column(name, grid, item.result, item.criteria) for name, item in spec.items.items()
            ]
        found = [item for column in self._columns[grid.name] if (item := column(got)) is not None]
        if spec.item is not None:
            if grid.name not in self._rows:
                self._rows[grid.name] = self._one_per_row(grid)
            found.extend(self._rows[grid.name](got))
        return tuple(found)

    def _column(self, name: str, grid: Grid, result: Any, criteria: CriteriaSpec | None) -> _Column:
        try:
            code = grid.field(name)
        except WrongValueError as wrong:
            return _Column(None, Diagnostic("DOS-24", None, {"item": name, "table": grid.name} | dict(wrong.params)))
        rules = self._criteria(criteria, f"items.{name}.criteria")
        rule = self._compiler.rule(result, f"items.{name}", grid.result)
        return _Column(code, None, rule, rules, self._adverbs(grid))

    def _one_per_row(self, grid: Grid) -> Callable[[Collected], tuple[EvaluationItem, ...]]:
        spec, compiler = self._spec, self._compiler
        # A row that only completes an evaluation may name no field.
        field = compiler.rule(spec.item, "item", grid.field)
        result = compiler.rule(spec.item_result, "item_result", grid.result, required=grid.strict)
        criteria, adverbs = self._criteria(spec.item_criteria, "item_criteria"), self._adverbs(grid)

        def read(got: Collected) -> tuple[EvaluationItem, ...]:
            code = got.take(field)
            if code is None:
                return ()
            if spec.item_result is None and grid.strict:
                got.diagnostics.append(Diagnostic("DOS-26", got.row.location(column_of(spec.item)), {"item": "item"}))
                return ()
            before = len(got.diagnostics)
            value = got.take(result)
            met = _met(got, criteria, adverbs, value)
            if value is None and grid.strict:
                if len(got.diagnostics) == before:
                    got.diagnostics.append(_without_result(got, code))
                return ()
            return (EvaluationItem(code, value, met),)

        return read

    def _criteria(self, spec: CriteriaSpec | None, path: str) -> dict[str, Rule]:
        if spec is None:
            return {}
        return {n: self._compiler.rule(getattr(spec, n), f"{path}.{n}", fields.boolean) for n in _ADVERBS}

    def _adverbs(self, grid: Grid) -> _Adverbs:
        state = self._compiler.state
        codes = code_list(("817",), state).codes
        extremes: dict[Coding, bool] = {}
        if self._from_result:
            results = list(_aggir_results(state).codes.values())
            extremes = {results[0]: True, results[-1]: False}
        return _Adverbs({name: codes[code] for name, code in _ADVERBS.items()}, extremes)


@dataclass(frozen=True, slots=True)
class _Adverbs:
    """The codes of the four adverbs, and the results that answer them all (``criteria: from_result``)."""

    codes: Mapping[str, Coding]
    extremes: Mapping[Coding, bool]


@dataclass(frozen=True, slots=True)
class _Column:
    """One field of a grid that has its own column, or what is wrong with its name in the mapping."""

    code: Coding | None
    fault: Diagnostic | None
    result: Rule | None = None
    criteria: Mapping[str, Rule] | None = None
    adverbs: _Adverbs | None = None

    def __call__(self, got: Collected) -> EvaluationItem | None:
        if self.code is None or self.result is None or self.adverbs is None:
            if self.fault is not None:
                got.diagnostics.append(Diagnostic(self.fault.code, got.row.location(), self.fault.params))
            return None
        value = got.take(self.result)
        met = _met(got, self.criteria or {}, self.adverbs, value)
        if value is None:
            if met:
                got.diagnostics.append(_without_result(got, self.code))
            return None
        return EvaluationItem(self.code, value, met)


def _without_result(got: Collected, code: Coding) -> Diagnostic:
    """A field that the row names, of a grid that may leave it empty: said, and left out."""
    return Diagnostic("DOS-26", got.row.location(), {"item": code.code or "…"}, Severity.WARNING)


def _met(got: Collected, rules: Mapping[str, Rule], adverbs: _Adverbs, result: Any) -> tuple[Criterion, ...]:
    """The four adverbs as given, else as the result says; fewer than four are kept to be reported as incomplete."""
    given = {name: met for name, rule in rules.items() if (met := got.take(rule)) is not None}
    if not given and isinstance(result, Coding) and result in adverbs.extremes:
        given = dict.fromkeys(_ADVERBS, adverbs.extremes[result])
    return tuple(Criterion(adverbs.codes[name], given[name]) for name in _ADVERBS if name in given)


def incomplete(items: Sequence[EvaluationItem], grid: Grid) -> list[Refusal]:
    """What hinders coding a grid: fields without a coded form, or a grid that is asked for whole and is not."""
    if not grid.strict and items:
        return [Refusal("DOS-60", {"count": len(items)})]
    if not grid.codes:
        return []
    found: list[Refusal] = []
    there = {item.code.code for item in items}
    if missing := [code for code in grid.codes if code not in there]:
        params: dict[str, str | int] = {"missing": ", ".join(missing), "count": len(there), "total": len(grid.codes)}
        found.append(Refusal("DOS-46", params))
    if bare := [item.code.code for item in items if len(item.criteria) != len(_ADVERBS)]:
        found.append(Refusal("DOS-47", {"items": ", ".join(bare)}))
    return found
