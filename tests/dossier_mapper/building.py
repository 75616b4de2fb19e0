"""A mapping's sections and rows as text, and what the dossier mapper makes of them. All data is invented."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import yaml

from converter.diagnostics import Diagnostic
from converter.dossier import AddedDocument, Dossier
from converter.dossier_mapper import Built, SectionMapper
from converter.mapping.rules import row_rules
from converter.mapping.schema import DossierOptions, MappingSpec
from converter.mapping.values import ValueContext
from converter.model import (
    Coding,
    Contact,
    DocumentRecord,
    Establishment,
    Header,
    Identifier,
    PartialDate,
    Resident,
    Sex,
    Software,
    SourceLocation,
    SourceRow,
    SpooledRow,
)
from converter.terminology import codes, lookup

ZONE = ZoneInfo("Europe/Paris")
CLOCK = datetime(2026, 3, 1, 12, tzinfo=ZONE)
CISIS = "1.2.250.1.213.1.1.4.322"
#: A sound RPPS and a sound FINESS of the invented kind.
RPPS, FINESS = "10002422979", "010000024"

_BASE = """
mapping: "1"
establishment:
  name: IME Les Tilleuls
  finess: "010000024"
  facility_type: SA16
  category: "183"
  software: {name: Titan}
residents: {from: usagers, key: N°, birth_name: Nom}
documents: [{dossier: {}}]
"""

RESIDENT = Resident(
    key="12",
    digest="0" * 20,
    local_identifier=Identifier("1.2.250.1.999.1.2", "3010000024/12"),
    birth_name="FICTIF",
    sex=Sex.FEMALE,
    location=SourceLocation("usagers.csv", 7),
    given_names="Anne",
    birth_date=PartialDate(2010, 4, 12),
    birth_order=4,
)
_ANY = Coding(
    "EXPORT_DUI", "Export du Dossier Usager Informatisé", "urn:oid:1.2.250.1.213.1.1.4.12", "1.2.250.1.213.1.1.4.12"
)
_NORMAL = codes("JDV_J08")["N"]
DOCUMENT = DocumentRecord(
    uuid=UUID(int=1),
    set_uuid=UUID(int=2),
    identifier="urn:oid:2.25.1",
    set_identifier="urn:oid:2.25.2",
    source="dossier",
    key="12",
    title="Dossier",
    type=_ANY,
    category=_ANY,
    confidentiality=_NORMAL,
    location=RESIDENT.location,
)


def establishment(sector: str = "SA16", category: str | None = "183") -> Establishment:
    facility, practice = lookup("JDV_J02", sector), lookup("JDV_J04", "ESSMS")
    assert facility is not None
    assert practice is not None
    return Establishment(
        name="IME Les Tilleuls",
        finess=FINESS,
        timezone="Europe/Paris",
        facility_type=facility,
        practice_setting=practice,
        software=Software("Titan"),
        category=lookup("TRE_R66", category) if category else None,
    )


@dataclass(frozen=True)
class Sources:
    """``sections``: YAML below the base mapping; ``tables``: source name to text, ``A|B`` header first."""

    spec: MappingSpec
    mapper: SectionMapper
    rows: Mapping[int, Sequence[SpooledRow]]
    context: ValueContext


def sources(sections: str, typed: bool = False, **tables: str) -> Sources:
    data = yaml.load(_BASE, yaml.BaseLoader) | (yaml.load(sections, yaml.BaseLoader) or {})
    data["sources"] = {name: {"file": f"{name}.csv"} for name in ("usagers", *tables)}
    spec = MappingSpec.model_validate(data)
    headers, lines, number = {"usagers": Header(("N°", "Nom"))}, {}, 0
    for name, text in tables.items():
        split = [tuple(line.split("|")) for line in text.strip("\n").split("\n")]
        headers[name] = Header(split[0], typed)
        lines[name] = []
        for line, cells in enumerate(split[1:], start=2):
            number += 1
            padded = cells + ("",) * (len(split[0]) - len(cells))
            cells = tuple(cell.replace("\\n", "\n") for cell in padded)
            lines[name].append(SpooledRow(number, SourceRow(name, f"{name}.csv", line, cells)))
    context = ValueContext(ZONE, spec.tables, headers)
    rows = {rule.index: lines[rule.source] for rule in row_rules(spec) if rule.source in lines}
    return Sources(spec, SectionMapper(spec, headers, context), rows, context)


@dataclass(frozen=True)
class Outcome:
    """What a build gave."""

    built: Built

    @property
    def dossier(self) -> Dossier:
        assert self.built.dossier is not None, self.codes
        return self.built.dossier

    @property
    def codes(self) -> list[tuple[int, str, str]]:
        """Row number, code and severity of each finding."""
        return [(number, d.code, d.severity.value) for number, d in self.built.findings]

    def finding(self, code: str) -> Diagnostic:
        """The only finding with a code."""
        (found,) = [d for _, d in self.built.findings if d.code == code]
        return found


def build(
    sections: str,
    state: str = "cda-1.0.1",
    *,
    options: Mapping[str, Any] | None = None,
    resident: Resident = RESIDENT,
    sender: Establishment | None = None,
    added: Sequence[AddedDocument] = (),
    typed: bool = False,
    **tables: str,
) -> Outcome:
    given = sources(sections, typed, **tables)
    chosen = DossierOptions.model_validate(options or {})
    built = given.mapper.build(DOCUMENT, resident, sender or establishment(), given.rows, added, state, chosen)
    return Outcome(built)


def contacts(sections: str, **tables: str) -> tuple[tuple[Contact, ...], list[tuple[int, str, str]]]:
    given = sources(sections, **tables)
    found, findings = given.mapper.contacts(given.rows, CLOCK)
    return found, [(number, d.code, d.severity.value) for number, d in findings]


def well_formed(dossier: Dossier) -> Any:
    """The body of the dossier as its templates write it, parsed. Files inside stand empty."""
    from lxml import etree

    from converter.cda.dossier.build import body_parts

    text = b"".join(part for part in body_parts(dossier) if isinstance(part, bytes))
    return etree.fromstring(b'<b xmlns="urn:hl7-org:v3" xmlns:xsi="x" xmlns:sdtc="urn:hl7-org:sdtc">' + text + b"</b>")


def entries(tree: Any) -> int:
    return len(tree.findall(".//{urn:hl7-org:v3}entry"))
