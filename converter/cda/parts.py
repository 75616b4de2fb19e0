"""The data types of a CDA header: identifiers, codes, names, addresses, telecoms (CI-SIS header, data types)."""

from __future__ import annotations

from converter.cda.xml import element, words
from converter.model import Address, Coding, Identifier, Person, Telecom

__all__ = [
    "DEVICES_AND_PEOPLE",
    "STRUCTURES",
    "address",
    "address_lines",
    "coded",
    "document_id",
    "identifier",
    "person_name",
    "telecom",
    "telecoms",
]

#: Root OIDs of the national identifiers: idNat_Struct, and idNat_PS which also numbers software.
STRUCTURES = "1.2.250.1.71.4.2.2"
DEVICES_AND_PEOPLE = "1.2.250.1.71.4.2.1"
_ADDRESS_USES = frozenset({"H", "HP", "HV", "WP", "TMP"})
_TELECOM_USES = frozenset({"H", "HP", "HV", "WP", "DIR", "PUB", "EC", "MC", "PG"})
#: CI-SIS header, AD: no more than seven streetAddressLine.
_MAX_LINES = 7


def identifier(value: Identifier) -> str:
    return element("id", root=value.root, extension=value.extension)


def document_id(name: str, urn: str) -> str:
    """``urn:oid:X`` as root X, ``urn:uuid:u`` as root in upper case (CI-SIS); ``""`` for anything else."""
    scheme, _, value = urn.rpartition(":")
    if scheme == "urn:oid":
        return element(name, root=value)
    return element(name, root=value.upper()) if scheme == "urn:uuid" else ""


def coded(name: str, code: Coding, *children: str) -> str:
    """A code with all three of code, displayName and codeSystem, as the header wants it wherever a code stands."""
    return element(name, *children, code=code.code, displayName=code.display or code.code, codeSystem=code.oid)


def person_name(person: Person) -> str:
    named = (("prefix", person.prefix), ("given", person.given), ("family", person.family), ("suffix", person.suffix))
    return element("name", *(element(part, words(text)) for part, text in named if text))


def address_lines(value: Address) -> tuple[str, ...]:
    """The source's own lines, then postal code and town, then country: seven at most, what is over on the last."""
    town = " ".join(filter(None, (value.postal_code, value.city)))
    lines = [line for line in (*value.lines, town, value.country) if line and line.strip()]
    if len(lines) <= _MAX_LINES:
        return tuple(lines)
    return (*lines[: _MAX_LINES - 1], ", ".join(lines[_MAX_LINES - 1 :]))


def address(value: Address | None) -> str:
    """Lines as soon as there is one (a split into streets is never guessed), parts otherwise: never both."""
    if value is None:
        return ""
    if any(line.strip() for line in value.lines):
        parts = [element("streetAddressLine", words(line)) for line in address_lines(value)]
    else:
        named = (("postalCode", value.postal_code), ("city", value.city), ("country", value.country))
        parts = [element(name, words(text)) for name, text in named if text and text.strip()]
    return element("addr", *parts, use=value.use if value.use in _ADDRESS_USES else None) if parts else ""


def telecom(value: Telecom) -> str:
    number = "".join(value.value.split())
    use = value.use if value.use in _TELECOM_USES else None
    return element("telecom", value=f"{value.system}:{number}", use=use) if number else ""


def telecoms(values: tuple[Telecom, ...]) -> str:
    return "".join(telecom(value) for value in values)
