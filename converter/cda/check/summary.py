"""What a document says of itself, for the comparison with the resource that carries it."""

from __future__ import annotations

from converter.cda.check.nodes import Node
from converter.cda.check.values import is_oid, is_uuid
from converter.payload import DocumentSummary

__all__ = ["summary_of"]


def summary_of(root: Node) -> DocumentSummary:
    """The header's words in FHIR's terms; None for what the header does not say."""
    return DocumentSummary(
        identifier=_urn(root.find("id")),
        code=_attribute(root, "code", "code"),
        code_system=_attribute(root, "code", "codeSystem"),
        title=_title(root),
        language=_attribute(root, "languageCode", "code"),
        effective_time=_attribute(root, "effectiveTime", "value"),
        confidentiality=_attribute(root, "confidentialityCode", "code"),
    )


def _attribute(root: Node, name: str, attribute: str) -> str | None:
    node = root.find(name)
    return node.attributes.get(attribute) or None if node is not None else None


def _title(root: Node) -> str | None:
    node = root.find("title")
    return node.text.strip() or None if node is not None else None


def _urn(node: Node | None) -> str | None:
    """``urn:oid:`` + root, with the extension as a last arc when it is a number; ``urn:uuid:`` in lower case."""
    if node is None:
        return None
    root, extension = node.get("root"), node.get("extension")
    if is_uuid(root):
        return f"urn:uuid:{root.lower()}"
    if not is_oid(root):
        return None
    whole = f"{root}.{extension}" if extension.isascii() and extension.isdigit() else root
    return f"urn:oid:{whole}" if is_oid(whole) else f"urn:oid:{root}"
