"""References: contained resources, entries of the same bundle, logical ones; and what may be contained."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from converter.fhir.check.elements import resource_types
from converter.fhir.check.findings import Findings, child
from converter.fhir.check.structure import FoundReference

__all__ = ["check_contained", "check_local", "check_remote"]

_RELATIVE = re.compile(r"(?P<type>[A-Z][A-Za-z]+)/(?P<id>[A-Za-z0-9\-.]{1,64})(?:/_history/[A-Za-z0-9\-.]{1,64})?")
_ABSOLUTE = re.compile(r"https?://\S+")
_ON_A_SERVER = re.compile(r"\S+/(?P<type>[A-Z][A-Za-z]+)/[A-Za-z0-9\-.]{1,64}(?:/_history/[A-Za-z0-9\-.]{1,64})?")
_URN = re.compile(
    r"urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+", re.ASCII
)


def check_contained(resource: dict[str, Any], path: str, found: Iterable[FoundReference], findings: Findings) -> None:
    """dom-3 to dom-5, and an id of its own for each contained resource."""
    held = resource.get("contained")
    if not isinstance(held, list):
        return
    used = {reference.value.get("reference") for reference in found if _is_text(reference.value.get("reference"))}
    seen: set[str] = set()
    for number, one in enumerate(held):
        if isinstance(one, dict):
            _check_one_contained(one, child(path, f"contained[{number}]"), used, seen, findings)


def _check_one_contained(one: dict[str, Any], path: str, used: set[Any], seen: set[str], findings: Findings) -> None:
    identity = one.get("id")
    if not isinstance(identity, str) or not identity:
        findings.add("DR-27", child(path, "id"))
    elif identity in seen:
        findings.add("DR-28", child(path, "id"))
    else:
        seen.add(identity)
        if f"#{identity}" not in used and not _refers_up(one):
            findings.add("DR-25", path)
    meta = one.get("meta")
    if isinstance(meta, dict):
        for name in ("versionId", "lastUpdated", "security"):
            if name in meta:
                findings.add("DR-29", child(child(path, "meta"), name), element=name)


def _refers_up(value: Any) -> bool:
    """dom-3 accepts a contained resource that itself refers to its container (``#``)."""
    if isinstance(value, dict):
        return value.get("reference") == "#" or any(_refers_up(item) for item in value.values())
    return isinstance(value, list) and any(_refers_up(item) for item in value)


def check_local(resource: dict[str, Any], found: Iterable[FoundReference], findings: Findings) -> list[FoundReference]:
    """References that can be judged inside the resource. Gives those that lead elsewhere in the bundle."""
    held = resource.get("contained")
    contained = {
        one.get("id"): one.get("resourceType")
        for one in (held if isinstance(held, list) else ())
        if isinstance(one, dict) and _is_text(one.get("id")) and _is_text(one.get("resourceType"))
    }
    remote: list[FoundReference] = []
    for reference in found:
        literal = reference.value.get("reference")
        _check_type(reference, findings)
        if not isinstance(literal, str):
            _check_logical(reference, findings)
        elif literal.startswith("#"):
            _check_anchor(reference, literal, contained, resource.get("resourceType"), findings)
        else:
            remote.append(reference)
    return remote


def _check_type(reference: FoundReference, findings: Findings) -> None:
    """``Reference.type`` names a resource type, one that the element allows."""
    kind = reference.value.get("type")
    if not isinstance(kind, str) or not kind:
        return
    if kind not in resource_types():
        if not kind.startswith("http"):  # the URL of a logical model is allowed
            findings.add("DR-15", child(reference.path, "type"))
    elif reference.targets and kind not in reference.targets:
        findings.add("DR-22", child(reference.path, "type"), allowed=", ".join(reference.targets))


def _check_logical(reference: FoundReference, findings: Findings) -> None:
    if not {"identifier", "reference", "extension"} & set(reference.value):
        findings.add("DR-23", reference.path)


def _check_anchor(
    reference: FoundReference, literal: str, contained: Mapping[Any, Any], own: Any, findings: Findings
) -> None:
    if literal == "#":
        _check_target(reference, own, findings)
    elif literal[1:] not in contained:
        findings.add("DR-20", child(reference.path, "reference"))
    else:
        _check_target(reference, contained[literal[1:]], findings)


def _check_target(reference: FoundReference, kind: Any, findings: Findings) -> None:
    if reference.targets and kind not in reference.targets:
        findings.add("DR-22", child(reference.path, "reference"), allowed=", ".join(reference.targets))
    elif reference.value.get("type") not in (None, kind):
        findings.add("DR-24", child(reference.path, "type"))


def check_remote(reference: FoundReference, entries: Mapping[str, str], findings: Findings) -> None:
    """A reference to another entry. ``entries`` gives the type by fullUrl, and by ``Type/id``."""
    literal = reference.value["reference"]
    path = child(reference.path, "reference")
    if literal in entries:
        _check_target(reference, entries[literal], findings)
    elif _URN.fullmatch(literal):
        findings.add("DR-21", path)
    elif (relative := _RELATIVE.fullmatch(literal)) and relative["type"] in resource_types():
        findings.add("DR-21", path)
        _check_target(reference, relative["type"], findings)
    elif _ABSOLUTE.fullmatch(literal):
        findings.add("DR-30", path)
        if (there := _ON_A_SERVER.fullmatch(literal)) and there["type"] in resource_types():
            _check_target(reference, there["type"], findings)
    elif "?" in literal and literal.partition("?")[0] in resource_types():
        findings.add("DR-30", path)  # conditional reference: the receiver looks it up
    else:
        findings.add("DR-31", path)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value)
