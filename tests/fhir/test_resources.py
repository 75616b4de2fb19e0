"""Document records, people and structures as FHIR: which element says what, and what is left out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from converter.fhir import RELEASES, Options, Release, document_reference
from converter.fhir.check import check_resource
from converter.fhir.moments import date_time, instant
from converter.fhir.patient import patient
from converter.fhir.r4b import check_skeleton
from converter.fhir.releases import DEFAULT
from converter.model import (
    DocumentRecord,
    Identifier,
    Ins,
    Organization,
    PartialDate,
    Period,
    Person,
    Resident,
    Sex,
    Software,
)
from tests.fhir.building import (
    CLOCK,
    PARIS,
    code,
    document,
    establishment,
    other_organization,
    payload,
    resident,
    resource,
    rich_document,
    scan,
)


def made(record: DocumentRecord | None = None, who: Resident | None = None, **more: Any) -> dict[str, Any]:
    release: Release = RELEASES[more.pop("release", "tddui-1.1.0")]
    return document_reference(record or document(), who or resident(), establishment(), release, CLOCK, **more)


def contained(found: dict[str, Any], anchor: str) -> dict[str, Any]:
    held: dict[str, Any] = next(one for one in found["contained"] if one["id"] == anchor)
    return held


# --------------------------------------------------------------------------------------------- what is always there


@pytest.mark.parametrize("release", sorted(RELEASES))
def test_what_other_receivers_require_is_always_written(release: str) -> None:
    found = made(document(), release=release)
    assert found["meta"] == {"profile": [RELEASES[release].document_profile]}
    assert (found["status"], found["date"]) == ("current", "2026-03-02T09:30:00+01:00")
    assert {"subject", "author", "custodian", "type", "category", "securityLabel", "context"} <= set(found)
    assert not {"identifier", "docStatus", "modifierExtension"} & set(found)
    assert not {"url", "data", "size", "hash"} & set(found["content"][0]["attachment"])


@pytest.mark.parametrize("release", sorted(RELEASES))
def test_our_checks_and_the_r4b_models_accept_what_is_made(release: str) -> None:
    found = made(rich_document(), release=release)
    assert check_resource(found, RELEASES[release]) == []
    assert check_skeleton(found) == []


def test_the_models_find_a_skeleton_that_is_wrong_and_quote_nothing() -> None:
    broken = made() | {"content": "PETIT-ESSAI"}
    (found,) = check_skeleton(broken)
    assert found.code == "DR-08"
    assert "PETIT" not in found.text() + repr(found)


# ------------------------------------------------------------------------------------------------------ the document


@pytest.mark.parametrize(
    ("identifier", "expected"),
    [
        ("urn:oid:1.2.250.1.999.1.2", {"system": "urn:ietf:rfc:3986", "value": "urn:oid:1.2.250.1.999.1.2"}),
        ("2017-12", {"value": "2017-12"}),
    ],
)
def test_identifiers_of_documents(identifier: str, expected: dict[str, str]) -> None:
    found = made(document(identifier=identifier, replaces=identifier))
    assert found["masterIdentifier"] == expected
    assert found["relatesTo"] == [{"code": "replaces", "target": {"type": "DocumentReference", "identifier": expected}}]


@pytest.mark.parametrize(
    ("record", "media_type", "format_code", "creation"),
    [
        (document(), "text/xml", "urn:ihe:iti:xds-sd:pdf:2008", "2021-06-15T14:05:00+02:00"),
        (document(created=None), "text/xml", "urn:ihe:iti:xds-sd:pdf:2008", "2026-03-02T09:30:00+01:00"),
        (
            document(scan=scan("text/rtf")),
            "text/xml",
            "urn:ihe:iti-fr:xds-sd:rtf:2010",
            "2021-06-15T14:05:00+02:00",
        ),
        (document(scan=None), "text/xml", "urn:asip:ci-sis:export-dui:2023", "2021-06-15T14:05:00+02:00"),
        (document(wrap=False), "application/pdf", None, "2021-06-15T14:05:00+02:00"),
        (document(wrap=False, created=None), "application/pdf", None, None),
        (document(wrap=False, scan=scan("image/jpeg")), "image/jpeg", None, "2021-06-15T14:05:00+02:00"),
    ],
)
def test_the_attachment_says_what_it_is(
    record: DocumentRecord, media_type: str, format_code: str | None, creation: str | None
) -> None:
    (content,) = made(record)["content"]
    assert content["attachment"]["contentType"] == media_type
    assert content["attachment"].get("creation") == creation
    assert content["attachment"]["language"] == "fr-FR"
    assert content.get("format", {}).get("code") == format_code


def test_text_from_rows_has_the_format_of_its_body() -> None:
    record = document(scan=None, template="suivi.j2")
    (content,) = made(record, body_media_type="text/plain")["content"]
    assert content["attachment"]["contentType"] == "text/xml"
    assert content["format"]["code"].endswith("text:2008")


def test_loinc_goes_under_its_own_uri_unless_the_receiver_wants_the_older_one() -> None:
    assert made()["type"]["coding"][0] == {"system": "http://loinc.org", "code": "11490-0"}
    assert made()["type"]["text"]  # the guide's French label, which is not LOINC's display
    old = made(options=Options(loinc_system="tre_a04"))["type"]["coding"][0]
    assert old["system"] == "https://mos.esante.gouv.fr/NOS/TRE_A04-Loinc/FHIR/TRE-A04-Loinc"
    other = made(document(type=code("TRE_A05", "EXPORT_DUI")), options=Options(loinc_system="tre_a04"))
    assert "TRE_A05" in other["type"]["coding"][0]["system"]


@pytest.mark.parametrize(("system", "host"), [("hl7", "terminology.hl7.org"), ("ans", "mos.esante.gouv.fr")])
def test_confidentiality_in_either_system(system: str, host: str) -> None:
    (label,) = made(options=Options(confidentiality_system=system))["securityLabel"]
    assert host in label["coding"][0]["system"]
    assert label["coding"][0]["code"] == "N"


def test_the_act_and_its_period() -> None:
    found = made(rich_document())["context"]
    assert len(found["event"]) == 1
    assert found["period"] == {"start": "2021-06-01", "end": "2021-06-15"}
    assert found["facilityType"]["coding"][0]["code"] == "SA17"
    assert found["practiceSetting"]["coding"][0]["code"] == "ESSMS"
    assert made(document(period=Period(None, None)))["context"].get("period") is None


def test_optional_words_are_absent_when_the_source_has_none() -> None:
    found = made()
    assert not {"description", "relatesTo", "authenticator"} & set(found)


# ------------------------------------------------------------------------------------------------------------ people


def test_the_resident_is_contained_and_referred_to_twice() -> None:
    found = made()
    held = contained(found, "resident")
    assert held["resourceType"] == "Patient"
    assert found["subject"]["reference"] == found["context"]["sourcePatientInfo"]["reference"] == "#resident"
    assert found["subject"]["identifier"] == held["identifier"][0]


@pytest.mark.parametrize(
    ("oid", "kind", "use"),
    [
        ("8", "INS-NIR", "official"),
        ("9", "INS-NIA", "temp"),
        ("10", "INS-NIR-TEST", "official"),
        ("11", "INS-NIR-DEMO", "official"),
    ],
)
def test_an_ins_goes_with_its_kind(oid: str, kind: str, use: str) -> None:
    held = patient(resident(ins=Ins("238066399201724", f"1.2.250.1.213.1.4.{oid}")), "resident")
    first = held["identifier"][0]
    assert (first["type"]["coding"][0]["code"], first["use"]) == (kind, use)
    assert first["system"] == f"urn:oid:1.2.250.1.213.1.4.{oid}"
    statuses = [e for e in held["extension"] if e["url"].endswith("identity-reliability")]
    assert len(statuses) == (0 if kind == "INS-NIR-DEMO" else 1)


def test_without_ins_no_identity_status_and_the_local_number_comes_first() -> None:
    held = patient(resident(ins=None), "resident")
    assert held["identifier"][0]["value"] == "3639900018/12"
    assert held["identifier"][0]["type"]["coding"][0]["code"] == "PI"
    assert not any(e["url"].endswith("identity-reliability") for e in held["extension"])


def test_names_at_birth_and_in_use() -> None:
    birth, usual = patient(resident(), "resident")["name"]
    assert (birth["use"], birth["family"], birth["given"]) == ("official", "MARTIN-ESSAI", ["Jeanne"])
    assert birth["extension"][0]["valueString"] == "Jeanne Marie Odile"
    assert (usual["use"], usual["family"], usual["given"]) == ("usual", "DURAND-ESSAI", ["Odile"])


def test_a_name_without_given_name_is_not_official() -> None:
    who = resident(given_names=None, first_given_name=None, used_name=None, used_given_name=None)
    (name,) = patient(who, "resident")["name"]
    assert "use" not in name and "given" not in name


@pytest.mark.parametrize(
    ("code_of_place", "system"),
    [("63113", "TRE_R13-CommuneOM"), ("2A004", "TRE_R13-CommuneOM"), ("99109", "TRE_R20-Pays")],
)
def test_place_of_birth_by_commune_or_country(code_of_place: str, system: str) -> None:
    held = patient(resident(birth_place_code=code_of_place), "resident")
    place = next(e for e in held["extension"] if e["url"].endswith("patient-birthPlace"))["valueAddress"]
    assert place["extension"][0]["valueCoding"]["code"] == code_of_place
    assert system in place["extension"][0]["valueCoding"]["system"]


def test_partial_birth_death_and_sex() -> None:
    held = patient(resident(birth_date=PartialDate(1938, 6), sex=Sex.UNKNOWN, death_date=PartialDate(2024)), "p")
    assert (held["birthDate"], held["gender"], held["deceasedDateTime"]) == ("1938-06", "unknown", "2024")
    assert patient(resident(deceased=True), "p")["deceasedBoolean"] is True
    assert not {"deceasedBoolean", "deceasedDateTime"} & set(patient(resident(), "p"))


def test_what_the_document_inside_already_says_is_not_repeated() -> None:
    held = patient(resident(nss="238066399201724"), "p")
    assert not {"address", "telecom", "contact"} & set(held)
    assert len(held["identifier"]) == 2


NATIONAL = Identifier("1.2.250.1.71.4.2.1", "810000000000")


@pytest.mark.parametrize(
    ("author", "kind", "held"),
    [
        (None, "Organization", []),
        (other_organization(), "Organization", []),
        (Organization("Sans numéro"), "Organization", ["Organization"]),
        (Person("LEROY-ESSAI", "Paul"), "Practitioner", ["Practitioner"]),
        (Person("LEROY-ESSAI", "Paul", role="Aide-soignant"), "PractitionerRole", ["Practitioner", "PractitionerRole"]),
        (Person("LEROY-ESSAI", identifier=NATIONAL), "Practitioner", []),
        (Person("LEROY-ESSAI", identifier=NATIONAL, role="Médecin"), "PractitionerRole", ["PractitionerRole"]),
        (Software("Ancien DUI", "4.2"), "Device", ["Device"]),
    ],
)
def test_authors_are_logical_where_a_national_number_exists(author: Any, kind: str, held: list[str]) -> None:
    found = made(document(author=author))
    assert found["author"][0]["type"] == kind
    assert ("reference" in found["author"][0]) == bool(held)
    assert [one["resourceType"] for one in found["contained"][1:]] == held


def test_custodian_is_the_establishment_unless_another_is_named() -> None:
    assert made()["custodian"]["identifier"]["value"] == "1639900018"
    assert made(options=Options(custodian=other_organization()))["custodian"]["identifier"]["value"] == "1639900026"


def test_national_identifiers_carry_their_type() -> None:
    found = made(document(author=other_organization()))["author"][0]["identifier"]
    assert found["system"] == "urn:oid:1.2.250.1.71.4.2.2"
    assert found["type"]["coding"][0]["code"] == "IDNST"
    person = made(document(author=Person("X", identifier=NATIONAL)))["author"][0]["identifier"]
    assert person["type"]["coding"][0]["code"] == "IDNPS"


# ----------------------------------------------------------------------------------------------------------- moments


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 3, 29, 1, 59, 59, 999999, tzinfo=PARIS), "2026-03-29T01:59:59+01:00"),
        (datetime(2026, 3, 29, 3, 0, tzinfo=PARIS), "2026-03-29T03:00:00+02:00"),
        (datetime(1899, 1, 1, tzinfo=PARIS), "1898-12-31T23:50:39+00:00"),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00+00:00"),
    ],
)
def test_instants_have_seconds_and_whole_minutes_of_offset(moment: datetime, expected: str) -> None:
    assert instant(moment) == expected == date_time(moment)


def test_partial_dates_stay_partial() -> None:
    assert [date_time(PartialDate(2020)), date_time(PartialDate(2020, 2)), date_time(PartialDate(2020, 2, 3))] == [
        "2020",
        "2020-02",
        "2020-02-03",
    ]


# ---------------------------------------------------------------------------------------------------------- releases


def test_every_release_of_the_guide_is_there_oldest_first() -> None:
    assert list(RELEASES) == ["tddui-1.0.0-ballot", "tddui-1.0.1", "tddui-1.1.0", "cda-tddui-1.0.0", "cda-tddui-1.0.1"]
    assert DEFAULT == "tddui-1.1.0"
    assert [r.documents_per_bundle for r in RELEASES.values()] == [1, None, None, None, None]
    assert [r.cda_state for r in RELEASES.values()] == ["seed", "seed", "1.1.0", "1.1.0", "cda-1.0.1"]


@pytest.mark.parametrize("release", RELEASES.values(), ids=str)
def test_a_release_narrows_only_elements_that_exist(release: Release) -> None:
    from converter.fhir.check.elements import elements_of

    for path in [*release.elements, *release.fixed, *release.targets, *release.preferred]:
        kind = "DocumentReference"
        for name in path.split("."):
            assert name in elements_of(kind), path
            kind = elements_of(kind)[name].type


def test_resources_hold_no_empty_value() -> None:
    def empties(value: Any) -> list[Any]:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return ([value] if value in ("", None, [], {}) else []) + [e for one in inner for e in empties(one)]

    bare = resident(**dict.fromkeys(("ins", "given_names", "first_given_name", "used_name", "title", "birth_date")))
    assert empties(made(document(period=Period(None, None)), bare)) == []
    assert empties(resource()) == []
    assert payload().size > 0
