"""One change to a sound wrapped file, one finding: header, data types, body."""

# ruff: noqa: E501 - pieces of documents are easier to compare on one line

from __future__ import annotations

import pytest

from converter.diagnostics import ProductLocation, Severity
from tests.cda.check.documents import B64, FINESS, RPPS, SCAN, check, codes

_CODE = (
    '<code code="28653-4" displayName="Document du secteur social / médico-social" codeSystem="2.16.840.1.113883.6.1"/>'
)
_GENDER = '<administrativeGenderCode code="F" displayName="Féminin" codeSystem="2.16.840.1.113883.5.1"/>'
_BIRTH = '<birthTime value="19400302"/>'
_TIME = '<effectiveTime value="20240102030405+0100"/>'
_SON = '<code code="SON" displayName="Fils" codeSystem="2.16.840.1.113883.5.111"/>'
_INS = '<id root="1.2.250.1.213.1.4.10" extension="240030199112321"/>'
_FACILITY = '<code code="SA17" displayName="Etablissement pour personnes âgées" codeSystem="1.2.250.1.71.4.2.4"/>'
_SETTING = (
    '<standardIndustryClassCode code="ESSMS" displayName="Etablissement ou Service Social ou Médico-Social" '
    'codeSystem="1.2.250.1.213.1.1.4.9"/>'
)
_AUTHOR_CODE = '<code code="G15_60" displayName="Infirmier" codeSystem="1.2.250.1.213.1.1.4.5"/>'
_PATIENT = "ClinicalDocument/recordTarget/patientRole/patient"

#: What is changed, into what, the code, and where it is found (None: anywhere).
FAULTS = [
    # schema
    ("<title>", "<titre/><title>", "CDAX-10", "ClinicalDocument/titre"),
    ('<versionNumber value="1"/>', "", "CDAX-11", "ClinicalDocument"),
    ('<setId root="2.25.7000"/>', "", "CDAX-11", "ClinicalDocument"),
    ("<title>Titre</title>", "", "CDAX-11", "ClinicalDocument"),
    ('<realmCode code="FR"/>', "", "CDAX-11", "ClinicalDocument"),
    ("<title>Titre</title>", "<title>Titre</title><title>Titre</title>", "CDAX-12", "ClinicalDocument/title[2]"),
    (_GENDER + "\n" + _BIRTH, _BIRTH + _GENDER, "CDAX-13", f"{_PATIENT}/administrativeGenderCode"),
    (_BIRTH + "\n" + '<sdtc:deceasedInd value="false"/>', '<sdtc:deceasedInd value="false"/>' + _BIRTH, "CDAX-13", None),
    ("<title>", '<title lang="fr">', "CDAX-14", "ClinicalDocument/title"),
    ('<typeId root="2.16.840.1.113883.1.3" ', "<typeId ", "CDAX-15", "ClinicalDocument/typeId"),
    ("<setId", "x<setId", "CDAX-16", "ClinicalDocument"),
    ('value="false"/>', 'value="non"/>', "CDAX-17", f"{_PATIENT}/sdtc:deceasedInd"),
    ('<versionNumber value="1"/>', '<versionNumber value="un"/>', "CDAX-17", "ClinicalDocument/versionNumber"),
    ('<versionNumber value="1"/>', '<versionNumber value="0"/>', "CDAX-17", "ClinicalDocument/versionNumber"),
    ("<title>Titre</title>", "<title/>", "CDAX-18", "ClinicalDocument/title"),
    ("<given>Anne Marie</given>", "<given></given>", "CDAX-18", f"{_PATIENT}/name/given"),
    ('<effectiveTime nullFlavor="UNK"/>', '<effectiveTime xsi:type="ZZ" nullFlavor="UNK"/>', "CDAX-19", None),
    # data types
    (_BIRTH, '<birthTime value="1940-03-02"/>', "CDAX-20", f"{_PATIENT}/birthTime"),
    (_BIRTH, '<birthTime value="19400231"/>', "CDAX-20", f"{_PATIENT}/birthTime"),
    ('<low value="20240101"/>', '<low value="20240101030405+100"/>', "CDAX-20", None),
    (_TIME, '<effectiveTime value="20240102"/>', "CDAX-21", "ClinicalDocument/effectiveTime"),
    (_TIME, '<effectiveTime value="20240102030405"/>', "CDAX-21", "ClinicalDocument/effectiveTime"),
    ('<low value="20240101"/>', '<low value="20240101030405"/>', "CDAX-22", None),
    ('<id root="2.25.7001"/>', '<id root="2.25.07001"/>', "CDAX-23", "ClinicalDocument/id"),
    ('<id root="2.25.7001"/>', '<id root="1.2_3"/>', "CDAX-23", "ClinicalDocument/id"),
    ('<id root="2.25.7001"/>', f'<id root="2.25.{"7" * 70}"/>', "CDAX-23", "ClinicalDocument/id"),
    ('<id root="2.25.7001"/>', '<id nullFlavor="UNK"/>', "CDAX-24", "ClinicalDocument/id"),
    (_BIRTH, '<birthTime nullFlavor="UNK"/>', "CDAX-24", f"{_PATIENT}/birthTime"),
    (_GENDER, '<administrativeGenderCode nullFlavor="UNK"/>', "CDAX-24", f"{_PATIENT}/administrativeGenderCode"),
    ('<low value="20240101"/>', '<low nullFlavor="UNK"/>', "CDAX-24", None),
    (_AUTHOR_CODE, '<code nullFlavor="UNK"/>', "CDAX-24", "ClinicalDocument/author/assignedAuthor/code"),
    ("<addr><streetAddressLine>1 rue</streetAddressLine></addr>", '<addr nullFlavor="NI"/>', "CDAX-25", None),
    (_BIRTH, '<birthTime value="1940" nullFlavor="UNK"/>', "CDAX-26", f"{_PATIENT}/birthTime"),
    ('value="tel:0612345678"', 'value="tel:06 12 34"', "CDAX-27", "ClinicalDocument/recordTarget/patientRole/telecom"),
    ('value="tel:0612345678"', 'value="0612345678"', "CDAX-27", None),
    ("<houseNumber>3", "<streetAddressLine>Bât. A</streetAddressLine><houseNumber>3", "CDAX-28", None),
    ("<houseNumber>3", "<city>A</city><city>B</city><houseNumber>3", "CDAX-12", None),
    ("<streetAddressLine>1 rue</streetAddressLine>", "<streetAddressLine>a</streetAddressLine>" * 8, "CDAX-12", None),
    ('use="MC"', 'use="AS"', "CDAX-29", None),
    ('<addr use="H">', '<addr use="PST">', "CDAX-29", None),
    ('<telecom value="tel:0612345678" use="MC"/>', '<telecom nullFlavor="UNK"/>', "CDAX-30",
     "ClinicalDocument/recordTarget/patientRole/telecom"),
    ('<telecom value="mailto:personne@exemple.fr"/>', '<telecom nullFlavor="UNK"/>', "CDAX-30", None),
    ('<low value="20240101"/>', '<low value="20240101"/><high value="20230101"/>', "CDAX-31", None),
    ('<telecom value="mailto:personne@exemple.fr"/>', "<telecom/>", "CDAX-15", None),
    # header
    ('<realmCode code="FR"/>', '<realmCode code="BE"/>', "CDAX-43", "ClinicalDocument/realmCode"),
    ('<languageCode code="fr-FR"/>', '<languageCode code="fr-fr"/>', "CDAX-43", "ClinicalDocument/languageCode"),
    ('<signatureCode code="S"/>', '<signatureCode code="I"/>', "CDAX-43", None),
    ('<templateId root="1.2.250.1.213.1.1.1.1"/>', "", "CDAX-11", "ClinicalDocument"),
    ("<id root", '<templateId root="1.2.3"/><id root', "CDAX-42", "ClinicalDocument/templateId[4]"),
    ('displayName="Document du secteur social / médico-social" ', "", "CDAX-15", "ClinicalDocument/code"),
    (_CODE, _CODE.replace("28653-4", "99999-9"), "CDAX-44", "ClinicalDocument/code"),
    ('displayName="Normal" ', "", "CDAX-15", "ClinicalDocument/confidentialityCode"),
    ('code="N" displayName="Normal"', 'code="X" displayName="X"', "CDAX-46", "ClinicalDocument/confidentialityCode"),
    ('<family qualifier="BR">DUPRE', "<family>DUPRE", "CDAX-15", f"{_PATIENT}/name/family"),
    ('<family qualifier="BR">', '<family qualifier="CL">X</family><family qualifier="SP">', "CDAX-43", None),
    ('<given qualifier="BR">', '<given qualifier="SP">', "CDAX-43", f"{_PATIENT}/name/given[2]"),
    ("<given>Anne Marie</given>", "", "CDAX-48", _PATIENT),
    ('<given qualifier="BR">Anne</given>', "", "CDAX-48", _PATIENT),
    ("<addr><county>51215</county></addr>", "<name>Dompremy</name>", "CDAX-48", _PATIENT),
    ("240030199112321", "2400301991123", "CDAX-49", "ClinicalDocument/recordTarget/patientRole/id"),
    ("240030199112321", "240030199112322", "CDAX-50", "ClinicalDocument/recordTarget/patientRole/id"),
    ('extension="3019900018/12"', "", "CDAX-15", "ClinicalDocument/recordTarget/patientRole/id[2]"),
    ('code="F" displayName="Féminin"', 'code="U" displayName="Inconnu"', "CDAX-43", None),
    ("<assignedPerson><name><family>Bon</family><suffix>DR</suffix></name></assignedPerson>",
     "<assignedPerson><name><given>Eve</given></name></assignedPerson>", "CDAX-11", None),
    ("<suffix>DR</suffix>", "<suffix>Docteur</suffix>", "CDAX-46", None),
    (f"<assignedAuthor><id {RPPS}/>", '<assignedAuthor><id root="1.2.250.1.71.4.2.1"/>', "CDAX-15", None),
    ("<assignedPerson><name><family>Bon</family><suffix>DR</suffix></name></assignedPerson>",
     "<assignedAuthoringDevice><softwareName>S</softwareName></assignedAuthoringDevice>", "CDAX-11", None),
    (_SON, _SON.replace("SON", "XYZ"), "CDAX-46", "ClinicalDocument/informant/relatedEntity/code"),
    ('classCode="ECON"', 'classCode="PRS"', "CDAX-43", "ClinicalDocument/informant/relatedEntity"),
    ("<relatedPerson><name><family>Dupre</family></name></relatedPerson>", "", "CDAX-11", None),
    (f"<representedCustodianOrganization><id {FINESS}/>", '<representedCustodianOrganization><id root="1.2.3"/>',
     "CDAX-43", "ClinicalDocument/custodian/assignedCustodian/representedCustodianOrganization/id"),
    ('root="1.2.250.1.71.4.2.2" extension="1019900018"', 'root="1.2.250.1.71.4.2.2" extension="019900018"', "CDAX-59", None),
    (_SETTING, "", "CDAX-11", None),
    (_SETTING, _SETTING.replace("ESSMS", "XX"), "CDAX-46", None),
    ('<low value="20240101"/>', '<high value="20240101"/>', "CDAX-11", "ClinicalDocument/documentationOf/serviceEvent"),
    (_FACILITY, _FACILITY.replace("SA17", "SA99"), "CDAX-46", None),
    (_FACILITY, "", "CDAX-11", None),
    ('typeCode="RPLC"', 'typeCode="APND"', "CDAX-43", "ClinicalDocument/relatedDocument"),
    # body
    ("1.3.6.1.4.1.19376.1.2.20", "1.2.250.1.213.1.1.1.4.11", "CDAX-41", "ClinicalDocument/component/nonXMLBody"),
    ('<templateId root="1.3.6.1.4.1.19376.1.2.20"/>', "", "CDAX-70", "ClinicalDocument/component/nonXMLBody"),
    (' representation="B64"', "", "CDAX-61", "ClinicalDocument/component/nonXMLBody/text"),
    (B64, B64[:-1], "CDAX-62", "ClinicalDocument/component/nonXMLBody/text"),
    (B64, "*" + B64[1:], "CDAX-62", "ClinicalDocument/component/nonXMLBody/text"),
    (B64, B64 + B64, "CDAX-62", "ClinicalDocument/component/nonXMLBody/text"),
    (B64, "", "CDAX-65", "ClinicalDocument/component/nonXMLBody/text"),
    ("application/pdf", "application/msword", "CDAX-63", "ClinicalDocument/component/nonXMLBody/text"),
    ("application/pdf", "image/tiff", "CDAX-64", "ClinicalDocument/component/nonXMLBody/text"),
    ("application/pdf", "image/jpeg", "CDAX-66", "ClinicalDocument/component/nonXMLBody/text"),
    ('mediaType="application/pdf" ', "", "CDAX-15", "ClinicalDocument/component/nonXMLBody/text"),
    ("<nonXMLBody>", "<nonXMLBody><structuredBody/>", "CDAX-10", None),
    # whole
    ("xmlns:sdtc", 'xsi:schemaLocation="urn:hl7-org:v3 CDA.xsd" xmlns:sdtc', "CDAX-07", "ClinicalDocument"),
    ('encoding="UTF-8"', 'encoding="ISO-8859-1"', "CDAX-06", ""),
    ("</recordTarget>", "", "CDAX-01", None),
]  # fmt: skip


def test_a_sound_scan_has_no_finding() -> None:
    assert check(SCAN).diagnostics == ()


@pytest.mark.parametrize(("old", "new", "code", "path"), FAULTS)
def test_fault(old: str, new: str, code: str, path: str | None) -> None:
    assert old in SCAN
    found = check(SCAN.replace(old, new, 1))
    assert code in codes(found)
    if path is not None:
        assert ProductLocation("", path) in [d.location for d in found.diagnostics if d.code == code]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (_INS, ""),
        (_BIRTH, '<birthTime value="1940"/>'),
        (_BIRTH, '<birthTime value="194003"/>'),
        ('<addr use="H"><houseNumber>3</houseNumber><streetName>rue des Lilas</streetName><postalCode>01000</postalCode></addr>',
         '<addr nullFlavor="UNK"/>'),
        ('<id root="2.25.7001"/>', '<id root="F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6"/>'),
        (_AUTHOR_CODE, ""),
        ("<nonXMLBody>", '<nonXMLBody classCode="DOCBODY">'),
        (B64, f"\n {B64[:8]}\n\t{B64[8:]} \n"),
        ("</text></nonXMLBody>", '</text><languageCode code="en-GB"/></nonXMLBody>'),
        ("<guardian>", '<maritalStatusCode code="M" displayName="Marié" codeSystem="2.16.840.1.113883.5.2"/><guardian>'),
        ("</patientRole>", '<providerOrganization><name>X</name></providerOrganization></patientRole>'),
        ("<relatedDocument", '<documentationOf><serviceEvent><code nullFlavor="NA"/></serviceEvent></documentationOf><relatedDocument'),
        ("<title>", '<autre xmlns="urn:autre"><a>1</a></autre><title>'),
        ("</patient>", '<sdtc:nouveau value="1">texte</sdtc:nouveau></patient>'),
        ('<effectiveTime nullFlavor="UNK"/>', '<effectiveTime xsi:type="IVL_TS"><low value="2024"/></effectiveTime>'),
        (B64, B64.replace("=", "&#61;")),
        ("<title>Titre</title>", "<!-- Remarque --><title><![CDATA[Titre]]></title><?instruction x?>"),
        ("application/pdf", "application/pdf"),
    ],
)  # fmt: skip
def test_what_is_valid_is_not_blamed(old: str, new: str) -> None:
    assert old in SCAN
    assert check(SCAN.replace(old, new, 1)).diagnostics == ()


@pytest.mark.parametrize(
    ("media_type", "data"),
    [
        ("text/plain", b"Bonjour"),
        ("text/rtf", b"{\\rtf1 x}"),
        ("image/jpeg", b"\xff\xd8\xff\xe0"),
        ("image/tiff", b"II*\0"),
    ],
)
def test_every_media_type_is_recognised_by_its_bytes(media_type: str, data: bytes) -> None:
    import base64

    document = SCAN.replace("application/pdf", media_type).replace(B64, base64.b64encode(data).decode())
    assert [d for d in check(document).diagnostics if d.severity is not Severity.NOTICE] == []


def test_the_type_of_another_table_version_is_only_a_warning() -> None:
    found = check(SCAN.replace("28653-4", "99999-9"))
    assert [d.severity for d in found.diagnostics] == [Severity.WARNING]
