"""The table `schedule` of the settings: when digests are delivered, and what is waited for."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, field_validator

from bot.config.fields import clock_time, duration, weekdays
from bot.config.table import Table

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
    overdue: Annotated[timedelta, BeforeValidator(duration)] = timedelta(hours=2)
    """How much later than usual a post may come before the operators are notified; "0s": never."""

    @field_validator("days")
    @classmethod
    def _known_days(cls, value: str) -> str:
        weekdays(value)
        return value

    @field_validator("sweep")
    @classmethod
    def _not_zero(cls, value: timedelta) -> timedelta:
        if value < timedelta(seconds=1):
            raise ValueError('this is too often; write "1s" or more')
        return value
