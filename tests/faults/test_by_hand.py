"""`kill -9` while digests are recalled, dropped and sent by hand: nothing is lost, nothing comes twice."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from tests.faults.posts import PAPERS, TODAY, post
from tests.faults.process import Ended
from tests.faults.site import Site

DAY = str(TODAY)
FIRST, LAST = 8, 20  # calls of a run in which it is killed: the digest is planned by then


async def _strike(site: Site, chance: random.Random) -> None:
    """Deliver, and die at a random call, before or after it is carried out."""
    site.at(chance.randint(FIRST, LAST), site.kill, answered=chance.random() < 1 / 2)
    await site.deliver()


async def _type(site: Site, *arguments: str) -> Ended:
    await site.start(*arguments)
    ended = await site.end()
    assert ended.code == 0, ended.err
    return ended


def _shown(site: Site) -> list[int]:
    return [len(site.chats.shown(chat)) for chat in site.chats.names]


@pytest.mark.parametrize("seed", range(2))
async def test_recalled_and_sent_again(site: Site, seed: int) -> None:
    chance = random.Random(seed)
    site.post(post(PAPERS))
    await _strike(site, chance)
    assert sum(_shown(site))
    await _type(site, "recall", DAY, "--yes")
    for _ in range(2):
        await _strike(site, chance)
    await site.finish()
    assert sum(_shown(site)) == 0
    site.recalled = site.deletions
    site.ended = [replace(one, out="") for one in site.ended]  # what was found then cannot be looked at any more

    await _type(site, "send", DAY)
    for _ in range(2):
        await _strike(site, chance)
    await site.finish()
    site.check()


@pytest.mark.parametrize("seed", range(2))
async def test_dropped_and_new(site: Site, seed: int) -> None:
    chance = random.Random(seed)
    site.post(post(PAPERS))
    await _strike(site, chance)
    await _type(site, "drop", DAY, "--yes")
    before = _shown(site)
    await site.finish()
    assert _shown(site) == before

    site.post(post([*PAPERS, len(PAPERS) + 1], "새"))
    await _strike(site, chance)
    await site.finish()
    site.check()
