"""The long-running process: what it does at which hour, and how it ends."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.app import LOOK_BACK, clock, look_from
from bot.config import Schedule, Settings
from bot.hours import Hours
from tests.fakes.telegram import FakeTelegram
from tests.house import DATA, PRIVATE, ROOT

SEOUL = ZoneInfo("Asia/Seoul")
FIRST, SECOND = "2025-01-06-daily-papers-20250106.md", "2025-01-08-daily-papers-20250108.md"


def schedule(at: str = "08:30", days: str = "mon-fri") -> Settings:
    return Settings(timezone="Asia/Seoul", schedule=Schedule.model_validate({"at": at, "days": days}))


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2025-01-06 08:29", False),  # a Monday
        ("2025-01-06 08:30", True),
        ("2025-01-06 23:59", True),
        ("2025-01-07 00:00", False),
        ("2025-01-11 12:00", False),  # a Saturday
    ],
)
def test_new_digests_go_out_from_the_daily_minute_to_midnight(moment: str, expected: bool) -> None:
    assert Hours.of(schedule()).is_open(datetime.fromisoformat(moment).replace(tzinfo=SEOUL)) is expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        ("2025-01-06 08:29", "2025-01-06 08:30"),
        ("2025-01-06 08:30", "2025-01-07 08:30"),
        ("2025-01-10 09:00", "2025-01-13 08:30"),  # over the weekend
    ],
)
def test_the_next_run_is_the_next_daily_minute(moment: str, expected: str) -> None:
    when = Hours.of(schedule()).next(datetime.fromisoformat(moment).replace(tzinfo=SEOUL))
    assert when == datetime.fromisoformat(expected).replace(tzinfo=SEOUL)


def test_summer_time_moves_no_run() -> None:
    settings = Settings(timezone="Europe/Berlin", schedule=Schedule.model_validate({"at": "08:30"}))
    before = datetime(2025, 3, 29, 9, 0, tzinfo=settings.zone)
    assert Hours.of(settings).next(before).isoformat() == "2025-03-30T08:30:00+02:00"


class Running:
    """`paperboy run` as a process, with one private chat."""

    def __init__(self, folder: Path, telegram: FakeTelegram, *, at: str) -> None:
        telegram.add_chat(PRIVATE, kind="private")
        self.folder, self.telegram = folder, telegram
        (folder / "_posts").mkdir()
        (folder / "paperboy.toml").write_text(
            f"""
timezone = "Asia/Seoul"
[schedule]
at = "{at}"
sweep = "1s"
[[sources]]
name = "daily-papers"
kind = "folder"
path = "_posts"
[telegram]
token = "{telegram.token}"
base_url = "{telegram.base_url}"
chats = ["{PRIVATE}"]
"""
        )

    def post(self, name: str) -> None:
        shutil.copy(DATA / name, self.folder / "_posts" / name)

    async def start(self) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        command = (sys.executable, "-m", "bot", "run", "--config", str(self.folder / "paperboy.toml"))
        self.process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=pipe)
        return self.process

    async def until_shown(self, count: int, seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while len(self.telegram.shown(PRIVATE)) < count:
                await asyncio.sleep(0.05)

    async def stop(self) -> list[dict[str, object]]:
        """Ask the process to end and give what it logged."""
        self.process.send_signal(signal.SIGTERM)
        _, log = await asyncio.wait_for(self.process.communicate(), 30)
        assert self.process.returncode == 0, log.decode()
        return [json.loads(line) for line in log.decode().splitlines()]


@pytest.fixture
async def open_house(tmp_path: Path, telegram: FakeTelegram) -> AsyncIterator[Running]:
    """A process for which it is always late in the day."""
    running = Running(tmp_path, telegram, at="00:00")
    yield running
    if running.process.returncode is None:
        running.process.kill()
        await running.process.wait()


async def test_late_posts_and_edits_are_picked_up_and_a_stop_is_clean(open_house: Running) -> None:
    open_house.post(FIRST)
    await open_house.start()
    await open_house.until_shown(1)
    first = len(open_house.telegram.shown(PRIVATE))
    open_house.post(SECOND)
    await open_house.until_shown(first + 5)
    log = await open_house.stop()
    assert {"running", "planned", "delivery", "stopped"} <= {str(line["event"]) for line in log}
    assert "FAKE" not in json.dumps(log)
    ids = [shown.text for shown in open_house.telegram.shown(PRIVATE)]
    assert len(ids) == len(set(ids))


async def test_stopped_in_the_middle_then_started_again_completes(open_house: Running) -> None:
    open_house.post(FIRST)
    await open_house.start()
    await open_house.until_shown(2)
    await open_house.stop()
    shown = len(open_house.telegram.shown(PRIVATE))
    await open_house.start()
    await open_house.until_shown(4)
    await open_house.stop()
    texts = [shown.text for shown in open_house.telegram.shown(PRIVATE)]
    assert shown < len(texts) == len(set(texts))


async def test_a_source_that_cannot_be_read_is_told_and_looked_at_again(open_house: Running) -> None:
    (open_house.folder / "_posts").rmdir()
    process = await open_house.start()
    assert process.stderr
    while b"no such" not in (line := await asyncio.wait_for(process.stderr.readline(), 30)).lower():
        assert line, "the process ended"
    (open_house.folder / "_posts").mkdir()
    open_house.post(FIRST)
    await open_house.until_shown(1)
    await open_house.stop()


@pytest.mark.long
async def test_the_daily_minute_delivers_by_itself(tmp_path: Path, telegram: FakeTelegram) -> None:
    minute = datetime.now(SEOUL) + timedelta(minutes=1)
    running = Running(tmp_path, telegram, at=f"{minute:%H:%M}")
    (tmp_path / "paperboy.toml").write_text((tmp_path / "paperboy.toml").read_text().replace('"1s"', '"1h"'))
    running.post(FIRST)
    await running.start()
    await running.until_shown(1, seconds=90)
    assert datetime.now(SEOUL).replace(second=0, microsecond=0) >= minute.replace(second=0, microsecond=0)
    await running.stop()


def test_a_post_dated_far_off_by_mistake_hides_no_other() -> None:
    days = [date(2025, 1, day) for day in range(1, 20)]
    assert look_from([*days, date(2052, 1, 20)]) == date(2025, 1, 16) - LOOK_BACK
    assert look_from([]) is None


def test_days_over_the_weekend_are_understood_by_the_clock(tmp_path: Path) -> None:
    settings = schedule(days="fri-mon")
    assert [Hours.of(settings).is_open(datetime(2025, 1, day, 12, tzinfo=SEOUL)) for day in range(9, 15)] == [
        *(False, True, True, True, True),
        False,
    ]
    trigger = clock(settings, asyncio.Event()).get_job("daily").trigger
    friday = datetime(2025, 1, 9, 12, tzinfo=SEOUL)
    assert trigger.get_next_fire_time(None, friday) == datetime(2025, 1, 10, 8, 30, tzinfo=SEOUL)
