"""A column of a header by the name that the mapping gives it: exactly, by rank or position, then without regard to what
people do not mean (case, accents, kinds of blanks)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from converter.diagnostics import closest
from converter.model import Header
from converter.terminology import fold

__all__ = ["UnknownColumnError", "column_index"]


class UnknownColumnError(Exception):
    """A column that the header lacks or has several times: ``diagnostic`` lacks its place."""

    def __init__(self, code: str, params: Mapping[str, str | int]) -> None:
        super().__init__(code)
        self.code, self.params = code, params


_POSITION = re.compile(r"#(\d+)")
_NTH = re.compile(r"(.+)#(\d+)")


def column_index(header: Header, column: str) -> tuple[int, bool]:
    """Position of a column, and whether it was found only by folding. UnknownColumnError when not found for sure."""
    labels = header.labels
    hits = [i for i, label in enumerate(labels) if label == column]
    if len(hits) == 1:
        return hits[0], False
    if not hits and (match := _POSITION.fullmatch(column)):
        position = int(match[1])
        if 1 <= position <= len(labels):
            return position - 1, False
        raise UnknownColumnError("MAP-31", {"column": column, "hint": "", "known": f"#1…#{len(labels)}"})
    if not hits and (match := _NTH.fullmatch(column)):
        same = [i for i, label in enumerate(labels) if fold(label) == fold(match[1])]
        if 1 <= int(match[2]) <= len(same):
            return same[int(match[2]) - 1], False
    if not hits:
        wanted = fold(column)
        hits = [i for i, label in enumerate(labels) if fold(label) == wanted]
        if len(hits) == 1:
            return hits[0], True
    if hits:
        raise UnknownColumnError("MAP-32", {"column": column, "count": len(hits)})
    near = closest(column, [label for label in labels if label])
    hint = f" (did you mean '{near}'?)" if near else ""
    raise UnknownColumnError("MAP-31", {"column": column, "hint": hint, "known": ", ".join(filter(None, labels))})
