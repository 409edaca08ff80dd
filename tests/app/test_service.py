"""The long-running process: what it does at which hour, and how it ends."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.app.assembly import App
from bot.delivery.dispatcher import RetryPolicy
from bot.errors import BotGone, RetryLater
from bot.ledger import planning
from bot.ledger.ledger import open_ledger
from bot.monitoring.health import DELIVERY, SWEEP, Health
from bot.sources.folder import FolderSource
from bot.sources.source import FoundDigest
from tests.support.app import FIRST, SECOND, SEOUL, TWO, hours_pass, in_some_days, memory, opened, subscribed, sweep
from tests.support.chats import READER
from tests.support.fakes.telegram import FakeTelegram
from tests.support.memory_channel import CrashError, MemoryChannel, refused
from tests.support.setup import DATA, ROOT


class Running:
    """`paperboy run` as a process, with one private chat."""

    def __init__(self, folder: Path, telegram: FakeTelegram, *, at: str) -> None:
        telegram.add_chat(READER, kind="private")
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
chats = ["{READER}"]
"""
        )

    def close(self) -> None:
        """Let the operator's hours begin in some days."""
        path = self.folder / "paperboy.toml"
        path.write_text(path.read_text().replace('sweep = "1s"', f'sweep = "1h"\ndays = "{in_some_days()}"'))

    def post(self, name: str) -> None:
        shutil.copy(DATA / name, self.folder / "_posts" / name)

    async def start(self, *options: str) -> asyncio.subprocess.Process:
        pipe = asyncio.subprocess.PIPE
        command = (sys.executable, "-m", "bot", "run", "--config", str(self.folder / "paperboy.toml"), *options)
        self.process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=pipe, stderr=pipe)
        return self.process

    async def until_shown(self, count: int, seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while len(self.telegram.shown(READER)) < count:
                await asyncio.sleep(0.05)

    async def stop(self) -> list[dict[str, object]]:
        """Ask the process to end and give what it logged."""
        self.process.send_signal(signal.SIGTERM)
        _, log = await asyncio.wait_for(self.process.communicate(), 30)
        assert self.process.returncode == 0, log.decode()
        return [json.loads(line) for line in log.decode().splitlines()]


@pytest.fixture
async def always_open(tmp_path: Path, telegram: FakeTelegram) -> AsyncIterator[Running]:
    """A process for which it is always late in the day."""
    running = Running(tmp_path, telegram, at="00:00")
    yield running
    if running.process.returncode is None:
        running.process.kill()
        await running.process.wait()


async def test_late_posts_and_edits_are_picked_up_and_a_stop_is_clean(always_open: Running) -> None:
    always_open.post(FIRST)
    await always_open.start()
    await always_open.until_shown(1)
    first = len(always_open.telegram.shown(READER))
    always_open.post(SECOND)
    await always_open.until_shown(first + 5)
    log = await always_open.stop()
    assert {"running", "planned", "delivered", "stopped"} <= {str(line["event"]) for line in log}
    assert "FAKE" not in json.dumps(log)
    assert "delivery" not in {line["event"] for line in log}
    assert all(str(line["local"]).endswith("+09:00") for line in log)
    ids = [shown.text for shown in always_open.telegram.shown(READER)]
    assert len(ids) == len(set(ids))


async def test_stopped_in_the_middle_then_started_again_completes(always_open: Running) -> None:
    always_open.post(FIRST)
    await always_open.start()
    await always_open.until_shown(2)
    await always_open.stop()
    shown = len(always_open.telegram.shown(READER))
    await always_open.start("--verbose")
    await always_open.until_shown(4)
    log = await always_open.stop()
    assert [line["state"] for line in log if line["event"] == "delivery"] == ["sent"] * (4 - shown)
    assert [line["sent"] for line in log if line["event"] == "delivered"] == [4 - shown]
    texts = [shown.text for shown in always_open.telegram.shown(READER)]
    assert shown < len(texts) == len(set(texts))


async def test_a_source_that_cannot_be_read_is_logged_and_looked_at_again(always_open: Running) -> None:
    (always_open.folder / "_posts").rmdir()
    process = await always_open.start()
    assert process.stderr
    while b"no such" not in (line := await asyncio.wait_for(process.stderr.readline(), 30)).lower():
        assert line, "the process ended"
    (always_open.folder / "_posts").mkdir()
    always_open.post(FIRST)
    await always_open.until_shown(1)
    await always_open.stop()


async def test_a_reader_who_subscribes_at_night_gets_the_newest_at_once_and_nobody_else_does(
    always_open: Running,
) -> None:
    """The next sweep is an hour away: it is the subscriber who wakes the program."""
    always_open.close()
    always_open.post(FIRST)
    always_open.telegram.add_chat("77", kind="private")
    await always_open.start()
    always_open.telegram.says("77", 77, "/subscribe now", language="en")
    async with asyncio.timeout(60):
        while len(always_open.telegram.shown("77")) < 2:  # the answer, and the index
            await asyncio.sleep(0.05)
    await always_open.stop()
    assert always_open.telegram.shown(READER) == []


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


@asynccontextmanager
async def running(app: App, listener: Listening | None = None) -> AsyncIterator[None]:
    """Run until told to stop, which must not take long."""
    task = asyncio.create_task(app.service.run({"telegram": listener} if listener else {}))
    async with asyncio.timeout(20):
        yield
        app.cycle.stopping.set()
        await task


class Listening:
    """A listener that ends when it is told to."""

    ended = False

    async def listen(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        self.ended = True


async def shows(channel: MemoryChannel, chat: str, messages: int) -> None:
    async with asyncio.timeout(10):
        while len(channel.chats[chat]) < messages:
            await asyncio.sleep(0.01)


async def test_it_wakes_by_itself_when_something_is_due() -> None:
    """The platform asks for a pause that is longer than a worker waits, and the next sweep is an hour away."""
    channel = memory()
    channel.failures["5"].append(refused(RetryLater("slow down", 0.3, flood=True)))
    tables: dict[str, Mapping[str, object]] = {
        "schedule": {"at": "00:00", "sweep": "1h"},
        "telegram": {**TWO["telegram"], "listen": "off"},
    }
    async with (
        opened(channel, FIRST, policy=RetryPolicy(longest_wait=0.0), **tables) as app,
        running(app),
    ):
        await shows(channel, "5", 4)


async def test_a_subscriber_who_comes_while_sources_are_read_does_not_wait_for_the_next_sweep() -> None:
    """Nothing is to be sent, so the dispatch is over before the subscriber is noticed."""
    channel = memory()

    class Visited(FolderSource):
        async def digests(self, since: date | None = None) -> Sequence[FoundDigest]:
            if not await app.ledger.subscriptions.find("telegram", ("7",)):
                await subscribed(app, "7", now=True)
                app.router.wake()
            return await super().digests(since)

    async with opened(channel, FIRST) as app:
        app.cycle.sources = [Visited("daily", Path("_posts"))]
        async with running(app):
            await shows(channel, "7", 4)
    assert channel.chats["5"] == []


async def test_a_subscriber_who_comes_during_a_dispatch_does_not_wait_for_its_end() -> None:
    held = asyncio.Event()

    class Slow(MemoryChannel):
        async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
            if address == "5":
                await held.wait()
            return await super().send(address, body, delivery_ref=delivery_ref, thread=thread)

    channel = Slow(name="telegram")
    async with opened(channel, FIRST, schedule={"at": "00:00", "sweep": "1h"}) as app, running(app):
        await shows(channel, "-6", 4)
        await subscribed(app, "7", now=True)
        app.router.wake()
        await shows(channel, "7", 4)
        assert channel.chats["5"] == []
        held.set()
        await shows(channel, "5", 4)


async def test_the_first_messages_leave_while_others_are_still_planned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each range of chats waits here until what was queued before it is in its chat."""
    channel = memory()
    whole, go_on = [*TWO["telegram"]["chats"]], planning.Plan.go_on

    async def after_the_first(plan: planning.Plan, *part: Any) -> planning.Part:
        await shows(channel, whole[0], 4)
        assert channel.chats[whole[1]] == []
        return await go_on(plan, *part)

    monkeypatch.setattr(planning, "_MOST_CHATS", 1)
    monkeypatch.setattr(planning.Plan, "go_on", after_the_first)
    async with opened(channel, FIRST, schedule={"at": "00:00", "sweep": "1h"}) as app, running(app):
        await shows(channel, whole[1], 4)


async def test_what_ends_the_program_ends_all_who_listen() -> None:
    """Else it would go on answering, and never deliver again."""

    class Broken(MemoryChannel):
        async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
            raise CrashError

    listening = Listening()
    async with opened(Broken(name="telegram"), FIRST, schedule={"at": "00:00"}) as app:
        with pytest.raises(BaseExceptionGroup):
            async with asyncio.timeout(10):
                await app.service.run({"telegram": listening})
    assert listening.ended


async def test_a_listener_that_ends_is_logged_and_listens_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.app.duties.listening._AGAIN", 0.01)

    class Dying(Listening):
        times = 0

        async def listen(self, stopping: asyncio.Event) -> None:
            self.times += 1
            if self.times == 1:
                raise ZeroDivisionError
            if self.times > 2:
                await super().listen(stopping)

    dying = Dying()
    with capture_logs() as logs:
        async with opened(memory()) as app, running(app, dying):
            while dying.times < 3:
                await asyncio.sleep(0.01)
    assert dying.ended
    assert [line["listener"] for line in logs if line["event"] == "listener ended"] == ["Dying"]


async def test_stopping_does_not_wait_for_a_listener_that_ended() -> None:
    class Ending(Listening):
        async def listen(self, stopping: asyncio.Event) -> None:
            """End at once."""

    async with asyncio.timeout(4), opened(memory()) as app, running(app, Ending()):
        await asyncio.sleep(0.1)


async def test_a_ledger_that_fails_for_a_while_does_not_end_it(tmp_path: Path) -> None:
    channel, listening = memory(), Listening()
    tables: dict[str, Any] = {"schedule": {"at": "00:00", "sweep": "1h"}, "operators": {"telegram": ["9"]}}
    async with opened(channel, **tables) as app:
        ledger = tmp_path / "paperboy.db.lock"
        ledger.mkdir()
        with capture_logs() as logs:
            async with running(app, listening):
                while not any(line["event"] == "run failed" for line in logs):
                    await asyncio.sleep(0.01)
                ledger.rmdir()
                shutil.copy(DATA / FIRST, "_posts")
                app.service.wake.set()
                await shows(channel, "5", 4)
    assert listening.ended
    assert [line.split(" ")[0] for line in notices(channel)] == ["✖", "✔"]


async def test_operators_are_notified_once_of_posts_that_cannot_be_read_and_when_they_can() -> None:
    channel = memory()
    async with opened(channel, operators={"telegram": ["9"]}, language="en") as app:
        Path("_posts").rmdir()
        await sweep(app)
        assert notices(channel) == []
        hours_pass()
        for _ in range(2):
            await sweep(app)
        Path("_posts").mkdir()
        shutil.copy(DATA / FIRST, "_posts")
        for _ in range(2):
            await sweep(app)
    broken, mended = notices(channel)
    assert "No such file or directory" in broken
    assert mended == "✔ daily: posts can be read again"


# How it is


def later(app: App, seconds: float) -> Health:
    """Give the health of the process as it will be when so many seconds have passed without a sign."""
    now = app.service.health.clock()
    health = app.service.health
    health.clock = health.outages.clock = lambda: now + seconds
    return health


def in_words(app: App) -> list[str]:
    return [one.what for one in app.service.health.report(0.0).problems]


async def swept(app: App) -> None:
    """Wait for the end of a sweep."""
    async with asyncio.timeout(10):
        while app.service.health._next.get(SWEEP, 0.0) - app.service.health.clock() < 1000:
            await asyncio.sleep(0.01)


async def test_the_next_sweep_is_waited_for_as_long_as_the_settings_say() -> None:
    async with opened(memory(), schedule={"at": "00:00", "sweep": "1h"}) as app, running(app):
        await swept(app)
        assert later(app, 3700).hanging() == []
        assert later(app, 3700).hanging() == ["sweep"]


async def test_a_dispatch_that_goes_on_is_alive_and_one_that_does_not_hangs() -> None:
    turns = asyncio.Queue[None]()

    class Slow(MemoryChannel):
        async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
            await turns.get()
            return await super().send(address, body, delivery_ref=delivery_ref, thread=thread)

    channel = Slow(name="telegram")
    async with opened(channel, FIRST, schedule={"at": "00:00", "sweep": "1h"}) as app, running(app):
        turns.put_nowait(None)
        async with asyncio.timeout(10):
            while not sum(map(len, channel.chats.values())) or "sweep" in later(app, 700).hanging():
                await asyncio.sleep(0.01)
        assert later(app, 700).hanging() == ["telegram dispatch"]
        turns.put_nowait(None)
        async with asyncio.timeout(10):
            while app.service.health.hanging():
                await asyncio.sleep(0.01)
        assert sum(map(len, channel.chats.values())) < 8
        for _ in range(6):
            turns.put_nowait(None)
        await shows(channel, "5", 4)


async def test_while_another_process_delivers_it_does_not_hang_and_says_so_after_a_while() -> None:
    async with opened(memory()) as app, AsyncExitStack() as other:
        theirs = await other.enter_async_context(open_ledger(app.settings.store.url))
        await other.enter_async_context(theirs.delivery_lock(asyncio.Event()))
        async with running(app):
            while not app.service.health.outages._present:
                await asyncio.sleep(0.01)
            assert in_words(app) == []
            assert later(app, 1e6).hanging() == []
            [problem] = in_words(app)
            assert problem.startswith("A run failed. another Paperboy is delivering from this ledger")
            await other.aclose()
            while in_words(app):
                await asyncio.sleep(0.01)


async def test_a_bot_that_is_refused_is_no_healthy_one_until_messages_go_out_again() -> None:
    channel = memory()
    channel.failures["5"].append(refused(BotGone("Telegram refuses the token")))
    tables: dict[str, Any] = {"schedule": {"at": "00:00"}, "telegram": {**TWO["telegram"], "listen": "off"}}
    async with opened(channel, FIRST, **tables) as app:
        await sweep(app)
        refusal = in_words(app)
        await sweep(app)
        assert (refusal, in_words(app)) == (["telegram: nothing goes out. Telegram refuses the token"], [])
        assert {SWEEP, DELIVERY} == app.service.health.report(0.0).signs.keys()


def notices(channel: MemoryChannel) -> list[str]:
    """List the notices that the operator received, a line each."""
    return [str(one.body["markup"]).removeprefix("Paperboy\n") for one in channel.chats["9"]]
