"""Who does what, where several processes share one ledger in PostgreSQL: no duty is done by two, none by nobody."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest

from bot.app.duties.ownership import Ownership
from bot.database.engine import Sharing
from bot.errors import LedgerError
from bot.ledger import planning
from bot.ledger.ledger import Ledger, open_ledger
from bot.monitoring.outages import Outages
from tests.support.app import FIRST, memory, opened, subscribed
from tests.support.postgres.backends import backend_of, end_backend

QUICK = Sharing(take_over_delay=0.5, deadline=0.2, lease=0.6, look_every=0.02)
NAMES = ("slack", "telegram")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.database.postgres.engine.SHARING", QUICK)


@dataclass
class Duty:
    """A duty that notes who does it, and how it ends."""

    name: str
    doers: set[str]  # of all processes
    by: str
    ends: list[str] = field(default_factory=list)
    takes: float = 0.0  # seconds to end in order
    together: bool = False  # whether it was ever done by two

    async def run(self, stopping: asyncio.Event) -> None:
        self.doers.add(self.by)
        self.together |= len(self.doers) > 1
        try:
            await stopping.wait()
            await asyncio.sleep(self.takes)
            self.ends.append("in order")
        except asyncio.CancelledError:
            self.ends.append("at once")
            raise
        finally:
            self.doers.remove(self.by)


@dataclass
class Shared:
    """The processes that share a ledger, and what is done."""

    url: str
    done: dict[str, set[str]] = field(default_factory=lambda: {name: set() for name in ("planning", *NAMES)})
    workers: dict[str, Worker] = field(default_factory=dict)

    def by(self, worker: str) -> set[str]:
        return {name for name, doers in self.done.items() if worker in doers}

    async def until(self, known: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not known():
                await asyncio.sleep(0.005)


@dataclass
class Worker:
    ledger: Ledger
    duties: dict[str, Duty]
    stopping: asyncio.Event
    task: asyncio.Task[None]
    planned: asyncio.Event
    wake: asyncio.Event
    told: list[str]

    async def end(self) -> None:
        self.stopping.set()
        await self.task


@pytest.fixture
def shared(postgres_url: str) -> Shared:
    return Shared(postgres_url)


@asynccontextmanager
async def working(shared: Shared, name: str, takes: float = 0.0) -> AsyncIterator[Worker]:
    duties = {duty: Duty(duty, shared.done[duty], name, takes=takes) for duty in shared.done}
    planning, stopping, planned, wake = duties["planning"], asyncio.Event(), asyncio.Event(), asyncio.Event()
    async with open_ledger(shared.url) as ledger:
        bots = {channel: duties[channel] for channel in NAMES}
        told = list[str]()
        ownership = Ownership(ledger.bots, planning, bots, Outages(), planned, wake, lambda: told.append("dispatch"))
        worker = Worker(ledger, duties, stopping, asyncio.create_task(ownership.run(stopping)), planned, wake, told)
        try:
            yield worker
        finally:
            await worker.end()


async def test_one_alone_does_all_and_says_when_another_plans(shared: Shared) -> None:
    async with working(shared, "a") as first:
        await shared.until(lambda: shared.by("a") == {"planning", *NAMES})
        assert not first.planned.is_set()
        async with working(shared, "b") as second:
            await asyncio.wait_for(second.planned.wait(), 20)
    assert first.duties["planning"].ends == ["in order"]


async def test_one_with_too_many_bots_gives_some_back_in_order(shared: Shared) -> None:
    async with working(shared, "a", takes=0.3) as first:
        await shared.until(lambda: len(shared.by("a")) == 3)
        async with working(shared, "b"):
            await shared.until(lambda: len(shared.by("b")) == 1)
            assert len(shared.by("a")) == 2
            assert sum(duty.ends == ["in order"] for duty in first.duties.values()) == 1
            await asyncio.sleep(10 * QUICK.look_every)
            assert (len(shared.by("a")), len(shared.by("b"))) == (2, 1)
        await shared.until(lambda: len(shared.by("a")) == 3)
    assert not any(duty.together for duty in first.duties.values())


async def test_a_third_one_of_two_bots_does_nothing_until_another_ends(shared: Shared) -> None:
    async with AsyncExitStack() as stack:
        first, second, _third = [await stack.enter_async_context(working(shared, name)) for name in "abc"]
        await shared.until(lambda: all(shared.done.values()))
        await shared.until(lambda: max(len(shared.by(name) - {"planning"}) for name in "abc") == 1)
        idle = next(name for name in "abc" if not shared.by(name) - {"planning"})
        busy = first if idle != "a" else second
        await busy.end()
        await shared.until(lambda: len(shared.by(idle) - {"planning"}) == 1)


async def test_who_loses_the_connection_stops_at_once_and_another_goes_on(shared: Shared) -> None:
    async with working(shared, "a") as first, working(shared, "b") as second:
        await shared.until(lambda: all(shared.done.values()) and bool(shared.by("b")))
        lost = shared.by("a")
        end_backend(shared.url, backend_of(first.ledger))
        await shared.until(lambda: all(first.duties[name].ends[-1:] == ["at once"] for name in lost))
        await shared.until(lambda: all(shared.done.values()))
        assert not any("at once" in duty.ends for duty in second.duties.values())


async def test_both_cut_off_again_and_again_end_up_with_all_of_it_and_nothing_twice(shared: Shared) -> None:
    """Until its next look, one that was cut off does not know it; the ledger refuses what it wants to send."""
    async with working(shared, "a") as first, working(shared, "b") as second:
        for _ in range(10):
            await shared.until(lambda: all(shared.done.values()))
            for worker in (first, second):
                with suppress(AssertionError, AttributeError):  # it has no connection just now
                    end_backend(shared.url, backend_of(worker.ledger))
        await shared.until(lambda: all(len(doers) == 1 for doers in shared.done.values()))


async def test_who_stands_still_loses_all_and_does_nothing_more_when_it_goes_on(shared: Shared) -> None:
    class Stepping(Duty):
        steps = 0

        async def run(self, stopping: asyncio.Event) -> None:
            while True:
                await asyncio.sleep(0.001)
                self.steps += ledger.writer.lease.holds  # asked before each call, by who was due already, too

    stopping, duty = asyncio.Event(), Stepping("telegram", set(), "a")
    async with open_ledger(shared.url) as ledger:
        other = Duty("planning", set(), "a")
        task = asyncio.create_task(
            Ownership(
                ledger.bots, other, {"telegram": duty}, Outages(), asyncio.Event(), asyncio.Event(), lambda: None
            ).run(stopping)
        )
        await shared.until(lambda: duty.steps > 10)
        with psycopg.connect(shared.url, autocommit=True) as server:
            [bot] = await ledger.bots.known(["telegram"])
            assert not free(server, bot.lock)
            time.sleep(2 * QUICK.lease)  # so stands a process that was stopped: the loop does not go round
            assert free(server, bot.lock)
            steps = duty.steps
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert duty.steps == steps
            server.execute("SELECT pg_advisory_unlock_all()")
        await shared.until(lambda: duty.steps > steps + 10)  # nobody else took it
        stopping.set()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_they_tell_one_another_what_there_may_be_to_do(shared: Shared) -> None:
    async with working(shared, "a") as first, working(shared, "b") as second:
        await shared.until(lambda: bool(shared.by("a")) and bool(shared.by("b")) and all(shared.done.values()))
        planner, other = (first, second) if "planning" in shared.by("a") else (second, first)
        other.wake.set()
        await asyncio.wait_for(planner.wake.wait(), 20)
        assert not other.wake.is_set()
        await planner.ledger.bots.tell("dispatch")
        await shared.until(lambda: other.told == ["dispatch"])
        assert planner.told == []


async def test_who_delivers_is_told_of_each_range_of_chats_that_is_planned(
    shared: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planning goes on here only once the other process was told of what is queued already."""
    told, go_on = [0], planning.Plan.go_on

    async def once_told(plan: planning.Plan, *part: Any) -> planning.Part:
        await shared.until(lambda: len(owner.told) > told[-1])
        told.append(len(owner.told))
        return await go_on(plan, *part)

    monkeypatch.setattr(planning, "_MOST_CHATS", 1)
    monkeypatch.setattr(planning.Plan, "go_on", once_told)
    async with (
        working(shared, "owner") as owner,
        opened(memory(), FIRST, store={"url": shared.url}, schedule={"at": "00:00"}) as app,
    ):
        await subscribed(app, "7")
        assert await app.service.planning.sweep(app.cycle.stopping) is None
        await shared.until(lambda: len(owner.told) > told[-1])
    assert len(told) == 3


async def test_by_hand_what_another_has_is_left_to_it(shared: Shared) -> None:
    async with open_ledger(shared.url) as ledger, working(shared, "a") as first:
        await shared.until(lambda: len(shared.by("a")) == 3)
        async with ledger.bots.taken(NAMES) as mine:
            assert mine == set()
        await first.end()
        async with ledger.bots.taken(NAMES) as mine:
            assert mine == set(NAMES)
            async with open_ledger(shared.url) as other, other.bots.taken(NAMES) as theirs:
                assert theirs == set()


async def test_by_hand_work_ends_when_the_connection_is_lost(shared: Shared) -> None:
    async with open_ledger(shared.url) as ledger:

        async def work() -> None:
            async with asyncio.timeout(20), ledger.bots.taken(NAMES):
                end_backend(shared.url, backend_of(ledger))
                await asyncio.sleep(60)

        with pytest.raises(LedgerError, match="the server ended the connection"):
            await work()


def free(server: psycopg.Connection, key: tuple[int, int]) -> bool:
    found = server.execute("SELECT pg_try_advisory_lock(%s::int, %s::int)", key).fetchone()
    assert found
    return bool(found[0])
