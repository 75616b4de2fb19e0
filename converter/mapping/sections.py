"""The sections of the structured dossier as a mapping says them: which rows make which entries.

Every section is a rule or a list of rules. A rule reads one source; each of its rows makes one entry, found again by
``key``, the entry's own number in the legacy software. Where an entry is spread over rows (one line per item of a
grid, one per professional, a second sheet of details), ``group: yes`` says that rows with the same key complete one
entry, wherever the section's other rows come from; without it a repeated key is an error.

Coded fields take a code of the release's value set, its official label, or the legacy word through a ``table``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from converter.mapping.nodes import (
    Bool,
    GuardSpec,
    Node,
    OrganizationSpec,
    ResidentAddressSpec,
    Text,
    Texts,
    Value,
    When,
    several,
    shape_of,
)

__all__ = [
    "SECTIONS",
    "AssessmentRule",
    "ContactRule",
    "CoverageRule",
    "CriteriaSpec",
    "EventRule",
    "ItemSpec",
    "PayerSpec",
    "PlaceSpec",
    "ProfessionalSpec",
    "ProtectionRule",
    "SectionRule",
    "StayRule",
    "StructureSpec",
    "TransportSpec",
    "UnplacedRule",
]

#: Top-level keys of a mapping that hold section rules, in the order of the document.
SECTIONS = ("contacts", "protections", "coverage", "stays", "events", "assessments", "unplaced")


# ----------------------------------------------------------------------------------------------------------- shared


class SectionRule(Node):
    """What all section rules say: the source, whose row it is, which rows count."""

    from_: Text = Field(alias="from")
    resident: Value
    site: Value | None = None
    guard: GuardSpec | None = None
    when: When | None = None


class _EntryRule(SectionRule):
    key: Value = Field(description="the entry's own number in the legacy software: identifiers are made from it")
    group: Bool = Field(False, description="rows with one key make one entry; otherwise a repeated key is an error")


class StructureSpec(OrganizationSpec):
    """A structure named by the row; its identifier is made of its FINESS or SIRET."""

    siren: Value | None = None


#: A structure named by the row, or the establishment of this mapping.
Structure = Annotated[
    Annotated[Literal["establishment"], Tag("text")] | Annotated[StructureSpec, Tag("block")], Discriminator(shape_of)
]


class ProfessionalSpec(Node):
    """A professional. Without an identifier they are named in the text and cannot be coded."""

    name: Value | None = None
    given: Value | None = None
    title: Value | None = Field(None, description="M or MME, through a table if need be")
    rpps: Value | None = None
    adeli: Value | None = None
    identifier: Value | None = Field(None, description="ready-made idNat_PS, prefix included")
    profession: Value | None = Field(None, description="JDV_J01 code or label")
    function: Value | None = Field(None, description="JDV_J47 code or label")
    role: Value | None = Field(None, description="the row's own words")
    organization: Structure | None = None


class PlaceSpec(ResidentAddressSpec):
    """Where something happens."""

    name: Value | None = None
    phone: Value | None = None


# --------------------------------------------------------------------------------------------------------- coverage


class PayerSpec(ResidentAddressSpec):
    """The organisation that pays. Its identifier is its FINESS, its SIRET, or ``number`` under the OID ``root``."""

    name: Value | None = None
    finess: Value | None = None
    siren: Value | None = None
    siret: Value | None = None
    number: Value | None = None
    root: Text | None = Field(None, description="OID of whoever numbers the payers; never guessed")
    phone: Value | None = None


class InsuredSpec(Node):
    """The insured person, when it is not the resident."""

    name: Value | None = None
    nss: Value | None = None


class CoverageRule(_EntryRule):
    """Health insurance of the resident."""

    kind: Literal["mandatory", "complementary"] = "mandatory"
    scheme: Value | None = Field(None, description="value set 125: code or label")
    payer: PayerSpec | None = None
    link: Value | None = Field(None, description="value set 126: SELF, FAMDEP or STUD; SELF unless an insured is named")
    insured: InsuredSpec | None = None
    start: Value | None = None
    end: Value | None = None
    contract: Value | None = None
    comment: Value | None = None


# ------------------------------------------------------------------------------------------------------------ stays


class StayRule(_EntryRule):
    """Stays; ``key`` is the file number."""

    structure: Structure = "establishment"
    admission: Value | None = None
    planned_entry: Value | None = None
    entry: Value | None = None
    entry_mode: Value | None = None
    planned_exit: Value | None = None
    exit: Value | None = None
    exit_mode: Value | None = None
    comment: Value | None = None
    events: Value | None = Field(None, description="keys of events of this stay; `split` for several in one cell")


# ----------------------------------------------------------------------------------------------------------- events


class TransportSpec(Node):
    """A journey that goes with an event. Present on a row when its ``key`` is."""

    key: Value
    of: Literal["resident", "professional"] = "resident"
    mode: Value = Field(description="value set 140: ORG-202…205, GEN-092.06.08, or their labels")
    motor: Value | None = Field(None, description="value set 801")
    nature: Value | None = Field(None, description="JDV_J282, journeys of the resident only")
    start: Value
    end: Value
    carrier: StructureSpec | None = None
    origin: PlaceSpec | None = None
    destination: PlaceSpec | None = None
    actual_cost: Value | None = Field(None, description="euros")
    planned_cost: Value | None = Field(None, description="euros")
    distance: Value | None = Field(None, description="kilometres")
    duration: Value | None = Field(None, description="minutes")
    accompanied: Value | None = None
    asepsis: Value | None = None
    professional: ProfessionalSpec | None = Field(None, description="who travelled; the row's only one otherwise")


class EventRule(_EntryRule):
    """The resident's agenda: what was done and what is planned."""

    start: Value
    end: Value | None = Field(None, description="the rules need one; `[Fin, Début]` for an event without duration")
    planned: Value | None = Field(None, description="yes/no; otherwise planned when the status is PLANIFIE")
    ssiad: Value | None = Field(None, description="value set 811: code or label")
    serafin: Value | None = Field(None, description="JDV_J283 or JDV_J284: code or label")
    kind: Value | None = Field(None, description="type in the source's own words")
    label: Value | None = None
    reason: Value | None = None
    report: Value | None = None
    comment: Value | None = None
    place: PlaceSpec | None = None
    structure: Structure | None = None
    professionals: Annotated[list[ProfessionalSpec], BeforeValidator(several)] = Field(default_factory=list)
    off_plan: Value | None = Field(None, description="yes/no: outside the personal plan")
    present: Value | None = Field(None, description="yes/no: the resident was there")
    meal: Value | None = Field(None, description="yes/no: meal of the professional")
    resource: Value | None = Field(None, description="value set 807: code or label")
    resource_detail: Value | None = Field(None, description="value set 808 or 809")
    changed: Value | None = None
    status: Value | None = Field(None, description="JDV_J281: PLANIFIE, REALISE, VALIDE, ANNULE")
    status_date: Value | None = None
    cancel_reason: Value | None = Field(None, description="value set 803, needed with ANNULE")
    documents: Value | None = Field(None, description="keys of scans inside the dossier; `split` for several")
    transports: Annotated[list[TransportSpec], BeforeValidator(several)] = Field(default_factory=list)


# ------------------------------------------------------------------------------------------------------ assessments


class CriteriaSpec(Node):
    """The four adverbs of AGGIR, each yes/no: is it done…"""

    spontaneously: Value
    totally: Value
    correctly: Value
    usually: Value


class ItemSpec(Node):
    """One field of a grid: its result, and for AGGIR the four adverbs."""

    result: Value
    criteria: CriteriaSpec | None = None


def _item(value: Any) -> Any:
    if isinstance(value, str | list) or (isinstance(value, dict) and "result" not in value):
        return {"result": value}
    return value


class AssessmentRule(_EntryRule):
    """Evaluations. Fields of the grid are columns (``items``), or one row each (``item`` with ``group: yes``)."""

    type: Value | None = Field(None, description="value set 802: code or label")
    title: Value | None = Field(None, description="name of the grid where the release has no type for it")
    date: Value
    result: Value | None = Field(None, description="GIR 1 to 6, or value set 53")
    result_text: Value | None = Field(None, description="a result in words or as a score")
    items: dict[Text, Annotated[ItemSpec, BeforeValidator(_item)]] = Field(
        default_factory=dict, description="code or label of the field, and its column"
    )
    item: Value | None = Field(None, description="one row per field: its code or label")
    item_result: Value | None = None
    item_criteria: CriteriaSpec | None = None
    criteria: Literal["given", "from_result"] = Field(
        "given", description="from_result: A means four times yes, C four times no, as AGGIR defines them"
    )
    evaluator: ProfessionalSpec | None = None
    author: ProfessionalSpec | None = None
    responsible: ProfessionalSpec | None = None
    comment: Value | None = None
    status: Value | None = Field(None, description="JDV_J281: TERMINE, VALIDE, APPROUVE")
    status_date: Value | None = None
    grid_version: Value | None = Field(None, description="seed only")
    documents: Value | None = Field(None, description="keys of scans inside the dossier; `split` for several")


# ----------------------------------------------------------------------------------------------- people around


class ContactRule(SectionRule):
    """People around the resident; they go into the header of every document."""

    kind: Value = Field(description="ECON (to call), NOK (trusted person), CAREGIVER, CON, or their French names")
    name: Value | None = None
    given: Value | None = None
    title: Value | None = None
    relation: Value | None = Field(None, description="JDV_J11: code or label")
    address: ResidentAddressSpec | None = None
    phone: Value | None = None
    mobile: Value | None = None
    email: Value | None = None
    order: Value | None = Field(None, description="order of call, 1 first")


class ProtectionRule(SectionRule):
    """Legal protection: the guardian, a person or an organisation."""

    measure: Value | None = Field(None, description="TUTEUR, CURATEUR or MSVG, or their French names")
    name: Value | None = None
    given: Value | None = None
    title: Value | None = None
    organization: Value | None = None
    address: ResidentAddressSpec | None = None
    phone: Value | None = None
    email: Value | None = None
    end: Value | None = Field(None, description="a measure that ended before the run is not written")


# --------------------------------------------------------------------------------------------------------- the rest


class UnplacedRule(SectionRule):
    """Data that the release has no place for (resources, permits, inventory…): named, counted, kept if asked."""

    name: Text = Field(description="what it is, in the words of the report: Ressources, Permis de conduire…")
    columns: Texts | None = Field(None, description="columns to keep; all of them unless said")
    attach: Bool = Field(False, description="add a readable table of these rows to the resident's dossier")
