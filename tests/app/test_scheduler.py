"""The scheduler: when it wakes the service."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from bot.app.duties.scheduler import make_scheduler
from bot.config.schedule import Schedule
from bot.config.settings import Operators, Settings
from bot.delivery.hours import DeliveryHours
from tests.support.app import SEOUL


async def ring() -> None:
    """Wake nobody."""


def schedule(at: str = "08:30", days: str = "mon-fri") -> Settings:
    return Settings(timezone="Asia/Seoul", schedule=Schedule.model_validate({"at": at, "days": days}))


def test_days_over_the_weekend_are_understood_by_the_scheduler(tmp_path: Path) -> None:
    settings = schedule(days="fri-mon")
    assert [
        DeliveryHours.for_chat(settings).is_open(datetime(2025, 1, day, 12, tzinfo=SEOUL)) for day in range(9, 15)
    ] == [
        *(False, True, True, True, True),
        False,
    ]
    trigger = make_scheduler(settings, ring).get_job("daily").trigger
    friday = datetime(2025, 1, 9, 12, tzinfo=SEOUL)
    assert trigger.get_next_fire_time(None, friday) == datetime(2025, 1, 10, 8, 30, tzinfo=SEOUL)


def test_where_a_heartbeat_is_waited_for_it_wakes_each_day() -> None:
    """A sweep may be hours away."""
    without = schedule()
    operators = Operators.model_validate({"heartbeat_url": "https://hc.example.org/ping/FAKE"})
    scheduler = make_scheduler(without.model_copy(update={"operators": operators}), ring)
    saturday = datetime(2025, 1, 11, 8, 29, tzinfo=SEOUL)
    assert scheduler.get_job("heartbeat").trigger.get_next_fire_time(None, saturday) == saturday.replace(minute=30)
    assert make_scheduler(without, ring).get_job("heartbeat") is None
