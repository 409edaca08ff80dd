"""What becomes of deliveries when the process that was at them stands still, is cut off or dies, beside others."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date

import pytest

from bot.concurrency import steady
from bot.database.engine import Sharing
from bot.delivery.channel import FreeTurn
from bot.delivery.dispatcher import RetryPolicy
from bot.errors import LedgerError, RetryLater, Unconfirmed
from bot.ledger.ledger import open_ledger
from bot.ledger.writing.bots import Bot
from bot.ledger.writing.deadline import NotWritten, call
from tests.support.digests import days, digest, found, paper
from tests.support.memory_channel import CrashError, Failure, MemoryChannel
from tests.support.pipeline import Clock, Pipeline
from tests.support.postgres.backends import backend_of, end_backend
from tests.support.usual import usual_edition

SHARING = Sharing(take_over_delay=25.0, deadline=0.5, lease=1.5, look_every=0.02)
LATER = RetryPolicy(settle_delay=0, longest_wait=0)  # what waits is left to the next dispatch
WHOLE = ["index", "1", "2"]


@pytest.fixture(autouse=True)
def sharing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.database.postgres.engine.SHARING", SHARING)


@dataclass
class Worker:
    """A process of those that share a ledger."""

    pipeline: Pipeline
    bot: Bot

    async def take(self) -> None:
        async with asyncio.timeout(20):
            while not await self.pipeline.ledger.bots.take(self.bot):
                await asyncio.sleep(0.01)

    @property
    def backend(self) -> int:
        return backend_of(self.pipeline.ledger)


@asynccontextmanager
async def worker(url: str, clock: Clock, channel: MemoryChannel) -> AsyncIterator[Worker]:
    async with open_ledger(url, clock) as ledger:
        await ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a"})
        [bot] = await ledger.bots.known(["terminal"])
        yield Worker(Pipeline(ledger, clock, channel), bot)


@pytest.fixture
async def clock() -> Clock:
    return Clock()


class StandsStill(MemoryChannel):
    """The process stands still right before the call, for longer than the server waits for it."""

    stands = False

    async def acquire_turn(
        self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
    ) -> FreeTurn:
        turn = await super().acquire_turn(address)
        return Still() if self.stands else turn


class Still(FreeTurn):
    async def begin(self) -> None:
        time.sleep(2 * SHARING.lease)


async def test_who_stood_still_between_claim_and_call_does_not_call(postgres_url: str, clock: Clock) -> None:
    channel = StandsStill()
    async with worker(postgres_url, clock, channel) as first, worker(postgres_url, clock, channel) as second:
        await first.take()
        await first.pipeline.look(days(1))
        channel.stands = True
        with pytest.raises(LedgerError, match="stood still"):
            await first.pipeline.dispatch()
        assert channel.chats["a"] == []
        channel.stands = False
        await second.take()
        await second.pipeline.dispatch(LATER)
        assert channel.chats["a"] == []  # the first one may be calling still
        clock.now += SHARING.take_over_delay
        await second.pipeline.dispatch(LATER)
    assert second.pipeline.read("a") == WHOLE
    assert len(channel.asked) == 1


class Waits(MemoryChannel):
    """Nothing that is sent or edited gets a connection."""

    waits = True

    async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
        await self._connect()
        return await super().send(address, body, delivery_ref=delivery_ref, thread=thread)

    async def edit(self, address: str, remote_id: str, body: Mapping[str, object]) -> None:
        await self._connect()
        await super().edit(address, remote_id, body)

    async def _connect(self) -> None:
        try:
            await call(asyncio.sleep(60.0 if self.waits else 0.0), 60.0, 60.0)
        except NotWritten as error:
            raise RetryLater(str(error)) from error


async def test_what_has_no_connection_by_the_deadline_is_due_again(postgres_url: str, clock: Clock) -> None:
    channel = Waits()
    async with worker(postgres_url, clock, channel) as first:
        await first.take()
        begun = time.monotonic()
        await first.pipeline.run(days(1), LATER)
        assert SHARING.deadline <= time.monotonic() - begun < 5 * SHARING.deadline
        assert await first.pipeline.counts("a") == {"pending": 3}
        channel.waits = False
        clock.now += 60
        await first.pipeline.dispatch(LATER)
        channel.waits = True
        await first.pipeline.run([found(digest(date(2025, 1, 1), paper(1), paper(2, word="other")))], LATER)
        assert (await first.pipeline.counts("a"))["stale"] >= 1


async def test_a_question_has_the_deadline_of_a_call_that_is_made_now(postgres_url: str, clock: Clock) -> None:
    channel = MemoryChannel()
    async with worker(postgres_url, clock, channel) as first:
        await first.take()
        channel.failures["a"].append(Failure(Unconfirmed("reset"), accepted=True))
        await first.pipeline.run(days(1), RetryPolicy(settle_delay=0))
        [asked] = channel.asked
        assert steady() < await asked.right.deadline() <= steady() + SHARING.deadline
        first.pipeline.ledger.writer.lease.end()
        with pytest.raises(LedgerError):
            await asked.right.deadline()


async def test_who_was_cut_off_can_claim_nothing(postgres_url: str, clock: Clock) -> None:
    channel = MemoryChannel()
    async with worker(postgres_url, clock, channel) as first, worker(postgres_url, clock, channel) as second:
        await first.take()
        await first.pipeline.look(days(1))

        def cut_off(*_: object) -> None:
            end_backend(postgres_url, first.backend)

        with pytest.raises(LedgerError, match="the server ended the connection"):
            await first.pipeline.dispatch(report=cut_off)
        assert first.pipeline.read("a") == ["index", "1"]  # the claim of 1 came with the outcome of the index
        await second.take()
        clock.now += SHARING.take_over_delay
        await second.pipeline.dispatch(LATER)
        clock.now += SHARING.take_over_delay
        await second.pipeline.dispatch(LATER)
    assert second.pipeline.read("a") == WHOLE


@pytest.mark.parametrize("in_order", [False, True])
async def test_a_question_of_a_former_owner_is_waited_for_unless_it_gave_the_bot_back(
    postgres_url: str, clock: Clock, *, in_order: bool
) -> None:
    channel = MemoryChannel()
    async with worker(postgres_url, clock, channel) as second:
        async with worker(postgres_url, clock, channel) as first:
            await first.take()
            channel.failures["a"].append(Failure(Unconfirmed("reset"), accepted=True))
            await first.pipeline.run(days(1), RetryPolicy(settle_delay=30, longest_wait=0))
            clock.now += 60
            if in_order:
                await first.pipeline.ledger.bots.give_back(first.bot)
        await second.take()
        await second.pipeline.dispatch(LATER)
        assert len(channel.asked) == in_order
        clock.now += SHARING.take_over_delay
        await second.pipeline.dispatch(LATER)
        assert len(channel.asked) == 1


async def test_an_edit_that_a_former_owner_had_begun_is_repeated_when_it_surely_arrived(
    postgres_url: str, clock: Clock
) -> None:
    """An older wording would come after the newer one."""

    class Dies(MemoryChannel):
        async def edit(self, address: str, remote_id: str, body: Mapping[str, object]) -> None:
            raise CrashError

    channel = MemoryChannel()
    async with worker(postgres_url, clock, channel) as second:
        await second.pipeline.run(days(1))
        async with worker(postgres_url, clock, Dies(chats=channel.chats)) as first:
            await first.take()
            await first.pipeline.look([found(digest(date(2025, 1, 1), paper(1), paper(2, word="other")))])
            with pytest.raises(BaseExceptionGroup):
                await first.pipeline.dispatch()
        await second.take()
        await second.pipeline.dispatch(LATER)
        assert await second.pipeline.counts("a") != {"sent": 3}
        clock.now += SHARING.take_over_delay
        await second.pipeline.dispatch(LATER)
        assert await second.pipeline.counts("a") == {"sent": 3}
