"""``extends``: one base per legacy software, one small file per establishment.

Blocks are merged key by key, the extending file wins; a list, or a block of another kind (a constant where the base has
a column), replaces what the base says. Places stay those of the file that said it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from converter.diagnostics import Diagnostic, MappingError, MappingLocation
from converter.mapping.yaml_text import Document, KeyPath, read_yaml

__all__ = ["MAX_CHAIN", "Merged", "read_chain"]

MAX_CHAIN = 8

#: Keys of which a block has one: with another one in the extending file, the base's block is another kind of thing.
_KINDS: tuple[frozenset[str], ...] = (
    frozenset({"column", "value", "template", "lookup"}),
    frozenset({"organization", "software", "person"}),
    frozenset({"file", "folder"}),
)


class Merged:
    """The merged data, the place of every key, what was wrong on the way, and the files read (extending first)."""

    def __init__(self, data: dict[str, Any], places: dict[KeyPath, MappingLocation]) -> None:
        self.data = data
        self.places = places
        self.problems: list[Diagnostic] = []
        self.files: list[Path] = []
        self.names: list[str] = []


def read_chain(path: Path) -> Merged:
    """Read a mapping and what it extends. MappingError when one of the files is no mapping at all."""
    chain: list[Document] = []
    seen: list[Path] = []
    here, name, place = path, path.name, None
    while True:
        real = _resolved(here, name, place)
        if real in seen or len(chain) == MAX_CHAIN:
            raise MappingError(Diagnostic("MAP-09" if real in seen else "MAP-04", place, {"limit": MAX_CHAIN}))
        seen.append(real)
        chain.append(read_yaml(here, name, place))
        target = chain[-1].data.get("extends")
        if not isinstance(target, str) or not target.strip():
            break
        place = chain[-1].places[("extends",)]
        here, name = here.parent / target.strip(), target.strip()
    return _merge_all(chain, seen)


def _resolved(path: Path, name: str, place: MappingLocation | None) -> Path:
    """The real path, by which a circle is noticed; a text that names no file at all is MAP-01."""
    try:
        return path.resolve()
    except (OSError, ValueError, RuntimeError):
        raise MappingError(Diagnostic("MAP-01", place, {"file": name})) from None


def _merge_all(chain: list[Document], files: list[Path]) -> Merged:
    base = chain[-1]
    merged = Merged(base.data, base.places)
    for document in reversed(chain[:-1]):
        merged.places.pop(("extends",), None)
        merged.data.pop("extends", None)
        merged.data = _merge(merged.data, document.data, (), merged.places)
        merged.places.update(document.places)
    for document in chain:
        merged.problems.extend(document.problems)
    merged.files = files
    merged.names = [document.name for document in chain]
    return merged


def _merge(base: Any, top: Any, path: KeyPath, places: dict[KeyPath, MappingLocation]) -> Any:
    if not (isinstance(base, dict) and isinstance(top, dict)) or _other_kind(base, top, path):
        _forget(path, places)
        return top
    merged = dict(base)
    for key, value in top.items():
        merged[key] = _merge(merged[key], value, (*path, key), places) if key in merged else value
    return merged


def _other_kind(base: dict[str, Any], top: dict[str, Any], path: KeyPath) -> bool:
    if path[:1] == ("tables",) or path[-1:] == ("lookup",):
        return False  # words of the source, and a block that has both `column` and `value`
    return any(kinds & top.keys() and kinds & base.keys() and not kinds & top.keys() & base.keys() for kinds in _KINDS)


def _forget(path: KeyPath, places: dict[KeyPath, MappingLocation]) -> None:
    for below in [p for p in places if p[: len(path)] == path]:
        del places[below]
