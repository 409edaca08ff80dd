"""Delivery hours: from what time, on which days, a chat receives new digests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from bot.config.fields import weekdays
from bot.config.settings import Settings


@dataclass(frozen=True, slots=True)
class DeliveryHours:
    """From `at` to midnight of each of `days`: a late post still goes out, and no message comes at night."""

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
        """Give the hours that a chat chose, or the operator's where it chose none."""
        schedule = settings.schedule
        days = "".join(schedule.days.split())  # without blanks, since `read` splits at them
        return cls.read(spelled) if spelled else cls(schedule.at, days, settings.timezone)

    @property
    def weekday_numbers(self) -> list[int]:
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
        """Give the opening of a day. Compare timestamps: when summer time ends, an hour of the clock comes twice."""
        return datetime.combine(day, self.at, tzinfo=ZoneInfo(self.zone))
