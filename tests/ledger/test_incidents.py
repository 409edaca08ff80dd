"""Incidents: what is wrong, sent again, given up."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import pytest

from bot import errors
from bot.database.states import DeliveryState
from bot.delivery.decisions import Rules
from bot.delivery.dispatcher import RetryPolicy
from bot.ledger.records.reports import Selection, StuckMessage
from formatters.locale import phrases
from formatters.model import Section
from formatters.slack import SlackFormatter
from tests.support.digests import days, digest, found, paper
from tests.support.memory_channel import Failure, lost, refused
from tests.support.pipeline import Pipeline, pipeline_at
from tests.support.usual import usual_edition

CLOSED = errors.ChatGone("b: kicked")
REJECTED = [refused(errors.Rejected("no")), refused(errors.Rejected("no"))]  # also as plain text


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url, "a") as pipeline:
        yield pipeline


async def news(pipeline: Pipeline) -> list[tuple[str, str, str]]:
    return [(one.kind, one.where, one.why) for one in await pipeline.ledger.incidents.current() if one.is_news]


# --- what is wrong


async def test_where_all_is_well_there_is_no_incident(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    assert await pipeline.ledger.incidents.current() == []


async def test_a_closed_chat_is_an_incident_until_a_message_arrives(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"] += [Failure(), refused(CLOSED), refused(CLOSED)]
    await pipeline.run(days(1))
    closed = [("paused", "terminal a", "b: kicked")]
    assert await news(pipeline) == closed
    await pipeline.ledger.subscriptions.resume_all()
    assert await news(pipeline) == closed  # it gets another try
    await pipeline.dispatch()
    assert await news(pipeline) == closed
    await pipeline.ledger.subscriptions.resume_all()
    await pipeline.dispatch()
    assert await news(pipeline) == []


async def test_a_message_that_came_unfolded_is_an_incident_for_a_week(pipeline: Pipeline) -> None:
    pipeline.channel.formatter = SlackFormatter(phrases("en"))
    usual = usual_edition("digest", "folded", ("digest",))
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual, {"a": "a"})
    await pipeline.run(days(1))
    assert await news(pipeline) == []
    pipeline.channel.failures["a"] += [refused(errors.Rejected("invalid_blocks"))]
    await pipeline.run(days(1, 2))
    assert await news(pipeline) == [("unfolded", "terminal", "")]
    pipeline.clock.now += 7 * 86_400
    assert await news(pipeline) == []


async def test_a_message_that_held_nothing_folded_came_as_it_may(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"] += [refused(errors.Rejected("cannot parse"))]
    await pipeline.run(days(1))
    assert await news(pipeline) == []


async def test_an_index_holds_nothing_folded(pipeline: Pipeline) -> None:
    usual = usual_edition("messages", "folded", ("messages",))
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual, {"a": "a"})
    await pipeline.run(days(1))
    pipeline.channel.formatter = SlackFormatter(phrases("en"))
    pipeline.channel.failures["a"] += [refused(errors.Rejected("invalid_blocks"))]
    await pipeline.run(days(1, 2))
    assert await news(pipeline) == []
    pipeline.channel.failures["a"] += [Failure(), refused(errors.Rejected("invalid_blocks"))]
    await pipeline.run(days(1, 2, 3))
    assert await news(pipeline) == [("unfolded", "terminal", "")]


async def test_a_chat_that_left_is_no_incident(pipeline: Pipeline) -> None:
    for name, incident in {"b": CLOSED, "c": errors.Rejected("no")}.items():
        await pipeline.subscriber(name)
        pipeline.channel.failures[name] += [refused(incident), refused(incident)]
    await pipeline.run(days(1))
    assert len(await news(pipeline)) == 2
    await pipeline.unsubscribe("b")
    await pipeline.unsubscribe("c")
    assert await news(pipeline) == []


async def test_a_refused_message(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"] += REJECTED
    await pipeline.run(days(1))
    assert await news(pipeline) == [("refused", "terminal a, index", "no")]


async def test_what_its_post_no_longer_has_is_no_incident(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"] += [Failure(), Failure(), *REJECTED]
    await pipeline.run(days(1))
    assert await news(pipeline) == [("refused", "terminal a, paper/2501.00002", "no")]
    await pipeline.look(days(1, papers=1))
    assert await news(pipeline) == []


async def test_an_unconfirmed_send_is_an_incident_once_it_is_undecided(pipeline: Pipeline) -> None:
    pipeline.channel.readable = False
    pipeline.channel.failures["a"].append(refused(errors.Unconfirmed("reset")))
    await pipeline.run(days(1), RetryPolicy(settle_delay=90))
    (unconfirmed,) = await pipeline.ledger.incidents.current()
    assert not unconfirmed.is_news
    pipeline.clock.now += 91
    await pipeline.dispatch()
    (held,) = await pipeline.ledger.incidents.current()
    assert (held.key, held.is_news, held.why) == (unconfirmed.key, True, "this platform does not tell")


async def test_a_refused_bot_is_one_incident_however_many_chats_it_has(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    gone = errors.BotGone("the token was taken away")
    for chat in "ab":
        pipeline.channel.failures[chat].append(refused(gone))
    await pipeline.run(days(1))
    assert await news(pipeline) == [("bot", "terminal", str(gone))]
    await pipeline.dispatch()
    assert await news(pipeline) == []


# --- posts that look unfinished


async def test_a_held_post_goes_out_when_it_is_released(pipeline: Pipeline) -> None:
    rules = Rules(gate_wait=7200)
    nothing = (Section("Introduction", "정보 부족"),)
    sparse = [found(digest(days(1)[0].digest.day, replace(paper(1), sections=nothing)))]
    await pipeline.look(sparse, rules=rules)
    why = "1 of the post's 1 papers say nothing yet"
    assert await news(pipeline) == [("held", "daily-papers/2025-01-01", why)]
    assert [one.where for one in await pipeline.ledger.incidents.release_held()] == ["daily-papers/2025-01-01"]
    await pipeline.look(sparse, rules=rules)
    await pipeline.dispatch()
    assert pipeline.read("a") == ["index", "1"]
    assert await news(pipeline) == []


async def test_a_held_post_that_is_given_up_stays_away(pipeline: Pipeline) -> None:
    await pipeline.look(days(1, papers=0), rules=Rules(gate_wait=7200))
    assert [one.kind for one in await pipeline.ledger.incidents.skip_held()] == ["held"]
    assert await pipeline.ledger.incidents.skip_held() == []
    await pipeline.look(days(1, papers=0), rules=Rules(gate_wait=7200))
    assert await news(pipeline) == []
    assert [one.state for one in await pipeline.ledger.status.recent_digests(3)] == ["skipped"]


async def test_a_post_dated_in_the_future_is_neither_told_nor_released_nor_given_up(pipeline: Pipeline) -> None:
    rules = Rules(today=date(2024, 12, 31))
    await pipeline.look(days(1), rules=rules)
    assert await news(pipeline) == []
    assert await pipeline.ledger.incidents.release_held() == await pipeline.ledger.incidents.skip_held() == []
    await pipeline.look(days(1), rules=rules)
    assert [one.state for one in await pipeline.ledger.known_digests("blog")] == ["held"]
    await pipeline.look(days(1), rules=Rules(today=date(2025, 1, 1)))
    await pipeline.dispatch()
    assert pipeline.read("a") == ["index", "1", "2"]


async def test_edits_of_a_post_that_shrank_wait_and_are_given_up_by_nobody(pipeline: Pipeline) -> None:
    await pipeline.run(days(1, papers=3))
    await pipeline.look(days(1, papers=1), rules=Rules(gate_wait=7200))
    assert await news(pipeline) == [
        (
            *("held", "daily-papers/2025-01-01"),
            "the post shrank from 3 papers to 1; it is not edited before that has lasted for gate_wait",
        )
    ]
    assert await pipeline.ledger.incidents.skip_held() == []
    await pipeline.dispatch()
    assert [one.edits for one in pipeline.channel.chats["a"]] == [0, 0, 0, 0]
    pipeline.clock.now += 7200
    await pipeline.look(days(1, papers=1), rules=Rules(gate_wait=7200))
    await pipeline.dispatch()
    assert [one.edits for one in pipeline.channel.chats["a"]] == [1, 0, 0, 0]  # the index lists one paper now
    assert await news(pipeline) == []


# --- what an operator sends again


async def test_what_failed_is_tried_again_markup_and_all(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"] += [refused(errors.Rejected("no")), refused(errors.Rejected("no"))]
    await pipeline.run(days(1))
    assert await pipeline.counts("a") == {"failed": 1, "sent": 2}
    assert await pipeline.ledger.incidents.retry() == 1
    await pipeline.dispatch()
    assert await pipeline.counts("a") == {"sent": 3}
    assert await pipeline.problems("a") == []
    assert await pipeline.ledger.incidents.retry() == 0


async def test_a_failed_edit_is_an_edit_again(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    pipeline.channel.failures["a"] += [refused(errors.Rejected("no")), refused(errors.Rejected("no"))]
    changed = [found(digest(days(1)[0].digest.day, paper(1, word="new"), paper(2)))]
    await pipeline.run(changed)
    assert await pipeline.ledger.incidents.retry() == 1
    await pipeline.dispatch()
    assert [one.edits for one in pipeline.channel.chats["a"]] == [0, 1, 0]


async def test_what_can_be_found_out_is_asked_and_not_sent_again(pipeline: Pipeline) -> None:
    """A closed chat could not be asked; now it is open again."""
    pipeline.channel.failures["a"] += [lost(), refused(CLOSED)]
    await pipeline.run(days(1))
    assert await pipeline.counts("a") == {"unconfirmed": 1, "pending": 2}
    assert await pipeline.ledger.incidents.retry() == 1
    await pipeline.dispatch()
    assert pipeline.read("a") == ["index", "1", "2"]
    assert await pipeline.counts("a") == {"sent": 3}


async def test_what_the_platform_does_not_tell_stays_unconfirmed(pipeline: Pipeline) -> None:
    pipeline.channel.readable = False
    pipeline.channel.failures["a"].append(lost())
    await pipeline.run(days(1))
    assert await pipeline.ledger.incidents.retry() == 1
    await pipeline.dispatch()
    assert (pipeline.read("a"), await pipeline.counts("a")) == (["index", "1", "2"], {"unconfirmed": 1, "sent": 2})


async def test_what_is_held_is_sent_again_since_somebody_has_looked(pipeline: Pipeline) -> None:
    pipeline.channel.readable = False
    pipeline.channel.failures["a"].append(refused(errors.Unconfirmed("reset")))
    await pipeline.run(days(1))
    assert await pipeline.counts("a") == {"unconfirmed": 1, "sent": 2}
    assert await pipeline.ledger.incidents.retry(unseen=True) == 1
    await pipeline.dispatch()
    assert sorted(pipeline.read("a")) == ["1", "2", "index"]


async def test_of_an_unconfirmed_send_that_is_looked_for_nothing_is_sent_again(pipeline: Pipeline) -> None:
    """The message has arrived; the program will ask in a while and see that."""
    pipeline.channel.failures["a"].append(lost())
    await pipeline.run(days(1), RetryPolicy(settle_delay=90))
    assert await pipeline.ledger.incidents.retry() == 0
    pipeline.clock.now += 91
    await pipeline.dispatch()
    assert pipeline.read("a") == ["index", "1", "2"]


MONTH = 30 * 86400.0


async def test_what_is_undecided_since_a_clock_was_ahead_is_counted_once(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"] += [lost(), refused(CLOSED)]
    pipeline.clock.now += MONTH
    await pipeline.run(days(1))
    pipeline.clock.now -= MONTH
    assert await pipeline.ledger.incidents.retry() == 1
    await pipeline.dispatch()
    assert (pipeline.read("a"), await pipeline.counts("a")) == (["index", "1", "2"], {"sent": 3})


async def test_a_closed_chat_is_tried_again_and_one_that_left_is_not(pipeline: Pipeline) -> None:
    for name in "bc":
        await pipeline.subscriber(name)
        pipeline.channel.failures[name].append(refused(CLOSED))
    await pipeline.run(days(1))
    await pipeline.unsubscribe("c")
    assert await pipeline.ledger.incidents.retry() == 1
    await pipeline.dispatch()
    assert (pipeline.read("b"), pipeline.read("c")) == (["index", "1", "2"], [])
    assert (await pipeline.known("c")).state == "removed"


async def test_what_its_post_no_longer_has_is_not_counted(pipeline: Pipeline) -> None:
    day = days(1)[0].digest.day
    pipeline.channel.failures["a"] += [Failure(), Failure(), *(refused(errors.Rejected("no")) for _ in range(2))]
    await pipeline.run([found(digest(day, paper(1), paper(2)))])
    assert await pipeline.counts("a") == {"failed": 1, "sent": 2}
    await pipeline.run([found(digest(day, paper(1)))])
    assert await pipeline.ledger.incidents.retry() == 0
    await pipeline.dispatch()
    assert pipeline.read("a") == ["index", "1"]


async def test_one_chat_alone_is_tried_again(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    for chat in "ab":
        pipeline.channel.failures[chat] += REJECTED
    await pipeline.run(days(1))
    assert await pipeline.ledger.incidents.retry(Selection("b")) == 1
    assert await pipeline.ledger.incidents.retry(Selection("terminal a")) == 1
    assert await pipeline.ledger.incidents.retry(Selection("nobody")) == 0


# --- what an operator names


async def test_one_message_alone_is_settled_by_the_names_that_are_listed(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    for chat in "ab":
        pipeline.channel.failures[chat] += [*REJECTED, Failure(), *REJECTED] * 2
    for last in (1, 2):
        await pipeline.run(days(1, 2)[:last])
    incidents = pipeline.ledger.incidents
    listed = await incidents.stuck()
    assert [(one.chat, one.digest, one.key) for one in listed] == [
        (f"terminal {chat}", f"daily-papers/2025-01-0{day}", key)
        for day in (1, 2)
        for chat in "ab"
        for key in ("index", "paper/2501.00002")
    ]
    assert {(one.state, one.why) for one in listed} == {("failed", "no")}

    meant = [Selection(one.chat, one.digest, one.key) for one in listed]
    assert [await incidents.retry(meant[0]), await incidents.retry(meant[0])] == [1, 0]
    assert [one.where for one in await incidents.discard(meant[3])] == ["terminal b, paper/2501.00002"]
    assert await incidents.discard(meant[3]) == []
    assert await incidents.stuck() == [one for one in listed if one not in (listed[0], listed[3])]
    assert await incidents.retry(Selection("a", "daily-papers/2025-01-02")) == 2
    assert await incidents.stuck() == [listed[1], listed[2], *listed[6:]]


async def test_an_undecided_message_is_listed_and_named_alone(pipeline: Pipeline) -> None:
    pipeline.channel.readable = False
    pipeline.channel.failures["a"] += [lost(), Failure(), lost()]
    await pipeline.run(days(1))
    names = ("terminal a", "daily-papers/2025-01-01", "index")
    first, second = await pipeline.ledger.incidents.stuck()
    assert first == StuckMessage(*names, DeliveryState.UNCONFIRMED, "this platform does not tell", "", "a")
    assert await pipeline.ledger.incidents.retry(Selection(*names), unseen=True) == 1
    assert await pipeline.ledger.incidents.stuck() == [second]


async def test_what_nobody_can_settle_any_more_is_not_listed(pipeline: Pipeline) -> None:
    """Its post no longer has it, or its chat left; and what waits settles itself."""
    await pipeline.subscriber("b")
    pipeline.channel.failures["a"] += [Failure(), Failure(), *REJECTED]
    pipeline.channel.failures["b"] += [*REJECTED, refused(errors.RetryLater("flood", 600))]
    await pipeline.run(days(1))
    assert len(await pipeline.ledger.incidents.stuck()) == 2
    await pipeline.look(days(1, papers=1))
    await pipeline.unsubscribe("b")
    assert await pipeline.ledger.incidents.stuck() == []


async def test_names_are_known_whether_or_not_something_is_to_be_settled(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    known = ("a", "daily-papers/2025-01-01", "index")
    others = [("b", *known[1:]), ("a", "daily-papers/2025-01-02", "index"), (*known[:2], "paper/1")]
    assert [await pipeline.ledger.incidents.knows(Selection(*names)) for names in (known, *others)] == [
        *(True, False, False, False)
    ]


async def test_chats_are_known_by_what_status_calls_them(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    await pipeline.unsubscribe("b")
    assert await pipeline.ledger.incidents.chats() == [("terminal a", "a")]


# --- what an operator gives up


async def test_what_is_given_up_is_told_of_once_and_sent_no_more(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"] += REJECTED
    await pipeline.run(days(1))
    assert [(one.where, one.why) for one in await pipeline.ledger.incidents.discard()] == [("terminal a, index", "no")]
    assert await pipeline.counts("a") == {"discarded": 1, "sent": 2}
    assert await pipeline.problems("a") == []
    assert await news(pipeline) == []
    assert await pipeline.ledger.incidents.discard() == []
    assert await pipeline.ledger.incidents.retry() == 0
    await pipeline.ledger.subscriptions.resume_all()
    await pipeline.run([found(digest(days(1)[0].digest.day, paper(1, word="new"), paper(2), paper(3)))])
    assert pipeline.read("a") == ["1", "2", "3"]


async def test_an_unconfirmed_send_that_is_given_up_is_settled(pipeline: Pipeline) -> None:
    pipeline.channel.readable = False
    pipeline.channel.failures["a"].append(lost())
    await pipeline.run(days(1))
    assert len(await pipeline.ledger.incidents.discard(Selection("a"))) == 1
    await pipeline.dispatch()
    assert pipeline.read("a") == ["index", "1", "2"]


async def test_an_edit_that_is_given_up_leaves_the_message_as_it_stands(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    pipeline.channel.failures["a"] += REJECTED
    day = days(1)[0].digest.day
    await pipeline.run([found(digest(day, paper(1, word="new"), paper(2)))])
    assert await pipeline.counts("a") == {"sent": 2, "failed": 1}
    await pipeline.ledger.incidents.discard()
    assert await pipeline.counts("a") == {"sent": 3}
    await pipeline.run([found(digest(day, paper(1, word="newer"), paper(2)))])
    assert [one.edits for one in pipeline.channel.chats["a"]] == [0, 1, 0]


async def test_what_waits_is_given_up_only_when_that_is_asked_for(pipeline: Pipeline) -> None:
    await pipeline.look(days(1), opening=pipeline.clock() + 3600)
    assert await pipeline.ledger.incidents.discard() == []
    assert len(await pipeline.ledger.incidents.discard(waiting=True)) == 3
    pipeline.clock.now += 7200
    await pipeline.dispatch()
    assert pipeline.read("a") == []
