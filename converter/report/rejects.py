"""``rejects.csv``: every row left out and why, for care staff, in a spreadsheet.

UTF-8 with a byte order mark and semicolons: what a French Excel opens by a double click. One line per problem; the
row's own cells follow under their own headers. A cell that a spreadsheet program would run as a formula is written
with an apostrophe in front. The file holds personal data: it stays with the sender.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence

from converter.diagnostics import Diagnostic, SourceLocation

__all__ = ["RejectLine", "labelled", "rejects_csv", "unindexed_csv"]

_HEAD = {
    "fr": ("Source", "Fichier", "Feuille", "Ligne", "Colonne", "Code", "Problème", "À faire"),
    "en": ("Source", "File", "Sheet", "Line", "Column", "Code", "Problem", "What to do"),
}
_UNINDEXED = {"fr": ("Source", "Fichier présent mais absent de l'index"), "en": ("Source", "File named by no index")}
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

#: A diagnostic of a rejected row: source name, what is wrong, the row's cells.
RejectLine = tuple[str, Diagnostic, Sequence[str]]


def rejects_csv(lines: Iterable[RejectLine], headers: Mapping[str, Sequence[str]], lang: str = "fr") -> Iterator[bytes]:
    """The file, line by line. ``headers`` gives each source's column labels."""
    columns = _columns(headers)
    yield b"\xef\xbb\xbf"
    yield _line([*_HEAD[lang], *columns])
    for source, diagnostic, cells in lines:
        place = diagnostic.location if isinstance(diagnostic.location, SourceLocation) else SourceLocation(source)
        row = dict.fromkeys(columns, "")
        row.update(zip(labelled(source, headers), cells, strict=False))
        yield _line(
            [
                source,
                place.file,
                place.sheet or "",
                "" if place.line is None else str(place.line),
                place.column or "",
                diagnostic.code,
                diagnostic.message(lang),
                diagnostic.remedy(lang),
                *row.values(),
            ]
        )


def unindexed_csv(files: Iterable[tuple[str, str]], lang: str = "fr") -> Iterator[bytes]:
    """Files found on disk that no row of the source's index names: (source, path below the scans folder)."""
    yield b"\xef\xbb\xbf"
    yield _line(_UNINDEXED[lang])
    for source, relative in files:
        yield _line([source, relative])


def labelled(source: str, headers: Mapping[str, Sequence[str]]) -> list[str]:
    """A source's labels, each once: a repeated one gets ``#2``, an empty one its position."""
    seen: dict[str, int] = {}
    labels = []
    for position, raw in enumerate(headers.get(source, ()), start=1):
        label = raw or f"#{position}"
        seen[label] = seen.get(label, 0) + 1
        labels.append(label if seen[label] == 1 else f"{label}#{seen[label]}")
    return labels


def _columns(headers: Mapping[str, Sequence[str]]) -> list[str]:
    return list(dict.fromkeys(label for source in headers for label in labelled(source, headers)))


def _line(cells: Sequence[str]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, delimiter=";", lineterminator="\r\n").writerow([_inert(c) for c in cells])
    return buffer.getvalue().encode("utf-8", "backslashreplace")


def _inert(cell: str) -> str:
    """Text that no spreadsheet program runs, without the NUL that none can read."""
    text = cell.replace("\x00", "")
    return "'" + text if text.startswith(_FORMULA) else text
