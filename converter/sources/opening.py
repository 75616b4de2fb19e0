"""From a source of the mapping to a table: which files, what each is, which of their grids, one common header.

Everything that makes a source unreadable as a whole is found here, before the first row, and told at once in one
:class:`~converter.diagnostics.SourceError`; for an optional source the same reasons become warnings.
"""

from __future__ import annotations

import re
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from converter.diagnostics import Diagnostic, Severity, SourceError, SourceLocation, closest
from converter.model import Header, SourceRow
from converter.sources.limits import HEADER_SCAN_ROWS, MAX_COLUMNS, MAX_FILES, SHOWN_LABELS
from converter.sources.sniff import EXTENSIONS, Kind, Sniffed, sniff
from converter.sources.structure import Layout, RowReader, Wanted, lay_out, occurrences
from converter.sources.table import Grid, Table
from converter.terminology import fold

if TYPE_CHECKING:
    from converter.mapping.schema import SourceSpec

__all__ = ["display_name", "open_grids", "open_table"]

_NUMBER = re.compile(r"\d\d")


@dataclass(frozen=True, slots=True)
class Request:
    """What a reader is told of the source it reads for."""

    name: str
    spec: SourceSpec
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class _File:
    """A file as it is named to the user, and its path."""

    name: str
    path: Path


def display_name(path: Path) -> str:
    """A path as text that every file and database takes: bytes of a name that are no UTF-8 show as escapes."""
    return path.as_posix().encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def open_table(name: str, spec: SourceSpec, base: Path, labels: Sequence[str]) -> Table:
    """The table of a source. ``labels``: the column labels that the mapping reads from it, by which its header is
    found.

    SourceError with every reason when it cannot be read as a whole (unless the mapping says ``optional``).
    """
    request = Request(name, spec, Wanted.of([*labels, *([spec.key] if spec.key else []), *(spec.fill_down or [])]))
    try:
        if spec.folder is not None:
            return _folder(request, spec.folder, spec.pattern or "", base)
        return _Opening(request, base).table()
    except SourceError as error:
        if not spec.optional:
            raise
        return _absent(name, labels, error)


def open_grids(spec: SourceSpec, base: Path, labels: Sequence[str]) -> tuple[Sniffed, list[Grid]]:
    """What the first file of a source is, and its raw tables: for whoever looks at it without a mapping.

    ``labels``: usual ones, by which the delimiter of a text file is told. SourceError as of :func:`open_table`.
    """
    return _Opening(Request("", spec, Wanted.of(labels)), base).grids()


def _folder(request: Request, folder: str, pattern: str, base: Path) -> Table:
    from converter.sources.folder import open_folder

    layout = lay_out(open_folder(folder, pattern, base), request.wanted, request.spec)
    assert layout is not None, "a folder brings its own header"
    return _assembled(request, [layout], [], [])


def _absent(name: str, labels: Sequence[str], error: SourceError) -> Table:
    reasons = [Diagnostic(d.code, d.location, d.params, Severity.WARNING) for d in error.diagnostics]
    stated = Diagnostic("SRC-61", None, {"source": name})
    return Table(name, Header(_stand_in(labels)), (), (stated, *reasons), lambda: iter(()))


def _stand_in(labels: Sequence[str]) -> tuple[str, ...]:
    """Labels under which every reference of the mapping resolves, `Nom#2` and `#7` included."""
    result: list[str] = []
    for label in labels:
        base, mark, digits = label.rpartition("#")
        rank = int(digits) if mark and digits.isascii() and digits.isdigit() else 1
        if mark and not base and digits.isdigit():
            result += [""] * (min(rank, MAX_COLUMNS) - len(result))
            continue
        wanted = base if rank > 1 else label
        result += [wanted] * (min(rank, MAX_COLUMNS) - result.count(wanted))
    return tuple(result)


class _Opening:
    """One opening of a source of files. Collects reasons, so that all are told together."""

    def __init__(self, request: Request, base: Path) -> None:
        self._request = request
        self._base = base
        self._decisions: list[Diagnostic] = []
        self._reasons: list[Diagnostic] = []

    def table(self) -> Table:
        files = _Files(self._request.spec, self._base).found(self._reasons, self._decisions)
        layouts: list[Layout] = []
        for file in files:
            try:
                layouts += self._layouts(file)
            except SourceError as error:
                self._reasons += error.diagnostics
            except OSError as error:
                self._reasons.append(_no_access(file.name, error))
        if self._reasons:
            self._settle(layouts)
        return _assembled(self._request, layouts, [file.path for file in files], self._decisions)

    def grids(self) -> tuple[Sniffed, list[Grid]]:
        files = _Files(self._request.spec, self._base).found(self._reasons, self._decisions)
        if self._reasons:
            raise SourceError(self._reasons)
        file = files[0]
        try:
            sniffed = sniff(file.path)
            self._check_kind(file, sniffed)
            return sniffed, _READERS[sniffed.kind](file.path, file.name, sniffed, self._request)
        except OSError as error:
            raise SourceError(_no_access(file.name, error)) from None

    def _settle(self, layouts: Sequence[Layout]) -> None:
        """Reasons stop the source, except that an optional one goes on with the files that can be read."""
        if not self._request.spec.optional or not layouts:
            raise SourceError(self._reasons)
        self._decisions += [Diagnostic(d.code, d.location, d.params, Severity.WARNING) for d in self._reasons]

    def _layouts(self, file: _File) -> list[Layout]:
        sniffed = sniff(file.path)
        self._check_kind(file, sniffed)
        grids = _READERS[sniffed.kind](file.path, file.name, sniffed, self._request)
        return _Selection(self._request, self._decisions).of(file.name, grids)

    def _check_kind(self, file: _File, sniffed: Sniffed) -> None:
        """Refuses what no reader takes, and a declared format that the bytes contradict."""
        place = SourceLocation(file.name)
        if sniffed.kind is Kind.EMPTY:
            raise SourceError(Diagnostic("SRC-05", place))
        if sniffed.kind is Kind.ENCRYPTED:
            raise SourceError(Diagnostic("SRC-09", place, {"type": sniffed.name}))
        if sniffed.kind is Kind.OTHER:
            raise SourceError(Diagnostic("SRC-07", place, {"type": sniffed.name}))
        declared = self._request.spec.format
        as_index = sniffed.kind is Kind.XML_2003 and declared == "xml"
        if declared != "auto" and _family(sniffed.kind) != declared and not as_index:
            raise SourceError(Diagnostic("SRC-08", place, {"declared": declared, "found": sniffed.name}))
        if file.path.suffix.lower() not in EXTENSIONS[sniffed.kind]:
            params = {"extension": file.path.suffix or "—", "found": sniffed.name}
            self._decisions.append(Diagnostic("SRC-50", place, params))


def _family(kind: Kind) -> str:
    return "html" if kind is Kind.XML_2003 else kind.value


def _no_access(name: str, error: OSError) -> Diagnostic:
    # The exception's own text holds paths; its name of the error does not.
    return Diagnostic("SRC-06", SourceLocation(name), {"error": type(error).__name__})


# --------------------------------------------------------------------------------------------------------- files


class _Files:
    """The files that `file:` names, in the order given, each pattern's in sorted order."""

    def __init__(self, spec: SourceSpec, base: Path) -> None:
        self._spec = spec
        self._base = base

    def found(self, reasons: list[Diagnostic], decisions: list[Diagnostic]) -> list[_File]:
        files: list[_File] = []
        for item in self._spec.file or ():
            files += self._named(item, reasons, decisions)
        return self._distinct(files, reasons)

    def _named(self, item: str, reasons: list[Diagnostic], decisions: list[Diagnostic]) -> list[_File]:
        path = self._base / item
        try:
            mode = path.stat().st_mode
        except (OSError, ValueError) as error:
            if any(c in item for c in "*?[") and not isinstance(error, PermissionError):
                return self._glob(item, reasons, decisions)
            reasons.append(self._missing(item, path, error))
            return []
        if not stat.S_ISREG(mode):
            reasons.append(Diagnostic("SRC-04", SourceLocation(item)))
            return []
        # Where the sender's disks are is nobody's business: places stand in the manifest, which the receiver reads.
        return [_File(path.name if Path(item).is_absolute() else item, path)]

    def _missing(self, item: str, path: Path, error: OSError | ValueError) -> Diagnostic:
        if isinstance(error, PermissionError):
            return _no_access(item, error)
        try:
            near = closest(path.name, sorted(p.name for p in path.parent.iterdir()))
        except (OSError, ValueError):
            near = None
        return Diagnostic("SRC-01", SourceLocation(item), {"hint": near or "—"})

    def _glob(self, item: str, reasons: list[Diagnostic], decisions: list[Diagnostic]) -> list[_File]:
        root = Path(item).anchor
        start = Path(root) if root else self._base
        try:
            paths = sorted(start.glob(item.removeprefix(root)), key=lambda p: p.as_posix())
        except (ValueError, NotImplementedError):
            paths = []
        regular = [p for p in paths if p.is_file()]
        kept = [p for p in regular if not p.name.startswith((".", "~$"))]
        if not kept:
            reasons.append(Diagnostic("SRC-02", SourceLocation(item)))
        elif len(kept) > MAX_FILES:
            reasons.append(Diagnostic("SRC-80", SourceLocation(item), {"limit": MAX_FILES}))
            return []
        else:
            params = {"count": len(kept), "left": len(regular) - len(kept)}
            decisions.append(Diagnostic("SRC-51", SourceLocation(item), params))
        return [_File(display_name(Path(p.name) if root else p.relative_to(start)), p) for p in kept]

    def _distinct(self, files: list[_File], reasons: list[Diagnostic]) -> list[_File]:
        seen: dict[tuple[int, int], str] = {}
        for file in files:
            status = file.path.stat()
            identity = (status.st_dev, status.st_ino)
            if identity in seen:
                params = {"other": seen[identity]}
                reasons.append(Diagnostic("SRC-03", SourceLocation(file.name), params))
            seen.setdefault(identity, file.name)
        return files


# -------------------------------------------------------------------------------------------------------- sheets


class _Selection:
    """Which of a file's grids are read: named, matched by a pattern, or found by the mapping's labels."""

    def __init__(self, request: Request, decisions: list[Diagnostic]) -> None:
        self._request = request
        self._spec = request.spec
        self._decisions = decisions

    def of(self, file: str, grids: Sequence[Grid]) -> list[Layout]:
        if len(grids) == 1 and grids[0].sheet is None:
            return [self._required(grids[0])]
        if self._spec.sheet is not None:
            return [self._required(self._stated(self._named(file, grids, self._spec.sheet)))]
        if self._spec.sheets is not None:
            return self._several(file, grids, self._spec.sheets)
        return [self._found(file, grids)]

    def _required(self, grid: Grid) -> Layout:
        layout = self._laid_out(grid)
        if layout is None:
            raise SourceError(_no_header(grid, self._request))
        return layout

    def _laid_out(self, grid: Grid) -> Layout | None:
        return lay_out(grid, self._request.wanted, self._spec)

    def _stated(self, grid: Grid) -> Grid:
        if grid.hidden:
            grid.decide("SRC-63" if self._spec.hidden == "skip" else "SRC-62")
        return grid

    def _named(self, file: str, grids: Sequence[Grid], name: str) -> Grid:
        """The grid of that name; failing that the only one whose name differs by case, accents or blanks."""
        exact = [grid for grid in grids if grid.sheet == name]
        if exact:
            return exact[0]
        folded = [grid for grid in grids if fold(grid.sheet or "") == fold(name)]
        if len(folded) == 1:
            self._decisions.append(Diagnostic("SRC-52", folded[0].location(), {"declared": name}))
            return folded[0]
        names = [grid.sheet or "" for grid in grids]
        params = {"declared": name, "hint": closest(name, names) or ", ".join(names[:SHOWN_LABELS])}
        raise SourceError(Diagnostic("SRC-19", SourceLocation(file), params))

    def _several(self, file: str, grids: Sequence[Grid], patterns: Sequence[str]) -> list[Layout]:
        layouts: list[Layout] = []
        chosen: list[Grid] = []
        for pattern in patterns:
            globbed = any(c in pattern for c in "*?[") and all(grid.sheet != pattern for grid in grids)
            if not globbed:
                hits = [self._named(file, grids, pattern)]
            else:
                hits = [grid for grid in grids if fnmatchcase(fold(grid.sheet or ""), fold(pattern))]
            for grid in hits:
                if any(grid is other for other in chosen):
                    continue
                chosen.append(grid)
                layout = self._laid_out(self._stated(grid)) if globbed else self._required(self._stated(grid))
                if layout is not None:
                    layouts.append(layout)
                else:
                    self._left(grid)
        if not layouts:
            raise SourceError(
                [_no_header(grid, self._request) for grid in chosen]
                or [Diagnostic("SRC-19", SourceLocation(file), _sheet_names(patterns, grids))]
            )
        return layouts

    def _left(self, grid: Grid) -> None:
        filled = any(any(cells) for _, cells, _ in grid.head(50))
        self._decisions.append(Diagnostic("SRC-55" if filled else "SRC-54", grid.location()))

    def _found(self, file: str, grids: Sequence[Grid]) -> Layout:
        """Nothing declared: the sheet with most of the labels, visible before hidden, first before last."""
        layouts = [layout for grid in grids if (layout := self._laid_out(grid)) is not None]
        if not layouts:
            if not grids:
                raise SourceError(Diagnostic("SRC-05", SourceLocation(file)))
            raise SourceError([_no_header(grid, self._request) for grid in grids[:SHOWN_LABELS]])
        best = max(layouts, key=lambda layout: (layout.matched, not layout.grid.hidden))
        alike = [x for x in layouts if x is not best and x.matched == best.matched and x.grid.sheet is not None]
        self._stated(best.grid)
        if len(grids) > 1:
            best.grid.decide("SRC-66", count=len(grids))
        for other in alike:
            self._decisions.append(Diagnostic("SRC-67", other.grid.location(), {"chosen": best.grid.sheet or ""}))
        return best


def _sheet_names(patterns: Sequence[str], grids: Sequence[Grid]) -> dict[str, str | int]:
    return {"declared": ", ".join(patterns), "hint": ", ".join([grid.sheet or "" for grid in grids][:SHOWN_LABELS])}


def _no_header(grid: Grid, request: Request) -> Diagnostic:
    """Why the header was not found, with labels that come near. Only of lines without numbers and dates: in a file
    without a header every line is somebody's data."""
    missing = request.wanted.labels
    if request.spec.header_row is not None:
        return Diagnostic("SRC-20", grid.location(request.spec.header_row))
    if not any(any(cells) for _, cells, _ in grid.head(HEADER_SCAN_ROWS)):
        return Diagnostic("SRC-05", grid.location())
    hints: list[str] = []
    lines = [cells for _, cells, _ in grid.head(50) if not any(map(_NUMBER.search, cells))]
    seen = {cell for cells in lines for cell in cells if cell and len(cell) < 80}
    for label in missing[:SHOWN_LABELS]:
        near = closest(label, sorted(seen))
        if near is not None:
            hints.append(f"{label} → {near} ?")
    params: dict[str, str | int] = {
        "missing": ", ".join(missing[:SHOWN_LABELS]),
        "hint": "; ".join(hints) or "—",
        "count": len(missing),
    }
    return Diagnostic("SRC-10", grid.location(), params)


# ------------------------------------------------------------------------------------------------------ assembly


def _assembled(
    request: Request, layouts: Sequence[Layout], files: Sequence[Path], decisions: Sequence[Diagnostic]
) -> Table:
    """One table of all layouts under the first one's header, with the columns that only later ones have at its end."""
    header = list(layouts[0].labels)
    known = set(occurrences(header))
    stated = list(decisions)
    for layout in layouts[1:]:
        for label, key in zip(layout.labels, occurrences(layout.labels), strict=True):
            if key not in known:
                known.add(key)
                header.append(label)
    if len(header) > MAX_COLUMNS:
        place = layouts[0].grid.location()
        raise SourceError(Diagnostic("SRC-81", place, {"limit": MAX_COLUMNS}))
    for layout in layouts:
        if request.spec.hidden == "skip" and not layout.grid.tells_hidden:
            layout.grid.decide("SRC-77")
        stated += layout.grid.decisions
    stated += _about_columns(request, layouts, header)
    readers = [RowReader(request.name, layout, header, request.spec) for layout in layouts]

    def rows() -> Iterator[SourceRow]:
        return chain.from_iterable(reader.rows() for reader in readers)

    def tallies() -> list[Diagnostic]:
        return [d for reader, layout in zip(readers, layouts, strict=True) for d in _tally(reader, layout.grid)]

    typed = any(layout.grid.typed for layout in layouts)
    return Table(request.name, Header(tuple(header), typed), files, stated, rows, tallies)


def _about_columns(request: Request, layouts: Sequence[Layout], header: Sequence[str]) -> Iterator[Diagnostic]:
    """Remarks on the common header: repeated and empty labels, columns that some tables lack, wrong `fill_down`."""
    place = layouts[0].grid.location(layouts[0].line or None)
    counts = Counter(fold(label) for label in header)
    repeated = dict.fromkeys(label for label in header if label and counts[fold(label)] > 1)
    if repeated:
        yield Diagnostic("SRC-68", place, {"labels": ", ".join(list(repeated)[:SHOWN_LABELS])})
    empty = [str(at + 1) for at, label in enumerate(header) if not label]
    if empty:
        yield Diagnostic("SRC-69", place, {"positions": ", ".join(empty[:SHOWN_LABELS]), "count": len(empty)})
    for layout in layouts:
        own = set(occurrences(layout.labels))
        lacking = [label for label, key in zip(header, occurrences(header), strict=True) if label and key not in own]
        if lacking:
            yield Diagnostic("SRC-70", layout.grid.location(), {"labels": ", ".join(lacking[:SHOWN_LABELS])})
    unknown = [name for name in request.spec.fill_down or () if not counts[fold(name)]]
    if unknown:
        hint = closest(unknown[0], [label for label in header if label]) or "—"
        raise SourceError(Diagnostic("SRC-21", place, {"labels": ", ".join(unknown), "hint": hint}))


def _tally(reader: RowReader, grid: Grid) -> Iterator[Diagnostic]:
    if reader.blank:
        yield Diagnostic("SRC-71", grid.location(reader.blank_from), {"count": reader.blank})
    for code in sorted(grid.tally):
        yield Diagnostic(code, grid.location(), {"count": grid.tally[code]})


# ------------------------------------------------------------------------------------------------------- readers


def _text(path: Path, file: str, sniffed: Sniffed, request: Request) -> list[Grid]:
    from converter.sources.delimited import open_text

    return [open_text(path, file, request.spec, request.wanted)]


def _xlsx(path: Path, file: str, sniffed: Sniffed, request: Request) -> list[Grid]:
    from converter.sources.xlsx import open_workbook

    return list(open_workbook(path, file, strict=sniffed.strict))


def _xls(path: Path, file: str, sniffed: Sniffed, request: Request) -> list[Grid]:
    from converter.sources.calamine import open_xls

    return list(open_xls(path, file))


def _xlsb(path: Path, file: str, sniffed: Sniffed, request: Request) -> list[Grid]:
    from converter.sources.calamine import open_xlsb

    return list(open_xlsb(path, file))


def _ods(path: Path, file: str, sniffed: Sniffed, request: Request) -> list[Grid]:
    from converter.sources.ods import open_ods

    return list(open_ods(path, file))


def _markup(path: Path, file: str, sniffed: Sniffed, request: Request) -> list[Grid]:
    from converter.sources.markup import open_html, open_spreadsheet_xml

    spec = request.spec
    if sniffed.kind is Kind.XML_2003 and spec.format != "xml" and spec.record is None:
        return list(open_spreadsheet_xml(path, file))
    if sniffed.kind is Kind.HTML:
        return list(open_html(path, file, spec.encoding))
    return _xml(path, file, sniffed, request)


def _xml(path: Path, file: str, sniffed: Sniffed, request: Request) -> list[Grid]:
    from converter.sources.xml_index import open_xml

    return [open_xml(path, file, request.spec)]


_READERS: Mapping[Kind, Callable[[Path, str, Sniffed, Request], list[Grid]]] = {
    Kind.CSV: _text,
    Kind.XLSX: _xlsx,
    Kind.XLS: _xls,
    Kind.XLSB: _xlsb,
    Kind.ODS: _ods,
    Kind.HTML: _markup,
    Kind.XML_2003: _markup,
    Kind.XML: _xml,
}
