"""Dates by declared forms: never the wrong month, never a made-up century."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter.mapping import dates
from converter.mapping.nodes import ColumnValue
from converter.mapping.values import ValueContext, compile_value
from converter.model import Header, PartialDate, SourceRow

PARIS = ZoneInfo("Europe/Paris")


def parse(text: str, *forms: str, pivot: int | None = None, zone: ZoneInfo = PARIS) -> object:
    return dates.parse(text, [dates.compile_form(form) for form in forms], zone, pivot)


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("03/04/2021", "%d/%m/%Y", "2021-04-03"),
        ("3/4/2021", "%d/%m/%Y", "2021-04-03"),
        ("2021", "%Y", "2021"),
        ("04/2021", "%m/%Y", "2021-04"),
        ("29/02/2024", "%d/%m/%Y", "2024-02-29"),
        ("3 avril 2021", "%d %B %Y", "2021-04-03"),
        ("3 AVRIL 2021", "%d %B %Y", "2021-04-03"),
        ("1 août 2021", "%d %B %Y", "2021-08-01"),
        ("1 aout 2021", "%d %B %Y", "2021-08-01"),
        ("12 févr. 2021", "%d %b %Y", "2021-02-12"),
        ("12 déc 2021", "%d %b %Y", "2021-12-12"),
        ("20210403", "%Y%m%d", "2021-04-03"),
        ("  03/04/2021  ", "%d/%m/%Y", "2021-04-03"),
        ("le 03/04/2021 (100%)", "le %d/%m/%Y (100%%)", "2021-04-03"),
    ],
)
def test_days_months_years(text: str, form: str, expected: str) -> None:
    assert str(parse(text, form)) == expected


@pytest.mark.parametrize(
    ("text", "form", "expected"),
    [
        ("03/04/2021 10:05", "%d/%m/%Y %H:%M", "2021-04-03T10:05:00+02:00"),
        ("03/01/2021 10:05:09", "%d/%m/%Y %H:%M:%S", "2021-01-03T10:05:09+01:00"),
        ("2021-04-03T10:05:00Z", "%Y-%m-%dT%H:%M:%S%z", "2021-04-03T10:05:00+00:00"),
        ("2021-04-03T10:05:00+0400", "%Y-%m-%dT%H:%M:%S%z", "2021-04-03T10:05:00+04:00"),
        ("28/03/2021 02:30", "%d/%m/%Y %H:%M", "2021-03-28T03:30:00+02:00"),  # an hour that the clocks skip
        ("31/10/2021 02:30", "%d/%m/%Y %H:%M", "2021-10-31T02:30:00+02:00"),  # the first of two
        ("03/04/2021 8h", "%d/%m/%Y %Hh", "2021-04-03T08:00:00+02:00"),
    ],
)
def test_moments_in_the_mappings_zone(text: str, form: str, expected: str) -> None:
    moment = parse(text, form)
    assert isinstance(moment, datetime)
    assert moment.isoformat() == expected


def test_another_zone() -> None:
    moment = parse("03/04/2021 10:05", "%d/%m/%Y %H:%M", zone=ZoneInfo("Indian/Reunion"))
    assert isinstance(moment, datetime)
    assert moment.utcoffset() == timedelta(hours=4)


@pytest.mark.parametrize(
    ("text", "form", "code"),
    [
        ("2021-04-03", "%d/%m/%Y", "DATE-01"),
        ("04/2021", "%d/%m/%Y", "DATE-01"),
        ("03/04/2021 10:05", "%d/%m/%Y", "DATE-01"),
        ("03/04/21", "%d/%m/%Y", "DATE-01"),
        ("3 avri 2021", "%d %B %Y", "DATE-01"),
        ("٠٣/٠٤/٢٠٢١", "%d/%m/%Y", "DATE-01"),
        ("31/04/2021", "%d/%m/%Y", "DATE-02"),
        ("29/02/2023", "%d/%m/%Y", "DATE-02"),
        ("12/13/2021", "%d/%m/%Y", "DATE-02"),
        ("00/00/2021", "%d/%m/%Y", "DATE-02"),
        ("01/01/0000", "%d/%m/%Y", "DATE-02"),
        ("03/04/2021 25:10", "%d/%m/%Y %H:%M", "DATE-03"),
        ("03/04/2021 10:60", "%d/%m/%Y %H:%M", "DATE-03"),
        ("03/04/2021 24:00", "%d/%m/%Y %H:%M", "DATE-03"),
        ("03/04/21", "%d/%m/%y", "DATE-04"),
    ],
)
def test_what_names_no_day(text: str, form: str, code: str) -> None:
    with pytest.raises(dates.WrongDateError) as refused:
        parse(text, form)
    assert refused.value.args == (code,)


@pytest.mark.parametrize(
    ("text", "year"), [("03/04/21", 2021), ("03/04/30", 2030), ("03/04/31", 1931), ("03/04/99", 1999)]
)
def test_two_digit_years_by_the_pivot(text: str, year: int) -> None:
    assert parse(text, "%d/%m/%y", pivot=30) == PartialDate(year, 4, 3)


def test_the_first_form_that_fits_counts() -> None:
    assert parse("03/04/2021", "%d/%m/%Y", "%m/%d/%Y") == PartialDate(2021, 4, 3)
    assert parse("2021-04-03", "%d/%m/%Y", "%Y-%m-%d") == PartialDate(2021, 4, 3)


@pytest.mark.parametrize("form", ["%d/%m", "jj/mm/aaaa", "%d/%m/%Y %p", "%d/%Y", "%Y %Y", "%x", "%d/%m/%", ""])
def test_forms_that_are_none(form: str) -> None:
    assert dates.form_problem(form)
    with pytest.raises(ValueError, match=r"."):
        dates.compile_form(form)


@given(st.dates(date(1, 1, 1), date(9999, 12, 31)))
def test_every_day_is_read_back(day: date) -> None:
    assert parse(f"{day.day:02d}/{day.month:02d}/{day.year:04d}", "%d/%m/%Y") == PartialDate.of(day)


@given(st.datetimes(datetime(1950, 1, 1), datetime(2050, 1, 1), timezones=st.just(UTC)))
def test_every_moment_is_read_back(moment: datetime) -> None:
    """Except that of a doubled hour only the first can be meant."""
    local = moment.replace(second=0, microsecond=0).astimezone(PARIS)
    found = parse(f"{local:%d/%m/%Y %H:%M}", "%d/%m/%Y %H:%M")
    assert isinstance(found, datetime)
    assert found - local in (timedelta(0), timedelta(0)) if local.fold else found == local
    assert found.replace(tzinfo=None) == local.replace(tzinfo=None)


# ----------------------------------------------------------------------------------------------------- as options


def run(cell: str, typed: bool = False, **options: object) -> tuple[object, list[str]]:
    value = ColumnValue.model_validate({"column": "Date", **options})
    rule = compile_value(value, Header(("Date",), typed), ValueContext(PARIS))
    found = rule(SourceRow("s", "f.csv", 2, (cell,)))
    return found.value, [d.code for d in found.diagnostics]


def test_typed_cells_pass_beside_the_declared_forms() -> None:
    assert run("2021-04-03", typed=True, date="%d/%m/%Y") == (PartialDate(2021, 4, 3), [])
    assert run("03/04/2021", typed=True, date="%d/%m/%Y") == (PartialDate(2021, 4, 3), [])
    assert run("2021-04-03", date="%d/%m/%Y") == (None, ["DATE-01"])


def test_typed_cells_with_a_time() -> None:
    moment, _ = run("2021-04-03 10:05:00", typed=True, date="%d/%m/%Y")
    assert moment == datetime(2021, 4, 3, 10, 5, tzinfo=PARIS)


@pytest.mark.parametrize("cell", ["31/12/4000", "31/12/4000 00:00", "01/01/1900"])
def test_sentinels_are_empty(cell: str) -> None:
    options = {"date": ["%d/%m/%Y", "%d/%m/%Y %H:%M"], "sentinels": ["31/12/4000", "01/01/1900"]}
    assert run(cell, **options) == (None, [])
    assert run(cell, required="yes", **options) == (None, ["VAL-01"])


def test_sentinels_as_real_date_cells() -> None:
    assert run("4000-12-31", typed=True, date="%d/%m/%Y", sentinels="31/12/4000") == (None, [])


@pytest.mark.parametrize(
    ("cell", "code"),
    [("truc", "DATE-01"), ("31/02/2020", "DATE-02"), ("1/2/2020 9:99", "DATE-03"), ("1/2/20", "DATE-04")],
)
def test_the_form_is_said_as_people_write_it(cell: str, code: str) -> None:
    value = ColumnValue.model_validate({"column": "Date", "date": ["%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%y"]})
    (found,) = compile_value(value, Header(("Date",)), ValueContext(PARIS))(SourceRow("s", "f", 2, (cell,))).diagnostics
    assert found.code == code
    assert found.params["format"] == "JJ/MM/AAAA / JJ/MM/AAAA hh:mm / JJ/MM/AA"


def test_a_document_kind_is_no_date() -> None:
    assert run("A", table={"A": {"type": "11490-0"}}, date="%Y") == (None, ["DATE-01"])


def test_words_that_stand_for_dates() -> None:
    assert run("jour de l'an", table={"Jour de l'An": "01/01/2020"}, date="%d/%m/%Y") == (PartialDate(2020, 1, 1), [])


def test_the_first_of_a_month_in_words() -> None:
    form = dates.compile_form("%d %B %Y")
    assert str(dates.parse("1er mars 1930", [form], ZoneInfo("Europe/Paris"), None)) == "1930-03-01"
