"""The table `schedule` of the settings: when digests are delivered, and what is waited for."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from bot.config.fields import clock_time, duration, weekdays
from bot.config.table import Table

# Posts are looked at again for at least so long behind the newest ones: they are edited within days, if at all.
LOOK_BACK = timedelta(days=14)
Repeats = Literal["mark", "skip", "send"]


class Schedule(Table):
    at: Annotated[time, BeforeValidator(clock_time)] = time(8, 30)
    """When the newest digest is delivered.

    A later post goes out at the next sweep of the same day, never at night before this time.
    """
    days: str = "mon-sun"
    """On which days: "mon-fri", "mon,wed,fri"."""
    sweep: Annotated[timedelta, BeforeValidator(duration)] = timedelta(minutes=5)
    """How often late posts, edits and pending messages are looked at."""
    catch_up: int = Field(default=3, ge=1)
    """How many missed digests are delivered after downtime, oldest first."""
    gate_wait: Annotated[timedelta, BeforeValidator(duration)] = timedelta(hours=2)
    """How long a post is waited for that is empty, lost papers, or mostly says "정보 부족" or nothing.

    Then it goes out with what it has; an empty one is skipped until it has papers.
    """
    repeats: Repeats = "mark"
    """What becomes of a paper that an earlier digest had.

    "mark": it says so, with a link to that post; "skip": only the index lists it, and says so;
    "send": it comes as any other.
    """
    edits_for: Annotated[timedelta, BeforeValidator(duration)] = timedelta(days=3)
    """How long delivered messages follow the edits of their post; days, hours, minutes, seconds."""
    keep: Annotated[timedelta, BeforeValidator(duration)] = timedelta(days=30)
    """How long it is kept which chats hold a digest; later it is neither edited nor recalled, nor given to anybody.

    Its papers stay in the archive. "14d" or more, and no less than `schedule.edits_for`.
    """
    overdue: Annotated[timedelta, BeforeValidator(duration)] = timedelta(hours=2)
    """How much later than usual a post may come before the operators are notified; "0s": never."""

    @field_validator("days")
    @classmethod
    def _known_days(cls, value: str) -> str:
        weekdays(value)
        return value

    @property
    def kept_for(self) -> timedelta:
        """How long it is really kept: edits follow what chats hold."""
        return max(self.keep, self.edits_for)

    @field_validator("keep")
    @classmethod
    def _long_enough(cls, value: timedelta, info: ValidationInfo) -> timedelta:
        if value < max(LOOK_BACK, info.data.get("edits_for", LOOK_BACK)):
            raise ValueError('this is too short; write "14d" or more, and no less than schedule.edits_for')
        return value

    @field_validator("sweep")
    @classmethod
    def _not_zero(cls, value: timedelta) -> timedelta:
        if value < timedelta(seconds=1):
            raise ValueError('this is too often; write "1s" or more')
        return value
