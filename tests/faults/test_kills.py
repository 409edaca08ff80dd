"""`kill -9` at any moment: in a call before or after it is carried out, and between calls."""

from __future__ import annotations

import asyncio
import random

import pytest

from tests.faults.posts import PAPERS, post
from tests.faults.process import Ended
from tests.faults.site import Site

CALLS = 20  # that it takes to deliver a post
LONGEST = 0.5  # seconds after its start within which a process is killed


async def _strike(site: Site, chance: random.Random) -> Ended:
    """Run the program and kill it at a random moment, if it has not ended before."""
    if chance.random() < 1 / 3:
        process = await site.start("deliver")
        timer = asyncio.get_running_loop().call_later(chance.uniform(0, LONGEST), process.kill)
        ended = await site.end()
        timer.cancel()
        return ended
    site.at(chance.randint(1, CALLS), site.kill, answered=chance.random() < 1 / 2)
    return await site.deliver()


async def _kill_and_check(site: Site, seed: int, kills: int) -> None:
    """Kill and kill; what is delivered in between is reworded and grows, so that there is always work."""
    chance, numbers = random.Random(seed), list(PAPERS)
    site.post(post(numbers))
    while site.kills < kills:
        if (await _strike(site, chance)).code == 0:
            numbers.insert(chance.randint(0, len(numbers)), len(numbers) + 1)
            site.post(post(numbers, f"{len(site.versions) + 1}번째"))
    await site.finish()
    site.check()


@pytest.mark.parametrize("seed", range(4))
async def test_killed_five_times(site: Site, seed: int) -> None:
    await _kill_and_check(site, seed, kills=5)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 140))
async def test_killed_two_hundred_times_in_all(site: Site, seed: int) -> None:
    await _kill_and_check(site, seed, kills=5)
