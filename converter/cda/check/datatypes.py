"""Data types by CI-SIS (Structuration minimale, AD, TEL, PN, TS, II, CD): what the schema lets pass and they do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from converter.cda.check.findings import Findings
from converter.cda.check.nodes import Node
from converter.cda.check.values import has_offset, has_short_offset, is_date, is_identifier, is_telecom

__all__ = ["HOOKS", "check_null", "check_telecoms"]

#: nullFlavor values that CI-SIS names for the header, and the elements it names them for.
HEADER_NULLS = frozenset({"UNK", "NASK", "ASKU", "NAV", "MSK"})
_TOLERANT = frozenset({"addr", "telecom"})
#: What gives an element a value, which nullFlavor excludes.
_VALUED = ("value", "code", "root", "extension")

_ADDRESS_USES = frozenset({"H", "HP", "HV", "WP", "TMP"})
_TELECOM_USES = frozenset({"H", "HP", "HV", "WP", "DIR", "PUB", "EC", "MC", "PG"})
_STRUCTURES = "1.2.250.1.71.4.2.2"
_MOST_LINES = 7


def check_null(node: Node, in_header: bool, findings: Findings) -> None:
    """nullFlavor: its value, and nothing beside it."""
    if in_header and node.name in _TOLERANT and node.attributes["nullFlavor"] not in HEADER_NULLS:
        findings.add("CDAX-25", node, allowed=" ".join(sorted(HEADER_NULLS)))
    if any(name in node.attributes for name in _VALUED) or (node.text and node.type is not None and node.type.mixed):
        findings.add("CDAX-26", node)


def _time(node: Node, findings: Findings) -> None:
    value = node.attributes.get("value")
    if value is None:
        return
    if not is_date(value) or (has_short_offset(value) and node.name != "time"):
        findings.add("CDAX-20", node)
    elif not has_offset(value):
        findings.add("CDAX-22", node)


def _interval(node: Node, findings: Findings) -> None:
    _time(node, findings)
    low, high = (n.get("value") if (n := node.find(end)) is not None else "" for end in ("low", "high"))
    if low and high and is_date(low) and is_date(high):
        shared = min(len(low), len(high), 8)
        if high[:shared] < low[:shared]:
            findings.add("CDAX-31", node)


def _identifier(node: Node, findings: Findings) -> None:
    root = node.attributes.get("root")
    if root is None:
        if "nullFlavor" not in node.attributes:
            findings.add("CDAX-15", node, attribute="root")
        return
    if not is_identifier(root):
        findings.add("CDAX-23", node)
    elif root == _STRUCTURES:
        extension = node.attributes.get("extension", "")
        if extension and (len(extension) < 10 or extension[0] not in "01234"):
            findings.add("CDAX-59", node)


def _coded(node: Node, findings: Findings) -> None:
    attributes = node.attributes
    if "code" in attributes:
        if "codeSystem" not in attributes:
            findings.add("CDAX-15", node, attribute="codeSystem")
    elif "nullFlavor" not in attributes and not node.children:
        findings.add("CDAX-15", node, attribute="code")


def _telecom(node: Node, findings: Findings) -> None:
    if node.name != "telecom":
        return
    value = node.attributes.get("value")
    if value is None:
        if "nullFlavor" not in node.attributes:
            findings.add("CDAX-15", node, attribute="value")
    elif not is_telecom(value):
        findings.add("CDAX-27", node)
    _uses(node, _TELECOM_USES, findings)


def check_telecoms(parent: Node, findings: Findings) -> None:
    """Several telecoms of one owner: none is without value when another has one."""
    found = list(parent.all("telecom"))
    if any(t.get("value") for t in found):
        for telecom in found:
            if "nullFlavor" in telecom.attributes:
                findings.add("CDAX-30", telecom)


def _address(node: Node, findings: Findings) -> None:
    names = [child.name for child in node.children if child.name != "useablePeriod"]
    lines = names.count("streetAddressLine")
    if lines and len(names) > lines:
        findings.add("CDAX-28", node)
    if lines > _MOST_LINES:
        findings.add("CDAX-12", node, element="streetAddressLine", count=lines)
    for name in {n for n in names if n != "streetAddressLine" and names.count(n) > 1}:
        findings.add("CDAX-12", node, element=name, count=names.count(name))
    _uses(node, _ADDRESS_USES, findings)


def _uses(node: Node, allowed: frozenset[str], findings: Findings) -> None:
    words = node.get("use").split()
    if not allowed.issuperset(words):
        findings.add("CDAX-29", node, allowed=" ".join(sorted(allowed)))


#: The check of each data type by its name in the grammar.
HOOKS: Mapping[str, Callable[[Node, Findings], None]] = {
    "TS": _time,
    "IVXB_TS": _time,
    "SXCM_TS": _time,
    "IVL_TS": _interval,
    "II": _identifier,
    "CD": _coded,
    "CE": _coded,
    "CV": _coded,
    "TEL": _telecom,
    "AD": _address,
}
