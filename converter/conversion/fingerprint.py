"""What a resident's files are made of, as one number: the same fingerprint, the same bytes.

Lines and paths do not count: a row may move in its file, a folder on its disk. The clock counts only where somebody
pinned it; one that was taken from the newest source does not make a resident another one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache

__all__ = ["fingerprint"]

_LEFT_OUT = frozenset(("location", "path", "relative", "rows"))


def fingerprint(*parts: object) -> str:
    """SHA-256 (hex) over frozen dataclasses, tuples, mappings and plain values."""
    digest = hashlib.sha256()
    for piece in _pieces(parts):
        data = piece.encode("utf-8", "backslashreplace")
        # With its length: no text can pass for two.
        digest.update(b"%d:" % len(data))
        digest.update(data)
    return digest.hexdigest()


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(f.name for f in fields(kind) if f.name not in _LEFT_OUT)


def _pieces(value: object) -> Iterator[str]:
    if is_dataclass(value) and not isinstance(value, type):
        yield f"({type(value).__name__}"
        for name in _names(type(value)):
            yield from _pieces(getattr(value, name))
        yield ")"
    elif isinstance(value, tuple | list):
        yield "["
        for item in value:
            yield from _pieces(item)
        yield "]"
    elif isinstance(value, Mapping):
        yield "{"
        for key, item in value.items():
            yield str(key)
            yield from _pieces(item)
        yield "}"
    else:
        yield f"{type(value).__name__}:{value!s}"
