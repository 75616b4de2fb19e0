"""The element tree of a piece of a document: just what the rules need, and the path to show."""

from __future__ import annotations

from collections.abc import Iterator

from converter.cda.check.grammar import Type

__all__ = ["Node", "path_of"]


class Node:
    """One element. ``type`` is None when its place is unknown; ``text`` is kept where it means something."""

    __slots__ = ("attributes", "children", "name", "parent", "text", "type")

    def __init__(self, name: str, attributes: dict[str, str], parent: Node | None, type_: Type | None) -> None:
        self.name = name
        self.attributes = attributes
        self.parent = parent
        self.type = type_
        self.children: list[Node] = []
        self.text = ""

    def get(self, attribute: str) -> str:
        """An attribute's value, ``""`` when absent."""
        return self.attributes.get(attribute, "")

    def find(self, path: str) -> Node | None:
        """The first element at a path of names below this one."""
        return next(self.all(path), None)

    def all(self, path: str) -> Iterator[Node]:
        """Every element at a path of names below this one, in document order."""
        name, _, rest = path.partition("/")
        for child in self.children:
            if child.name == name:
                if rest:
                    yield from child.all(rest)
                else:
                    yield child

    def descendants(self) -> Iterator[Node]:
        """This element and all below it, in document order."""
        pile = [self]
        while pile:
            node = pile.pop()
            yield node
            pile.extend(reversed(node.children))


def path_of(node: Node | None) -> str:
    """The path from the root, as ``ClinicalDocument/recordTarget/patientRole/id[2]``."""
    steps: list[str] = []
    while node is not None:
        steps.append(f"{node.name}{_position(node)}")
        node = node.parent
    return "/".join(reversed(steps))


def _position(node: Node) -> str:
    """``[n]`` for all but the first of its name under one parent."""
    if node.parent is None:
        return ""
    count = 0
    for sibling in node.parent.children:
        if sibling.name == node.name:
            count += 1
            if sibling is node:
                break
    return f"[{count}]" if count > 1 else ""
