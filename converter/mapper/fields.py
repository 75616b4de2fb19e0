"""The last step of each field: from text, or a table's target, to the datum that its field holds.

Closed lists only. What is not in the list is a wrong value, never the nearest one. Sources: identifier notes of the
guide's header pages (sex JDV_J143, titles JDV_J245), INSEE geographic code, XDS value sets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from converter import terminology
from converter.diagnostics import Diagnostic, Severity
from converter.identifiers import check_oid, check_uuid
from converter.mapping.fields import NO, SEXES, TITLES, YES
from converter.mapping.values import Noted, Result, Rule, WrongValueError
from converter.model import Coding, Moment, PartialDate, Sex, SourceRow, Telecom
from converter.terminology import LegacyKind, fold

__all__ = [
    "boolean",
    "calendar_day",
    "code_in",
    "column_of",
    "confidentiality",
    "document_kind",
    "email",
    "event_code",
    "identifier_of",
    "language",
    "levels",
    "mandatory",
    "moment",
    "number",
    "one_line",
    "phone",
    "place_code",
    "sex",
    "text_of",
    "title",
    "urn",
]

_PLACE = re.compile(r"(?:\d{2}|2[AB])\d{3}", re.ASCII)
_PHONE = re.compile(r"\+?\d{3,15}", re.ASCII)
#: The zero of calls within France is no part of the international number.
_TRUNK = re.compile(r"^(?:\+|00)33\s*\(0\)")
#: What a spreadsheet leaves of a French number that it took for a quantity.
_ZERO_LOST = re.compile(r"[1-9]\d{8}", re.ASCII)
_EMAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z]{2})?", re.ASCII)
#: A wrong check key, as against a wrong shape.
_KEY_CODES = frozenset(("ID-11", "ID-21", "ID-31", "ID-41", "ID-43"))
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def text_of(datum: Any) -> str:
    """Text; a table's target as it stands."""
    if isinstance(datum, str):
        return datum
    raise WrongValueError("FLD-01")


def one_line(datum: Any) -> str | None:
    """Text on one line: names, titles. Control characters and line breaks become blanks; nothing else is empty."""
    return " ".join(_CONTROLS.sub(" ", text_of(datum)).split()) or None


def sex(datum: Any) -> Sex:
    """JDV_J143 codes (M, F, UN) and their FHIR names; anything else needs a table."""
    found = SEXES.get(fold(text_of(datum)))
    if found is None:
        raise WrongValueError("FLD-02")
    return Sex(found)


def title(datum: Any) -> str:
    """M or MME (JDV_J245; MLLE ended in 2016)."""
    found = TITLES.get(fold(text_of(datum)))
    if found is None:
        raise WrongValueError("FLD-03")
    return found


def boolean(datum: Any) -> bool:
    """Yes or no, by a closed list of words."""
    word = fold(text_of(datum))
    if word in YES:
        return True
    if word in NO:
        return False
    raise WrongValueError("FLD-04")


def number(low: int, high: int) -> Callable[[Any], int]:
    """A whole number within bounds."""

    def convert(datum: Any) -> int:
        text = text_of(datum)
        # The length first: Python refuses to read a number of thousands of digits.
        if text.isascii() and text.isdigit() and len(text.lstrip("0")) <= len(str(high)) and low <= int(text) <= high:
            return int(text)
        raise WrongValueError("FLD-05", low=low, high=high)

    return convert


def calendar_day(datum: Any) -> PartialDate:
    """A day, month or year; the time of day that a date cell may carry is not part of it."""
    if isinstance(datum, datetime):
        return PartialDate.of(datetime.date(datum))
    if isinstance(datum, PartialDate):
        return datum
    raise WrongValueError("FLD-06")


def moment(datum: Any) -> Moment:
    """A day, month, year or moment."""
    if isinstance(datum, datetime | PartialDate):
        return datum
    raise WrongValueError("FLD-06")


def place_code(datum: Any) -> str | Noted:
    """INSEE geographic code at birth: commune or 99 and the country, 5 characters. A postal code looks the same."""
    text = text_of(datum).upper()
    return text if _PLACE.fullmatch(text) else Noted(None, "FLD-07")


def phone(use: str | None) -> Callable[[Any], Telecom | Noted]:
    """A telephone number without its blanks, dots and dashes; ``+33 (0)6…`` is ``+336…``.

    One with other words in it is dropped with a remark; one that seems to lack its zero is kept with one.
    """

    def convert(datum: Any) -> Telecom | Noted:
        bare = re.sub(r"[\s.\-/()]", "", _TRUNK.sub("+33", text_of(datum).strip()))
        if not _PHONE.fullmatch(bare):
            return Noted(None, "FLD-08")
        telecom = Telecom("tel", bare, use)
        return Noted(telecom, "FLD-18") if _ZERO_LOST.fullmatch(bare) else telecom

    return convert


def email(datum: Any) -> Telecom | Noted:
    text = text_of(datum)
    return Telecom("mailto", text) if _EMAIL.fullmatch(text) else Noted(None, "FLD-09")


def language(datum: Any) -> str:
    """A language tag, fr-FR."""
    text = text_of(datum)
    if _LANGUAGE.fullmatch(text):
        return text
    raise WrongValueError("FLD-10")


def identifier_of(check: Callable[[str], list[str]], level: Severity | None) -> Callable[[Any], str | Noted]:
    """An identifier by its check: a wrong shape is wrong; a wrong key is as grave as ``level`` says (None: ignored)."""

    def convert(datum: Any) -> str | Noted:
        text = re.sub(r"\s", "", text_of(datum)).upper()
        wrong = check(text)
        if not wrong:
            return text
        if wrong[0] not in _KEY_CODES:
            raise WrongValueError(wrong[0])
        if level is None:
            return text
        if level is Severity.ERROR:
            raise WrongValueError(wrong[0])
        return Noted(text, wrong[0])

    return convert


def code_in(table: str) -> Callable[[Any], Coding]:
    """A code of a shipped table."""

    def convert(datum: Any) -> Coding:
        found = terminology.lookup(table, text_of(datum))
        if found is None:
            raise WrongValueError("CODE-02", table=terminology.table_name(table))
        return found

    return convert


#: A document's type and, where the table says so, its class.
Kind = tuple[Coding, Coding | None]


def document_kind(datum: Any) -> Kind:
    """A JDV_J07 code, or a label's kind by a table; an ended code is kept with no remark: old papers are old."""
    if isinstance(datum, LegacyKind):
        return datum.type, datum.category
    if isinstance(datum, str):
        return code_in("JDV_J07")(datum), None
    kind = code_in("JDV_J07")(datum.type)
    return kind, code_in("JDV_J06")(datum.class_) if datum.class_ else None


def confidentiality(datum: Any) -> Coding:
    """N, R or V (JDV_J08, as CDA allows them)."""
    text = text_of(datum).upper()
    found = terminology.lookup("JDV_J08", text) if text in ("N", "R", "V") else None
    if found is None:
        raise WrongValueError("FLD-11")
    return found


def event_code(datum: Any) -> Coding:
    """The act documented, as ``system|code|display``; the system is a URI."""
    parts = [part.strip() for part in text_of(datum).split("|")]
    if len(parts) < 2 or not parts[0] or not parts[1] or not re.fullmatch(r"[a-z]+:\S+", parts[0]):
        raise WrongValueError("FLD-12")
    return Coding(parts[1], parts[2] if len(parts) > 2 else "", parts[0], parts[0].removeprefix("urn:oid:"))


def urn(datum: Any) -> str:
    """A masterIdentifier: ``urn:oid:…``, ``urn:uuid:…`` or a bare OID, which becomes a URN."""
    text = text_of(datum)
    if text.startswith("urn:uuid:") and not check_uuid(text.removeprefix("urn:uuid:")):
        return text
    if not check_oid(text.removeprefix("urn:oid:")):
        return text if text.startswith("urn:oid:") else f"urn:oid:{text}"
    raise WrongValueError("FLD-13")


def mandatory(rule: Rule, value: object) -> Rule:
    """A rule for a datum that nothing can do without: an empty one is an error, whatever ``required: no`` or
    ``on_error: omit`` say of it. ``value`` is what the mapping says, for the column to name."""
    column = column_of(value)

    def needed(row: SourceRow) -> Result:
        result = rule(row)
        if result.value is not None or result.failed:
            return result
        return Result(None, (*result.diagnostics, Diagnostic("VAL-01", row.location(column))))

    return needed


def column_of(value: object) -> str | None:
    """The column that a value of the mapping reads, where it is a single one."""
    return value if isinstance(value, str) else getattr(value, "column", None)


def levels(checks: Mapping[str, str]) -> Mapping[str, Severity | None]:
    """The mapping's `checks:` as severities."""
    return {name: None if level == "off" else Severity(level) for name, level in checks.items()}
