"""Plans, hours and what readers choose amid the deliveries of two owners: their locks meet in any order.

What PostgreSQL ends of that is repeated: no error reaches anybody, and nothing is lost, sent twice or out of order.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import date
from itertools import count

import psycopg

from bot.delivery.channel import Channel
from bot.delivery.dispatcher import Dispatcher, RetryPolicy
from bot.delivery.planner import plan
from bot.ledger.ledger import Ledger, open_ledger
from bot.ledger.records.digests import Queueing, nothing
from tests.support.digests import digest, found, paper
from tests.support.memory_channel import MemoryChannel
from tests.support.pipeline import AT_ANY_TIME
from tests.support.usual import usual_edition

_SECONDS = 4.0
_OWNERS = ("terminal", "slack")
_CHATS = 12  # of each
_WAITS = RetryPolicy(settle_delay=0, first_backoff=0.01, longest_wait=5.0)
_PAPERS = 4
_DAYS = (date(2025, 1, 1), date(2025, 1, 2))


class Owner:
    """Who delivers for one bot."""

    def __init__(self, name: str, ledger: Ledger) -> None:
        self.channel, self.ledger = MemoryChannel(name), ledger
        self.errors: list[str] = []

    async def deliver(self) -> None:
        channels: dict[str, Channel] = {self.channel.name: self.channel}
        dispatcher = Dispatcher(self.ledger, channels, _WAITS, clock=self.ledger.clock)
        await dispatcher.run()
        assert not dispatcher.broken_chats


@asynccontextmanager
async def owner(url: str, name: str) -> AsyncIterator[Owner]:
    async with open_ledger(url) as ledger:
        await ledger.subscriptions.sync_chats(name, usual_edition(), {chat: chat for chat in map(str, range(_CHATS))})
        [bot] = await ledger.bots.known([name])
        assert await ledger.bots.take(bot)
        yield Owner(name, ledger)


async def look(ledger: Ledger, owners: list[Owner], word: str, days: Sequence[date] = _DAYS) -> None:
    """Plan days, whose papers are worded anew, and open all hours."""
    papers = [paper(number, word=word) for number in range(1, _PAPERS + 1)]
    formatters = {one.channel.name: one.channel.formatter for one in owners}
    posts = [found(digest(day, *papers)) for day in days]
    begun, queueing = ledger.clock(), Queueing(dict.fromkeys(await ledger.subscriptions.schedules(), 0.0), nothing)
    await plan(ledger, "blog", posts, formatters, AT_ANY_TIME, queueing=queueing)
    for spelled in await ledger.subscriptions.schedules():
        await ledger.open_at(spelled, 0.0, begun)


async def choose(ledger: Ledger, number: int) -> None:
    """Let a reader choose something, leave and come back."""
    chat = 1 + number % (_CHATS * len(_OWNERS))
    await ledger.subscriptions.set_preferences(chat, usual_edition(), schedule=("", "08:00")[number % 2])
    await ledger.subscriptions.pause(chat, "it left")
    await ledger.subscriptions.resume(chat)


async def again_and_again(work: Callable[[int], Awaitable[object]]) -> None:
    for number in count():
        await work(number)
        await asyncio.sleep(0.001)


async def test_locks_that_met_in_another_order_are_repeated_without_a_word(postgres_url: str) -> None:
    async with (
        open_ledger(postgres_url) as planner,
        open_ledger(postgres_url) as readers,
        owner(postgres_url, _OWNERS[0]) as first,
        owner(postgres_url, _OWNERS[1]) as second,
    ):
        owners = [first, second]
        await look(planner, owners, "first", _DAYS[:1])
        loops = [again_and_again(lambda number: look(planner, owners, f"word{number}"))]
        loops += [again_and_again(lambda number: choose(readers, number))]
        loops += [again_and_again(lambda _, one=one: one.deliver()) for one in owners]  # type: ignore[misc]
        tasks = [asyncio.create_task(loop) for loop in loops]
        done, _ = await asyncio.wait(tasks, timeout=_SECONDS, return_when=asyncio.FIRST_EXCEPTION)
        for task in tasks[:2]:
            task.cancel()
        await asyncio.gather(*tasks[:2], return_exceptions=True)
        for task in done:
            task.result()  # an error is not to reach anybody
        for chat in range(1, 1 + _CHATS * len(_OWNERS)):
            await readers.subscriptions.set_preferences(chat, usual_edition(), schedule="")
            await readers.subscriptions.resume(chat)
        await look(planner, owners, "last")
        async with asyncio.timeout(30):
            while left(postgres_url):
                await asyncio.sleep(0.05)
        for task in tasks[2:]:
            task.cancel()
        await asyncio.gather(*tasks[2:], return_exceptions=True)
        for one in owners:
            for name in map(str, range(_CHATS)):
                texts = [str(message.body["markup"]) for message in one.channel.chats[name]]
                assert [text.splitlines()[0] for text in texts] == expected(texts)
                assert [
                    text for text in texts if "Say last things" not in text and "Papers" not in text.splitlines()[0]
                ] == []


def expected(texts: list[str]) -> list[str]:
    """Give the first lines of all messages of both days, each once and in order."""
    first = [text.splitlines()[0] for text in texts[: _PAPERS + 1]]
    assert len({*first}) == _PAPERS + 1
    return [*first, *(line.replace("Wednesday, 1", "Thursday, 2") for line in first)]


def left(url: str) -> int:
    with psycopg.connect(url) as server:
        [(number,)] = server.execute("SELECT count(*) FROM deliveries WHERE state != 'sent'").fetchall()
    return int(number)
