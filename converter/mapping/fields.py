"""What each field of a mapping takes: a date, a code of some table, one of a few words, one value or several.

Used where a mapping gives the datum itself (a constant, a table's target, a default), so that a wrong one is said
before the first row is read. What a cell holds is judged row by row, by the mapper.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from converter import terminology
from converter.mapping.found import did_you_mean
from converter.mapping.nodes import KindSpec
from converter.mapping.schema import INS_KINDS
from converter.mapping.sections import SECTIONS
from converter.mapping.values import WrongValueError
from converter.mapping.yaml_text import KeyPath
from converter.model import PartialDate
from converter.terminology import LegacyKind, fold

__all__ = ["NO", "SEXES", "TITLES", "YES", "Field", "field_of"]

#: Words for a person's sex: JDV_J143 codes and their FHIR names. Other words (H, homme…) need a table.
SEXES: Mapping[str, str] = MappingProxyType(
    {"male": "male", "m": "male", "female": "female", "f": "female", "unknown": "unknown", "un": "unknown"}
)
#: Words for a title (JDV_J245; MLLE ended in 2016).
TITLES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("m", "m.", "mr", "mr.", "monsieur"), "M"),
        **dict.fromkeys(("mme", "mme.", "madame", "mlle", "mlle.", "mademoiselle", "melle", "mrs"), "MME"),
    }
)
YES = frozenset(("oui", "o", "yes", "y", "true", "vrai", "1", "x"))
NO = frozenset(("non", "n", "no", "false", "faux", "0"))

_EVENT = re.compile(r"[a-z]+:[^\s|]+\|[^|]+(?:\|[^|]*)?")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Z]{2})?", re.ASCII)
_STATES = ("seed", "1.1.0", "cda-1.0.1")


# -------------------------------------------------------------------------------------------------------- judges


def _text(datum: Any) -> str:
    if isinstance(datum, str):
        return datum
    raise WrongValueError("MAP-46")


def _date(datum: Any) -> None:
    if not isinstance(datum, PartialDate) and not hasattr(datum, "tzinfo"):
        raise WrongValueError("MAP-47")


def _words(known: Iterable[str], shown: str) -> Callable[[Any], object]:
    folded = frozenset(map(fold, known))

    def judge(datum: Any) -> None:
        if fold(_text(datum)) not in folded:
            hint = did_you_mean(_text(datum), shown.split(", "))
            raise WrongValueError("MAP-45", word=_text(datum), known=shown, hint=hint)

    return judge


def _shaped(pattern: re.Pattern[str], shown: str) -> Callable[[Any], object]:
    def judge(datum: Any) -> None:
        if not pattern.fullmatch(_text(datum)):
            raise WrongValueError("MAP-45", word=_text(datum), known=shown, hint="")

    return judge


def _code(table: str) -> Callable[[Any], object]:
    """A code of a shipped table."""

    def judge(datum: Any) -> None:
        if terminology.lookup(table, _text(datum)) is None:
            raise _no_code(_text(datum), terminology.table_name(table), terminology.codes(table))

    return judge


def _kind(datum: Any) -> None:
    """A document's type, or type and class."""
    if isinstance(datum, LegacyKind):
        return
    if isinstance(datum, KindSpec):
        _code("JDV_J07")(datum.type)
        if datum.class_ is not None:
            _code("JDV_J06")(datum.class_)
        return
    _code("JDV_J07")(datum)


def _coded(*names: str) -> Callable[[Any], object]:
    """A code or label of value sets or shipped tables, in whichever state of the CDA: what one release lacks is said
    row by row."""

    def judge(datum: Any) -> None:
        if fold(_text(datum)) not in _members(names):
            raise _no_code(_text(datum), " / ".join(names), _members(names).values())

    return judge


@cache
def _members(names: tuple[str, ...]) -> Mapping[str, str]:
    """Codes by their folded selves and by their folded labels."""
    found: dict[str, str] = {}
    for name in names:
        shipped = name in terminology.tables()
        for codes in [terminology.codes(name)] if shipped else [terminology.value_set(name, s) for s in _STATES]:
            for code, coding in codes.items():
                found |= {fold(coding.display): code, fold(code): code}
    return found


def _no_code(word: str, table: str, known: Iterable[str]) -> WrongValueError:
    return WrongValueError("MAP-44", word=word, table=table, hint=did_you_mean(word, known))


# -------------------------------------------------------------------------------------------------------- fields


@dataclass(frozen=True, slots=True)
class Field:
    """``judge`` takes a datum that the mapping gives and raises WrongValueError; any text will do unless said."""

    judge: Callable[[Any], object] = _text
    is_date: bool = False
    several: bool = False


_YES_NO = Field(_words(YES | NO, "yes, no"))
_DATE = Field(_date, is_date=True)
_SEX = Field(_words(SEXES, "male, female, unknown"))
_SEVERAL = Field(several=True)
_PLAIN = Field()


def _same(field: Field, names: str) -> dict[str, Field]:
    return dict.fromkeys(names.split(), field)


#: Fields of a rule by their keys, ``section.key``; a person's or professional's fields by their key alone.
_FIELDS: Mapping[str, Field] = {
    **_same(_DATE, "residents.birth_date residents.death_date documents.created guard.birth_date protections.end"),
    **_same(_DATE, "documents.period.start documents.period.end coverage.start coverage.end"),
    **_same(_DATE, "stays.admission stays.planned_entry stays.entry stays.planned_exit stays.exit"),
    **_same(_DATE, "events.start events.end events.changed events.status_date"),
    **_same(_DATE, "events.transports.start events.transports.end assessments.date assessments.status_date"),
    **_same(_YES_NO, "residents.deceased residents.ins.qualified events.planned events.off_plan events.present"),
    **_same(_YES_NO, "events.meal events.transports.accompanied events.transports.asepsis"),
    "residents.title": Field(_words(TITLES, "M, MME")),
    **_same(_SEX, "residents.sex guard.sex"),
    **_same(_SEVERAL, "documents.scan documents.sha256 documents.md5 documents.size"),
    **_same(_SEVERAL, "stays.events events.documents assessments.documents"),
    "residents.ins.kind": Field(_words(INS_KINDS, ", ".join(INS_KINDS))),
    "documents.type": Field(_kind),
    "documents.category": Field(_code("JDV_J06")),
    "documents.confidentiality": Field(_words("NRV", "N, R, V")),
    "documents.event": Field(_shaped(_EVENT, "system|code|display")),
    "documents.language": Field(_shaped(_LANGUAGE, "fr-FR")),
    "coverage.scheme": Field(_coded("125")),
    "coverage.link": Field(_coded("126")),
    "events.ssiad": Field(_coded("811"), several=True),
    "events.serafin": Field(_coded("JDV_J283", "JDV_J284"), several=True),
    "events.resource": Field(_coded("807"), several=True),
    "events.resource_detail": Field(_coded("808", "809"), several=True),
    "events.status": Field(_coded("JDV_J281")),
    "events.cancel_reason": Field(_coded("803")),
    "events.comment": _SEVERAL,
    "events.transports.mode": Field(_coded("140")),
    "events.transports.motor": Field(_coded("801")),
    "events.transports.nature": Field(_coded("JDV_J282")),
    "assessments.type": Field(_coded("802")),
    "assessments.status": Field(_coded("JDV_J281")),
}
#: The last key says it, wherever a person stands.
_ANYWHERE: Mapping[str, Field] = {
    "specialty": Field(_code("JDV_J01")),
    "profession": Field(_coded("JDV_J01")),
    "function": Field(_coded("JDV_J47")),
    **_same(_YES_NO, "spontaneously totally correctly usually"),
}
_PEOPLE = frozenset(("person", "authenticator", "professional", "professionals", "evaluator", "author", "responsible"))
_CRITERIA = frozenset(("criteria", "item_criteria"))


def field_of(path: KeyPath) -> Field:
    """What the value at a path is for."""
    keys = [step for step in path if isinstance(step, str)]
    if "lookup" in keys:
        return _PLAIN  # the key to look for
    if len(keys) > 2 and keys[0] == "documents" and keys[1] == "columns":
        return _SEVERAL  # shown as it stands
    if "guard" in keys[:-1]:
        return _FIELDS.get(f"guard.{keys[-1]}", _PLAIN)
    if len(keys) > 1 and keys[-2] in _PEOPLE | _CRITERIA and keys[-1] in _ANYWHERE:
        return _ANYWHERE[keys[-1]]
    # Sections join several texts into one; the key of a row and whose row it is are one text everywhere.
    joined = keys[0] in SECTIONS and keys[1:] not in (["key"], ["resident"], ["site"])
    return _FIELDS.get(".".join(keys), _SEVERAL if joined else _PLAIN)
