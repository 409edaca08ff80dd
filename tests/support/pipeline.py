"""Everything between a source and a chat, with no waiting: the real ledger, a channel by hand, a clock that stands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

import bot.ledger.ledger
from bot.database.states import ChatKind
from bot.delivery.decisions import Rules
from bot.delivery.dispatcher import Dispatcher, RetryPolicy
from bot.delivery.planner import plan
from bot.ledger.ledger import Ledger, open_ledger
from bot.ledger.records.deliveries import Chat, KnownIds, QueuedDelivery, Subscription
from bot.ledger.records.digests import Queueing, nothing
from bot.sources.source import FoundDigest
from formatters.edition import UsualEdition
from tests.support.ledger_files import empty
from tests.support.memory_channel import MemoryChannel
from tests.support.usual import usual_edition

NOW = RetryPolicy(settle_delay=0, first_backoff=0)
AT_ANY_TIME = Rules()  # no wait for unfinished posts, no end of edits
AT_ONCE: Mapping[str, float] = {}


@dataclass
class Clock:
    """Seconds since 1970 that pass only when a test says so."""

    now: float = 1_750_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Pipeline:
    """Plan and dispatch as the program does, step by step."""

    ledger: Ledger
    clock: Clock
    channel: MemoryChannel = field(default_factory=MemoryChannel)
    reports: list[tuple[str, str, str]] = field(default_factory=list)
    usual: UsualEdition = field(default_factory=usual_edition)
    looked_at: float = 0.0  # when the source was last looked at

    async def look(
        self,
        now: Sequence[FoundDigest],
        *,
        opening: float = 0.0,
        hours: Mapping[str, float] = AT_ONCE,
        source: str = "blog",
        rules: Rules = AT_ANY_TIME,
        on_queued: Callable[[], Awaitable[object]] = nothing,
    ) -> None:
        """Plan what the source holds now; `hours` are the openings of chats with hours of their own."""
        schedules = await self.ledger.subscriptions.schedules()
        queueing = Queueing({spelled: hours.get(spelled, opening) for spelled in schedules}, on_queued)
        formatters = {self.channel.name: self.channel.formatter}
        wants_newest = await self.ledger.chats_wanting_newest()
        await plan(self.ledger, source, now, formatters, rules, queueing=queueing)
        await self.ledger.release_now(wants_newest)
        await self.open_at(opening, hours)
        self.looked_at = self.clock()

    async def open_at(self, opening: float, hours: Mapping[str, float] = AT_ONCE) -> None:
        for spelled in await self.ledger.subscriptions.schedules():
            await self.ledger.open_at(spelled, hours.get(spelled, opening), self.looked_at)

    async def dispatch(
        self,
        waits: RetryPolicy = NOW,
        stopping: asyncio.Event | None = None,
        report: Callable[[Chat, QueuedDelivery, str, str], None] | None = None,
    ) -> Dispatcher:
        stopping, channels = stopping or asyncio.Event(), {self.channel.name: self.channel}
        dispatcher = Dispatcher(self.ledger, channels, waits, self.clock, stopping, on_settled=report or self._report)
        await dispatcher.run()
        return dispatcher

    async def run(self, now: Sequence[FoundDigest], waits: RetryPolicy = NOW) -> None:
        await self.look(now)
        await self.dispatch(waits)

    async def night(self, now: Sequence[FoundDigest]) -> None:
        """Plan and send while all hours are closed, and let some time pass."""
        await self.look(now, opening=self.clock() + 8 * 3600)
        await self.dispatch()
        self.clock.now += 60

    async def settle(self, *names: str) -> None:
        """Let the settings name these chats, and ask the platform which they are."""
        subscriptions, channel = self.ledger.subscriptions, self.channel
        await subscriptions.sync_chats(channel.name, self.usual, {name: name for name in names})
        for one in await subscriptions.unidentified(channel.name):
            identity = await channel.identify(one.address)
            known = {"kind": identity.kind, "canonical_address": identity.canonical_address}
            await subscriptions.set_preferences(one.id, self.usual, **known)
        await subscriptions.merge_doubles(channel.name)

    async def subscriber(self, name: str, *, now: bool = False, kind: str = "", **preferences: object) -> int:
        """Let a chat subscribe by itself."""
        subscriptions = self.ledger.subscriptions
        chat = await subscriptions.add_chat(
            self.channel.name, name, id_sequence=name, kind=ChatKind(kind), language="", usual=self.usual
        )
        if preferences:
            await subscriptions.set_preferences(chat, self.usual, **preferences)
        await subscriptions.subscribe(chat, self.usual, now=now)
        self.clock.now += 1
        return chat

    async def known(self, name: str) -> Subscription:
        found = await self.ledger.subscriptions.find(self.channel.name, (name,))
        assert found
        return found

    async def set_preferences(self, name: str, **preferences: object) -> None:
        await self.ledger.subscriptions.set_preferences((await self.known(name)).id, self.usual, **preferences)

    async def subscribe(self, name: str, *, now: bool = False) -> None:
        await self.ledger.subscriptions.subscribe((await self.known(name)).id, self.usual, now=now)
        self.clock.now += 1

    async def unsubscribe(self, name: str) -> None:
        await self.ledger.subscriptions.unsubscribe((await self.known(name)).id)
        self.clock.now += 1

    def shown(self, address: str) -> list[str]:
        """Give the first line of each message that a chat shows."""
        return [str(one.body["markup"]).splitlines()[0] for one in self.channel.chats[address]]

    def read(self, address: str) -> list[str]:
        """Give what each message of a chat is: "index", or a paper's number."""
        return numbers(self.shown(address))

    async def counts(self, chat: str, name: str = "daily-papers/2025-01-01") -> dict[str, int]:
        chat_statuses = await self.ledger.status.by_chat("blog", name)
        return next((one.counts for one in chat_statuses if one.chat == chat), {})

    async def problems(self, chat: str, name: str = "daily-papers/2025-01-01") -> list[str]:
        return next(one.problems for one in await self.ledger.status.by_chat("blog", name) if one.chat == chat)

    def _report(self, chat: Chat, row: QueuedDelivery, state: str, why: str) -> None:
        self.reports.append((chat.name, row.key, state))


@asynccontextmanager
async def pipeline_at(url: str, *listed: str) -> AsyncIterator[Pipeline]:
    """Open an empty ledger, in whichever database, whose settings list some chats."""
    clock = Clock()
    async with open_ledger(url, clock) as ledger:
        await ledger.subscriptions.sync_chats("terminal", usual_edition(), {name: name for name in listed})
        yield Pipeline(ledger, clock)


def without_others(ledger: Ledger) -> None:
    """Let nothing wait for the calls of another process: there is none, and a clock that stands does not reach it."""
    ledger._database.sharing = replace(ledger._database.sharing, take_over_delay=0.0)


@asynccontextmanager
async def open_pipeline(folder: Path, *listed: str) -> AsyncIterator[Pipeline]:
    """Open a ledger in a new file of a folder: for what is true of SQLite alone, or of no ledger."""
    async with pipeline_at(new_file(folder), *listed) as pipeline:
        yield pipeline


def new_file(folder: Path) -> str:
    """Make an empty ledger in a new file of a folder, and give its address."""
    empty(folder / "ledger.db")
    return f"sqlite:///{folder}/ledger.db"


def just_after(at: float) -> Any:
    """Equal a time in the ledger while the clock stands: on PostgreSQL each is a little later than the one before."""
    return pytest.approx(at, abs=0.001)


async def known_ids(ledger: Ledger, chat: Chat, before: float) -> KnownIds:
    """Ask what is known of message ids at a time, for a send that was tried then."""
    async with ledger._read() as db:
        return await bot.ledger.ledger.known_ids(db, chat, before)


def numbers(lines: Sequence[str]) -> list[str]:
    """Give what each message is: "index", or a paper's number."""
    return [line.split("[bold]")[1].split(".")[0] if ". " in line else "index" for line in lines]
