"""The resident as a contained Patient: identity, nothing else.

Conforms to fr-core-patient 2.1.0, which subject and context.sourcePatientInfo point to: an ``official`` name has a
family and a given name, identifiers are told apart by type. The social security number is left out (fr-core 2.1.0
files it under the OID of the INS, the guide's CDA under another; the CDA carries it), so are address, telephone and
family: the document inside has them.
"""

from __future__ import annotations

from converter.fhir.moments import date_time
from converter.fhir.references import FR_IDENTIFIER_TYPE, HL7_IDENTIFIER_TYPE, Json
from converter.model import Ins, Resident

__all__ = ["LOCAL_SYSTEM", "patient", "patient_reference"]

LOCAL_SYSTEM = "https://identifiant-medicosocial-localusager.esante.gouv.fr"
_FR_CORE = "https://hl7.fr/ig/fhir/core/StructureDefinition/"
_COMMUNES = "https://mos.esante.gouv.fr/NOS/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM"
_COUNTRIES = "https://mos.esante.gouv.fr/NOS/TRE_R20-Pays/FHIR/TRE-R20-Pays"
#: INS root OID → identifier type and use (fr-core-patient-ins 2.1.0).
_INS = {
    "1.2.250.1.213.1.4.8": ("INS-NIR", "official"),
    "1.2.250.1.213.1.4.9": ("INS-NIA", "temp"),
    "1.2.250.1.213.1.4.10": ("INS-NIR-TEST", "official"),
    "1.2.250.1.213.1.4.11": ("INS-NIR-DEMO", "official"),
}
#: A demonstration INS makes fr-core-1 fail on a validated identity (fr-core 2.1.0 forgets its OID): no status then.
_DEMO = "1.2.250.1.213.1.4.11"


def patient(resident: Resident, anchor: str) -> Json:
    """The contained Patient with id ``anchor``."""
    found: Json = {"resourceType": "Patient", "id": anchor}
    if extensions := _extensions(resident):
        found["extension"] = extensions
    found["identifier"] = _identifiers(resident)
    found["name"] = _names(resident)
    found["gender"] = resident.sex.value
    if resident.birth_date is not None:
        found["birthDate"] = str(resident.birth_date)
    return found | _deceased(resident)


def patient_reference(resident: Resident, anchor: str) -> Json:
    """To the contained Patient, and by identifier for a receiver that matches people itself."""
    return {"reference": f"#{anchor}", "type": "Patient", "identifier": _identifiers(resident)[0]}


def _identifiers(resident: Resident) -> list[Json]:
    found = [_ins(resident.ins)] if resident.ins else []
    found.append(
        {
            "use": "usual",
            "type": {
                "coding": [{"system": HL7_IDENTIFIER_TYPE, "code": "PI", "display": "Patient internal identifier"}]
            },
            "system": LOCAL_SYSTEM,
            "value": resident.local_identifier.extension,
        }
    )
    return found + [{"system": f"urn:oid:{i.root}", "value": i.extension} for i in resident.other_identifiers]


def _ins(ins: Ins) -> Json:
    code, use = _INS[ins.oid]
    return {
        "use": use,
        "type": {"coding": [{"system": FR_IDENTIFIER_TYPE, "code": code}]},
        "system": f"urn:oid:{ins.oid}",
        "value": ins.value,
    }


def _names(resident: Resident) -> list[Json]:
    names = [_official_name(resident)]
    if resident.used_name or resident.used_given_name:
        usual: Json = {"use": "usual", "family": resident.used_name or resident.birth_name}
        if given := resident.used_given_name or resident.first_given_name:
            usual["given"] = [given]
        names.append(usual)
    return names


def _official_name(resident: Resident) -> Json:
    """The name at birth. The list of given names is not split: where one ends is not ours to guess."""
    given = resident.first_given_name or resident.given_names
    name: Json = {}
    if resident.given_names:
        url = f"{_FR_CORE}fr-core-patient-birth-list-given-name"
        name["extension"] = [{"url": url, "valueString": resident.given_names}]
    if given:  # without one, `official` would break fr-core-patient: the name then goes without use
        name["use"] = "official"
    name["family"] = resident.birth_name
    if given:
        name["given"] = [given]
    if resident.title:
        name["prefix"] = [resident.title]
    return name


def _extensions(resident: Resident) -> list[Json]:
    found: list[Json] = []
    if resident.ins is not None and resident.ins.oid != _DEMO:
        status = {"system": "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0445", "code": "VALI"}
        found.append(
            {
                "url": f"{_FR_CORE}fr-core-identity-reliability",
                "extension": [{"url": "identityStatus", "valueCoding": status}],
            }
        )
    if place := _birth_place(resident):
        found.append({"url": "http://hl7.org/fhir/StructureDefinition/patient-birthPlace", "valueAddress": place})
    return found


def _birth_place(resident: Resident) -> Json:
    address: Json = {}
    if code := resident.birth_place_code:
        system = _COUNTRIES if code.startswith("99") else _COMMUNES
        url = f"{_FR_CORE}fr-core-address-insee-code"
        address["extension"] = [{"url": url, "valueCoding": {"system": system, "code": code}}]
    if resident.birth_place_name:
        address["city"] = resident.birth_place_name
    return address


def _deceased(resident: Resident) -> Json:
    if resident.death_date is not None:
        return {"deceasedDateTime": date_time(resident.death_date)}
    return {} if resident.deceased is None else {"deceasedBoolean": resident.deceased}
