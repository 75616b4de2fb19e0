"""The run's clock: one moment for everything that is made now, so that a second run makes the same bytes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

__all__ = ["Clock", "run_clock"]


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
    """
    if declared is not None:
        moment = datetime.fromisoformat(declared.strip())
        aware = moment if moment.tzinfo else moment.replace(tzinfo=zone)
        return Clock(aware.replace(microsecond=0), "option" if option else "mapping")
    newest = max(modified, default=0.0)
    return Clock(datetime.fromtimestamp(int(newest), UTC).astimezone(zone), "newest-source")
