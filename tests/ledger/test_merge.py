"""What could be taken for something else: a row for the one whose id it got, a chat for a second one."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator

import pytest

from bot.delivery.channel import FreeTurn
from bot.delivery.dispatcher import Dispatcher
from tests.support.digests import days
from tests.support.memory_channel import MemoryChannel
from tests.support.pipeline import NOW, Pipeline, pipeline_at
from tests.support.usual import usual_edition

HOUR = 3600.0


class Held(MemoryChannel):
    """A channel in which each chat waits for its turn until a test gives it."""

    turns: defaultdict[str, asyncio.Event]
    waiting: defaultdict[str, asyncio.Event]

    async def acquire_turn(
        self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
    ) -> FreeTurn:
        self.waiting[address].set()
        await self.turns[address].wait()
        return FreeTurn()


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url, "a") as pipeline:
        yield pipeline


async def test_a_row_is_not_taken_for_the_one_that_got_its_id(pipeline: Pipeline) -> None:
    """SQLite gives ids of dropped rows to new ones: a worker that waited must not send what is another chat's."""
    posts = days(1)
    await pipeline.run(posts)
    await pipeline.subscriber("m", now=True)
    await pipeline.look(posts)
    channel = Held()
    channel.turns, channel.waiting = defaultdict(asyncio.Event), defaultdict(asyncio.Event)
    dispatcher = Dispatcher(pipeline.ledger, {"terminal": channel}, NOW, pipeline.clock)
    running = asyncio.create_task(dispatcher.run())
    async with asyncio.timeout(30):
        await channel.waiting["m"].wait()
        await pipeline.unsubscribe("m")
        await pipeline.subscriber("n", now=True)
        await pipeline.look(posts)
        dispatcher.rescan()
        channel.turns["m"].set()
        await channel.waiting["n"].wait()
        channel.turns["n"].set()
        await running
    assert channel.chats["m"] == []
    assert len(channel.chats["n"]) == 3


async def test_an_hour_that_moved_while_a_worker_waited_is_kept(pipeline: Pipeline) -> None:
    await pipeline.look(days(1), opening=pipeline.clock() + 0.2)
    channel = Held()
    channel.turns, channel.waiting = defaultdict(asyncio.Event), defaultdict(asyncio.Event)
    running = asyncio.create_task(Dispatcher(pipeline.ledger, {"terminal": channel}, NOW, pipeline.clock).run())
    async with asyncio.timeout(30):
        await channel.waiting["a"].wait()
        await pipeline.open_at(pipeline.clock() + HOUR)
        channel.turns["a"].set()
        await running
    assert channel.chats["a"] == []


async def test_a_chat_that_moved_and_is_listed_anew_is_the_same(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    await pipeline.ledger.subscriptions.move((await pipeline.known("a")).id, address="a-new", id_sequence="a-new")
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a-new": "a-new"})
    await pipeline.run(days(1))
    assert (len(pipeline.shown("a")), pipeline.shown("a-new")) == (3, [])
    await pipeline.run(days(1, 2))
    assert len(pipeline.shown("a-new")) == 3
