"""The structured dossier as a document: its header in each state, its files, sameness of two runs."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from converter.cda import dossier_document, dossier_type
from converter.dossier import Dossier, Stay
from converter.model import Identifier, LegalAuthenticator, Organization, PartialDate, Person
from converter.payload import FilePart
from tests.cda.dossiers import LATER, STATES, STRUCTURE, documents, full, made, narrative, sound
from tests.cda.making import (
    CLOCK,
    DOCTOR,
    FULL,
    PARIS,
    PDF,
    children,
    code,
    content,
    establishment,
    find,
    one,
    parsed,
    record,
    resident,
    scan,
    ssiad,
)


@pytest.mark.parametrize("state", STATES)
def test_a_full_dossier_is_sound(state: str, tmp_path: Path) -> None:
    sound(made(full(state, tmp_path)))


@pytest.mark.parametrize(
    ("state", "template", "kind", "display"),
    [
        ("seed", "1.2.250.1.213.1.1.1.4.11", "EXPPAT_2", "Autre document du patient"),
        ("1.1.0", "1.2.250.1.213.1.1.1.58", "EXPORT_DUI", "Export du Dossier Usager Informatisé"),
        ("cda-1.0.1", "1.2.250.1.213.1.1.1.58", "EXPORT_DUI", "Export du Dossier Usager Informatisé"),
    ],
)
def test_template_and_kind_of_each_state(state: str, template: str, kind: str, display: str, tmp_path: Path) -> None:
    document = made(full(state, tmp_path))
    assert find(document, "c:templateId/@root")[2:] == [template]
    assert dict(one(document, "c:code").attrib) == {
        "code": kind,
        "displayName": display,
        "codeSystem": "1.2.250.1.213.1.1.4.12",
    }
    assert dossier_type(state).code == kind


@pytest.mark.parametrize(
    ("state", "titles"),
    [
        ("seed", ["Evaluation du statut fonctionnel", "Evaluations", "Documents ajoutés"]),
        ("1.1.0", ["Couvertures sociales", "Séjours", "Evènements", "Evaluations", "Documents ajoutés"]),
        ("cda-1.0.1", ["Couvertures sociales", "Séjours", "Evènements", "Evaluations", "Documents ajoutés"]),
    ],
)
def test_sections_of_each_state(state: str, titles: list[str], tmp_path: Path) -> None:
    document = made(full(state, tmp_path))
    assert find(document, "//c:section/c:title/text()") == titles
    assert children(one(document, "c:component")) == ["structuredBody"]


@pytest.mark.parametrize(
    ("state", "name"), [("seed", "TA_ASIP"), ("1.1.0", "TA_ASIP"), ("cda-1.0.1", "TerminologieCISIS")]
)
def test_name_of_the_cisis_terminology(state: str, name: str, tmp_path: Path) -> None:
    document = made(full(state, tmp_path))
    assert set(find(document, "//*[@codeSystem='1.2.250.1.213.1.1.4.322']/@codeSystemName")) == {name}
    assert not find(document, "//*[@codeSystem='2.162.840.1.113883.6.1']")


# ---------------------------------------------------------------------------------------------------------- header


@pytest.mark.parametrize("state", STATES)
def test_author_and_signer_are_the_system(state: str, tmp_path: Path) -> None:
    dossier = full(state, tmp_path)
    document = made(replace(dossier, document=replace(dossier.document, author=DOCTOR, authenticator=DOCTOR)))
    for path in (
        "c:author/c:assignedAuthor",
        "c:legalAuthenticator/c:assignedEntity",
        "//c:performer[1]/c:assignedEntity",
    ):
        assert find(document, f"{path}/c:id/@extension")[0] == "3019900018/1"
    assert one(document, "c:author/c:assignedAuthor/c:code/@code") == "LOGICIEL_DUI"
    assert one(document, "c:legalAuthenticator/c:assignedEntity/c:code/@code") == "LOGICIEL_DUI"
    assert one(document, "c:author//c:representedOrganization/c:name/text()") == "SSIAD Les Tilleuls"


def test_a_named_signer_has_no_code_of_their_own(tmp_path: Path) -> None:
    signer = LegalAuthenticator("Dupré", "Anne", identifier=DOCTOR.identifier)
    document = parsed(dossier_document(full("1.1.0", tmp_path), ssiad(legal_authenticator=signer), CLOCK))
    entity = one(document, "c:legalAuthenticator/c:assignedEntity")
    assert children(entity) == ["id", "assignedPerson", "representedOrganization"]


@pytest.mark.parametrize(("state", "roots"), [("seed", 1), ("1.1.0", 2), ("cda-1.0.1", 2)])
def test_the_first_state_has_no_social_security_number(state: str, roots: int, tmp_path: Path) -> None:
    document = made(replace(full(state, tmp_path), resident=resident(nss=FULL["nss"], birth_order=1)))
    assert len(find(document, "//c:recordTarget/c:patientRole/c:id")) == roots


def facility(state: str, folder: Path, deviation: bool = False, **sender: Any) -> etree._Element:
    dossier = replace(full(state, folder), sector_deviation=deviation)
    return one(parsed(dossier_document(dossier, establishment(**sender), CLOCK)), "//c:healthCareFacility/c:code")


@pytest.mark.parametrize("state", LATER)
def test_sector_and_category(state: str, tmp_path: Path) -> None:
    written = facility(state, tmp_path, facility_type=code("JDV_J02", "SA16"), category=code("TRE_R66", "354"))
    assert written.get("code") == "SA16"
    translation = one(written, "c:translation")
    assert (translation.get("code"), translation.get("codeSystem")) == ("354", "1.2.250.1.213.1.6.1.8")
    assert translation.get("displayName")


@pytest.mark.parametrize("state", STATES)
def test_a_refused_sector_is_written_as_it_is_unless_the_mapping_asks(state: str, tmp_path: Path) -> None:
    category = code("TRE_R66", "500")
    assert facility(state, tmp_path, category=category).get("code") == "SA17"
    written = facility(state, tmp_path, deviation=True, category=category)
    assert written.get("code") == "SA41"
    assert find(written, "c:translation/@code") == ([] if state == "seed" else ["500"])


def test_a_deviation_that_is_not_needed_changes_nothing(tmp_path: Path) -> None:
    written = facility("1.1.0", tmp_path, deviation=True, facility_type=code("JDV_J02", "SA18"))
    assert (written.get("code"), len(written)) == ("SA18", 0)


def a_stay(key: str, start: Any = None, end: Any = None, **more: Any) -> Stay:
    return Stay(key, Organization("X", STRUCTURE), entry=start, exit=end, **more)


@pytest.mark.parametrize(
    ("stays", "low", "high"),
    [
        ((), None, None),
        ((a_stay("1"),), None, None),
        ((a_stay("1", planned_entry=PartialDate(2030)),), None, None),
        ((a_stay("1", admission=PartialDate(2020, 2)),), "202002", None),
        (
            (a_stay("1", PartialDate(2019), PartialDate(2020)), a_stay("2", PartialDate(2021), PartialDate(2022))),
            "2021",
            "2022",
        ),
        ((a_stay("1", PartialDate(2019)), a_stay("2", PartialDate(2021), PartialDate(2022))), "2019", None),
        (
            (a_stay("1", datetime(2021, 5, 1, 8, tzinfo=PARIS)), a_stay("2", PartialDate(2021, 4, 30))),
            "20210501080000+0200",
            None,
        ),
    ],
)
def test_the_stay_of_the_header_is_the_running_one_or_the_latest(
    stays: tuple[Stay, ...], low: str | None, high: str | None, tmp_path: Path
) -> None:
    document = made(replace(full("1.1.0", tmp_path), stays=stays))
    time = one(document, "//c:encompassingEncounter/c:effectiveTime")
    assert find(time, "c:low/@value") == ([low] if low else [])
    assert find(time, "c:high/@value") == ([high] if high else [])
    assert find(time, "@nullFlavor") == ([] if low else ["UNK"])


# ------------------------------------------------------------------------------------------------------------ files


@pytest.mark.parametrize("state", STATES)
def test_files_inside_are_streamed(state: str, tmp_path: Path) -> None:
    payload = dossier_document(full(state, tmp_path), ssiad(), CLOCK)
    assert sum(isinstance(p, FilePart) for p in payload.parts) == 1
    assert payload.media_type == "text/xml"
    assert payload.size == len(content(payload))
    media = find(parsed(payload), "//c:observationMedia")
    assert [m.get("ID") for m in media] == ["document-1", "document-2"]
    values = [one(m, "c:value") for m in media]
    assert [v.get("mediaType") for v in values] == ["application/pdf", "text/plain"]
    assert base64.b64decode(values[0].text) == PDF
    assert base64.b64decode(values[1].text) == b"Nuit calme\n<&>"


def test_many_files_keep_their_places(tmp_path: Path) -> None:
    dossier = full("1.1.0", tmp_path)
    added = tuple(
        replace(documents(tmp_path)[0], key=f"k{n}", scan=scan(tmp_path / f"{n}.pdf", PDF + str(n).encode()))
        for n in range(25)
    )
    document = made(replace(dossier, documents=added, events=(), evaluations=()))
    sound(document)
    values = find(document, "//c:observationMedia/c:value/text()")
    assert [base64.b64decode(v) for v in values] == [PDF + str(n).encode() for n in range(25)]


def test_marks_in_texts_are_no_places_for_files(tmp_path: Path) -> None:
    added = replace(documents(tmp_path)[0], title="\x020\x03", kind="\x02 1 \x03")
    document = made(replace(full("1.1.0", tmp_path), documents=(added,)))
    assert len(find(document, "//c:observationMedia")) == 1
    assert "�0�" in narrative(document)


# --------------------------------------------------------------------------------------------------------- sameness


@pytest.mark.parametrize("state", STATES)
def test_two_runs_give_the_same_bytes(state: str, tmp_path: Path) -> None:
    first = content(dossier_document(full(state, tmp_path), ssiad(), CLOCK))
    assert first == content(dossier_document(full(state, tmp_path), ssiad(), CLOCK))


def test_technical_ids_differ_between_residents(tmp_path: Path) -> None:
    from uuid import UUID

    dossier = full("1.1.0", tmp_path)
    other = replace(dossier, document=replace(dossier.document, set_uuid=UUID(int=5)))
    ids = [set(find(made(d), "//c:section/c:id/@root")) for d in (dossier, other)]
    assert not ids[0] & ids[1]
    assert all(i == i.upper() and UUID(i) for i in ids[0])


@pytest.mark.parametrize("state", STATES)
def test_a_dossier_without_a_section_is_a_mistake(state: str) -> None:
    with pytest.raises(ValueError, match="at least one section"):
        dossier_document(Dossier(record(), resident(), state), ssiad(), CLOCK)


def test_the_custodian_may_be_another(tmp_path: Path) -> None:
    other = Organization("Archives", Identifier("1.2.250.1.71.4.2.2", "1759900038"))
    document = parsed(dossier_document(full("1.1.0", tmp_path), ssiad(), CLOCK, other))
    assert one(document, "//c:representedCustodianOrganization/c:name/text()") == "Archives"


def test_contacts_stand_in_the_header(tmp_path: Path) -> None:
    who = resident(birth_order=1, contacts=FULL["contacts"])
    document = made(replace(full("1.1.0", tmp_path), resident=who))
    assert len(find(document, "c:informant")) == 4
    assert isinstance(FULL["contacts"][0].person, Person)
