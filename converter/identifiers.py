"""Shapes and check keys of the identifiers that a DUI holds. They are judged here, never repaired.

Each ``check_…`` gives the codes of what is wrong with a value, none when it is sound; ``shape`` problems first and
alone. Rules: INS (CI-SIS, ANS), FINESS, RPPS, SIREN/SIRET (Luhn, with La Poste's exception), OID (ISO 8824, 64
characters as in XDS). Severity is the caller's choice (mapping: ``checks``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from stdnum import luhn

__all__ = [
    "CHECKS",
    "INS_OIDS",
    "birth_order",
    "check_adeli",
    "check_finess",
    "check_nir",
    "check_oid",
    "check_rpps",
    "check_siren",
    "check_siret",
    "check_uuid",
    "damage",
    "nir_key",
    "nir_sex",
]

#: Root OID of a matricule INS by kind (CI-SIS header, recordTarget).
INS_OIDS: Mapping[str, str] = MappingProxyType(
    {
        "nir": "1.2.250.1.213.1.4.8",
        "nia": "1.2.250.1.213.1.4.9",
        "nir-test": "1.2.250.1.213.1.4.10",
        "nir-demo": "1.2.250.1.213.1.4.11",
    }
)

_NIR = re.compile(r"[1-478]\d{4}(?:\d{2}|2[AB])\d{6}\d{2}", re.ASCII)
_FINESS = re.compile(r"(?:\d{2}|2[AB])\d{7}", re.ASCII)
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*))+", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_FLOAT = re.compile(r"\d+[.,]0+", re.ASCII)
_SCIENTIFIC = re.compile(r"\d+(?:[.,]\d+)?E[+-]?\d+", re.ASCII | re.IGNORECASE)
#: 2A and 2B count as 19 and 18 in a NIR's key (identity: letter to 0, minus 1 or 2 million).
_CORSICA = {"2A": "19", "2B": "18"}
_LA_POSTE = "356000000"


def damage(value: str, length: int) -> str | None:
    """The code of typical spreadsheet damage to an identifier of ``length`` characters, or None."""
    if _SCIENTIFIC.fullmatch(value):
        return "ID-02"
    if _FLOAT.fullmatch(value):
        return "ID-03"
    if value.isascii() and value.isdigit() and len(value) == length - 1:
        return "ID-04"
    swapped = value.translate(str.maketrans("OoIl", "0011"))
    if swapped != value and len(value) == length and sum(c.isdigit() for c in swapped) >= length - 1:
        return "ID-05"
    return None


def _shape(value: str, pattern: re.Pattern[str], length: int, code: str) -> list[str]:
    if pattern.fullmatch(value):
        return []
    return [damage(value, length) or code]


def nir_key(thirteen: str) -> str:
    """The two-digit key of a NIR's first 13 characters: 97 − (N mod 97), Corsica by substitution."""
    digits = thirteen[:5] + _CORSICA.get(thirteen[5:7], thirteen[5:7]) + thirteen[7:]
    return f"{97 - int(digits) % 97:02d}"


def check_nir(value: str) -> list[str]:
    """A NIR or NIA with its key, 15 characters: ``ID-10`` shape, ``ID-11`` key."""
    return _shape(value, _NIR, 15, "ID-10") or ([] if nir_key(value[:13]) == value[13:] else ["ID-11"])


def nir_sex(value: str) -> str | None:
    """``male`` or ``female`` as the first digit says, None for the registrations that do not say."""
    return {"1": "male", "2": "female"}.get(value[:1])


def birth_order(value: str) -> int | None:
    """Order in the civil register: digits 11 to 13 of a sound NIR."""
    return int(value[10:13]) or None if not check_nir(value) else None


def check_finess(value: str) -> list[str]:
    """A FINESS number, 9 characters: ``ID-20`` shape, ``ID-21`` key (Luhn; Corsican A counts 1, B counts 2)."""
    digits = value.replace("A", "1").replace("B", "2")
    return _shape(value, _FINESS, 9, "ID-20") or ([] if luhn.is_valid(digits) else ["ID-21"])


def check_rpps(value: str) -> list[str]:
    """An RPPS number, 11 digits: ``ID-30`` shape, ``ID-31`` key (Luhn)."""
    return _shape(value, re.compile(r"[0-9]{11}"), 11, "ID-30") or ([] if luhn.is_valid(value) else ["ID-31"])


def check_adeli(value: str) -> list[str]:
    """An ADELI number, 9 characters, department first: ``ID-32`` shape. Its key rule is not published: not checked."""
    return _shape(value, re.compile(r"(?:[0-9]{2}|2[AB])[0-9]{7}"), 9, "ID-32")


def check_siren(value: str) -> list[str]:
    """A SIREN, 9 digits: ``ID-40`` shape, ``ID-41`` key (Luhn)."""
    return _shape(value, re.compile(r"[0-9]{9}"), 9, "ID-40") or ([] if luhn.is_valid(value) else ["ID-41"])


def check_siret(value: str) -> list[str]:
    """A SIRET, 14 digits: ``ID-42`` shape, ``ID-43`` key (Luhn; La Poste: digit sum a multiple of 5)."""
    if wrong := _shape(value, re.compile(r"[0-9]{14}"), 14, "ID-42"):
        return wrong
    if luhn.is_valid(value) or (value.startswith(_LA_POSTE) and sum(map(int, value)) % 5 == 0):
        return []
    return ["ID-43"]


def check_oid(value: str) -> list[str]:
    """An OID: ``ID-50``. No leading zero in an arc, 64 characters at most."""
    return [] if _OID.fullmatch(value) and len(value) <= 64 else ["ID-50"]


def check_uuid(value: str) -> list[str]:
    """A UUID in lower case: ``ID-51``."""
    return [] if _UUID.fullmatch(value) else ["ID-51"]


#: The check of each kind that `checks:` of a mapping may set a severity for.
CHECKS: Mapping[str, Callable[[str], list[str]]] = MappingProxyType(
    {"ins": check_nir, "nss": check_nir, "finess": check_finess, "rpps": check_rpps, "siret": check_siret}
)
