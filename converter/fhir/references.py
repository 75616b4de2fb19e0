"""References and identifiers: to structures, people and software, logical where a national identifier exists.

A structure, and a professional with a national identifier, are named by that identifier (``Reference.identifier``):
nothing is created at the receiver. Somebody without an identifier is a contained resource that holds a name and no
more; software is a contained Device. Rules: fr-core 2.1.0 (identifier types), guide's identifier systems.
"""

from __future__ import annotations

from typing import Any

from converter.model import Author, Coding, Establishment, Identifier, Organization, Person, Software

__all__ = ["FR_IDENTIFIER_TYPE", "HL7_IDENTIFIER_TYPE", "Json", "codeable", "codeable_text", "coding", "party"]

Json = dict[str, Any]

FR_IDENTIFIER_TYPE = "https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203"
HL7_IDENTIFIER_TYPE = "http://terminology.hl7.org/CodeSystem/v2-0203"
LOINC = "http://loinc.org"
#: National identifiers and their type code (fr-core 2.1.0): structures, professionals and software.
_NATIONAL = {"1.2.250.1.71.4.2.2": "IDNST", "1.2.250.1.71.4.2.1": "IDNPS"}
_STRUCTURES = "1.2.250.1.71.4.2.2"
_PROFESSIONALS = "1.2.250.1.71.4.2.1"


def coding(code: Coding) -> Json:
    """A FHIR Coding. LOINC goes without display: its French labels here are the guide's, not LOINC's own."""
    found: Json = {"system": code.system, "code": code.code}
    if code.display and code.system != LOINC:
        found["display"] = code.display
    return found


def codeable(code: Coding) -> Json:
    """A FHIR CodeableConcept; the guide's label is always readable in ``text`` when the coding cannot carry it."""
    found: Json = {"coding": [coding(code)]}
    if code.display and code.system == LOINC:
        found["text"] = code.display
    return found


def codeable_text(code: Coding | None, text: str | None) -> Json:
    """A CodeableConcept of a code, of words, or of both."""
    found: Json = codeable(code) if code else {}
    if text:
        found["text"] = text
    return found


def identifier(value: Identifier) -> Json:
    """A FHIR Identifier of a root OID and an extension; national ones carry their type."""
    found: Json = {}
    if value.root in _NATIONAL:
        found["use"] = "official"
        found["type"] = {"coding": [{"system": FR_IDENTIFIER_TYPE, "code": _NATIONAL[value.root]}]}
    found["system"] = f"urn:oid:{value.root}"
    found["value"] = value.extension
    return found


def establishment_identifier(establishment: Establishment) -> Identifier:
    """idNat_Struct: ``1`` and the FINESS number."""
    return Identifier(_STRUCTURES, f"1{establishment.finess}")


def organization(value: Organization | None, establishment: Establishment) -> tuple[Json, list[Json]]:
    """The establishment when nothing else is named; a structure without a number is contained with its name."""
    if value is None or (value.identifier is None and not value.name):
        return _logical("Organization", establishment_identifier(establishment), establishment.name), []
    if value.identifier is not None:
        return _logical("Organization", value.identifier, value.name), []
    return {}, [{"resourceType": "Organization", "name": value.name}]


def party(author: Author | None, establishment: Establishment, anchor: str) -> tuple[Json, list[Json]]:
    """A reference to somebody and the contained resources it needs; their ids start with ``anchor``."""
    if isinstance(author, Person):
        return _person(author, establishment, anchor)
    if isinstance(author, Software):
        device = _device(author, establishment) | {"id": anchor}
        return {"reference": f"#{anchor}", "type": "Device"}, [_id_first(device)]
    reference, contained = organization(author, establishment)
    if contained:
        return {"reference": f"#{anchor}", "type": "Organization"}, [_id_first(contained[0] | {"id": anchor})]
    return reference, []


def _id_first(resource: Json) -> Json:
    return {"resourceType": resource["resourceType"], "id": resource["id"]} | resource


def _logical(kind: str, value: Identifier, display: str | None) -> Json:
    found: Json = {"type": kind, "identifier": identifier(value)}
    if display:
        found["display"] = display
    return found


def _person(person: Person, establishment: Establishment, anchor: str) -> tuple[Json, list[Json]]:
    reference, contained = _practitioner(person, anchor)
    role = codeable_text(person.specialty, person.role)
    if not role:
        return reference, contained
    held = {
        "resourceType": "PractitionerRole",
        "id": f"{anchor}-role",
        "practitioner": reference,
        "organization": organization(None, establishment)[0],
        "code": [role],
    }
    return {"reference": f"#{anchor}-role", "type": "PractitionerRole"}, [*contained, held]


def _practitioner(person: Person, anchor: str) -> tuple[Json, list[Json]]:
    if person.identifier is not None:
        return _logical("Practitioner", person.identifier, _words(person)), []
    name: Json = {"family": person.family}
    for key, text in (("given", person.given), ("prefix", person.prefix), ("suffix", person.suffix)):
        if text:
            name[key] = [text]
    held = {"resourceType": "Practitioner", "id": anchor, "name": [name]}
    return {"reference": f"#{anchor}", "type": "Practitioner"}, [held]


def _words(person: Person) -> str:
    return " ".join(part for part in (person.suffix or person.prefix, person.given, person.family) if part)


def _device(software: Software, establishment: Establishment) -> Json:
    """The legacy software: its number is ``3FINESS/number`` (CI-SIS, author that is a system)."""
    number = Identifier(_PROFESSIONALS, f"3{establishment.finess}/{software.number}")
    found: Json = {"resourceType": "Device", "identifier": [identifier(number)]}
    if software.manufacturer:
        found["manufacturer"] = software.manufacturer
    found["deviceName"] = [{"name": software.name, "type": "model-name"}]
    if software.version:
        found["version"] = [{"value": software.version}]
    found["owner"] = organization(None, establishment)[0]
    return found
