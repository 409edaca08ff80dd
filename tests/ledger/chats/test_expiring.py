"""Messages that are to be deleted: noted, due in their time, kept over the end of the program, then forgotten."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.ledger.chats.expiring import ExpiringMessage, ExpiringMessages
from bot.ledger.ledger import open_ledger
from tests.support.pipeline import Clock, open_pipeline

CHANNEL = "-1001111111111"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def expiring(ledger_url: str, clock: Clock) -> AsyncIterator[ExpiringMessages]:
    async with open_ledger(ledger_url, clock) as ledger:
        yield ledger.expiring


async def ids(expiring: ExpiringMessages, channel: str = "telegram") -> list[str]:
    return [message.remote_id for message in await expiring.due(channel)]


async def test_a_message_is_due_when_its_time_is_over_and_until_it_is_forgotten(
    expiring: ExpiringMessages, clock: Clock
) -> None:
    await expiring.note("telegram", CHANNEL, "7", 60.0)
    assert (await ids(expiring), await expiring.next_in("telegram")) == ([], 60.0)
    clock.now += 60
    [message] = await expiring.due("telegram")
    assert message == ExpiringMessage(message.number, CHANNEL, "7")
    assert await expiring.next_in("telegram") == 0.0
    await expiring.forget(message.number)
    assert (await ids(expiring), await expiring.next_in("telegram")) == ([], None)


async def test_those_of_one_channel_come_in_order(expiring: ExpiringMessages, clock: Clock) -> None:
    for remote_id, seconds in (("9", 30.0), ("8", 20.0), ("10", 90.0)):
        await expiring.note("telegram", CHANNEL, remote_id, seconds)
    await expiring.note("slack", "C1", "1.5", 10.0)
    assert await expiring.next_in("telegram") == 20.0
    clock.now += 30
    assert (await ids(expiring), await ids(expiring, "slack")) == (["9", "8"], ["1.5"])


async def test_a_message_that_is_in_use_stays_and_no_other_becomes_one(
    expiring: ExpiringMessages, clock: Clock
) -> None:
    await expiring.note("telegram", CHANNEL, "7", 60.0)
    clock.now += 50
    await expiring.postpone("telegram", CHANNEL, "7", 60.0)
    await expiring.postpone("telegram", CHANNEL, "8", 60.0)  # a delivery
    clock.now += 50
    assert await ids(expiring) == []
    clock.now += 10
    assert await ids(expiring) == ["7"]


async def test_one_that_is_noted_again_is_due_at_the_later_time(expiring: ExpiringMessages, clock: Clock) -> None:
    """Telegram sent the same update twice."""
    await expiring.note("telegram", CHANNEL, "7", 60.0)
    clock.now += 30
    await expiring.note("telegram", CHANNEL, "7", 60.0)
    assert await expiring.next_in("telegram") == 60.0


async def test_what_was_noted_while_the_clock_was_ahead_is_due_in_time(tmp_path: Path) -> None:
    """The next write moves the times; a server's clock is trusted."""
    async with open_pipeline(tmp_path) as pipeline:
        clock, expiring = pipeline.clock, pipeline.ledger.expiring
        clock.now += 3 * 86_400
        await expiring.note("telegram", CHANNEL, "7", 60.0)
        clock.now -= 3 * 86_400
        await expiring.note("telegram", CHANNEL, "8", 90.0)
        assert await expiring.next_in("telegram") == pytest.approx(60.0, abs=0.01)
        clock.now += 60
        assert await ids(expiring) == ["7"]


async def test_what_is_noted_outlives_the_program(ledger_url: str, clock: Clock) -> None:
    url = ledger_url
    async with open_ledger(url, clock) as ledger:
        await ledger.expiring.note("telegram", CHANNEL, "7", 60.0)
    clock.now += 3600
    async with open_ledger(url, clock) as ledger:
        assert await ids(ledger.expiring) == ["7"]
