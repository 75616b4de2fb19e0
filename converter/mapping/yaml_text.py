"""YAML as text with places: every scalar stays what was written, every key knows its line and column.

YAML 1.1 turns ``010000024`` into a number, ``NO`` into false and ``12:30`` into 750: here nothing is typed. Duplicate
keys, merge keys, tags, recursive or many aliases, deep nesting and large files are refused (the file is hostile input
until proven otherwise).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from converter.diagnostics import Diagnostic, MappingError, MappingLocation

__all__ = ["MAX_BYTES", "Document", "KeyPath", "dotted", "read_yaml"]

KeyPath = tuple[str | int, ...]

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 40
MAX_ALIASES = 200
MAX_NODES = 100_000

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(slots=True)
class Document:
    """A YAML file as dicts, lists and texts; ``places`` gives where each key or item starts."""

    path: Path
    name: str = ""  # as shown: the file's name, or the text of `extends`
    data: Any = None
    places: dict[KeyPath, MappingLocation] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)


def dotted(path: KeyPath) -> str:
    """``("documents", 0, "scan")`` → ``documents[0].scan``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def read_yaml(path: Path, name: str | None = None, asked_at: MappingLocation | None = None) -> Document:
    """Read one file, shown as ``name``. MappingError when it is no mapping at all; the rest is kept in the document.

    ``asked_at``: the ``extends`` that asked for the file, to place a file that cannot be opened.
    """
    document = Document(path, name or path.name)
    text = _text(path, document.name, asked_at)
    try:
        _check_events(document.name, text)
        loader = _Loader(text)
        try:
            root = loader.get_single_node()
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        raise MappingError(
            Diagnostic("MAP-02", _at(document.name, mark), {"what": wrong.problem or "syntax"})
        ) from None
    except yaml.YAMLError:
        raise MappingError(Diagnostic("MAP-22", MappingLocation(document.name, 1, 1))) from None
    if not isinstance(root, yaml.MappingNode):
        raise MappingError(Diagnostic("MAP-20" if root is None else "MAP-03", MappingLocation(document.name, 1, 1)))
    document.data = _Builder(document).build(root, ())
    return document


def _at(name: str, mark: Any) -> MappingLocation:
    return MappingLocation(name, mark.line + 1, mark.column + 1) if mark else MappingLocation(name, 1, 1)


def _text(path: Path, name: str, asked_at: MappingLocation | None) -> str:
    top = MappingLocation(name, 1, 1)
    try:
        if not path.is_file():  # a pipe or a device would block
            raise MappingError(Diagnostic("MAP-01", asked_at or top, {"file": name}))
        with path.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)
    except (OSError, ValueError):
        raise MappingError(Diagnostic("MAP-01", asked_at or top, {"file": name})) from None
    if len(raw) > MAX_BYTES:
        raise MappingError(Diagnostic("MAP-04", top, {"limit": MAX_BYTES}))
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line_start = raw.rfind(b"\n", 0, wrong.start) + 1
        line = raw.count(b"\n", 0, wrong.start) + 1
        raise MappingError(Diagnostic("MAP-05", MappingLocation(name, line, wrong.start - line_start + 1))) from None
    if found := _CONTROL.search(text):
        line = text.count("\n", 0, found.start()) + 1
        column = found.start() - text.rfind("\n", 0, found.start())
        raise MappingError(Diagnostic("MAP-22", MappingLocation(name, line, column)))
    return text


#: What YAML does not allow in a file, and what an editor does not show.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


def _check_events(name: str, text: str) -> None:
    """Nesting, aliases and tags are judged before anything recursive sees the file."""
    depth = aliases = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
        if depth > MAX_DEPTH or aliases > MAX_ALIASES:
            limit = MAX_DEPTH if depth > MAX_DEPTH else MAX_ALIASES
            raise MappingError(Diagnostic("MAP-04", _at(name, event.start_mark), {"limit": limit}))
        if getattr(event, "tag", None) not in (None, "!"):
            raise MappingError(Diagnostic("MAP-23", _at(name, event.start_mark)))


def _is_null(node: yaml.Node) -> bool:
    """Nothing after the colon, or YAML's unquoted null: whoever means an empty text or that word quotes it."""
    plain = isinstance(node, yaml.ScalarNode) and not node.style  # None, or "" by the C loader
    return plain and node.value in ("", "~", "null", "Null", "NULL")


class _Builder:
    """Nodes to dicts, lists and texts."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._count = 0
        self._open: list[yaml.Node] = []

    def build(self, node: yaml.Node, path: KeyPath) -> Any:
        self._count += 1
        if self._count > MAX_NODES or node in self._open:
            place = self._place(node, path)
            raise MappingError(Diagnostic("MAP-04", place, {"limit": MAX_NODES}))
        if isinstance(node, yaml.ScalarNode):
            return node.value
        self._open.append(node)
        try:
            if isinstance(node, yaml.SequenceNode):
                return [self._item(item, (*path, i)) for i, item in enumerate(node.value)]
            return dict(self._entries(node, path))
        finally:
            self._open.pop()

    def _item(self, node: yaml.Node, path: KeyPath) -> Any:
        self._document.places[path] = place = self._place(node, path)
        if _is_null(node):
            self._document.problems.append(Diagnostic("MAP-08", place, {"key": dotted(path)}))
        return self.build(node, path)

    def _entries(self, node: yaml.Node, path: KeyPath) -> Iterator[tuple[str, Any]]:
        seen: set[str] = set()
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.value == "<<":
                self._document.problems.append(Diagnostic("MAP-06", self._place(key_node, path)))
                continue
            key = key_node.value
            place = self._place(key_node, (*path, key))
            if key in seen:
                self._document.problems.append(Diagnostic("MAP-07", place, {"key": key}))
                continue
            seen.add(key)
            self._document.places[(*path, key)] = place
            if _is_null(value_node):
                self._document.problems.append(Diagnostic("MAP-08", place, {"key": key}))
                continue
            yield key, self.build(value_node, (*path, key))

    def _place(self, node: yaml.Node, path: KeyPath) -> MappingLocation:
        mark = node.start_mark
        return MappingLocation(self._document.name, mark.line + 1, mark.column + 1, dotted(path))
