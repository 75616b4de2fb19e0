"""Tables of an export as they are found without a mapping: type, sheets, a proposed header, what the columns look like.

The header is a proposal. It is the line with most of the usual labels, else the first that is filled like the others;
a first line that may as well be somebody's data is not taken for labels, and nothing of it is shown. Files are opened
by the readers that a conversion uses, with the same limits.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from converter.diagnostics import Diagnostic, SourceError
from converter.firststeps.labels import USUAL, has_usual_word, is_usual
from converter.firststeps.shapes import Column, Columns, is_data
from converter.mapping.schema import SourceSpec
from converter.sources.limits import HEADER_SCAN_ROWS
from converter.sources.opening import open_grids
from converter.sources.sniff import Kind
from converter.sources.structure import Layout, RowReader, Wanted, best_header, lay_out
from converter.sources.table import Grid, Record

__all__ = ["File", "TableFound", "look_at"]

#: So many usual labels in one line, or all there are, make it a header beyond doubt.
_ENOUGH = 2


@dataclass(frozen=True, slots=True)
class TableFound:
    """One grid. ``header``: the proposed line; None when no line is a header for certain.

    ``usual`` counts usual labels there. ``rows`` are those that a conversion would read, ``broken`` those of them that
    are damaged, ``aside`` repeated titles. ``stated`` is what the readers decided.
    """

    sheet: str | None
    hidden: bool
    header: int | None = None
    usual: int = 0
    rows: int = 0
    broken: int = 0
    aside: int = 0
    typed: bool = False
    columns: tuple[Column, ...] = ()
    stated: tuple[Diagnostic, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self.columns

    def labels(self) -> tuple[str, ...]:
        return tuple(c.label for c in self.columns)


@dataclass(frozen=True, slots=True)
class File:
    """One file: type by its bytes, text encoding and delimiter where it is text, its tables; or why it has none."""

    path: Path
    type: str
    size: int
    encoding: str | None = None
    encoding_is_guess: bool = False
    delimiter: str | None = None
    tables: tuple[TableFound, ...] = ()
    stated: tuple[Diagnostic, ...] = ()
    problems: tuple[Diagnostic, ...] = field(default=())
    is_text: bool = False


def look_at(path: Path, header_row: int | None = None) -> File:
    """What a file is and holds. Never raises for what is wrong with it: see ``problems``."""
    # As it is on disk: a name may hold what the language takes for no text.
    spec = SourceSpec.model_validate({"file": "-"}).model_copy(update={"file": [path.name], "header_row": header_row})
    try:
        sniffed, grids = open_grids(spec, path.parent, USUAL)
    except SourceError as wrong:
        return File(path, _type(path), _size(path), problems=_of_xml(path, wrong))
    stated = [d for grid in grids for d in grid.decisions]
    tables: list[TableFound] = []
    problems: list[Diagnostic] = []
    for grid in grids:
        try:
            tables.append(_table(grid, spec))
        except SourceError as wrong:
            problems += wrong.diagnostics
    said = {d.code: d.params for d in stated}
    return File(
        path,
        sniffed.name,
        _size(path),
        _encoding(said),
        "SRC-72" in said and said["SRC-72"]["how"] == "é è à ç",
        str(said["SRC-73"]["delimiter"]) if "SRC-73" in said else None,
        tuple(tables),
        tuple(stated),
        tuple(problems),
        sniffed.kind is Kind.CSV,
    )


def _encoding(said: dict[str, Any]) -> str | None:
    if "SRC-74" in said:
        return f"utf-8 + {said['SRC-74']['single']}"
    return str(said["SRC-72"]["encoding"]) if "SRC-72" in said else None


def _type(path: Path) -> str:
    from converter.sources.sniff import sniff

    try:
        return sniff(path).name if path.is_file() else "—"
    except OSError:
        return "—"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _of_xml(path: Path, wrong: SourceError) -> tuple[Diagnostic, ...]:
    """An index in XML cannot be read without a mapping: its records are found by paths that only a person knows."""
    return tuple(Diagnostic("INI-05", d.location) if d.code == "SRC-26" else d for d in wrong.diagnostics)


# -------------------------------------------------------------------------------------------------------- tables


def _table(grid: Grid, spec: SourceSpec) -> TableFound:
    head = grid.head(HEADER_SCAN_ROWS)
    if not any(any(cells) for _, cells, _ in head):
        return TableFound(grid.sheet, grid.hidden)
    before = len(grid.decisions)
    line, usual, certain = _proposed(head, grid, spec)
    if certain and line is not None:
        used = spec.model_copy(update={"header_row": line})
        layout = lay_out(grid, Wanted.of(()), used)
    else:
        used, layout = _headless(head, grid, spec)
    if layout is None:
        return TableFound(grid.sheet, grid.hidden)
    found = TableFound(
        grid.sheet,
        grid.hidden,
        line if certain else None,
        usual,
        typed=grid.typed,
        stated=tuple(grid.decisions[:before]),
    )
    return _counted(found, layout, used, sure=spec.header_row is not None)


def _proposed(head: Sequence[Record], grid: Grid, spec: SourceSpec) -> tuple[int | None, int, bool]:
    """The line of the header, how many usual labels stand there, and whether its cells are labels beyond doubt."""
    if spec.header_row is not None:
        cells = next((cells for line, cells, _ in head if line == spec.header_row), ())
        return spec.header_row, sum(map(is_usual, cells)), bool(cells)
    counts = [len({cell for cell in cells if cell and is_usual(cell)}) for _, cells, _ in head]
    best = max(range(len(head)), key=lambda at: (counts[at], -at))
    if counts[best] >= _ENOUGH:
        return head[best][0], counts[best], True
    found = best_header(head, Wanted.of(()), spec, grid)
    if found is None:
        return None, 0, False
    labels = [label for label in found.labels if label]
    usual = sum(map(is_usual, labels))
    return found.line, usual, usual > 0 and len(labels) <= _ENOUGH and not any(map(is_data, labels))


def _headless(head: Sequence[Record], grid: Grid, spec: SourceSpec) -> tuple[SourceSpec, Layout | None]:
    """The grid with all its lines for data, its columns by their positions."""
    widths = Counter(len(cells) for _, cells, _ in head if any(cells))
    width = widths.most_common(1)[0][0] if grid.counted else max(widths)
    for _ in range(2):
        used = spec.model_copy(update={"columns": [f"#{n}" for n in range(1, width + 1)], "header_row": None})
        try:
            return used, lay_out(grid, Wanted.of(()), used)
        except SourceError as wrong:
            # The lines below the first ones have another number of fields.
            if wrong.diagnostics[0].code != "SRC-22":
                raise
            width = int(wrong.diagnostics[0].params["found"])
    return used, None


def _counted(found: TableFound, layout: Layout, spec: SourceSpec, *, sure: bool) -> TableFound:
    """The table with all its rows read. ``sure``: somebody said which line the header is."""
    labels = layout.labels
    named = [label for label in labels if label]
    strong = found.usual * 2 > len(named)

    def shown(label: str) -> bool:
        """A form has labels and values in one line (`Nom | … | Prénom | …`), so a line with few usual labels, or a cell
        that can be no label, may be somebody's data."""
        if found.header is None or sure:
            return sure
        return not is_data(label) and (strong or has_usual_word(label))

    counter = Columns(labels, shown)
    rows = broken = aside = 0
    for row in RowReader("", layout, labels, spec).rows():
        if row.skip is not None:
            aside += 1
            continue
        rows += 1
        if row.broken:
            broken += 1
        else:
            counter.add(row.cells)
    counter.flush()
    return replace(found, rows=rows, broken=broken, aside=aside, columns=tuple(counter.columns))
