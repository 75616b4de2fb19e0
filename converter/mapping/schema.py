"""The mapping language, version 1, as pydantic models: what a mapping may say, and nothing else.

Scalars arrive as text (see ``loader``) and are typed here. Unknown keys are errors. The docstring and descriptions of
this module become the JSON Schema that `dui schema` prints. Values are described in ``nodes``, the sections of the
structured dossier in ``sections``.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, StringConstraints, Tag, model_validator

from converter.mapping.nodes import (
    AnyTable,
    Bool,
    ColumnValue,
    ConditionSpec,
    ConstantValue,
    GuardSpec,
    Int,
    KindSpec,
    LookupSpec,
    LookupValue,
    Node,
    OnError,
    OrganizationSpec,
    PeriodSpec,
    PersonSpec,
    Rank,
    ResidentAddressSpec,
    SingleValue,
    TableSpec,
    TemplateValue,
    Text,
    Texts,
    Value,
    When,
    several,
    shape_of,
)
from converter.mapping.sections import (
    AssessmentRule,
    ContactRule,
    CoverageRule,
    EventRule,
    ProtectionRule,
    StayRule,
    UnplacedRule,
)

__all__ = [
    "AddressSpec",
    "AuthorSpec",
    "ColumnValue",
    "ConditionSpec",
    "ConstantValue",
    "CustodianSpec",
    "DocumentRule",
    "DossierRule",
    "EstablishmentSpec",
    "GuardSpec",
    "InsSpec",
    "KindSpec",
    "LookupSpec",
    "LookupValue",
    "MappingSpec",
    "Node",
    "OnError",
    "OrganizationSpec",
    "OutputSpec",
    "PeriodSpec",
    "PersonSpec",
    "ResidentAddressSpec",
    "ResidentsSpec",
    "ScanRule",
    "SingleValue",
    "SourceSpec",
    "TableSpec",
    "TemplateRule",
    "TemplateValue",
    "Text",
    "Texts",
    "Value",
    "When",
]

RELEASES = ("tddui-1.0.0-ballot", "tddui-1.0.1", "tddui-1.1.0", "cda-tddui-1.0.0", "cda-tddui-1.0.1")
Release = Literal["tddui-1.0.0-ballot", "tddui-1.0.1", "tddui-1.1.0", "cda-tddui-1.0.0", "cda-tddui-1.0.1"]
CdaRelease = Literal["seed", "1.1.0", "cda-1.0.1"]
Level = Literal["error", "warning", "off"]

# ------------------------------------------------------------------------------------------------- establishment


class LegalEntitySpec(Node):
    name: Text
    finess: Text | None = None


class SoftwareSpec(Node):
    """The legacy software whose data is converted: the author of the documents in the guide's sense."""

    name: Text
    version: Text | None = None
    manufacturer: Text | None = None
    number: Text = "1"


class LegalAuthenticatorSpec(Node):
    name: Text
    given: Text | None = None
    role: Text | None = None
    rpps: Text | None = None


class AddressSpec(Node):
    """An address given once, for the establishment."""

    lines: Texts = Field(default_factory=list)
    postal_code: Text | None = None
    city: Text | None = None
    country: Text | None = None


class EstablishmentSpec(Node):
    """What spreadsheets never say: who sends."""

    name: Text
    finess: Text = Field(description="geographic FINESS, 9 characters with its check key")
    legal_entity: LegalEntitySpec | None = None
    oid: Text | None = Field(None, description="OID arc owned by the sender; without it identifiers are urn:uuid")
    local_id_root: Text | None = Field(None, description="OID under which local resident numbers are issued")
    timezone: Text = "Europe/Paris"
    facility_type: Text = Field(description="JDV_J02 sector code, SA17 for an EHPAD")
    category: Text | None = Field(None, description="FINESS category (TRE_R66), 500 for an EHPAD")
    practice_setting: Text = "ESSMS"
    software: SoftwareSpec
    legal_authenticator: LegalAuthenticatorSpec | None = None
    address: AddressSpec | None = None
    phone: Text | None = None
    email: Text | None = None


class AuthorSpec(Node):
    """Who made a document: ``{organization: establishment}``, ``{software: establishment}`` or ``{person: …}``."""

    organization: (
        Annotated[
            Annotated[Literal["establishment"], Tag("text")] | Annotated[OrganizationSpec, Tag("block")],
            Discriminator(shape_of),
        ]
        | None
    ) = None
    software: Literal["establishment"] | None = None
    person: PersonSpec | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> AuthorSpec:
        if sum(v is not None for v in (self.organization, self.software, self.person)) != 1:
            raise ValueError("say exactly one of organization, software, person")
        return self


def _given(value: Any) -> Any:
    return value["value"] if isinstance(value, dict) and value.keys() == {"value"} else value


#: A text of the establishment's side: no row is near, so it is never a column; `{value: …}` says the same.
Given = Annotated[Text, BeforeValidator(_given)]


class KeeperSpec(Node):
    """Another organization that keeps the documents."""

    name: Given
    finess: Given | None = Field(None, description="FINESS, 9 characters with its check key")
    siret: Given | None = Field(None, description="SIRET, 14 digits, where there is no FINESS")


class CustodianSpec(Node):
    """Who keeps the documents handed over: ``{organization: establishment}`` unless said otherwise."""

    organization: Annotated[
        Annotated[Literal["establishment"], Tag("text")] | Annotated[KeeperSpec, Tag("block")],
        Discriminator(shape_of),
    ] = "establishment"


# ------------------------------------------------------------------------------------------------------- sources


class SourceSpec(Node):
    """One table of one file, of several sheets of one layout, of several files of one layout, or of a folder."""

    file: Texts | None = Field(None, description="file, list of files or glob, relative to the mapping")
    folder: Text | None = Field(None, description="a folder that is its own index; needs `pattern`")
    pattern: Text | None = Field(
        None, description="regular expression with named groups over the path below the folder; groups become columns"
    )
    format: Literal["auto", "csv", "xlsx", "xls", "xlsb", "ods", "html", "xml"] = "auto"
    encoding: Text | None = None
    delimiter: Annotated[str, StringConstraints(min_length=1)] | None = None
    quote: Annotated[str, StringConstraints(min_length=0, max_length=1)] | None = Field(
        None, description='quote character of a text file; "" for none'
    )
    sheet: Text | None = None
    sheets: Texts | None = Field(None, description='several sheets of one layout read as one: names or "*"')
    hidden: Literal["read", "skip"] = Field("read", description="hidden rows and sheets; either way stated")
    header_row: Rank | None = Field(None, description="line of the header, from 1; found by the labels otherwise")
    header_rows: Rank = Field(1, description="2 for a header of two lines, read as `above / below`")
    columns: Texts | None = Field(None, description="names for a file without a header")
    fill_down: Texts | None = Field(None, description="columns whose blank cells repeat the cell above")
    totals: Texts | None = Field(None, description="regular expressions; a row whose first cell matches is skipped")
    stop_at: Text | None = Field(None, description="first cell that starts the footer: the rest is counted as skipped")
    record: Text | None = Field(None, description="XML: XPath of one record")
    fields: dict[str, Text] | None = Field(None, description="XML: column name to XPath below the record")
    namespaces: dict[str, Text] | None = None
    key: Text | None = Field(None, description="column that identifies a row; a repeated key is an error")
    optional: Bool = Field(False, description="an unreadable or missing file is stated, not fatal")
    scans: Text | None = Field(None, description="root folder of the files that this index names")
    strip_prefix: Texts | None = Field(None, description=r"path prefixes to remove: G:\DOCS, \\srv\ged, http://ged/")

    @model_validator(mode="after")
    def _file_or_folder(self) -> SourceSpec:
        if (self.file is None) == (self.folder is None):
            raise ValueError("say either file or folder")
        if self.folder is not None and self.pattern is None:
            raise ValueError("a folder needs a pattern")
        if self.format == "xml" and (self.record is None or not self.fields):
            raise ValueError("format xml needs record and fields")
        if self.sheet is not None and self.sheets is not None:
            raise ValueError("say either sheet or sheets")
        return self


# ----------------------------------------------------------------------------------------------------- residents


#: Kinds of matricule that can be said outright; anything else is a value.
INS_KINDS = ("nir", "nia", "nir-test", "nir-demo")


class InsSpec(Node):
    """The INS column. It is an INS only where ``qualified`` says so; otherwise it is a social security number."""

    column: Text
    required: Bool = False
    qualified: Value | None = Field(None, description="column (through a table: yes/no) or {value: yes}")
    kind: Value = Field("nir", description="nir, nia, nir-test or nir-demo; or a value that gives one of these")
    on_error: OnError = "reject"


def _ins(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


class IdentifierSpec(Node):
    """Another identifier of the resident (IPP, MDPH number): its root is the issuer's OID and is never guessed."""

    root: Text
    value: Value


class ResidentsSpec(Node):
    """One row per resident. ``key`` is the legacy software's own number, as text."""

    from_: Text = Field(alias="from")
    key: Value
    site: Value | None = Field(None, description="part of the key in an export of several sites")
    normalize_key: list[Literal["case", "spaces", "leading_zeros"]] = Field(
        [], description="differences between sources that do not make another key"
    )
    when: When | None = None
    birth_name: Value
    used_name: Value | None = None
    given_names: Value | None = None
    first_given_name: Value | None = None
    used_given_name: Value | None = None
    title: Value | None = None
    sex: Value | None = None
    birth_date: Value | None = None
    birth_order: Value | None = None
    birth_place_code: Value | None = None
    birth_place_name: Value | None = None
    death_date: Value | None = None
    deceased: Value | None = None
    ins: Annotated[InsSpec, BeforeValidator(_ins)] | None = None
    nss: Value | None = None
    identifiers: list[IdentifierSpec] = Field(default_factory=list)
    address: ResidentAddressSpec | None = None
    phone: Value | None = None
    mobile: Value | None = None
    email: Value | None = None


# ----------------------------------------------------------------------------------------------------- documents


class _FromRows(Node):
    from_: Text = Field(alias="from")
    resident: Value
    site: Value | None = None
    guard: GuardSpec | None = None
    when: When | None = None
    key: Value = Field(description="the legacy document's own number: identifiers are made from it")
    title: Value
    type: Value = Field(description="JDV_J07 code, or a label through a table")
    category: Value | None = Field(None, description="JDV_J06 class; by default the one associated with the type")
    created: Value | None = None
    period: PeriodSpec | None = None
    event: Value | None = Field(None, description="act documented, as `system|code|display` or through a table")
    description: Value | None = None
    confidentiality: Value | None = Field(None, description="N, R or V; N unless said")
    language: Value | None = None
    author: AuthorSpec | None = None
    authenticator: PersonSpec | None = None
    replaces: Value | None = Field(None, description="masterIdentifier of the document that this one replaces")


class ScanRule(_FromRows):
    """One document per row (and per file of the cell), made of a scanned file."""

    scan: Value
    wrap: Literal["cda", "none"] | None = Field(None, description="cda around the file, or its own bytes")
    convert: Literal["no", "pdf"] = Field("no", description="put what CI-SIS does not accept losslessly into PDF")
    convert_office: Bool = Field(False, description="with convert: pdf, also word-processor files, by LibreOffice")
    place: Literal["beside", "dossier", "auto"] = Field("beside", description="own document, or inside the dossier")
    sha256: Value | None = Field(None, description="checksum column of the index; verified")
    md5: Value | None = None
    size: Value | None = Field(None, description="size column of the index, in bytes; verified")


class TemplateRule(_FromRows):
    """A readable document made from one row, or from a group of rows of one resident."""

    template: Text = Field(description="name of a shipped template, or a file below `templates/` beside the mapping")
    group: Annotated[
        Annotated[Literal["row", "resident"], Tag("word")] | Annotated[Texts, Tag("list")],
        Discriminator(lambda v: "word" if v in ("row", "resident") else "list"),
    ] = Field("row", description="one document per row, per resident, or per value of these columns")
    columns: (
        Annotated[
            Annotated[dict[str, Value], Tag("block")] | Annotated[list[Text], Tag("list")], Discriminator(shape_of)
        ]
        | None
    ) = Field(None, description="what the template shows: columns, or label: value; all columns unless said")
    sort: Texts | None = None


def _deviations(value: Any) -> Any:
    if value == "none":
        return []
    return [value] if isinstance(value, str) else value


class DossierOptions(Node):
    """Options of the structured dossier (see ``sections``). Every deviation is repeated in the report."""

    title: Text | None = None
    deviation: Annotated[list[Literal["sector", "birth_order"]], BeforeValidator(_deviations)] = Field(
        default_factory=list,
        description="sector: write SA41 where the sector is refused; birth_order: go without where it is required",
    )
    category: Text | None = Field(
        None, description="FINESS category (JDV_J254) to write with `deviation: sector`, where the own one is refused"
    )
    nonconforming: Literal["narrative", "reject"] = Field(
        "narrative", description="entries that the rules refuse as code: kept as readable text, or rejected"
    )
    no_place: Literal["report", "attach"] = Field(
        "report", description="sections that the CDA state lacks: named in the report, or attached as readable text"
    )
    auto_below: Int = Field(500_000, description="`place: auto`: scans up to this many bytes go inside the dossier")


class DossierRule(Node):
    """One structured CDA per resident, from the mapping's sections."""

    dossier: DossierOptions


def _rule_kind(value: Any) -> str:
    keys = value if isinstance(value, dict) else getattr(type(value), "model_fields", ())
    return "dossier" if "dossier" in keys else "template" if "template" in keys else "scan"


DocumentRule = Annotated[
    Annotated[ScanRule, Tag("scan")]
    | Annotated[TemplateRule, Tag("template")]
    | Annotated[DossierRule, Tag("dossier")],
    Discriminator(_rule_kind),
]


# -------------------------------------------------------------------------------------------------------- output


class OutputSpec(Node):
    """How the delivery is cut, and how strict the checks are."""

    max_bundle_bytes: Int | None = None
    max_entries: Int | None = None
    preset: Text | None = None
    loinc_system: Literal["loinc", "tre_a04"] = Field("loinc", description="system URI of LOINC types")
    profile_version: Bool = Field(False, description="write the profile canonical with |version")
    confidentiality_system: Literal["hl7", "ans"] = "hl7"


class ChecksSpec(Node):
    """Severity of a wrong check key, per identifier (wrong shapes are always errors in the establishment block)."""

    ins: Level = "error"
    nss: Level = "warning"
    finess: Level = "warning"
    rpps: Level = "warning"
    siret: Level = "warning"


class MappingSpec(Node):
    """A whole mapping file."""

    mapping: Literal["1"]
    extends: Text | None = Field(None, description="another mapping to start from; keys here win")
    title: Text | None = None
    release: Release = "tddui-1.1.0"
    cda: CdaRelease | None = Field(None, description="CDA state; follows `release` unless said")
    date: Text | None = Field(None, description="the run's clock, ISO date(-time); by default the newest source's")
    establishment: EstablishmentSpec
    author: AuthorSpec = AuthorSpec(organization="establishment")
    custodian: CustodianSpec = Field(default_factory=lambda: CustodianSpec.model_validate({}))
    sources: dict[str, SourceSpec]
    tables: dict[str, AnyTable] = Field(default_factory=dict)
    residents: ResidentsSpec
    documents: list[DocumentRule] = Field(min_length=1)
    contacts: Annotated[list[ContactRule], BeforeValidator(several)] = Field(default_factory=list)
    protections: Annotated[list[ProtectionRule], BeforeValidator(several)] = Field(default_factory=list)
    coverage: Annotated[list[CoverageRule], BeforeValidator(several)] = Field(default_factory=list)
    stays: Annotated[list[StayRule], BeforeValidator(several)] = Field(default_factory=list)
    events: Annotated[list[EventRule], BeforeValidator(several)] = Field(default_factory=list)
    assessments: Annotated[list[AssessmentRule], BeforeValidator(several)] = Field(default_factory=list)
    unplaced: Annotated[list[UnplacedRule], BeforeValidator(several)] = Field(default_factory=list)
    checks: ChecksSpec = Field(default_factory=lambda: ChecksSpec.model_validate({}))
    output: OutputSpec = Field(default_factory=lambda: OutputSpec.model_validate({}))
