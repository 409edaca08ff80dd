"""The service: killed, stopped in a call, cut off from the platforms, asked to wait."""

from __future__ import annotations

import random
import signal

import pytest

from tests.faults.posts import PAPERS, post
from tests.faults.site import ALWAYS, Site
from tests.support.chats import READER
from tests.support.fakes.faults import flood, lost_answer, ratelimited, server_error, unauthorized


@pytest.fixture
def site(site: Site) -> Site:
    """Hear readers, too, and look at the posts each second; papers carry buttons."""
    site.more = ALWAYS
    site.chats.buttons = True
    return site


async def test_passing_faults_need_no_operator(site: Site) -> None:
    site.post(post(PAPERS))
    site.happen(lost_answer(method="sendMessage", skip=2), flood(1, method="sendMessage", chat=READER, skip=2))
    site.happen(server_error(502, method="getUpdates"), server_error(500, method="getMe"))
    site.happen(lost_answer(method="chat.postMessage", skip=1), ratelimited(1, method="chat.postMessage", skip=2))
    await site.start("run")
    await site.stop()
    site.check()


async def test_the_platforms_come_up_later_than_the_program(site: Site) -> None:
    site.post(post(PAPERS))
    async with site.away():
        process = await site.start("run")
        await process.says("cannot be reached", times=2)
    site.chats.here = ()  # nobody could tell what they are when the digest was laid out
    await site.stop()
    site.check()


async def test_told_to_stop_in_a_call(site: Site) -> None:
    """The call is ended and recorded: nothing is unconfirmed."""
    site.post(post(PAPERS))
    site.at(9, lambda: process.send(signal.SIGTERM), method="sendMessage")
    process = await site.start("run")
    assert (await site.end()).code == 0
    states = {entry.state for chat in site.chats.names for entry in site.entries(chat)}
    assert states - {"stale"} == {"sent", "pending"}  # an index may wait for its links
    site.faults += 1
    await site.start("run")
    await site.stop()
    site.check()


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 20))])
async def test_killed_twice(site: Site, seed: int) -> None:
    chance = random.Random(seed)
    site.post(post(PAPERS))
    for _ in range(2):
        site.at(chance.randint(1, 7), site.kill, method="sendMessage")
        await site.start("run")
        assert (await site.end()).killed
    await site.start("run")
    await site.stop()
    site.check()


@pytest.mark.long
async def test_a_token_that_is_revoked_and_given_back(site: Site) -> None:
    """Each sweep tries again."""
    site.post(post(PAPERS))
    site.happen(unauthorized(method="sendMessage", skip=5, times=3))
    await site.start("run")
    await site.stop()
    site.check()
