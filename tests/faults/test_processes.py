"""Several processes on one ledger at once."""

from __future__ import annotations

import random

import pytest

from tests.faults.posts import PAPERS, post
from tests.faults.process import Process
from tests.faults.site import ALWAYS, Site


@pytest.mark.parametrize("count", [2, 4])
async def test_at_once(site: Site, count: int) -> None:
    """One delivers, the others wait and then find nothing to do."""
    site.post(post(PAPERS))
    processes = [await site.start("deliver") for _ in range(count)]
    ended = [await site.end(process) for process in processes]
    assert [one.code for one in ended] == [0] * count
    site.check_sent_once()
    site.faults += count
    site.check()


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 20))])
async def test_one_dies_while_the_next_waits(site: Site, seed: int) -> None:
    """The waiting process goes on where the dead one stopped; two die, each in a call that is still carried out."""
    chance = random.Random(seed)
    site.post(post(PAPERS))
    dying = await site.start("deliver")
    for _ in range(2):
        dying = await _killed_while_another_waits(site, dying, chance.randint(1, 6))
    assert (await site.end(dying)).code == 0
    site.check()


async def _killed_while_another_waits(site: Site, dying: Process, calls: int) -> Process:
    """Hold one of the calls to come until another process waits, then kill the caller; give the other one."""
    waiting: list[Process] = []

    async def kill() -> None:
        waiting.append(await site.start("deliver"))
        await waiting[0].says("another Paperboy is delivering")
        dying.kill()

    site.at(calls, kill)
    assert (await site.end(dying)).killed
    return waiting[0]


async def test_the_daily_run_beside_the_program_that_always_runs(site: Site) -> None:
    site.more = ALWAYS
    site.post(post(PAPERS))
    always = await site.start("run")
    daily = [await site.start("deliver") for _ in range(2)]
    assert [(await site.end(one)).code for one in daily] == [0, 0]
    await site.stop(always)
    site.check_sent_once()
    site.faults += 3
    site.check()
