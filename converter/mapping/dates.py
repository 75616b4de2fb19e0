"""Dates by declared forms only: ``03/04/2021`` is the 3rd of April or an error, never the 4th of March.

The forms are those of strptime, from a closed list of directives: ``%d %m %Y %y %H %M %S %z %B %b``. A form without
day or month gives a partial date. ISO 8601 needs no declaration where the reader made it from real date cells.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from zoneinfo import ZoneInfo

from converter.model import Moment, PartialDate
from converter.terminology import fold

__all__ = [
    "CONSTANT_FORMS",
    "ISO_FORMS",
    "DateForm",
    "WrongDateError",
    "compile_form",
    "form_problem",
    "is_sentinel",
    "parse",
]

#: What real date cells of a workbook come out as.
ISO_FORMS = ("%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M")

#: What the mapping itself may give where a date is wanted.
CONSTANT_FORMS = (*ISO_FORMS, "%Y-%m-%dT%H:%M:%S%z", "%Y-%m", "%Y")

_MONTHS = (
    [
        "janvier",
        "fevrier",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "aout",
        "septembre",
        "octobre",
        "novembre",
        "decembre",
    ],
    ["janv", "fevr", "mars", "avr", "mai", "juin", "juil", "aout", "sept", "oct", "nov", "dec"],
)
_DIRECTIVES = {
    "d": r"(?P<d>\d{1,2})",
    "m": r"(?P<m>\d{1,2})",
    "Y": r"(?P<Y>\d{4})",
    "y": r"(?P<y>\d{2})",
    "H": r"(?P<H>\d{1,2})",
    "M": r"(?P<M>\d{2})",
    "S": r"(?P<S>\d{2})",
    "z": r"(?P<z>Z|[+-]\d{2}:?\d{2})",
    "B": r"(?P<B>[^\W\d_]+)",
    "b": r"(?P<b>[^\W\d_]+)\.?",
}


class WrongDateError(ValueError):
    """The text has a form, but names no moment: ``args[0]`` is the diagnostic's code."""


@dataclass(frozen=True, slots=True)
class DateForm:
    """A compiled form."""

    text: str
    pattern: re.Pattern[str]


def form_problem(form: str) -> str | None:
    """What is wrong with a declared form, or None."""
    letters = re.findall(r"%(.?)", form)
    unknown = [f"%{c}" for c in letters if c not in _DIRECTIVES and c != "%"]
    if unknown:
        return f"{', '.join(unknown)} unknown; use %d %m %Y %y %H %M %S %z %B %b"
    if len(set(letters)) != len(letters):
        return "a directive stands twice"
    if not {"Y", "y"} & set(letters):
        return "no year (%Y or %y)"
    if "d" in letters and not {"m", "B", "b"} & set(letters):
        return "a day without a month"
    return None


@cache
def compile_form(form: str) -> DateForm:
    """A form ready to match. ValueError as :func:`form_problem` says."""
    if problem := form_problem(form):
        raise ValueError(problem)
    pattern = ""
    words = "%B" in form or "%b" in form
    for literal, directive in re.findall(r"([^%]+)|%(.)", form):
        pattern += re.escape(literal) if literal else "%" if directive == "%" else _DIRECTIVES[directive]
        if words and directive == "d":
            pattern += "(?:er)?"  # 1er mars 1930
    return DateForm(form, re.compile(pattern, 0 if words else re.ASCII))


def parse(text: str, forms: Sequence[DateForm], zone: ZoneInfo, pivot: int | None) -> Moment:
    """The moment a text names by the first form that it has. WrongDateError with a DATE- code otherwise."""
    text = " ".join(text.split())
    for form in forms:
        if match := form.pattern.fullmatch(text):
            return _moment(match.groupdict(), zone, pivot)
    raise WrongDateError("DATE-01")


def _moment(parts: dict[str, str], zone: ZoneInfo, pivot: int | None) -> Moment:
    year = _year(parts, pivot)
    month = _month(parts)
    day = int(parts["d"]) if "d" in parts else None
    try:
        date(year, 1 if month is None else month, 1 if day is None else day)  # only asks the calendar
    except ValueError:
        raise WrongDateError("DATE-02") from None
    if day is None or "H" not in parts:
        return PartialDate(year, month, day)
    try:
        moment = datetime(
            year, month or 1, day, int(parts["H"]), int(parts.get("M", 0)), int(parts.get("S", 0)), tzinfo=zone
        )
    except ValueError:
        raise WrongDateError("DATE-03") from None
    if offset := parts.get("z"):
        return datetime.fromisoformat(moment.replace(tzinfo=None).isoformat() + offset)
    try:
        # A local time that the clock change skips is moved by the gap, as clocks are; of a doubled one, the first
        # counts.
        return moment.astimezone(UTC).astimezone(zone)
    except OverflowError:  # the first hours of the year 1, the last of 9999
        raise WrongDateError("DATE-02") from None


def _year(parts: dict[str, str], pivot: int | None) -> int:
    if "Y" in parts:
        return int(parts["Y"])
    if pivot is None:
        raise WrongDateError("DATE-04")
    short = int(parts["y"])
    return short + (1900 if short > pivot else 2000)


def _month(parts: dict[str, str]) -> int | None:
    if "m" in parts:
        return int(parts["m"])
    for directive, names in (("B", _MONTHS[0]), ("b", _MONTHS[1])):
        if directive in parts:
            name = fold(parts[directive])
            if name not in names:
                raise WrongDateError("DATE-01")
            return names.index(name) + 1
    return None


def is_sentinel(text: str, sentinels: Sequence[str]) -> bool:
    """Whether a cell holds one of the dates that mean "no date" (31/12/4000), with or without a time."""
    return any(text == s or text.startswith((s + " ", s + "T")) for s in sentinels)
