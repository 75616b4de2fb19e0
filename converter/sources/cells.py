"""Typed workbook cells as text: what the person saw, without what a display format hides.

Dates are ISO (``2021-12-05``, ``2021-12-05T14:30:00``), times ``14:30:00``, booleans VRAI and FAUX, whole numbers have
no ``.0``, percentages are shown as percentages. A display format that pads with zeros (``00000``, ``0# ## ## ## ##``)
is applied, since it carries the zeros of postal codes, telephones and file numbers. Digits that Excel dropped (it keeps
15) are a fault of the cell, never guessed back.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache

__all__ = [
    "BUILT_IN",
    "NO_DAY",
    "Mask",
    "is_clock_format",
    "is_day_format",
    "is_moment_format",
    "is_odd_serial",
    "mask_of",
    "moment_text",
    "to_text",
    "unescape",
]

_EXACT = 10**15
#: General format shows six digits of a long number: fewer significant digits in a longer one were eaten by a text
#: export.
_SHOWN_DIGITS = 6
_LONG = 12

_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")
_LITERAL = re.compile(r'"([^"]*)"|\\(.)|_.|\*.|\[[^\]]*\]', re.DOTALL)
_LITERAL_TEXT = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.DOTALL | re.IGNORECASE)
_ELAPSED = re.compile(r"\[([hms]+)\]", re.IGNORECASE)
#: Excel's 60th day, the 29th of February 1900, never was: libraries answer with the day before.
_NO_DAY = 60
#: The day after 31/12/9999.
_AFTER_LAST_DAY = 2_958_466
NO_DAY = "1900-02-28"
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)\]")


def unescape(text: str) -> str:
    """``_x000D_`` and the like decoded (OOXML, ST_Xstring); an escaped underscore protects its own."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text).replace("\r\n", "\n").replace("\r", "\n")


def to_text(value: object, number_format: str = "General") -> tuple[str, str | None]:
    """The cell's text, and the code of what is wrong with it."""
    if value is None:
        return "", None
    if isinstance(value, str):
        return value, None
    if isinstance(value, bool):
        return ("VRAI" if value else "FAUX"), None
    if isinstance(value, int | float):
        return _number(value, number_format)
    if isinstance(value, datetime):
        return _moment(value), None
    if isinstance(value, date):
        return value.isoformat(), None
    if isinstance(value, time):
        return _clock(
            timedelta(hours=value.hour, minutes=value.minute, seconds=value.second + value.microsecond / 1e6)
        ), None
    if isinstance(value, timedelta):
        return _clock(value), None
    return str(value), None


def _moment(value: datetime) -> str:
    # A serial number is a binary fraction of a day: the half second makes 14:29:59.9999 the 14:30:00 that was typed.
    value = (value + timedelta(microseconds=500_000)).replace(microsecond=0, tzinfo=None)
    return value.date().isoformat() if value.time() == time() else value.isoformat()


def _clock(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _number(value: float, number_format: str) -> tuple[str, str | None]:
    if value != value or value in (float("inf"), float("-inf")):
        return "", "CELL-01"
    if "%" in number_format and (mask := mask_of(number_format)) is not None:
        return mask.apply(value), None
    if value == int(value):
        return _integer(int(value), number_format)
    # Excel shows 15 digits; the 16th and 17th of the binary value are noise (0.30000000000000004).
    return format(Decimal(format(value, ".15g")), "f"), None


def _integer(value: int, number_format: str) -> tuple[str, str | None]:
    text = str(value)
    if abs(value) >= _EXACT:
        return text, "CELL-03"
    if number_format != "General" and (mask := mask_of(number_format)) is not None:
        return mask.apply(value), None
    digits = text.lstrip("-")
    if len(digits) >= _LONG and digits.endswith("0" * (len(digits) - _SHOWN_DIGITS)):
        return text, "CELL-05"
    return text, None


# ------------------------------------------------------------------------------------------------ number formats


class Mask:
    """A number format that changes what identifies: zero padding, or a percentage."""

    def __init__(self, tokens: list[tuple[str, str]], least: int, percent: bool) -> None:
        """``least``: digits always shown, before the decimal mark, or after it for a percentage."""
        self._tokens = tokens
        self._least = least
        self._percent = percent

    def apply(self, value: float) -> str:
        if self._percent:
            # More digits than the format shows are no less in the cell.
            whole, _, part = format(Decimal(format(value, ".15g")) * 100, "f").partition(".")
            part = part.rstrip("0").ljust(self._least, "0")
            return f"{whole}.{part}%" if part else f"{whole}%"
        digits = str(abs(int(value))).zfill(self._least)
        text = ""
        places = sum(kind == "digit" for kind, _ in self._tokens)
        for kind, char in reversed(self._tokens):
            if kind != "digit":
                # A literal left of the last digit shown has nothing to separate.
                text = char + text if digits or kind == "fixed" else text
                continue
            places -= 1
            taken, digits = (digits[-1:], digits[:-1]) if places else (digits, "")
            text = taken + text
        return ("-" if value < 0 else "") + text


@lru_cache(maxsize=512)
def mask_of(number_format: str) -> Mask | None:
    """The mask of a format, None when the plain number says as much. Only the section for positive numbers is read."""
    section = number_format.split(";")[0]
    if _CONDITION.search(section):
        return None
    if "%" in _LITERAL.sub("", section):
        decimals = re.search(r"\.([0#?]+)", section)
        fixed = decimals[1] if decimals else ""
        return Mask([], fixed.count("0"), True)
    tokens = _tokens(section)
    if tokens is None:
        return None
    first = next((at for at, (kind, _) in enumerate(tokens) if kind == "digit"), 0)
    # A word before the digits is always shown, a separator among them where it has something to separate.
    tokens[:first] = [("fixed", char) for _, char in tokens[:first]]
    digits = [char for kind, char in tokens if kind == "digit"]
    least = len(digits) - digits.index("0") if "0" in digits else 0
    return Mask(tokens, least, False) if least >= 2 else None


def _tokens(section: str) -> list[tuple[str, str]] | None:
    """Digit places and literals of a whole-number format; None for dates, decimals, thousands and exponents."""
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(section):
        if literal := _LITERAL.match(section, at):
            text = literal[1] or literal[2] or ""
            tokens += [("literal", text)] if text else []
            at = literal.end()
            continue
        char = section[at]
        at += 1
        if char in "0#?":
            tokens.append(("digit", char))
        elif char in " -/()+'\u00a0\u202f":
            tokens.append(("literal", char))
        else:
            return None
    return tokens


def is_day_format(number_format: str) -> bool:
    """Whether numbers under this format are shown as days, without a time."""
    letters = _letters(number_format)
    return ("d" in letters or "y" in letters) and not ("h" in letters or "s" in letters)


def is_moment_format(number_format: str) -> bool:
    """Whether numbers under this format are shown as days, times or durations."""
    return bool(set("dyhs").intersection(_letters(number_format))) or "[m" in number_format.lower()


def is_clock_format(number_format: str) -> bool:
    """Whether numbers under this format are shown as times or durations, without a day."""
    return is_moment_format(number_format) and not set("dy").intersection(_letters(number_format))


def moment_text(serial: float, number_format: str, from_1904: bool) -> tuple[str, str | None]:
    """The text of a number under a format of moments, and the code of what is wrong with it."""
    if is_odd_serial(serial, number_format) or serial >= _AFTER_LAST_DAY:
        return format(Decimal(format(serial, ".15g")), "f"), "CELL-11"
    if is_clock_format(number_format):
        return _clock(timedelta(days=serial)), None
    first = datetime(1904, 1, 1) if from_1904 else datetime(1899, 12, 30 if serial >= _NO_DAY else 31)  # noqa: DTZ001
    return _moment(first + timedelta(days=serial)), None


def is_odd_serial(value: float, number_format: str) -> bool:
    """Whether a number under a format of moments is none: negative, below the first day, or the 29th of February 1900
    that Excel alone knows."""
    if value < 0:
        return True
    return is_day_format(number_format) and (value < 1 or int(value) == _NO_DAY)


@lru_cache(maxsize=512)
def _letters(number_format: str) -> str:
    return _ELAPSED.sub(r"\1", _LITERAL_TEXT.sub("", number_format.split(";")[0])).lower().replace("general", "")


#: Formats that every workbook has under a number, as far as they matter here (ECMA-376 part 1, 18.8.30).
BUILT_IN = {
    "9": "0%",
    "10": "0.00%",
    **dict.fromkeys(("14", "15", "16", "17"), "dd/mm/yyyy"),
    "22": "dd/mm/yyyy hh:mm",
    **dict.fromkeys(("18", "19", "20", "21", "45", "47"), "hh:mm:ss"),
    "46": "[h]:mm:ss",
}
