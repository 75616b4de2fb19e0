"""Typed cells as text: what the person saw, and what is no longer there said."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from converter.sources.cells import is_clock_format, is_day_format, mask_of, moment_text, to_text, unescape


@pytest.mark.parametrize(
    ("value", "number_format", "text"),
    [
        (None, "General", ""),
        ("00123", "General", "00123"),
        (True, "General", "VRAI"),
        (False, "General", "FAUX"),
        (123, "General", "123"),
        (123.0, "General", "123"),
        (12.5, "General", "12.5"),
        (0.1 + 0.2, "General", "0.3"),
        (1e-7, "General", "0.0000001"),
        (-5, "General", "-5"),
        (185057800608436, "General", "185057800608436"),
        (185057800608436, "0.00E+00", "185057800608436"),
        (1234.5, '#,##0.00\\ "€"', "1234.5"),
        (1234.5, "#,##0.00\\ [$€-40C]", "1234.5"),
        (1234567, "# ##0", "1234567"),
        (0.5, "# ?/?", "0.5"),
        (5, '0 "jours"', "5"),
        (5, "[<10]00;0", "5"),
        (5, "[Red]0", "5"),
        # Formats that carry zeros.
        (1234, "00000", "01234"),
        (-5, "00000", "-00005"),
        (12.5, "00000", "12.5"),
        (19992437, "000000000", "019992437"),
        (612345678, '0#" "##" "##" "##" "##', "06 12 34 56 78"),
        (612345678, "0#\\ ##\\ ##\\ ##\\ ##", "06 12 34 56 78"),
        (185057800608436, "0 00 00 00 000 000", "185 05 78 00 608 436"),
        (12345678901234, "000 000 000 00000", "123 456 789 01234"),
        (5, '"N°" 0000', "N° 0005"),
        (5, "\\P000", "P005"),
        # Percentages, never rounded.
        (0.125, "0%", "12.5%"),
        (0.125, "0.00%", "12.50%"),
        (1, "0%", "100%"),
        (0, "0%", "0%"),
        (1e-7, "0%", "0.00001%"),
        # Moments.
        (date(1934, 3, 5), "[$-40C]dd/mm/yyyy", "1934-03-05"),
        (datetime(1934, 3, 5), "dd/mm/yyyy", "1934-03-05"),
        (datetime(2021, 12, 5, 14, 29, 59, 999_990), "dd/mm/yyyy hh:mm", "2021-12-05T14:30:00"),
        (datetime(4000, 12, 31), "dd/mm/yyyy", "4000-12-31"),
        (time(14, 30), "hh:mm", "14:30:00"),
        (time(23, 59, 59, 999_999), "hh:mm", "24:00:00"),
        (timedelta(hours=30, minutes=15), "[h]:mm", "30:15:00"),
        (timedelta(hours=-1), "[h]:mm", "-01:00:00"),
    ],
)
def test_text_of_a_value(value: object, number_format: str, text: str) -> None:
    assert to_text(value, number_format) == (text, None)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1234567890123456, "CELL-03"),
        (1e20, "CELL-03"),
        (185050000000000, "CELL-05"),
        (1.85e14, "CELL-05"),
        (float("nan"), "CELL-01"),
        (float("inf"), "CELL-01"),
    ],
)
def test_digits_that_are_gone_are_never_guessed(value: float, code: str) -> None:
    assert to_text(value)[1] == code


@pytest.mark.parametrize("value", [123456789012, 100000, 12300000000, 185050000000001])
def test_round_numbers_that_nothing_says_against(value: int) -> None:
    assert to_text(value) == (str(value), None)


@pytest.mark.parametrize(
    ("code", "day", "clock"),
    [
        ("dd/mm/yyyy", True, False),
        ("[$-40C]d mmmm yyyy;@", True, False),
        ("[$-F800]dddd\\,\\ mmmm\\ dd", True, False),
        ("[Red]dd/mm/yy", True, False),
        ("dd/mm/yyyy hh:mm", False, False),
        ("hh:mm", False, True),
        ("[h]:mm:ss", False, True),
        ("[mm]:ss", False, True),
        ("General", False, False),
        ("0.00", False, False),
        ('0 "jours d\'hospitalisation"', False, False),
        ("[Red]0", False, False),
        ("@", False, False),
    ],
)
def test_what_a_format_shows(code: str, day: bool, clock: bool) -> None:
    assert is_day_format(code) is day
    assert is_clock_format(code) is clock


@pytest.mark.parametrize(
    ("serial", "code", "from_1904", "expected"),
    [
        (44535, "dd/mm/yyyy", False, ("2021-12-05", None)),
        (43073, "dd/mm/yyyy", True, ("2021-12-05", None)),
        (44535.604166666664, "dd/mm/yyyy hh:mm", False, ("2021-12-05T14:30:00", None)),
        (1, "dd/mm/yyyy", False, ("1900-01-01", None)),
        (59, "dd/mm/yyyy", False, ("1900-02-28", None)),
        (60, "dd/mm/yyyy", False, ("60", "CELL-11")),
        (61, "dd/mm/yyyy", False, ("1900-03-01", None)),
        (0, "dd/mm/yyyy", False, ("0", "CELL-11")),
        (-3, "dd/mm/yyyy", False, ("-3", "CELL-11")),
        (2958465, "dd/mm/yyyy", False, ("9999-12-31", None)),
        (2958466, "dd/mm/yyyy", False, ("2958466", "CELL-11")),
        (0.25, "hh:mm", False, ("06:00:00", None)),
        (1.25, "[h]:mm", False, ("30:00:00", None)),
        (-0.5, "hh:mm", False, ("-0.5", "CELL-11")),
    ],
)
def test_numbers_as_moments(serial: float, code: str, from_1904: bool, expected: tuple[str, str | None]) -> None:
    assert moment_text(serial, code, from_1904) == expected


@pytest.mark.parametrize(
    ("escaped", "text"),
    [("a_x000D_\nb", "a\nb"), ("_x005F_x000D_", "_x000D_"), ("_x0041_", "A"), ("_x00_", "_x00_"), ("sans", "sans")],
)
def test_escapes_of_workbooks(escaped: str, text: str) -> None:
    assert unescape(escaped) == text


def test_a_plain_format_has_no_mask() -> None:
    assert [mask_of(code) for code in ("General", "0", "#", "#,##0", "0.00", "dd/mm/yyyy", "@")] == [None] * 7
