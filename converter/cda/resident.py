"""The resident in the header: recordTarget, with guardians inside, and the other contacts as informants.

A matricule INS is written only with every trait that the rules want beside it; without them the resident goes by the
local identifier. What is unknown is left out; sex unknown is UN. Clause: CI-SIS header, recordTarget and informant.
"""

from __future__ import annotations

from converter.cda.moments import ts
from converter.cda.parts import address, coded, identifier, person_name, telecoms
from converter.cda.xml import element, words
from converter.model import Contact, Identifier, Resident, Sex
from converter.terminology import lookup

__all__ = ["INFORMANTS", "NSS_ROOT", "can_be_written", "has_ins", "informants", "missing_traits", "record_target"]

#: Root of a social security number that is no INS (guide, header page, from 1.1.0).
NSS_ROOT = "1.2.250.1.213.1.4.13"
#: relatedEntity/@classCode by kind of contact; guardians stand in the patient instead.
INFORMANTS = frozenset({"ECON", "NOK", "CAREGIVER", "CON"})
_GENDER = {Sex.MALE: "M", Sex.FEMALE: "F", Sex.UNKNOWN: "UN"}


def missing_traits(resident: Resident) -> tuple[str, ...]:
    """Names of the traits that an INS must come with and that the resident lacks (CI-SIS header, INS)."""
    traits = ("birth_name", "given_names", "first_given_name", "birth_date", "birth_place_code")
    return tuple(name for name in traits if not getattr(resident, name))


def has_ins(resident: Resident) -> bool:
    """Whether the INS can be written."""
    return resident.ins is not None and not missing_traits(resident)


def can_be_written(contact: Contact) -> bool:
    """A contact needs a family name; a guardian may be a body (CI-SIS header, informant and guardian)."""
    named = contact.person is not None and bool(contact.person.family.strip())
    if contact.kind == "GUARD":
        return named or bool(contact.organization and contact.organization.strip())
    return named and contact.kind in INFORMANTS


def record_target(resident: Resident, with_nss: bool = True) -> str:
    """``recordTarget``. ``with_nss`` false: the first state of the guide has no social security number."""
    role = element(
        "patientRole",
        *_identifiers(resident, with_nss),
        address(resident.address),
        telecoms(resident.telecoms),
        _patient(resident),
    )
    return element("recordTarget", role)


def _identifiers(resident: Resident, with_nss: bool) -> list[str]:
    found: list[Identifier] = []
    if resident.ins is not None and has_ins(resident):
        found.append(Identifier(resident.ins.oid, resident.ins.value))
    if resident.nss and with_nss:
        found.append(Identifier(NSS_ROOT, resident.nss))
    return [identifier(i) for i in (*found, resident.local_identifier, *resident.other_identifiers)]


def _patient(resident: Resident) -> str:
    gender = lookup("JDV_J143", _GENDER[resident.sex])
    assert gender is not None
    order = resident.birth_order
    return element(
        "patient",
        _name(resident),
        coded("administrativeGenderCode", gender),
        # Without a birth date nothing valid can be written here: `header_problems` says so before.
        element("birthTime", value=ts(resident.birth_date)) if resident.birth_date else "",
        _deceased(resident),
        element("sdtc:multipleBirthOrderNumber", value=str(order)) if order is not None else "",
        *(_guardian(c) for c in resident.contacts if c.kind == "GUARD" and can_be_written(c)),
        _birthplace(resident),
        classCode="PSN",
    )


def _name(resident: Resident) -> str:
    used = resident.used_name if resident.used_name != resident.birth_name else None
    parts = [
        ("prefix", None, resident.title),
        ("family", "BR", resident.birth_name),
        ("given", None, resident.given_names),
        ("given", "BR", resident.first_given_name),
        ("family", "CL", used),
        ("given", "CL", resident.used_given_name),
    ]
    return element("name", *(element(name, words(text), qualifier=kind) for name, kind, text in parts if text))


def _deceased(resident: Resident) -> str:
    """Known to be dead, known to be alive, or nothing. The order of the three sdtc elements is the schema's."""
    if resident.deceased is None and resident.death_date is None:
        return ""
    dead = resident.death_date is not None or bool(resident.deceased)
    when = element("sdtc:deceasedTime", value=ts(resident.death_date)) if resident.death_date is not None else ""
    return element("sdtc:deceasedInd", value="true" if dead else "false") + when


def _birthplace(resident: Resident) -> str:
    name = element("name", words(resident.birth_place_name)) if resident.birth_place_name else ""
    code = resident.birth_place_code
    county = element("addr", element("county", words(code))) if code else ""
    return element("birthplace", element("place", name, county)) if name or county else ""


def _guardian(contact: Contact) -> str:
    """The person, or the body; one element each where the source names both (a service and its delegate)."""
    reached = (
        coded("code", contact.relation) if contact.relation else "",
        address(contact.address),
        telecoms(contact.telecoms),
    )
    named: list[str] = []
    if contact.person is not None and contact.person.family.strip():
        named.append(element("guardianPerson", person_name(contact.person)))
    if contact.organization and contact.organization.strip():
        named.append(element("guardianOrganization", element("name", words(contact.organization))))
    return "".join(element("guardian", *reached, who) for who in named)


def informants(resident: Resident) -> str:
    """One ``informant`` per contact who can be written, in the source's order."""
    return "".join(_informant(c) for c in resident.contacts if c.kind in INFORMANTS and can_be_written(c))


def _informant(contact: Contact) -> str:
    assert contact.person is not None
    entity = element(
        "relatedEntity",
        coded("code", contact.relation) if contact.relation else "",
        address(contact.address),
        telecoms(contact.telecoms),
        element("relatedPerson", person_name(contact.person)),
        classCode=contact.kind,
    )
    return element("informant", entity)
