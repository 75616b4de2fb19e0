"""Rules about required elements as text, one a line, and their application to an element tree.

A line is: path, how often, conditions::

    recordTarget/patientRole/id       1..*  @root @extension
    participant[@typeCode=COV]        ~1    (a warning only)
    languageCode                      1     !null @code=fr-FR
    entryRelationship/act[#3.94]      1..*
    code                              1     in:802 @displayName

``[@name=value]`` chooses by attribute, ``[#3.94]`` by templateId (``3.n`` is 1.2.250.1.213.1.1.3.n), ``[code=X|Y]``
by the code of the statement, ``[/name]`` by a child. ``!null`` forbids nullFlavor; ``@name`` wants an attribute,
``@name=A|B`` one of these values (``~@name``: as a warning); ``in:name`` a code of a value set; ``type=CD|BL`` one of
these data types. An element with an allowed nullFlavor needs nothing else. How often is counted in each parent that
exists. Lines add up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from converter.cda.check.findings import Findings
from converter.cda.check.grammar import XSI_TYPE
from converter.cda.check.nodes import Node
from converter.diagnostics import Severity

__all__ = ["Step", "apply", "codes_of", "has_template", "rules", "template"]

_CISIS = "1.2.250.1.213.1.1."
_STEP = re.compile(r"([\w:]+)(?:\[([^\]]*)\])?")
#: Whether a code of a value set is known in the document's state.
InSet = Callable[[str, str, str], bool]


def template(short: str) -> str:
    """``3.94`` → 1.2.250.1.213.1.1.3.94; a longer OID stays."""
    return _CISIS + short if short.count(".") < 4 else short


def has_template(node: Node, oid: str) -> bool:
    return any(c.name == "templateId" and c.attributes.get("root") == oid for c in node.children)


def codes_of(node: Node) -> str:
    """The code of a clinical statement."""
    found = node.find("code")
    return found.get("code") if found is not None else ""


@dataclass(slots=True)
class Step:
    """One element of a rule: which children it means, how many there must be, what each needs, what is inside."""

    written: str
    name: str
    choice: Callable[[Node], bool] | None
    low: int = 0
    high: float = float("inf")
    level: Severity | None = None
    forbids_null: bool = False
    values: tuple[tuple[str, frozenset[str], Severity | None], ...] = ()
    value_set: str = ""
    types: frozenset[str] = frozenset()
    inside: list[Step] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The step as a reader of XPath expects it."""
        shown = re.sub(r"\[#([\d.]+)\]", lambda m: f"[templateId/@root='{template(m[1])}']", self.written)
        return shown.replace("[/", "[")


def rules(text: str) -> tuple[Step, ...]:
    """Compile rules; lines with a common path share its steps."""
    roots: list[Step] = []
    for line in text.strip().splitlines():
        if not line:
            continue
        path, times, *conditions = line.split()
        step: Step | None = None
        siblings = roots
        for found in _STEP.finditer(path):
            step = next((s for s in siblings if s.written == found[0]), None)
            if step is None:
                step = Step(found[0], found[1], _choice(found[2]) if found[2] else None)
                siblings.append(step)
            siblings = step.inside
        assert step is not None
        _fill(step, times, conditions)
    return tuple(roots)


def _choice(text: str) -> Callable[[Node], bool]:
    if text.startswith("/"):
        return lambda node: node.find(text[1:]) is not None
    if text.startswith("#"):
        oid = template(text[1:])
        return lambda node: has_template(node, oid)
    name, _, value = text.partition("=")
    wanted = frozenset(value.split("|"))
    if name == "code":
        return lambda node: codes_of(node) in wanted
    return lambda node: node.attributes.get(name[1:]) in wanted


def _fill(step: Step, times: str, conditions: Iterable[str]) -> None:
    if times.startswith("~"):
        step.level, times = Severity.WARNING, times[1:]
    low, _, high = times.partition("..")
    step.low = int(low)
    step.high = step.low if not high else float("inf") if high == "*" else int(high)
    for condition in conditions:
        if condition == "!null":
            step.forbids_null = True
        elif condition.startswith("in:"):
            step.value_set = condition[3:]
        elif condition.startswith("type="):
            step.types = frozenset(condition[5:].split("|"))
        else:
            level = Severity.WARNING if condition.startswith("~") else step.level
            name, _, value = condition.lstrip("~@").partition("=")
            step.values += ((name, frozenset(value.split("|")) if value else frozenset(), level),)


def apply(steps: Iterable[Step], node: Node, findings: Findings, in_set: InSet) -> None:
    """Check an element against rules."""
    by_name: dict[str, list[Node]] = {}
    for child in node.children:
        by_name.setdefault(child.name, []).append(child)
    for step in steps:
        found = by_name.get(step.name, [])
        if step.choice is not None:
            found = [child for child in found if step.choice(child)]
        if len(found) < step.low:
            findings.add("CDAX-11", node, step.level, element=step.label)
        elif len(found) > step.high:
            findings.add("CDAX-12", found[-1], step.level, element=step.label, count=len(found))
        for child in found:
            _check(step, child, findings, in_set)


def _check(step: Step, node: Node, findings: Findings, in_set: InSet) -> None:
    attributes = node.attributes
    if step.types and attributes.get(XSI_TYPE, "").rpartition(":")[2] not in step.types:
        findings.add("CDAX-91", node, step.level, expected=" | ".join(sorted(step.types)))
    if "nullFlavor" in attributes:
        if step.forbids_null:
            findings.add("CDAX-24", node, step.level)
            return
        if not node.children:
            return
    for name, allowed, level in step.values:
        value = attributes.get(name)
        if value is None:
            if "nullFlavor" not in attributes:
                findings.add("CDAX-15", node, level, attribute=name)
        elif allowed and value not in allowed:
            findings.add("CDAX-43", node, level, attribute=name, expected=" | ".join(sorted(allowed)))
    code, system = attributes.get("code"), attributes.get("codeSystem", "")
    if step.value_set and code is not None and not in_set(step.value_set, code, system):
        findings.add("CDAX-46", node, step.level, set=step.value_set)
    if step.inside:
        apply(step.inside, node, findings, in_set)


Templates = Mapping[str, tuple[Step, ...]]
