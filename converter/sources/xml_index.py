"""An XML index: one record per node that `record:` finds, its cells by the paths of `fields:`.

Refuses a DOCTYPE outright; no entity is resolved and nothing is fetched. The encoding that the file declares must hold.
Several nodes under one field are joined with ``|`` (see `split:`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from converter.diagnostics import Diagnostic, SourceError, SourceLocation
from converter.sources.cleaning import clean_cells
from converter.sources.limits import SHOWN_LABELS
from converter.sources.markup import check_size, refuse_doctype
from converter.sources.sheets import LoadedSheet
from converter.sources.table import Grid, Note, Record, Trouble

if TYPE_CHECKING:
    from lxml import etree

    from converter.mapping.schema import SourceSpec

__all__ = ["open_xml"]

_JOIN = "|"


def open_xml(path: Path, file: str, spec: SourceSpec) -> Grid:
    """The records as a grid whose header is the mapping's own field names. SourceError when it cannot be read."""
    if spec.record is None or not spec.fields:
        raise SourceError(Diagnostic("SRC-26", SourceLocation(file)))
    check_size(path, file)
    refuse_doctype(path, file)
    tree = _tree(path, file, spec.encoding)
    namespaces = spec.namespaces or {}
    nodes: list[Any] = _nodes(tree, spec.record, namespaces, file)
    fields = [_compiled(path_text, namespaces, name, file) for name, path_text in spec.fields.items()]
    lines = _lines(nodes)
    records = [_record(node, line, fields, list(spec.fields), file) for node, line in zip(nodes, lines, strict=True)]
    grid = LoadedSheet(file, path, None, False, records, typed=False)
    grid.labels = tuple(spec.fields)
    if lines and lines[0] == 1 and lines != [node.sourceline for node in nodes]:
        grid.decide("SRC-79", count=len(nodes))
    return grid


def _tree(path: Path, file: str, declared: str | None) -> etree._ElementTree:
    from lxml import etree

    try:
        parser = etree.XMLParser(
            encoding=declared, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
        )
    except LookupError:
        raise SourceError(
            Diagnostic("SRC-16", SourceLocation(file), {"declared": declared or "", "hint": "utf-8, cp1252"})
        ) from None
    try:
        tree = etree.parse(str(path), parser)
    except etree.XMLSyntaxError as error:
        raise SourceError(Diagnostic("SRC-24", SourceLocation(file, error.lineno))) from None
    except OSError as error:
        if error.errno is not None:
            raise
        # lxml's word for bytes that are not in the encoding.
        raise SourceError(Diagnostic("SRC-24", SourceLocation(file))) from None
    if tree.docinfo.internalDTD is not None or tree.docinfo.externalDTD is not None:
        raise SourceError(Diagnostic("SRC-23", SourceLocation(file)))
    return tree


def _nodes(tree: etree._ElementTree, record: str, namespaces: Mapping[str, str], file: str) -> list[etree._Element]:
    """The records. A relative path starts at the root element, or failing that above it."""
    from lxml import etree

    root = tree.getroot()
    # Seen from the root element, or from above it: people write `d` and `index/d` alike.
    for path in (record, f"/{record}") if not record.startswith("/") else (record,):
        found = _compiled(path, namespaces, "record", file)(root)
        nodes = [node for node in found if isinstance(node, etree._Element)] if isinstance(found, list) else []
        if nodes:
            return nodes
    names = Counter(str(node.tag) for node in root.iter() if isinstance(node.tag, str))
    hint = ", ".join(dict.fromkeys([str(root.tag), *(name for name, _ in names.most_common(SHOWN_LABELS))]))
    raise SourceError(Diagnostic("SRC-25", SourceLocation(file), {"record": record, "hint": hint}))


def _compiled(path: str, namespaces: Mapping[str, str], name: str, file: str) -> Callable[[Any], Any]:
    from lxml import etree

    def fail() -> SourceError:
        return SourceError(Diagnostic("SRC-27", SourceLocation(file), {"field": name}))

    try:
        compiled = etree.XPath(path, namespaces=dict(namespaces))
    except (etree.XPathSyntaxError, TypeError, ValueError):
        raise fail() from None

    def find(node: Any) -> Any:
        try:
            return compiled(node)
        except etree.XPathError:
            raise fail() from None

    return find


def _lines(nodes: Sequence[Any]) -> list[int]:
    """The line on which each record begins; its rank where the file has too few lines to tell records apart."""
    lines = [int(node.sourceline or 0) for node in nodes]
    return lines if len(set(lines)) == len(lines) else list(range(1, len(nodes) + 1))


def _record(
    node: etree._Element, line: int, fields: Sequence[Callable[[Any], Any]], names: Sequence[str], file: str
) -> Record:
    texts: list[str] = []
    trouble = Trouble()
    for column, find in enumerate(fields):
        values = [value for value in _texts(find(node)) if value.strip()]
        if len(values) > 1 and any(_JOIN in value for value in values):
            trouble.faults.append(Note("CELL-12", column=column))
        texts.append(_JOIN.join(values))
    cleaned, found = clean_cells(texts, Counter(), trouble if trouble.faults else None)
    return line, cleaned, found


def _texts(found: Any) -> list[str]:
    """What a path gave, as texts: nodes, attributes, or the result of a function."""
    if isinstance(found, list):
        return [_text(item) for item in found]
    if isinstance(found, bool):
        return ["VRAI" if found else "FAUX"]
    if isinstance(found, float):
        return [str(int(found)) if found == int(found) else repr(found)] if found == found else [""]
    return [str(found)]


def _text(item: Any) -> str:
    return str(item) if isinstance(item, str) else "".join(str(piece) for piece in item.itertext()).strip()
