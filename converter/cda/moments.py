"""Moments as HL7 writes them (TS): ``AAAA[MM[JJ]]`` for days, to the second and with an offset for instants."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from converter.model import DocumentRecord, Establishment, Moment, PartialDate

__all__ = ["effective_time", "ts"]

_MINUTE = timedelta(minutes=1)


def ts(moment: Moment) -> str:
    """HL7 TS: a time always has its offset, a day never has one (CI-SIS header, dates)."""
    if not isinstance(moment, datetime):
        return moment.hl7
    # Before 1911 the offset of Paris has seconds; TS has no place for them, and the day that people know is kept.
    minutes = (moment.utcoffset() or timedelta()) // _MINUTE
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"{moment.year:04d}{moment:%m%d%H%M%S}{sign}{minutes // 60:02d}{minutes % 60:02d}"


def effective_time(document: DocumentRecord, establishment: Establishment, clock: datetime) -> datetime:
    """When the document was made, in the establishment's zone: by the source, else by the run's clock.

    A full day is that day at midnight, local time; less than a day cannot be written (CI-SIS header: to the second).
    """
    zone = ZoneInfo(establishment.timezone)
    created = document.created
    if isinstance(created, datetime):
        return created.astimezone(zone)
    if isinstance(created, PartialDate) and created.month is not None and created.day is not None:
        return datetime(created.year, created.month, created.day, tzinfo=zone)
    return clock.astimezone(zone)
