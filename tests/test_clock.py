"""The run's clock: declared, or the newest source's; never out of what a calendar has."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from converter.clock import run_clock

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("declared", "moment"),
    [
        ("2026-03-12", "2026-03-12T00:00:00+01:00"),
        ("2026-07-12", "2026-07-12T00:00:00+02:00"),
        (" 2026-03-12T18:00:00 ", "2026-03-12T18:00:00+01:00"),
        ("2026-03-12T18:00:00Z", "2026-03-12T18:00:00+00:00"),
        ("2026-03-12T18:00:00.9+05:30", "2026-03-12T18:00:00+05:30"),
    ],
)
@pytest.mark.parametrize(("option", "origin"), [(True, "option"), (False, "mapping")])
def test_a_declared_clock(declared: str, moment: str, option: bool, origin: str) -> None:
    clock = run_clock(declared, option=option, modified=[1e9], zone=PARIS)
    assert (clock.moment.isoformat(), clock.origin, clock.pinned) == (moment, origin, True)


def test_otherwise_the_newest_source_says_it() -> None:
    clock = run_clock(None, option=False, modified=[1_000_000_000.9, 5.0], zone=PARIS)
    assert clock.moment == datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)
    assert clock.moment.tzinfo is PARIS
    assert not clock.pinned


def test_without_sources_it_is_the_epoch() -> None:
    assert run_clock(None, option=False, modified=[], zone=PARIS).moment == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("modified", [1e15, -1e15, 253_402_300_799.0])
@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12"])
def test_times_that_no_calendar_has_are_bounded(modified: float, zone: str) -> None:
    assert 1 <= run_clock(None, option=False, modified=[modified], zone=ZoneInfo(zone)).moment.year <= 9999
