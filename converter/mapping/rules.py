"""The rules of a mapping that rows are filed under, numbered once for the whole run."""

from __future__ import annotations

from dataclasses import dataclass

from converter.mapping.schema import DossierRule, MappingSpec, ScanRule, TemplateRule
from converter.mapping.sections import SECTIONS, SectionRule

__all__ = ["RowRule", "dossier_rules", "row_rules"]


@dataclass(frozen=True, slots=True)
class RowRule:
    """One rule that reads rows. ``index`` files rows in the spool; ``path`` is where the mapping says it."""

    index: int
    section: str  # "documents", or one of SECTIONS
    spec: ScanRule | TemplateRule | SectionRule
    path: tuple[str | int, ...]

    @property
    def source(self) -> str:
        return self.spec.from_


def row_rules(spec: MappingSpec) -> tuple[RowRule, ...]:
    """Rules in the order of the mapping: documents first, then the sections. A dossier rule reads no rows itself."""
    found: list[RowRule] = []
    for i, rule in enumerate(spec.documents):
        if not isinstance(rule, DossierRule):
            found.append(RowRule(len(found), "documents", rule, ("documents", i)))
    for section in SECTIONS:
        for i, rule in enumerate(getattr(spec, section)):
            found.append(RowRule(len(found), section, rule, (section, i)))
    return tuple(found)


def dossier_rules(spec: MappingSpec) -> tuple[DossierRule, ...]:
    """The rules that ask for a structured dossier: one at the most makes sense, which the loader checks."""
    return tuple(rule for rule in spec.documents if isinstance(rule, DossierRule))
