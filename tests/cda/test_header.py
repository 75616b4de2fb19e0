"""The header: order of elements, each datum present and absent, who signs, when."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from converter.cda import wrap_scan
from converter.model import (
    Address,
    Coding,
    DocumentRecord,
    Establishment,
    Identifier,
    LegalAuthenticator,
    Organization,
    PartialDate,
    Period,
    Person,
    Resident,
    Sex,
    Software,
    Telecom,
)
from tests.cda.making import (
    CLOCK,
    DOCTOR,
    FULL,
    INS,
    NS,
    children,
    code,
    empty_elements,
    establishment,
    find,
    one,
    parsed,
    record,
    resident,
    scan,
)

Made = Callable[..., etree._Element]
HOSPITAL = Organization("CH inventé", Identifier("1.2.250.1.71.4.2.2", "1759900038"))
EVERYTHING: dict[str, Any] = {
    "created": PartialDate(2021, 7, 4),
    "period": Period(PartialDate(2021, 7), PartialDate(2021, 8, 1)),
    "event": Coding("18723-7", "Hématologie", "http://loinc.org", "2.16.840.1.113883.6.1"),
    "author": DOCTOR,
    "authenticator": DOCTOR,
    "replaces": "urn:oid:1.2.250.1.999.1.6",
    "version": 2,
    "language": "en-GB",
}


@pytest.fixture
def made(tmp_path: Path) -> Made:
    """``made(record=…, resident=…, establishment=…)``: the parsed document of a small PDF."""

    def make(
        document: DocumentRecord | None = None,
        who: Resident | None = None,
        sender: Establishment | None = None,
        clock: datetime = CLOCK,
        custodian: Organization | None = None,
    ) -> etree._Element:
        wrapped = replace(document or record(), scan=scan(tmp_path / "scan.pdf"))
        return parsed(wrap_scan(wrapped, who or resident(), sender or establishment(), clock, custodian))

    return make


# ---------------------------------------------------------------------------------------------------------- order

ORDER = {
    "/c:ClinicalDocument": "realmCode typeId templateId id code title effectiveTime confidentialityCode languageCode "
    "setId versionNumber recordTarget author informant custodian legalAuthenticator documentationOf relatedDocument "
    "componentOf component",
    "//c:patientRole": "id addr telecom patient",
    "//c:patient": "name administrativeGenderCode birthTime sdtc:deceasedInd sdtc:deceasedTime "
    "sdtc:multipleBirthOrderNumber guardian birthplace",
    "//c:place": "name addr",
    "//c:author": "time assignedAuthor",
    "//c:assignedAuthor": "id assignedPerson representedOrganization",
    "(//c:relatedEntity)[1]": "code addr telecom relatedPerson",
    "//c:representedCustodianOrganization": "id name telecom addr",
    "//c:legalAuthenticator": "time signatureCode assignedEntity",
    "//c:serviceEvent": "code effectiveTime performer",
    "//c:encompassingEncounter": "effectiveTime location",
    "//c:nonXMLBody": "text languageCode",
}


@pytest.mark.parametrize("path", ORDER)
def test_elements_stand_in_the_order_of_the_schema(made: Made, path: str) -> None:
    sender = establishment(address=Address(("1 rue",), "01000", "Bourg"), telecoms=(Telecom("tel", "0199000000"),))
    document = made(record(**EVERYTHING), resident(**FULL), sender)
    assert children(one(document, path)) == ORDER[path].split()


def test_the_order_agrees_with_the_official_examples(made: Made) -> None:
    folder = os.environ.get("DUI_OFFICIAL_SPEC")
    if not folder:
        pytest.skip("DUI_OFFICIAL_SPEC does not point to the official material")
    ours = made(record(**EVERYTHING), resident(**FULL))
    theirs = [etree.parse(file).getroot() for file in sorted(Path(folder, "cda").glob("*.xml"))]
    assert theirs
    for name in ("ClinicalDocument", "patient", "assignedAuthor", "legalAuthenticator", "serviceEvent"):
        here = children(one(ours, f"//c:{name}" if name != "ClinicalDocument" else "."))
        for example in theirs:
            for node in example.iter(f"{{{NS['c']}}}{name}"):
                there = [n for n in children(node) if n in here]
                assert there == sorted(there, key=here.index), name


def test_the_fixed_start(made: Made) -> None:
    document = made()
    assert one(document, "c:realmCode/@code") == "FR"
    assert one(document, "c:typeId/@extension") == "POCD_HD000040"
    assert find(document, "c:templateId/@root") == [
        "2.16.840.1.113883.2.8.2.1",
        "1.2.250.1.213.1.1.1.1",
        "1.3.6.1.4.1.19376.1.2.20",
    ]
    assert one(document, "c:languageCode/@code") == "fr-FR"


# ----------------------------------------------------------------------------------------------------- the document


def test_kind_title_and_confidentiality(made: Made) -> None:
    document = made(record(confidentiality=code("JDV_J08", "R"), title="Fiche  de\nsuivi"))
    kind = one(document, "c:code")
    assert dict(kind.attrib) == {
        "code": "28653-4",
        "displayName": record().type.display,
        "codeSystem": "2.16.840.1.113883.6.1",
    }
    assert one(document, "c:title/text()") == "Fiche de suivi"
    assert one(document, "c:confidentialityCode/@code") == "R"
    assert one(document, "c:confidentialityCode/@displayName") == "Restreint"


@pytest.mark.parametrize(
    ("urn", "root"),
    [
        ("urn:oid:2.25.7", "2.25.7"),
        ("urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6", "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"),
    ],
)
def test_identifiers_are_roots(made: Made, urn: str, root: str) -> None:
    document = made(record(identifier=urn, set_identifier=urn, replaces=urn, version=3))
    assert one(document, "c:id/@root") == root
    assert not find(document, "c:id/@extension")
    assert one(document, "c:setId/@root") == root
    assert one(document, "c:versionNumber/@value") == "3"
    assert one(document, "c:relatedDocument/@typeCode") == "RPLC"
    assert one(document, "c:relatedDocument/c:parentDocument/c:id/@root") == root


@pytest.mark.parametrize("replaces", [None, "4711", "urn:oasis:x"])
def test_no_link_without_a_root(made: Made, replaces: str | None) -> None:
    assert not find(made(record(replaces=replaces)), "c:relatedDocument")


@pytest.mark.parametrize(
    ("created", "written"),
    [
        (PartialDate(2021, 1, 4), "20210104000000+0100"),
        (PartialDate(2021, 7, 4), "20210704000000+0200"),
        (datetime(2021, 7, 4, 22, 30, 5, tzinfo=UTC), "20210705003005+0200"),
        (datetime(2021, 1, 4, 8, 0, tzinfo=timezone(timedelta(hours=-4))), "20210104130000+0100"),
        (PartialDate(1905, 1, 4), "19050104000000+0009"),
        (PartialDate(2021, 1), "20260302093015+0100"),
        (None, "20260302093015+0100"),
    ],
)
def test_when_the_document_was_made(made: Made, created, written: str) -> None:
    document = made(record(created=created))
    for path in ("c:effectiveTime", "c:author/c:time", "c:legalAuthenticator/c:time"):
        assert one(document, f"{path}/@value") == written


def test_the_clock_is_told_in_the_zone_of_the_establishment(made: Made) -> None:
    document = made(clock=datetime(2026, 7, 1, 12, tzinfo=UTC), sender=establishment(timezone="America/Martinique"))
    assert one(document, "c:effectiveTime/@value") == "20260701080000-0400"


@pytest.mark.parametrize(
    ("period", "low", "high"),
    [
        (None, "20210704000000+0200", None),
        (Period(), "20210704000000+0200", None),
        (Period(PartialDate(2020, 2)), "202002", None),
        (Period(PartialDate(2020, 2, 3), PartialDate(2021)), "20200203", "2021"),
        (Period(None, PartialDate(2021, 5, 6)), "20210506", "20210506"),
        (Period(datetime(2021, 1, 1, 8, tzinfo=UTC)), "20210101080000+0000", None),
    ],
)
def test_the_act_documented_always_has_a_start(made: Made, period, low: str, high: str | None) -> None:
    document = made(record(created=PartialDate(2021, 7, 4), period=period))
    time = one(document, "//c:serviceEvent/c:effectiveTime")
    assert one(time, "c:low/@value") == low
    assert find(time, "c:high/@value") == ([high] if high else [])


def test_an_event_without_a_code_system_is_left_out(made: Made) -> None:
    assert not find(made(record(event=Coding("x", "X", "https://example.org", ""))), "//c:serviceEvent/c:code")


# ----------------------------------------------------------------------------------------------------- the resident

PERSON = "//c:recordTarget/c:patientRole/c:patient"
DATA: dict[str, tuple[dict[str, Any], str, str]] = {
    "used_name": ({"used_name": "MARTIN"}, f"{PERSON}/c:name/c:family[@qualifier='CL']/text()", "MARTIN"),
    "given_names": ({}, f"{PERSON}/c:name/c:given[not(@qualifier)]/text()", "Anne Marie"),
    "first_given_name": ({"first_given_name": "Anne"}, f"{PERSON}/c:name/c:given[@qualifier='BR']/text()", "Anne"),
    "used_given_name": ({"used_given_name": "Annie"}, f"{PERSON}/c:name/c:given[@qualifier='CL']/text()", "Annie"),
    "title": ({"title": "MME"}, f"{PERSON}/c:name/c:prefix/text()", "MME"),
    "birth_date": ({}, f"{PERSON}/c:birthTime/@value", "19400302"),
    "birth_order": ({"birth_order": 7}, f"{PERSON}/sdtc:multipleBirthOrderNumber/@value", "7"),
    "birth_place_code": (
        {"birth_place_code": "2A991"},
        f"{PERSON}/c:birthplace/c:place/c:addr/c:county/text()",
        "2A991",
    ),
    "birth_place_name": ({"birth_place_name": "Bourg"}, f"{PERSON}/c:birthplace/c:place/c:name/text()", "Bourg"),
    "death_date": ({"death_date": PartialDate(2024, 5)}, f"{PERSON}/sdtc:deceasedTime/@value", "202405"),
    "deceased": ({"deceased": False}, f"{PERSON}/sdtc:deceasedInd/@value", "false"),
    "nss": ({"nss": INS.value}, "//c:patientRole/c:id[@root='1.2.250.1.213.1.4.13']/@extension", INS.value),
    "other_identifiers": (
        {"other_identifiers": (Identifier("1.2.3", "m"),)},
        "//c:patientRole/c:id[@root='1.2.3']/@extension",
        "m",
    ),
    "address": ({"address": Address(("1 rue",))}, "//c:patientRole/c:addr/c:streetAddressLine/text()", "1 rue"),
    "telecoms": ({"telecoms": (Telecom("tel", "06 99", "MC"),)}, "//c:patientRole/c:telecom/@value", "tel:0699"),
}


@pytest.mark.parametrize("name", DATA)
def test_each_datum_present_and_absent(made: Made, name: str) -> None:
    given, path, written = DATA[name]
    assert find(made(who=resident(**given)), path) == [written]
    absent = () if name in ("other_identifiers", "telecoms") else None
    without = made(who=resident(**{name: absent}))
    assert not find(without, path)
    assert not list(empty_elements(without))


def test_the_local_number_is_always_there(made: Made) -> None:
    numbers = find(made(), "//c:patientRole/c:id")
    assert [dict(n.attrib) for n in numbers] == [{"root": "1.2.250.1.999.1.2", "extension": "3019900018/12"}]


def test_a_used_name_equal_to_the_birth_name_is_not_repeated(made: Made) -> None:
    assert find(made(who=resident(used_name="DUPRÉ")), f"{PERSON}/c:name/c:family/@qualifier") == ["BR"]


def test_a_death_date_says_deceased(made: Made) -> None:
    document = made(who=resident(death_date=datetime(2024, 1, 2, 3, 4, tzinfo=UTC)))
    assert one(document, "//sdtc:deceasedInd/@value") == "true"
    assert one(document, "//sdtc:deceasedTime/@value") == "20240102030400+0000"


@pytest.mark.parametrize(("sex", "written"), [(Sex.MALE, "M"), (Sex.FEMALE, "F"), (Sex.UNKNOWN, "UN")])
def test_sex_has_no_null_flavor(made: Made, sex: Sex, written: str) -> None:
    gender = one(made(who=resident(sex=sex)), f"{PERSON}/c:administrativeGenderCode")
    assert gender.get("code") == written
    assert gender.get("displayName")
    assert gender.get("codeSystem") == "2.16.840.1.113883.5.1"
    assert gender.get("nullFlavor") is None


@pytest.mark.parametrize(
    ("born", "written"),
    [(PartialDate(1940), "1940"), (PartialDate(1940, 3), "194003"), (PartialDate(940, 3, 2), "09400302")],
)
def test_partial_birth_dates(made: Made, born: PartialDate, written: str) -> None:
    assert one(made(who=resident(birth_date=born)), f"{PERSON}/c:birthTime/@value") == written


INS_TRAITS = {"ins": INS, "first_given_name": "Anne", "birth_place_code": "51991"}


def test_an_ins_comes_first_and_with_its_traits(made: Made) -> None:
    numbers = find(made(who=resident(**INS_TRAITS)), "//c:patientRole/c:id")
    assert dict(numbers[0].attrib) == {"root": INS.oid, "extension": INS.value}
    assert len(numbers) == 2


@pytest.mark.parametrize("trait", ["birth_name", "given_names", "first_given_name", "birth_date", "birth_place_code"])
def test_an_ins_without_a_trait_is_not_written(made: Made, trait: str) -> None:
    lacking = resident(**(INS_TRAITS | {trait: "" if trait == "birth_name" else None}))
    assert find(made(who=lacking), "//c:patientRole/c:id/@root") == ["1.2.250.1.999.1.2"]


# ----------------------------------------------------------------------------------------------------- data types


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        (
            Address(("a", "b"), "01000", "Bourg", "France"),
            [("streetAddressLine", t) for t in ("a", "b", "01000 Bourg", "France")],
        ),
        (Address((), "01000", "Bourg", "France"), [("postalCode", "01000"), ("city", "Bourg"), ("country", "France")]),
        (Address(("", " "), None, "Bourg"), [("city", "Bourg")]),
        (
            Address(tuple("abcdefgh"), "01000", "Bourg"),
            [("streetAddressLine", t) for t in (*"abcdef", "g, h, 01000 Bourg")],
        ),
    ],
)
def test_addresses_are_lines_or_parts(made: Made, value: Address, parts: list[tuple[str, str]]) -> None:
    written = one(made(who=resident(address=value)), "//c:patientRole/c:addr")
    assert [(etree.QName(p).localname, p.text) for p in written] == parts


@pytest.mark.parametrize("value", [Address(), Address(("",)), Address((" ",), " ", "")])
def test_an_empty_address_is_left_out(made: Made, value: Address) -> None:
    assert not find(made(who=resident(address=value)), "//c:patientRole/c:addr")


@pytest.mark.parametrize(("use", "written"), [("H", ["H"]), ("HP", ["HP"]), ("XX", []), (None, [])])
def test_a_use_outside_the_list_is_left_out(made: Made, use: str | None, written: list[str]) -> None:
    who = resident(address=Address(("a",), use=use), telecoms=(Telecom("tel", "01", use),))
    assert find(made(who=who), "//c:patientRole/c:addr/@use") == written
    assert find(made(who=who), "//c:patientRole/c:telecom/@use") == written


def test_a_telecom_without_a_number_is_left_out(made: Made) -> None:
    assert not find(made(who=resident(telecoms=(Telecom("tel", " "),))), "//c:telecom")


# -------------------------------------------------------------------------------------------------------- the sender

SYSTEM = {"root": "1.2.250.1.71.4.2.1", "extension": "3019900018/1"}


@pytest.mark.parametrize(
    "author",
    [None, Organization(), Organization("Cabinet sans numéro"), Person("Sans", "Numéro"), establishment().software],
    ids=["none", "empty", "organization", "person", "software"],
)
def test_who_has_no_number_is_not_the_author(made: Made, author) -> None:
    written = one(made(record(author=author)), "c:author/c:assignedAuthor")
    assert dict(one(written, "c:id").attrib) == SYSTEM
    assert dict(one(written, "c:code").attrib) == {
        "code": "LOGICIEL_DUI",
        "displayName": "Logiciel de Dossier Usager Informatisé",
        "codeSystem": "1.2.250.1.213.1.1.4.6",
    }
    assert one(written, "c:assignedAuthoringDevice/c:manufacturerModelName/text()") == "Éditeur inventé"
    assert one(written, "c:assignedAuthoringDevice/c:softwareName/text()") == "Ancien DUI 4.2"
    assert one(written, "c:representedOrganization/c:id/@extension") == "1019900018"
    assert not find(written, ".//c:assignedPerson")
    assert "Sans" not in etree.tostring(written, encoding="unicode")


def test_another_software_is_an_author_with_its_own_number(made: Made) -> None:
    written = one(made(record(author=Software("Autre", number="7"))), "c:author/c:assignedAuthor")
    assert one(written, "c:id/@extension") == "3019900018/7"
    assert one(written, ".//c:manufacturerModelName/text()") == "Autre"
    assert one(written, ".//c:softwareName/text()") == "Autre"


def test_a_person_with_a_number_is_the_author_and_performer(made: Made) -> None:
    doctor = replace(DOCTOR, specialty=code("JDV_J01", "G15_10/SM03"))
    document = made(record(author=doctor))
    for path in ("c:author/c:assignedAuthor", "//c:performer/c:assignedEntity"):
        written = one(document, path)
        assert one(written, "c:id/@extension") == "810002422979"
        assert one(written, "c:code/@code") == "G15_10/SM03"
        name = one(written, "c:assignedPerson/c:name")
        assert [(etree.QName(p).localname, p.text) for p in name] == [
            ("prefix", "MME"),
            ("given", "Eve"),
            ("family", "Bon"),
            ("suffix", "DR"),
        ]
        assert not find(written, ".//c:assignedAuthoringDevice")


def test_a_structure_with_a_number_is_the_author(made: Made) -> None:
    written = one(made(record(author=HOSPITAL)), "c:author/c:assignedAuthor")
    assert children(written) == ["id", "representedOrganization"]
    assert one(written, "c:id/@extension") == "1759900038"
    assert one(written, "c:representedOrganization/c:name/text()") == "CH inventé"


def test_the_performer_tells_the_practice_setting(made: Made) -> None:
    written = one(made(), "//c:performer[@typeCode='PRF']/c:assignedEntity")
    assert dict(one(written, "c:id").attrib) == SYSTEM
    setting = one(written, "c:representedOrganization/c:standardIndustryClassCode")
    assert (setting.get("code"), setting.get("codeSystem")) == ("ESSMS", "1.2.250.1.213.1.1.4.9")
    assert setting.get("displayName")


@pytest.mark.parametrize(
    ("custodian", "number"),
    [(None, "1019900018"), (HOSPITAL, "1759900038"), (Organization("Sans numéro"), "1019900018")],
)
def test_the_custodian_has_a_number(made: Made, custodian, number: str) -> None:
    written = one(made(custodian=custodian), "//c:representedCustodianOrganization")
    assert one(written, "c:id/@extension") == number
    assert one(written, "c:name/text()")


@pytest.mark.parametrize(
    ("named", "number", "family"),
    [
        (None, "3019900018/1", []),
        (LegalAuthenticator("Dupré", "Anne", "Directrice"), "3019900018/1", ["Dupré"]),
        (LegalAuthenticator("Dupré", identifier=DOCTOR.identifier), "810002422979", ["Dupré"]),
    ],
)
def test_the_legal_authenticator_is_the_system_or_whom_the_mapping_names(made: Made, named, number, family) -> None:
    written = one(made(sender=establishment(legal_authenticator=named)), "c:legalAuthenticator")
    assert one(written, "c:signatureCode/@code") == "S"
    assert one(written, "c:assignedEntity/c:id/@extension") == number
    assert find(written, ".//c:assignedPerson/c:name/c:family/text()") == family


@pytest.mark.parametrize(("signer", "number"), [(DOCTOR, "810002422979"), (Person("Sans", "Numéro"), "3019900018/1")])
def test_a_row_signs_only_with_a_number(made: Made, signer: Person, number: str) -> None:
    assert one(made(record(authenticator=signer)), "c:legalAuthenticator/c:assignedEntity/c:id/@extension") == number


def test_the_place_of_care(made: Made) -> None:
    encounter = one(made(), "c:componentOf/c:encompassingEncounter")
    assert one(encounter, "c:effectiveTime/@nullFlavor") == "UNK"
    facility = one(encounter, "c:location/c:healthCareFacility/c:code")
    assert (facility.get("code"), facility.get("codeSystem")) == ("SA17", "1.2.250.1.71.4.2.4")
    assert len(facility) == 0


# -------------------------------------------------------------------------------------------------------- contacts


def test_contacts_are_informants_and_guardians(made: Made) -> None:
    document = made(who=resident(**FULL))
    assert find(document, "c:informant/c:relatedEntity/@classCode") == ["ECON", "NOK", "CAREGIVER", "CON"]
    first = one(document, "c:informant[1]/c:relatedEntity")
    assert one(first, "c:code/@code") == "SON"
    assert one(first, "c:addr/c:city/text()") == "Bourg"
    assert one(first, "c:telecom/@value") == "tel:0199000001"
    assert one(first, "c:relatedPerson/c:name/c:family/text()") == "Dupré"
    guardians = find(document, "//c:patient/c:guardian")
    assert [children(g)[-1] for g in guardians] == ["guardianPerson", "guardianOrganization"]
    assert {g for node in guardians for g in find(node, "c:code/@code")} == {"TUTEUR"}


@pytest.mark.parametrize("field", ["person", "relation", "address", "telecoms"])
def test_each_datum_of_a_contact_may_be_absent(made: Made, field: str) -> None:
    contact = FULL["contacts"][0]
    lacking = replace(contact, **{field: () if field == "telecoms" else None})
    document = made(who=resident(contacts=(lacking,)))
    assert len(find(document, "c:informant")) == (0 if field == "person" else 1)
    assert not list(empty_elements(document))
