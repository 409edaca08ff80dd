"""What was delivered, added up by digest and chat."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

import pytest
from structlog.testing import capture_logs

from bot import errors
from bot.delivery.dispatcher import Dispatcher
from bot.monitoring.tally import Tally
from tests.support.digests import days
from tests.support.memory_channel import Failure, MemoryChannel, lost, refused
from tests.support.pipeline import NOW, Clock, Pipeline, pipeline_at

FIRST, SECOND, THIRD = (f"daily-papers/2025-01-0{day}" for day in (1, 2, 3))


@dataclass
class Slow(MemoryChannel):
    """A channel in which each call takes a second."""

    seconds: Clock = field(default_factory=Clock)

    async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
        self.seconds.now += 1
        return await super().send(address, body, delivery_ref=delivery_ref, thread=thread)

    async def edit(self, address: str, remote_id: str, body: Mapping[str, object]) -> None:
        self.seconds.now += 1
        await super().edit(address, remote_id, body)


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url, "a") as pipeline:
        pipeline.channel = Slow()
        yield pipeline


async def told(pipeline: Pipeline) -> list[str]:
    """Dispatch what is planned, and give the lines."""
    lines: list[str] = []
    channel = pipeline.channel
    assert isinstance(channel, Slow)
    tally = Tally(lambda one: lines.append(f"{one.chat.name} {one.digest}: {one}"), channel.seconds)
    channels = {channel.name: channel}
    await Dispatcher(
        pipeline.ledger, channels, NOW, pipeline.clock, on_settled=tally.settled, working=tally.working
    ).run()
    return lines


async def test_a_line_for_each_digest_and_chat(pipeline: Pipeline) -> None:
    await pipeline.look(days(1, papers=18))
    assert await told(pipeline) == [f"a {FIRST}: 19 sent in 19 s"]


async def test_two_digests_one_after_the_other(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    await pipeline.look(days(1, 2, 3, papers=3))
    lines = await told(pipeline)
    assert lines == [f"a {FIRST}: 1 sent, 1 edited in 2 s", *(f"a {name}: 4 sent in 4 s" for name in (SECOND, THIRD))]


async def test_what_became_of_each_message_at_last(pipeline: Pipeline) -> None:
    """A lost answer is asked about, a refusal is tried once more as plain text: each message counts once."""
    refusal = refused(errors.Rejected("no"))
    pipeline.channel.failures["a"] += [lost(), Failure(), refusal, refusal]
    await pipeline.look(days(1, papers=3))
    lines = await told(pipeline)
    assert lines == [f"a {FIRST}: 3 sent, 1 failed in 5 s"]


async def test_edits(pipeline: Pipeline) -> None:
    await pipeline.run(days(1, papers=1))
    await pipeline.look(days(1, papers=2))
    assert await told(pipeline) == [f"a {FIRST}: 1 sent, 1 edited in 2 s"]


async def test_what_stays_unconfirmed_is_told_and_what_waits_is_not(pipeline: Pipeline) -> None:
    pipeline.channel.readable = False
    pipeline.channel.failures["a"] += [lost(), refused(errors.RetryLater("wait", 900.0))]
    await pipeline.look(days(1, papers=2))
    assert await told(pipeline) == [f"a {FIRST}: 1 unconfirmed in 1 s"]
    assert await told(pipeline) == []


async def test_an_edit_that_is_left_as_it_stands_is_none(pipeline: Pipeline) -> None:
    await pipeline.run(days(1, papers=1))
    await pipeline.look(days(1, papers=2))
    pipeline.channel.failures["a"] += [refused(errors.ChatMoved("moved", "-100a"))]
    assert await told(pipeline) == [f"a {FIRST}: 1 sent in 2 s"]


async def test_the_line_of_the_log(pipeline: Pipeline) -> None:
    """And of each message one that only `--verbose` shows."""
    await pipeline.look(days(1, papers=2))
    tally = Tally()
    with capture_logs() as logs:
        channels = {pipeline.channel.name: pipeline.channel}
        await Dispatcher(pipeline.ledger, channels, NOW, on_settled=tally.settled, working=tally.working).run()

    [line] = [one for one in logs if one["log_level"] == "info"]
    where = {"channel": "terminal", "chat": "a", "digest": FIRST}
    assert line == {
        "event": "delivered",
        "log_level": "info",
        **where,
        "summary": "3 sent in 1 s",
        "sent": 3,
        "seconds": 1,
    }
    assert [one["key"] for one in logs if one["log_level"] == "debug"] == [
        "index",
        "paper/2501.00001",
        "paper/2501.00002",
    ]


async def test_a_problem_is_logged_at_once(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"] += [refused(errors.RetryLater("wait", 900.0))]
    with capture_logs() as logs:
        await pipeline.run(days(1))

    assert [(one["log_level"], one["error"]) for one in logs if one["event"] == "delivery"] == [("warning", "wait")]


async def test_a_row_that_nobody_works_on_is_not_counted(pipeline: Pipeline) -> None:
    """As when its outcome is written only after its worker ended."""
    lines: list[object] = []
    tally = Tally(lines.append)
    await pipeline.look(days(1))
    channels = {pipeline.channel.name: pipeline.channel}
    await Dispatcher(pipeline.ledger, channels, NOW, pipeline.clock, on_settled=tally.settled).run()
    assert lines == []
