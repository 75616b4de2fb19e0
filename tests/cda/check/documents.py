"""Two invented documents without a fault, as text: a wrapped file (level 1) and a structured dossier (level 3)."""

# ruff: noqa: E501 - pieces of documents are easier to compare on one line

from __future__ import annotations

import base64

from converter.cda.check import CdaChecker
from converter.diagnostics import Diagnostic
from converter.payload import DocumentFindings

PDF = b"%PDF-1.4\n%%EOF\n\n"
B64 = base64.b64encode(PDF).decode()
PNG64 = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
CISIS = 'codeSystem="1.2.250.1.213.1.1.4.322"'
LOINC = 'codeSystem="2.16.840.1.113883.6.1"'
RPPS = 'root="1.2.250.1.71.4.2.1" extension="810002422979"'
FINESS = 'root="1.2.250.1.71.4.2.2" extension="1019900018"'
LOCAL = "1.2.250.1.999.1.2"
#: Codes of AGGIR PH (value set 805) and its results (816) in each release.
GRIDS = {
    "1.1.0": (["d350", "b114", "d510", "d540", "d550", "d530", "d420", "d4600", "d4602", "d360"], "qc0"),
    "cda-1.0.1": (["b160", "b114", "d510", "d540", "d550", "d530", "d410", "d4600", "d4602", "d3608"], "qf0"),
}
CRITERIA = ("MED-1307", "MED-1308", "MED-1309", "MED-1310")


def check(document: str | bytes, state: str | None = None, size: int = 0, file: str = "") -> DocumentFindings:
    """The checker's answer to a document, fed whole or in blocks of a size."""
    data = document.encode() if isinstance(document, str) else document
    checker = CdaChecker(state, file)
    for start in range(0, len(data), size or max(len(data), 1)):
        checker.feed(data[start : start + (size or len(data))])
    return checker.close()


def codes(found: DocumentFindings) -> list[str]:
    return [d.code for d in found.diagnostics]


def errors(found: DocumentFindings) -> list[Diagnostic]:
    return [d for d in found.diagnostics if d.is_error]


# ------------------------------------------------------------------------------------------------------------ header


def header(template: str, code: str, author: str, facility: str) -> str:
    return f"""\
<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:sdtc="urn:hl7-org:sdtc">
<realmCode code="FR"/>
<typeId root="2.16.840.1.113883.1.3" extension="POCD_HD000040"/>
<templateId root="2.16.840.1.113883.2.8.2.1"/>
<templateId root="1.2.250.1.213.1.1.1.1"/>
<templateId root="{template}"/>
<id root="2.25.7001"/>
{code}
<title>Titre</title>
<effectiveTime value="20240102030405+0100"/>
<confidentialityCode code="N" displayName="Normal" codeSystem="2.16.840.1.113883.5.25"/>
<languageCode code="fr-FR"/>
<setId root="2.25.7000"/>
<versionNumber value="1"/>
<recordTarget><patientRole>
<id root="1.2.250.1.213.1.4.10" extension="240030199112321"/>
<id root="{LOCAL}" extension="3019900018/12"/>
<addr use="H"><houseNumber>3</houseNumber><streetName>rue des Lilas</streetName><postalCode>01000</postalCode></addr>
<telecom value="tel:0612345678" use="MC"/>
<telecom value="mailto:personne@exemple.fr"/>
<patient>
<name><family qualifier="BR">DUPRE</family><given>Anne Marie</given><given qualifier="BR">Anne</given></name>
<administrativeGenderCode code="F" displayName="Féminin" codeSystem="2.16.840.1.113883.5.1"/>
<birthTime value="19400302"/>
<sdtc:deceasedInd value="false"/>
<sdtc:multipleBirthOrderNumber value="12"/>
<guardian><addr><streetAddressLine>1 rue</streetAddressLine></addr><guardianPerson><name><family>Loi</family></name></guardianPerson></guardian>
<birthplace><place><addr><county>51215</county></addr></place></birthplace>
</patient>
</patientRole></recordTarget>
<author><time value="20240102030405+0100"/>{author}</author>
<informant><relatedEntity classCode="ECON"><code code="SON" displayName="Fils" codeSystem="2.16.840.1.113883.5.111"/><relatedPerson><name><family>Dupre</family></name></relatedPerson></relatedEntity></informant>
<custodian><assignedCustodian><representedCustodianOrganization><id {FINESS}/><name>Structure</name></representedCustodianOrganization></assignedCustodian></custodian>
<legalAuthenticator><time value="20240102030405+0100"/><signatureCode code="S"/><assignedEntity><id root="1.2.250.1.71.4.2.1" extension="3019900018/1"/></assignedEntity></legalAuthenticator>
<documentationOf><serviceEvent><effectiveTime><low value="20240101"/></effectiveTime><performer typeCode="PRF"><assignedEntity><id root="1.2.250.1.71.4.2.1" extension="3019900018/1"/><representedOrganization><id {FINESS}/><standardIndustryClassCode code="ESSMS" displayName="Etablissement ou Service Social ou Médico-Social" codeSystem="1.2.250.1.213.1.1.4.9"/></representedOrganization></assignedEntity></performer></serviceEvent></documentationOf>
<relatedDocument typeCode="RPLC"><parentDocument><id root="2.25.6999"/></parentDocument></relatedDocument>
<componentOf><encompassingEncounter><effectiveTime nullFlavor="UNK"/><location><healthCareFacility>{facility}</healthCareFacility></location></encompassingEncounter></componentOf>
"""


SCAN = (
    header(
        "1.3.6.1.4.1.19376.1.2.20",
        f'<code code="28653-4" displayName="Document du secteur social / médico-social" {LOINC}/>',
        f'<assignedAuthor><id {RPPS}/><code code="G15_60" displayName="Infirmier" codeSystem="1.2.250.1.213.1.1.4.5"/>'
        "<assignedPerson><name><family>Bon</family><suffix>DR</suffix></name></assignedPerson></assignedAuthor>",
        '<code code="SA17" displayName="Etablissement pour personnes âgées" codeSystem="1.2.250.1.71.4.2.4"/>',
    )
    + f'<component><nonXMLBody><text mediaType="application/pdf" representation="B64">{B64}</text></nonXMLBody></component>\n'
    "</ClinicalDocument>\n"
)


# ----------------------------------------------------------------------------------------------------------- dossier


def coded(code: str, system: str = CISIS) -> str:
    return f'code="{code}" displayName="Libellé" {system}'


def text(identifier: str) -> str:
    return f'<text><reference value="#{identifier}"/></text>'


def narrative(*identifiers: str) -> str:
    cells = "".join(f'<td ID="{i}">Texte</td>' for i in identifiers)
    return f"<text><table><tbody><tr>{cells}<td>Autre</td></tr></tbody></table></text>"


def section(template: str, companions: str, code: str, body: str, content: str) -> str:
    templates = "".join(f'<templateId root="{t}"/>' for t in [*companions.split(), template])
    return (
        f'<component><section>{templates}<id root="2DB3E431-03B4-4FC4-99E5-AA2E3CE1{template[-4:].replace(".", "0")}"/>'
        f"<code {code}/><title>Section</title>{body}{content}</section></component>\n"
    )


def templates(*short: str) -> str:
    return "".join(f'<templateId root="{"1.2.250.1.213.1.1." + s if s.startswith("3.") else s}"/>' for s in short)


COMMENT = (
    '<entryRelationship typeCode="SUBJ" inversionInd="true"><act classCode="ACT" moodCode="EVN">'
    + templates("2.16.840.1.113883.10.20.1.40", "1.3.6.1.4.1.19376.1.5.3.1.4.2", "3.32")
    + f'<code {coded("48767-8", LOINC)}/>{text("commentaire")}<statusCode code="completed"/></act></entryRelationship>'
)
STRUCTURE = (
    '<participant typeCode="RESP"><participantRole><scopingEntity classCode="ENT" determinerCode="INSTANCE">'
    f"<id {FINESS}/><desc>Structure</desc></scopingEntity></participantRole></participant>"
)


def link(identifier: str, code: str) -> str:
    return (
        '<act classCode="ACT" moodCode="EVN">'
        + templates("1.3.6.1.4.1.19376.1.5.3.1.4.4.1", "3.36")
        + f"<id {identifier}/><code {code}/></act>"
    )


def simple(number: int, code: str, value: str, target: str = "evenement") -> str:
    return (
        '<entryRelationship typeCode="COMP" inversionInd="false"><observation classCode="OBS" moodCode="EVN">'
        + templates("1.3.6.1.4.1.19376.1.5.3.1.4.13", "3.48")
        + f'<id root="2.25.8{number:03}"/><code {code}/>{text(target)}<statusCode code="completed"/>'
        f'<effectiveTime nullFlavor="NA"/><value {value}</observation></entryRelationship>'
    )


def status(number: int, code: str, reason: str = "") -> str:
    return (
        '<entryRelationship typeCode="COMP" inversionInd="false"><observation classCode="OBS" moodCode="EVN">'
        + templates("1.3.6.1.4.1.19376.1.5.3.1.4.13", "3.48", "3.217")
        + f'<id root="2.25.9{number:03}"/><code {coded("106199-3", LOINC)}/>{text("statut")}<statusCode code="completed"/>'
        f'<effectiveTime value="20240103"/><value xsi:type="CD" code="{code}" displayName="Statut" '
        f'codeSystem="1.2.250.1.213.3.3.250">{reason}</value></observation></entryRelationship>'
    )


COVERAGE = section(
    "1.2.250.1.213.1.1.2.79",
    "1.3.6.1.4.1.19376.1.5.3.1.1.5.3.7 2.16.840.1.113883.10.20.1.9",
    coded("48768-6", LOINC),
    narrative("couverture"),
    '<entry><act classCode="ACT" moodCode="DEF">'
    + templates("1.3.6.1.4.1.19376.1.5.3.1.4.17", "2.16.840.1.113883.10.20.1.20", "3.61")
    + f'<id root="2.25.7101"/><code {coded("48768-6", LOINC)}/><statusCode code="completed"/>'
    '<entryRelationship typeCode="COMP"><act classCode="ACT" moodCode="EVN">'
    + templates("1.3.6.1.4.1.19376.1.5.3.1.4.18", "2.16.840.1.113883.10.20.1.26", "3.94")
    + f'<id root="2.25.7102"/><code {coded("GEN-107")}/><statusCode code="completed"/>'
    f'<performer typeCode="PRF"><assignedEntity classCode="ASSIGNED"><id {FINESS}/>'
    '<code code="GUAR" displayName="Garant" codeSystem="2.16.840.1.113883.5.110"/><addr nullFlavor="UNK"/>'
    f'<telecom nullFlavor="UNK"/><representedOrganization><id {FINESS}/><name>Caisse</name></representedOrganization>'
    '</assignedEntity></performer><participant typeCode="COV"><participantRole classCode="PAT">'
    '<code code="SELF" displayName="Assuré" codeSystem="2.16.840.1.113883.5.111"/><addr nullFlavor="UNK"/>'
    '<telecom nullFlavor="UNK"/></participantRole></participant><participant typeCode="HLD">'
    f'<participantRole classCode="INDIV"><id root="{LOCAL}" extension="assure"/></participantRole></participant>'
    "</act></entryRelationship></act></entry>",
)
EVENT_ID = f'root="{LOCAL}" extension="3019900018/12-EVN-1"'
STAYS = section(
    "1.2.250.1.213.1.1.2.249",
    "",
    coded("GEN-362"),
    narrative("entree", "sortie"),
    '<entry><organizer classCode="CLUSTER" moodCode="EVN">'
    + templates("3.219")
    + f'<id root="2.25.7201"/><code {coded("ORG-211")}/><statusCode code="completed"/><effectiveTime nullFlavor="NA"/>'
    '<component typeCode="COMP"><encounter classCode="ENC" moodCode="EVN">'
    + templates("2.16.840.1.113883.10.20.1.21", "3.218")
    + f'<id root="{LOCAL}" extension="3019900018/12-SEJOUR-1"/><code {coded("GEN-351")}/><effectiveTime value="20230411"/>'
    f"{STRUCTURE}{COMMENT}</encounter></component>"
    + "".join(
        f'<component typeCode="COMP"><observation classCode="OBS" moodCode="EVN">{templates(template)}'
        f'<id root="2.25.72{template[-1]}9"/><code {coded(code)}/>{text(target)}<statusCode code="completed"/>'
        '<effectiveTime value="20230414"/><value xsi:type="CE" nullFlavor="NA"/></observation></component>'
        for template, code, target in (("3.48.6", "ORG-070", "entree"), ("3.48.7", "ORG-074", "sortie"))
    )
    + f'<component typeCode="COMP">{link(EVENT_ID, coded("GEN-367"))}</component></organizer></entry>',
)
DOCUMENT_ID = 'root="2.25.7501"'
TRANSPORT = (
    '<entryRelationship typeCode="COMP" inversionInd="false"><act classCode="ACT" moodCode="EVN">'
    + templates("3.216")
    + f'<id root="{LOCAL}" extension="3019900018/12-TPPro-1"/><code {coded("ORG-202")}><qualifier>'
    f"<name {coded('GEN-346')}/><value {coded('GEN-355')}/></qualifier></code>{text('transport')}"
    '<effectiveTime><low value="202401030900+0100"/><high value="202401031000+0100"/></effectiveTime>'
    f'<participant typeCode="RCV"><participantRole classCode="ROL"><id {RPPS}/></participantRole></participant>'
    + simple(1, coded("103208-5", LOINC), 'xsi:type="PQ" value="4"/>', "transport")
    + simple(2, coded("ORG-200"), 'xsi:type="MO" value="2"/>', "transport")
    + simple(3, coded("GEN-353"), 'xsi:type="IVL_TS"><width value="10" unit="min"/></value>', "transport")
    + "</act></entryRelationship>"
)
EVENTS = section(
    "1.2.250.1.213.1.1.2.248",
    "",
    coded("89793-4", LOINC),
    narrative("evenement", "transport", "statut", "commentaire"),
    '<entry><encounter classCode="ENC" moodCode="EVN">'
    + templates("2.16.840.1.113883.10.20.1.21", "3.215")
    + f"<id {EVENT_ID}/><code {coded('GEN-367')}><qualifier><name {coded('GEN-364')}/><value {coded('MED-1298')}/>"
    f"</qualifier></code>{text('evenement')}"
    '<effectiveTime><low value="20240103090000+0100"/><high value="20240103100000+0100"/></effectiveTime>'
    f'<performer typeCode="PRF"><assignedEntity><id {RPPS}/><representedOrganization><id {FINESS}/>'
    '</representedOrganization></assignedEntity></performer><participant typeCode="LOC">'
    '<participantRole classCode="SDLOC"><playingEntity classCode="PLC"><name>Domicile</name></playingEntity>'
    "</participantRole></participant>"
    + simple(11, coded("GEN-347"), 'xsi:type="BL" value="true"/>')
    + simple(
        12, coded("GEN-349"), 'xsi:type="CD" code="261324000" displayName="V" codeSystem="2.16.840.1.113883.6.96"/>'
    )
    + simple(13, coded("106177-9", LOINC), 'xsi:type="TS" value="20240103"/>')
    + TRANSPORT
    + COMMENT
    + status(1, "ANNULE", f"<qualifier><name {coded('GEN-348')}/><value {coded('GEN-357')}/></qualifier>")
    + f'<entryRelationship typeCode="REFR">{link(DOCUMENT_ID, coded("55107-7", LOINC))}</entryRelationship>'
    "</encounter></entry>",
)


def item(state: str, number: int, code: str) -> str:
    icf = 'codeSystem="2.16.840.1.113883.6.254"'
    criteria = "".join(
        '<entryRelationship typeCode="COMP"><observation classCode="OBS" moodCode="EVN">'
        + templates("3.220")
        + f'<id root="2.25.74{number}{n}"/><code {coded(c)}/>{text("critere")}<statusCode code="completed"/>'
        '<effectiveTime nullFlavor="NA"/><value xsi:type="BL" value="true"/></observation></entryRelationship>'
        for n, c in enumerate(CRITERIA)
    )
    return (
        '<entryRelationship typeCode="COMP"><observation classCode="OBS" moodCode="EVN">'
        + templates("2.16.840.1.113883.10.20.1.31", "1.3.6.1.4.1.19376.1.5.3.1.4.13", "3.214")
        + f'<id root="2.25.73{number}"/><code {coded(code, icf)}/>{text("critere")}<statusCode code="completed"/>'
        f'<effectiveTime nullFlavor="NA"/><value xsi:type="CD" {coded(GRIDS[state][1], icf)}/>{criteria}'
        "</observation></entryRelationship>\n"
    )


def evaluation(number: int, code: str, value: str, items: str) -> str:
    return (
        '<entry><organizer classCode="CLUSTER" moodCode="EVN">'
        + templates("2.16.840.1.113883.10.20.1.32", "1.3.6.1.4.1.19376.1.5.3.1.1.12.3.7", "3.95")
        + f'<id root="2.25.730{number}"/><code {coded(code)}/><statusCode code="completed"/>'
        '<effectiveTime value="20240104"/><component typeCode="COMP"><observation classCode="OBS" moodCode="EVN">'
        + templates(
            "2.16.840.1.113883.10.20.1.31",
            "1.3.6.1.4.1.19376.1.5.3.1.4.13",
            "1.3.6.1.4.1.19376.1.5.3.1.1.12.3.6",
            "3.25",
        )
        + f'<id root="{LOCAL}" extension="3019900018/12-EVAL-{number}"/><code {coded(code)}/>{text("grille")}'
        f'<statusCode code="completed"/><effectiveTime value="20240104"/><value xsi:type="CD" {value}/>'
        f'<performer typeCode="PRF"><assignedEntity><id {RPPS}/></assignedEntity></performer>{items}'
        f"{status(10 + number, 'VALIDE')}</observation></component></organizer></entry>\n"
    )


def situation(code: str, value: str, number: int) -> str:
    return (
        '<entryRelationship typeCode="COMP"><observation classCode="OBS" moodCode="EVN">'
        + templates("2.16.840.1.113883.10.20.1.31", "1.3.6.1.4.1.19376.1.5.3.1.4.13", "3.214")
        + f'<id root="2.25.77{number}"/>{code}{text("critere")}<statusCode code="completed"/>'
        f'<effectiveTime nullFlavor="NA"/><value {value}/></observation></entryRelationship>'
    )


def evaluations(state: str) -> str:
    grid = "".join(item(state, n, code) for n, code in enumerate(GRIDS[state][0]))
    disease = '<code code="R32" displayName="I" codeSystem="2.16.840.1.113883.6.3"/>'
    need = '<code code="1.1.1" displayName="B" codeSystem="1.2.250.1.213.3.3.60"/>'
    return section(
        "1.2.250.1.213.1.1.2.246",
        "2.16.840.1.113883.10.22.3.8",
        coded("47420-5", LOINC),
        narrative("grille", "critere"),
        evaluation(1, "MED-1292", coded("MED-340"), grid)
        + evaluation(2, "MED-1290", 'nullFlavor="NA"', situation(disease, 'xsi:type="BL" value="false"', 1))
        + evaluation(3, "MED-1291", 'nullFlavor="NA"', situation(need, 'xsi:type="INT" value="2"', 2)),
    )


DOCUMENTS = section(
    "1.2.250.1.213.1.1.2.37",
    "",
    coded("55107-7", LOINC),
    '<text><content ID="titre">Titre</content><renderMultiMedia referencedObject="FICHIER"/></text>',
    '<entry><organizer classCode="CLUSTER" moodCode="EVN">'
    + templates("3.18")
    + f'<id {DOCUMENT_ID}/><code {coded("55107-7", LOINC)}/><statusCode code="completed"/>'
    '<component typeCode="COMP"><observation classCode="OBS" moodCode="EVN">'
    + templates("1.3.6.1.4.1.19376.1.5.3.1.4.13", "3.48", "3.48.18")
    + f'<id root="2.25.7502"/><code {coded("69764-9", LOINC)}/>{text("titre")}<statusCode code="completed"/>'
    '<effectiveTime nullFlavor="UNK"/><value xsi:type="CD"><originalText><reference value="#titre"/></originalText>'
    '</value></observation></component><component typeCode="COMP"><observationMedia ID="FICHIER" classCode="OBS" '
    f'moodCode="EVN"><value mediaType="image/png" representation="B64">{PNG64}'
    "</value></observationMedia></component></organizer></entry>",
)


def dossier(state: str) -> str:
    """A dossier of the later states (1.1.0, cda-1.0.1) with everything in it."""
    return (
        header(
            "1.2.250.1.213.1.1.1.58",
            '<code code="EXPORT_DUI" displayName="Export du Dossier Usager Informatisé" codeSystem="1.2.250.1.213.1.1.4.12"/>',
            '<assignedAuthor><id root="1.2.250.1.71.4.2.1" extension="3019900018/1"/>'
            '<code code="LOGICIEL_DUI" displayName="Logiciel de Dossier Usager Informatisé" '
            'codeSystem="1.2.250.1.213.1.1.4.6"/><assignedAuthoringDevice><manufacturerModelName>M</manufacturerModelName>'
            f"<softwareName>S</softwareName></assignedAuthoringDevice><representedOrganization><id {FINESS}/>"
            "<name>Structure</name></representedOrganization></assignedAuthor>",
            '<code code="SA41" displayName="Autre établissement du domaine social ou médico-social" '
            'codeSystem="1.2.250.1.71.4.2.4"><translation code="354" displayName="SSIAD" '
            'codeSystem="1.2.250.1.213.1.6.1.8"/></code>',
        )
        + "<component><structuredBody>\n"
        + COVERAGE
        + STAYS
        + EVENTS
        + evaluations(state)
        + DOCUMENTS
        + "</structuredBody></component>\n</ClinicalDocument>\n"
    )


DOSSIER = dossier("cda-1.0.1")


def seed() -> str:
    """A dossier of the first states: a GIR and a document."""
    gir = section(
        "1.2.250.1.213.1.1.2.115",
        "1.3.6.1.4.1.19376.1.5.3.1.1.12.2.5",
        coded("46006-3", LOINC),
        narrative("grille"),
        '<entry><observation classCode="OBS" moodCode="EVN">'
        + templates(
            "2.16.840.1.113883.10.20.1.31",
            "1.3.6.1.4.1.19376.1.5.3.1.4.13",
            "1.3.6.1.4.1.19376.1.5.3.1.1.12.3.6",
            "3.25",
        )
        + f'<id root="{LOCAL}" extension="3019900018/12-EVAL-1"/><code {coded("MED-1270")}/>{text("grille")}'
        f'<statusCode code="completed"/><effectiveTime value="2024"/><value xsi:type="CD" {coded("MED-341")}/>'
        "</observation></entry>",
    )
    functional = section(
        "1.2.250.1.213.1.1.2.111",
        "1.3.6.1.4.1.19376.1.5.3.1.3.17 2.16.840.1.113883.10.20.1.5 1.3.6.1.4.1.19376.1.5.3.1.1.12.2.1",
        coded("47420-5", LOINC),
        "<text>Voir ci-dessous.</text>",
        gir,
    )
    head = header(
        "1.2.250.1.213.1.1.1.4.11",
        '<code code="EXPPAT_2" displayName="Autre document du patient" codeSystem="1.2.250.1.213.1.1.4.12"/>',
        f"<assignedAuthor><id {RPPS}/></assignedAuthor>",
        '<code code="SA41" displayName="Autre établissement" codeSystem="1.2.250.1.71.4.2.4"/>',
    )
    return f"{head}<component><structuredBody>\n{functional}{DOCUMENTS}</structuredBody></component></ClinicalDocument>"
