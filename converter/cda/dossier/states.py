"""The three states of the structured dossier as data: what each has a place for, and which codes it restricts.

seed: 1.0.0-ballot and 1.0.1 of the guide (template …1.4.11). 1.1.0: template …1.58, also `ans.cda.fr.tddui` 1.0.0.
cda-1.0.1: the same template with other value sets. Sources: the guide's pages `contenu_dossier` (seed) and
`contenu_*` with the template pages (later states).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = [
    "AGGIR_GRIDS",
    "SERAFIN_EVALUATION",
    "SSIAD_EVALUATION",
    "STATES",
    "TRANSPORT_MODES",
    "TRANSPORT_MODES_WITHOUT_MOTOR",
    "State",
]

#: Types of evaluation with a GIR, every field of a value set, and four criteria for each.
AGGIR_GRIDS: Mapping[str, str] = {"MED-1292": "805", "MED-1293": "806"}
SSIAD_EVALUATION = "MED-1290"  # fields of 804, yes/no
SERAFIN_EVALUATION = "MED-1291"  # fields of JDV_J285, a number

TRANSPORT_MODES = ("ORG-202", "ORG-203", "ORG-204", "ORG-205", "GEN-092.06.08")
TRANSPORT_MODES_WITHOUT_MOTOR = ("ORG-204", "ORG-205", "GEN-092.06.08")


@dataclass(frozen=True, slots=True)
class State:
    """One state. ``alone``: sections whose narrative may stand without a coded entry (entry 0..* on their page)."""

    name: str
    template: str  # third templateId of the header
    code: str  # type of the document (JDV_J07)
    cisis_name: str  # codeSystemName of 1.2.250.1.213.1.1.4.322
    templates: Mapping[str, str]  # section -> template file, in the order of the official examples
    alone: frozenset[str]
    sectors: tuple[str, ...]
    needs_category: bool
    needs_birth_order: bool
    evaluation_statuses: tuple[str, ...]
    event_statuses: tuple[str, ...] = ("PLANIFIE", "REALISE", "VALIDE", "ANNULE")

    def places(self, section: str) -> bool:
        """Whether the state has a section for this."""
        return section in self.templates


_SECTIONS = {
    "coverage": "coverage.xml.j2",
    "stays": "stays.xml.j2",
    "events": "events.xml.j2",
    "evaluations": "evaluations.xml.j2",
    "documents": "documents.xml.j2",
}

STATES: Mapping[str, State] = {
    "seed": State(
        name="seed",
        template="1.2.250.1.213.1.1.1.4.11",
        code="EXPPAT_2",
        cisis_name="TA_ASIP",
        templates={"evaluations": "evaluations_seed.xml.j2", "documents": "documents.xml.j2"},
        alone=frozenset(),
        sectors=("SA41",),
        needs_category=False,
        needs_birth_order=False,
        evaluation_statuses=(),
    ),
    "1.1.0": State(
        name="1.1.0",
        template="1.2.250.1.213.1.1.1.58",
        code="EXPORT_DUI",
        cisis_name="TA_ASIP",
        templates=_SECTIONS,
        alone=frozenset({"coverage", "evaluations"}),
        sectors=("SA16", "SA18", "SA41"),
        needs_category=True,
        needs_birth_order=True,
        evaluation_statuses=("APPROUVE", "VALIDE", "TERMINE", "PLANIFIE", "REALISE", "ANNULE"),
        event_statuses=("APPROUVE", "VALIDE", "TERMINE", "PLANIFIE", "REALISE", "ANNULE"),
    ),
    "cda-1.0.1": State(
        name="cda-1.0.1",
        template="1.2.250.1.213.1.1.1.58",
        code="EXPORT_DUI",
        cisis_name="TerminologieCISIS",
        templates=_SECTIONS,
        alone=frozenset({"coverage", "evaluations"}),
        sectors=("SA16", "SA18", "SA41"),
        needs_category=True,
        needs_birth_order=True,
        evaluation_statuses=("APPROUVE", "VALIDE", "TERMINE"),
    ),
}
