"""What pydantic finds wrong with a mapping, in our words: code, place, path, what to do, did-you-mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pydantic import ValidationError

from converter.diagnostics import Diagnostic, MappingLocation
from converter.mapping.found import did_you_mean
from converter.mapping.nodes import model_of
from converter.mapping.yaml_text import KeyPath

__all__ = ["diagnostics_of", "errors_at"]

#: Names that pydantic puts into a location for the branch of a union it took; they are no keys of the mapping.
_TAGS = {
    "single",
    "list",
    "text",
    "column",
    "value",
    "template",
    "lookup",
    "scan",
    "dossier",
    "block",
    "shipped",
    "words",
    "word",
}

_CODES = {
    "missing": "MAP-10",
    "extra_forbidden": "MAP-11",
    "literal_error": "MAP-12",
    "string_type": "MAP-13",
    "string_too_short": "MAP-15",
    "string_too_long": "MAP-16",
    "list_type": "MAP-13",
    "dict_type": "MAP-13",
    "model_type": "MAP-13",
    "model_attributes_type": "MAP-13",
    "union_tag_invalid": "MAP-13",
    "too_short": "MAP-15",
    "int_parsing": "MAP-17",
    "int_parsing_size": "MAP-17",
    "int_type": "MAP-17",
    "greater_than_equal": "MAP-17",
    "less_than_equal": "MAP-17",
    "bool_parsing": "MAP-18",
    "bool_type": "MAP-18",
    "value_error": "MAP-14",
}
#: As they are written, which every language understands.
_SHAPES = {
    "string_type": '"…"',
    "list_type": "[…, …]",
    "dict_type": "{…: …}",
    "model_type": "{…: …}",
    "model_attributes_type": "{…: …}",
    "union_tag_invalid": '"…" / {…: …}',
}


def diagnostics_of(
    error: ValidationError, data: Any, locate: Callable[[KeyPath], MappingLocation]
) -> Iterator[Diagnostic]:
    """Every finding once, in the order of the file."""
    seen: set[tuple[KeyPath, str]] = set()
    for found in error.errors(include_url=False, include_input=False):
        kind = found["type"]
        path = _path(found["loc"], data, final_missing=kind == "missing")
        code = _CODES.get(kind, "MAP-19")
        if (path, code) in seen:
            continue
        seen.add((path, code))
        yield Diagnostic(code, locate(path), _params(kind, path, data, found.get("ctx", {})))


def errors_at(error: ValidationError, data: Any) -> list[tuple[str, KeyPath]]:
    """Pydantic's kind of each error and the path in the data."""
    return [
        (found["type"], _path(found["loc"], data, final_missing=found["type"] == "missing"))
        for found in error.errors(include_url=False, include_input=False)
    ]


def _params(kind: str, path: KeyPath, data: Any, ctx: dict[str, Any]) -> dict[str, str | int]:
    last = str(path[-1]) if path else ""
    if kind == "missing":
        return {"key": last}
    if kind == "extra_forbidden":
        parent = _at(path[:-1], data)
        model = model_of(parent) if isinstance(parent, dict) else None
        known = [f.alias or name for name, f in model.model_fields.items()] if model else []
        return {"key": last, "hint": did_you_mean(last, known), "known": ", ".join(known)}
    if kind == "literal_error":
        expected = [word.strip("' ") for word in str(ctx.get("expected", "")).replace(" or ", ", ").split(",")]
        value = _at(path, data)
        hint = did_you_mean(value, expected) if isinstance(value, str) else ""
        return {"known": ", ".join(w for w in expected if w), "hint": hint}
    if kind == "value_error":
        return {"what": str(ctx.get("error", ""))}
    return {"key": last, "shape": _SHAPES.get(kind, kind)}


def _at(path: Sequence[Any], data: Any) -> Any:
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def _path(loc: Sequence[str | int], data: Any, *, final_missing: bool) -> KeyPath:
    """The keys of a pydantic location, without the tags of unions: the reading that follows the data furthest."""
    best: KeyPath = ()
    best_score = -1

    def follow(index: int, here: Any, path: KeyPath, score: int) -> None:
        nonlocal best, best_score
        if index == len(loc):
            if score > best_score:
                best, best_score = path, score
            return
        step: Any = loc[index]
        if (isinstance(here, dict) and step in here) or (
            isinstance(here, list) and isinstance(step, int) and step < len(here)
        ):
            follow(index + 1, here[step], (*path, step), score + 2)
        elif final_missing and index == len(loc) - 1 and isinstance(here, dict):
            follow(index + 1, None, (*path, step), score + 1)
        if isinstance(step, int) or step in _TAGS or "function-" in str(step):
            follow(index + 1, here, path, score)

    follow(0, data, (), 0)
    return best if best_score >= 0 else tuple(s for s in loc if s not in _TAGS)
