"""Values at a dotted path of a parsed resource, with the FHIRPath of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from converter.fhir.check.findings import child

__all__ = ["codings", "parents", "values"]


def values(resource: dict[str, Any], path: str, steps: str) -> Iterator[tuple[str, Any]]:
    """Every value at a dotted path, with its FHIRPath."""
    first, _, rest = steps.partition(".")
    value = resource.get(first)
    if value is None:
        return
    places = (
        [(child(path, first), value)]
        if not isinstance(value, list)
        else [(f"{child(path, first)}[{n}]", one) for n, one in enumerate(value)]
    )
    for place, one in places:
        if not rest:
            yield place, one
        elif isinstance(one, dict):
            yield from values(one, place, rest)


def parents(resource: dict[str, Any], path: str, steps: str) -> Iterator[tuple[str, dict[str, Any], str]]:
    above, _, name = steps.rpartition(".")
    if not above:
        yield path, resource, name
        return
    for place, value in values(resource, path, above):
        if isinstance(value, dict):
            yield place, value, name


def codings(value: dict[str, Any], path: str) -> list[tuple[str, dict[str, Any]]]:
    """The codings of a CodeableConcept; a Coding is its own."""
    held = value.get("coding")
    if isinstance(held, list):
        return [(f"{path}.coding[{n}]", one) for n, one in enumerate(held) if isinstance(one, dict)]
    return [(path, value)] if "code" in value or "system" in value else []
