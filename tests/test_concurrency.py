"""Waiting: for one thing unless another comes first, for one's turn under a key, before the next try."""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import pytest

from bot.channels.rate_limits.limiter import LONG
from bot.channels.telegram.channel import BOT_CALLS
from bot.concurrency import LINGER, TURN_AHEAD, KeyedLock, StopWatch, backoff, steady, wait_first, wait_unless
from bot.delivery.worker import RetryPolicy
from tests.support.virtual_time import run

Result = TypeVar("Result")


def now() -> float:
    return round(asyncio.get_running_loop().time(), 3)


async def after(seconds: float, result: Result) -> Result:
    await asyncio.sleep(seconds)
    return result


async def broken(seconds: float) -> None:
    await asyncio.sleep(seconds)
    raise ZeroDivisionError


def waited(
    work: Coroutine[object, object, Result], told: float | None, grace: float = 0.0
) -> tuple[Result | None, float]:
    """Give what came of it and how long it took, when told to stop after so many seconds."""

    async def both() -> tuple[Result | None, float]:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        if told is not None:
            loop.call_later(told, stopping.set)
        came = await wait_unless(work, stopping, grace)
        assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing is left behind"
        return came, round(loop.time(), 3)

    return run(both())


def test_work_that_is_done_in_time() -> None:
    assert waited(after(2, "done"), None) == ("done", 2)


def test_work_that_is_not() -> None:
    assert waited(after(2, "done"), 1) == (None, 1)


def test_being_told_beforehand() -> None:
    assert waited(after(2, "done"), 0) == (None, 0)


def test_grace_lets_it_come_to_its_end() -> None:
    assert waited(after(2, "done"), 1, grace=5) == ("done", 2)


def test_grace_has_an_end() -> None:
    assert waited(after(20, "done"), 1, grace=5) == (None, 6)


def test_what_goes_wrong_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        waited(broken(1), None)


def test_what_goes_wrong_in_time_is_raised_though_told_to_stop() -> None:
    with pytest.raises(ZeroDivisionError):
        waited(broken(2), 1, grace=5)


def test_who_waits_may_be_cancelled_and_ends_the_work() -> None:
    ended: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(10)
        finally:
            ended.append("work")

    async def both() -> None:
        waiting = asyncio.create_task(wait_unless(work(), asyncio.Event()))
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()

    run(both())
    assert ended == ["work"]


# Many waits at once


def stopped(work: Sequence[Coroutine[Any, Any, Any]], told: float | None) -> tuple[list[object], float]:
    """Give what came of several waits and how long they took together, when told to stop after so many seconds."""

    async def all_of_them() -> tuple[list[object], float]:
        loop, stopping = asyncio.get_running_loop(), asyncio.Event()
        if told is not None:
            loop.call_later(told, stopping.set)
        stops = StopWatch(stopping)
        with stops.watched():
            came = await asyncio.gather(*map(stops.wait_unless, work), return_exceptions=True)
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing is left behind"
        assert not stops._waits
        return list(came), round(loop.time(), 3)

    return run(all_of_them())


def test_all_waits_end_when_told_to_stop() -> None:
    assert stopped([after(1, "one"), after(3, "three"), after(9, "nine")], 4) == (["one", "three", None], 4)
    assert stopped([after(1, "one"), after(3, "three")], None) == (["one", "three"], 3)


def test_what_needs_no_waiting_is_done_even_when_told_beforehand() -> None:
    async def both() -> tuple[str | None, str | None]:
        stopping = asyncio.Event()
        stopping.set()
        stops = StopWatch(stopping)
        return await stops.wait_unless(after(5, "late")), await stops.wait_unless(at_once("at once"))

    assert run(both()) == (None, "at once")


async def at_once(result: Result) -> Result:
    return result


async def too_late() -> None:
    async with asyncio.timeout(1):
        await asyncio.sleep(2)


def test_what_goes_wrong_in_one_wait_is_raised_there() -> None:
    came, _ = stopped([broken(1), too_late(), after(2, "done")], None)
    assert [type(one) for one in came] == [ZeroDivisionError, TimeoutError, str]


# The first of several


def test_the_first_of_several_ends_the_others() -> None:
    ended: list[float] = []

    async def work(seconds: float) -> None:
        try:
            await asyncio.sleep(seconds)
        finally:
            ended.append(now())

    async def all_of_them() -> float:
        await wait_first(work(5), work(2), work(9))
        assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing is left behind"
        return now()

    assert run(all_of_them()) == 2
    assert ended == [2, 2, 2]


def test_of_several_one_that_goes_wrong_is_the_first_too() -> None:
    async def both() -> float:
        await wait_first(broken(1), after(2, "done"))
        return now()

    assert run(both()) == 1


# By which clock


def test_seconds_pass_also_where_no_clock_goes_on_in_sleep(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.concurrency._BOOT", None)
    before = steady()
    time.sleep(0.01)
    assert 0.01 <= steady() - before < 60


# Before the next try


def test_each_try_waits_twice_as_long_up_to_a_limit() -> None:
    assert [backoff(1.5, tries, 20.0) for tries in range(6)] == [1.5, 3.0, 6.0, 12.0, 20.0, 20.0]


def test_however_many_tries_there_were_it_stays_a_number() -> None:
    assert backoff(5.0, 10**6, 3600.0) == 3600.0
    assert backoff(0.0, 10**6, 3600.0) == 0.0


# A lock for each key


def test_one_at_a_time_has_a_key_and_other_keys_do_not_wait() -> None:
    ended: dict[str, float] = {}

    async def work(lock: KeyedLock, key: str, name: str) -> None:
        async with lock.of(key):
            await asyncio.sleep(2)
            ended[name] = now()

    async def all_of_them() -> None:
        lock = KeyedLock()
        await asyncio.gather(work(lock, "a", "first"), work(lock, "a", "second"), work(lock, "b", "other"))

    run(all_of_them())
    assert ended == {"first": 2, "second": 4, "other": 2}


def test_a_key_that_nobody_has_takes_no_memory() -> None:
    async def one() -> tuple[int, int]:
        lock = KeyedLock()
        async with lock.of("a"):
            held = len(lock._locks)
        gc.collect()
        return held, len(lock._locks)

    assert run(one()) == (1, 0)


# What depends on each other


def test_a_reply_waits_for_no_more_than_two_broadcasts_granted_before_it() -> None:
    assert TURN_AHEAD <= 2 / BOT_CALLS


def test_a_commit_that_lingers_leaves_most_of_the_time_to_be_written() -> None:
    assert 3 * LINGER <= TURN_AHEAD / 2


def test_no_worker_waits_for_the_limiter_longer_than_for_a_row() -> None:
    """What is due later than that is left to the next sweep, whoever asks to wait."""
    assert RetryPolicy().longest_wait >= LONG
