"""The scheduler: when it wakes the service, and when it has old deliveries deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.app.duties.jobs import woken
from bot.app.duties.scheduler import make_scheduler
from bot.config.schedule import Schedule
from bot.config.settings import Operators, Settings
from bot.database.engine import Task
from bot.delivery.hours import DeliveryHours
from bot.errors import LedgerError
from bot.ledger.ledger import open_ledger
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
    trigger = make_scheduler(settings, ring, ring).get_job("daily").trigger
    friday = datetime(2025, 1, 9, 12, tzinfo=SEOUL)
    assert trigger.get_next_fire_time(None, friday) == datetime(2025, 1, 10, 8, 30, tzinfo=SEOUL)


def test_what_is_old_is_deleted_an_hour_after_the_daily_minute_on_each_day() -> None:
    trigger = make_scheduler(schedule(at="23:45"), ring, ring).get_job("prune").trigger
    saturday = datetime(2025, 1, 11, 0, 30, tzinfo=SEOUL)
    assert trigger.get_next_fire_time(None, saturday) == saturday.replace(minute=45)


class Timer:
    """In place of the scheduler: its time has come when a test says so."""

    def __init__(self, _settings: Settings, _ring: object, prune: Callable[[], Awaitable[object]]) -> None:
        self.prune = prune
        timers.append(self)

    def start(self) -> None:
        """Do nothing."""

    def shutdown(self, *, wait: bool) -> None:
        assert not wait


timers: list[Timer] = []


async def nothing(_: str) -> None:
    """Plan nothing."""


async def test_it_is_a_job_and_when_it_fails_that_is_told(ledger_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.app.duties.jobs.make_scheduler", Timer)
    done = asyncio.Event()

    async def fail(what: str) -> None:
        assert what == "old deliveries"
        done.set()
        raise LedgerError("the disk is full")

    async with open_ledger(ledger_url) as ledger, asyncio.timeout(30):
        with capture_logs() as logs:
            async with woken(schedule(), ledger.jobs, asyncio.Event(), nothing, fail):
                while not done.is_set():
                    await timers[-1].prune()  # while a queue is not open yet, nothing is put into it
                    await asyncio.sleep(0.05)
                while not logs:
                    await asyncio.sleep(0.01)
    assert logs[0] == {"event": "job failed", "error": "prune old deliveries: the disk is full", "log_level": "error"}


class Silent:
    """A queue that takes nothing, as that of a server that is cut off."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()

    async def defer(self, _task: str, _what: str) -> None:
        self.asked.set()
        await asyncio.Event().wait()

    async def run(self, _tasks: Mapping[str, Task], _failed: Callable[[str], object]) -> None:
        await asyncio.Event().wait()


async def test_who_is_told_to_end_while_a_job_is_put_into_the_queue_says_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    daily = {"name": "daily", "kind": "folder", "path": "posts"}
    soon = Settings.model_validate({"schedule": {"sweep": "1s"}, "sources": [daily]})
    queue = Silent()
    async with asyncio.timeout(30), woken(soon, queue, asyncio.Event(), nothing, nothing):
        await queue.asked.wait()
    await asyncio.sleep(0)  # what was cancelled ends
    await asyncio.sleep(0)
    assert not caplog.records


def test_where_a_heartbeat_is_waited_for_it_wakes_each_day() -> None:
    """A sweep may be hours away."""
    without = schedule()
    operators = Operators.model_validate({"heartbeat_url": "https://hc.example.org/ping/FAKE"})
    scheduler = make_scheduler(without.model_copy(update={"operators": operators}), ring, ring)
    saturday = datetime(2025, 1, 11, 8, 29, tzinfo=SEOUL)
    assert scheduler.get_job("heartbeat").trigger.get_next_fire_time(None, saturday) == saturday.replace(minute=30)
    assert make_scheduler(without, ring, ring).get_job("heartbeat") is None
