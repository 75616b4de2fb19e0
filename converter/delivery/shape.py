"""Holds a value against the part of JSON Schema that the manifest's schema uses: no library, for the receiver's sake.

Known keywords: type, const, enum, pattern, minLength, minimum, required, properties, additionalProperties, items.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["faults"]

_TYPES: Mapping[str, Any] = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
    # As in JSON Schema, 1.0 is an integer and true is none.
    "integer": lambda v: not isinstance(v, bool) and (isinstance(v, int) or (isinstance(v, float) and v.is_integer())),
}


def faults(value: Any, schema: Mapping[str, Any], path: str = "") -> Iterator[str]:
    """Paths at which the value is not of that shape, as ``rows.total.read``; a missing member by its own path."""
    if not _is_of_type(value, schema) or not _is_allowed(value, schema):
        yield path or "."
    elif isinstance(value, dict):
        yield from _members(value, schema, path)
    elif isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from faults(item, schema["items"], f"{path}[{index}]")


def _is_of_type(value: Any, schema: Mapping[str, Any]) -> bool:
    names = schema.get("type", ())
    names = (names,) if isinstance(names, str) else names
    return not names or any(_TYPES[name](value) for name in names)


def _is_allowed(value: Any, schema: Mapping[str, Any]) -> bool:
    if "const" in schema and value != schema["const"]:
        return False
    if "enum" in schema and value not in schema["enum"]:
        return False
    if isinstance(value, str):
        # The schema's `$` is the end of the text, Python's also stands before a last line end.
        pattern = schema.get("pattern", "").removesuffix("$") + (r"\Z" if "pattern" in schema else "")
        fits = re.search(pattern, value) is not None
        return fits and len(value) >= schema.get("minLength", 0)
    return "minimum" not in schema or bool(value >= schema["minimum"])


def _members(value: dict[str, Any], schema: Mapping[str, Any], path: str) -> Iterator[str]:
    known, others = schema.get("properties", {}), schema.get("additionalProperties", True)
    yield from (_below(path, name) for name in schema.get("required", ()) if name not in value)
    for name, member in value.items():
        if name in known:
            yield from faults(member, known[name], _below(path, name))
        elif others is False:
            # An unknown member's name comes from outside: it is counted, not repeated.
            yield _below(path, "*")
        elif isinstance(others, dict):
            yield from faults(member, others, _below(path, "*"))


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
