"""Who sends: author, custodian, legal authenticator, performer, and the place of the stay.

The guide's author is a system: the legacy software that exported the data. A person is author of a scan only with a
national identifier, because the header refuses an author without one. A person known by name alone is never given a
number: the software is then the author here, and the name stays in the FHIR resource (author) and on the scan itself.
The same holds for a structure without a number. Nobody is said to have signed who did not: the legal authenticator is
the system unless the mapping or the row names a person. Clause: CI-SIS header; guide, header page.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache

from converter.cda.parts import (
    DEVICES_AND_PEOPLE,
    STRUCTURES,
    address,
    coded,
    identifier,
    person_name,
    telecom,
)
from converter.cda.xml import element, words
from converter.model import (
    Author,
    Coding,
    Establishment,
    Identifier,
    LegalAuthenticator,
    Organization,
    Person,
    Software,
)
from converter.terminology import lookup

__all__ = ["Sender", "author", "sender"]


@cache
def _logiciel_dui() -> Coding:
    """The code of a system as author, with its label to the letter (guide, header page)."""
    found = lookup("JDV_J01", "LOGICIEL_DUI")
    assert found is not None
    return found


@dataclass(frozen=True, slots=True)
class Sender:
    """What is the same in every document of an establishment, as markup."""

    system: str  # assignedAuthor of the legacy software
    custodian: str
    authenticator: str  # assignedEntity of the legal authenticator
    performer: str  # assignedEntity of the system
    service: str  # representedOrganization of a performer, with its practice setting


@lru_cache(maxsize=8)
def sender(establishment: Establishment, custodian: Organization | None) -> Sender:
    """The establishment's parts. A custodian without a number cannot be written: then the establishment's stands."""
    service = _organization(establishment, coded("standardIndustryClassCode", establishment.practice_setting))
    return Sender(
        system=_device_author(establishment.software, establishment),
        custodian=_custodian(establishment, custodian),
        authenticator=_authenticator(establishment.legal_authenticator, establishment),
        performer=element("assignedEntity", _system_identity(establishment.software, establishment), service),
        service=service,
    )


def author(value: Author | None, establishment: Establishment, of: Sender) -> str:
    """``assignedAuthor``: whoever can be named validly, else the legacy software."""
    if isinstance(value, Person) and value.identifier is not None:
        return _person_author(value, value.identifier, establishment)
    if isinstance(value, Software):
        return _device_author(value, establishment)
    if isinstance(value, Organization) and value.identifier is not None:
        return _organization_author(value, value.identifier)
    return of.system


def _organization_author(organization: Organization, number: Identifier) -> str:
    """A structure with a number: neither person nor device is named, because neither is known."""
    named = element("name", words(organization.name)) if organization.name else ""
    return element("assignedAuthor", identifier(number), element("representedOrganization", identifier(number), named))


def _person_author(person: Person, number: Identifier, establishment: Establishment) -> str:
    return element(
        "assignedAuthor",
        identifier(number),
        coded("code", person.specialty) if person.specialty else "",
        element("assignedPerson", person_name(person)),
        _organization(establishment),
    )


def _device_author(software: Software, establishment: Establishment) -> str:
    """A device needs both its names; the product's own stands for a manufacturer that nobody told."""
    name = " ".join(filter(None, (software.name, software.version)))
    return element(
        "assignedAuthor",
        _system_identity(software, establishment),
        element(
            "assignedAuthoringDevice",
            element("manufacturerModelName", words(software.manufacturer or software.name)),
            element("softwareName", words(name)),
        ),
        _organization(establishment),
    )


def _system_identity(software: Software, establishment: Establishment) -> str:
    """Identifier ``3FINESS/number`` and code of a system."""
    number = Identifier(DEVICES_AND_PEOPLE, f"3{establishment.finess}/{software.number}")
    return identifier(number) + coded("code", _logiciel_dui())


def establishment_id(establishment: Establishment) -> Identifier:
    """idNat_Struct: ``1`` and the FINESS number."""
    return Identifier(STRUCTURES, f"1{establishment.finess}")


def _organization(establishment: Establishment, *more: str) -> str:
    name = element("name", words(establishment.name))
    return element("representedOrganization", identifier(establishment_id(establishment)), name, *more)


def _custodian(establishment: Establishment, other: Organization | None) -> str:
    if other is not None and other.identifier is not None:
        parts = [identifier(other.identifier), element("name", words(other.name)) if other.name else ""]
    else:
        reached = telecom(establishment.telecoms[0]) if establishment.telecoms else ""
        parts = [
            identifier(establishment_id(establishment)),
            element("name", words(establishment.name)),
            reached,
            address(establishment.address),
        ]
    held = element("representedCustodianOrganization", *parts)
    return element("custodian", element("assignedCustodian", held))


def _authenticator(named: LegalAuthenticator | None, establishment: Establishment) -> str:
    """The system's identity; the person whom the mapping names beside it, or with a number of their own."""
    if named is not None and named.identifier is not None:
        identity = identifier(named.identifier)
    else:
        identity = _system_identity(establishment.software, establishment)
    person = ""
    if named is not None:
        person = element("assignedPerson", person_name(Person(named.name, named.given)))
    return element("assignedEntity", identity, person, _organization(establishment))


def signed_by(person: Person | None, establishment: Establishment, of: Sender) -> str:
    """``assignedEntity`` of the legal authenticator: the row's own person if they have a number."""
    if person is None or person.identifier is None:
        return of.authenticator
    return _entity(person, person.identifier, _organization(establishment))


def performed_by(value: Author | None, of: Sender) -> str:
    """``assignedEntity`` of the performer: an author with a number did what they wrote about; else the system."""
    if isinstance(value, Person) and value.identifier is not None:
        return _entity(value, value.identifier, of.service)
    return of.performer


def _entity(person: Person, number: Identifier, organization: str) -> str:
    return element(
        "assignedEntity",
        identifier(number),
        coded("code", person.specialty) if person.specialty else "",
        element("assignedPerson", person_name(person)),
        organization,
    )
