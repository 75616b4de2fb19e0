"""Primitive values of FHIR R4: their JSON type, their form, and days that exist.

Patterns are those of the R4 data types page, with ``urn:oid:`` and ``urn:uuid:`` checked wherever a URI stands.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from converter.fhir.check.elements import names
from converter.fhir.check.narrative import fault_of_narrative

__all__ = ["fault_of", "has_bad_characters", "instant_of", "is_absolute"]

_YEAR = r"(?:[0-9](?:[0-9](?:[0-9][1-9]|[1-9]0)|[1-9]00)|[1-9]000)"
_DAY = rf"{_YEAR}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_MOMENTS = {
    "instant": re.compile(rf"{_DAY}T{_CLOCK}{_ZONE}", re.ASCII),
    "dateTime": re.compile(rf"{_YEAR}(?:-(?:0[1-9]|1[0-2]))?|{_DAY}(?:T{_CLOCK}{_ZONE})?", re.ASCII),
    "date": re.compile(rf"{_YEAR}(?:-(?:0[1-9]|1[0-2]))?|{_DAY}", re.ASCII),
    "time": re.compile(_CLOCK, re.ASCII),
}
_OID = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+", re.ASCII)
_UUID = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}", re.ASCII)
_CODE = re.compile(r"[^\s]+(?:\s[^\s]+)*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:", re.ASCII)
_BASE64 = re.compile(r"(?:[0-9A-Za-z+/]{4})*(?:[0-9A-Za-z+/]{2}==|[0-9A-Za-z+/]{3}=)?", re.ASCII)
_MIME = re.compile(r"[A-Za-z0-9!#$&^_.+-]+/[A-Za-z0-9!#$&^_.+-]+(?:\s*;\s*[A-Za-z0-9!#$&^_.+-]+=\S+)*", re.ASCII)
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8})*", re.ASCII)
#: Control characters that no FHIR string may hold, and lone halves of surrogate pairs that UTF-8 cannot.
_BAD = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")
_INTEGERS = {"integer": (-(2**31), 2**31 - 1), "unsignedInt": (0, 2**31 - 1), "positiveInt": (1, 2**31 - 1)}
_FORMS: Mapping[str, re.Pattern[str]] = {
    "id": _ID, "code": _CODE, "oid": _OID, "uuid": _UUID, "base64Binary": _BASE64, "mime": _MIME,
}  # fmt: skip


def is_absolute(uri: str) -> bool:
    """Whether a URI starts with a scheme."""
    return _SCHEME.match(uri) is not None


def has_bad_characters(text: str) -> bool:
    """Control characters or lone surrogates."""
    return _BAD.search(text) is not None


def fault_of(kind: str, value: Any) -> str:
    """What is wrong with a primitive value: ``type``, ``form``, ``day``, or ``""``. The value is not empty."""
    if kind == "boolean":
        return "" if isinstance(value, bool) else "type"
    if kind in _INTEGERS:
        return _integer(value, *_INTEGERS[kind])
    if kind == "decimal":
        return "" if isinstance(value, (int, Decimal)) and not isinstance(value, bool) else "type"
    if not isinstance(value, str):
        return "type"
    if has_bad_characters(value):
        return "form"
    if kind in _MOMENTS:
        return _moment(kind, value)
    if kind in _FORMS:
        return "" if _FORMS[kind].fullmatch(value) else "form"
    return _TEXTS[kind](value)


def _integer(value: Any, low: int, high: int) -> str:
    if not isinstance(value, int) or isinstance(value, bool):
        return "type"
    return "" if low <= value <= high else "form"


def _moment(kind: str, value: str) -> str:
    if not _MOMENTS[kind].fullmatch(value):
        return "form"
    if kind == "time" or len(value) < 10:
        return ""
    try:
        date.fromisoformat(value[:10])
    except ValueError:
        return "day"
    return ""


def _string(value: str) -> str:
    return "" if value.strip() and len(value) <= 1024 * 1024 else "form"


def _uri(value: str) -> str:
    if re.search(r"\s", value):
        return "form"
    if value.startswith("urn:oid:"):
        return "" if _OID.fullmatch(value) else "form"
    if value.startswith("urn:uuid:"):
        return "" if _UUID.fullmatch(value) else "form"
    return ""


def _url(value: str) -> str:
    return _uri(value) if _SCHEME.match(value) else "form"


def _canonical(value: str) -> str:
    return _url(value.split("|", 1)[0]) if value.count("|") <= 1 and not value.startswith("#") else _uri(value)


def _language(value: str) -> str:
    """BCP 47 in shape; a primary tag of two letters exists in ISO 639-1."""
    primary = value.partition("-")[0]
    return "" if _LANGUAGE.fullmatch(value) and (len(primary) > 2 or primary.lower() in names("languages")) else "form"


_TEXTS: Mapping[str, Callable[[str], str]] = {
    "string": _string, "markdown": _string, "uri": _uri, "url": _url, "canonical": _canonical,
    "xhtml": fault_of_narrative, "language": _language,
}  # fmt: skip


def instant_of(text: str) -> datetime | None:
    """The moment of an instant or a full dateTime, to the second; None for less."""
    try:
        return datetime.fromisoformat(text).replace(microsecond=0) if "T" in text else None
    except ValueError:
        return None
