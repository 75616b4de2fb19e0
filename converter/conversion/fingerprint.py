"""What a resident's files are made of, as one number: the same fingerprint, the same bytes.

Lines and paths do not count: a row may move in its file, a folder on its disk. The clock counts only where somebody
pinned it; one that was taken from the newest source does not make a resident another one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import cache, lru_cache
from typing import Any

__all__ = ["fingerprint"]

_LEFT_OUT = frozenset(("location", "path", "relative", "rows"))


def fingerprint(*parts: object) -> str:
    """SHA-256 (hex) over frozen dataclasses, tuples, mappings and plain values."""
    pieces: list[bytes] = []
    _collect(parts, pieces)
    return hashlib.sha256(b"".join(pieces)).hexdigest()


@cache
def _names(kind: type[Any]) -> tuple[str, ...] | None:
    """The fields that count; None for what is no dataclass."""
    return tuple(f.name for f in fields(kind) if f.name not in _LEFT_OUT) if is_dataclass(kind) else None


@cache
def _is_mapping(kind: type[Any]) -> bool:
    return issubclass(kind, Mapping)


def _collect(value: Any, pieces: list[bytes]) -> None:
    kind: Any = type(value)
    names = _names(kind)
    if names is not None:
        pieces.append(_piece(f"({kind.__name__}"))
        for name in names:
            _collect(getattr(value, name), pieces)
        pieces.append(_piece(")"))
    elif isinstance(value, tuple | list):
        pieces.append(_piece("["))
        for item in value:
            _collect(item, pieces)
        pieces.append(_piece("]"))
    elif _is_mapping(kind):
        pieces.append(_piece("{"))
        for key, item in value.items():
            pieces.append(_piece(str(key)))
            _collect(item, pieces)
        pieces.append(_piece("}"))
    else:
        pieces.append(_piece(f"{kind.__name__}:{value!s}"))


@lru_cache(maxsize=1 << 14)
def _piece(text: str) -> bytes:
    """With its length: no text can pass for two. Remembered: the documents of a run have most words in common."""
    data = text.encode("utf-8", "backslashreplace")
    return b"%d:%b" % (len(data), data)
