"""What cannot be written validly is said beforehand, each with its code."""

from __future__ import annotations

from pathlib import Path

import pytest

from converter.cda import document_problems, header_gaps, header_problems
from converter.diagnostics import Diagnostic, Severity, entry
from converter.diagnostics.catalogue import entries
from converter.model import Contact, LegalAuthenticator, Organization, Person, Software, SourceLocation
from tests.cda.making import DOCTOR, FULL, INS, code, establishment, record, resident, scan, ssiad


def levels(found: list[Diagnostic]) -> dict[str, Severity]:
    return {d.code: d.severity for d in found}


WARNING, ERROR, NOTICE = Severity.WARNING, Severity.ERROR, Severity.NOTICE


@pytest.mark.parametrize("state", [None, "seed", "1.1.0", "cda-1.0.1"])
def test_a_complete_resident_has_no_problem(state: str | None) -> None:
    assert not header_problems(resident(**FULL), ssiad(), state)
    assert not header_gaps(ssiad(), state)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"birth_name": ""}, {"CDA-01": ERROR}),
        ({"birth_name": " ", "used_name": "Martin"}, {}),
        ({"given_names": None}, {"CDA-02": ERROR}),
        ({"given_names": None, "used_given_name": "Annie"}, {}),
        ({"birth_date": None}, {"CDA-03": ERROR}),
        ({"ins": INS}, {"CDA-04": WARNING}),
        ({"contacts": (Contact("ECON", Person(" ")),)}, {"CDA-06": WARNING}),
        ({"contacts": (Contact("CON", organization="Taxi"),)}, {"CDA-06": WARNING}),
        ({"contacts": (Contact("GUARD"),)}, {"CDA-06": WARNING}),
        ({"contacts": (Contact("GUARD", organization="UDAF"),)}, {}),
        ({"contacts": (Contact("PAT", Person("Moi")),)}, {"CDA-18": WARNING}),
    ],
)
def test_problems_of_a_resident(changes, expected) -> None:  # type: ignore[no-untyped-def]
    assert levels(header_problems(resident(**changes), establishment(), None)) == expected


def test_the_missing_traits_are_named_as_in_the_mapping() -> None:
    found = header_problems(resident(ins=INS, given_names=None, used_given_name="A"), establishment(), None)
    assert [dict(d.params) for d in found] == [{"traits": "given_names, first_given_name, birth_place_code"}]


@pytest.mark.parametrize(
    ("state", "changes", "deviation", "expected"),
    [
        (None, {}, (), {}),
        ("seed", {}, (), {}),
        ("1.1.0", {}, (), {"CDA-05": ERROR}),
        ("cda-1.0.1", {}, (), {"CDA-05": ERROR}),
        ("cda-1.0.1", {}, ("birth_order",), {"CDA-05": WARNING}),
        ("cda-1.0.1", {"birth_order": 1}, (), {}),
        ("cda-1.0.1", {"ins": INS, "first_given_name": "Anne", "birth_place_code": "51991"}, (), {}),
        ("1.1.0", {"ins": INS}, (), {"CDA-04": WARNING, "CDA-05": ERROR}),
    ],
)
def test_a_dossier_needs_an_ins_or_the_birth_order(state, changes, deviation, expected) -> None:  # type: ignore[no-untyped-def]
    assert levels(header_problems(resident(**changes), ssiad(), state, deviation)) == expected


def test_a_contact_is_named_where_it_stands() -> None:
    place = SourceLocation("contacts.csv", 5)
    contacts = (Contact("ECON", location=place), Contact("ECON"))
    found = header_problems(resident(contacts=contacts), establishment(), None)
    assert [d.location for d in found] == [place, resident().location]


@pytest.mark.parametrize(
    ("sender", "state", "deviation", "expected"),
    [
        (establishment(), None, (), {}),
        (establishment(), "seed", (), {"CDA-07": WARNING}),
        (establishment(), "seed", ("sector",), {"CDA-07": WARNING}),
        (establishment(), "1.1.0", (), {"CDA-07": ERROR, "CDA-08": ERROR}),
        (establishment(category=code("TRE_R66", "500")), "cda-1.0.1", (), {"CDA-07": ERROR, "CDA-09": ERROR}),
        (
            establishment(category=code("TRE_R66", "500")),
            "cda-1.0.1",
            ("sector",),
            {"CDA-07": WARNING, "CDA-09": ERROR},
        ),
        (ssiad(practice_setting=code("JDV_J04", "SAD")), "1.1.0", (), {"CDA-10": ERROR}),
        (ssiad(practice_setting=code("JDV_J04", "SAD")), None, (), {}),
        (ssiad(software=Software("Ancien DUI")), None, (), {"CDA-14": NOTICE}),
        (ssiad(legal_authenticator=LegalAuthenticator("Dupré")), None, (), {"CDA-15": NOTICE}),
        (ssiad(legal_authenticator=LegalAuthenticator("Dupré", identifier=DOCTOR.identifier)), None, (), {}),
    ],
)
def test_gaps_of_the_mapping(sender, state, deviation, expected) -> None:  # type: ignore[no-untyped-def]
    assert levels(header_gaps(sender, state, None, deviation)) == expected


def test_a_custodian_needs_a_number() -> None:
    assert levels(header_gaps(ssiad(), None, Organization("Sans numéro"))) == {"CDA-11": ERROR}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {}),
        ({"author": DOCTOR, "authenticator": DOCTOR, "replaces": "urn:oid:1.2.3"}, {}),
        ({"author": Person("Sans")}, {"CDA-12": NOTICE}),
        ({"author": Organization("Sans")}, {"CDA-12": NOTICE}),
        ({"authenticator": Person("Sans")}, {"CDA-19": NOTICE}),
        ({"replaces": "4711"}, {"CDA-13": WARNING}),
    ],
)
def test_problems_of_a_document(changes, expected) -> None:  # type: ignore[no-untyped-def]
    assert levels(document_problems(record(**changes))) == expected


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("application/pdf", {}),
        ("text/plain", {}),
        ("text/rtf", {"CDA-17": WARNING}),
        ("image/jpeg", {"CDA-17": WARNING}),
        ("image/tiff", {"CDA-17": WARNING}),
        ("image/png", {"CDA-16": ERROR}),
    ],
)
def test_media_types_of_a_body(tmp_path: Path, media_type: str, expected: dict[str, Severity]) -> None:
    document = record(scan=scan(tmp_path / "s", b"x", media_type))
    assert levels(document_problems(document)) == expected
    assert not document_problems(record(scan=document.scan, wrap=False))


def test_no_name_of_a_person_in_what_is_said() -> None:
    found = header_problems(
        resident(birth_name="SECRET", given_names=None, ins=INS, contacts=(Contact("GUARD", Person("")),)),
        establishment(),
        "1.1.0",
    )
    assert found
    assert not any("SECRET" in d.text(lang) or INS.value in d.text(lang) for d in found for lang in ("fr", "en"))


@pytest.mark.parametrize("number", sorted(c for c in entries() if c.startswith("CDA-")))
def test_every_entry_has_its_words(number: str) -> None:
    words = entry(number)
    assert words.fr != words.en
    assert words.why
    assert bool(words.remedy_fr) == bool(words.remedy_en)
    assert words.severity == "notice" or words.remedy_fr
