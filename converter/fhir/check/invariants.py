"""Invariants of R4 that can be run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from converter.fhir.check.findings import Findings, child
from converter.fhir.check.fr_core import PATIENT_RULES
from converter.fhir.check.primitives import instant_of
from converter.fhir.releases import Release

__all__ = ["check_invariants"]


def check_invariants(resource: dict[str, Any], path: str, release: Release, findings: Findings) -> None:
    """Invariants of R4 that can be run, and what fr-core asks of a Patient where the release points to it."""
    fr_core = release.patient_profile.endswith("/fr-core-patient")
    _invariants(resource, path, _RESOURCE_RULES + (PATIENT_RULES if fr_core else ()), findings, "")


_Rules = tuple[tuple[str, Callable[[dict[str, Any], str], bool]], ...]


def _invariants(value: Any, path: str, rules: _Rules, findings: Findings, kind: str) -> None:
    """``rules`` are those of resources; those of an element go by its name: most elements have none."""
    if isinstance(value, list):
        for number, item in enumerate(value):
            _invariants(item, f"{path}[{number}]", rules, findings, kind)
        return
    if not isinstance(value, dict):
        return
    for rule, broken in (*_ELEMENT_RULES.get(kind, ()), *(rules if "resourceType" in value else ())):
        if broken(value, kind):
            findings.add("DR-71", path, rule=rule)
    for name, item in value.items():
        _invariants(item, child(path, name), rules, findings, name)


def _period_reversed(value: dict[str, Any], kind: str) -> bool:
    start, end = value.get("start"), value.get("end")
    if not isinstance(start, str) or not isinstance(end, str):
        return False
    both = instant_of(start), instant_of(end)
    if both[0] is not None and both[1] is not None:
        try:
            return both[0] > both[1]
        except TypeError:
            return False
    short = min(len(start), len(end), 10)
    return start[:short] > end[:short]


def _att_1(value: dict[str, Any], kind: str) -> bool:
    return "data" in value and "contentType" not in value


def _cpt_2(value: dict[str, Any], kind: str) -> bool:
    return "value" in value and "system" not in value


def _org_1(value: dict[str, Any], kind: str) -> bool:
    return value.get("resourceType") == "Organization" and not {"identifier", "name"} & set(value)


def _pat_1(value: dict[str, Any], kind: str) -> bool:
    return "relationship" in value and not ({"name", "telecom", "address", "organization"} & set(value))


def _qty_3(value: dict[str, Any], kind: str) -> bool:
    return "code" in value and "system" not in value


_RESOURCE_RULES: _Rules = (("org-1", _org_1),)
#: By name of the element: in what is judged here, a name has one type.
_ELEMENT_RULES: dict[str, _Rules] = {
    name: ((rule, broken),)
    for rule, broken, names in (
        ("att-1", _att_1, ("attachment", "photo", "valueAttachment")),
        ("per-1", _period_reversed, ("period", "during", "valuePeriod")),
        ("cpt-2", _cpt_2, ("telecom", "valueContactPoint")),
        ("pat-1", _pat_1, ("contact",)),
        ("qty-3", _qty_3, ("valueQuantity", "low", "high", "numerator", "denominator")),
    )
    for name in names
}
