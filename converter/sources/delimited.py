"""Opens a text file: encoding, ``sep=`` line, and the delimiter under which the mapping's labels appear."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from converter.sources.encoding import blocks, detect
from converter.sources.limits import HEADER_SCAN_ROWS
from converter.sources.structure import Wanted, best_header
from converter.sources.table import Grid
from converter.sources.text import TextGrid

if TYPE_CHECKING:
    from converter.mapping.schema import SourceSpec

__all__ = ["open_text"]

#: In the order in which French exports use them.
_DELIMITERS = (";", "\t", ",", "|")
#: Tried only where none of these shows a label of the mapping.
_RARE = ("^", "~", "¦", "§", "\x1f", "$", "!", "#")
_NAMES = {"\t": "tab", "\x1f": "\\x1f"}
_SPELLINGS = {
    "tab": "\t",
    "tabulation": "\t",
    "\\t": "\t",
    "comma": ",",
    "virgule": ",",
    "pipe": "|",
    "\\x1f": "\x1f",
    "space": " ",
    "espace": " ",
}
#: Words that need no language, for the notice.
_EVIDENCE = {"bom": "BOM", "nul": "NUL", "utf-8": "UTF-8", "ascii": "ASCII", "scored": "é è à ç"}
_SEP = re.compile(r'"?sep=(.)"?[\s;,]*', re.IGNORECASE | re.DOTALL)


def open_text(path: Path, file: str, spec: SourceSpec, wanted: Wanted) -> Grid:
    """The file as a grid. SourceError when its characters cannot be told."""
    decoding = detect(path, file, spec.encoding)
    quote = '"' if spec.quote is None else spec.quote
    first = next((text for text, _ in blocks(path, decoding, file)), "").split("\n", 1)[0]
    sep = _SEP.fullmatch(first.strip("\ufeff \r"))

    def grid_of(mark: str, wrapped: bool = False) -> TextGrid:
        made = TextGrid(file, path, decoding, mark, quote)
        made.wrapped = wrapped
        return made

    wrapped = False
    if spec.delimiter is not None:
        delimiter = _SPELLINGS.get(spec.delimiter.lower(), spec.delimiter)
    elif sep is not None:
        delimiter = sep[1]
    else:
        delimiter, wrapped = _fittest(grid_of, spec, wanted)
    grid = grid_of(delimiter, wrapped)
    grid.leading = 1 if sep is not None else 0
    if decoding.single:
        grid.decide("SRC-74", single=decoding.single)
    elif spec.encoding is None:
        grid.decide("SRC-72", encoding=decoding.codec, how=_EVIDENCE[decoding.how])
    if spec.delimiter is None:
        grid.decide("SRC-73", delimiter=_NAMES.get(delimiter, delimiter))
    return grid


def _fittest(grid: Callable[[str, bool], TextGrid], spec: SourceSpec, wanted: Wanted) -> tuple[str, bool]:
    """The delimiter that explains the file best, and whether its lines stand in quotes as a whole."""
    best = None
    for marks, wrapped in ((_DELIMITERS, False), (_RARE, False), (_DELIMITERS, True)):
        fitness = {mark: _fitness(grid(mark, wrapped), spec, wanted) for mark in marks}
        fittest = max(marks, key=fitness.__getitem__)
        best = best or fittest
        if fitness[fittest][0] or not wanted.folded:
            return fittest, wrapped
    return best or _DELIMITERS[0], False


def _fitness(grid: TextGrid, spec: SourceSpec, wanted: Wanted) -> tuple[int, float]:
    """How well a delimiter explains the file: labels found, then steadiness of the field count."""
    head = grid.head(HEADER_SCAN_ROWS)
    header = best_header(head, wanted, spec) if spec.columns is None else None
    counts = Counter(len(cells) for _, cells, _ in head if any(cells))
    usual, times = max(counts.items(), key=lambda item: (item[1], item[0]), default=(1, 0))
    steady = times / counts.total() if usual > 1 else 0.0
    matched = header.matched if header else int(spec.columns is not None and usual == len(spec.columns))
    return matched, steady
