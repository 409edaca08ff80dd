"""Waiting for one thing unless another comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

import pytest

from bot.waiting import unless
from tests.virtual import run

Result = TypeVar("Result")


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
        came = await unless(work, stopping, grace)
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
        waiting = asyncio.create_task(unless(work(), asyncio.Event()))
        await asyncio.sleep(1)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()

    run(both())
    assert ended == ["work"]
