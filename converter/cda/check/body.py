"""The body of a document: one file (level 1) or sections (level 3), and the references that hold it together.

Sections and entries are judged only in the documents of the guide; of others the body is checked against the schema,
and what the schema itself promises: IDs, references, base64.
"""

from __future__ import annotations

from converter.cda.check.dossier import Dossier
from converter.cda.check.findings import Findings
from converter.cda.check.kinds import Kind
from converter.cda.check.media import Media, agrees
from converter.cda.check.nodes import Node, path_of
from converter.cda.check.value_sets import ValueSets
from converter.cda.check.values import is_name

__all__ = ["Body"]

#: CI-SIS: media types of an unstructured body; the last three stand in code lists only.
_BODY_TYPES = frozenset({"application/pdf", "text/plain", "text/rtf", "image/jpeg", "image/tiff"})
_CURRENT_TYPES = frozenset({"application/pdf", "text/plain"})
_MEDIA = frozenset({"observationMedia", "regionOfInterest"})
#: IDs and references that are kept; a longer document than that is not checked for them.
_MOST_NAMES = 1_000_000


class Body:
    """Is told of every element of the body that starts or ends."""

    def __init__(self, kind: Kind, state: str | None, findings: Findings, sets: ValueSets) -> None:
        self._kind = kind
        self._findings = findings
        self._dossier = Dossier(kind, findings, sets) if kind in {Kind.DOSSIER, Kind.SEED} else None
        self._ids: dict[str, str] = {}
        self._references: dict[tuple[str, str], str] = {}
        if kind in {Kind.DOSSIER, Kind.SEED} and state is not None and (state == "seed") != (kind is Kind.SEED):
            findings.add("CDAX-40", "ClinicalDocument", state=state)

    def opened(self, node: Node) -> None:
        """``nonXMLBody`` or ``structuredBody``."""
        wanted = {Kind.SCAN: "nonXMLBody", Kind.DOSSIER: "structuredBody", Kind.SEED: "structuredBody"}
        if wanted.get(self._kind, node.name) != node.name:
            self._findings.add("CDAX-41", node, expected=wanted[self._kind])
        elif node.name == "nonXMLBody" and self._kind is Kind.OTHER:
            self._findings.add("CDAX-70", node, template=Kind.SCAN.value)

    def note_id(self, node: Node) -> None:
        """An element that others may point to."""
        name = node.attributes["ID"].strip()
        if name in self._ids:
            self._findings.add("CDAX-76", node)
        elif is_name(name) and len(self._ids) < _MOST_NAMES:
            self._ids[name] = node.name

    def ended(self, node: Node) -> None:
        """One of the elements of ``ENDINGS`` is complete."""
        name = node.name
        if name == "reference":
            self._note_reference("CDAX-78", node.get("value").removeprefix("#"), node, node.get("value")[:1] == "#")
        elif name == "renderMultiMedia":
            for target in node.get("referencedObject").split():
                self._note_reference("CDAX-79", target, node)
        elif name == "footnoteRef":
            self._note_reference("CDAX-78", node.get("IDREF"), node)
        elif name == "entry":
            if self._dossier is not None:
                self._dossier.entry(node)
            node.children.clear()
        elif name == "section":
            if self._dossier is not None:
                self._dossier.section(node)
            node.children.clear()

    #: Names of elements whose end matters.
    ENDINGS = frozenset({"reference", "renderMultiMedia", "footnoteRef", "entry", "section"})

    def _note_reference(self, code: str, target: str, node: Node, local: bool = True) -> None:
        if not local or self._leads(code, target) or (code, target) in self._references:
            return  # the text of a section comes before its entries: most references are settled at once
        if len(self._references) < _MOST_NAMES:
            self._references[code, target] = path_of(node)

    def _leads(self, code: str, target: str) -> bool:
        kind = self._ids.get(target)
        return kind in _MEDIA if code == "CDAX-79" else kind is not None

    def ended_media(self, node: Node, media: Media) -> None:
        """A file in base64 (or what should be one) is complete."""
        findings, media_type = self._findings, node.get("mediaType")
        base64 = node.get("representation") == "B64"
        is_body = node.parent is not None and node.parent.name == "nonXMLBody"
        if base64 and media.fault:
            findings.add("CDAX-62", node, fault=media.fault)
        if self._kind is Kind.OTHER:
            return
        if not base64:
            findings.add("CDAX-61", node)
        elif not media.size and not media.fault:
            findings.add("CDAX-65", node)
        if not media_type:
            findings.add("CDAX-15", node, attribute="mediaType")
            return
        if is_body and media_type not in _BODY_TYPES:
            findings.add("CDAX-63", node)
        elif is_body and media_type not in _CURRENT_TYPES:
            findings.add("CDAX-66", node)
        if base64 and media.size and not agrees(media_type, media.head):
            findings.add("CDAX-64", node)

    def finish(self) -> None:
        """Everything was read: do references lead somewhere?"""
        for (code, target), path in self._references.items():
            if self._kind is not Kind.OTHER and not self._leads(code, target):
                self._findings.add(code, path)
        if self._dossier is not None:
            self._dossier.finish()
