"""What a workbook of the Office Open XML family says around its cells: sheets, visibility, number formats, 1904 dates.

Reads the small parts with lxml (no entities, no network), by local name, so that Strict and Transitional files, and any
prefix, read alike.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from converter.diagnostics import Diagnostic, SourceError, SourceLocation
from converter.sources.containers import Container

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["Outline", "SheetPart", "read_outline", "relations"]


@dataclass(frozen=True, slots=True)
class SheetPart:
    """One worksheet: its name, whether it is hidden, and the part that holds its cells."""

    name: str
    hidden: bool
    part: str


@dataclass(frozen=True, slots=True)
class Outline:
    """The sheets in tab order, and the number format of every cell style (by its index)."""

    sheets: tuple[SheetPart, ...]
    formats: tuple[str, ...]


def read_outline(container: Container, file: str) -> Outline:
    """The outline of an XLSX. SourceError when the workbook part is missing or not well formed."""
    workbook = next((p for p in sorted(container.parts) if p.startswith("xl/workbook") and p.endswith(".xml")), "")
    root = _tree(container.read(workbook), file)
    if root is None:
        raise SourceError(Diagnostic("SRC-11", SourceLocation(file)))
    targets = relations(container, workbook, file)
    sheets = []
    for node in root.iter("{*}sheet"):
        target, kind = targets.get(_relation(node), ("", ""))
        if kind == "worksheet" and target.lower() in container.parts:
            hidden = node.get("state", "visible") != "visible"
            sheets.append(SheetPart(node.get("name", ""), hidden, target))
    return Outline(tuple(sheets), _formats(container, file))


def _tree(content: bytes, file: str) -> etree._Element | None:
    from lxml import etree

    if not content:
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(content, parser)
    except etree.XMLSyntaxError:
        raise SourceError(Diagnostic("SRC-11", SourceLocation(file))) from None


def _relation(node: etree._Element) -> str:
    """The sheet's r:id, whatever namespace edition it is in."""
    return next((str(value) for name, value in node.attrib.items() if str(name).endswith("}id")), "")


def relations(container: Container, workbook: str, file: str) -> dict[str, tuple[str, str]]:
    """Relationship id to part and kind, of the workbook's part."""
    folder, name = posixpath.split(workbook)
    root = _tree(container.read(f"{folder}/_rels/{name}.rels"), file)
    found = {}
    for node in root.iter("{*}Relationship") if root is not None else ():
        target = node.get("Target", "")
        part = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"{folder}/{target}")
        found[node.get("Id", "")] = (part, node.get("Type", "").rpartition("/")[2])
    return found


def _formats(container: Container, file: str) -> tuple[str, ...]:
    from converter.sources.cells import BUILT_IN

    root = _tree(container.read("xl/styles.xml"), file)
    if root is None:
        return ()
    own = {node.get("numFmtId", ""): node.get("formatCode", "") for node in root.iter("{*}numFmt")}
    styles = next(root.iter("{*}cellXfs"), None)
    if styles is None:
        return ()
    numbers = [node.get("numFmtId", "0") for node in styles if str(node.tag).endswith("}xf")]
    return tuple(own.get(number) or BUILT_IN.get(number, "General") for number in numbers)
