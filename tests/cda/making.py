"""Invented people, files and records for the tests of the CDA stage, and looks into what was made of them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from lxml import etree

from converter import terminology
from converter.model import (
    Address,
    Coding,
    Contact,
    DocumentRecord,
    Establishment,
    Identifier,
    Ins,
    PartialDate,
    Person,
    Resident,
    ScanFile,
    Sex,
    Software,
    SourceLocation,
    Telecom,
)
from converter.payload import Payload

PARIS = ZoneInfo("Europe/Paris")
CLOCK = datetime(2026, 3, 2, 9, 30, 15, tzinfo=PARIS)
PLACE = SourceLocation("index.csv", 2)
NS = {"c": "urn:hl7-org:v3", "sdtc": "urn:hl7-org:sdtc", "xsi": "http://www.w3.org/2001/XMLSchema-instance"}
PDF = b"%PDF-1.4\n%%EOF\n"
#: Test OID, valid key, a commune number that does not exist.
INS = Ins("240035199112329", "1.2.250.1.213.1.4.10")
DOCTOR = Person("Bon", "Eve", "MME", "DR", Identifier("1.2.250.1.71.4.2.1", "810002422979"))


def code(table: str, value: str) -> Coding:
    found = terminology.lookup(table, value)
    assert found is not None, (table, value)
    return found


def establishment(**changes: Any) -> Establishment:
    base = Establishment(
        name="EHPAD Les Tilleuls",
        finess="019900018",
        timezone="Europe/Paris",
        facility_type=code("JDV_J02", "SA17"),
        practice_setting=code("JDV_J04", "ESSMS"),
        software=Software("Ancien DUI", "4.2", "Éditeur inventé"),
        oid="1.2.250.1.999.1",
    )
    return replace(base, **changes)


def ssiad(**changes: Any) -> Establishment:
    """An establishment whose structured dossier every state accepts."""
    own = {
        "name": "SSIAD Les Tilleuls",
        "facility_type": code("JDV_J02", "SA41"),
        "category": code("TRE_R66", "354"),
    }
    return establishment(**(own | changes))


def resident(**changes: Any) -> Resident:
    base = Resident(
        key="12",
        digest="d",
        local_identifier=Identifier("1.2.250.1.999.1.2", "3019900018/12"),
        birth_name="DUPRÉ",
        sex=Sex.FEMALE,
        location=SourceLocation("usagers.csv", 2),
        given_names="Anne Marie",
        birth_date=PartialDate(1940, 3, 2),
    )
    return replace(base, **changes)


RELATION = terminology.value_set("JDV_J11", "1.1.0")
CONTACTS = (
    Contact(
        "ECON",
        Person("Dupré", "Luc", "M"),
        relation=RELATION["SON"],
        address=Address(postal_code="01000", city="Bourg"),
        telecoms=(Telecom("tel", "0199000001", "H"),),
    ),
    Contact("GUARD", Person("Loi", "Guy", "M"), "UDAF inventée", RELATION["TUTEUR"]),
    Contact("NOK", Person("Petit")),
    Contact("CAREGIVER", Person("Aidant", "Zoé")),
    Contact("CON", Person("Ami")),
)
#: Everything that a resident may have.
FULL: dict[str, Any] = {
    "used_name": "MARTIN",
    "first_given_name": "Anne",
    "used_given_name": "Annie",
    "title": "MME",
    "birth_order": 123,
    "birth_place_code": "51991",
    "birth_place_name": "Villeneuve",
    "death_date": PartialDate(2024, 1),
    "deceased": True,
    "ins": INS,
    "nss": INS.value,
    "other_identifiers": (Identifier("1.2.250.1.999.1.3", "IPP-4"),),
    "address": Address(("3 rue des Lilas", "Bât. A"), "01000", "Bourg", "France", "H"),
    "telecoms": (Telecom("tel", "0699000002", "MC"), Telecom("mailto", "a@example.org")),
    "contacts": CONTACTS,
}


def record(**changes: Any) -> DocumentRecord:
    uuid, whole = uuid5(NAMESPACE_URL, "document"), uuid5(NAMESPACE_URL, "set")
    base = DocumentRecord(
        uuid=uuid,
        set_uuid=whole,
        identifier="urn:oid:1.2.250.1.999.1.7.1",
        set_identifier="urn:oid:1.2.250.1.999.1.7",
        source="ged",
        key="1",
        title="Compte rendu",
        type=code("JDV_J07", "28653-4"),
        category=code("JDV_J06", "10"),
        confidentiality=code("JDV_J08", "N"),
        location=PLACE,
    )
    return replace(base, **changes)


def scan(path: Path, data: bytes = PDF, media_type: str = "application/pdf") -> ScanFile:
    path.write_bytes(data)
    return ScanFile(
        path, path.name, media_type, len(data), hashlib.sha256(data).hexdigest(), hashlib.sha1(data).hexdigest()
    )


# ------------------------------------------------------------------------------------------------------- looking


def content(payload: Payload) -> bytes:
    return b"".join(payload.chunks())


def parsed(payload: Payload) -> etree._Element:
    """The document as a strict parser reads it: entities off, UTF-8."""
    return etree.fromstring(content(payload), etree.XMLParser(resolve_entities=False, huge_tree=True))


def find(node: etree._Element, path: str) -> list[Any]:
    found = node.xpath(path, namespaces=NS)
    assert isinstance(found, list)
    return found


def one(node: etree._Element, path: str) -> Any:
    found = find(node, path)
    assert len(found) == 1, (path, len(found))
    return found[0]


def children(node: etree._Element) -> list[str]:
    """Names of the child elements, a run of equal ones once; those of sdtc with their prefix."""
    names: list[str] = []
    for child in node.iterchildren(tag=etree.Element):
        name = etree.QName(child)
        text = name.localname if name.namespace == NS["c"] else f"sdtc:{name.localname}"
        if not names or names[-1] != text:
            names.append(text)
    return names


def body(node: etree._Element) -> bytes:
    """The decoded level 1 body."""
    return base64.b64decode(one(node, "c:component/c:nonXMLBody/c:text").text or "", validate=True)


def empty_elements(node: etree._Element) -> Iterator[str]:
    """Elements that say nothing at all: CI-SIS wants them left out. ``br`` is one by nature, a place is a place."""
    for element in node.iter():
        if not element.attrib and len(element) == 0 and not (element.text or "").strip():
            name = etree.QName(element).localname
            if name != "br":
                yield name
