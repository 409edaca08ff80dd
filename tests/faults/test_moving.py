"""A ledger that is killed in mid-delivery moves to PostgreSQL, and the delivery is finished from there."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from bot.database.postgres.engine import SHARING
from tests.faults.posts import PAPERS, post
from tests.faults.site import Site

CALLS = 20  # that it takes to deliver a post
URL = "PAPERBOY_STORE__URL"
QUICKLY = replace(SHARING, take_over_delay=0.05)  # nothing of what was killed is on its way


async def _move(site: Site, url: str) -> None:
    await site.start("migrate-ledger", url)
    assert (await site.end()).code == 0
    site.url = url


async def _kill_move_and_finish(site: Site, seed: int, url: str) -> None:
    """Kill the program in a call, before or after it is carried out; what was edited meanwhile is edited there."""
    chance, numbers = random.Random(seed), list(PAPERS)
    site.post(post(numbers))
    if seed % 2:
        await site.finish()
        site.post(post([*numbers, len(numbers) + 1], "2번째"))
    site.at(chance.randint(1, CALLS // (1 + seed % 2)), site.kill, answered=chance.random() < 1 / 2)
    assert (await site.deliver()).killed
    await _move(site, url)
    await site.finish(environ={URL: url}, sharing=QUICKLY)
    site.check()


@pytest.mark.parametrize("seed", range(4))
async def test_a_delivery_that_was_killed_goes_on_in_postgresql(site: Site, postgres_url: str, seed: int) -> None:
    await _kill_move_and_finish(site, seed, postgres_url)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 140))
async def test_forty_deliveries_go_on_in_postgresql(site: Site, postgres_url: str, seed: int) -> None:
    await _kill_move_and_finish(site, seed, postgres_url)


async def test_the_mover_is_killed_as_well(site: Site, postgres_url: str) -> None:
    site.post(post(PAPERS))
    site.at(7, site.kill, answered=True)
    assert (await site.deliver()).killed
    await site.start("migrate-ledger", postgres_url, killed_at="ANALYZE")
    assert (await site.end()).killed
    await _move(site, postgres_url)
    await site.finish(environ={URL: postgres_url}, sharing=QUICKLY)
    site.check()
