"""Moments as FHIR writes them: ``instant`` and ``dateTime``."""

from __future__ import annotations

from datetime import UTC, datetime

from converter.model import Moment

__all__ = ["date_time", "instant"]


def instant(moment: datetime) -> str:
    """FHIR instant: to the second, offset in whole minutes (UTC where the zone had seconds in it, before 1911)."""
    offset = moment.utcoffset()
    if offset is None or offset.total_seconds() % 60:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="seconds")


def date_time(moment: Moment) -> str:
    """FHIR dateTime of a day, month or year, or of an aware moment."""
    return instant(moment) if isinstance(moment, datetime) else str(moment)
