"""Deliveries of old digests are deleted, but for what is needed later."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot import errors
from bot.delivery.decisions import Rules
from bot.delivery.planner import plan_by_hand
from bot.ledger.ledger import open_ledger
from bot.ledger.records.deliveries import Chat
from bot.ledger.sql import pruning_sql
from bot.ledger.writing import pruning
from tests.support.digests import days, found, paper
from tests.support.ledger_rows import change, rows
from tests.support.memory_channel import Failure, refused
from tests.support.pipeline import Pipeline, known_ids, pipeline_at
from tests.support.usual import usual_edition

DAY = 86400.0
NAMES = [f"daily-papers/2025-01-0{day}" for day in range(1, 6)]
EACH = 3  # messages of a digest: an index and two papers


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url, "a", "b") as pipeline:
        yield pipeline


async def deliver(pipeline: Pipeline, *numbers: int) -> None:
    """Deliver a digest a day."""
    for number in numbers:
        await pipeline.run(days(*range(1, number + 1)))
        pipeline.clock.now += DAY


async def prune(pipeline: Pipeline, newest: int = 1) -> int:
    today = datetime.fromtimestamp(pipeline.clock.now, UTC).date()
    return await pipeline.ledger.pruning.prune(30 * DAY, newest, today)


def held(url: str, chat: str = "a") -> list[tuple[str, str]]:
    """List what is known of a chat: digest and message."""
    query = (
        "SELECT g.name, m.key FROM deliveries d JOIN messages m ON m.id = d.message_id JOIN digests g "
        "ON g.id = m.digest_id JOIN chats c ON c.id = d.chat_id WHERE c.name = :chat ORDER BY g.day, m.seq"
    )
    return [(str(name), str(key)) for name, key in rows(url, query, chat=chat)]


async def is_over(pipeline: Pipeline) -> list[bool]:
    return [one.is_over for one in await pipeline.ledger.known_digests("blog")]


# --- what is deleted


async def test_of_old_digests_nobody_knows_any_more_who_holds_them(pipeline: Pipeline, ledger_url: str) -> None:
    await deliver(pipeline, 1, 2, 3)
    pipeline.clock.now += 27.5 * DAY  # the first is 30 days old, and the second is not
    assert await prune(pipeline) == 2 * EACH
    assert {name for name, _ in held(ledger_url)} == {*NAMES[1:3]}
    assert await is_over(pipeline) == [True, False, False]
    _, listed = await pipeline.ledger.archive.contents.listed(None, 0, 0)
    assert [one.chats for one in listed] == [2, 2, None]
    assert await pipeline.ledger.archive.search("plain", 9, 0) != ([], 0)
    assert await prune(pipeline) == 0


async def test_its_messages_go_at_the_next_time(pipeline: Pipeline, ledger_url: str) -> None:
    """A statement that was begun before may still queue some of them."""
    await deliver(pipeline, 1, 2, 3)
    pipeline.clock.now += 40 * DAY
    await prune(pipeline)
    count = "SELECT count(*) FROM messages"
    assert rows(ledger_url, count) == [(3 * EACH,)]
    await prune(pipeline)
    assert rows(ledger_url, count) == [(EACH + 1,)]  # of the second what came last is known for ever


async def test_the_newest_are_kept_whatever_their_age(pipeline: Pipeline, ledger_url: str) -> None:
    await deliver(pipeline, 1, 2, 3)
    pipeline.clock.now += 400 * DAY
    assert await prune(pipeline, newest=3) == 0
    assert await prune(pipeline, newest=2) == 2 * (EACH - 1)
    assert len(held(ledger_url)) == 2 * EACH + 1


async def test_two_that_prune_at_once_do_not_hinder_one_another(pipeline: Pipeline, ledger_url: str) -> None:
    """As a person who delivers by hand and the program that runs, or two workers."""
    await deliver(pipeline, 1, 2, 3)
    pipeline.clock.now += 40 * DAY
    async with open_ledger(ledger_url, pipeline.clock) as ledger:
        both = Pipeline(ledger, pipeline.clock, pipeline.channel), pipeline
        counts = await asyncio.gather(*(prune(one) for one in both))
    assert sum(counts) == 2 * EACH + 2 * (EACH - 1)
    assert len(held(ledger_url)) == EACH + 1
    assert await is_over(pipeline) == [True, True, False]


async def test_it_ends_when_told_to_and_goes_on_there(pipeline: Pipeline) -> None:
    await deliver(pipeline, 1, 2, 3, 4)
    pipeline.clock.now += 40 * DAY
    answers = iter([False, *[True] * 9])
    some = await pipeline.ledger.pruning.prune(30 * DAY, 1, date(2026, 1, 1), lambda: next(answers))
    assert some == 2 * EACH
    assert await prune(pipeline) > 0
    assert await is_over(pipeline) == [True, True, True, False]


async def test_what_is_over_is_given_to_nobody_nor_edited(pipeline: Pipeline) -> None:
    """Also not by hand, nor where more digests are caught up with than before."""
    await deliver(pipeline, 1, 2, 3)
    pipeline.clock.now += 40 * DAY
    await prune(pipeline)
    await prune(pipeline)  # its messages are no more
    await pipeline.subscriber("r", now=True)
    news = [found(replace(one.digest, papers=(paper(1, word="new"), paper(2, word="new")))) for one in days(1, 2, 3)]
    await pipeline.look(news, rules=Rules(catch_up=9))
    formatters = {pipeline.channel.name: pipeline.channel.formatter}
    assert [await plan_by_hand(pipeline.ledger, "blog", name, formatters) for name in NAMES[:2]] == [0, 0]
    await pipeline.dispatch()
    assert pipeline.read("a") == ["index", "1", "2"] * 3
    assert pipeline.read("r") == ["index", "1", "2"]
    assert [one.edits for one in pipeline.channel.chats["a"]] == [0] * 7 + [1, 1]


async def test_messages_are_sent_meanwhile(pipeline: Pipeline) -> None:
    await deliver(pipeline, 1, 2, 3)
    for number in range(20):
        await pipeline.subscriber(f"r{number}", now=True)
    pipeline.clock.now += 40 * DAY
    await pipeline.look(days(1, 2, 3, 4))
    deleted, _ = await asyncio.gather(prune(pipeline), pipeline.dispatch())
    assert deleted > 0
    assert pipeline.read("a") == ["index", "1", "2"] * 4
    assert all(pipeline.read(f"r{number}") == ["index", "1", "2"] for number in range(20))


# --- what is kept


async def test_what_came_to_a_chat_last_is_known_for_ever(pipeline: Pipeline, ledger_url: str) -> None:
    await deliver(pipeline, 1, 2)
    await pipeline.ledger.subscriptions.pause(1, "blocked")
    await deliver(pipeline, 3, 4)
    pipeline.clock.now += 400 * DAY
    await prune(pipeline)
    assert held(ledger_url) == [(NAMES[1], "paper/2501.00002")]
    assert [name for name, _ in held(ledger_url, "b")] == [NAMES[2], *[NAMES[3]] * EACH]
    known = await known_ids(pipeline.ledger, Chat(1, "terminal", "a", "a", "a", "a"), pipeline.clock.now)
    assert known.last == pipeline.channel.chats["a"][-1].id
    await pipeline.ledger.subscriptions.resume(1)
    await pipeline.run(days(1, 2, 3, 4))
    assert pipeline.read("a") == ["index", "1", "2"] * 3  # the newest, since it was there before


async def test_the_highest_id_stays_where_an_older_digest_came_last(pipeline: Pipeline, ledger_url: str) -> None:
    await deliver(pipeline, 1, 2)
    await pipeline.ledger.subscriptions.pause(1, "blocked")
    await deliver(pipeline, 3, 4)
    change(ledger_url, "UPDATE deliveries SET sent_at = sent_at + 864000, remote_id = '999' WHERE message_id = 2")
    pipeline.clock.now += 400 * DAY
    await prune(pipeline)
    assert held(ledger_url) == [(NAMES[0], "paper/2501.00001"), (NAMES[1], "paper/2501.00002")]


@pytest.mark.parametrize("crowded", [False, True])
async def test_what_tells_of_an_unconfirmed_send_is_kept(
    ledger_url: str, crowded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where private chats share a sequence of ids, those that came next to it; else all that came since."""
    monkeypatch.setattr(pruning_sql, "_CROWDED", 2 if crowded else 9)
    async with pipeline_at(ledger_url) as pipeline:
        await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), dict.fromkeys("abc", "bot"))
        await deliver(pipeline, 1)
        pipeline.channel.failures["a"] += [Failure(errors.Unconfirmed("reset"))]
        pipeline.channel.readable = False
        await deliver(pipeline, 2, 3, 4, 5)
        pipeline.clock.now += 400 * DAY
        [(tried,)] = rows(ledger_url, "SELECT attempted_at FROM deliveries WHERE state = 'unconfirmed'")
        a = Chat(1, "terminal", "a", "a", "bot", "a")
        before = await known_ids(pipeline.ledger, a, tried)
        count = len(held(ledger_url, "b"))
        await prune(pipeline)
        after = await known_ids(pipeline.ledger, a, tried)
    assert (after.last, min(after.later)) == (before.last, min(before.later))
    assert (after.later < before.later) is crowded
    assert (len(held(ledger_url, "b")) < count) is crowded
    assert len(held(ledger_url, "a")) == 5 * EACH


async def test_what_waits_is_kept_with_all_that_the_chat_has_of_it(pipeline: Pipeline, ledger_url: str) -> None:
    pipeline.channel.failures["a"] += [Failure(), Failure(), refused(errors.ChatGone("blocked"))]
    await deliver(pipeline, 1, 2, 3)
    assert pipeline.read("a") == ["index", "1"]
    pipeline.clock.now += 40 * DAY
    await prune(pipeline)
    assert [name for name, _ in held(ledger_url)].count(NAMES[0]) == EACH
    assert [name for name, _ in held(ledger_url, "b")] == [NAMES[1], *[NAMES[2]] * EACH]
    await pipeline.ledger.subscriptions.resume(1)
    await pipeline.run(days(1, 2, 3))
    assert pipeline.read("a") == ["index", "1", "2", "index", "1", "2"]


@example([number * DAY for number in range(200)])
@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=200).map(sorted))
def test_however_many_sends_are_unconfirmed_a_statement_names_few_times(times: list[float]) -> None:
    ends = pruning._ends(times)
    assert len(ends) <= pruning._MOST_INTERVALS
    assert all(any(first <= at <= last for first, last in ends) for at in times)
    assert {at for both in ends for at in both} <= {*times}
    assert [at for both in ends for at in both] == sorted(at for both in ends for at in both)
