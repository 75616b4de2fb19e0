"""Evaluations: the grids that must be complete, who is behind them, and the status of evaluations and events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from converter.cda.check.findings import Findings
from converter.cda.check.grammar import XSI_TYPE
from converter.cda.check.nodes import Node
from converter.cda.check.rules import codes_of, has_template, template
from converter.cda.check.value_sets import ValueSets
from converter.cda.dossier.states import AGGIR_GRIDS, SERAFIN_EVALUATION, SSIAD_EVALUATION, STATES
from converter.model import Coding

__all__ = ["check_evaluation", "check_group", "check_status"]

_ITEM = template("3.214")
_CRITERION = template("3.220")
_CRITERIA = "817"
_RESULTS = "816"
_GIR = "53"
_CANCELLED, _REASON, _REASONS = "ANNULE", "GEN-348", "803"


def check_group(node: Node, findings: Findings) -> None:
    """A group has the code of the evaluation in it."""
    code = codes_of(node)
    for inner in node.all("component/observation"):
        if has_template(inner, template("3.25")) and codes_of(inner) != code:
            findings.add("CDAX-90", inner)


def check_evaluation(node: Node, findings: Findings, sets: ValueSets) -> None:
    """One evaluation: somebody with an identifier behind it, and the items of its grid."""
    if not any(_has_identity(n) for n in _people(node)):
        findings.add("CDAX-85", node)
    code = codes_of(node)
    items = [n for n in node.all("entryRelationship/observation") if has_template(n, _ITEM)]
    if code in AGGIR_GRIDS:
        _check_gir(node, findings, sets)
        _check_grid(node, items, AGGIR_GRIDS[code], findings, sets)
    elif code == SSIAD_EVALUATION:
        _check_items(items, "804", "BL", findings, sets)
    elif code == SERAFIN_EVALUATION:
        _check_items(items, "JDV_J285", "INT", findings, sets)


def _people(node: Node) -> list[Node]:
    resp = [p for p in node.all("participant") if p.get("typeCode") == "RESP"]
    return [
        *node.all("performer/assignedEntity/id"),
        *node.all("author/assignedAuthor/id"),
        *(i for p in resp for path in ("participantRole/id", "participantRole/scopingEntity/id") for i in p.all(path)),
    ]


def _has_identity(identifier: Node) -> bool:
    return bool(identifier.get("root")) and "nullFlavor" not in identifier.attributes


def _check_gir(node: Node, findings: Findings, sets: ValueSets) -> None:
    value = node.find("value")
    if value is not None and not sets.holds(_GIR, value.get("code"), value.get("codeSystem")):
        findings.add("CDAX-46", value, set=_GIR)


def _check_grid(node: Node, items: list[Node], grid: str, findings: Findings, sets: ValueSets) -> None:
    """AGGIR: every item once, with its result and its four criteria, all of one release."""
    found = Counter(codes_of(item) for item in items)
    choices = list(zip(sets.choices(grid), sets.choices(_RESULTS), strict=True))
    wanted, results = min(choices, key=lambda pair: len(pair[0].keys() ^ found.keys()))
    missing = [code for code in wanted if code not in found]
    if missing:
        findings.add("CDAX-83", node, count=len(missing), items=" ".join(missing))
    for item in items:
        code = codes_of(item)
        if code not in wanted:
            findings.add("CDAX-46", item, set=grid)
        elif found[code] > 1:
            findings.add("CDAX-12", item, element=code, count=found[code])
        _check_result(item, results, findings)
        _check_criteria(item, findings, sets)


def _check_result(item: Node, results: Mapping[str, Coding], findings: Findings) -> None:
    value = item.find("value")
    if value is None:
        return
    if _type_of(value) != "CD":
        findings.add("CDAX-91", value, expected="CD")
    elif value.get("code") not in results:
        findings.add("CDAX-46", value, set=_RESULTS)


def _check_criteria(item: Node, findings: Findings, sets: ValueSets) -> None:
    found = {codes_of(n) for n in item.all("entryRelationship/observation") if has_template(n, _CRITERION)}
    missing = [code for code in sets.choices(_CRITERIA)[0] if code not in found]
    if missing:
        findings.add("CDAX-84", item, items=" ".join(missing))


def _check_items(items: list[Node], name: str, data_type: str, findings: Findings, sets: ValueSets) -> None:
    for item in items:
        code = item.find("code")
        if code is not None and not sets.holds(name, code.get("code"), code.get("codeSystem")):
            findings.add("CDAX-46", code, set=name)
        value = item.find("value")
        if value is not None and _type_of(value) != data_type:
            findings.add("CDAX-91", value, expected=data_type)


def _type_of(value: Node) -> str:
    return value.get(XSI_TYPE).rpartition(":")[2]


def check_status(node: Node, findings: Findings, sets: ValueSets) -> None:
    """A status: within the short list of what it is about; a cancelled one says why."""
    value = node.find("value")
    if value is None or not value.get("code"):
        return
    about = node.parent.parent.name if node.parent is not None and node.parent.parent is not None else ""
    allowed = {c for state in sets.states for c in _statuses(state, about)}
    if value.get("code") not in allowed:
        findings.add("CDAX-86", value, allowed=" ".join(sorted(allowed)))
    elif value.get("code") == _CANCELLED:
        _check_reason(value, findings, sets)


def _statuses(state: str, about: str) -> tuple[str, ...]:
    known = STATES[state]
    return known.evaluation_statuses if about == "observation" else known.event_statuses


def _check_reason(value: Node, findings: Findings, sets: ValueSets) -> None:
    for qualifier in value.all("qualifier"):
        name, reason = qualifier.find("name"), qualifier.find("value")
        if name is not None and name.get("code") == _REASON and reason is not None:
            if not sets.holds(_REASONS, reason.get("code"), reason.get("codeSystem")):
                findings.add("CDAX-46", reason, set=_REASONS)
            return
    findings.add("CDAX-87", value)
