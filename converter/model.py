"""What passes between the stages: frozen, typed, neutral (neither FHIR nor CDA), picklable.

Words follow the guide's functional model; see the README for the vocabulary. Nothing here reads, writes or decides.
Personal data lives in these values: never log them, never put them in a diagnostic.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from uuid import UUID

from converter.diagnostics import Diagnostic, SourceLocation

__all__ = [
    "Address",
    "Author",
    "Coding",
    "DocumentRecord",
    "Establishment",
    "Header",
    "Identifier",
    "Ins",
    "LegalAuthenticator",
    "LegalEntity",
    "Met",
    "Organization",
    "Outcome",
    "PartialDate",
    "Period",
    "Person",
    "Resident",
    "RowOutcome",
    "ScanFile",
    "Sex",
    "Software",
    "SourceRow",
    "SpooledRow",
    "Telecom",
    "Verdict",
]

# ---------------------------------------------------------------------------------------------------------- rows


@dataclass(frozen=True, slots=True)
class Header:
    """The column labels of a source, as the user sees them; ``typed`` when the reader turned real date cells into ISO.

    Every row of a source has exactly ``len(labels)`` cells, also when the source is made of several sheets or files.
    """

    labels: tuple[str, ...]
    typed: bool = False


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One line of a source, all cells text, with the place a person finds it at.

    ``faults``: problems of single cells (error cell, lost digits); they matter only if that column is used.
    ``broken``: problems of the whole row (wrong field count, swallowed lines); such a row is rejected as it stands.
    ``skip``: the reader was told to leave this row out (totals, footer): counted, with its reason.
    ``notices``: what the reader decided on this row and kept (a folded character, a filled-down cell).
    """

    source: str
    file: str
    line: int
    cells: tuple[str, ...]
    sheet: str | None = None
    faults: Mapping[int, Diagnostic] = field(default_factory=dict)
    broken: tuple[Diagnostic, ...] = ()
    skip: Diagnostic | None = None
    notices: tuple[Diagnostic, ...] = ()

    def location(self, column: str | None = None) -> SourceLocation:
        return SourceLocation(self.file, self.line, column, self.sheet)


@dataclass(frozen=True, slots=True)
class SpooledRow:
    """A row and the number that the spool gave it."""

    id: int
    row: SourceRow


class Verdict(StrEnum):
    CONVERTED = "converted"
    REJECTED = "rejected"
    SKIPPED = "skipped"


#: A diagnostic of a row, without the row: verdict of the row, severity, code, parameters as JSON; file, sheet, line,
#: column.
Met = tuple[Verdict, str, str, str, str, str | None, int, str | None]


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of one row, by the number that the spool gave it. Every row read has at least one outcome."""

    number: int
    verdict: Verdict
    diagnostics: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one resident: the outcome of each of its rows, and how many documents are handed over.

    ``diagnostics`` concern the run rather than a row: the same for many residents, to be said once. ``scans`` are the
    files used, as (source, path below its root). ``faulty`` counts products that failed their own check.
    """

    resident: str  # digest, never the key itself
    rows: tuple[RowOutcome, ...]
    documents: int = 0
    diagnostics: tuple[Diagnostic, ...] = ()
    scans: tuple[tuple[str, str], ...] = ()
    faulty: int = 0


# --------------------------------------------------------------------------------------------------- vocabulary


@dataclass(frozen=True, slots=True)
class Coding:
    """A code with both its names: ``system`` is the FHIR URI, ``oid`` the CDA codeSystem."""

    code: str
    display: str
    system: str
    oid: str
    system_name: str = ""


@dataclass(frozen=True, slots=True)
class Identifier:
    """A CDA ``II`` / FHIR ``Identifier``: root OID and extension."""

    root: str
    extension: str


class Sex(StrEnum):
    MALE = "male"
    FEMALE = "female"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class PartialDate:
    """A date known to the year, the month or the day. ``str()`` is ISO 8601 (FHIR date), ``hl7`` is CDA TS."""

    year: int
    month: int | None = None
    day: int | None = None

    def __str__(self) -> str:
        text = f"{self.year:04d}"
        if self.month is not None:
            text += f"-{self.month:02d}"
            if self.day is not None:
                text += f"-{self.day:02d}"
        return text

    @property
    def hl7(self) -> str:
        return str(self).replace("-", "")

    @classmethod
    def of(cls, value: date) -> PartialDate:
        return cls(value.year, value.month, value.day)


#: A moment as the source gives it: a day, or an aware date and time.
Moment = PartialDate | datetime


@dataclass(frozen=True, slots=True)
class Period:
    """``start`` and ``end``, either of them possibly unknown (None)."""

    start: Moment | None = None
    end: Moment | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """Lines as the source gives them, or parts (never both: CI-SIS header, AD)."""

    lines: tuple[str, ...] = ()
    postal_code: str | None = None
    city: str | None = None
    country: str | None = None
    use: str | None = None


@dataclass(frozen=True, slots=True)
class Telecom:
    """``system`` is tel, fax or mailto; ``value`` has no blanks; ``use`` a CDA code (H, MC, WP…)."""

    system: str
    value: str
    use: str | None = None


# -------------------------------------------------------------------------------------------------------- people


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody other than the resident."""

    family: str
    given: str | None = None
    prefix: str | None = None  # JDV_J245: M, MME
    suffix: str | None = None  # JDV_J246: DR, PR…
    identifier: Identifier | None = None  # idNat_PS under 1.2.250.1.71.4.2.1
    role: str | None = None  # the row's own words
    specialty: Coding | None = None  # JDV_J01 or TRE_A00


@dataclass(frozen=True, slots=True)
class Ins:
    """A matricule INS: 15 characters under one of the four INS OIDs. Exists only when the identity is qualified."""

    value: str
    oid: str = "1.2.250.1.213.1.4.8"


@dataclass(frozen=True, slots=True)
class Contact:
    """A person or body around the resident; ``kind`` is ECON, NOK, CAREGIVER, CON or GUARD (CDA classCode)."""

    kind: str
    person: Person | None = None
    organization: str | None = None
    relation: Coding | None = None  # JDV_J11, or legal protection 1.2.250.1.213.1.1.4.327
    address: Address | None = None
    telecoms: tuple[Telecom, ...] = ()
    location: SourceLocation | None = None


@dataclass(frozen=True, slots=True)
class Resident:
    """The person (usager). ``digest`` is what file names, logs and reports call them by."""

    key: str
    digest: str
    local_identifier: Identifier  # root from the establishment, extension "3FINESS/key"
    birth_name: str
    sex: Sex
    location: SourceLocation
    site: str | None = None
    used_name: str | None = None
    given_names: str | None = None  # all birth given names, one string, blank between
    first_given_name: str | None = None
    used_given_name: str | None = None
    title: str | None = None  # JDV_J245: M, MME
    birth_date: PartialDate | None = None
    birth_order: int | None = None
    birth_place_code: str | None = None  # 5 characters, INSEE geographic code at birth
    birth_place_name: str | None = None
    death_date: Moment | None = None
    deceased: bool | None = None
    ins: Ins | None = None
    nss: str | None = None
    other_identifiers: tuple[Identifier, ...] = ()  # MDPH number, IPP…: roots come from the mapping
    address: Address | None = None
    telecoms: tuple[Telecom, ...] = ()
    contacts: tuple[Contact, ...] = ()


# ------------------------------------------------------------------------------------------------- establishment


@dataclass(frozen=True, slots=True)
class LegalEntity:
    name: str
    finess: str | None = None


@dataclass(frozen=True, slots=True)
class Software:
    """The legacy DUI software: author of what it exported. ``number`` is its local system number (CDA author id)."""

    name: str
    version: str | None = None
    manufacturer: str | None = None
    number: str = "1"


@dataclass(frozen=True, slots=True)
class LegalAuthenticator:
    name: str
    given: str | None = None
    role: str | None = None
    identifier: Identifier | None = None


@dataclass(frozen=True, slots=True)
class Establishment:
    """The sender. ``oid`` is the arc it owns; None means that identifiers are UUIDs."""

    name: str
    finess: str
    timezone: str
    facility_type: Coding  # JDV_J02
    practice_setting: Coding  # JDV_J04
    software: Software
    category: Coding | None = None  # TRE_R66
    legal_entity: LegalEntity | None = None
    oid: str | None = None
    local_id_root: str | None = None  # root OID of local resident identifiers; derived from oid when absent
    legal_authenticator: LegalAuthenticator | None = None
    address: Address | None = None
    telecoms: tuple[Telecom, ...] = ()


@dataclass(frozen=True, slots=True)
class Organization:
    """A structure other than the establishment, named by a row or the mapping; id is idNat_Struct."""

    name: str | None = None
    identifier: Identifier | None = None


#: Who made a document: a person, a structure, or the legacy software (None = the establishment itself).
Author = Person | Organization | Software


# ----------------------------------------------------------------------------------------------------- documents


@dataclass(frozen=True, slots=True)
class ScanFile:
    """A file found, opened and inspected. ``relative`` is below its root, with ``/``; ``media_type`` from its bytes."""

    path: Path
    relative: str
    media_type: str
    size: int
    sha256: str
    sha1: str
    pages: int | None = None
    pdfa: str | None = None  # what the file claims ("1b"), None when it claims nothing
    original_media_type: str | None = None  # when converted to PDF


@dataclass(frozen=True, slots=True)
class DocumentRecord:
    """One document to hand over, before it is FHIR.

    ``uuid`` identifies this version, ``set_uuid`` all versions; both are UUIDv5 of (FINESS, resident, source, key).
    ``identifier`` is ``urn:oid:…`` or ``urn:uuid:…``: the FHIR masterIdentifier and the CDA id are made from it.
    ``created`` is when the document was made according to the source; None falls back to the run's clock only where
    the mapping says so. Exactly one of ``scan`` and ``template`` is set, except for a dossier (neither).
    """

    uuid: UUID
    set_uuid: UUID
    identifier: str
    set_identifier: str
    source: str
    key: str
    title: str
    type: Coding
    category: Coding
    confidentiality: Coding
    location: SourceLocation
    scan: ScanFile | None = None
    template: str | None = None
    wrap: bool = True  # False: the scan's own bytes are the attachment
    created: Moment | None = None
    period: Period | None = None  # the act documented: context.period, serviceEvent/effectiveTime
    event: Coding | None = None
    description: str | None = None
    language: str = "fr-FR"
    author: Author | None = None
    authenticator: Person | None = None
    replaces: str | None = None  # masterIdentifier value of an earlier document
    version: int = 1
