"""Documents inside the dossier: those that entries refer to, and rows kept as readable text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from converter.diagnostics import Diagnostic
from converter.dossier import AddedDocument
from converter.dossier_mapper.entries import Context, Entry
from converter.model import Header, SourceRow

__all__ = ["KeptRow", "as_document", "known_documents"]

#: Begins the key of a text made from rows, so that it is nobody's legacy document number.
_MARK = "lignes|"


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A row to keep as text: ``columns`` are the positions of its cells to show."""

    number: int
    row: SourceRow
    header: Header
    columns: Sequence[int]


def known_documents(entry: Entry, context: Context) -> tuple[str, ...]:
    """The entry's documents that are inside the dossier; DOS-18 for the others."""
    for part in entry.parts:
        unknown = sum(key not in context.documents for key in part.values.get("documents", ()))
        if unknown:
            context.trace.note(part.number, [Diagnostic("DOS-18", part.row.location(), {"count": unknown})])
    return tuple(key for key in entry.values.get("documents", ()) if key in context.documents)


def as_document(name: str, rows: Sequence[KeptRow]) -> AddedDocument:
    """A readable text of rows, one block each, one line per filled cell; the same rows give the same text."""
    count = "1 ligne reprise" if len(rows) == 1 else f"{len(rows)} lignes reprises"
    head = [name, "=" * len(name), f"{count} de l'ancien logiciel, sous forme lisible."]
    blocks = ["\n".join(head), *(_block(n, kept) for n, kept in enumerate(rows, start=1))]
    return AddedDocument(key=_MARK + name, title=name, text="\n\n".join(blocks) + "\n", kind="Données reprises")


def _block(n: int, kept: KeptRow) -> str:
    cells = [(label, _cell(kept.row, i)) for i, label in zip(kept.columns, _labels(kept), strict=True)]
    filled = [(label, text) for label, text in cells if text]
    width = max((len(label) for label, _ in filled), default=0)
    indent = "\n" + " " * (width + 5)
    lines = [f"  {label:<{width}} : {text.replace(chr(10), indent)}" for label, text in filled]
    return "\n".join([f"{n}.", *(lines or ["  (ligne vide)"])])


def _labels(kept: KeptRow) -> list[str]:
    labels = kept.header.labels
    return [" ".join(labels[i].split()) or f"Colonne {i + 1}" for i in kept.columns]


def _cell(row: SourceRow, index: int) -> str:
    if index in row.faults:
        return "(cellule illisible)"
    return "\n".join(line.strip() for line in row.cells[index].strip().splitlines())
