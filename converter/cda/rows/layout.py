"""Plain text that stays readable: columns beside each other where they fit on a page, labels before values elsewhere.

Text has no styles: alignment and blank lines are all there is. Nothing is cut; what is long is wrapped.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from converter.cda.text import printable

__all__ = ["beside", "grid"]

#: Characters of a line: an A4 page, landscape, in a type that a person reads.
PAGE = 110
#: A column narrower than this breaks every word.
NARROWEST = 10
_GAP = "  "
EMPTY = "—"


def beside(value: str, label: str) -> str:
    """``label : value``, with the further lines of the value indented; a value that is empty is a dash."""
    lines = _lines(value)
    if len(lines) == 1:
        return f"{_flat(label)} : {lines[0]}"
    return "\n".join([f"{_flat(label)} :", *(f"    {line}" if line else "" for line in lines)])


def grid(rows: Sequence[Sequence[str]], labels: Sequence[str]) -> str:
    """Rows under their labels, in columns; one block per row when there are too many columns for a page."""
    widths = _widths(rows, labels)
    if widths is None:
        blocks = ("\n".join(beside(c, label) for c, label in zip(row, labels, strict=False)) for row in rows)
        return "\n\n".join(blocks)
    rule = _GAP.join("-" * width for width in widths)
    return "\n".join([*_row([_flat(label) for label in labels], widths), rule, *_body(rows, widths)])


def _body(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> list[str]:
    """The lines of all rows; a blank one after a row that took several."""
    found: list[str] = []
    for row in rows:
        lines = _row(row, widths)
        found += lines if len(lines) == 1 else [*lines, ""]
    return found


def _row(cells: Sequence[str], widths: Sequence[int]) -> list[str]:
    columns = [_wrapped(cell, width) for cell, width in zip(cells, widths, strict=False)]
    height = max((len(column) for column in columns), default=0)
    padded = [[*column, *[""] * (height - len(column))] for column in columns]
    return [
        _GAP.join(text.ljust(width) for text, width in zip(line, widths, strict=False)).rstrip()
        for line in zip(*padded, strict=True)
    ]


def _widths(rows: Sequence[Sequence[str]], labels: Sequence[str]) -> list[int] | None:
    """What each column wants, or a fair share of the page; None when even the narrowest columns do not fit."""
    room = PAGE - len(_GAP) * (len(labels) - 1)
    if not labels or room < NARROWEST * len(labels):
        return None
    wanted = [len(_flat(label)) for label in labels]
    for row in rows:
        for n, cell in enumerate(row[: len(labels)]):
            wanted[n] = max(wanted[n], *(len(line) for line in _lines(cell)))
    if sum(wanted) <= room:
        return wanted
    return _shared(wanted, room)


def _shared(wanted: Sequence[int], room: int) -> list[int]:
    """Narrow columns get what they want; the others share the rest evenly."""
    widths = [0] * len(wanted)
    open_columns = sorted(range(len(wanted)), key=lambda n: wanted[n])
    while open_columns:
        share = max(room // len(open_columns), NARROWEST)
        n = open_columns.pop(0)
        widths[n] = min(wanted[n], share)
        room -= widths[n]
    return widths


def _wrapped(cell: str, width: int) -> list[str]:
    found: list[str] = []
    for line in _lines(cell):
        found += textwrap.wrap(line, width, break_on_hyphens=False) or [""]
    return found


def _lines(cell: str) -> list[str]:
    return [line.rstrip() for line in printable(cell).expandtabs(4).strip().split("\n")] if cell.strip() else [EMPTY]


def _flat(label: str) -> str:
    return " ".join(printable(label).split())
