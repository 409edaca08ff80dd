"""What a worker does in one chat over the real ledger and a channel by hand: each outcome, each next step."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import date
from itertools import pairwise
from typing import Any

import pytest

from bot import errors
from bot.delivery.channel import Delivered, FreeTurn, NotDelivered, UnconfirmedSend, Undecided
from bot.delivery.dispatcher import Dispatcher, RetryPolicy
from bot.delivery.worker import ChatWorker
from bot.ledger.records.deliveries import Chat, QueuedDelivery
from bot.ledger.records.reports import Selection
from formatters.locale import phrases
from formatters.model import Paper, Section
from formatters.slack import SlackFormatter
from formatters.telegram import TelegramFormatter
from tests.support.digests import days, digest, found, paper
from tests.support.ledger_rows import change, rows
from tests.support.memory_channel import CrashError, Failure, MemoryChannel, lost, refused
from tests.support.pipeline import NOW, Pipeline, known_ids, numbers, pipeline_at, without_others
from tests.support.usual import usual_edition

TOO_LONG = RetryPolicy(settle_delay=0, first_backoff=1000)


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url, "a", "b") as pipeline:
        without_others(pipeline.ledger)
        yield pipeline


async def test_what_a_platform_says_may_hold_any_text(pipeline: Pipeline, ledger_url: str) -> None:
    """Half of a picture, where a platform cuts what it quotes: what became of the others is written all the same."""
    pipeline.channel.failures["a"].append(refused(errors.RetryLater("no \0such \ud83d", 900)))
    await pipeline.run(days(1), TOO_LONG)
    assert rows(ledger_url, "SELECT error FROM deliveries WHERE error IS NOT NULL") == [("no such \ufffd",)]
    assert pipeline.read("b") == ["index", "1", "2"]


class TopicClosed(errors.ChatGone):
    """An error that a channel tells apart for reasons of its own."""


async def test_a_channels_own_kind_of_error_leads_where_that_which_it_is_a_kind_of_does(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"].append(refused(TopicClosed("the topic is closed")))
    await pipeline.run(days(1, papers=2))
    assert pipeline.read("a") == []
    await pipeline.ledger.subscriptions.resume_all()
    await pipeline.dispatch()
    assert pipeline.read("a") == ["index", "1", "2"]


async def test_an_unconfirmed_paper_that_its_post_lost_is_not_sent_again(pipeline: Pipeline) -> None:
    day = date(2025, 1, 1)
    pipeline.channel.failures["a"] += [Failure(), Failure(), Failure(errors.Unconfirmed("reset"))]
    await pipeline.run([found(digest(day, paper(1), paper(2)))], RetryPolicy(settle_delay=90))
    pipeline.clock.now += 91
    await pipeline.run([found(digest(day, paper(1)))])
    assert numbers(pipeline.shown("a")) == ["index", "1"]
    assert await pipeline.counts("a") == {"sent": 2}


async def test_what_was_read_behind_an_unconfirmed_send_is_not_sent_before_it(pipeline: Pipeline) -> None:
    """A worker looks twice when something new was planned while it looked, and what is asked about is not due yet."""
    waits = RetryPolicy(settle_delay=90, longest_wait=10)
    pipeline.channel.failures["a"] += [Failure(), lost()]
    await pipeline.run(days(1), waits)
    [chat] = await pipeline.ledger.chats_due("terminal", until=pipeline.clock.now, after=0, most=2)
    run = Dispatcher(pipeline.ledger, {"terminal": pipeline.channel}, waits, clock=pipeline.clock)
    worker = ChatWorker(run, pipeline.channel, chat)
    with run.stop_watch.watched():
        await worker.work()
        await worker.work()
    assert chat.address == "a"
    assert numbers(pipeline.shown("a")) == ["index", "1"]


async def test_in_a_thread_papers_answer_the_index(pipeline: Pipeline) -> None:
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition("thread"), {"a": "a", "b": "b"})
    await pipeline.run(days(1))
    index = str(pipeline.channel.chats["a"][0].id)
    assert [parent for address, parent in pipeline.channel.threads if address == "a"] == ["", index, index]


async def test_an_unconfirmed_message_is_looked_for_in_the_thread_where_it_went(pipeline: Pipeline) -> None:
    asked = []

    class Asked(MemoryChannel):
        async def reconcile(self, address: str, unconfirmed: UnconfirmedSend) -> Delivered | NotDelivered | Undecided:
            asked.append(unconfirmed.thread)
            return await super().reconcile(address, unconfirmed)

    pipeline.channel = Asked()
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition("thread"), {"a": "a", "b": "b"})
    pipeline.channel.failures["a"] += [Failure(), lost()]
    await pipeline.run(days(1))
    assert asked == [str(pipeline.channel.chats["a"][0].id)]
    assert numbers(pipeline.shown("a")) == ["index", "1", "2"]


async def test_a_thread_waits_for_an_index_that_was_refused(pipeline: Pipeline) -> None:
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition("thread"), {"a": "a", "b": "b"})
    pipeline.channel.failures["a"] += [refused(errors.Rejected("no")), refused(errors.Rejected("still no"))]
    await pipeline.run(days(1))
    assert (pipeline.read("a"), pipeline.read("b")) == ([], ["index", "1", "2"])
    assert await pipeline.counts("a") == {"failed": 1, "pending": 2}
    assert await pipeline.ledger.open_rows() == 0
    [incident] = await pipeline.ledger.incidents.current()
    assert incident.why == "still no; the papers of its thread wait for it"
    await pipeline.ledger.incidents.retry()
    await pipeline.dispatch()
    assert pipeline.read("a") == ["index", "1", "2"]
    index = str(pipeline.channel.chats["a"][0].id)
    assert [parent for address, parent in pipeline.channel.threads if address == "a"] == ["", "", "", index, index]


async def test_a_thread_waits_for_an_index_of_which_nobody_knows_whether_it_arrived(pipeline: Pipeline) -> None:
    pipeline.channel.readable = False
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition("thread"), {"a": "a", "b": "b"})
    pipeline.channel.failures["a"].append(lost())
    await pipeline.run(days(1))
    assert (pipeline.read("a"), await pipeline.counts("a")) == (["index"], {"unconfirmed": 1, "pending": 2})
    pipeline.channel.readable = True
    await pipeline.ledger.subscriptions.resume_all()
    await pipeline.dispatch()
    assert pipeline.read("a") == ["index", "1", "2"]


async def test_papers_wait_no_longer_for_an_index_that_an_operator_gave_up(pipeline: Pipeline) -> None:
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition("thread"), {"a": "a", "b": "b"})
    pipeline.channel.failures["a"] += [refused(errors.Rejected("no")), refused(errors.Rejected("still no"))]
    await pipeline.run(days(1))
    [given_up] = await pipeline.ledger.incidents.discard(Selection("a"))
    assert given_up.why == "still no"
    await pipeline.dispatch()
    assert pipeline.read("a") == ["1", "2"]


async def test_a_chat_is_paused_in_the_moment_in_which_it_refuses_one(pipeline: Pipeline, ledger_url: str) -> None:
    """A process that is killed between the two would leave a chat open that lacks a message."""
    seen = []

    def look(chat: Chat, _row: QueuedDelivery, state: str, _why: str) -> None:
        [(stands,)] = rows(ledger_url, "SELECT state FROM chats WHERE name = :name", name=chat.name)
        seen.append((chat.name, state, stands))

    pipeline.channel.failures["a"].append(refused(errors.ChatGone("kicked")))
    await pipeline.look(days(1, papers=1))
    await pipeline.dispatch(report=look)
    assert sorted(seen) == [("a", "failed", "paused"), ("b", "sent", "active"), ("b", "sent", "active")]


async def test_what_an_open_chat_refused_before_a_process_was_killed_is_tried_again(
    pipeline: Pipeline, ledger_url: str
) -> None:
    """So it stands in ledgers of former versions."""
    pipeline.channel.failures["a"].append(refused(errors.ChatGone("kicked")))
    await pipeline.run(days(1))
    change(ledger_url, "UPDATE chats SET state = 'active', reason = ''")
    await pipeline.ledger.subscriptions.resume_all()
    await pipeline.dispatch()
    assert pipeline.read("a") == ["index", "1", "2"]


async def test_later_is_later_and_nothing_overtakes(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"].append(refused(errors.RetryLater("slow down", 30, flood=True)))
    await pipeline.run(days(1), RetryPolicy(settle_delay=0, longest_wait=10))
    assert pipeline.shown("a") == []
    assert await pipeline.counts("a") == {"pending": 3}
    assert await pipeline.problems("a") == ["slow down"]
    await pipeline.dispatch(RetryPolicy(longest_wait=10))
    assert pipeline.shown("a") == []
    pipeline.clock.now += 31
    await pipeline.dispatch()
    assert numbers(pipeline.shown("a")) == ["index", "1", "2"]


async def test_a_short_wait_is_waited_for(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"].append(refused(errors.RetryLater("a moment", 0.01)))
    await pipeline.look(days(1))
    real = Dispatcher(pipeline.ledger, {"terminal": pipeline.channel}, NOW)
    await real.run()
    assert numbers(pipeline.shown("a")) == ["index", "1", "2"]


async def test_network_failures_back_off_twice_as_long_each_time(pipeline: Pipeline) -> None:
    incidents = [refused(errors.RetryLater("no route")) for _ in range(4)]
    await pipeline.look(days(1))
    dispatcher = Dispatcher(pipeline.ledger, {"terminal": pipeline.channel}, TOO_LONG, pipeline.clock)
    waits = []
    for incident in incidents:
        pipeline.channel.failures["a"].append(incident)
        await dispatcher.run()
        [row, *_] = await pipeline.ledger.writer.next_rows(1)
        waits.append(row.not_before - pipeline.clock.now)
        pipeline.clock.now = row.not_before
    assert waits == [1000, 2000, 3600, 3600]
    await dispatcher.run()
    assert dispatcher.failures == {}
    assert numbers(pipeline.shown("a")) == ["index", "1", "2"]


class Prepared(MemoryChannel):
    """A channel before whose first turn the post changes; it notes the bodies that it prepared for."""

    def __init__(self, pipeline: Pipeline) -> None:
        super().__init__()
        self._pipeline, self.prepared = pipeline, list[object]()

    async def prepare(self, body: Mapping[str, object]) -> None:
        self.prepared.append(dict(body))

    async def acquire_turn(self, address: str, **how: Any) -> FreeTurn:
        if len(self.prepared) == 1:
            await self._pipeline.look([found(digest(date(2025, 1, 1), paper(1), paper(2), paper(3)))])
        return await super().acquire_turn(address, **how)

    async def send(self, address: str, body: Mapping[str, object], **how: Any) -> str:
        assert dict(body) in self.prepared
        return await super().send(address, body, **how)


async def test_a_channel_is_prepared_for_what_is_sent_in_place_of_what_was_read(pipeline: Pipeline) -> None:
    """Else its links would lead elsewhere, where the channel does not know yet where its chats are."""
    pipeline.channel = Prepared(pipeline)
    await pipeline.run([found(digest(date(2025, 1, 1), paper(1), paper(2)))])
    assert numbers(pipeline.shown("a")) == ["index", "1", "2", "3"]


async def test_a_lost_answer_is_looked_for_and_nothing_doubles(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"].append(lost())
    await pipeline.run(days(1))
    assert numbers(pipeline.shown("a")) == ["index", "1", "2"]
    assert ("a", "index", "unconfirmed") in pipeline.reports
    assert await pipeline.counts("a") == {"sent": 3}


async def test_a_send_that_never_arrived_is_sent_again_in_its_place(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"] += [Failure(), Failure(errors.Unconfirmed("reset"))]
    await pipeline.run(days(1))
    assert numbers(pipeline.shown("a")) == ["index", "1", "2"]


async def test_an_unconfirmed_send_is_settled_before_anything_else_is_done(pipeline: Pipeline) -> None:
    day = date(2025, 1, 1)
    pipeline.channel.failures["a"] += [Failure(), lost()]
    await pipeline.run([found(digest(day, paper(1)))], RetryPolicy(settle_delay=90))
    await pipeline.look([found(digest(day, paper(1), paper(2)))])  # the index, which stands before it, is stale now
    pipeline.clock.now += 91
    await pipeline.dispatch()
    assert [call for call, chat in pipeline.channel.calls if chat == "a"] == [
        "send",
        "send",
        "reconcile",
        "edit",
        "send",
    ]


async def test_a_server_that_loses_every_answer_is_asked_less_and_less_often(pipeline: Pipeline) -> None:
    """Sends are lost and so are questions: the worker must end, and the next try must not come at once."""
    waits = RetryPolicy(settle_delay=5, longest_wait=0)
    await pipeline.look(days(1))
    dispatcher = Dispatcher(pipeline.ledger, {"terminal": pipeline.channel}, waits, pipeline.clock)
    pauses = []
    for _ in range(12):
        pipeline.channel.failures["a"].append(Failure(errors.Unconfirmed("502")))
        await dispatcher.run()
        [row, *_] = await pipeline.ledger.writer.next_rows(1)
        pauses.append(row.not_before - pipeline.clock.now)
        pipeline.clock.now = row.not_before
    assert pauses[:3] == [5, 20, 40]
    assert pauses == sorted(pauses)
    assert pauses[-1] == waits.longest_backoff


async def test_a_server_that_takes_nothing_in_does_not_keep_a_run_for_ever(pipeline: Pipeline) -> None:
    """Each send is lost, each question says it is not there: without longer pauses this would never end."""
    pipeline.channel.failures["a"] += [
        incident for _ in range(50) for incident in (Failure(errors.Unconfirmed("500")), Failure())
    ]
    await pipeline.run(days(1), RetryPolicy(settle_delay=0.01, longest_wait=0.1))
    assert [call for call in pipeline.channel.calls if call[1] == "a"].count(("send", "a")) < 10
    assert pipeline.shown("a") == []


async def test_a_long_question_is_given_up_when_told_to_stop(pipeline: Pipeline) -> None:
    stopping = asyncio.Event()

    class Slow(MemoryChannel):
        async def reconcile(self, address: str, unconfirmed: UnconfirmedSend) -> Delivered | NotDelivered | Undecided:
            stopping.set()
            await asyncio.Event().wait()
            return NotDelivered()

    slow = Slow()
    slow.failures["a"].append(lost())
    await pipeline.look(days(1))
    async with asyncio.timeout(10):
        await Dispatcher(
            pipeline.ledger, {"terminal": slow}, RetryPolicy(settle_delay=0, stop_grace=0.01), stopping=stopping
        ).run()
    assert (await pipeline.counts("a"))["unconfirmed"] == 1


async def test_an_edit_does_not_make_a_message_younger(pipeline: Pipeline) -> None:
    """How long ago a chat was last written to decides whether asking by editing is safe."""
    day = date(2025, 1, 1)
    await pipeline.run([found(digest(day, paper(1)))])
    chat = Chat(1, "terminal", "a", "a", "a", "terminal a")
    before = await known_ids(pipeline.ledger, chat, pipeline.clock.now + 1)
    pipeline.clock.now += 86_400
    await pipeline.run([found(digest(day, paper(1, word="new")))])
    assert await known_ids(pipeline.ledger, chat, pipeline.clock.now) == before


async def test_nothing_is_asked_about_a_send_that_may_still_be_under_way(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"].append(lost())
    await pipeline.run(days(1), RetryPolicy(settle_delay=90))
    assert ("reconcile", "a") not in pipeline.channel.calls
    assert await pipeline.counts("a") == {"unconfirmed": 1, "pending": 2}
    pipeline.clock.now += 91
    await pipeline.dispatch(RetryPolicy(settle_delay=90))
    assert numbers(pipeline.shown("a")) == ["index", "1", "2"]


async def test_what_cannot_be_found_out_is_held_and_the_others_go_on(pipeline: Pipeline) -> None:
    pipeline.channel.readable = False
    pipeline.channel.failures["a"].append(lost())
    await pipeline.run(days(1))
    assert await pipeline.counts("a") == {"unconfirmed": 1, "sent": 2}
    assert await pipeline.problems("a") == ["this platform does not tell"]
    await pipeline.dispatch()
    assert [call for call in pipeline.channel.calls if call[0] == "reconcile"] == [("reconcile", "a")]
    pipeline.channel.readable = True
    await pipeline.ledger.subscriptions.resume_all()
    await pipeline.dispatch()
    assert await pipeline.counts("a") == {"sent": 3}
    assert numbers(pipeline.shown("a")) == ["index", "1", "2"]


async def test_the_question_itself_may_fail_and_is_asked_again(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"] += [lost(), Failure(errors.Unconfirmed("again")), refused(errors.RetryLater("wait"))]
    await pipeline.run(days(1))
    assert numbers(pipeline.shown("a")) == ["index", "1", "2"]


async def test_a_refused_question_is_held(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"] += [lost(), refused(errors.Rejected("no"))]
    await pipeline.run(days(1))
    assert await pipeline.counts("a") == {"unconfirmed": 1, "sent": 2}


async def test_a_message_found_after_its_post_changed_is_brought_up_to_date(pipeline: Pipeline) -> None:
    day = date(2025, 1, 1)
    pipeline.channel.failures["a"].append(lost())
    await pipeline.run([found(digest(day, paper(1)))], RetryPolicy(settle_delay=90))
    await pipeline.look([found(digest(day, paper(1), paper(2)))])
    pipeline.clock.now += 91
    await pipeline.dispatch()
    index = pipeline.channel.chats["a"][0]
    assert (index.edits, "2 papers" in str(index.body)) == (1, True)
    assert numbers(pipeline.shown("a")) == ["index", "1", "2"]


async def test_refused_markup_is_tried_once_as_plain_text(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"].append(refused(errors.Rejected("cannot parse")))
    await pipeline.run(days(1))
    assert ("a", "index", "pending") in pipeline.reports
    assert await pipeline.counts("a") == {"sent": 3}


FOLDED = usual_edition("digest", "folded", ("digest",))
TWO = Paper("two", 2, "Two", "https://two.org/", (), (Section("Goal", "To be *two*."),))


@pytest.mark.parametrize(
    ("times", "kinds"),
    [(0, ["rich_text", "container"]), (1, ["rich_text", "rich_text", "section", "context"]), (2, [])],
)
async def test_a_refused_message_is_tried_in_each_plainer_form(
    pipeline: Pipeline, times: int, kinds: list[str]
) -> None:
    """In Slack: folded, without containers, and as text alone."""
    pipeline.channel.formatter = SlackFormatter(phrases("en"))
    pipeline.channel.failures["a"] += [refused(errors.Rejected("invalid_blocks"))] * times
    await pipeline.ledger.subscriptions.sync_chats("terminal", FOLDED, {"a": "a"})
    await pipeline.run([found(digest(date(2025, 1, 1), TWO))])
    [shown] = pipeline.channel.chats["a"]
    blocks: Any = shown.body.get("blocks", [])
    assert [block["type"] for block in blocks] == kinds
    assert "https://two.org/" in str(shown.body)
    assert pipeline.reports == [*[("a", "digest", "pending")] * times, ("a", "digest", "sent")]


async def test_a_message_refused_in_all_its_forms_fails(pipeline: Pipeline) -> None:
    pipeline.channel.formatter = SlackFormatter(phrases("en"))
    pipeline.channel.failures["a"] += [refused(errors.Rejected("no"))] * 3
    await pipeline.ledger.subscriptions.sync_chats("terminal", FOLDED, {"a": "a"})
    await pipeline.run([found(digest(date(2025, 1, 1), TWO))])
    assert await pipeline.counts("a") == {"failed": 1}
    assert pipeline.channel.calls == [("send", "a")] * 3


async def test_a_refused_edit_is_tried_in_each_plainer_form(pipeline: Pipeline) -> None:
    pipeline.channel.formatter = SlackFormatter(phrases("en"))
    await pipeline.ledger.subscriptions.sync_chats("terminal", FOLDED, {"a": "a"})
    await pipeline.run([found(digest(date(2025, 1, 1), TWO))])
    pipeline.channel.failures["a"].append(refused(errors.Rejected("invalid_blocks")))
    await pipeline.run([found(digest(date(2025, 1, 1), replace(TWO, title="Better")))])
    [shown] = pipeline.channel.chats["a"]
    assert (shown.edits, "2. Better" in str(shown.body), "container" in str(shown.body)) == (1, True, False)


async def test_in_telegram_there_is_one_plainer_form(pipeline: Pipeline) -> None:
    pipeline.channel.formatter = TelegramFormatter(phrases("en"))
    pipeline.channel.failures["a"] += [refused(errors.Rejected("cannot parse"))] * 2
    await pipeline.run([found(digest(date(2025, 1, 1), replace(TWO, title="a &lt; b")))])
    assert await pipeline.counts("a") == {"failed": 1, "sent": 1}
    assert pipeline.channel.calls.count(("send", "a")) == 3


async def test_a_message_refused_twice_fails_and_later_ones_go_on(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"] += [refused(errors.Rejected("no")), refused(errors.Rejected("still no"))]
    await pipeline.run(days(1))
    assert await pipeline.counts("a") == {"failed": 1, "sent": 2}
    assert await pipeline.problems("a") == ["still no"]


async def test_a_failed_message_is_tried_again_when_its_post_changes(pipeline: Pipeline) -> None:
    day = date(2025, 1, 1)
    pipeline.channel.failures["a"] += [Failure(), *[refused(errors.Rejected("no")) for _ in range(2)]]
    await pipeline.run([found(digest(day, paper(1)))])
    assert await pipeline.counts("a") == {"sent": 1, "failed": 1}
    await pipeline.run([found(digest(day, paper(1, word="better")))])
    assert await pipeline.counts("a") == {"sent": 2}


async def test_a_refused_edit_fails_and_is_not_sent_anew(pipeline: Pipeline) -> None:
    day = date(2025, 1, 1)
    await pipeline.run([found(digest(day, paper(1)))])
    pipeline.channel.failures["a"] += [refused(errors.Rejected("gone")), refused(errors.Rejected("gone"))]
    await pipeline.run([found(digest(day, paper(1, word="new")))])
    assert await pipeline.counts("a") == {"sent": 1, "failed": 1}
    assert len(pipeline.shown("a")) == 2


async def test_a_lost_answer_to_an_edit_only_repeats_the_edit(pipeline: Pipeline) -> None:
    day = date(2025, 1, 1)
    await pipeline.run([found(digest(day, paper(1)))])
    pipeline.channel.failures["a"].append(lost())
    await pipeline.run([found(digest(day, paper(1, word="new")))])
    assert [one.edits for one in pipeline.channel.chats["a"]] == [0, 2]
    assert await pipeline.counts("a") == {"sent": 2}


async def test_a_closed_chat_is_paused_and_the_others_go_on(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"] += [Failure(), refused(errors.ChatGone("a: kicked; let the bot in"))]
    await pipeline.run(days(1))
    assert await pipeline.counts("a") == {"sent": 1, "failed": 1, "pending": 1}
    assert await pipeline.problems("a") == ["paused: a: kicked; let the bot in"]
    assert numbers(pipeline.shown("b")) == ["index", "1", "2"]
    await pipeline.run(days(1, 2))
    assert len(pipeline.shown("a")) == 1


async def test_our_own_waiting_ends_when_somebody_delivers_but_not_the_platforms(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"].append(refused(errors.RetryLater("no network")))
    pipeline.channel.failures["b"].append(refused(errors.RetryLater("slow down", 900, flood=True)))
    await pipeline.run(days(1), TOO_LONG)
    assert (pipeline.shown("a"), pipeline.shown("b")) == ([], [])
    await pipeline.ledger.subscriptions.resume_all()
    await pipeline.dispatch()
    assert (numbers(pipeline.shown("a")), pipeline.shown("b")) == (["index", "1", "2"], [])


async def test_a_paused_chat_that_lets_us_in_again_gets_all_it_missed(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"] += [Failure(), refused(errors.ChatGone("kicked"))]
    await pipeline.run(days(1))
    await pipeline.ledger.subscriptions.resume_all()
    await pipeline.run(days(1))
    assert numbers(pipeline.shown("a")) == ["index", "1", "2"]


async def test_a_chat_closed_to_an_edit_is_edited_when_it_opens(pipeline: Pipeline) -> None:
    day = date(2025, 1, 1)
    await pipeline.run([found(digest(day, paper(1)))])
    pipeline.channel.failures["a"].append(refused(errors.ChatGone("kicked")))
    await pipeline.run([found(digest(day, paper(1, word="new")))])
    await pipeline.ledger.subscriptions.resume_all()
    await pipeline.dispatch()
    assert [one.edits for one in pipeline.channel.chats["a"]] == [0, 1]


async def test_a_moved_chat_is_followed(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"] += [Failure(), refused(errors.ChatMoved("moved", "a2"))]
    await pipeline.run(days(1))
    assert numbers(pipeline.shown("a")) == ["index"]
    assert numbers(pipeline.shown("a2")) == ["1", "2"]
    assert await pipeline.counts("a") == {"sent": 3}
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a", "b": "b"})
    await pipeline.run(days(1, 2))
    assert numbers(pipeline.shown("a2")) == ["1", "2", "index", "1", "2"]


async def test_a_chat_whose_move_is_heard_of_meanwhile_is_sent_to_where_it_is_now(pipeline: Pipeline) -> None:
    await pipeline.look(days(1))

    class Hearing(MemoryChannel):
        async def acquire_turn(self, address: str, **how: Any) -> FreeTurn:
            if address == "a" and len(self.chats["a"]) == 1:
                await pipeline.ledger.subscriptions.move(1, address="a2", id_sequence="a2")
            return await super().acquire_turn(address, **how)

    pipeline.channel = Hearing()
    await pipeline.dispatch()
    assert (pipeline.read("a"), pipeline.read("a2"), pipeline.read("b")) == (["index"], ["1", "2"], ["index", "1", "2"])


async def test_an_unconfirmed_send_from_before_a_chat_moved_waits_for_an_operator(
    pipeline: Pipeline,
) -> None:
    """Nobody can ask at the old address, and readers see the old messages at the new one, too."""
    pipeline.channel.failures["a"] += [Failure(), lost(), refused(errors.ChatMoved("moved to a2", "a2"))]
    await pipeline.run(days(1))
    for _ in range(2):
        await pipeline.ledger.subscriptions.resume_all()
        await pipeline.dispatch()
    assert (numbers(pipeline.shown("a")), numbers(pipeline.shown("a2"))) == (["index", "1"], ["2"])
    assert await pipeline.counts("a") == {"sent": 2, "unconfirmed": 1}
    assert await pipeline.problems("a") == ["moved to a2"]


async def moved(pipeline: Pipeline) -> None:
    """Let the platform say that a chat moved, before anything is sent there."""
    subscriptions = pipeline.ledger.subscriptions
    await subscriptions.move((await pipeline.known("a")).id, address="a2", id_sequence="a2")


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_send_that_died_before_the_platform_said_that_the_chat_moved_is_not_repeated(
    pipeline: Pipeline, accepted: bool
) -> None:
    """What is not in the new chat may be in the old one, which readers see as well."""
    pipeline.channel.failures["a"] += [Failure(), Failure(CrashError(), accepted=accepted)]
    with pytest.raises(BaseExceptionGroup):
        await pipeline.run(days(1))
    await moved(pipeline)
    for _ in range(2):
        await pipeline.run(days(1))
        await pipeline.ledger.subscriptions.resume_all()
    assert (numbers(pipeline.shown("a")), numbers(pipeline.shown("a2"))) == (["index", "1"][: 1 + accepted], ["2"])
    assert await pipeline.counts("a") == {"sent": 2, "unconfirmed": 1}
    assert await pipeline.problems("a") == ["the chat became a2 since"]
    assert ("reconcile", "a2") not in pipeline.channel.calls


async def test_a_send_whose_answer_is_lost_while_the_platform_says_that_the_chat_moved_is_not_repeated(
    pipeline: Pipeline,
) -> None:
    class Moving(MemoryChannel):
        async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
            if address == "a" and self.chats["a"]:
                await moved(pipeline)
            return await super().send(address, body, delivery_ref=delivery_ref, thread=thread)

    pipeline.channel = Moving()
    pipeline.channel.failures["a"] += [Failure(), lost()]
    await pipeline.run(days(1), RetryPolicy(settle_delay=90))
    pipeline.clock.now += 91
    await pipeline.run(days(1))
    assert (numbers(pipeline.shown("a")), numbers(pipeline.shown("a2"))) == (["index", "1"], ["2"])
    assert await pipeline.counts("a") == {"sent": 2, "unconfirmed": 1}


async def test_an_edit_that_died_before_the_platform_said_that_the_chat_moved_is_given_up(pipeline: Pipeline) -> None:
    """The id is one of the old chat; in the new one it is another message's."""
    day = date(2025, 1, 1)
    await pipeline.run([found(digest(day, paper(1), paper(2)))])
    pipeline.channel.failures["a"].append(Failure(CrashError()))
    with pytest.raises(BaseExceptionGroup):
        await pipeline.run([found(digest(day, paper(1, word="new"), paper(2)))])
    await moved(pipeline)
    await pipeline.run([found(digest(day, paper(1, word="new"), paper(2)))])
    assert ("edit", "a2") not in pipeline.channel.calls
    assert await pipeline.counts("a") == {"sent": 3}


async def test_in_a_long_pause_of_the_bot_no_worker_waits(pipeline: Pipeline) -> None:
    class Paused(MemoryChannel):
        async def acquire_turn(
            self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
        ) -> FreeTurn:
            raise errors.RetryLater("the platform asked the bot to wait", 600, flood=True)

    sound, pipeline.channel = pipeline.channel, Paused()
    await pipeline.run(days(1))
    assert await pipeline.counts("a") == await pipeline.counts("b") == {"pending": 3}
    pipeline.channel = sound
    await pipeline.dispatch()
    assert numbers(pipeline.shown("a")) == ["index", "1", "2"]


async def test_what_a_moved_chat_holds_from_before_is_edited_no_more(pipeline: Pipeline) -> None:
    day = date(2025, 1, 1)
    await pipeline.run([found(digest(day, paper(1), paper(2)))])
    pipeline.channel.failures["a"].append(refused(errors.ChatMoved("moved", "a2")))
    await pipeline.run([found(digest(day, paper(1, word="new"), paper(2, word="new")))])
    await pipeline.run([found(digest(day, paper(1, word="newer"), paper(2, word="newer")))])
    assert await pipeline.counts("a") == {"sent": 3}
    assert ("edit", "a2") not in pipeline.channel.calls
    assert (
        await known_ids(pipeline.ledger, Chat(1, "terminal", "a", "a2", "a2", "terminal a2"), pipeline.clock.now)
    ).last == 0


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_crash_in_a_send_is_settled_by_the_next_run(pipeline: Pipeline, accepted: bool) -> None:
    pipeline.channel.failures["a"] += [Failure(), Failure(CrashError(), accepted=accepted)]
    await pipeline.look(days(1))
    with pytest.raises(BaseExceptionGroup):
        await pipeline.dispatch()
    assert (await pipeline.counts("a"))["sending"] == 1
    await pipeline.dispatch()
    assert numbers(pipeline.shown("a")) == numbers(pipeline.shown("b")) == ["index", "1", "2"]
    assert await pipeline.counts("a") == {"sent": 3}


async def test_a_crash_in_an_edit_repeats_the_edit(pipeline: Pipeline) -> None:
    day = date(2025, 1, 1)
    await pipeline.run([found(digest(day, paper(1)))])
    pipeline.channel.failures["a"].append(Failure(CrashError(), accepted=True))
    await pipeline.look([found(digest(day, paper(1, word="new")))])
    with pytest.raises(BaseExceptionGroup):
        await pipeline.dispatch()
    await pipeline.dispatch()
    assert await pipeline.counts("a") == {"sent": 2}


async def test_a_chat_in_which_somebody_else_is_at_work_is_left_to_them(pipeline: Pipeline) -> None:
    await pipeline.look(days(1))

    class Beaten(MemoryChannel):
        """Somebody takes the row while we wait for our turn."""

        async def acquire_turn(
            self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
        ) -> FreeTurn:
            [row, *_] = await pipeline.ledger.writer.next_rows(1 if address == "a" else 2)
            assert await pipeline.ledger.writer.claim(row)
            return FreeTurn()

    beaten = Beaten()
    await Dispatcher(pipeline.ledger, {"terminal": beaten}, NOW).run()
    assert beaten.calls == []
    assert await pipeline.counts("a") == {"sending": 1, "pending": 2}


async def test_a_call_leaves_at_its_turn_which_is_granted_a_little_before(pipeline: Pipeline) -> None:
    """What is noted before the call takes now more and now less time: calls would come too close to each other."""
    turns: list[float] = []

    class Limited(MemoryChannel):
        async def acquire_turn(
            self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
        ) -> FreeTurn:
            assert 0 < ahead < 0.1
            return FreeTurn(asyncio.get_running_loop().time() + ahead)

        async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
            turns.append(asyncio.get_running_loop().time())
            return await super().send(address, body, delivery_ref=delivery_ref, thread=thread)

    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a"})
    await pipeline.look(days(1))
    pipeline.channel = Limited()
    await pipeline.dispatch()
    assert len(turns) == 3
    assert all(later - earlier >= 0.05 for earlier, later in pairwise(turns))
