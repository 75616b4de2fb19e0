"""Forms of attribute values: what the schema's simple types allow, and what CI-SIS adds for dates and identifiers.

Source: HL7 data types R1 (XML ITS), CI-SIS Structuration minimale. Every check is remembered by value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache

__all__ = [
    "FORMS",
    "has_offset",
    "has_short_offset",
    "is_date",
    "is_identifier",
    "is_name",
    "is_oid",
    "is_telecom",
    "is_timestamp",
    "is_to_the_second",
    "is_uuid",
]

_TS = re.compile(r"(\d{4})(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:(\d\d)(?:\.\d+)?)?)?)?)?)?([+-]\d{1,4})?", re.ASCII)
_OID = re.compile(r"[0-2](?:\.(?:0|[1-9]\d*))+", re.ASCII)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
_REAL = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|-?INF|NaN", re.ASCII)
_NAME = re.compile(r"[^\W\d][\w.\-·]*")
_TELECOM = re.compile(r"(?:tel|fax|mailto|http|ftp|mllp):\S+")


def _matches(pattern: str) -> Callable[[str], bool]:
    found = re.compile(pattern, re.ASCII).fullmatch
    return lru_cache(maxsize=1024)(lambda value: found(value) is not None)


def is_oid(value: str) -> bool:
    """An OID as CI-SIS wants it: no leading zero in an arc, 64 characters at most (XDS)."""
    return len(value) <= 64 and _OID.fullmatch(value) is not None


def is_uuid(value: str) -> bool:
    return _UUID.fullmatch(value) is not None


@lru_cache(maxsize=2048)
def is_identifier(value: str) -> bool:
    """The root of an identifier: an OID or a UUID."""
    return is_oid(value) or is_uuid(value)


#: What the schema alone wants of a TS.
is_timestamp = _matches(r"\d{1,8}|(?:\d{9,14}|\d{14}\.\d+)(?:[+-]\d{1,4})?")


@lru_cache(maxsize=4096)
def is_date(value: str) -> bool:
    """An HL7 TS that exists in the calendar: ``AAAA[MM[JJ[hh[mm[ss]]]]]`` with or without an offset."""
    found = _TS.fullmatch(value)
    if found is None:
        return False
    year, month, day, hour, minute, second, offset = found.groups()
    try:
        date(int(year), int(month or 1), int(day or 1))
    except ValueError:
        return False
    if offset and (hour is None or (len(offset) == 5 and (int(offset[1:3]) > 14 or int(offset[3:]) > 59))):
        return False
    return int(hour or 0) < 24 and int(minute or 0) < 60 and int(second or 0) < 60


def has_offset(value: str) -> bool:
    """Whether a TS is complete as CI-SIS sees it: a time never stands without its offset."""
    return len(value) <= 8 or value[-5:-4] in {"+", "-"}


def has_short_offset(value: str) -> bool:
    """An offset that is not ±hhmm: official examples write ``+100`` in signature times."""
    return bool(re.search(r"[+-]\d{1,3}$", value, re.ASCII))


def is_to_the_second(value: str) -> bool:
    """Whether a TS names an instant: seconds and offset."""
    return re.fullmatch(r"\d{14}(?:\.\d+)?[+-]\d{4}", value, re.ASCII) is not None


@lru_cache(maxsize=1024)
def is_telecom(value: str) -> bool:
    """Scheme, colon, and characters without blank (CI-SIS, TEL)."""
    return _TELECOM.fullmatch(value) is not None


@lru_cache(maxsize=4096)
def is_name(value: str) -> bool:
    """An XML name without colon: what an ID may be. Blanks around it do not count (xs:ID)."""
    return _NAME.fullmatch(value.strip()) is not None


#: The check of each form that the grammar names; None: anything.
FORMS: Mapping[str, Callable[[str], bool]] = {
    "cs": _matches(r"\S+"),
    "st": bool,
    "uid": _matches(
        r"[0-2](?:\.(?:0|[1-9]\d*))*|[0-9A-Za-z]{8}(?:-[0-9A-Za-z]{4}){3}-[0-9A-Za-z]{12}|[A-Za-z][A-Za-z0-9-]*"
    ),
    "bl": {"true", "false"}.__contains__,
    "int": _matches(r"\s*[+-]?\d+\s*"),
    "int_pos": _matches(r"\+?0*[1-9]\d*"),
    "real": lru_cache(maxsize=1024)(lambda value: _REAL.fullmatch(value.strip()) is not None),
    "bin": _matches(r"[A-Za-z0-9+/\s]*={0,2}\s*"),
    "id": is_name,
    "class": _matches(r"[A-Z]{2,16}"),
    "ts": is_timestamp,
}
