"""The feed: each tab gets each change once and in order, or is told to load the page anew."""

from __future__ import annotations

import json

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.web.feed import MOST_CHANGES, Change, Feed
from bot.web.guard import guarded_app
from bot.web.loopback import serving


def change(number: int) -> Change:
    return Change(str(number), f"<p id={number}>")


@given(st.lists(st.integers(0, 700), max_size=4))
def test_a_tab_gets_each_change_once_or_loads_the_page_anew(steps: list[int]) -> None:
    feed, seen, made = Feed(), [], 0
    after = feed.last
    for step in steps:
        for number in range(made, made + step):
            feed.add(change(number))
        made += step
        found = feed.since(after)
        assert (found is None) == (step > MOST_CHANGES)
        seen = [json.loads(one)["id"] for one in found or ()]
        assert seen == [str(number) for number in range(made - step, made)][: len(seen)]
        after = feed.last


def test_numbers_of_a_former_process_are_known_to_be_behind() -> None:
    feed = Feed()
    assert feed.since(feed.last - 1) is None
    assert feed.since(feed.last + 1) is None
    assert feed.since(feed.last) == []


@pytest.mark.parametrize("after", ["", "x", "-1", "²", "1e3", "9" * 30, "0"])
async def test_nonsense_loads_the_page_anew(after: str) -> None:
    status, answer = await asked(Feed(), after)
    assert (status, answer) == (200, {"reload": True})


async def test_answers() -> None:
    feed = Feed()
    assert await asked(feed, str(feed.last)) == (204, None)
    feed.add(Change("a", "<b>", into="list"))
    said = {"last": feed.last, "changes": [{"id": "a", "html": "<b>", "into": "list"}]}
    assert await asked(feed, str(feed.last - 1)) == (200, said)


async def asked(feed: Feed, after: str) -> tuple[int, object]:
    app = guarded_app()
    app.router.add_get("/feed", feed.serve)
    async with (
        serving(app, 0) as served,
        aiohttp.ClientSession() as session,
        session.get(f"{served.address}feed", params={"after": after}) as response,
    ):
        return response.status, await response.json() if response.status == 200 else None
