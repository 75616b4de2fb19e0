"""Invented people, documents and bundles, small, for the tests of the FHIR stage and of ``verify``."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from converter import terminology
from converter.fhir import RELEASES, Options, Release, bundle, document_reference
from converter.fhir.check import CheckedFile, Registry, check_file
from converter.fhir.references import Json
from converter.model import (
    Coding,
    DocumentRecord,
    Establishment,
    Identifier,
    Ins,
    Organization,
    PartialDate,
    Period,
    Person,
    Resident,
    ScanFile,
    Sex,
    Software,
    SourceLocation,
)
from converter.payload import Payload

PARIS = ZoneInfo("Europe/Paris")
CLOCK = datetime(2026, 3, 2, 9, 30, tzinfo=PARIS)
PLACE = SourceLocation("index.csv", 2)
PDF = b"%PDF-1.4\n%%EOF\n"


def code(table: str, value: str) -> Coding:
    found = terminology.lookup(table, value)
    assert found is not None, (table, value)
    return found


def establishment(**changes: Any) -> Establishment:
    base = Establishment(
        name="EHPAD Les Tilleuls",
        finess="639900018",
        timezone="Europe/Paris",
        facility_type=code("JDV_J02", "SA17"),
        practice_setting=code("JDV_J04", "ESSMS"),
        software=Software("Ancien DUI", "4.2", "Éditeur inventé"),
        oid="1.2.250.1.999.1",
    )
    return replace(base, **changes)


def resident(**changes: Any) -> Resident:
    """With a test INS (commune 991), all names and a place of birth."""
    base = Resident(
        key="12",
        digest="0f3a",
        local_identifier=Identifier("1.2.250.1.999.1.3", "3639900018/12"),
        birth_name="MARTIN-ESSAI",
        used_name="DURAND-ESSAI",
        given_names="Jeanne Marie Odile",
        first_given_name="Jeanne",
        used_given_name="Odile",
        title="MME",
        sex=Sex.FEMALE,
        birth_date=PartialDate(1938, 6, 15),
        birth_place_code="63113",
        birth_place_name="Clermont-Ferrand",
        ins=Ins("238066399201724", "1.2.250.1.213.1.4.10"),
        location=PLACE,
    )
    return replace(base, **changes)


def document(number: int = 1, **changes: Any) -> DocumentRecord:
    """A wrapped PDF with all that a record can say."""
    identity = uuid5(NAMESPACE_URL, f"document {number}")
    base = DocumentRecord(
        uuid=identity,
        set_uuid=uuid5(NAMESPACE_URL, f"set {number}"),
        identifier=f"urn:uuid:{identity}",
        set_identifier=f"urn:uuid:{uuid5(NAMESPACE_URL, f'set {number}')}",
        source="ged",
        key=str(number),
        title="Compte rendu d'hospitalisation",
        type=code("JDV_J07", "11490-0"),
        category=code("JDV_J06", "11"),
        confidentiality=code("JDV_J08", "N"),
        location=PLACE,
        scan=scan(),
        created=datetime(2021, 6, 15, 14, 5, tzinfo=PARIS),
        author=Person("PETIT-ESSAI", "Anne", suffix="DR", role="Médecin coordonnateur"),
    )
    return replace(base, **changes)


def rich_document(number: int = 1, **changes: Any) -> DocumentRecord:
    """As :func:`document`, with every optional element that a DocumentReference of ours can have."""
    more: dict[str, Any] = {
        "description": "Repris de la GED",
        "authenticator": Person("LEROY-ESSAI", "Paul", prefix="M", role="Infirmier"),
        "period": Period(PartialDate(2021, 6, 1), PartialDate(2021, 6, 15)),
        "event": code("JDV_J07", "11490-0"),
        "replaces": f"urn:uuid:{uuid5(NAMESPACE_URL, f'earlier {number}')}",
    }
    return document(number, **{**more, **changes})


def scan(media_type: str = "application/pdf") -> ScanFile:
    return ScanFile(Path("a.pdf"), "a.pdf", media_type, len(PDF), "0" * 64, "0" * 40)


def cda(number: int = 1, filling: int = 20) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<ClinicalDocument>{number}{"é" * filling}</ClinicalDocument>'.encode()
    )


def payload(number: int = 1, filling: int = 20) -> Payload:
    text = cda(number, filling)
    return Payload((text[:13], text[13:]), "text/xml")


def resource(number: int = 1, release: str = "tddui-1.1.0", options: Options | None = None, **changes: Any) -> Json:
    return document_reference(
        rich_document(number, **changes), resident(), establishment(), RELEASES[release], CLOCK, options
    )


def write(*entries: tuple[Json, Payload | None], release: str = "tddui-1.1.0", options: Options | None = None) -> bytes:
    stream = io.BytesIO()
    bundle.write(stream, entries, RELEASES[release], options)
    return stream.getvalue()


@cache
def sample(release: str, count: int | None = None) -> bytes:
    """A valid bundle of rich documents: three, or one where the release holds no more."""
    most = RELEASES[release].documents_per_bundle or 3
    numbers = range(1, (count or most) + 1)
    return write(*((resource(n, release), payload(n)) for n in numbers), release=release)


def parsed(data: bytes) -> Json:
    value: Json = json.loads(data)
    return value


def dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def check(
    data: bytes | Mapping[str, Any],
    release: str | Release = "tddui-1.1.0",
    registry: Registry | None = None,
    **more: Any,
) -> CheckedFile:
    text = data if isinstance(data, bytes) else dumped(data)
    chosen = RELEASES[release] if isinstance(release, str) else release
    return check_file(io.BytesIO(text), chosen, "bundles/a.json", registry, **more)


def errors(data: bytes | Mapping[str, Any], release: str = "tddui-1.1.0", **more: Any) -> list[tuple[str, str]]:
    """Code and path of each error."""
    return [(d.code, getattr(d.location, "path", "")) for d in check(data, release, **more).diagnostics if d.is_error]


def codes(data: bytes | Mapping[str, Any], release: str = "tddui-1.1.0", **more: Any) -> list[str]:
    """Codes of all findings, warnings too."""
    return [d.code for d in check(data, release, **more).diagnostics]


def other_organization() -> Organization:
    return Organization("SSIAD des Érables", Identifier("1.2.250.1.71.4.2.2", "1639900026"))
