"""Sections and entries of the structured dossier, by the guide's template pages.

Each template is known by its own OID and brings its companions, the rules of :mod:`converter.cda.check.templates`, and
what needs a word of code: :mod:`converter.cda.check.evaluations` and the functions below.
"""

from __future__ import annotations

from converter.cda.check.evaluations import check_evaluation, check_group, check_status
from converter.cda.check.findings import Findings
from converter.cda.check.kinds import Kind
from converter.cda.check.nodes import Node, path_of
from converter.cda.check.rules import apply, codes_of, has_template
from converter.cda.check.templates import (
    IMPLIED,
    INTERNAL_LINK,
    SECTIONS,
    Section,
    Statement,
    section_of,
    statements_of,
)
from converter.cda.check.value_sets import ValueSets

__all__ = ["Dossier"]

_STATEMENTS = frozenset({"act", "observation", "encounter", "organizer", "procedure", "supply", "observationMedia"})
_WITHOUT_MOTOR = frozenset({"ORG-204", "ORG-205", "GEN-092.06.08"})


class Dossier:
    """Is told of each entry and each section when it is complete, and at the end of the document."""

    def __init__(self, kind: Kind, findings: Findings, sets: ValueSets) -> None:
        self._kind = kind
        self._findings = findings
        self._sets = sets
        self._sections: set[str] = set()
        self._codes: dict[tuple[str, str], str] = {}
        self._links: list[tuple[str, tuple[str, str], str]] = []

    # ------------------------------------------------------------------------------------------------------- sections

    def section(self, node: Node) -> None:
        known = section_of(node, self._kind)
        if known is None:
            self._unknown_section(node)
            return
        if known.oid in self._sections:
            self._findings.add("CDAX-72", node)
        self._sections.add(known.oid)
        for companion in known.companions:
            if not has_template(node, companion):
                self._findings.add("CDAX-70", node, template=companion)
        apply(known.rules, node, self._findings, self._sets.holds)
        if known.needs_entry and node.find("entry") is None:
            self._findings.add("CDAX-74", node)

    def _unknown_section(self, node: Node) -> None:
        """A section by its code but without its template, one of another release, or one the guide does not know."""
        code = codes_of(node)
        same = next((s for s in SECTIONS if s.code == code and self._kind in s.kinds), None)
        if same is not None:
            self._findings.add("CDAX-70", node, template=same.oid)
        else:
            self._findings.add("CDAX-71", node)

    # -------------------------------------------------------------------------------------------------------- entries

    def entry(self, node: Node) -> None:
        section = section_of(node.parent, self._kind) if node.parent is not None else None
        if section is not None:
            self._check_kind_of_entry(node, section)
        for statement in node.descendants():
            if statement.name in _STATEMENTS:
                self._check_statement(statement)

    def _check_kind_of_entry(self, node: Node, section: Section) -> None:
        for child in node.children:
            if child.name in _STATEMENTS and not (
                child.name == section.entry_element and has_template(child, section.entry_template)
            ):
                self._findings.add("CDAX-75", child, template=section.entry_template)

    def _check_statement(self, node: Node) -> None:
        found = statements_of(node)
        for statement in found:
            self._check_template(node, statement)
        if not found:
            for companion in node.all("templateId"):
                if companion.get("root") in IMPLIED:
                    self._findings.add("CDAX-70", node, template=IMPLIED[companion.get("root")])
        self._note_identity(node)

    def _check_template(self, node: Node, statement: Statement) -> None:
        findings = self._findings
        if node.name != statement.element:
            findings.add("CDAX-77", node, element=statement.element)
            return
        for name, allowed in (("classCode", statement.classes), ("moodCode", statement.moods)):
            if allowed and node.get(name) and node.get(name) not in allowed:
                findings.add("CDAX-43", node, attribute=name, expected=" | ".join(allowed))
        for companion in statement.companions_of(node, self._kind):
            if not has_template(node, companion):
                findings.add("CDAX-70", node, template=companion)
        apply(statement.rules_of(self._kind), node, findings, self._sets.holds)
        self._check_more(node, statement)

    def _check_more(self, node: Node, statement: Statement) -> None:
        """What lines of rules cannot say."""
        match statement.short:
            case "3.25" if self._kind is Kind.DOSSIER:
                check_evaluation(node, self._findings, self._sets)
            case "3.95":
                check_group(node, self._findings)
            case "3.217":
                check_status(node, self._findings, self._sets)
            case "3.24" | "3.216":
                self._check_transport(node)
            case "3.48.18":
                self._check_type_of_document(node)
            case _:
                pass

    def _check_transport(self, node: Node) -> None:
        if codes_of(node) in _WITHOUT_MOTOR:
            for name in node.all("code/qualifier/name"):
                if name.get("code") == "GEN-346":
                    self._findings.add("CDAX-88", name)

    def _check_type_of_document(self, node: Node) -> None:
        value = node.find("value")
        if value is not None and not value.get("code") and value.find("originalText/reference") is None:
            self._findings.add("CDAX-11", value, element="originalText/reference")

    # ------------------------------------------------------------------------------------------------------ references

    def _note_identity(self, node: Node) -> None:
        code = codes_of(node)
        for identifier in node.children:
            if identifier.name != "id":
                continue
            key = identifier.get("root"), identifier.get("extension")
            if not key[0]:
                continue
            if has_template(node, INTERNAL_LINK):
                self._links.append((path_of(node), key, code))
            elif key in self._codes:
                self._findings.add("CDAX-82", identifier)
            else:
                self._codes[key] = code

    def finish(self) -> None:
        """Links inside the document lead to an entry, and name its code."""
        for path, key, code in self._links:
            found = self._codes.get(key)
            if found is None:
                self._findings.add("CDAX-80", path)
            elif found != code:
                self._findings.add("CDAX-81", path)
