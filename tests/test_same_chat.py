"""What could be taken for something else: a row for the one whose id it got, a chat for a second one."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.delivery import Drain
from tests.support.digests import days
from tests.support.memory_channel import MemoryChannel
from tests.support.pipeline import NOW, House, housed

HOUR = 3600.0


class Held(MemoryChannel):
    """A channel in which each chat waits for its turn until a test gives it."""

    turns: defaultdict[str, asyncio.Event]
    waiting: defaultdict[str, asyncio.Event]

    async def turn(self, address: str, *, reply: bool = False, lead: float = 0.0) -> float:
        self.waiting[address].set()
        await self.turns[address].wait()
        return 0.0


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with housed(tmp_path, "a") as house:
        yield house


async def test_a_row_is_not_taken_for_the_one_that_got_its_id(house: House) -> None:
    """SQLite gives ids of dropped rows to new ones: a lane that waited must not send what is another chat's."""
    posts = days(1)
    await house.run(posts)
    await house.subscriber("m", now=True)
    await house.look(posts)
    channel = Held()
    channel.turns, channel.waiting = defaultdict(asyncio.Event), defaultdict(asyncio.Event)
    drain = Drain(house.store, {"terminal": channel}, NOW, house.clock)
    running = asyncio.create_task(drain.run())
    async with asyncio.timeout(30):
        await channel.waiting["m"].wait()
        await house.unsubscribe("m")
        await house.subscriber("n", now=True)
        await house.look(posts)
        drain.admit()
        channel.turns["m"].set()
        await channel.waiting["n"].wait()
        channel.turns["n"].set()
        await running
    assert channel.chats["m"] == []
    assert len(channel.chats["n"]) == 3


async def test_an_hour_that_moved_while_a_lane_waited_is_kept(house: House) -> None:
    await house.look(days(1), opening=house.clock() + 0.2)
    channel = Held()
    channel.turns, channel.waiting = defaultdict(asyncio.Event), defaultdict(asyncio.Event)
    running = asyncio.create_task(Drain(house.store, {"terminal": channel}, NOW, house.clock).run())
    async with asyncio.timeout(30):
        await channel.waiting["a"].wait()
        await house.gate(house.clock() + HOUR)
        channel.turns["a"].set()
        await running
    assert channel.chats["a"] == []


async def test_a_chat_that_moved_and_is_listed_anew_is_the_same(house: House) -> None:
    await house.run(days(1))
    await house.store.move((await house.known("a")).id, "a-new", "a-new")
    await house.store.join("terminal", "messages", {"a-new": "a-new"})
    await house.run(days(1))
    assert (len(house.shown("a")), house.shown("a-new")) == (3, [])
    await house.run(days(1, 2))
    assert len(house.shown("a-new")) == 3


async def test_a_chat_listed_by_name_is_the_one_its_people_subscribed(house: House) -> None:
    """A channel is listed as @name, and known by its number since somebody subscribed it."""
    await house.run(days(1))
    await house.subscriber("-100", now=True)
    await house.run(days(1))
    await house.store.join("terminal", "messages", {"a": "a", "@name": "@name"})
    listed = next(one for one in await house.store.subscribers.strangers("terminal") if one.name == "@name")
    assert await house.store.subscribers.merge(listed, "-100")
    await house.store.join("terminal", "messages", {"a": "a", "@name": "@name"})
    await house.run(days(1, 2))
    assert (len(house.shown("-100")), house.shown("@name")) == (6, [])


async def test_a_chat_that_nobody_subscribed_is_merged_with_none(house: House) -> None:
    [listed] = await house.store.subscribers.strangers("terminal")
    assert not await house.store.subscribers.merge(listed, "-100")


async def test_of_two_chats_that_both_have_messages_one_receives_no_more(house: House) -> None:
    await house.run(days(1))
    await house.subscriber("-100", now=True)
    [listed] = [one for one in await house.store.subscribers.strangers("terminal") if one.name == "a"]
    assert not await house.store.subscribers.merge(listed, "-100")
    await house.run(days(1, 2))
    assert (len(house.shown("a")), house.shown("-100")) == (6, [])
