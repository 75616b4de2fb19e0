"""The header by CI-SIS Structuration minimale, and what the guide asks of it more for a structured dossier.

Rules that are only about presence, attributes and codes are lines (:mod:`converter.cda.check.rules`); the others are
functions below. The header is checked once it is complete, as one tree.
"""

from __future__ import annotations

from converter import identifiers, terminology
from converter.cda.check.findings import Findings
from converter.cda.check.kinds import Kind
from converter.cda.check.nodes import Node
from converter.cda.check.rules import InSet, apply, rules
from converter.cda.check.value_sets import ValueSets
from converter.cda.check.values import is_to_the_second
from converter.diagnostics import Severity

__all__ = ["check_header"]

_PATIENT = "recordTarget/patientRole/patient"

#: Every French document.
_COMMON = rules("""
realmCode 1 @code=FR
typeId 1 @root=2.16.840.1.113883.1.3 @extension=POCD_HD000040
templateId[@root=2.16.840.1.113883.2.8.2.1] 1
templateId[@root=1.2.250.1.213.1.1.1.1] 1
id 1 !null @root
code 1 !null @code @displayName @codeSystem
title 1 !null
effectiveTime 1 !null @value
confidentialityCode 1 !null @code @displayName @codeSystem=2.16.840.1.113883.5.25 in:2.16.840.1.113883.1.11.10228
languageCode 1 !null @code=fr-FR
setId 1 !null @root
versionNumber 1 !null @value
recordTarget 1 !null
recordTarget/patientRole/id 1..* !null @root @extension
recordTarget/patientRole/patient 1 !null
recordTarget/patientRole/patient/name 1 !null
recordTarget/patientRole/patient/name/family 1..* !null @qualifier=BR|CL
recordTarget/patientRole/patient/name/given 1..* !null
recordTarget/patientRole/patient/administrativeGenderCode 1 !null @code=F|M|UN ~@displayName
recordTarget/patientRole/patient/administrativeGenderCode 1 @codeSystem=2.16.840.1.113883.5.1
recordTarget/patientRole/patient/birthTime 1 !null @value
recordTarget/patientRole/patient/sdtc:multipleBirthOrderNumber 0..1 @value
recordTarget/patientRole/patient/guardian/guardianPerson/name 1..*
recordTarget/patientRole/patient/guardian/guardianPerson/name/family 1..*
recordTarget/patientRole/patient/guardian/guardianOrganization/name 1..*
author/time 1 !null @value
author/assignedAuthor/id 1..* !null @root @extension
author/assignedAuthor/code 0..1 !null @code @displayName @codeSystem
author/assignedAuthor/assignedPerson/name 1..*
author/assignedAuthor/assignedPerson/name/family 1..*
author/assignedAuthor/assignedAuthoringDevice/softwareName 1
author/assignedAuthor/assignedAuthoringDevice/manufacturerModelName 1
informant/relatedEntity/code 0..1 !null @code @displayName @codeSystem in:JDV_J11
informant/relatedEntity/relatedPerson 1
informant/relatedEntity/relatedPerson/name 1..*
informant/relatedEntity/relatedPerson/name/family 1..*
custodian/assignedCustodian/representedCustodianOrganization/id 1..* !null @root=1.2.250.1.71.4.2.2 @extension
legalAuthenticator 1 !null
legalAuthenticator/time 1 !null @value
legalAuthenticator/signatureCode 1 @code=S
legalAuthenticator/assignedEntity/id 1..* !null @root @extension
legalAuthenticator/assignedEntity/code 0..1 ~@code ~@displayName @codeSystem
legalAuthenticator/assignedEntity/assignedPerson/name/family 1..*
documentationOf 1..*
documentationOf/serviceEvent/performer/assignedEntity 1
documentationOf/serviceEvent/performer/assignedEntity/representedOrganization 1
componentOf 1 !null
componentOf/encompassingEncounter/effectiveTime 1
componentOf/encompassingEncounter/location 1
componentOf/encompassingEncounter/location/healthCareFacility/code 1 !null @code @displayName @codeSystem
""")

#: The guide's author of a structured dossier is the software (page of the header, .58).
_DOSSIER = rules("""
code 1 @code=EXPORT_DUI @codeSystem=1.2.250.1.213.1.1.4.12
author 1
author/assignedAuthor/id 1..* @extension
author/assignedAuthor/code 1 @code=LOGICIEL_DUI @codeSystem=1.2.250.1.213.1.1.4.6
author/assignedAuthor/assignedAuthoringDevice 1
author/assignedAuthor/representedOrganization 1
author/assignedAuthor/representedOrganization/id 1 !null @root=1.2.250.1.71.4.2.2 @extension
author/assignedAuthor/representedOrganization/name ~1..*
legalAuthenticator/assignedEntity/code 0..1 @code=LOGICIEL_DUI @codeSystem=1.2.250.1.213.1.1.4.6
documentationOf/serviceEvent/performer 0..1
documentationOf/serviceEvent/performer/assignedEntity/representedOrganization 1
documentationOf/serviceEvent/performer/assignedEntity/representedOrganization/id 1 @root=1.2.250.1.71.4.2.2 @extension
documentationOf/serviceEvent/performer/assignedEntity/representedOrganization/standardIndustryClassCode 1 @code=ESSMS
""")

#: The first states of the guide (template …1.4.11): a document of the resident, one sector.
_SEED = rules("""
code 1 @code=EXPPAT_2 @codeSystem=1.2.250.1.213.1.1.4.12
componentOf/encompassingEncounter/location/healthCareFacility/code 1 @code=SA41
""")

#: Labels that the guide wants to the letter.
_LABELS = {
    "EXPORT_DUI": "Export du Dossier Usager Informatisé",
    "LOGICIEL_DUI": "Logiciel de Dossier Usager Informatisé",
}
_DOSSIER_SECTORS = frozenset({"SA16", "SA18", "SA41"})
_CONTACTS = frozenset({"ECON", "NOK", "CAREGIVER", "CON", "PAT"})


def check_header(root: Node, kind: Kind, findings: Findings, in_set: InSet) -> None:
    """All findings about the header, the children of ``ClinicalDocument`` before its body."""
    apply(_COMMON, root, findings, in_set)
    if kind is Kind.DOSSIER:
        apply(_DOSSIER, root, findings, in_set)
    elif kind is Kind.SEED:
        apply(_SEED, root, findings, in_set)
    _check_templates(root, kind, findings)
    _check_document(root, findings)
    _check_times(root, kind, findings)
    _check_resident(root, kind, findings)
    _check_labels(root, kind, findings)
    _check_acts(root, findings)
    _check_facility(root, kind, findings)
    _check_people(root, findings)


def _check_templates(root: Node, kind: Kind, findings: Findings) -> None:
    found = list(root.all("templateId"))
    if len(found) > 3 and kind is not Kind.OTHER:
        level = None if kind is Kind.SCAN else Severity.WARNING
        findings.add("CDAX-42", found[3], level, count=len(found))


def _check_document(root: Node, findings: Findings) -> None:
    version = root.find("versionNumber")
    if version is not None and version.get("value").isdecimal() and int(version.get("value")) < 1:
        findings.add("CDAX-17", version, attribute="value")
    code = root.find("code")
    if code is not None and code.get("code"):
        known = terminology.lookup("JDV_J07", code.get("code"))
        if known is None or (code.get("codeSystem") and known.oid != code.get("codeSystem")):
            findings.add("CDAX-44", code)
    for related in root.all("relatedDocument"):
        if related.get("typeCode") not in {"", "RPLC"}:
            findings.add("CDAX-43", related, Severity.WARNING, attribute="typeCode", expected="RPLC")


def _check_times(root: Node, kind: Kind, findings: Findings) -> None:
    """Header times name an instant (CI-SIS, TS of the header)."""
    level = Severity.WARNING if kind is Kind.OTHER else None  # official examples of other models stop at the minute
    for path in ("effectiveTime", "author/time", "legalAuthenticator/time"):
        for node in root.all(path):
            if node.get("value") and not is_to_the_second(node.get("value")):
                findings.add("CDAX-21", node, level)


# ------------------------------------------------------------------------------------------------------ the resident


def _check_resident(root: Node, kind: Kind, findings: Findings) -> None:
    patient = root.find(_PATIENT)
    if patient is None:
        return
    role = patient.parent
    ins = [i for i in role.all("id") if i.get("root") in identifiers.INS_OIDS.values()] if role else []
    _check_names(patient, findings)
    if ins:
        _check_traits(patient, findings)
        for identifier in ins:
            _check_matricule(identifier, findings)
    elif kind is Kind.DOSSIER and patient.find("sdtc:multipleBirthOrderNumber") is None:
        findings.add("CDAX-51", patient)


def _check_names(patient: Node, findings: Findings) -> None:
    for given in patient.all("name/given"):
        if given.get("qualifier") not in {"", "BR", "CL"}:
            findings.add("CDAX-43", given, attribute="qualifier", expected="BR | CL")


def _check_traits(patient: Node, findings: Findings) -> None:
    """With a matricule INS every trait of the qualified identity is there (CI-SIS, recordTarget)."""
    families = {f.get("qualifier") for f in patient.all("name/family")}
    givens = {g.get("qualifier") for g in patient.all("name/given")}
    county = patient.find("birthplace/place/addr/county")
    traits = (
        ("family[@qualifier=BR]", "BR" in families),
        ("given", "" in givens),
        ("given[@qualifier=BR]", "BR" in givens),
        ("birthplace/place/addr/county", county is not None and bool(county.text.strip())),
    )
    for trait, present in traits:
        if not present:
            findings.add("CDAX-48", patient, trait=trait)


def _check_matricule(identifier: Node, findings: Findings) -> None:
    value = identifier.get("extension")
    for fault in identifiers.check_nir(value) if value else ():
        findings.add("CDAX-50" if fault == "ID-11" else "CDAX-49", identifier)


# -------------------------------------------------------------------------------------------- structures and people


def _check_labels(root: Node, kind: Kind, findings: Findings) -> None:
    if kind is not Kind.DOSSIER:
        return
    for path in ("code", "author/assignedAuthor/code", "legalAuthenticator/assignedEntity/code"):
        for node in root.all(path):
            label = _LABELS.get(node.get("code"))
            if label is not None and node.get("displayName") and node.get("displayName") != label:
                findings.add("CDAX-45", node, expected=label)


def _check_acts(root: Node, findings: Findings) -> None:
    """The document's main act: one service event says since when, who did it, and in which setting."""
    events = list(root.all("documentationOf/serviceEvent"))
    if not events:
        return
    setting_path = "performer/assignedEntity/representedOrganization/standardIndustryClassCode"
    main = next((e for e in events if e.find(setting_path) is not None), events[0])
    for path, attributes in (
        ("effectiveTime/low", ("value",)),
        (setting_path, ("code", "displayName", "codeSystem")),
    ):
        node = main.find(path)
        if node is None:
            findings.add("CDAX-11", main, element=path)
        elif "nullFlavor" in node.attributes:
            findings.add("CDAX-24", node)
        else:
            for attribute in attributes:
                if not node.get(attribute):
                    findings.add("CDAX-15", node, attribute=attribute)
    for event in events:
        for setting in event.all(setting_path):
            if setting.get("code") and terminology.lookup("JDV_J04", setting.get("code")) is None:
                findings.add("CDAX-46", setting, set="JDV_J04")


def _check_facility(root: Node, kind: Kind, findings: Findings) -> None:
    code = root.find("componentOf/encompassingEncounter/location/healthCareFacility/code")
    if code is None or not code.get("code"):
        return
    known = terminology.lookup("JDV_J02", code.get("code"))
    if known is None or (code.get("codeSystem") and code.get("codeSystem") != known.oid):
        findings.add("CDAX-46", code, set="JDV_J02")
    elif kind is Kind.DOSSIER:
        if code.get("code") not in _DOSSIER_SECTORS:
            findings.add("CDAX-52", code)
        _check_category(code, findings)


def _check_category(code: Node, findings: Findings) -> None:
    found = list(code.all("translation"))
    if len(found) != 1:
        findings.add("CDAX-53", code)
        return
    known = terminology.lookup("JDV_J254", found[0].get("code"))
    if known is None or found[0].get("codeSystem") != known.oid:
        findings.add("CDAX-53", found[0])


def _check_people(root: Node, findings: Findings) -> None:
    for path, name in (("prefix", "JDV_J245"), ("suffix", "JDV_J246")):
        for node in root.all(f"author/assignedAuthor/assignedPerson/name/{path}"):
            if not any(node.text.strip() in choice for choice in ValueSets(None).choices(name)):
                findings.add("CDAX-46", node, set=name)
    for related in root.all("informant/relatedEntity"):
        if related.get("classCode") and related.get("classCode") not in _CONTACTS:
            findings.add("CDAX-43", related, attribute="classCode", expected=" | ".join(sorted(_CONTACTS)))
