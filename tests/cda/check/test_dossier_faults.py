"""One change to a sound dossier, one finding: sections, entries, references; in each state of the guide."""

# ruff: noqa: E501 - pieces of documents are easier to compare on one line

from __future__ import annotations

import pytest

from converter.diagnostics import ProductLocation
from tests.cda.check.documents import (
    COMMENT,
    DOCUMENT_ID,
    DOSSIER,
    EVENT_ID,
    FINESS,
    GRIDS,
    RPPS,
    check,
    codes,
    dossier,
    errors,
    item,
    seed,
)

_NULL_END = '<high nullFlavor="UNK"/>'
_END = '<high value="20240103100000+0100"/>'
_REASON_START = '<qualifier><name code="GEN-348"'
_REASON = DOSSIER[DOSSIER.index(_REASON_START) : DOSSIER.index("</qualifier>", DOSSIER.index(_REASON_START)) + 12]
_GRID = GRIDS["cda-1.0.1"][0]
_ITEM = item("cda-1.0.1", 3, _GRID[3])
_CRITERION = _ITEM[_ITEM.rindex("<entryRelationship") : _ITEM.rindex("</observation>")]
_PERFORMER = f'<performer typeCode="PRF"><assignedEntity><id {RPPS}/></assignedEntity></performer>'
_TRANSLATION = '<translation code="354" displayName="SSIAD" codeSystem="1.2.250.1.213.1.6.1.8"/>'
_BODY = "ClinicalDocument/component/structuredBody"

FAULTS = [
    # header of the export
    ('displayName="Export du Dossier Usager Informatisé"', 'displayName="Export"', "CDAX-45", "ClinicalDocument/code"),
    ('displayName="Logiciel de Dossier Usager Informatisé"', 'displayName="Logiciel"', "CDAX-45", None),
    ('code="EXPORT_DUI"', 'code="EXPPAT_2"', "CDAX-43", "ClinicalDocument/code"),
    ('<id root="1.2.250.1.213.1.4.10" extension="240030199112321"/>', "", None, None),
    ('<sdtc:multipleBirthOrderNumber value="12"/>', "", None, None),
    ("<assignedAuthoringDevice><manufacturerModelName>M</manufacturerModelName><softwareName>S</softwareName>"
     "</assignedAuthoringDevice>", "", "CDAX-11", "ClinicalDocument/author/assignedAuthor"),
    (f"<representedOrganization><id {FINESS}/><name>Structure</name></representedOrganization></assignedAuthor>",
     "</assignedAuthor>", "CDAX-11", "ClinicalDocument/author/assignedAuthor"),
    ("<informant>", '<author><time value="20240102030405+0100"/><assignedAuthor><id root="1.2.3" extension="1"/>'
     "</assignedAuthor></author><informant>", "CDAX-12", "ClinicalDocument/author[2]"),
    ('code="SA41"', 'code="SA17"', "CDAX-52", None),
    (_TRANSLATION, "", "CDAX-53", None),
    (_TRANSLATION, _TRANSLATION * 2, "CDAX-53", None),
    (_TRANSLATION, _TRANSLATION.replace("354", "500"), "CDAX-53", None),
    ('code="ESSMS"', 'code="AMBULATOIRE"', "CDAX-43", None),
    # sections
    ('<templateId root="2.16.840.1.113883.10.22.3.8"/>', "", "CDAX-70", f"{_BODY}/component[4]/section"),
    ('<templateId root="1.2.250.1.213.1.1.2.249"/>', "", "CDAX-70", f"{_BODY}/component[2]/section"),
    ('<templateId root="1.2.250.1.213.1.1.2.249"/>', '<templateId root="1.2.3"/>', "CDAX-70", None),
    ('<templateId root="1.2.250.1.213.1.1.2.248"/>', '<templateId root="1.2.250.1.213.1.1.2.37"/>', "CDAX-72", None),
    ('code="GEN-362"', 'code="GEN-999"', "CDAX-43", f"{_BODY}/component[2]/section/code"),
    ('<id root="2DB3E431-03B4-4FC4-99E5-AA2E3CE10249"/>', "", "CDAX-11", f"{_BODY}/component[2]/section"),
    ("<title>Section</title>", "", "CDAX-11", f"{_BODY}/component/section"),
    # references
    ('ID="sortie"', 'ID="entree"', "CDAX-76", None),
    ('ID="sortie"', 'ID="9 sortie"', "CDAX-17", None),
    ('ID="sortie"', 'ID="ailleurs"', "CDAX-78", None),
    ('referencedObject="FICHIER"', 'referencedObject="AUTRE"', "CDAX-79", None),
    ('referencedObject="FICHIER"', 'referencedObject="titre"', "CDAX-79", None),
    ('<observationMedia ID="FICHIER" ', "<observationMedia ", "CDAX-15", None),
    (f"<id {EVENT_ID}/><code code=\"GEN-367\" displayName=\"Libellé\" codeSystem=\"1.2.250.1.213.1.1.4.322\"/></act>",
     '<id root="2.25.1"/><code code="GEN-367" displayName="L" codeSystem="1.2.250.1.213.1.1.4.322"/></act>', "CDAX-80", None),
    (f'<id {DOCUMENT_ID}/><code code="55107-7" displayName="Libellé" codeSystem="2.16.840.1.113883.6.1"/></act>',
     f'<id {DOCUMENT_ID}/><code code="1" displayName="L" codeSystem="2.16.840.1.113883.6.1"/></act>', "CDAX-81", None),
    ('root="2.25.7102"', 'root="2.25.7101"', "CDAX-82", None),
    # coverage
    ('code="GEN-107"', 'code="GEN-105"', "CDAX-46", None),
    ('<performer typeCode="PRF"><assignedEntity classCode="ASSIGNED">', '<performer><assignedEntity classCode="ASSIGNED">',
     "CDAX-15", None),
    ('code="GUAR"', 'code="PAYOR"', "CDAX-43", None),
    ('<addr nullFlavor="UNK"/><telecom nullFlavor="UNK"/><representedOrganization>', "<representedOrganization>", "CDAX-11", None),
    (f"<representedOrganization><id {FINESS}/><name>Caisse", "<representedOrganization><name>Caisse", "CDAX-11", None),
    ('<participantRole classCode="INDIV">', '<participantRole classCode="PAT">', "CDAX-43", None),
    ('code="SELF"', 'code="XXX"', "CDAX-46", None),
    ('<templateId root="2.16.840.1.113883.10.20.1.26"/>', "", "CDAX-70", None),
    ('<act classCode="ACT" moodCode="DEF">', '<act classCode="ACT" moodCode="EVN">', "CDAX-43", None),
    # stays
    ('code="ORG-211"', 'code="ORG-212"', "CDAX-43", None),
    ('code="ORG-070"', 'code="ORG-071"', "CDAX-43", None),
    (' extension="3019900018/12-SEJOUR-1"', "", "CDAX-15", None),
    ('<value xsi:type="CE" nullFlavor="NA"/>', '<value xsi:type="CD" nullFlavor="NA"/>', "CDAX-91", None),
    ('<value xsi:type="CE" nullFlavor="NA"/>', "<value/>", "CDAX-91", None),
    ('<text><reference value="#entree"/></text>', "", "CDAX-11", None),
    ('<templateId root="1.2.250.1.213.1.1.3.218"/>', "", "CDAX-11", None),
    # events
    (_END, "", "CDAX-11", f"{_BODY}/component[3]/section/entry/encounter/effectiveTime"),
    (_END, _NULL_END, "CDAX-24", None),
    (_END, '<high value="20240102"/>', "CDAX-31", None),
    ('code="MED-1298"', 'code="MED-9999"', "CDAX-46", None),
    (f'<id {RPPS}/><representedOrganization><id {FINESS}/>', f'<id {RPPS}/><representedOrganization>', "CDAX-11", None),
    ('<participantRole classCode="SDLOC">', '<participantRole classCode="PAT">', "CDAX-43", None),
    ('xsi:type="BL" value="true"', 'xsi:type="BL" value="1"', "CDAX-17", None),
    ('<value xsi:type="BL" value="true"/></observation>', '<value xsi:type="ST">oui</value></observation>', "CDAX-91", None),
    ('code="261324000"', 'code="1"', "CDAX-46", None),
    ('<templateId root="1.2.250.1.213.1.1.3.215"/>', "", "CDAX-75", f"{_BODY}/component[3]/section/entry/encounter"),
    ('<templateId root="2.16.840.1.113883.10.20.1.21"/><templateId root="1.2.250.1.213.1.1.3.215"/>',
     '<templateId root="2.16.840.1.113883.10.20.1.25"/><templateId root="1.2.250.1.213.1.1.3.215"/>', "CDAX-70", None),
    ('code="ORG-202"', 'code="ORG-204"', "CDAX-88", None),
    ('code="ORG-202"', 'code="ORG-152"', "CDAX-43", None),
    ('code="GEN-355"', 'code="GEN-999"', "CDAX-46", None),
    ('<low value="202401030900+0100"/>', "", "CDAX-11", None),
    ('<participantRole classCode="ROL">', "<participantRole>", "CDAX-15", None),
    ('xsi:type="MO" value="2"', 'xsi:type="PQ" value="2"', "CDAX-91", None),
    (_REASON, "", "CDAX-87", None),
    ('code="GEN-357"', 'code="GEN-999"', "CDAX-46", None),
    ('code="ANNULE"', 'code="TERMINE"', "CDAX-86", None),
    ('<templateId root="1.2.250.1.213.1.1.3.32"/>', "", "CDAX-70", None),
    ('<id root="2.25.8011"/>', "", "CDAX-11", None),
    (COMMENT, COMMENT.replace("48767-8", "48767-9"), "CDAX-43", None),
    ('<templateId root="1.3.6.1.4.1.19376.1.5.3.1.4.2"/>', "", "CDAX-70", None),
    # evaluations
    (_ITEM, "", "CDAX-83", f"{_BODY}/component[4]/section/entry/organizer/component/observation"),
    (_ITEM, _ITEM + _ITEM, "CDAX-12", None),
    (_ITEM, _ITEM.replace('code="d540"', 'code="d999"'), "CDAX-46", None),
    (_ITEM, _ITEM.replace('code="qf0"', 'code="qc0"'), "CDAX-46", None),
    (_ITEM, _ITEM.replace(_CRITERION, ""), "CDAX-84", None),
    (_ITEM, _ITEM.replace('code="MED-1310"', 'code="MED-9999"'), "CDAX-46", None),
    (_PERFORMER, "", "CDAX-85", None),
    ('code="VALIDE"', 'code="PLANIFIE"', "CDAX-86", None),
    ('code="MED-340"', 'code="MED-999"', "CDAX-46", None),
    ('<code code="MED-1292"', '<code code="MED-1290"', "CDAX-90", None),
    ('code="R32"', 'code="R99"', "CDAX-46", None),
    ('xsi:type="BL" value="false"', 'xsi:type="INT" value="0"', "CDAX-91", None),
    ('xsi:type="INT" value="2"', 'xsi:type="INT" value="deux"', "CDAX-17", None),
    ('<effectiveTime value="20240104"/>', '<effectiveTime nullFlavor="UNK"/>', "CDAX-24", None),
    ('<organizer classCode="CLUSTER" moodCode="EVN"><templateId root="2.16.840.1.113883.10.20.1.32"/>',
     '<organizer classCode="BATTERY" moodCode="EVN"><templateId root="2.16.840.1.113883.10.20.1.32"/>', "CDAX-43", None),
    ('<templateId root="1.2.250.1.213.1.1.3.218"/>', '<templateId root="1.2.250.1.213.1.1.3.95"/>', "CDAX-77", None),
    # documents
    ("<originalText><reference value=\"#titre\"/></originalText>", "", "CDAX-11", None),
    ('mediaType="image/png"', 'mediaType="image/gif"', "CDAX-64", None),
    ('<value mediaType="image/png" representation="B64">', '<value mediaType="image/png">', "CDAX-15", None),
    ('code="69764-9"', 'code="1"', "CDAX-43", None),
    ('<templateId root="1.2.250.1.213.1.1.3.48.18"/>', "", "CDAX-11", None),
    ("</table></text>", "</table><p/></text>", "CDAX-10", None),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "code", "path"), FAULTS)
def test_fault(old: str, new: str, code: str | None, path: str | None) -> None:
    assert old in DOSSIER
    found = check(DOSSIER.replace(old, new, 1), "cda-1.0.1")
    if code is None:
        assert errors(found) == []
        return
    assert code in codes(found)
    if path is not None:
        assert ProductLocation("", path) in [d.location for d in found.diagnostics if d.code == code]


def test_without_an_ins_the_birth_order_is_needed() -> None:
    document = DOSSIER.replace('<id root="1.2.250.1.213.1.4.10" extension="240030199112321"/>', "")
    assert errors(check(document)) == []
    assert codes(check(document.replace('<sdtc:multipleBirthOrderNumber value="12"/>', ""))) == ["CDAX-51"]


def test_a_section_without_entry() -> None:
    start = DOSSIER.index("<entry>", DOSSIER.index("1.2.250.1.213.1.1.2.248"))
    end = DOSSIER.index("</section>", start)
    found = check(DOSSIER[:start] + DOSSIER[end:])
    assert "CDAX-74" in codes(found)


def test_a_section_that_the_guide_does_not_know() -> None:
    unknown = DOSSIER.replace('code="GEN-362"', 'code="GEN-1"').replace("1.2.250.1.213.1.1.2.249", "1.2.3")
    assert "CDAX-71" in codes(check(unknown))


@pytest.mark.parametrize("state", ["1.1.0", "cda-1.0.1"])
def test_each_release_accepts_its_own_codes_only(state: str) -> None:
    other = {"1.1.0": "cda-1.0.1", "cda-1.0.1": "1.1.0"}[state]
    document = dossier(state)
    assert check(document, state).diagnostics == ()
    assert check(document).diagnostics == ()
    assert {"CDAX-83", "CDAX-46"} <= set(codes(check(document, other)))


def test_a_grid_of_both_releases_is_accepted_by_none() -> None:
    mixed = DOSSIER.replace('code="b160"', 'code="d350"')
    assert {"CDAX-83", "CDAX-46"} <= set(codes(check(mixed)))


def test_the_first_states() -> None:
    assert check(seed(), "seed").diagnostics == ()
    assert check(seed()).diagnostics == ()
    assert codes(check(seed(), "1.1.0")) == ["CDAX-40"]
    assert codes(check(DOSSIER, "seed"))[0] == "CDAX-40"
    assert "CDAX-46" in codes(check(seed().replace("MED-341", "MED-999")))
    assert "CDAX-43" in codes(check(seed().replace('code="SA41"', 'code="SA16"')))


def test_of_two_rules_about_one_thing_the_stricter_counts() -> None:
    """A simple observation may be without effectiveTime (warning), the type of a document may not."""
    faulty = DOSSIER.replace(
        '<effectiveTime nullFlavor="UNK"/><value xsi:type="CD"><originalText>', '<value xsi:type="CD"><originalText>'
    )
    assert faulty != DOSSIER
    assert [(d.code, d.is_error) for d in check(faulty).diagnostics] == [("CDAX-11", True)]
