"""The program as it is installed, with the rate limits and the waits of real platforms."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from tests.faults.posts import post
from tests.faults.site import Site
from tests.support.chats import READER
from tests.support.fakes.faults import late, lost_answer
from tests.support.fakes.rates import Limits
from tests.support.fakes.telegram import FakeTelegram
from tests.support.installed import PATH, paperboy


@pytest.fixture
async def telegram() -> AsyncIterator[FakeTelegram]:
    """Refuse what comes too fast; a call may be some time on its way."""
    async with FakeTelegram(limits=Limits(tolerance=0.3)) as server:
        yield server


async def test_at_the_limits_of_the_platforms(site: Site) -> None:
    site.post(post([1]))
    done = await paperboy("deliver", "--config", site.settings(), PAPERBOY_TELEGRAM__LISTEN="off")
    assert (done.code, done.lines[-1]) == (0, "10 messages sent")
    assert not [call for call in site.telegram.calls if call.status == 429]
    site.check()


@pytest.mark.long
@pytest.mark.parametrize("answered", [False, True])
@pytest.mark.parametrize("call", [1, 4, 9])
async def test_killed_and_run_again(site: Site, call: int, answered: bool) -> None:
    site.post(post([1, 2]))
    settings = site.settings()
    site.at(call, lambda: process.kill(), answered=answered)
    process = await asyncio.create_subprocess_exec(
        PATH, "deliver", "--config", settings, env={"PAPERBOY_TELEGRAM__LISTEN": "off"}
    )
    assert await process.wait() == -9
    site.faults += 1
    done = await paperboy("deliver", "--config", settings, PAPERBOY_TELEGRAM__LISTEN="off")
    assert done.code == 0, done.err
    site.check()


@pytest.mark.long
async def test_answers_that_are_lost_or_come_after_a_minute(site: Site) -> None:
    site.post(post([1, 2]))
    site.happen(late(60, method="sendMessage", chat=READER, skip=1), lost_answer(method="sendMessage", skip=8))
    site.happen(late(60, method="chat.postMessage"), lost_answer(method="chat.postMessage", skip=1))
    done = await paperboy("deliver", "--config", site.settings(), PAPERBOY_TELEGRAM__LISTEN="off")
    assert done.code == 0, done.err
    site.check()
