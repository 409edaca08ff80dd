"""Hours: at which time of which days a chat receives new digests, in which time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from bot.config.fields import weekdays
from bot.config.settings import Settings


@dataclass(frozen=True, slots=True)
class DeliveryHours:
    """From `at` to midnight of each of `days`: a late post still goes out, and none wakes a reader at night."""

    at: time
    days: str  # "mon-fri", "mon,wed"
    zone: str  # "Asia/Seoul"

    def __str__(self) -> str:
        return f"{self.at:%H:%M} {self.days} {self.zone}"

    @classmethod
    def read(cls, spelled: str) -> Self:
        """Read what `str` wrote."""
        at, days, zone = spelled.split()
        return cls(time.fromisoformat(at), days, zone)

    @classmethod
    def for_chat(cls, settings: Settings, spelled: str = "") -> Self:
        """Give the hours that a chat wishes, or those of the operator where it wishes none."""
        schedule = settings.schedule
        days = "".join(schedule.days.split())  # "mon, wed, fri" is one word among three
        return cls.read(spelled) if spelled else cls(schedule.at, days, settings.timezone)

    @property
    def weekdays(self) -> list[int]:
        """List the days as numbers, Monday being 0."""
        return sorted(weekdays(self.days))

    def is_open(self, now: datetime) -> bool:
        """Tell whether new digests are delivered at this moment, given in any time zone."""
        today = now.astimezone(ZoneInfo(self.zone)).date()
        return today.weekday() in weekdays(self.days) and self._begin(today).timestamp() <= now.timestamp()

    def next_after(self, now: datetime) -> datetime:
        """Give the next moment at which these hours begin."""
        day = now.astimezone(ZoneInfo(self.zone)).date()
        while day.weekday() not in weekdays(self.days) or self._begin(day).timestamp() <= now.timestamp():
            day += timedelta(days=1)
        return self._begin(day)

    def next_opening(self, now: datetime) -> float:
        """Give the time, in seconds since 1970, from which a digest may go out: 0 when it may now."""
        return 0.0 if self.is_open(now) else self.next_after(now).timestamp()

    def _begin(self, day: date) -> datetime:
        """Give the moment; compare timestamps, for hours come twice when summer time ends."""
        return datetime.combine(day, self.at, tzinfo=ZoneInfo(self.zone))
