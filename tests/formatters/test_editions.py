"""Chats with their own preferences: each gets its edition at its hours, nothing twice, and all since it subscribed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from bot import errors
from bot.delivery.channel import FreeTurn
from bot.delivery.dispatcher import RetryPolicy
from bot.sources.source import FoundDigest
from formatters.locale import phrases
from formatters.telegram import TelegramFormatter
from tests.support.digests import days, digest, found, paper
from tests.support.memory_channel import Failure, MemoryChannel, lost, refused
from tests.support.pipeline import Pipeline, open_pipeline
from tests.support.usual import usual_edition

MORNING = "08:00 mon-sun Asia/Seoul"
FAR = RetryPolicy(settle_delay=0, first_backoff=0, longest_wait=10)
DAY = date(2025, 1, 1)
WHOLE = ["index", "1", "2"]


@pytest.fixture
async def pipeline(tmp_path: Path) -> AsyncIterator[Pipeline]:
    async with open_pipeline(tmp_path, "a") as pipeline:
        yield pipeline


def post(*numbers: int, word: str = "plain") -> list[FoundDigest]:
    """Give the post of the first of January with these papers."""
    return [found(digest(DAY, *(paper(number, word=word) for number in numbers)))]


def bodies(pipeline: Pipeline, address: str) -> list[str]:
    return [str(one.body["markup"]) for one in pipeline.channel.chats[address]]


# --- what each receives


async def test_each_chat_gets_its_layout(pipeline: Pipeline) -> None:
    await pipeline.subscriber("whole", layout="digest")
    await pipeline.subscriber("short", layout="index")
    await pipeline.subscriber("usual")
    await pipeline.run(days(1))
    assert pipeline.read("a") == pipeline.read("usual") == WHOLE
    (whole,), (short,) = bodies(pipeline, "whole"), bodies(pipeline, "short")
    assert "A plain way." in whole
    assert "Paper 2501.00002" in short
    assert "A plain way." not in short


async def test_each_chat_gets_its_language(pipeline: Pipeline) -> None:
    await pipeline.subscriber("korean", language="ko")
    await pipeline.subscriber("english", language="en")
    await pipeline.run(days(1))
    assert "논문 2편" in bodies(pipeline, "korean")[0]
    assert "목표" in bodies(pipeline, "korean")[1]
    assert bodies(pipeline, "english") == bodies(pipeline, "a")  # which is what the operator set


async def test_silence_and_the_place_of_buttons_are_the_chats_own(pipeline: Pipeline) -> None:
    pipeline.channel = MemoryChannel(name="telegram", formatter=TelegramFormatter(phrases("en"), buttons=True))
    await pipeline.subscriber("5", kind="private", silent=1)
    await pipeline.subscriber("6", kind="group")
    await pipeline.subscriber("-100", kind="channel")
    await pipeline.run(days(1))
    sounds = {name: [one.body["disable_notification"] for one in pipeline.channel.chats[name]] for name in ("5", "6")}
    assert sounds == {"5": [True] * 3, "6": [False, True, True]}
    buttons = {name: str(pipeline.channel.chats[name][1].body["reply_markup"]) for name in ("5", "6", "-100")}
    assert ["callback_data" in shown for shown in buttons.values()] == [True, True, False]
    assert "https://t.me/BOT?start=paper-" in buttons["-100"]


async def test_a_thread_in_another_language_is_still_a_thread(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b", layout="thread", language="ko", silent=1, kind="group")
    await pipeline.run(days(1))
    index = str(pipeline.channel.chats["b"][0].id)
    assert [parent for address, parent in pipeline.channel.threads if address == "b"] == ["", index, index]


async def test_what_the_operator_set_holds_where_a_chat_chose_nothing(pipeline: Pipeline) -> None:
    await pipeline.subscriber("usual")
    await pipeline.subscriber("own", layout="messages")
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition("index"), {"a": "a"})
    await pipeline.run(days(1))
    assert [len(pipeline.shown(chat)) for chat in ("a", "usual", "own")] == [1, 1, 3]


# --- preferences that change


async def test_preferences_changed_between_digests_hold_from_the_next_on(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    await pipeline.run(days(1))
    await pipeline.set_preferences("b", layout="digest", language="ko")
    await pipeline.run(days(1))
    assert pipeline.read("b") == WHOLE
    await pipeline.run(days(1, 2))
    assert len(pipeline.shown("b")) == 4
    assert "2025년 1월 2일" in bodies(pipeline, "b")[3]


async def test_what_came_in_an_older_edition_is_edited_and_grows_in_it(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    await pipeline.run(post(1))
    await pipeline.set_preferences("b", layout="digest")
    await pipeline.run(post(1, 2, word="new"))
    assert pipeline.read("b") == WHOLE
    assert [one.edits for one in pipeline.channel.chats["b"]] == [1, 1, 0]
    assert "new things" in bodies(pipeline, "b")[1]


@pytest.mark.parametrize("preferences", [{"layout": "digest"}, {"language": "ko"}, {"layout": "index", "silent": 1}])
async def test_preferences_changed_in_the_middle_of_a_digest_repeat_nothing(
    pipeline: Pipeline, preferences: dict[str, object]
) -> None:
    await pipeline.subscriber("b")
    pipeline.channel.failures["b"] += [Failure(), refused(errors.RetryLater("wait", 900))]
    await pipeline.run(days(1), FAR)
    assert pipeline.read("b") == ["index"]
    await pipeline.set_preferences("b", **preferences)
    pipeline.clock.now += 901
    await pipeline.run(days(1), FAR)
    assert pipeline.read("b") == WHOLE
    await pipeline.run(days(1), FAR)
    assert pipeline.read("b") == WHOLE


async def test_an_unconfirmed_send_is_reconciled_in_its_own_edition(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    pipeline.channel.failures["b"] += [lost()]
    await pipeline.run(days(1), RetryPolicy(settle_delay=90))
    await pipeline.set_preferences("b", layout="digest")
    pipeline.clock.now += 91
    await pipeline.run(days(1))
    assert pipeline.read("b") == WHOLE


# --- preferences that change while a digest waits


async def test_what_waits_for_the_morning_comes_as_it_is_chosen_then(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b", language="en")
    await pipeline.night(days(1))
    await pipeline.set_preferences("b", layout="digest", language="ko")
    await pipeline.night(days(1))
    assert pipeline.shown("b") == []
    assert await pipeline.counts("b") == {"scheduled": 1}
    await pipeline.run(days(1))
    await pipeline.run(days(1))
    (whole,) = bodies(pipeline, "b")
    assert "논문 2편" in whole
    assert pipeline.read("a") == WHOLE


async def test_what_waits_is_changed_back_again(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    await pipeline.night(days(1))
    for layout in ("digest", "index", ""):
        await pipeline.set_preferences("b", layout=layout)
        await pipeline.night(days(1))
    await pipeline.run(days(1))
    assert pipeline.read("b") == WHOLE


async def test_all_that_waits_is_laid_out_anew_and_comes_in_order(pipeline: Pipeline) -> None:
    """Over a weekend two digests wait, and the chat is closed to us for a while."""
    await pipeline.subscriber("b")
    await pipeline.night(days(1))
    await pipeline.night(days(1, 2))
    await pipeline.ledger.subscriptions.pause((await pipeline.known("b")).id, "closed")
    await pipeline.set_preferences("b", layout="index")
    await pipeline.night(days(1, 2))
    await pipeline.ledger.subscriptions.resume_all()
    await pipeline.run(days(1, 2))
    assert [line.rpartition(", ")[2] for line in pipeline.shown("b")] == [
        "1 January 2025[/bold]",
        "2 January 2025[/bold]",
    ]
    assert pipeline.read("a") == WHOLE * 2


async def test_an_older_digest_that_is_laid_out_anew_goes_to_nobody_else(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    await pipeline.night(days(1))
    await pipeline.night(days(1, 2))
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a", "late": "late"})
    await pipeline.set_preferences("b", layout="index")
    await pipeline.run(days(1, 2))
    assert pipeline.read("late") == WHOLE
    assert len(pipeline.shown("b")) == 2


async def test_a_new_edition_does_not_bring_a_half_sent_digest_anew(pipeline: Pipeline) -> None:
    """One row was tried, the others wait no more: the digest is under way."""
    await pipeline.subscriber("b")
    pipeline.channel.failures["b"] += [refused(errors.RetryLater("wait", 900))]
    await pipeline.run(days(1), FAR)
    await pipeline.set_preferences("b", layout="index")
    pipeline.clock.now += 901
    await pipeline.run(days(1), FAR)
    assert pipeline.read("b") == WHOLE


async def test_what_waits_for_a_channel_that_is_not_set_up_now_is_not_lost(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    await pipeline.night(days(1))
    await pipeline.set_preferences("b", layout="index")
    terminal, pipeline.channel = pipeline.channel, MemoryChannel(name="other")
    await pipeline.night(days(1))
    pipeline.channel = terminal
    await pipeline.run(days(1))
    assert len(pipeline.shown("b")) == 1


async def test_what_waits_in_the_chosen_edition_is_left_alone(pipeline: Pipeline) -> None:
    await pipeline.night(days(1))
    [before, *_] = await pipeline.ledger.writer.next_rows(1)
    await pipeline.night(days(1))
    [after, *_] = await pipeline.ledger.writer.next_rows(1)
    assert after.delivery_ref == before.delivery_ref


# --- hours


async def test_a_chat_with_hours_of_its_own_gets_the_digest_then_and_others_at_theirs(pipeline: Pipeline) -> None:
    await pipeline.subscriber("early", schedule=MORNING)
    evening = pipeline.clock() + 12 * 3600
    await pipeline.look(days(1), opening=evening, hours={MORNING: pipeline.clock() + 3600})
    assert await pipeline.ledger.next_due("terminal", pipeline.clock()) == pipeline.clock() + 3600
    await pipeline.dispatch(FAR)
    assert (pipeline.shown("early"), pipeline.shown("a")) == ([], [])
    pipeline.clock.now += 3600
    await pipeline.dispatch(FAR)
    assert (pipeline.read("early"), pipeline.shown("a")) == (WHOLE, [])
    assert await pipeline.ledger.next_due("terminal", pipeline.clock()) == evening
    await pipeline.look(days(1), hours={MORNING: pipeline.clock() + 86_400})
    await pipeline.dispatch(FAR)
    assert pipeline.read("early") == pipeline.read("a") == WHOLE


async def test_what_was_released_once_goes_on_past_midnight(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"] += [Failure(), refused(errors.RetryLater("wait", 900, flood=True))]
    await pipeline.run(days(1), FAR)
    pipeline.clock.now += 901
    await pipeline.look(days(1), opening=pipeline.clock() + 8 * 3600)
    await pipeline.dispatch(FAR)
    assert pipeline.read("a") == WHOLE


async def test_what_was_released_but_not_sent_goes_out_past_midnight(pipeline: Pipeline) -> None:
    """The platform kept the evening busy."""
    await pipeline.look(days(1))
    await pipeline.night(days(1))
    assert pipeline.read("a") == WHOLE


async def test_hours_that_were_slept_through_are_no_reason_to_wake_anybody_at_night(pipeline: Pipeline) -> None:
    """The digest was to go out at eight, and the program ran again only past midnight."""
    await pipeline.look(days(1), opening=pipeline.clock() + 3600)
    pipeline.clock.now += 16 * 3600
    await pipeline.night(days(1))
    assert pipeline.shown("a") == []
    await pipeline.run(days(1))
    assert pipeline.read("a") == WHOLE


async def test_hours_changed_while_a_digest_waits_hold_at_once(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    await pipeline.night(days(1))
    await pipeline.set_preferences("b", schedule=MORNING)
    await pipeline.look(days(1), opening=pipeline.clock() + 3600, hours={MORNING: 0.0})
    await pipeline.dispatch()
    assert (pipeline.read("b"), pipeline.shown("a")) == (WHOLE, [])


async def test_hours_changed_after_it_was_released_hold_nothing_back(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    pipeline.channel.failures["b"] += [Failure(), refused(errors.RetryLater("wait", 900, flood=True))]
    await pipeline.run(days(1), FAR)
    await pipeline.set_preferences("b", schedule=MORNING)
    pipeline.clock.now += 901
    await pipeline.look(days(1), hours={MORNING: pipeline.clock() + 3600})
    await pipeline.dispatch(FAR)
    assert pipeline.read("b") == WHOLE


async def test_a_post_edited_while_it_waits_comes_as_it_is_then(pipeline: Pipeline) -> None:
    await pipeline.night(post(1))
    await pipeline.night(post(1, word="new"))
    await pipeline.run(post(1, word="new"))
    assert pipeline.read("a") == ["index", "1"]
    assert "new things" in bodies(pipeline, "a")[1]
    assert [one.edits for one in pipeline.channel.chats["a"]] == [0, 0]


async def test_a_post_grown_while_it_waits_waits_as_a_whole(pipeline: Pipeline) -> None:
    await pipeline.night(post(1))
    await pipeline.night(post(1, 2))
    assert await pipeline.counts("a") == {"scheduled": 3}
    assert await pipeline.ledger.open_rows() == 0
    await pipeline.run(post(1, 2))
    assert pipeline.read("a") == WHOLE


async def test_what_a_delivered_post_gains_at_night_comes_at_once(pipeline: Pipeline) -> None:
    await pipeline.run(post(1))
    await pipeline.night(post(1, 2))
    assert pipeline.read("a") == WHOLE


async def test_nothing_is_due_in_a_chat_that_is_closed_to_us(pipeline: Pipeline) -> None:
    await pipeline.look(days(1), opening=pipeline.clock() + 3600)
    await pipeline.ledger.subscriptions.pause(1, "closed")
    assert await pipeline.ledger.next_due("terminal", pipeline.clock()) is None


# --- coming


async def test_who_subscribes_after_a_digest_was_found_gets_nothing_of_it_and_all_of_the_next(
    pipeline: Pipeline,
) -> None:
    await pipeline.run(post(1))
    pipeline.clock.now += 1
    await pipeline.subscriber("b")
    await pipeline.run(post(1, 2, word="new"))
    assert pipeline.shown("b") == []
    await pipeline.run([*post(1, 2), *days(2)])
    assert pipeline.read("b") == WHOLE


async def test_who_wants_the_newest_at_once_gets_it_alone(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    await pipeline.run(days(1, 2))
    pipeline.clock.now += 1
    await pipeline.subscriber("b", now=True)
    await pipeline.run(days(1, 2))
    await pipeline.run(days(1, 2))
    assert pipeline.read("b") == WHOLE
    assert "2 January" in pipeline.shown("b")[0]


async def test_who_wants_it_at_once_is_not_kept_waiting_at_night(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    pipeline.clock.now += 1
    await pipeline.subscriber("b", now=True)
    await pipeline.night(days(1))
    assert pipeline.read("b") == WHOLE
    await pipeline.night(days(1, 2))
    assert pipeline.read("b") == WHOLE  # for the next one it waits as others do


async def test_a_subscriber_for_whom_it_waits_may_want_it_at_once(pipeline: Pipeline) -> None:
    """An older one waits as well, and comes before it."""
    await pipeline.subscriber("b")
    await pipeline.night(days(1))
    await pipeline.night(days(1, 2))
    await pipeline.subscribe("b", now=True)
    await pipeline.night(days(1, 2))
    assert pipeline.read("b") == WHOLE * 2
    assert pipeline.shown("a") == []


async def test_who_asks_while_others_are_served_is_not_forgotten(pipeline: Pipeline) -> None:
    """The chat asks after the digest was planned, before the earlier ones are released."""
    await pipeline.run(days(1))
    pipeline.clock.now += 1
    earlier = await pipeline.ledger.chats_wanting_newest()
    await pipeline.subscriber("b", now=True)
    await pipeline.ledger.release_now(earlier)
    await pipeline.night(days(1))
    assert pipeline.read("b") == WHOLE


async def test_subscribing_once_more_takes_nothing_back(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    pipeline.clock.now += 1
    await pipeline.subscriber("b", now=True)
    await pipeline.subscribe("b")
    await pipeline.night(days(1))
    assert pipeline.read("b") == WHOLE


async def test_wanting_it_at_once_before_there_is_any_digest_is_just_subscribing(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b", now=True)
    await pipeline.night([])
    await pipeline.night(days(1))
    assert pipeline.shown("b") == []
    await pipeline.run(days(1))
    assert pipeline.read("b") == WHOLE


async def test_a_held_digest_reaches_who_subscribed_before_it_had_papers(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    await pipeline.run([*days(1), *days(2, papers=0)])
    pipeline.clock.now += 1
    await pipeline.subscriber("b")
    await pipeline.run(days(1, 2))
    assert pipeline.read("b") == WHOLE
    pipeline.clock.now += 1
    await pipeline.subscriber("c")
    await pipeline.run(days(1, 2))
    assert pipeline.shown("c") == []


# --- going


def after_two(pipeline: Pipeline) -> None:
    """Let the third message to b wait for long."""
    pipeline.channel.failures["b"] += [Failure(), Failure(), refused(errors.RetryLater("wait", 900))]


async def test_who_unsubscribes_in_the_middle_gets_no_more(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    after_two(pipeline)
    await pipeline.run(days(1), FAR)
    await pipeline.unsubscribe("b")
    pipeline.clock.now += 901
    await pipeline.run(days(1))
    assert pipeline.read("b") == ["index", "1"]
    assert pipeline.read("a") == WHOLE


async def test_who_unsubscribes_during_a_send_gets_that_message_and_no_other(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    await pipeline.look(days(1))

    class Leaving(MemoryChannel):
        async def acquire_turn(
            self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
        ) -> FreeTurn:
            if address == "b" and len(self.chats["b"]) == 1:
                await pipeline.unsubscribe("b")
            return FreeTurn()

    pipeline.channel = Leaving()
    await pipeline.dispatch()
    assert pipeline.read("b") == ["index"]
    assert pipeline.read("a") == WHOLE


async def test_who_comes_back_gets_nothing_of_what_came_before(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    after_two(pipeline)
    await pipeline.run(post(1, 2), FAR)
    await pipeline.unsubscribe("b")
    pipeline.clock.now += 5 * 86_400
    await pipeline.subscribe("b")
    await pipeline.run(post(1, 2, 3, word="new"))
    assert pipeline.read("b") == ["index", "1"]
    assert [one.edits for one in pipeline.channel.chats["b"]] == [1, 1]  # what it holds is kept true
    await pipeline.run([*post(1, 2, 3, word="new"), *days(2)])
    assert pipeline.read("b") == ["index", "1", *WHOLE]


async def test_who_comes_back_and_wants_the_newest_gets_the_rest_of_it_and_nothing_twice(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    await pipeline.run(days(1))
    pipeline.channel.failures["b"] += [Failure(), refused(errors.RetryLater("wait", 900))]
    await pipeline.run(days(1, 2), FAR)
    await pipeline.unsubscribe("b")
    await pipeline.set_preferences("b", layout="digest")
    await pipeline.subscribe("b", now=True)
    await pipeline.night(days(1, 2))
    await pipeline.night(days(1, 2))
    assert pipeline.read("b") == WHOLE * 2


async def test_a_send_that_came_to_nothing_while_its_chat_left_is_forgotten(pipeline: Pipeline) -> None:
    """The platform refuses for the moment, but meanwhile the chat unsubscribed; weeks later it comes back."""
    await pipeline.subscriber("b")
    await pipeline.look(days(1))

    class Leaving(MemoryChannel):
        async def send(self, address: str, body: object, *, delivery_ref: str, thread: str) -> str:
            if address == "b":
                await pipeline.unsubscribe("b")
                raise errors.RetryLater("wait", 900)
            return "1"

    terminal, pipeline.channel = pipeline.channel, Leaving()
    await pipeline.dispatch()
    pipeline.channel = terminal
    pipeline.clock.now += 30 * 86_400
    await pipeline.subscribe("b")
    await pipeline.run(days(1))
    assert pipeline.shown("b") == []


async def test_a_chat_that_left_and_then_blocked_the_bot_is_not_brought_back(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    await pipeline.look(days(1))

    class Leaving(MemoryChannel):
        async def send(self, address: str, body: object, *, delivery_ref: str, thread: str) -> str:
            if address == "b":
                await pipeline.unsubscribe("b")
                raise errors.ChatGone("b: blocked")
            return "1"

    terminal, pipeline.channel = pipeline.channel, Leaving()
    await pipeline.dispatch()
    pipeline.channel = terminal
    await pipeline.ledger.subscriptions.resume_all()
    await pipeline.run(days(1, 2))
    assert (await pipeline.known("b")).state == "removed"
    assert pipeline.shown("b") == []


async def test_a_failed_message_is_not_tried_again_for_who_left(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    pipeline.channel.failures["b"] += [Failure(), refused(errors.Rejected("no")), refused(errors.Rejected("no"))]
    await pipeline.run(post(1))
    await pipeline.unsubscribe("b")
    await pipeline.subscribe("b")
    await pipeline.run(post(1, word="better"))
    assert pipeline.read("b") == ["index"]


# --- closed and open again


async def test_a_closed_chat_that_opens_gets_the_rest_and_the_newest(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    pipeline.channel.failures["b"] += [Failure(), refused(errors.ChatGone("b: kicked"))]
    await pipeline.run(days(1))
    await pipeline.run(days(1, 2))
    assert (await pipeline.known("b")).reason == "b: kicked"
    await pipeline.ledger.subscriptions.resume((await pipeline.known("b")).id)
    await pipeline.run(days(1, 2))
    assert pipeline.read("b") == WHOLE * 2


async def test_a_closed_chat_that_subscribes_again_has_lost_nothing(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    await pipeline.ledger.subscriptions.pause((await pipeline.known("b")).id, "b: blocked")
    await pipeline.run(days(1))
    pipeline.clock.now += 1
    await pipeline.ledger.subscriptions.resume((await pipeline.known("b")).id)
    await pipeline.subscribe("b")
    await pipeline.run(days(1))
    assert pipeline.read("b") == WHOLE


async def test_a_closed_chat_may_unsubscribe_and_stays_away_when_all_others_are_tried_again(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    await pipeline.ledger.subscriptions.pause((await pipeline.known("b")).id, "b: blocked")
    await pipeline.unsubscribe("b")
    await pipeline.ledger.subscriptions.resume_all()
    await pipeline.run(days(1))
    assert pipeline.shown("b") == []


# --- the settings and the chats themselves


async def test_a_chat_of_the_settings_whose_people_unsubscribed_stays_away(pipeline: Pipeline) -> None:
    await pipeline.unsubscribe("a")
    for listed in ({"a": "a"}, {}, {"a": "a"}):
        await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), listed)
        await pipeline.run(days(1))
    assert pipeline.shown("a") == []


async def test_a_chat_that_subscribed_by_itself_needs_no_settings(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b")
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"b": "b"})
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {})
    await pipeline.run(days(1))
    assert (pipeline.read("b"), pipeline.shown("a")) == (WHOLE, [])


async def test_a_chat_taken_out_of_the_settings_may_subscribe_by_itself(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {})
    pipeline.clock.now += 1
    await pipeline.subscribe("a")
    await pipeline.run(days(1))
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {})
    await pipeline.run(days(1, 2))
    assert pipeline.read("a") == WHOLE * 2


async def test_preferences_of_a_chat_of_the_settings_outlive_it(pipeline: Pipeline) -> None:
    await pipeline.set_preferences("a", layout="index")
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {})
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a"})
    await pipeline.run(days(1))
    assert len(pipeline.shown("a")) == 1
