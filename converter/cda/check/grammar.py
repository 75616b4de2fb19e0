"""The schema of CDA R2 as a table, and the question whether one element fits it.

The table (`grammar.txt`, notation at its top) holds every element of the standard, not only those we write: a valid
document of anybody must pass. Answers are remembered by shape (type, attributes' names, children's names), because
documents repeat the same few hundred shapes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from importlib.resources import files

from converter.cda.check.values import FORMS

__all__ = [
    "HL7",
    "NARRATIVE",
    "SDTC",
    "XSI",
    "XSI_TYPE",
    "Fault",
    "Shape",
    "Type",
    "rare_types",
    "sdtc_names",
    "shape",
    "types",
]

HL7 = "urn:hl7-org:v3"
SDTC = "urn:hl7-org:sdtc"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
#: Names as expat gives them: namespace, blank, local name.
XSI_TYPE = f"{XSI} type"

_CHILD = re.compile(r"([\w:.-]+)([?*+]?)=([\w.]+)")
_ITEM = re.compile(r"\(([^)]*)\)([?*+]?)|(\S+)")
_ATTRIBUTE = re.compile(r"(\w+)(!?)(?:=(\S+)|:(\w+))?")
_BOUNDS: Mapping[str, tuple[int, float]] = {
    "": (1, 1),
    "?": (0, 1),
    "*": (0, float("inf")),
    "+": (1, float("inf")),
}
#: Types that mean more than their shape: the body, files, and the abstract ones, which need an xsi:type.
_WATCHED = frozenset({"ANY", "Component2", "ED", "NonXMLBody", "QTY", "StructuredBody"})
#: HL7's own list, wider than that of CI-SIS.
_NULL_FLAVORS = {
    "ASKU",
    "DER",
    "INV",
    "MSK",
    "NA",
    "NASK",
    "NAV",
    "NI",
    "NINF",
    "OTH",
    "PINF",
    "QS",
    "TRC",
    "UNC",
    "UNK",
}


@dataclass(frozen=True, slots=True)
class Item:
    """One place in a sequence of children: which names may stand there, how often."""

    names: tuple[str, ...]
    low: int
    high: float


@dataclass(frozen=True, slots=True, eq=False)
class Type:
    """A type of element. ``children`` gives name and type of each child by its name as expat has it.

    ``attributes`` gives the check of each; ``watched`` types mean more than their shape when they start.
    """

    name: str
    mixed: bool
    narrative: bool
    items: tuple[Item, ...]
    attributes: Mapping[str, Callable[[str], bool] | None]
    needed: tuple[str, ...]
    watched: bool
    children: dict[str, tuple[str, Type]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fault:
    """What does not fit: a code of the catalogue, the child's position if it is about one, words for the message."""

    code: str
    child: int | None
    params: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Shape:
    """How elements of one shape fare: their faults, and the attributes whose values must still be looked at."""

    faults: tuple[Fault, ...]
    checks: tuple[tuple[str, Callable[[str], bool]], ...]


@cache
def _lines() -> tuple[tuple[str, str], ...]:
    """Name and definition of each word and type, continuation lines joined, ``$words`` filled in."""
    text = (files(__package__) / "grammar.txt").read_text(encoding="utf-8")
    plain = re.sub(r"^#.*\n", "", text, flags=re.MULTILINE)
    plain = re.sub(r"\s*\|\s*", "|", re.sub(r"\n +", " ", plain))
    words: dict[str, str] = {}
    found = []
    for line in plain.splitlines():
        name, _, body = (part.strip() for part in line.partition(" :"))
        body = re.sub(r"\$\w+", lambda m: words[m[0]], body)
        if name.startswith("$"):
            words[name] = body
        if name:
            found.append((name, body))
    return tuple(found)


def _items(text: str) -> Iterator[tuple[Item, dict[str, str]]]:
    for group, times, single in _ITEM.findall(text):
        found = _CHILD.findall(group or single)
        low, high = _BOUNDS[times if group else found[0][1]]
        if group and any(mark == "?" for _, mark, _ in found):
            low = 0  # a choice whose alternatives may be absent
        yield Item(tuple(n for n, _, _ in found), low, high), {n: kind for n, _, kind in found}


def _one_of(allowed: str) -> Callable[[str], bool]:
    values = frozenset(allowed.removeprefix("+").split("|"))
    if allowed.startswith("+"):
        return lambda text: values.issuperset(text.split())
    return values.__contains__


def _type(name: str, body: str) -> tuple[Type, dict[str, str]]:
    """A type, and the names of its children's types."""
    content, _, rest = body.partition("@")
    pairs = list(_items(content))
    found = _ATTRIBUTE.findall(rest)
    checks = {n: _one_of(values) if values else FORMS.get(form) for n, _, values, form in found}
    narrative = ("ID" in checks and "styleCode" in checks) or name in {"Br", "Sub~", "Sup~"}
    if not narrative:
        checks["nullFlavor"] = _NULL_FLAVORS.__contains__
    made = Type(
        name=name.rstrip("~"),
        mixed=name.endswith("~"),
        narrative=narrative,
        items=tuple(item for item, _ in pairs),
        attributes=checks,
        needed=tuple(n for n, mark, _, _ in found if mark),
        watched="ID" in checks or name.rstrip("~") in _WATCHED,
    )
    return made, {k: v for _, kinds in pairs for k, v in kinds.items()}


@cache
def types() -> Mapping[str, Type]:
    """Every type by name."""
    made = [_type(name, body) for name, body in _lines() if not name.startswith("$")]
    found = {type_.name: type_ for type_, _ in made}
    for type_, children in made:
        type_.children.update((_full(name), (name, found[kind])) for name, kind in children.items())
    return found


def _full(name: str) -> str:
    prefix, _, local = name.rpartition(":")
    return f"{SDTC if prefix else HL7} {local}"


@cache
def rare_types() -> frozenset[str]:
    """Data types of the standard that the table leaves out; what is in them is not looked at."""
    return frozenset(dict(_lines())["$rare"].split())


@cache
def sdtc_names() -> frozenset[str]:
    """The SDTC extensions that the table places; others are newer than it."""
    return frozenset(name for type_ in types().values() for name in type_.children if name.startswith(SDTC))


#: The type of a section's text: everything inside is narrative.
NARRATIVE = "Narrative"


@lru_cache(maxsize=8192)
def shape(type_: Type, attributes: tuple[str, ...], children: tuple[str, ...]) -> Shape:
    """How an element with these attributes and children fits its type."""
    return Shape(
        faults=(*_attribute_faults(type_, attributes), *_child_faults(type_, children)),
        checks=tuple((n, check) for n in attributes if (check := type_.attributes.get(n)) is not None),
    )


def _attribute_faults(type_: Type, attributes: tuple[str, ...]) -> Iterator[Fault]:
    for name in type_.needed:
        if name not in attributes:
            yield Fault("CDAX-15", None, (("attribute", name),))
    for name in attributes:
        # Attributes of other namespaces (xsi:, xml:, extensions) are not ours to judge.
        if " " not in name and name not in type_.attributes:
            yield Fault("CDAX-14", None, ())


def _child_faults(type_: Type, children: tuple[str, ...]) -> Iterator[Fault]:
    place = {name: n for n, item in enumerate(type_.items) for name in item.names}
    for n, name in enumerate(children):
        if name not in place:
            yield Fault("CDAX-10", n, ())
    for item in type_.items:
        count = sum(map(children.count, item.names))
        if count < item.low:
            yield Fault("CDAX-11", None, (("element", " | ".join(item.names)),))
        elif count > item.high:
            last = max(n for n, name in enumerate(children) if name in item.names)
            yield Fault("CDAX-12", last, (("element", " | ".join(item.names)), ("count", str(count))))
    yield from _order_faults([(n, name, place[name]) for n, name in enumerate(children) if name in place])


def _order_faults(known: list[tuple[int, str, int]]) -> Iterator[Fault]:
    furthest, before = -1, ""
    for n, name, position in known:
        if position < furthest:
            yield Fault("CDAX-13", n, (("element", name), ("other", before)))
            return
        furthest, before = position, name
