"""Pauses: since when and why a chat cannot be written to, and what ends that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from random import Random

import pytest

from bot import errors
from bot.delivery.dispatcher import RetryPolicy
from bot.ledger.records.reports import PausedChat, PausedTotals, Selection
from tests.support.digests import days
from tests.support.memory_channel import Failure, lost, refused
from tests.support.pipeline import Pipeline, just_after, open_pipeline, pipeline_at
from tests.support.usual import usual_edition

pytestmark = pytest.mark.unmeasured  # what it runs through, others do, too

KICKED, BLOCKED = errors.ChatGone("kicked"), errors.ChatGone("blocked")
HOUR = 3600.0


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url, "a") as pipeline:
        yield pipeline


async def listed(pipeline: Pipeline, *names: str) -> None:
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {name: name for name in names})


async def refuse(pipeline: Pipeline, name: str = "a", error: errors.SendError = KICKED) -> float:
    """Let a chat refuse the next digest, and give when."""
    number = len(await pipeline.ledger.known_digests("blog")) + 1
    pipeline.channel.failures[name].append(refused(error))
    await pipeline.run(days(*range(1, number + 1)))
    since: float = just_after(pipeline.clock())
    return since


async def later(pipeline: Pipeline, *, dispatch: bool = True) -> None:
    """Give paused chats another try an hour later."""
    pipeline.clock.now += HOUR
    await pipeline.ledger.subscriptions.resume_all()
    if dispatch:
        await pipeline.dispatch()


def of(name: str, since: float | None, why: str, *, is_tried: bool = False) -> PausedChat:
    named = {"title": "", "address": name, "label": f"terminal {name}"}
    return PausedChat("terminal", name, since, why, is_tried=is_tried, is_reader=False, **named)


# --- since when and why


async def test_a_chat_that_refuses_is_paused_since_then(pipeline: Pipeline) -> None:
    assert await pipeline.ledger.status.paused() == []
    since = await refuse(pipeline)
    pipeline.clock.now += HOUR
    assert await pipeline.ledger.status.paused() == [of("a", since, "kicked")]


async def test_so_is_one_of_which_the_platform_tells_it(pipeline: Pipeline) -> None:
    since = pipeline.clock()
    await pipeline.ledger.subscriptions.pause(1, "taken out")
    await pipeline.ledger.subscriptions.pause(1, "taken out again")
    assert await pipeline.ledger.status.paused() == [of("a", since, "taken out")]


async def test_it_stays_paused_through_every_try_with_the_last_reason(pipeline: Pipeline) -> None:
    since = await refuse(pipeline)
    await later(pipeline, dispatch=False)
    assert await pipeline.ledger.status.paused() == [of("a", since, "kicked", is_tried=True)]
    pipeline.channel.failures["a"].append(refused(BLOCKED))
    await pipeline.dispatch()
    assert await pipeline.ledger.status.paused() == [of("a", since, "blocked")]


async def test_where_nothing_is_due_a_try_proves_nothing(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    since = pipeline.clock()
    await pipeline.ledger.subscriptions.pause(1, "taken out")
    for _ in range(3):
        await later(pipeline)
    assert await pipeline.ledger.status.paused() == [of("a", since, "taken out", is_tried=True)]
    assert [one.why for one in await pipeline.ledger.incidents.current()] == ["taken out"]
    await pipeline.run(days(1, 2))
    assert (await pipeline.ledger.status.paused(), await pipeline.ledger.incidents.current()) == ([], [])


# --- what ends it


async def test_a_message_that_arrives_ends_it(pipeline: Pipeline) -> None:
    await refuse(pipeline)
    await later(pipeline)
    assert await pipeline.ledger.status.paused() == []
    assert (await pipeline.known("a")).is_open
    again = await refuse(pipeline)
    assert await pipeline.ledger.status.paused() == [of("a", again, "kicked")]


async def test_so_does_one_whose_answer_was_lost_when_it_is_found(pipeline: Pipeline) -> None:
    await refuse(pipeline)
    pipeline.channel.failures["a"] += [lost(), Failure(), refused(errors.RetryLater("wait", 900))]
    await later(pipeline)
    assert await pipeline.counts("a") == {"sent": 1, "pending": 2}
    assert await pipeline.ledger.status.paused() == []


async def test_a_message_that_was_sent_before_does_not(pipeline: Pipeline) -> None:
    """Its answer was lost, then the bot was thrown out; that it is found says nothing of today."""
    await pipeline.set_preferences("a", layout="index")
    pipeline.channel.failures["a"].append(lost())
    await pipeline.run(days(1), RetryPolicy(settle_delay=90, longest_wait=10))
    pipeline.clock.now += 100
    await pipeline.ledger.subscriptions.pause(1, "taken out")
    await later(pipeline)
    assert await pipeline.counts("a") == {"sent": 1}
    assert [one.why for one in await pipeline.ledger.status.paused()] == ["taken out"]


async def test_an_answer_that_comes_late_does_not(pipeline: Pipeline) -> None:
    """The bot was thrown out between the call and its answer."""
    await pipeline.look(days(1))
    writer = pipeline.ledger.writer
    row = await writer.claim((await writer.next_rows(1))[0])
    assert row
    await pipeline.ledger.subscriptions.pause(1, "taken out")
    await writer.settle(row, "sent", remote_id="1", id_sequence="a")  # type: ignore[arg-type]
    assert [one.why for one in await pipeline.ledger.status.paused()] == ["taken out"]


async def test_an_edit_does_not(pipeline: Pipeline) -> None:
    """An edit may be possible where a message is not."""
    await pipeline.run(days(1))
    await pipeline.ledger.subscriptions.pause(1, "no right to post")
    await pipeline.look(days(1, papers=1))
    await later(pipeline)
    assert [one.edits for one in pipeline.channel.chats["a"]] == [1, 0, 0]
    assert [one.why for one in await pipeline.ledger.status.paused()] == ["no right to post"]


Act = Callable[[Pipeline], Awaitable[object]]
ENDS: dict[str, Act] = {
    "let in": lambda pipeline: pipeline.ledger.subscriptions.resume(1),
    "subscribed": lambda pipeline: pipeline.subscribe("a"),
    "unsubscribed": lambda pipeline: pipeline.unsubscribe("a"),
    "taken out of the settings": listed,
}
LASTS: dict[str, Act] = {
    "tried again": lambda pipeline: pipeline.ledger.subscriptions.try_again(1),
    "retried by an operator": lambda pipeline: pipeline.ledger.incidents.retry(Selection("a")),
    "given up by an operator": lambda pipeline: pipeline.ledger.incidents.discard(Selection("a")),
    "other preferences": lambda pipeline: pipeline.set_preferences("a", layout="index"),
    "listed still": lambda pipeline: listed(pipeline, "a"),
    "moved": lambda pipeline: pipeline.ledger.subscriptions.move(1, address="-100", id_sequence="-100"),
}


@pytest.mark.parametrize("tried", [False, True])
@pytest.mark.parametrize("act", ENDS)
async def test_what_people_and_operators_decide_ends_it(pipeline: Pipeline, act: str, tried: bool) -> None:
    await refuse(pipeline)
    if tried:
        await later(pipeline, dispatch=False)
    await ENDS[act](pipeline)
    known = await pipeline.known("a")
    assert (known.reason, known.paused_at, known.state != "paused") == ("", None, True)
    assert await pipeline.ledger.incidents.current() == []


@pytest.mark.parametrize("act", LASTS)
async def test_all_else_does_not(pipeline: Pipeline, act: str) -> None:
    since = await refuse(pipeline)
    await LASTS[act](pipeline)
    [one] = await pipeline.ledger.status.paused()
    assert (one.since, one.why) == (since, "kicked")


async def test_a_chat_that_is_put_into_the_settings_again_begins_anew(pipeline: Pipeline) -> None:
    await refuse(pipeline)
    await listed(pipeline)
    await listed(pipeline, "a")
    known = await pipeline.known("a")
    assert (known.state, known.reason, known.paused_at) == ("active", "", None)
    assert await pipeline.problems("a") == ["kicked"]  # of the message that it refused


async def test_the_other_name_of_a_chat_is_paused_no_more_once_it_receives_nothing(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    other = await pipeline.subscriber("-100")
    await pipeline.ledger.subscriptions.pause(other, "taken out")
    await pipeline.set_preferences("a", canonical_address="-100")
    await pipeline.ledger.subscriptions.merge_doubles("terminal")
    assert await pipeline.ledger.status.paused() == []


async def test_whatever_happens_a_chat_is_paused_or_not(pipeline: Pipeline) -> None:
    """A paused chat has a time and a reason, one that left has neither, and so has one to which something came."""
    random, acts = Random(7), [*ENDS.values(), *LASTS.values()]
    pauses: list[Act] = [lambda it: it.ledger.subscriptions.pause(1, "taken out"), refuse, later]
    for _ in range(150):
        await random.choice([*acts, *pauses])(pipeline)
        pipeline.clock.now += 1
        known = await pipeline.ledger.subscriptions.find("terminal", ("a", "-100"))
        assert known
        assert (known.paused_at is None) == (known.reason == "")
        assert known.state != "paused" or known.paused_at
        assert known.state != "removed" or known.paused_at is None


# --- a clock that was ahead


async def test_a_pause_of_the_future_ends_with_the_next_message(tmp_path: Path) -> None:
    """It began an hour before the clock was set back; a server's clock is trusted."""
    async with open_pipeline(tmp_path, "a") as pipeline:
        pipeline.clock.now += 30 * 86400
        await refuse(pipeline)
        await later(pipeline, dispatch=False)
        pipeline.clock.now -= 30 * 86400
        await pipeline.ledger.subscriptions.resume_all()
        (paused,) = await pipeline.ledger.status.paused()
        assert paused.since == pytest.approx(pipeline.clock() - 3600, abs=0.01)
        await pipeline.dispatch()
        assert (pipeline.read("a"), await pipeline.ledger.status.paused()) == (["index", "1", "2"], [])


# --- many of them


async def test_chats_of_the_settings_are_listed_first_and_readers_only_counted(pipeline: Pipeline) -> None:
    await listed(pipeline, "a", "z")
    for name, kind in {"b": "private", "c": "group", "d": "private"}.items():
        await pipeline.subscriber(name, kind=kind)
    await pipeline.set_preferences("z", kind="private")
    for name in "abcdz":
        pipeline.channel.failures[name].append(refused(KICKED))
    await pipeline.run(days(1))
    assert [one.chat for one in await pipeline.ledger.status.paused()] == ["a", "z", "c", "b", "d"]
    totals = await pipeline.ledger.status.paused_totals(2)
    assert (totals.chats, [one.chat for one in totals.first], totals.readers) == (3, ["a", "z"], 2)
    assert sorted(one.where for one in await pipeline.ledger.incidents.current()) == [
        *("terminal a", "terminal c", "terminal z"),
    ]


async def test_where_none_is_paused(pipeline: Pipeline) -> None:
    assert await pipeline.ledger.status.paused_totals(5) == PausedTotals(0, [], 0)


async def test_a_pause_of_which_nobody_knows_since_when(pipeline: Pipeline) -> None:
    """A former version paused it."""
    await refuse(pipeline)
    async with pipeline.ledger._write() as db:
        await db.exec_driver_sql("UPDATE chats SET paused_at = 0")
    assert await pipeline.ledger.status.paused() == [of("a", None, "kicked")]
    pipeline.channel.failures["a"].append(refused(BLOCKED))
    await later(pipeline)
    assert await pipeline.ledger.status.paused() == [of("a", None, "blocked")]
    await later(pipeline)
    assert await pipeline.ledger.status.paused() == []
