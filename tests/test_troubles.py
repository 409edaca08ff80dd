"""Troubles: what is wrong, sent again, given up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot import errors
from bot.decisions import Rules
from bot.delivery import Waits
from formatters.model import Section
from tests.support.digests import days, digest, found, paper
from tests.support.memory_channel import Trouble, lost, refused
from tests.support.pipeline import House, housed

CLOSED = errors.ChatGone("b: kicked")
REJECTED = [refused(errors.Rejected("no")), refused(errors.Rejected("no"))]  # also as plain text


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with housed(tmp_path, "a") as house:
        yield house


async def news(house: House) -> list[tuple[str, str, str]]:
    return [(one.kind, one.where, one.why) for one in await house.store.troubles.found() if one.news]


# --- what is wrong


async def test_where_all_is_well_there_is_no_trouble(house: House) -> None:
    await house.run(days(1))
    assert await house.store.troubles.found() == []


async def test_a_closed_chat_is_in_trouble_until_a_message_arrives(house: House) -> None:
    house.channel.troubles["a"] += [Trouble(), refused(CLOSED), refused(CLOSED)]
    await house.run(days(1))
    closed = [("paused", "terminal a", "b: kicked")]
    assert await news(house) == closed
    await house.store.resume()
    assert await news(house) == closed  # it gets another try
    await house.drain()
    assert await news(house) == closed
    await house.store.resume()
    await house.drain()
    assert await news(house) == []


async def test_a_chat_that_left_is_no_trouble(house: House) -> None:
    for name, trouble in {"b": CLOSED, "c": errors.Rejected("no")}.items():
        await house.subscriber(name)
        house.channel.troubles[name] += [refused(trouble), refused(trouble)]
    await house.run(days(1))
    assert len(await news(house)) == 2
    await house.unsubscribe("b")
    await house.unsubscribe("c")
    assert await news(house) == []


async def test_a_refused_message(house: House) -> None:
    house.channel.troubles["a"] += REJECTED
    await house.run(days(1))
    assert await news(house) == [("refused", "terminal a, index", "no")]


async def test_what_its_post_no_longer_has_is_no_trouble(house: House) -> None:
    house.channel.troubles["a"] += [Trouble(), Trouble(), *REJECTED]
    await house.run(days(1))
    assert await news(house) == [("refused", "terminal a, paper/2501.00002", "no")]
    await house.look(days(1, papers=1))
    assert await news(house) == []


async def test_a_doubt_is_a_trouble_once_it_is_held(house: House) -> None:
    house.channel.readable = False
    house.channel.troubles["a"].append(refused(errors.Unconfirmed("reset")))
    await house.run(days(1), Waits(settle=90))
    (doubt,) = await house.store.troubles.found()
    assert not doubt.news
    house.clock.now += 91
    await house.drain()
    (held,) = await house.store.troubles.found()
    assert (held.key, held.news, held.why) == (doubt.key, True, "this platform does not tell")


async def test_a_refused_bot_is_one_trouble_however_many_chats_it_has(house: House) -> None:
    await house.subscriber("b")
    gone = errors.BotGone("the token was taken away")
    for chat in "ab":
        house.channel.troubles[chat].append(refused(gone))
    await house.run(days(1))
    assert await news(house) == [("bot", "terminal", str(gone))]
    await house.drain()
    assert await news(house) == []


# --- posts that look unfinished


async def test_a_held_post_goes_out_when_it_is_released(house: House) -> None:
    gate = Rules(gate_wait=7200)
    nothing = (Section("Introduction", "정보 부족"),)
    sparse = [found(digest(days(1)[0].digest.day, replace(paper(1), sections=nothing)))]
    await house.look(sparse, rules=gate)
    why = "1 of the post's 1 papers say nothing yet"
    assert await news(house) == [("held", "daily-papers/2025-01-01", why)]
    assert [one.where for one in await house.store.troubles.release()] == ["daily-papers/2025-01-01"]
    await house.look(sparse, rules=gate)
    await house.drain()
    assert house.read("a") == ["index", "1"]
    assert await news(house) == []


async def test_a_held_post_that_is_given_up_stays_away(house: House) -> None:
    await house.look(days(1, papers=0), rules=Rules(gate_wait=7200))
    assert [one.kind for one in await house.store.troubles.skip()] == ["held"]
    assert await house.store.troubles.skip() == []
    await house.look(days(1, papers=0), rules=Rules(gate_wait=7200))
    assert await news(house) == []
    assert [one.state for one in await house.store.standings(3)] == ["skipped"]


async def test_edits_of_a_post_that_shrank_wait_and_are_given_up_by_nobody(house: House) -> None:
    await house.run(days(1, papers=3))
    await house.look(days(1, papers=1), rules=Rules(gate_wait=7200))
    assert await news(house) == [
        (
            *("held", "daily-papers/2025-01-01"),
            "the post shrank from 3 papers to 1; it is not edited before that has lasted for gate_wait",
        )
    ]
    assert await house.store.troubles.skip() == []
    await house.drain()
    assert [one.edits for one in house.channel.chats["a"]] == [0, 0, 0, 0]
    house.clock.now += 7200
    await house.look(days(1, papers=1), rules=Rules(gate_wait=7200))
    await house.drain()
    assert [one.edits for one in house.channel.chats["a"]] == [1, 0, 0, 0]  # the index lists one paper now
    assert await news(house) == []


# --- what an operator sends again


async def test_what_failed_is_tried_again_markup_and_all(house: House) -> None:
    house.channel.troubles["a"] += [refused(errors.Rejected("no")), refused(errors.Rejected("no"))]
    await house.run(days(1))
    assert await house.counts("a") == {"failed": 1, "sent": 2}
    assert await house.store.troubles.retry() == 1
    await house.drain()
    assert await house.counts("a") == {"sent": 3}
    assert await house.problems("a") == []
    assert await house.store.troubles.retry() == 0


async def test_a_failed_edit_is_an_edit_again(house: House) -> None:
    await house.run(days(1))
    house.channel.troubles["a"] += [refused(errors.Rejected("no")), refused(errors.Rejected("no"))]
    changed = [found(digest(days(1)[0].digest.day, paper(1, word="new"), paper(2)))]
    await house.run(changed)
    assert await house.store.troubles.retry() == 1
    await house.drain()
    assert [one.edits for one in house.channel.chats["a"]] == [0, 1, 0]


async def test_what_is_held_is_sent_again_since_somebody_has_looked(house: House) -> None:
    house.channel.readable = False
    house.channel.troubles["a"].append(refused(errors.Unconfirmed("reset")))
    await house.run(days(1))
    assert await house.counts("a") == {"unconfirmed": 1, "sent": 2}
    assert await house.store.troubles.retry() == 1
    await house.drain()
    assert sorted(house.read("a")) == ["1", "2", "index"]


async def test_of_a_doubt_that_is_being_settled_nothing_is_sent_again(house: House) -> None:
    """The message has arrived; the program will ask in a while and see that."""
    house.channel.troubles["a"].append(lost())
    await house.run(days(1), Waits(settle=90))
    assert await house.store.troubles.retry() == 0
    house.clock.now += 91
    await house.drain()
    assert house.read("a") == ["index", "1", "2"]


async def test_a_closed_chat_is_tried_again_and_one_that_left_is_not(house: House) -> None:
    for name in "bc":
        await house.subscriber(name)
        house.channel.troubles[name].append(refused(CLOSED))
    await house.run(days(1))
    await house.unsubscribe("c")
    assert await house.store.troubles.retry() == 1
    await house.drain()
    assert (house.read("b"), house.read("c")) == (["index", "1", "2"], [])
    assert (await house.known("c")).state == "removed"


async def test_what_its_post_no_longer_has_is_not_counted(house: House) -> None:
    day = days(1)[0].digest.day
    house.channel.troubles["a"] += [Trouble(), Trouble(), *(refused(errors.Rejected("no")) for _ in range(2))]
    await house.run([found(digest(day, paper(1), paper(2)))])
    assert await house.counts("a") == {"failed": 1, "sent": 2}
    await house.run([found(digest(day, paper(1)))])
    assert await house.store.troubles.retry() == 0
    await house.drain()
    assert house.read("a") == ["index", "1"]


async def test_one_chat_alone_is_tried_again(house: House) -> None:
    await house.subscriber("b")
    for chat in "ab":
        house.channel.troubles[chat] += REJECTED
    await house.run(days(1))
    assert await house.store.troubles.retry("b") == 1
    assert await house.store.troubles.retry("terminal a") == 1
    assert await house.store.troubles.retry("nobody") == 0


async def test_chats_are_known_by_what_status_calls_them(house: House) -> None:
    await house.subscriber("b")
    await house.unsubscribe("b")
    assert await house.store.troubles.chats() == [("terminal a", "a")]


# --- what an operator gives up


async def test_what_is_given_up_is_told_of_once_and_sent_no_more(house: House) -> None:
    house.channel.troubles["a"] += REJECTED
    await house.run(days(1))
    assert [(one.where, one.why) for one in await house.store.troubles.discard()] == [("terminal a, index", "no")]
    assert await house.counts("a") == {"discarded": 1, "sent": 2}
    assert await house.problems("a") == []
    assert await news(house) == []
    assert await house.store.troubles.discard() == []
    assert await house.store.troubles.retry() == 0
    await house.store.resume()
    await house.run([found(digest(days(1)[0].digest.day, paper(1, word="new"), paper(2), paper(3)))])
    assert house.read("a") == ["1", "2", "3"]


async def test_a_doubt_that_is_given_up_is_settled(house: House) -> None:
    house.channel.readable = False
    house.channel.troubles["a"].append(lost())
    await house.run(days(1))
    assert len(await house.store.troubles.discard("a")) == 1
    await house.drain()
    assert house.read("a") == ["index", "1", "2"]


async def test_an_edit_that_is_given_up_leaves_the_message_as_it_stands(house: House) -> None:
    await house.run(days(1))
    house.channel.troubles["a"] += REJECTED
    day = days(1)[0].digest.day
    await house.run([found(digest(day, paper(1, word="new"), paper(2)))])
    assert await house.counts("a") == {"sent": 2, "failed": 1}
    await house.store.troubles.discard()
    assert await house.counts("a") == {"sent": 3}
    await house.run([found(digest(day, paper(1, word="newer"), paper(2)))])
    assert [one.edits for one in house.channel.chats["a"]] == [0, 1, 0]


async def test_what_waits_is_given_up_only_when_that_is_asked_for(house: House) -> None:
    await house.look(days(1), opening=house.clock() + 3600)
    assert await house.store.troubles.discard() == []
    assert len(await house.store.troubles.discard(waiting=True)) == 3
    house.clock.now += 7200
    await house.drain()
    assert house.read("a") == []
