"""The element table of FHIR R4 (``data/elements.toml``), parsed once: which element, how often, which types."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

__all__ = [
    "ElementRule",
    "closed_systems",
    "code_sets",
    "elements_of",
    "is_known",
    "names",
    "open_types",
    "primitives",
    "resource_types",
]

_FORM = re.compile(r"(?P<types>[^!*+@]*|\*)(?P<many>[!*+]?)(?:@(?P<codes>[a-z-]+))?")
_TYPE = re.compile(r"(\w[\w.]*)(?:\(([\w,]*)\))?")


@dataclass(frozen=True, slots=True)
class ElementRule:
    """One element. ``targets`` empty: any resource; ``choice``: what stands before ``[x]``."""

    type: str
    required: bool
    many: bool
    targets: tuple[str, ...] = ()
    codes: str | None = None
    choice: str | None = None


@cache
def _tables() -> Mapping[str, Any]:
    text = (files("converter.fhir") / "data" / "elements.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def names(kind: str) -> frozenset[str]:
    """A list of the table's ``[names]``: ``languages``, ``xhtml-elements``…"""
    return frozenset(_tables()["names"][kind])


def primitives() -> frozenset[str]:
    return names("primitives")


def open_types() -> frozenset[str]:
    return names("open")


def resource_types() -> frozenset[str]:
    return names("resources")


@cache
def code_sets() -> Mapping[str, frozenset[str]]:
    return MappingProxyType({name: frozenset(codes) for name, codes in _tables()["codes"].items()})


@cache
def closed_systems() -> Mapping[str, frozenset[str]]:
    """Code systems of which every code is known here, by URI."""
    return MappingProxyType({uri: frozenset(codes) for uri, codes in _tables()["systems"].items()})


def is_known(type_name: str) -> bool:
    """Whether the table describes this resource or complex type."""
    return type_name in _tables() and type_name not in ("codes", "names", "systems")


@cache
def elements_of(type_name: str) -> Mapping[str, ElementRule]:
    """The elements of a type by the name they have in JSON (choices spelt out). KeyError for an unknown type."""
    table = dict(_tables()[type_name])
    parent = table.pop("extends", None)
    found: dict[str, ElementRule] = dict(elements_of(parent)) if parent else {}
    for name, form in table.items():
        found.update(_rules(name, form))
    return MappingProxyType(found)


def _rules(name: str, form: str) -> dict[str, ElementRule]:
    if form == "*":
        return {f"value{_capital(t)}": ElementRule(t, False, False, choice="value") for t in _value_types()}
    parts = _FORM.fullmatch(form)
    assert parts is not None, form
    required, many = parts["many"] in ("!", "+"), parts["many"] in ("*", "+")
    kinds = [(kind[0], tuple(filter(None, kind[1].split(",")))) for kind in _TYPE.findall(parts["types"])]
    if not name.endswith("[x]"):
        kind, targets = kinds[0]
        return {name: ElementRule(kind, required, many, targets, parts["codes"])}
    stem = name.removesuffix("[x]")
    return {f"{stem}{_capital(kind)}": ElementRule(kind, required, many, t, choice=stem) for kind, t in kinds}


def _value_types() -> list[str]:
    known = [
        "Address", "Annotation", "Attachment", "CodeableConcept", "Coding", "ContactPoint", "HumanName", "Identifier",
        "Meta", "Money", "Period", "Quantity", "Range", "Ratio", "Reference", "Signature",
    ]  # fmt: skip
    return [*sorted(primitives() - {"xhtml"}), *known, *sorted(open_types())]


def _capital(name: str) -> str:
    return name[0].upper() + name[1:]
