"""Who delivers for which bot: processes that share a ledger take bots, plan one at a time, and tell one another."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.concurrency import cancel
from bot.database.engine import PLANNER, TO_DISPATCH, TO_PLAN, Census
from bot.errors import LedgerError, Stopped
from bot.ledger.ledger import Ledger, open_ledger
from bot.ledger.writing.bots import Owned
from tests.support.postgres.backends import backend_of, end_backend

NAMES = ("slack", "telegram")
HOST, PID = socket.gethostname(), os.getpid()
WAITS = ["another Paperboy is planning in this ledger; waiting for it to finish"]


@pytest.fixture
async def first(postgres_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(postgres_url) as ledger:
        yield ledger


@pytest.fixture
async def second(postgres_url: str, first: Ledger) -> AsyncIterator[Ledger]:
    async with open_ledger(postgres_url) as ledger:
        yield ledger


async def census(ledger: Ledger) -> Census:
    return await ledger.writer.write(lambda db, _: ledger._database.locks.census(db))


async def until(known: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not known():
            await asyncio.sleep(0.01)


async def test_a_bot_that_somebody_has_is_left_to_them_and_named(first: Ledger, second: Ledger) -> None:
    async with first.bots.taken(NAMES) as mine:
        async with second.bots.taken(NAMES) as theirs:
            assert (mine, theirs) == (set(NAMES), set())
        await first.bots.count("slack", 7)
        owners, _ = await second.bots.owners()
        known = [(one.channel, one.host, one.pid, one.per_minute) for one in owners]
        assert known == [("slack", HOST, PID, 7), ("telegram", HOST, PID, 0)]
        assert all(abs((one.since or 0) - first.clock()) < 60 for one in owners)
    assert await second.bots.owners() == ([Owned("slack"), Owned("telegram")], [])
    async with second.bots.taken(["slack"]) as theirs:
        assert theirs == {"slack"}


async def test_bots_that_were_lost_end_the_work(first: Ledger, postgres_url: str) -> None:
    async def work() -> None:
        async with asyncio.timeout(20), first.bots.taken(NAMES):
            end_backend(postgres_url, backend_of(first))
            await asyncio.sleep(60)

    with pytest.raises(LedgerError, match="the server ended the connection"):
        await work()
    async with first.bots.taken(NAMES) as mine:
        assert mine == set(NAMES)


async def test_work_that_is_cancelled_gives_its_bots_back(first: Ledger, second: Ledger) -> None:
    taken = asyncio.Event()

    async def work() -> None:
        async with first.bots.taken(NAMES):
            taken.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.wait_for(taken.wait(), 20)
    await cancel(task)
    assert task.cancelled()
    async with second.bots.taken(NAMES) as theirs:
        assert theirs == set(NAMES)


async def test_a_look_takes_what_nobody_has_up_to_a_fair_share(first: Ledger, second: Ledger) -> None:
    await first.bots.join()
    known = await first.bots.known(NAMES)
    _, all_ = await first.bots.look((), known)
    assert all_ == {PLANNER, *(bot.lock for bot in known)}
    assert (await first.bots.look(all_, known))[1] == set()
    await second.bots.join()
    seen, none = await second.bots.look((), known)
    assert (seen.processes, none) == (2, set())
    for bot in known:
        await first.bots.give_back(bot)
    assert (await second.bots.look((), known))[1] == {known[0].lock}


async def test_one_plans_at_a_time_and_tells_who_dispatches(first: Ledger, second: Ledger) -> None:
    told, done, stopping = list[str](), asyncio.Event(), asyncio.Event()

    async def plan() -> None:
        async with second.bots.planning(stopping, told.append):
            done.set()

    async with first.bots.planning(stopping, told.append):
        task = asyncio.create_task(plan())
        await until(lambda: told)
        assert (told, done.is_set()) == (WAITS, False)
        await first.bots.join()
    await asyncio.wait_for(task, 20)
    assert TO_DISPATCH in (await census(first)).told


async def test_who_is_told_to_stop_waits_no_longer(first: Ledger, second: Ledger) -> None:
    told, stopping = list[str](), asyncio.Event()

    async def plan() -> None:
        async with second.bots.planning(stopping, told.append):
            pytest.fail("two plan at once")

    async with first.bots.planning(asyncio.Event(), told.append):
        task = asyncio.create_task(plan())
        await until(lambda: told)
        stopping.set()
        with pytest.raises(Stopped):
            await asyncio.wait_for(task, 20)


async def test_processes_are_counted_and_told_what_others_say(first: Ledger, second: Ledger) -> None:
    await first.bots.join()
    await second.bots.join()
    assert (await census(first)).processes == 2
    assert await first.bots.owners() == ([], [f"{HOST} {PID}"] * 2)
    await second.bots.tell(TO_PLAN)
    assert (await census(second)).told == set()
    assert (await census(first)).told == {TO_PLAN}
    assert (await census(first)).told == set()


async def test_a_bot_that_was_not_given_back_is_asked_about_later(first: Ledger, second: Ledger) -> None:
    """Its former owner may be asking about a send still."""
    [bot] = await first.bots.known(["telegram"])
    assert await first.bots.take(bot)
    assert not await second.bots.take(bot)
    await first.bots.unlock(bot.lock)
    assert await second.bots.take(bot)
    assert await second.bots.try_lock(bot.lock)
    await second.bots.give_back(bot)
    assert await first.bots.try_lock(bot.lock), "however often it was taken, it is given back once"


async def test_where_nobody_shares_all_is_this_process_s(tmp_path: Path) -> None:
    async with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as file_ledger, file_ledger.bots.taken(NAMES) as mine:
        assert mine == set(NAMES)
        await file_ledger.bots.count("slack", 7)
        await file_ledger.bots.tell(TO_PLAN)
        assert await file_ledger.bots.owners() == ([], ())
        seen = await census(file_ledger)
        assert (seen.processes, seen.held, seen.told) == (1, frozenset(), frozenset())
        locks = file_ledger._database.locks
        assert await file_ledger.writer.write(lambda db, _: locks.names(db)) == ()
        assert await file_ledger.failed_jobs() == ()
