"""The rules of R4 that hold for any resource: names, lists, types, codes, empty values, contained resources.

Walks a parsed resource along the element table. References met on the way are collected: some lead to entries that
come later. Every problem is noted; none stops the walk.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from converter.fhir.check.binary import Binary
from converter.fhir.check.elements import (
    ElementRule,
    closed_systems,
    code_sets,
    elements_of,
    is_known,
    primitives,
    resource_types,
)
from converter.fhir.check.findings import Findings, child
from converter.fhir.check.primitives import fault_of, has_bad_characters, is_absolute
from converter.fhir.check.reader import JsonObject

__all__ = ["FoundReference", "check_complex", "check_resource_structure"]


@dataclass(frozen=True, slots=True)
class FoundReference:
    """A Reference met in a resource: its path, its content, the types it may lead to (empty: any)."""

    path: str
    value: dict[str, Any]
    targets: tuple[str, ...]


def check_resource_structure(resource: Any, path: str, findings: Findings) -> list[FoundReference]:
    """Everything about one resource that R4 rules by itself. Gives the references in it, contained ones included."""
    walk = _Walk(findings)
    walk.resource(resource, path, contained=False)
    return walk.references


def check_complex(value: dict[str, Any], kind: str, path: str, findings: Findings) -> None:
    """One value of a complex type that is no resource."""
    _Walk(findings).complex(value, kind, path)


class _Walk:
    def __init__(self, findings: Findings) -> None:
        self.findings = findings
        self.references: list[FoundReference] = []

    # -------------------------------------------------------------------------------------------------- resources

    def resource(self, value: Any, path: str, *, contained: bool) -> None:
        if not isinstance(value, dict):
            self.findings.add("DR-05", path, expected="object")
            return
        kind = value.get("resourceType")
        if not isinstance(kind, str) or kind not in resource_types():
            self.findings.add("DR-15", child(path, "resourceType"))
            return
        if is_known(kind):
            self.complex(value, kind, path)
        else:
            self.empties(value, path)
        if contained and "contained" in value:
            self.findings.add("DR-26", child(path, "contained"))

    # --------------------------------------------------------------------------------------------- complex values

    def complex(self, value: dict[str, Any], kind: str, path: str) -> None:
        rules = elements_of(kind)
        self._duplicates(value, path)
        # ele-1: an id by itself says nothing; beside a primitive's value (kind Element) it may stand.
        if not value or (len(value) == 1 and ("resourceType" in value or (kind != "Element" and "id" in value))):
            self.findings.add("DR-06", path)
        for name, item in value.items():
            if name == "resourceType" and kind in resource_types():
                continue
            if (rule := rules.get(name)) is not None:
                self._element(item, rule, child(path, name), value.get(f"_{name}"))
            elif name.startswith("_") and (rule := rules.get(name[1:])) is not None and rule.type in primitives():
                self._primitive_extension(item, rule, child(path, name), value.get(name[1:]))
            else:
                self.findings.add("DR-01", child(path, name), type=kind)
        self._required(value, kind, path)
        self._choices(value, kind, path)
        self._addresses(value, kind, path)
        if kind == "Extension" and ("extension" in value) == any(n.startswith(("value", "_value")) for n in value):
            self.findings.add("DR-71", path, rule="ext-1")

    def _duplicates(self, value: dict[str, Any], path: str) -> None:
        if isinstance(value, JsonObject):
            for name in value.duplicates:
                self.findings.add("BDL-04", child(path, name))

    def _addresses(self, value: dict[str, Any], kind: str, path: str) -> None:
        """Systems and extension URLs are absolute (the latter but for those inside an extension); codes exist."""
        system = value.get("system") if kind in ("Coding", "Identifier", "Quantity") else None
        named = value.get("value")
        if system == "urn:ietf:rfc:3986" and isinstance(named, str) and named and not is_absolute(named):
            self.findings.add("DR-66", child(path, "value"))
        if isinstance(system, str) and system and not is_absolute(system):
            self.findings.add("DR-18", child(path, "system"), element="system")
        known = closed_systems().get(str(system)) if kind == "Coding" else None
        if known is not None and not (isinstance(value.get("code"), str) and value["code"] in known):
            self.findings.add("DR-19", child(path, "code"))
        for name in () if kind == "Extension" else ("extension", "modifierExtension"):
            held = value.get(name)
            for place, one in _numbered(held if isinstance(held, list) else [], child(path, name)):
                url = one.get("url") if isinstance(one, dict) else None
                if isinstance(url, str) and url and not is_absolute(url):
                    self.findings.add("DR-18", child(place, "url"), element="url")

    def _required(self, value: dict[str, Any], kind: str, path: str) -> None:
        for name, rule in elements_of(kind).items():
            if rule.required and name not in value and f"_{name}" not in value:
                self.findings.add("DR-02", child(path, name), element=name)

    def _choices(self, value: dict[str, Any], kind: str, path: str) -> None:
        rules, met = elements_of(kind), dict[str, str]()
        for name in value:
            stem = rules[name].choice if name in rules else None
            if stem is not None and met.setdefault(stem, name) != name:
                self.findings.add("DR-07", child(path, name), element=f"{stem}[x]")

    # ------------------------------------------------------------------------------------------------ one element

    def _element(self, item: Any, rule: ElementRule, path: str, beside: Any) -> None:
        if rule.many != isinstance(item, list):
            code = "DR-06" if item is None or item in ([], "") else "DR-05"
            self.findings.add(code, path, expected="list" if rule.many else "single")
            return
        if not rule.many:
            self._value(item, rule, path)
            return
        if not item:
            self.findings.add("DR-06", path)
        for number, one in enumerate(item):
            if one is None and isinstance(beside, list) and number < len(beside) and beside[number] is not None:
                continue  # a null that keeps the place of a primitive with extensions only
            self._value(one, rule, f"{path}[{number}]")

    def _value(self, value: Any, rule: ElementRule, path: str) -> None:
        if value is None or (isinstance(value, (str, list, dict)) and not value):
            self.findings.add("DR-06", path)
        elif rule.type in primitives():
            self._primitive(value, rule, path)
        elif rule.type == "Resource":
            self.resource(value, path, contained=path.rpartition(".")[2].startswith("contained"))
        elif not isinstance(value, dict):
            self.findings.add("DR-05", path, expected="object")
        elif is_known(rule.type):
            self.complex(value, rule.type, path)
            if rule.type == "Reference":
                self.references.append(FoundReference(path, value, rule.targets))
        else:
            self.empties(value, path)

    # ------------------------------------------------------------------------------------------------- primitives

    def _primitive(self, value: Any, rule: ElementRule, path: str) -> None:
        if isinstance(value, Binary):
            self._binary(value, rule, path)
            return
        kind = rule.codes if rule.codes in ("mime", "language") else rule.type
        fault = fault_of(kind or rule.type, value)
        if fault:
            code = {"type": "DR-05", "day": "DR-11"}.get(fault, "DR-10")
            if isinstance(value, str) and has_bad_characters(value):
                code = "DR-17"
            expected = kind if code == "DR-10" else rule.type
            self.findings.add(code, path, expected=expected or "")
        elif isinstance(value, str) and rule.type in ("string", "markdown") and value != value.strip():
            self.findings.add("DR-14", path)
        elif value not in (allowed := code_sets().get(rule.codes or "", (value,))):
            self.findings.add("DR-12", path, allowed=", ".join(sorted(allowed)))

    def _binary(self, value: Binary, rule: ElementRule, path: str) -> None:
        if rule.type != "base64Binary":
            self.findings.add("DR-05", path, expected=rule.type)
        elif value.fault:
            self.findings.add("DR-40", path, kind=value.fault)
        elif not value.size:
            self.findings.add("DR-06", path)
        elif value.blanks:
            self.findings.add("DR-41", path)

    def _primitive_extension(self, item: Any, rule: ElementRule, path: str, beside: Any) -> None:
        """``_name``: id and extensions of a primitive; for lists, aligned with the values."""
        if rule.many:
            if not isinstance(item, list) or not item or all(one is None for one in item):
                self.findings.add("DR-16", path)
                return
            if isinstance(beside, list) and len(beside) != len(item):
                self.findings.add("DR-16", path)
            pairs = [(one, f"{path}[{n}]") for n, one in enumerate(item) if one is not None]
        else:
            pairs = [(item, path)]
        for one, place in pairs:
            if isinstance(one, dict) and one:
                self.complex(one, "Element", place)
            else:
                self.findings.add("DR-16", place)

    # ---------------------------------------------------------------------------------------- what is not in tables

    def empties(self, value: Any, path: str) -> None:
        """Empty and null values below something that the table does not describe."""
        if isinstance(value, Binary):
            self._binary(value, _ANY_BINARY, path)
            return
        if value is None or (isinstance(value, (str, list, dict)) and not value):
            self.findings.add("DR-06", path)
        elif isinstance(value, str) and has_bad_characters(value):
            self.findings.add("DR-17", path)
        elif isinstance(value, dict):
            self._duplicates(value, path)
            for name, item in value.items():
                self.empties(item, child(path, name))
        elif isinstance(value, list):
            for place, item in _numbered(value, path):
                self.empties(item, place)


_ANY_BINARY = ElementRule("base64Binary", False, False)


def _numbered(items: list[Any], path: str) -> Iterator[tuple[str, Any]]:
    for number, item in enumerate(items):
        yield f"{path}[{number}]", item
