"""The kinds of CDA document that this program writes, by the third templateId."""

from __future__ import annotations

from enum import Enum

from converter.cda.check.nodes import Node

__all__ = ["Kind", "kind_of"]

_DECLARATIONS = frozenset({"2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1"})


class Kind(Enum):
    """``DOSSIER``: EXPORT_DUI (.58); ``SEED``: the first states of the guide; ``SCAN``: one file in a CDA."""

    SCAN = "1.3.6.1.4.1.19376.1.2.20"
    DOSSIER = "1.2.250.1.213.1.1.1.58"
    SEED = "1.2.250.1.213.1.1.1.4.11"
    OTHER = ""


_BY_TEMPLATE = {kind.value: kind for kind in Kind if kind.value}


def kind_of(root: Node) -> Kind:
    """The kind that the document declares; a document model of others is ``OTHER``."""
    found = [t.get("root") for t in root.all("templateId") if t.get("root") not in _DECLARATIONS]
    return next((_BY_TEMPLATE[oid] for oid in found if oid in _BY_TEMPLATE), Kind.OTHER)
