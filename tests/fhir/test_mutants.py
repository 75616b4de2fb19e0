"""Bundles broken on purpose: each is caught, by the code that says why; valid ones are not blamed. For each release."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from converter.fhir import RELEASES, Options, document_reference
from converter.model import Identifier, Ins, Organization, PartialDate, Period, Person, Sex, Software
from converter.payload import Payload
from tests.fhir import mutants
from tests.fhir.building import (
    CLOCK,
    PARIS,
    PDF,
    check,
    code,
    document,
    dumped,
    errors,
    establishment,
    other_organization,
    parsed,
    payload,
    resident,
    rich_document,
    sample,
    scan,
    write,
)

EVERY_RELEASE = sorted(RELEASES)


@pytest.mark.parametrize("release", EVERY_RELEASE)
def test_the_bundle_that_is_broken_is_valid_before(release: str) -> None:
    assert check(sample(release), release).diagnostics == []
    assert check(dumped(parsed(sample(release))), release).diagnostics == []


@pytest.mark.parametrize("release", EVERY_RELEASE)
@pytest.mark.parametrize("name", mutants.TREE)
def test_a_broken_bundle_is_caught(name: str, release: str) -> None:
    expected, change = mutants.TREE[name]
    tree = parsed(sample(release, 1))
    change(tree)
    assert expected in [found for found, _ in errors(dumped(tree), release)]


@pytest.mark.parametrize("release", EVERY_RELEASE)
@pytest.mark.parametrize("name", mutants.TEXT)
def test_a_broken_text_is_caught(name: str, release: str) -> None:
    expected, change = mutants.TEXT[name]
    assert expected in [found for found, _ in errors(change(sample(release, 1)), release)]


@pytest.mark.parametrize("release", EVERY_RELEASE)
@pytest.mark.parametrize("name", mutants.FR_CORE)
def test_fr_core_is_asked_where_the_release_points_to_it(name: str, release: str) -> None:
    expected, change = mutants.FR_CORE[name]
    tree = parsed(sample(release, 1))
    change(tree)
    found = [one for one, _ in errors(dumped(tree), release)]
    assert (expected in found) == RELEASES[release].patient_profile.endswith("/fr-core-patient")


@pytest.mark.parametrize("release", EVERY_RELEASE)
def test_no_value_can_be_spoilt_unnoticed(release: str) -> None:
    tree = parsed(sample(release, 1))
    broken = list(mutants.everywhere(tree))
    # The walk is the same for each release: all of it for one, every seventh elsewhere.
    chosen = broken if release == "tddui-1.1.0" else broken[EVERY_RELEASE.index(release) :: 7]
    assert len(broken) > 1500
    assert [name for name, spoilt in chosen if not errors(dumped(spoilt), release)] == []


def test_there_are_many_mutants() -> None:
    assert len(mutants.TREE) + len(mutants.TEXT) + len(mutants.FR_CORE) > 400


# ------------------------------------------------------------------------------------------------ none is blamed

PEOPLE: list[Any] = [
    None,
    Person("LEROY-ESSAI"),
    Person("LEROY-ESSAI", "Paul", "M", "PR", role="Médecin", specialty=code("JDV_J01", "G15_10/SM26")),
    Person("LEROY-ESSAI", identifier=Identifier("1.2.250.1.71.4.2.1", "810000000000")),
    Person("LEROY-ESSAI", identifier=Identifier("1.2.250.1.999.1.7", "p12"), role="Aide-soignant"),
    other_organization(),
    Organization("Laboratoire sans numéro"),
    Organization(),
    Software("Ancien DUI"),
    Software("Ancien DUI", "4.2", "Éditeur inventé", "3"),
]
RECORDS: dict[str, Callable[[], Any]] = {
    "dossier": lambda: document(scan=None, title="Dossier de l'usager", created=None),
    "from rows": lambda: document(scan=None, template="suivi.j2"),
    "known to the year": lambda: document(created=PartialDate(2019)),
    "known to the month": lambda: document(created=PartialDate(2019, 2)),
    "known to the day": lambda: document(created=PartialDate(2020, 2, 29)),
    "old": lambda: document(created=datetime(1899, 5, 4, tzinfo=PARIS)),
    "oid": lambda: document(identifier="urn:oid:1.2.250.1.999.1.2.33"),
    "replaces a number": lambda: document(replaces="2017-00012"),
    "period open": lambda: document(period=Period(PartialDate(2020, 1, 2), None)),
    "period of nothing": lambda: document(period=Period(None, None)),
    "lines": lambda: document(description="Ligne 1\nLigne 2\tfin"),
    "restricted": lambda: document(confidentiality=code("JDV_J08", "R")),
    "JPEG": lambda: document(scan=scan("image/jpeg")),
    "raw": lambda: document(wrap=False),
    "raw without date": lambda: document(wrap=False, created=None),
    "rich": rich_document,
}
RESIDENTS: dict[str, dict[str, Any]] = {
    "INS": {"ins": Ins("238066399201724")},
    "NIA": {"ins": Ins("238066399201724", "1.2.250.1.213.1.4.9")},
    "demonstration": {"ins": Ins("238066399201724", "1.2.250.1.213.1.4.11")},
    "name only": {
        "ins": None,
        "used_name": None,
        "given_names": None,
        "first_given_name": None,
        "used_given_name": None,
        "title": None,
        "birth_date": None,
        "birth_place_code": None,
        "birth_place_name": None,
    },
    "born in a year": {"birth_date": PartialDate(1938), "sex": Sex.UNKNOWN},
    "born abroad": {"birth_place_code": "99109", "birth_place_name": None},
    "dead": {"death_date": PartialDate(2024, 2), "sex": Sex.MALE},
    "alive": {"deceased": False},
    "other numbers": {"other_identifiers": (Identifier("1.2.250.1.999.1.4", "MDPH 12/3"),)},
}


@pytest.mark.parametrize("release", EVERY_RELEASE)
@pytest.mark.parametrize("record", RECORDS)
def test_no_document_of_ours_is_blamed(record: str, release: str) -> None:
    assert _blame(RECORDS[record](), {}, release) == []


@pytest.mark.parametrize("release", EVERY_RELEASE)
def test_the_export_of_a_dossier_is_not_even_remarked_on(release: str) -> None:
    made = document_reference(RECORDS["dossier"](), resident(), establishment(), RELEASES[release], CLOCK)
    assert check(write((made, payload()), release=release), release).diagnostics == []


@pytest.mark.parametrize("release", EVERY_RELEASE)
@pytest.mark.parametrize("who", RESIDENTS)
def test_no_resident_of_ours_is_blamed(who: str, release: str) -> None:
    assert _blame(document(), RESIDENTS[who], release) == []


@pytest.mark.parametrize("release", EVERY_RELEASE)
@pytest.mark.parametrize("number", range(len(PEOPLE)))
def test_no_author_of_ours_is_blamed(number: int, release: str) -> None:
    assert _blame(document(author=PEOPLE[number]), {}, release) == []
    if isinstance(PEOPLE[number], Person):
        assert _blame(document(authenticator=PEOPLE[number]), {}, release) == []


@pytest.mark.parametrize("release", EVERY_RELEASE)
@pytest.mark.parametrize(
    "options",
    [
        Options(loinc_system="tre_a04"),
        Options(profile_version=True),
        Options(confidentiality_system="ans"),
        Options(custodian=other_organization()),
        Options(custodian=Organization("Sans numéro")),
    ],
)
def test_no_option_leads_to_blame(options: Options, release: str) -> None:
    assert _blame(rich_document(), {}, release, options) == []


def _blame(record: Any, changes: dict[str, Any], release: str, options: Options | None = None) -> list[tuple[str, str]]:
    made = document_reference(
        record,
        replace(resident(), **changes),
        establishment(),
        RELEASES[release],
        CLOCK,
        options,
        "text/plain" if record.template else None,
    )
    content = payload() if record.wrap else Payload((PDF,), "application/pdf")
    return errors(write((made, content), release=release, options=options), release)


OPTIONAL = ["contained", "type", "category", "subject", "date", "author", "authenticator", "custodian", "relatesTo"]
OPTIONAL += ["description", "securityLabel", "context"]
VALID: dict[str, mutants.Change] = {
    "an id on the resource": mutants.put(f"{mutants.R}.id", "a-1.B"),
    "a server address": mutants.both(
        mutants.put(f"{mutants.R}.id", "1"),
        mutants.put("entry.0.fullUrl", "https://example.org/fhir/DocumentReference/1"),
    ),
    "no fullUrl": mutants.drop("entry.0.fullUrl"),
    "no claim": mutants.drop(f"{mutants.R}.meta"),
    "a second claim": mutants.add(f"{mutants.R}.meta.profile", "https://example.org/StructureDefinition/x|1.0"),
    "no optional element": mutants.both(*(mutants.drop(f"{mutants.R}.{name}") for name in OPTIONAL)),
    "an extension": mutants.put(f"{mutants.R}.extension", [{"url": "http://example.org/x", "valueString": "x"}]),
    "a nested extension": mutants.put(
        f"{mutants.R}.extension",
        [{"url": "http://example.org/x", "extension": [{"url": "a", "valueDecimal": 1.50}]}],
    ),
    "an extension on a primitive": mutants.put(
        f"{mutants.R}._description", {"extension": [{"url": "http://example.org/x", "valueCode": "fr"}]}
    ),
    "an id on a primitive": mutants.put(f"{mutants.R}._status", {"id": "s"}),
    "extensions on a list of primitives": mutants.put(
        f"{mutants.P}.name.0._given", [{"extension": [{"url": "http://example.org/x", "valueBoolean": True}]}]
    ),
    "a narrative": mutants.put(
        f"{mutants.R}.text",
        {
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml" lang="fr"><p class="a">R &amp;\u00a0: <b>x</b></p></div>',
        },
    ),
    "a fraction of a second": mutants.put(f"{mutants.R}.date", "2026-03-02T09:30:00.123456+01:00"),
    "a leap second": mutants.put(f"{mutants.R}.date", "2016-12-31T23:59:60Z"),
    "universal time": mutants.put(f"{mutants.R}.date", "2026-03-02T09:30:00Z"),
    "zone +14": mutants.put(f"{mutants.R}.date", "2026-03-02T09:30:00+14:00"),
    "no size and no hash": mutants.both(mutants.drop(f"{mutants.A}.size"), mutants.drop(f"{mutants.A}.hash")),
    "a media type with charset": mutants.put(f"{mutants.A}.contentType", "text/xml; charset=utf-8"),
    "line ends in base64": mutants.put(f"{mutants.A}.data", lambda d: d[:76] + "\n" + d[76:152] + "\r\n" + d[152:]),
    "blanks in base64": mutants.put(f"{mutants.A}.data", lambda d: d[:8] + " " + d[8:]),
    "several codings": mutants.add(f"{mutants.R}.type.coding", {"system": "http://loinc.org", "code": "11506-3"}),
    "words for a code": mutants.put(f"{mutants.R}.type", {"text": "Compte rendu"}),
    "a bundle identifier": mutants.put("identifier", {"system": "urn:ietf:rfc:3986", "value": mutants.OTHER_UUID}),
    "a bundle timestamp": mutants.put("timestamp", "2026-03-02T09:30:00+01:00"),
    "a bundle link": mutants.put("link", [{"relation": "self", "url": "http://example.org/fhir"}]),
    "a condition against duplicates": mutants.put("entry.0.request.ifNoneExist", "identifier=urn:x|1"),
    "the master identifier a web address": mutants.put(f"{mutants.R}.masterIdentifier.value", "https://example.org/1"),
    "the master identifier a number": mutants.put(f"{mutants.R}.masterIdentifier", {"value": "123456"}),
    "a reference outside": mutants.put(f"{mutants.R}.custodian", {"reference": "https://example.org/Organization/1"}),
    "a patient entry": mutants.both(
        mutants.add(
            "entry",
            {
                "fullUrl": mutants.OTHER_UUID,
                "resource": {"resourceType": "Patient", "name": [{"family": "ESSAI"}]},
                "request": {"method": "POST", "url": "Patient"},
            },
        ),
        mutants.put(f"{mutants.R}.subject", {"reference": mutants.OTHER_UUID}),
    ),
    "a contained resource that refers up": mutants.add(
        f"{mutants.R}.contained",
        {
            "resourceType": "Provenance",
            "id": "p",
            "target": [{"reference": "#"}],
            "recorded": "2026-03-02T09:30:00Z",
            "agent": [{"who": {"reference": "#author"}}],
        },
    ),
}


@pytest.mark.parametrize("release", EVERY_RELEASE)
@pytest.mark.parametrize("name", VALID)
def test_what_is_allowed_is_not_blamed(name: str, release: str) -> None:
    tree = parsed(sample(release, 1))
    VALID[name](tree)
    assert errors(dumped(tree), release) == []


@pytest.mark.parametrize("layout", [{"indent": 2}, {"ensure_ascii": True}, {"separators": (" , ", " : ")}])
def test_layout_and_escapes_do_not_matter(layout: dict[str, Any]) -> None:
    text = json.dumps(parsed(sample("tddui-1.1.0")), **layout)
    assert check(text.encode()).diagnostics == []
    assert check(text.replace("/", "\\/").encode()).diagnostics == []
    assert check(f"\r\n\t {text}\n\n".encode()).diagnostics == []
