"""The structured dossier of one resident: the classes of the guide's functional model that a CDA can carry.

Frozen, typed, neutral: no XML, no mapping. Classes keep the guide's meaning in English (Couverture, Séjour, Evénement,
Transport, Evaluation, Professionnel, Statut, Pièce jointe); see `modelisation_contenu` of the guide. Codes are already
those of the CDA state the dossier is built for. An entry with ``coded`` false is shown to the reader in the section's
narrative and has no coded entry, because the state's rules refuse what the sources know of it.

Personal data lives in these values: never log them, never put them in a diagnostic.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from converter.model import (
    Address,
    Coding,
    DocumentRecord,
    Identifier,
    Moment,
    Organization,
    Period,
    Resident,
    ScanFile,
    Telecom,
)

__all__ = [
    "AddedDocument",
    "Coverage",
    "Criterion",
    "Dossier",
    "Evaluation",
    "EvaluationItem",
    "Event",
    "Insured",
    "Place",
    "Professional",
    "Quantity",
    "Resource",
    "Status",
    "Stay",
    "Transport",
]


# -------------------------------------------------------------------------------------------------- shared classes


@dataclass(frozen=True, slots=True)
class Professional:
    """Somebody who acted for the resident. Without ``identifier`` they can be named, but not coded."""

    identifier: Identifier | None = None  # idNat_PS, root 1.2.250.1.71.4.2.1
    family: str | None = None
    given: str | None = None
    prefix: str | None = None  # JDV_J245: M, MME
    profession: Coding | None = None  # JDV_J01
    function: Coding | None = None  # JDV_J47
    role: str | None = None  # the row's own words
    organization: Organization | None = None


@dataclass(frozen=True, slots=True)
class Status:
    """A business status (JDV_J281), since when, and why something was cancelled (value set 803)."""

    code: Coding
    date: Moment | None = None
    reason: Coding | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where something happens: a name, an address, or both."""

    name: str | None = None
    address: Address | None = None
    telecoms: tuple[Telecom, ...] = ()


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number as decimal text with a point, and its UCUM unit or currency."""

    value: str
    unit: str | None = None


# --------------------------------------------------------------------------------------------------------- coverage


@dataclass(frozen=True, slots=True)
class Insured:
    """The insured person (ouvrant droit) when it is not the resident."""

    name: str | None = None
    number: Identifier | None = None  # social security number under 1.2.250.1.213.1.4.13 or .14


@dataclass(frozen=True, slots=True)
class Coverage:
    """Health insurance, mandatory or complementary: who pays, for whom, from when to when."""

    key: str
    complementary: bool = False
    scheme: Coding | None = None  # value set 125
    payer: Organization = field(default_factory=Organization)
    payer_address: Address | None = None
    payer_telecoms: tuple[Telecom, ...] = ()
    link: Coding | None = None  # value set 126: SELF, FAMDEP, STUD
    insured: Insured | None = None
    period: Period = field(default_factory=Period)
    contract: str | None = None
    comment: str | None = None
    coded: bool = True


# ------------------------------------------------------------------------------------------------------------ stays


@dataclass(frozen=True, slots=True)
class Stay:
    """A stay (séjour); ``key`` is the file number (numeroDossier). ``events`` are keys of linked events."""

    key: str
    structure: Organization
    admission: Moment | None = None
    planned_entry: Moment | None = None
    entry: Moment | None = None
    entry_mode: str | None = None
    planned_exit: Moment | None = None
    exit: Moment | None = None
    exit_mode: str | None = None
    comment: str | None = None
    events: tuple[str, ...] = ()
    coded: bool = True


# ----------------------------------------------------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class Resource:
    """What an event used (value set 807), with its detail (808 equipment, 809 premises)."""

    kind: Coding
    detail: Coding | None = None


@dataclass(frozen=True, slots=True)
class Transport:
    """A journey of the resident, or of a professional when ``professional`` is set."""

    key: str
    mode: Coding  # value set 140, five of its codes
    period: Period
    professional: Professional | None = None
    motor: Coding | None = None  # value set 801
    nature: Coding | None = None  # JDV_J282, resident only
    carrier: Organization | None = None
    origin: Place | None = None
    destination: Place | None = None
    actual_cost: Quantity | None = None
    planned_cost: Quantity | None = None
    distance: Quantity | None = None
    duration: Quantity | None = None
    accompanied: bool | None = None  # resident only
    asepsis: bool | None = None  # resident only
    coded: bool = True


@dataclass(frozen=True, slots=True)
class Event:
    """Something of the resident's agenda, done or planned. ``documents`` are keys of added documents."""

    key: str
    period: Period
    planned: bool = False
    ssiad: tuple[Coding, ...] = ()  # value set 811
    serafin: tuple[Coding, ...] = ()  # JDV_J283, JDV_J284
    kind: str | None = None
    label: str | None = None
    reason: str | None = None
    report: str | None = None
    comments: tuple[str, ...] = ()
    place: Place | None = None
    structure: Organization | None = None
    professionals: tuple[Professional, ...] = ()
    off_plan: bool | None = None
    present: bool | None = None
    meal: bool | None = None
    resources: tuple[Resource, ...] = ()
    changed: Moment | None = None
    status: Status | None = None
    documents: tuple[str, ...] = ()
    transports: tuple[Transport, ...] = ()
    coded: bool = True


# ------------------------------------------------------------------------------------------------------ evaluations


@dataclass(frozen=True, slots=True)
class Criterion:
    """One of the four adverbs of AGGIR (value set 817): spontaneously, totally, correctly, usually."""

    code: Coding
    met: bool


@dataclass(frozen=True, slots=True)
class EvaluationItem:
    """One field of a grid. ``result`` is a code (AGGIR, 816), yes/no (SSIAD) or a number (SERAFIN)."""

    code: Coding
    result: Coding | bool | int | None = None
    criteria: tuple[Criterion, ...] = ()


@dataclass(frozen=True, slots=True)
class Evaluation:
    """An evaluation. ``type`` is of value set 802, or None when the release has none: then ``title`` names it."""

    key: str
    date: Moment | None
    type: Coding | None = None
    title: str | None = None
    result: Coding | None = None  # GIR, value set 53
    result_text: str | None = None
    items: tuple[EvaluationItem, ...] = ()
    evaluator: Professional | None = None
    author: Professional | None = None
    responsible: Professional | None = None
    comment: str | None = None
    status: Status | None = None
    grid_version: str | None = None
    documents: tuple[str, ...] = ()
    coded: bool = True


# ---------------------------------------------------------------------------------------------------- added documents


@dataclass(frozen=True, slots=True)
class AddedDocument:
    """A file inside the dossier: a scan, or text made from rows (``text``; then ``scan`` is None)."""

    key: str
    title: str
    scan: ScanFile | None = None
    text: str | None = None
    date: Moment | None = None
    kind: str | None = None  # the source's own words
    type: Coding | None = None  # JDV_J07

    @property
    def media_type(self) -> str:
        return "text/plain" if self.scan is None else self.scan.media_type


# ---------------------------------------------------------------------------------------------------------- dossier


@dataclass(frozen=True, slots=True)
class Dossier:
    """Everything one structured CDA says. ``state`` is seed, 1.1.0 or cda-1.0.1; ``document`` its identity."""

    document: DocumentRecord
    resident: Resident
    state: str
    coverages: tuple[Coverage, ...] = ()
    stays: tuple[Stay, ...] = ()
    events: tuple[Event, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    documents: tuple[AddedDocument, ...] = ()
    sector_deviation: bool = False  # the mapping asked to write SA41 where the state refuses the sector

    @property
    def is_empty(self) -> bool:
        return not (self.coverages or self.stays or self.events or self.evaluations or self.documents)
