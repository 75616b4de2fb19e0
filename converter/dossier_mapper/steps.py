"""Last steps of fields that only the sections have: amounts, titles, identifiers of professionals and structures."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from converter.diagnostics import Severity
from converter.identifiers import check_adeli, check_rpps
from converter.mapper import fields
from converter.mapping.values import Convert, Noted, WrongValueError
from converter.model import Moment

__all__ = ["adeli", "amount", "is_after", "professional_identifier", "row_identifier", "title"]

#: Codes of wrong check keys: the number has its shape and may be kept (identifier policy of the guide's users).
_KEYS = frozenset(("ID-11", "ID-21", "ID-31", "ID-41", "ID-43"))
_READY_MADE = re.compile(r"[0134568][0-9A-Za-z][0-9A-Za-z./_-]*", re.ASCII)
_AMOUNT = re.compile(r"(\d+)(?:[.,](\d+))?", re.ASCII)
#: One to three digits, a mark, three digits: a decimal number here, thousands there.
_AMBIGUOUS = re.compile(r"\d{1,3}[.,]\d{3}", re.ASCII)


def row_identifier(check: Callable[[str], list[str]], level: Severity | None) -> Convert:
    """An identifier of somebody or something that a row mentions.

    It is dropped with a remark when it has not its shape, kept with one when its key is wrong; with ``checks: error``
    both are errors. An entry is worth more than the number of whoever was there.
    """

    def convert(datum: Any) -> str | Noted:
        text = re.sub(r"\s", "", fields.text_of(datum)).upper()
        wrong = check(text)
        if not wrong:
            return text
        if wrong[0] not in _KEYS:
            if level is Severity.ERROR:
                raise WrongValueError(wrong[0])
            return Noted(None, wrong[0])
        if level is Severity.ERROR:
            raise WrongValueError("DOS-31", check=wrong[0])
        return text if level is None else Noted(text, wrong[0])

    return convert


#: An ADELI number: its shape is all that can be checked.
adeli: Convert = row_identifier(check_adeli, Severity.WARNING)


def professional_identifier(level: Severity | None) -> Convert:
    """A ready-made idNat_PS, prefix included: never split, but its number is checked when it is an RPPS or ADELI."""
    rpps = row_identifier(check_rpps, level)

    def convert(datum: Any) -> str | Noted:
        text = re.sub(r"\s", "", fields.text_of(datum))
        if not _READY_MADE.fullmatch(text):
            return Noted(None, "DOS-27")
        if "/" in text or text[0] not in "08":
            return text
        number = rpps(text[1:]) if text[0] == "8" else adeli(text[1:])
        if isinstance(number, Noted):
            return Noted(text if number.value else None, number.code)
        return text

    return convert


def title(datum: Any) -> str | Noted:
    """M or MME; any other title is dropped with a remark, it does not cost the row."""
    try:
        return fields.title(datum)
    except WrongValueError:
        return Noted(None, "DOS-28")


def amount(declared: bool, *units: str) -> Convert:
    """A number that is not negative, with or without its unit, as decimal text with a point.

    ``1.250`` is one and a quarter or a thousand and a half: without a declared decimal mark it is refused.
    """
    suffix = re.compile(rf"\s*(?:{'|'.join(map(re.escape, units))})\.?$", re.IGNORECASE)

    def convert(datum: Any) -> str:
        text = "".join(suffix.sub("", fields.text_of(datum).strip()).split())
        match = _AMOUNT.fullmatch(text)
        if match is None or (not declared and _AMBIGUOUS.fullmatch(text)):
            raise WrongValueError("DOS-14")
        return match[1] if match[2] is None else f"{match[1]}.{match[2]}"

    return convert


def is_after(start: Moment, end: Moment) -> bool:
    """Whether ``start`` is later than ``end``, as far as both are known: a day is not after an hour of that day."""
    if isinstance(start, datetime) and isinstance(end, datetime):
        return start > end
    here, there = str(start), str(end)
    short = min(len(here), len(there), len("2026-12-31"))
    return here[:short] > there[:short]
