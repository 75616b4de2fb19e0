"""The run's clock: one moment for everything that is made now, so that a second run makes the same bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

__all__ = ["Clock", "run_clock"]


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A day within what datetime can say, so that any time zone can too.
_FIRST = int(datetime(1, 1, 2, tzinfo=UTC).timestamp())
_LAST = int(datetime(9999, 12, 30, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Clock:
    """``moment`` is aware; ``origin`` says where it comes from: option, mapping or newest-source."""

    moment: datetime
    origin: str

    @property
    def pinned(self) -> bool:
        """Somebody declared it."""
        return self.origin != "newest-source"


def run_clock(declared: str | None, *, option: bool, modified: Iterable[float], zone: ZoneInfo) -> Clock:
    """The declared moment (ISO date or date-time, in ``zone`` unless it says an offset), else the newest source's.

    ``modified`` are times of change in seconds since 1970. Without any source the epoch itself: nothing is dated then.
    A file system may hold any number: what no calendar has is the nearest moment that one has.
    """
    if declared is not None:
        moment = datetime.fromisoformat(declared.strip())
        aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return Clock(aware.replace(microsecond=0), "option" if option else "mapping")
    newest = min(max(int(max(modified, default=0.0)), _FIRST), _LAST)
    return Clock((_EPOCH + timedelta(seconds=newest)).astimezone(zone), "newest-source")
