"""Digests that an operator sends, drops or recalls by hand: nothing comes twice, nothing comes back by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date

import pytest

from bot.database.reasons import NOTHING
from bot.database.states import DigestState
from bot.delivery.decisions import Rules
from bot.delivery.planner import plan, plan_by_hand
from bot.errors import ChatGone, ChatMoved, LedgerError, Rejected, RetryLater, SourceError, Unconfirmed
from bot.ledger.by_hand import MeantDigest, Recalled
from bot.ledger.records.digests import KnownDigest, PlannedDigest, StatusChange
from bot.sources.source import FoundDigest
from tests.support.digests import days, digest, found, paper
from tests.support.ledger_rows import change, rows
from tests.support.memory_channel import CrashError, Failure, lost, refused
from tests.support.pipeline import Pipeline, just_after, pipeline_at, without_others
from tests.support.usual import usual_edition

OLD, NEW = (f"daily-papers/2025-01-0{day}" for day in (1, 2))
RIGHT = [found(digest(date(2025, 1, 1), paper(1, word="right"), paper(2)))]  # the first day, with another paper 1


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url, "a", "b") as pipeline:
        yield pipeline


async def known(pipeline: Pipeline, name: str = OLD) -> KnownDigest:
    return next(one for one in await pipeline.ledger.known_digests("blog") if one.name == name)


async def number(pipeline: Pipeline, name: str = OLD) -> int:
    [one] = await pipeline.ledger.by_hand.find(name)
    return one.id


async def chat_id(pipeline: Pipeline, chat: str) -> int:
    return await pipeline.ledger.by_hand.chat(f"terminal {chat}") if chat else 0


async def send(pipeline: Pipeline, name: str = OLD, chat: str = "") -> int:
    formatters = {"terminal": pipeline.channel.formatter}
    return await plan_by_hand(pipeline.ledger, "blog", name, formatters, await chat_id(pipeline, chat))


async def drop(pipeline: Pipeline, name: str = OLD) -> tuple[int, int]:
    return await pipeline.ledger.by_hand.drop(await number(pipeline, name))


async def recall(pipeline: Pipeline, chat: str = "", name: str = OLD) -> Recalled:
    return await pipeline.ledger.by_hand.recall(await number(pipeline, name), await chat_id(pipeline, chat))


def read(pipeline: Pipeline) -> list[list[str]]:
    return [pipeline.read(chat) for chat in ("a", "b")]


WHOLE = ["index", "1", "2"]


async def hand_and_settle(pipeline: Pipeline, now: Sequence[FoundDigest]) -> None:
    """Look and dispatch often enough for anything that would come back."""
    for _ in range(3):
        await pipeline.run(now)


# --- send


async def test_a_digest_of_the_baseline_goes_to_the_chat_that_is_named_alone(pipeline: Pipeline) -> None:
    await pipeline.run(days(1, 2))
    assert await send(pipeline, chat="b") == 3
    await hand_and_settle(pipeline, days(1, 2))

    assert read(pipeline) == [WHOLE, WHOLE * 2]
    assert (await known(pipeline)).state is DigestState.BASELINE
    assert await send(pipeline, chat="b") == 0
    assert [one.name for one in await pipeline.ledger.status.recent_digests(5)] == [OLD, NEW]


async def test_what_was_sent_by_hand_follows_its_post(pipeline: Pipeline) -> None:
    await pipeline.run(days(1, 2))
    await send(pipeline, chat="b")
    await pipeline.run(days(1, 2))
    edited = [found(digest(date(2025, 1, 1), paper(1, word="right"), paper(2), paper(3))), *days(2)]
    await hand_and_settle(pipeline, edited)

    assert read(pipeline) == [WHOLE, [*WHOLE, *WHOLE, "3"]]
    assert sum(one.edits for one in pipeline.channel.chats["b"]) == 2  # the index and the first paper


async def test_a_digest_for_all_is_active_and_goes_to_whoever_lacks_it(pipeline: Pipeline) -> None:
    await pipeline.run(days(1, 2))
    await send(pipeline, chat="b")
    await pipeline.run(days(1, 2))
    pipeline.clock.now += 60
    await pipeline.subscriber("later")
    assert await send(pipeline) == 6
    await hand_and_settle(pipeline, days(1, 2))

    assert [*read(pipeline), pipeline.read("later")] == [WHOLE * 2, WHOLE * 2, WHOLE]
    assert (await known(pipeline)).state is DigestState.ACTIVE


async def test_a_held_digest_is_sent_as_it_is(pipeline: Pipeline) -> None:
    rules = Rules(gate_wait=3600)
    await pipeline.run(days(1))
    unfinished = [*days(1), found(digest(date(2025, 1, 2), paper(1), paper(2, word="")))]
    empty = [*days(1), found(digest(date(2025, 1, 2)))]
    await pipeline.look(empty, rules=rules)
    assert (await known(pipeline, NEW)).state is DigestState.HELD
    assert await send(pipeline, NEW, "a") == 1  # an index without papers
    await pipeline.look(unfinished, rules=rules)
    await pipeline.dispatch()
    assert read(pipeline) == [WHOLE * 2, WHOLE * 2]


async def test_a_chat_with_hours_of_its_own_waits_for_them(pipeline: Pipeline) -> None:
    await pipeline.run(days(1, 2))
    await pipeline.set_preferences("a", schedule="08:00 mon-fri Asia/Seoul")
    await send(pipeline)
    await pipeline.dispatch()
    assert read(pipeline) == [WHOLE, WHOLE * 2]
    await pipeline.open_at(0.0)
    await pipeline.dispatch()
    assert read(pipeline) == [WHOLE * 2, WHOLE * 2]


async def test_what_is_unconfirmed_is_not_repeated(pipeline: Pipeline) -> None:
    pipeline.channel.readable = False
    pipeline.channel.failures["a"].extend([Failure(), lost()])
    await pipeline.run(days(1))
    assert await send(pipeline, chat="a") == 0
    await pipeline.dispatch()
    assert read(pipeline)[0] == ["index", "1", "2"]


class Broken(Exception):
    """What nobody expected."""


@pytest.mark.parametrize(("raised", "told"), [(Broken("no"), SourceError), (LedgerError("full"), LedgerError)])
async def test_what_cannot_be_laid_out_is_told(
    raised: Exception, told: type[Exception], pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pipeline.run(days(1, 2))

    class BrokenFormatter:
        def __getattr__(self, name: str) -> None:
            raise raised

    monkeypatch.setattr(pipeline.channel, "formatter", BrokenFormatter())
    with pytest.raises(told):
        await send(pipeline, chat="a")


# --- drop


async def test_nothing_more_of_a_dropped_digest_is_sent(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"].extend([Failure(), refused(RetryLater("later", 99))])
    pipeline.channel.failures["b"].extend([Failure(), lost()])
    await pipeline.look(days(1))
    await pipeline.dispatch()
    assert await drop(pipeline) == (2, 4)
    await hand_and_settle(pipeline, days(1))

    assert read(pipeline) == [["index"], WHOLE]
    assert (await known(pipeline)).is_dropped
    assert await pipeline.ledger.archive.newest() is None
    assert not await pipeline.ledger.status.is_anything_open()


async def test_what_was_dropped_is_new_when_its_content_changes(pipeline: Pipeline) -> None:
    pipeline.channel.failures["b"].extend([refused(Rejected("no"))] * 2)
    await pipeline.run(days(1))
    await pipeline.look(RIGHT)  # an edit that nobody shall see any more
    assert await drop(pipeline) == (1, 5)
    await hand_and_settle(pipeline, RIGHT)
    assert [one.edits for one in pipeline.channel.chats["a"]] == [0, 0, 0]

    await pipeline.subscriber("later")
    third = paper(3)
    await hand_and_settle(pipeline, [found(digest(date(2025, 1, 1), paper(1, word="right"), paper(2), third))])
    assert [*read(pipeline), pipeline.read("later")] == [[*WHOLE, "3"], ["1", "2", "index", "3"], [*WHOLE, "3"]]
    # The edit that was given up with the digest is made now.
    assert [one.edits for one in pipeline.channel.chats["a"]] == [1, 1, 0, 0]
    assert (await known(pipeline)).state is DigestState.ACTIVE


async def test_a_plan_that_was_made_before_does_not_take_a_drop_back(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    old = await known(pipeline)
    as_planned = PlannedDigest(RIGHT[0].digest, old.post, "other", DigestState.ACTIVE, to_new_chats=True)
    await drop(pipeline)
    await pipeline.ledger.write_plan("blog", as_planned, [])
    await pipeline.ledger.change_status("blog", StatusChange(OLD, DigestState.ACTIVE, NOTHING, held_since=None))
    assert (await known(pipeline)).is_dropped


async def test_a_drop_is_taken_back_by_sending_to_all(pipeline: Pipeline) -> None:
    await pipeline.look(days(1))
    await drop(pipeline)
    assert await send(pipeline) == 6
    await hand_and_settle(pipeline, days(1))
    assert read(pipeline) == [WHOLE, WHOLE]
    assert await pipeline.ledger.archive.newest() == days(1)[0].digest


async def test_a_dropped_paper_is_found_by_its_button_alone(pipeline: Pipeline) -> None:
    archive = pipeline.ledger.archive
    await pipeline.run(days(1))
    hits, _ = await archive.search("plain", 5, 0)
    await drop(pipeline)

    assert await archive.search("plain", 5, 0) == ([], 0)
    assert (await archive.days(), await archive.of_day(date(2025, 1, 1))) == ([], [])
    assert await archive.last_seen(await chat_id(pipeline, "a")) is None
    assert await archive.paper("paper", "2501.00001") is None
    assert await archive.paper("ref", hits[0].ref) is not None


# --- recall


async def test_a_recall_deletes_in_all_chats_and_nothing_comes_back(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    assert await recall(pipeline) == Recalled(deleted=6, unsent=0, unconfirmed=0, stay=0)
    calls = len(pipeline.channel.calls)
    await hand_and_settle(pipeline, days(1))

    assert read(pipeline) == [[], []]
    assert pipeline.channel.calls[calls:].count(("delete", "a")) == 3
    assert await pipeline.counts("a") == {"recalled": 3}
    assert (await known(pipeline)).is_dropped
    assert not await pipeline.ledger.status.is_anything_open()
    assert ("a", "paper/2501.00002", "recalled") in pipeline.reports


async def test_new_content_is_sent_anew_where_the_old_was_recalled(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    pipeline.channel.failures["b"].append(refused(Rejected("not deleted, it stays")))
    await recall(pipeline)
    await pipeline.look(RIGHT)  # not before the old one is gone
    assert (await known(pipeline)).is_recalling
    await pipeline.dispatch()
    assert (read(pipeline), await pipeline.problems("b")) == ([[], ["2"]], ["not deleted, it stays"])

    await hand_and_settle(pipeline, RIGHT)
    assert read(pipeline) == [WHOLE, ["2", "index", "1"]]
    assert "right" in str([one.body for one in pipeline.channel.chats["b"]])
    assert await pipeline.counts("b") == {"sent": 3}


async def test_a_recall_in_one_chat_leaves_the_others_alone_and_lasts(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    assert (await recall(pipeline, "a")).deleted == 3
    await hand_and_settle(pipeline, days(1))
    grown = [found(digest(date(2025, 1, 1), paper(1, word="right"), paper(2), paper(3)))]
    await hand_and_settle(pipeline, grown)
    assert read(pipeline) == [[], [*WHOLE, "3"]]

    assert await send(pipeline) == 0  # for all: what was recalled in a chat is sent there by its name alone
    assert await send(pipeline, chat="a") == 4
    await hand_and_settle(pipeline, grown)
    assert read(pipeline) == [[*WHOLE, "3"]] * 2


async def test_what_waits_or_is_unconfirmed_is_recalled_as_well(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"].extend([Failure(), lost()])
    pipeline.channel.failures["b"].extend([Failure(), refused(Unconfirmed("the answer was lost"))])
    await pipeline.look(days(1))
    pipeline.channel.readable = False
    await pipeline.dispatch()
    pipeline.channel.readable = True
    assert await recall(pipeline) == Recalled(deleted=4, unsent=0, unconfirmed=2, stay=0)
    await pipeline.ledger.incidents.retry()
    await hand_and_settle(pipeline, days(1))
    assert read(pipeline) == [[], []]
    assert [await pipeline.counts(chat) for chat in ("a", "b")] == [{"recalled": 3}] * 2


@pytest.mark.parametrize("accepted", [True, False])
async def test_a_deletion_whose_answer_was_lost_is_asked_again(accepted: bool, pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    await recall(pipeline)
    pipeline.channel.failures["a"].extend([Failure(Unconfirmed("lost"), accepted), Failure(RetryLater("wait", 0))])
    await hand_and_settle(pipeline, days(1))
    assert read(pipeline) == [[], []]


async def test_a_recall_that_was_killed_goes_on(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    await recall(pipeline)
    pipeline.channel.failures["a"].extend([Failure(), Failure(CrashError(), accepted=True)])
    with pytest.RaisesGroup(CrashError):
        await pipeline.dispatch()
    assert read(pipeline)[0] == ["index"]
    await hand_and_settle(pipeline, days(1))
    assert read(pipeline) == [[], []]


async def test_what_was_under_way_when_it_was_recalled_is_deleted_by_the_next_run(
    pipeline: Pipeline, ledger_url: str
) -> None:
    """A process was killed with a send and an edit under way, and the operator recalled the digest meanwhile."""
    without_others(pipeline.ledger)
    await pipeline.run(days(1))
    for message, way in ((1, ("stale", "editing")), (2, ("stale", "editing", "failed", "pending", "sending"))):
        for state in way:
            to_state = "UPDATE deliveries SET state = :state WHERE message_id = :message AND chat_id = 1"
            change(ledger_url, to_state, state=state, message=message)
    change(ledger_url, "UPDATE deliveries SET remote_id = NULL, attempts = 1 WHERE message_id = 2 AND chat_id = 1")
    assert await recall(pipeline) == Recalled(deleted=4, unsent=0, unconfirmed=2, stay=0)
    await hand_and_settle(pipeline, days(1))
    assert read(pipeline) == [[], []]


async def test_what_cannot_be_deleted_waits_for_the_operator(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    await recall(pipeline, "a")
    pipeline.channel.failures["a"].append(refused(Rejected("not deleted, it stays")))
    await pipeline.dispatch()
    [stuck] = await pipeline.ledger.incidents.stuck()
    assert (stuck.key, stuck.why) == ("paper/2501.00002", "not deleted, it stays")

    await pipeline.run(RIGHT)
    assert pipeline.channel.chats["a"][0].edits == 0  # it was not to be there at all
    await pipeline.ledger.incidents.retry()
    await pipeline.dispatch()
    assert read(pipeline)[0] == []


async def test_what_stands_where_a_chat_was_before_it_moved_stays(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    await pipeline.ledger.subscriptions.move(await chat_id(pipeline, "a"), address="new", id_sequence="new")
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a"})
    assert await recall(pipeline) == Recalled(deleted=0, unsent=0, unconfirmed=0, stay=6)


async def test_a_chat_that_moves_or_closes_meanwhile_keeps_what_it_has(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    await recall(pipeline)
    pipeline.channel.failures["a"].append(refused(ChatMoved("it moved", "new")))
    pipeline.channel.failures["b"].append(refused(ChatGone("closed")))
    await pipeline.dispatch()
    assert (await pipeline.counts("a"), await pipeline.counts("b")) == ({"failed": 3}, {"failed": 1, "recalling": 2})

    await pipeline.ledger.subscriptions.resume(await chat_id(pipeline, "b"))
    await hand_and_settle(pipeline, days(1))
    assert read(pipeline) == [WHOLE, []]


async def test_the_ids_of_deleted_messages_stay_known(pipeline: Pipeline, ledger_url: str) -> None:
    await pipeline.run(days(1))
    await recall(pipeline, "a")
    await pipeline.dispatch()
    kept = rows(ledger_url, "SELECT counter, remote_id, sent_at FROM replies ORDER BY remote_id")
    assert [one[:2] for one in kept] == [("a", number) for number in (1, 3, 5)]
    assert [one[2] for one in kept] == [just_after(pipeline.clock())] * 3


# --- which digest


async def test_a_digest_is_found_by_its_name_or_by_its_day(pipeline: Pipeline) -> None:
    await pipeline.run(days(1, 2))
    by_hand = pipeline.ledger.by_hand
    [one] = await by_hand.find(OLD)
    assert (one.source, one.name, str(one)) == ("blog", OLD, f"blog {OLD}")
    assert await by_hand.find("2025-01-01") == await by_hand.find(f"blog {OLD}") == [one]
    assert await by_hand.find("2025-01-03") == []
    assert await by_hand.newest(1) == [MeantDigest(2, "blog", NEW, is_over=False)]


# --- what is to be done


async def test_what_is_due_is_counted_by_chat_and_digest(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    await recall(pipeline, "a")
    pipeline.channel.readable = False
    pipeline.channel.failures["b"].append(refused(Unconfirmed("lost")))
    opening = pipeline.clock() + 3600
    await pipeline.look([*RIGHT, *days(2)], opening=opening)
    due = await pipeline.ledger.due_work()
    assert [(one.chat, one.digest, {k: v for k, v in one.counts.items() if v}, one.at) for one in due] == [
        ("a", OLD, {"deletion": 3}, 0.0),
        ("a", NEW, {"message": 3}, opening),
        ("b", OLD, {"edit": 1}, 0.0),
        ("b", NEW, {"message": 3}, opening),
    ]


async def test_the_first_messages_go_out_alone_and_the_others_at_their_hour(pipeline: Pipeline) -> None:
    formatters = {"terminal": pipeline.channel.formatter}
    await plan(pipeline.ledger, "blog", days(1, papers=3), formatters, Rules())
    assert await pipeline.ledger.release_first("blog", OLD, "terminal", 2) == 4
    assert await pipeline.ledger.release_first("blog", OLD, "telegram", 2) == 0
    for _ in range(2):
        await pipeline.dispatch()
        assert {chat: len(shown) for chat, shown in pipeline.channel.chats.items()} == {"a": 2, "b": 2}
    await pipeline.look(days(1, papers=3))
    await pipeline.dispatch()
    assert {chat: len(shown) for chat, shown in pipeline.channel.chats.items()} == {"a": 4, "b": 4}
