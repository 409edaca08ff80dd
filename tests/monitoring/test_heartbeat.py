"""The heartbeat: when it is due, what keeps it back, and a monitoring service that does not answer as it should."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from bot import errors
from bot.archive.sources import LookCost
from bot.config.settings import Settings
from bot.database.states import IncidentKind
from bot.delivery.decisions import Rules
from bot.monitoring.health import Health
from bot.monitoring.heartbeat import Heartbeat
from bot.monitoring.notifier import OperatorNotifier
from tests.support.digests import days, digest, found
from tests.support.fakes.monitor import PATH, Monitor
from tests.support.memory_channel import lost, refused
from tests.support.pipeline import Pipeline, pipeline_at

SEOUL = ZoneInfo("Asia/Seoul")
MONDAY = datetime(2025, 1, 6, tzinfo=SEOUL)
REFUSALS = [refused(errors.Rejected("no")), refused(errors.Rejected("no"))]  # also as plain text


@pytest.fixture
async def monitor() -> AsyncIterator[Monitor]:
    async with Monitor() as made:
        yield made


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url, "a") as pipeline:
        pipeline.clock.now = (MONDAY + timedelta(hours=12)).timestamp()
        yield pipeline


def made(pipeline: Pipeline, url: str, answer: int | str = "") -> Heartbeat:
    """Give a heartbeat; only where silence is the answer does it not wait long: the machine may be busy."""
    timeout = 0.5 if answer == "silence" else 30.0
    settings = Settings.model_validate(
        {
            "sources": [{"name": "blog", "kind": "folder", "path": "_posts"}],
            "operators": {"heartbeat_url": url},
            "schedule": {"days": "mon-fri"},
        }
    )
    health, ledger = Health(), pipeline.ledger
    notifier = OperatorNotifier(settings, ledger.incidents, health.outages, [], pipeline.clock)
    return Heartbeat(settings, ledger.status, notifier, health, pipeline.clock, timeout=timeout, first_pause=0.001)


@asynccontextmanager
async def running(heartbeat: Heartbeat) -> AsyncIterator[None]:
    stopping = asyncio.Event()
    task = asyncio.create_task(heartbeat.run(stopping))
    async with asyncio.timeout(10):
        yield
        stopping.set()
        await task


async def called(heartbeat: Heartbeat, monitor: Monitor) -> int:
    """Let a sweep end; give how many calls follow from it."""
    before = len(monitor.calls)
    await heartbeat.swept()
    if not heartbeat._asked.is_set():
        return 0
    async with running(heartbeat):
        while heartbeat._asked.is_set() or not (heartbeat._is_due or "heartbeat" in heartbeat.health._signs):
            await asyncio.sleep(0.001)
    heartbeat.health._signs.clear()
    return len(monitor.calls) - before


async def test_a_post_in_which_no_paper_was_read_keeps_it_back(pipeline: Pipeline) -> None:
    heartbeat = made(pipeline, "http://127.0.0.1:9/")
    assert await heartbeat.is_all_well()
    heartbeat.notifier.unread = {"blog": "no paper was read in the newest post"}
    assert not await heartbeat.is_all_well()


async def test_once_a_day_at_the_hour_of_the_schedule_also_on_other_days(pipeline: Pipeline, monitor: Monitor) -> None:
    heartbeat, calls = made(pipeline, monitor.url), []
    for hours in (8, 8.5, 9, 23, 32.4, 32.5, 33, 5 * 24 + 8, 5 * 24 + 8.6):  # the last day is a Saturday
        pipeline.clock.now = (MONDAY + timedelta(hours=hours)).timestamp()
        calls.append(await called(heartbeat, monitor))
    assert calls == [0, 1, 0, 0, 0, 1, 0, 0, 1]
    assert {*monitor.calls} == {f"GET {PATH}?via=paperboy"}


async def test_after_each_digest(pipeline: Pipeline, monitor: Monitor) -> None:
    heartbeat = made(pipeline, monitor.url)
    assert [await called(heartbeat, monitor), await called(heartbeat, monitor)] == [1, 0]
    heartbeat.digest_sent()
    assert [await called(heartbeat, monitor), await called(heartbeat, monitor)] == [1, 0]


async def test_without_a_url_nobody_is_called(pipeline: Pipeline, monitor: Monitor) -> None:
    assert await called(made(pipeline, ""), monitor) == 0


@pytest.mark.parametrize(
    "failures",
    [
        [refused(errors.RetryLater("away", 900))],
        REFUSALS,
        [lost()],
        [refused(errors.BotGone("the token is refused"))],
        [refused(errors.ChatGone("kicked"))],
    ],
    ids=["waits", "refused", "unconfirmed", "bot", "paused"],
)
async def test_it_waits_for_what_is_open(pipeline: Pipeline, monitor: Monitor, failures: list[object]) -> None:
    heartbeat = made(pipeline, monitor.url)
    pipeline.channel.readable = False
    pipeline.channel.failures["a"].extend(failures)  # type: ignore[arg-type]
    await pipeline.run(days(1, papers=1))
    assert await called(heartbeat, monitor) == 0

    await pipeline.ledger.incidents.retry(unseen=True)
    pipeline.clock.now += 1000
    await pipeline.dispatch()
    assert await called(heartbeat, monitor) == 1


async def test_a_digest_that_waits_for_its_hour_is_not_open(pipeline: Pipeline, monitor: Monitor) -> None:
    heartbeat = made(pipeline, monitor.url)
    await pipeline.night(days(1))
    assert await called(heartbeat, monitor) == 1


async def test_a_reader_who_closed_the_chat_keeps_nothing_back(pipeline: Pipeline, monitor: Monitor) -> None:
    heartbeat = made(pipeline, monitor.url)
    await pipeline.subscriber("r")
    pipeline.channel.failures["r"].append(refused(errors.ChatGone("blocked")))
    await pipeline.run(days(1))
    assert await called(heartbeat, monitor) == 1


async def test_what_an_operator_gave_up_keeps_nothing_back(pipeline: Pipeline, monitor: Monitor) -> None:
    heartbeat = made(pipeline, monitor.url)
    pipeline.channel.failures["a"].extend(REFUSALS)
    await pipeline.run(days(1))
    assert await called(heartbeat, monitor) == 0
    await pipeline.ledger.incidents.discard()
    assert await called(heartbeat, monitor) == 1


async def test_a_post_that_looks_unfinished_keeps_it_back(pipeline: Pipeline, monitor: Monitor) -> None:
    heartbeat = made(pipeline, monitor.url)
    await pipeline.run(days(1))
    heartbeat.digest_sent()
    empty = found(digest(datetime(2025, 1, 6).date()))  # noqa: DTZ001
    await pipeline.look([*days(1), empty], rules=Rules(gate_wait=7200))
    assert await called(heartbeat, monitor) == 0
    pipeline.clock.now += 7300
    await pipeline.look([*days(1), empty], rules=Rules(gate_wait=7200))
    assert await called(heartbeat, monitor) == 1


async def test_a_post_that_is_overdue_keeps_it_back(pipeline: Pipeline, monitor: Monitor) -> None:
    """On the fifth Monday there is no post."""
    heartbeat = made(pipeline, monitor.url)
    for week in range(4):
        day = MONDAY + timedelta(weeks=week)
        pipeline.clock.now = (day + timedelta(hours=8)).timestamp()
        await pipeline.run(days(*range(day.day, day.day + 1)))
    late = MONDAY + timedelta(weeks=4)
    pipeline.clock.now = (late + timedelta(hours=9)).timestamp()
    assert await called(heartbeat, monitor) == 1
    heartbeat.digest_sent()
    pipeline.clock.now = (late + timedelta(hours=10, minutes=1)).timestamp()
    assert await called(heartbeat, monitor) == 0


async def test_an_outage_keeps_it_back(pipeline: Pipeline, monitor: Monitor) -> None:
    heartbeat = made(pipeline, monitor.url)
    heartbeat.health.outages.begin(IncidentKind.RUN, "", "no such folder", brief=0.0)
    assert await called(heartbeat, monitor) == 0
    heartbeat.health.outages.end(IncidentKind.RUN, "")
    assert await called(heartbeat, monitor) == 1


async def test_a_source_that_cannot_be_read_keeps_it_back(pipeline: Pipeline, monitor: Monitor) -> None:
    heartbeat = made(pipeline, monitor.url)
    await pipeline.ledger.sources.failed("blog", "no such folder", LookCost(0, 0, 0.1))
    assert await called(heartbeat, monitor) == 0
    await pipeline.ledger.sources.recovered("blog")
    assert await called(heartbeat, monitor) == 1


# A service that does not answer as it should


@pytest.mark.parametrize("answer", [500, 404, "reset", "silence"])
async def test_it_tries_again_at_once(pipeline: Pipeline, monitor: Monitor, answer: int | str) -> None:
    heartbeat = made(pipeline, monitor.url, answer)
    monitor.answers += [answer, answer]
    assert await heartbeat.call() == ""
    assert len(monitor.calls) == 3
    assert heartbeat.health.report(0).notes == []


async def test_it_follows_to_another_address(pipeline: Pipeline, monitor: Monitor) -> None:
    monitor.answers.append("elsewhere")
    assert await made(pipeline, monitor.url).call() == ""


@pytest.mark.parametrize(
    ("answer", "why"),
    [(503, "HTTP 503"), ("silence", "no answer in 0.5 seconds"), ("reset", "cannot be reached (RemoteProtocolError)")],
)
async def test_what_fails_is_noted_logged_once_without_the_url_and_tried_at_the_next_sweep(
    pipeline: Pipeline, monitor: Monitor, answer: int | str, why: str
) -> None:
    heartbeat = made(pipeline, monitor.url, answer)
    monitor.answers += [answer] * 6
    with capture_logs() as logs:
        assert [await called(heartbeat, monitor), await called(heartbeat, monitor)] == [3, 3]
        assert heartbeat.health.report(0).notes == [f"heartbeat: 127.0.0.1: {why}"]
        assert heartbeat.health.report(0).problems == []
        assert await called(heartbeat, monitor) == 1
    assert logs == [{"event": "heartbeat", "log_level": "warning", "host": "127.0.0.1", "error": why}]
    assert heartbeat.health.report(0).notes == []
    assert PATH not in repr(heartbeat.settings)


async def test_who_is_told_to_stop_waits_for_no_answer(pipeline: Pipeline, monitor: Monitor) -> None:
    heartbeat = made(pipeline, monitor.url)
    monitor.answers += ["silence"] * 3
    await heartbeat.swept()
    async with running(heartbeat):
        while not monitor.calls:
            await asyncio.sleep(0.001)
    assert len(monitor.calls) == 1
