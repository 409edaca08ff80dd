"""Whole runs over the real ledger and a channel by hand: who gets what, how many at once, what comes up meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import date
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot import errors
from bot.delivery.channel import FreeTurn
from bot.delivery.decisions import Rules
from bot.delivery.dispatcher import Dispatcher, RetryPolicy
from bot.delivery.planner import plan
from bot.ledger.records.deliveries import Chat, QueuedDelivery
from tests.support.digests import days, digest, found, paper
from tests.support.memory_channel import Failure, MemoryChannel, lost, refused
from tests.support.pipeline import NOW, Pipeline, numbers, open_pipeline, pipeline_at, without_others
from tests.support.usual import usual_edition


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url, "a", "b") as pipeline:
        yield pipeline


async def test_every_chat_gets_the_index_then_the_papers_in_order(pipeline: Pipeline) -> None:
    await pipeline.run(days(1, papers=3))
    assert numbers(pipeline.shown("a")) == numbers(pipeline.shown("b")) == ["index", "1", "2", "3"]
    assert await pipeline.counts("a") == {"sent": 4}
    assert ("a", "index", "sent") in pipeline.reports


async def test_nothing_is_sent_to_a_chat_that_waits_until_it_is_known_which_it_is(pipeline: Pipeline) -> None:
    waiting = {"terminal": {(await pipeline.known("a")).id: "the platform is away"}}
    await pipeline.look(days(1))
    await Dispatcher(pipeline.ledger, {"terminal": pipeline.channel}, NOW, pipeline.clock, waiting=waiting).run()
    assert (pipeline.read("a"), pipeline.read("b")) == ([], ["index", "1", "2"])
    waiting.clear()
    await Dispatcher(pipeline.ledger, {"terminal": pipeline.channel}, NOW, pipeline.clock, waiting=waiting).run()
    assert pipeline.read("a") == ["index", "1", "2"]


async def test_a_second_run_sends_nothing(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    calls = len(pipeline.channel.calls)
    await pipeline.run(days(1))
    assert len(pipeline.channel.calls) == calls


async def test_an_edit_touches_only_what_changed_and_sends_only_what_is_new(pipeline: Pipeline) -> None:
    day = date(2025, 1, 1)
    await pipeline.run([found(digest(day, paper(1), paper(2)))])
    await pipeline.run([found(digest(day, paper(1), paper(2, id="2501.09999"), paper(3, id="2501.00002", word="new")))])
    shown = pipeline.channel.chats["a"]
    assert [one.edits for one in shown] == [1, 0, 1, 0]
    assert numbers(pipeline.shown("a")) == ["index", "1", "3", "2"]
    assert "new things" in str(shown[2].body)


async def test_a_reverted_edit_that_was_not_yet_made_is_not_made(pipeline: Pipeline) -> None:
    day = date(2025, 1, 1)
    first, second = digest(day, paper(1)), digest(day, paper(1, word="new"))
    await pipeline.run([found(first)])
    await pipeline.look([found(second)])
    assert await pipeline.counts("a") == {"sent": 1, "stale": 1}
    await pipeline.look([found(first)])
    assert await pipeline.counts("a") == {"sent": 2}


async def test_a_paper_that_its_post_lost_stays_where_it_was_sent_and_is_not_sent_elsewhere(pipeline: Pipeline) -> None:
    day = date(2025, 1, 1)
    pipeline.channel.failures["b"].append(refused(errors.RetryLater("wait", 900)))
    await pipeline.run([found(digest(day, paper(1), paper(2)))])
    pipeline.clock.now += 901
    await pipeline.run([found(digest(day, paper(1)))])
    assert numbers(pipeline.shown("a")) == ["index", "1", "2"]
    assert numbers(pipeline.shown("b")) == ["index", "1"]


async def test_a_chat_that_joins_later_gets_the_newest_digest_alone(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    await pipeline.run(days(1, 2))
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a", "b": "b", "c": "c"})
    await pipeline.run(days(1, 2))
    assert numbers(pipeline.shown("c")) == ["index", "1", "2"]
    assert numbers(pipeline.shown("a")) == ["index", "1", "2"] * 2


async def test_a_chat_that_joins_at_night_waits_for_the_morning(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a", "b": "b", "c": "c"})
    await pipeline.look(days(1), opening=pipeline.clock() + 3600)
    await pipeline.dispatch()
    assert pipeline.shown("c") == []
    pipeline.clock.now += 3600
    await pipeline.dispatch()
    assert len(pipeline.shown("c")) == 3


async def test_a_chat_taken_out_of_the_settings_gets_nothing_more_and_may_come_back(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a"})
    await pipeline.run(days(1, 2))
    assert len(pipeline.shown("b")) == 3
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a", "b": "b"})
    await pipeline.run(days(1, 2))
    assert len(pipeline.shown("b")) == 6


async def test_a_new_layout_does_not_repeat_what_was_delivered_in_the_old_one(pipeline: Pipeline) -> None:
    day = date(2025, 1, 1)
    await pipeline.run([found(digest(day, paper(1)))])
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition("thread"), {"a": "a", "b": "b"})
    await pipeline.run([found(digest(day, paper(1), paper(2)))])
    assert numbers(pipeline.shown("a")) == ["index", "1", "2"]
    assert {parent for _, parent in pipeline.channel.threads} == {""}


async def test_a_chat_that_joins_with_a_new_layout_repeats_nothing_to_the_others(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition("thread"), {"a": "a", "b": "b", "c": "c"})
    await pipeline.run(days(1))
    assert [len(pipeline.shown(chat)) for chat in "abc"] == [3, 3, 3]


async def test_what_a_post_gained_while_a_chat_was_paused_is_not_missing_there(pipeline: Pipeline) -> None:
    day = date(2025, 1, 1)
    pipeline.channel.failures["a"] += [Failure(), refused(errors.ChatGone("kicked"))]
    await pipeline.run([found(digest(day, paper(1)))])
    grown = [found(digest(day, paper(1), paper(2)))]
    await pipeline.run(grown)
    await pipeline.ledger.subscriptions.resume_all()
    await pipeline.run(grown)
    assert numbers(pipeline.shown("a")) == numbers(pipeline.shown("b")) == ["index", "1", "2"]


async def test_what_a_post_gained_while_a_chat_was_out_of_the_settings_is_not_missing_there(pipeline: Pipeline) -> None:
    day = date(2025, 1, 1)
    await pipeline.run([found(digest(day, paper(1)))])
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a"})
    grown = [found(digest(day, paper(1), paper(2)))]
    await pipeline.run(grown)
    assert numbers(pipeline.shown("b")) == ["index", "1"]
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a", "b": "b"})
    await pipeline.run(grown)
    assert numbers(pipeline.shown("b")) == ["index", "1", "2"]


async def test_renamed_first_and_retitled_later_is_still_the_same_digest(pipeline: Pipeline) -> None:
    day = date(2025, 1, 1)
    await pipeline.run([found(digest(day, paper(1)), "2025-01-01-a.md")])
    await pipeline.run([found(digest(day, paper(1)), "2025-01-01-b.md")])
    await pipeline.run([found(digest(day, paper(1), series="The Daily Papers"), "2025-01-01-b.md")])
    assert numbers(pipeline.shown("a")) == ["index", "1"]


async def test_a_refused_bot_keeps_everything_waiting_and_says_so_once(pipeline: Pipeline) -> None:
    for address in ("a", "b"):
        pipeline.channel.failures[address].append(refused(errors.BotGone("token revoked")))
    with capture_logs() as logs:
        await pipeline.run(days(1))
    assert await pipeline.counts("a") == await pipeline.counts("b") == {"pending": 3}
    assert [line["error"] for line in logs if line["event"] == "bot refused"] == ["token revoked"]
    pipeline.channel.failures.clear()  # the token works again; one of the chats may not have been tried at all
    await pipeline.dispatch()
    assert numbers(pipeline.shown("a")) == ["index", "1", "2"]


async def test_other_chats_of_a_refused_bot_are_not_even_tried(pipeline: Pipeline) -> None:
    refusal = asyncio.Event()

    class Slow(MemoryChannel):
        """The turn of b comes after a was refused."""

        async def acquire_turn(
            self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
        ) -> FreeTurn:
            if address == "b":
                await refusal.wait()
            return FreeTurn()

    def settled(_chat: Chat, _row: QueuedDelivery, _state: str, _why: str) -> None:
        refusal.set()

    slow = Slow()
    slow.failures["a"].append(refused(errors.BotGone("token revoked")))
    await pipeline.look(days(1))
    await Dispatcher(pipeline.ledger, {"terminal": slow}, NOW, on_settled=settled).run()
    assert slow.calls == [("send", "a")]


async def test_stopping_finishes_the_send_under_way_and_no_other(pipeline: Pipeline) -> None:
    stopping = asyncio.Event()
    await pipeline.look(days(1))

    class Stopping(MemoryChannel):
        async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
            stopping.set()
            return await super().send(address, body, delivery_ref=delivery_ref, thread=thread)

    pipeline.channel = Stopping()
    await Dispatcher(pipeline.ledger, {"terminal": pipeline.channel}, NOW, pipeline.clock, stopping).run()
    total = {state: n for chat in "ab" for state, n in (await pipeline.counts(chat)).items()}
    assert set(total) <= {"sent", "pending"}
    assert 1 <= len(pipeline.shown("a")) + len(pipeline.shown("b")) <= 2


async def test_stopping_ends_a_wait(pipeline: Pipeline) -> None:
    stopping = asyncio.Event()
    pipeline.channel.failures["a"].append(refused(errors.RetryLater("wait", 50)))
    await pipeline.look(days(1))
    running = asyncio.create_task(pipeline.dispatch(stopping=stopping))
    async with asyncio.timeout(30):
        while ("a", "index", "pending") not in pipeline.reports:
            await asyncio.sleep(0)
        stopping.set()
        await running
    assert pipeline.shown("a") == []


async def test_a_ledger_that_cannot_be_written_ends_the_run_in_words(tmp_path: Path) -> None:
    async with open_pipeline(tmp_path, "a") as pipeline:
        await pipeline.look(days(1))
        (tmp_path / "ledger.db").write_bytes(b"no database at all, but long enough to be read as one" * 100)
        (tmp_path / "ledger.db-wal").unlink(missing_ok=True)
        with pytest.raises(errors.LedgerError, match="ledger"):
            await pipeline.dispatch()


async def test_who_is_cancelled_ends_cancelled_whatever_else_goes_wrong(pipeline: Pipeline) -> None:
    """As when the bot is lost: the ledger fails at the same time."""
    begun = asyncio.Event()

    class Failing(MemoryChannel):
        async def acquire_turn(
            self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
        ) -> FreeTurn:
            begun.set()
            try:
                await asyncio.sleep(60)
            finally:
                raise errors.LedgerError("gone")

    pipeline.channel = Failing()
    await pipeline.look(days(1))
    task = asyncio.create_task(pipeline.dispatch())
    await asyncio.wait_for(begun.wait(), 20)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_is_planned_while_workers_are_started_is_delivered(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There was nothing to do in any chat, and the run was about to end."""
    chats_due = pipeline.ledger.chats_due
    channels = {"terminal": pipeline.channel, "other": MemoryChannel(name="other")}
    dispatcher = Dispatcher(pipeline.ledger, channels, NOW, pipeline.clock)

    async def slowly(channel: str, *, until: float, after: int, most: int) -> list[Chat]:
        found = await chats_due(channel, until=until, after=after, most=most)
        if channel == "other" and not pipeline.channel.calls:
            await pipeline.look(days(1))
            dispatcher.rescan()
        return found

    monkeypatch.setattr(pipeline.ledger, "chats_due", slowly)
    async with asyncio.timeout(10):
        await dispatcher.run()
    assert pipeline.read("a") == pipeline.read("b") == ["index", "1", "2"]


class Crowded(MemoryChannel):
    """A chat is at work from its first turn to its last answer."""

    def __init__(self) -> None:
        super().__init__()
        self.at_work, self.most = set[str](), 0

    async def acquire_turn(
        self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
    ) -> FreeTurn:
        self.at_work.add(address)
        self.most = max(self.most, len(self.at_work))
        return await super().acquire_turn(address)

    async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
        sent = await super().send(address, body, delivery_ref=delivery_ref, thread=thread)
        if len(self.chats[address]) == 2:
            self.at_work.remove(address)
        return sent


async def test_however_many_chats_there_are_few_are_at_work_at_once(pipeline: Pipeline) -> None:
    crowd = [f"{number:04}" for number in range(300)]
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), dict(zip(crowd, crowd, strict=True)))
    await pipeline.look([found(digest(date(2025, 1, 1), paper(1)))])
    pipeline.channel = Crowded()
    await Dispatcher(pipeline.ledger, {"terminal": pipeline.channel}, NOW, pipeline.clock, most_workers=7).run()
    assert {chat: pipeline.read(chat) for chat in crowd} == {chat: ["index", "1"] for chat in crowd}
    assert pipeline.channel.most <= 7
    begun = {chat: number for number, chat in enumerate(pipeline.channel.chats)}
    # First come, first served, as far as a slow thread lets one worker fall behind the others.
    assert all(abs(begun[chat] - number) < 100 for number, chat in enumerate(crowd))


async def test_workers_start_when_half_of_their_number_is_free(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chats end one by one; looking for others each time would cost more than it gives."""
    crowd = [*"abcdefgh"]
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), dict(zip(crowd, crowd, strict=True)))
    chats_due, asked = pipeline.ledger.chats_due, list[tuple[int, int]]()

    async def noted(channel: str, *, until: float, after: int, most: int) -> list[Chat]:
        asked.append((after, most))
        return await chats_due(channel, until=until, after=after, most=most)

    class OneByOne(MemoryChannel):
        """The last ones begin when the first ones have ended."""

        async def acquire_turn(
            self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
        ) -> FreeTurn:
            before = [chat for chat in "abcd" if chat < address <= "d"]
            while any(len(self.chats[chat]) < 3 for chat in before):
                await asyncio.sleep(0)
            for _ in range(100 if address in "bcd" else 0):
                await asyncio.sleep(0)
            return await super().acquire_turn(address)

    await pipeline.look(days(1))
    monkeypatch.setattr(pipeline.ledger, "chats_due", noted)
    pipeline.channel = OneByOne()
    await Dispatcher(pipeline.ledger, {"terminal": pipeline.channel}, NOW, pipeline.clock, most_workers=4).run()
    assert asked[:2] == [(0, 4), ((await pipeline.known("d")).id, 2)]
    assert [pipeline.read(chat) for chat in crowd] == [["index", "1", "2"]] * 8


async def test_what_is_planned_for_chats_already_passed_is_delivered(pipeline: Pipeline) -> None:
    """There are more chats than workers; one that was looked at first subscribes while the last ones are served."""
    crowd = [*"abcdefgh"]
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), dict(zip(crowd, crowd, strict=True)))
    dispatchers: list[Dispatcher] = []

    class Meanwhile(MemoryChannel):
        async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
            if address == "h" and not self.chats["h"]:
                await pipeline.look(days(1, 2))
                dispatchers[0].rescan()
            return await super().send(address, body, delivery_ref=delivery_ref, thread=thread)

    pipeline.channel = Meanwhile()
    await pipeline.look(days(1))
    dispatchers.append(Dispatcher(pipeline.ledger, {"terminal": pipeline.channel}, NOW, pipeline.clock, most_workers=2))
    await dispatchers[0].run()
    assert {chat: pipeline.read(chat) for chat in crowd} == dict.fromkeys(crowd, ["index", "1", "2"] * 2)


async def test_what_is_planned_when_a_worker_has_found_nothing_more_is_delivered(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It looked before that, and ends after the others were started."""
    next_rows, planned = pipeline.ledger.writer.next_rows, asyncio.Event()
    channels = {"terminal": pipeline.channel}
    dispatcher = Dispatcher(pipeline.ledger, channels, NOW, pipeline.clock)

    async def slowly(chat: int) -> list[QueuedDelivery]:
        rows = await next_rows(chat)
        if not rows and not planned.is_set():
            planned.set()
            await pipeline.look(days(1, 2))
            dispatcher.rescan()
            while chat not in dispatcher._again:
                await asyncio.sleep(0)
        return rows

    await pipeline.look(days(1))
    monkeypatch.setattr(pipeline.ledger.writer, "next_rows", slowly)
    async with asyncio.timeout(10):
        await dispatcher.run()
    assert pipeline.read("a") == pipeline.read("b") == ["index", "1", "2"] * 2


async def test_a_refused_bot_is_not_tried_in_further_chats(pipeline: Pipeline) -> None:
    crowd = [*"abcdefgh"]
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), dict(zip(crowd, crowd, strict=True)))
    for address in crowd:
        pipeline.channel.failures[address].append(refused(errors.BotGone("token revoked")))
    await pipeline.look(days(1))
    await Dispatcher(pipeline.ledger, {"terminal": pipeline.channel}, NOW, pipeline.clock, most_workers=2).run()
    assert 1 <= len(pipeline.channel.calls) <= 2


async def test_two_channels_are_kept_apart(pipeline: Pipeline) -> None:
    other = MemoryChannel(name="other")
    await pipeline.ledger.subscriptions.sync_chats("other", usual_edition(), {"a": "a"})
    formatters = {"terminal": pipeline.channel.formatter, "other": other.formatter}
    await plan(pipeline.ledger, "blog", days(1), formatters, Rules())
    await pipeline.ledger.open_at("", 0.0)
    await Dispatcher(pipeline.ledger, {"terminal": pipeline.channel, "other": other}, NOW).run()
    assert numbers(pipeline.shown("a")) == ["index", "1", "2"]
    assert len(other.chats["a"]) == 3


async def test_a_channel_no_longer_set_up_is_not_rendered(pipeline: Pipeline) -> None:
    await pipeline.ledger.subscriptions.sync_chats("other", usual_edition(), {"a": "a"})
    await pipeline.run(days(1))
    assert await pipeline.counts("a") == {"sent": 3}


async def test_something_unexpected_in_one_chat_ends_the_work_in_no_other(pipeline: Pipeline) -> None:
    """Its message is under way then: the next run finds out what became of it."""
    without_others(pipeline.ledger)
    pipeline.channel.failures["a"] += [Failure(), Failure(ZeroDivisionError("no such thing"), accepted=True)]
    await pipeline.look(days(1))
    broken = (await pipeline.dispatch()).broken_chats
    assert {chat: type(error) for chat, error in broken.items()} == {"terminal a": ZeroDivisionError}
    assert pipeline.read("b") == ["index", "1", "2"]
    assert await pipeline.counts("a") == {"sent": 1, "sending": 1, "pending": 1}
    assert (await pipeline.dispatch()).broken_chats == {}
    assert pipeline.read("a") == ["index", "1", "2"]


@pytest.mark.parametrize("first", [[Failure()], [lost(), Failure()]], ids=["sent", "not known whether it arrived"])
async def test_a_paper_that_an_older_digest_gets_comes_after_the_newer_one_under_way(
    ledger_url: str, first: list[Failure]
) -> None:
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.run(days(1))
        pipeline.clock.now += 86400
        pipeline.channel.readable = False
        pipeline.channel.failures["a"] += [*first, refused(errors.RetryLater("wait", 50))]
        await pipeline.look(days(1, 2))
        await pipeline.dispatch(RetryPolicy(settle_delay=0, first_backoff=0, longest_wait=10))
        assert pipeline.read("a") == ["index", "1", "2", "index"]
        pipeline.clock.now += 60
        await pipeline.run([*days(1, papers=3), *days(2)])
        assert pipeline.read("a") == ["index", "1", "2", "index", "1", "2", "3"]
