"""Chats with wishes of their own: each its edition at its hours, nothing twice, nothing lost since it subscribed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from bot import errors
from bot.delivery import Waits
from bot.protocols import Found
from formatters.locale import words
from formatters.telegram import TelegramFormatter
from tests.support.digests import days, digest, found, paper
from tests.support.memory_channel import MemoryChannel, Trouble, lost, refused
from tests.support.pipeline import House, housed

MORNING = "08:00 mon-sun Asia/Seoul"
FAR = Waits(settle=0, back_off=0, patience=10)
DAY = date(2025, 1, 1)
WHOLE = ["index", "1", "2"]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with housed(tmp_path, "a") as house:
        yield house


def post(*numbers: int, word: str = "plain") -> list[Found]:
    """Give the post of the first of January with these papers."""
    return [found(digest(DAY, *(paper(number, word=word) for number in numbers)))]


def bodies(house: House, address: str) -> list[str]:
    return [str(one.body["markup"]) for one in house.channel.chats[address]]


# --- what each receives


async def test_each_chat_gets_its_layout(house: House) -> None:
    await house.subscriber("whole", layout="digest")
    await house.subscriber("short", layout="index")
    await house.subscriber("usual")
    await house.run(days(1))
    assert house.read("a") == house.read("usual") == WHOLE
    (whole,), (short,) = bodies(house, "whole"), bodies(house, "short")
    assert "A plain way." in whole
    assert "Paper 2501.00002" in short
    assert "A plain way." not in short


async def test_each_chat_gets_its_language(house: House) -> None:
    await house.subscriber("korean", language="ko")
    await house.subscriber("english", language="en")
    await house.run(days(1))
    assert "논문 2편" in bodies(house, "korean")[0]
    assert "목표" in bodies(house, "korean")[1]
    assert bodies(house, "english") == bodies(house, "a")  # which is what the operator set


async def test_silence_and_the_place_of_buttons_are_the_chats_own(house: House) -> None:
    house.channel = MemoryChannel(name="telegram", formatter=TelegramFormatter(words("en"), buttons=True))
    await house.subscriber("5", kind="private", silent=1)
    await house.subscriber("6", kind="group")
    await house.subscriber("-100", kind="channel")
    await house.run(days(1))
    sounds = {name: [one.body["disable_notification"] for one in house.channel.chats[name]] for name in ("5", "6")}
    assert sounds == {"5": [True] * 3, "6": [False, True, True]}
    buttons = {name: str(house.channel.chats[name][1].body["reply_markup"]) for name in ("5", "6", "-100")}
    assert ["callback_data" in shown for shown in buttons.values()] == [True, True, False]
    assert "https://t.me/BOT?start=paper-" in buttons["-100"]


async def test_a_thread_in_another_language_is_still_a_thread(house: House) -> None:
    await house.subscriber("b", layout="thread", language="ko", silent=1, kind="group")
    await house.run(days(1))
    index = str(house.channel.chats["b"][0].id)
    assert [parent for address, parent in house.channel.threads if address == "b"] == ["", index, index]


async def test_what_the_operator_set_holds_where_nothing_is_wished(house: House) -> None:
    await house.subscriber("usual")
    await house.subscriber("own", layout="messages")
    await house.store.join("terminal", "index", {"a": "a"})
    await house.run(days(1))
    assert [len(house.shown(chat)) for chat in ("a", "usual", "own")] == [1, 1, 3]


# --- wishes that change


async def test_wishes_changed_between_digests_hold_from_the_next_on(house: House) -> None:
    await house.subscriber("b")
    await house.run(days(1))
    await house.wish("b", layout="digest", language="ko")
    await house.run(days(1))
    assert house.read("b") == WHOLE
    await house.run(days(1, 2))
    assert len(house.shown("b")) == 4
    assert "2025년 1월 2일" in bodies(house, "b")[3]


async def test_what_came_in_an_older_edition_is_edited_and_grows_in_it(house: House) -> None:
    await house.subscriber("b")
    await house.run(post(1))
    await house.wish("b", layout="digest")
    await house.run(post(1, 2, word="new"))
    assert house.read("b") == WHOLE
    assert [one.edits for one in house.channel.chats["b"]] == [1, 1, 0]
    assert "new things" in bodies(house, "b")[1]


@pytest.mark.parametrize("wish", [{"layout": "digest"}, {"language": "ko"}, {"layout": "index", "silent": 1}])
async def test_wishes_changed_in_the_middle_of_a_digest_repeat_nothing(house: House, wish: dict[str, object]) -> None:
    await house.subscriber("b")
    house.channel.troubles["b"] += [Trouble(), refused(errors.RetryLater("wait", 900))]
    await house.run(days(1), FAR)
    assert house.read("b") == ["index"]
    await house.wish("b", **wish)
    house.clock.now += 901
    await house.run(days(1), FAR)
    assert house.read("b") == WHOLE
    await house.run(days(1), FAR)
    assert house.read("b") == WHOLE


async def test_a_doubt_is_settled_in_the_edition_in_which_it_arose(house: House) -> None:
    await house.subscriber("b")
    house.channel.troubles["b"] += [lost()]
    await house.run(days(1), Waits(settle=90))
    await house.wish("b", layout="digest")
    house.clock.now += 91
    await house.run(days(1))
    assert house.read("b") == WHOLE


# --- wishes that change while a digest waits


async def test_what_waits_for_the_morning_comes_as_it_is_wished_then(house: House) -> None:
    await house.subscriber("b", language="en")
    await house.night(days(1))
    await house.wish("b", layout="digest", language="ko")
    await house.night(days(1))
    assert house.shown("b") == []
    assert await house.counts("b") == {"scheduled": 1}
    await house.run(days(1))
    await house.run(days(1))
    (whole,) = bodies(house, "b")
    assert "논문 2편" in whole
    assert house.read("a") == WHOLE


async def test_what_waits_is_changed_back_again(house: House) -> None:
    await house.subscriber("b")
    await house.night(days(1))
    for layout in ("digest", "index", ""):
        await house.wish("b", layout=layout)
        await house.night(days(1))
    await house.run(days(1))
    assert house.read("b") == WHOLE


async def test_all_that_waits_is_laid_out_anew_and_comes_in_order(house: House) -> None:
    """Over a weekend two digests wait, and the chat is closed to us for a while."""
    await house.subscriber("b")
    await house.night(days(1))
    await house.night(days(1, 2))
    await house.store.subscribers.pause((await house.known("b")).id, "closed")
    await house.wish("b", layout="index")
    await house.night(days(1, 2))
    await house.store.resume()
    await house.run(days(1, 2))
    assert [line.rpartition(", ")[2] for line in house.shown("b")] == ["1 January 2025[/bold]", "2 January 2025[/bold]"]
    assert house.read("a") == WHOLE * 2


async def test_an_older_digest_that_is_laid_out_anew_goes_to_nobody_else(house: House) -> None:
    await house.subscriber("b")
    await house.night(days(1))
    await house.night(days(1, 2))
    await house.store.join("terminal", "messages", {"a": "a", "late": "late"})
    await house.wish("b", layout="index")
    await house.run(days(1, 2))
    assert house.read("late") == WHOLE
    assert len(house.shown("b")) == 2


async def test_a_new_edition_does_not_bring_a_half_sent_digest_anew(house: House) -> None:
    """One row was tried, the others wait no more: the digest is under way."""
    await house.subscriber("b")
    house.channel.troubles["b"] += [refused(errors.RetryLater("wait", 900))]
    await house.run(days(1), FAR)
    await house.wish("b", layout="index")
    house.clock.now += 901
    await house.run(days(1), FAR)
    assert house.read("b") == WHOLE


async def test_what_waits_for_a_channel_that_is_not_set_up_now_is_not_lost(house: House) -> None:
    await house.subscriber("b")
    await house.night(days(1))
    await house.wish("b", layout="index")
    terminal, house.channel = house.channel, MemoryChannel(name="other")
    await house.night(days(1))
    house.channel = terminal
    await house.run(days(1))
    assert len(house.shown("b")) == 1


async def test_what_waits_as_it_is_wished_is_left_alone(house: House) -> None:
    await house.night(days(1))
    [before, *_] = await house.store.clerk.heads(1)
    await house.night(days(1))
    [after, *_] = await house.store.clerk.heads(1)
    assert after.ref == before.ref


# --- hours


async def test_a_chat_with_hours_of_its_own_gets_the_digest_then_and_others_at_theirs(house: House) -> None:
    await house.subscriber("early", schedule=MORNING)
    evening = house.clock() + 12 * 3600
    await house.look(days(1), opening=evening, hours={MORNING: house.clock() + 3600})
    assert await house.store.next_due() == house.clock() + 3600
    await house.drain(FAR)
    assert (house.shown("early"), house.shown("a")) == ([], [])
    house.clock.now += 3600
    await house.drain(FAR)
    assert (house.read("early"), house.shown("a")) == (WHOLE, [])
    assert await house.store.next_due() == evening
    await house.look(days(1), hours={MORNING: house.clock() + 86_400})
    await house.drain(FAR)
    assert house.read("early") == house.read("a") == WHOLE


async def test_what_was_let_out_once_goes_on_past_midnight(house: House) -> None:
    house.channel.troubles["a"] += [Trouble(), refused(errors.RetryLater("wait", 900, flood=True))]
    await house.run(days(1), FAR)
    house.clock.now += 901
    await house.look(days(1), opening=house.clock() + 8 * 3600)
    await house.drain(FAR)
    assert house.read("a") == WHOLE


async def test_what_was_let_out_but_not_sent_goes_out_past_midnight(house: House) -> None:
    """The platform kept the evening busy."""
    await house.look(days(1))
    await house.night(days(1))
    assert house.read("a") == WHOLE


async def test_hours_that_were_slept_through_are_no_reason_to_wake_anybody_at_night(house: House) -> None:
    """The digest was to go out at eight, and the program ran again only past midnight."""
    await house.look(days(1), opening=house.clock() + 3600)
    house.clock.now += 16 * 3600
    await house.night(days(1))
    assert house.shown("a") == []
    await house.run(days(1))
    assert house.read("a") == WHOLE


async def test_hours_changed_while_a_digest_waits_hold_at_once(house: House) -> None:
    await house.subscriber("b")
    await house.night(days(1))
    await house.wish("b", schedule=MORNING)
    await house.look(days(1), opening=house.clock() + 3600, hours={MORNING: 0.0})
    await house.drain()
    assert (house.read("b"), house.shown("a")) == (WHOLE, [])


async def test_hours_changed_after_it_was_let_out_hold_nothing_back(house: House) -> None:
    await house.subscriber("b")
    house.channel.troubles["b"] += [Trouble(), refused(errors.RetryLater("wait", 900, flood=True))]
    await house.run(days(1), FAR)
    await house.wish("b", schedule=MORNING)
    house.clock.now += 901
    await house.look(days(1), hours={MORNING: house.clock() + 3600})
    await house.drain(FAR)
    assert house.read("b") == WHOLE


async def test_a_post_edited_while_it_waits_comes_as_it_is_then(house: House) -> None:
    await house.night(post(1))
    await house.night(post(1, word="new"))
    await house.run(post(1, word="new"))
    assert house.read("a") == ["index", "1"]
    assert "new things" in bodies(house, "a")[1]
    assert [one.edits for one in house.channel.chats["a"]] == [0, 0]


async def test_a_post_grown_while_it_waits_waits_as_a_whole(house: House) -> None:
    await house.night(post(1))
    await house.night(post(1, 2))
    assert await house.counts("a") == {"scheduled": 3}
    assert await house.store.open_rows() == 0
    await house.run(post(1, 2))
    assert house.read("a") == WHOLE


async def test_what_a_delivered_post_gains_at_night_comes_at_once(house: House) -> None:
    await house.run(post(1))
    await house.night(post(1, 2))
    assert house.read("a") == WHOLE


async def test_nothing_is_due_in_a_chat_that_is_closed_to_us(house: House) -> None:
    await house.look(days(1), opening=house.clock() + 3600)
    await house.store.subscribers.pause(1, "closed")
    assert await house.store.next_due() is None


# --- coming


async def test_who_subscribes_after_a_digest_was_found_gets_nothing_of_it_and_all_of_the_next(house: House) -> None:
    await house.run(post(1))
    house.clock.now += 1
    await house.subscriber("b")
    await house.run(post(1, 2, word="new"))
    assert house.shown("b") == []
    await house.run([*post(1, 2), *days(2)])
    assert house.read("b") == WHOLE


async def test_who_wants_the_newest_at_once_gets_it_alone(house: House) -> None:
    await house.run(days(1))
    await house.run(days(1, 2))
    house.clock.now += 1
    await house.subscriber("b", now=True)
    await house.run(days(1, 2))
    await house.run(days(1, 2))
    assert house.read("b") == WHOLE
    assert "2 January" in house.shown("b")[0]


async def test_who_wants_it_at_once_is_not_kept_waiting_at_night(house: House) -> None:
    await house.run(days(1))
    house.clock.now += 1
    await house.subscriber("b", now=True)
    await house.night(days(1))
    assert house.read("b") == WHOLE
    await house.night(days(1, 2))
    assert house.read("b") == WHOLE  # for the next one it waits as others do


async def test_a_subscriber_for_whom_it_waits_may_want_it_at_once(house: House) -> None:
    """An older one waits as well, and comes before it."""
    await house.subscriber("b")
    await house.night(days(1))
    await house.night(days(1, 2))
    await house.subscribe("b", now=True)
    await house.night(days(1, 2))
    assert house.read("b") == WHOLE * 2
    assert house.shown("a") == []


async def test_who_asks_while_others_are_served_is_not_forgotten(house: House) -> None:
    """The wish comes after the digest was planned, before those who wished earlier are ticked off."""
    await house.run(days(1))
    house.clock.now += 1
    earlier = await house.store.eager()
    await house.subscriber("b", now=True)
    await house.store.calm(earlier)
    await house.night(days(1))
    assert house.read("b") == WHOLE


async def test_subscribing_once_more_takes_no_wish_back(house: House) -> None:
    await house.run(days(1))
    house.clock.now += 1
    await house.subscriber("b", now=True)
    await house.subscribe("b")
    await house.night(days(1))
    assert house.read("b") == WHOLE


async def test_wanting_it_at_once_before_there_is_any_digest_is_just_subscribing(house: House) -> None:
    await house.subscriber("b", now=True)
    await house.night([])
    await house.night(days(1))
    assert house.shown("b") == []
    await house.run(days(1))
    assert house.read("b") == WHOLE


async def test_a_held_digest_reaches_who_subscribed_before_it_had_papers(house: House) -> None:
    await house.run(days(1))
    await house.run([*days(1), *days(2, papers=0)])
    house.clock.now += 1
    await house.subscriber("b")
    await house.run(days(1, 2))
    assert house.read("b") == WHOLE
    house.clock.now += 1
    await house.subscriber("c")
    await house.run(days(1, 2))
    assert house.shown("c") == []


# --- going


def after_two(house: House) -> None:
    """Let the third message to b wait for long."""
    house.channel.troubles["b"] += [Trouble(), Trouble(), refused(errors.RetryLater("wait", 900))]


async def test_who_unsubscribes_in_the_middle_gets_no_more(house: House) -> None:
    await house.subscriber("b")
    after_two(house)
    await house.run(days(1), FAR)
    await house.unsubscribe("b")
    house.clock.now += 901
    await house.run(days(1))
    assert house.read("b") == ["index", "1"]
    assert house.read("a") == WHOLE


async def test_who_unsubscribes_during_a_send_gets_that_message_and_no_other(house: House) -> None:
    await house.subscriber("b")
    await house.look(days(1))

    class Leaving(MemoryChannel):
        async def turn(self, address: str, *, reply: bool = False, lead: float = 0.0) -> float:
            if address == "b" and len(self.chats["b"]) == 1:
                await house.unsubscribe("b")
            return 0.0

    house.channel = Leaving()
    await house.drain()
    assert house.read("b") == ["index"]
    assert house.read("a") == WHOLE


async def test_who_comes_back_gets_nothing_of_what_came_before(house: House) -> None:
    await house.subscriber("b")
    after_two(house)
    await house.run(post(1, 2), FAR)
    await house.unsubscribe("b")
    house.clock.now += 5 * 86_400
    await house.subscribe("b")
    await house.run(post(1, 2, 3, word="new"))
    assert house.read("b") == ["index", "1"]
    assert [one.edits for one in house.channel.chats["b"]] == [1, 1]  # what it holds is kept true
    await house.run([*post(1, 2, 3, word="new"), *days(2)])
    assert house.read("b") == ["index", "1", *WHOLE]


async def test_who_comes_back_and_wants_the_newest_gets_the_rest_of_it_and_nothing_twice(house: House) -> None:
    await house.subscriber("b")
    await house.run(days(1))
    house.channel.troubles["b"] += [Trouble(), refused(errors.RetryLater("wait", 900))]
    await house.run(days(1, 2), FAR)
    await house.unsubscribe("b")
    await house.wish("b", layout="digest")
    await house.subscribe("b", now=True)
    await house.night(days(1, 2))
    await house.night(days(1, 2))
    assert house.read("b") == WHOLE * 2


async def test_a_send_that_came_to_nothing_while_its_chat_left_is_forgotten(house: House) -> None:
    """The platform refuses for the moment, but meanwhile the chat unsubscribed; weeks later it comes back."""
    await house.subscriber("b")
    await house.look(days(1))

    class Leaving(MemoryChannel):
        async def send(self, address: str, body: object, *, ref: str, thread: str) -> str:
            if address == "b":
                await house.unsubscribe("b")
                raise errors.RetryLater("wait", 900)
            return "1"

    terminal, house.channel = house.channel, Leaving()
    await house.drain()
    house.channel = terminal
    house.clock.now += 30 * 86_400
    await house.subscribe("b")
    await house.run(days(1))
    assert house.shown("b") == []


async def test_a_chat_that_left_and_then_shut_us_out_is_not_brought_back(house: House) -> None:
    await house.subscriber("b")
    await house.look(days(1))

    class Leaving(MemoryChannel):
        async def send(self, address: str, body: object, *, ref: str, thread: str) -> str:
            if address == "b":
                await house.unsubscribe("b")
                raise errors.ChatGone("b: blocked")
            return "1"

    terminal, house.channel = house.channel, Leaving()
    await house.drain()
    house.channel = terminal
    await house.store.resume()
    await house.run(days(1, 2))
    assert (await house.known("b")).state == "removed"
    assert house.shown("b") == []


async def test_a_failed_message_is_not_tried_again_for_who_left(house: House) -> None:
    await house.subscriber("b")
    house.channel.troubles["b"] += [Trouble(), refused(errors.Rejected("no")), refused(errors.Rejected("no"))]
    await house.run(post(1))
    await house.unsubscribe("b")
    await house.subscribe("b")
    await house.run(post(1, word="better"))
    assert house.read("b") == ["index"]


# --- closed and open again


async def test_a_closed_chat_that_opens_gets_the_rest_and_the_newest(house: House) -> None:
    await house.subscriber("b")
    house.channel.troubles["b"] += [Trouble(), refused(errors.ChatGone("b: kicked"))]
    await house.run(days(1))
    await house.run(days(1, 2))
    assert (await house.known("b")).reason == "b: kicked"
    await house.store.subscribers.resume((await house.known("b")).id)
    await house.run(days(1, 2))
    assert house.read("b") == WHOLE * 2


async def test_a_closed_chat_that_subscribes_again_has_lost_nothing(house: House) -> None:
    await house.subscriber("b")
    await house.store.subscribers.pause((await house.known("b")).id, "b: blocked")
    await house.run(days(1))
    house.clock.now += 1
    await house.store.subscribers.resume((await house.known("b")).id)
    await house.subscribe("b")
    await house.run(days(1))
    assert house.read("b") == WHOLE


async def test_a_closed_chat_may_unsubscribe_and_stays_away_when_all_others_are_tried_again(house: House) -> None:
    await house.subscriber("b")
    await house.store.subscribers.pause((await house.known("b")).id, "b: blocked")
    await house.unsubscribe("b")
    await house.store.resume()
    await house.run(days(1))
    assert house.shown("b") == []


# --- the settings and the chats themselves


async def test_a_chat_of_the_settings_whose_people_unsubscribed_stays_away(house: House) -> None:
    await house.unsubscribe("a")
    for listed in ({"a": "a"}, {}, {"a": "a"}):
        await house.store.join("terminal", "messages", listed)
        await house.run(days(1))
    assert house.shown("a") == []


async def test_a_chat_that_subscribed_by_itself_needs_no_settings(house: House) -> None:
    await house.subscriber("b")
    await house.store.join("terminal", "messages", {"b": "b"})
    await house.store.join("terminal", "messages", {})
    await house.run(days(1))
    assert (house.read("b"), house.shown("a")) == (WHOLE, [])


async def test_a_chat_taken_out_of_the_settings_may_subscribe_by_itself(house: House) -> None:
    await house.run(days(1))
    await house.store.join("terminal", "messages", {})
    house.clock.now += 1
    await house.subscribe("a")
    await house.run(days(1))
    await house.store.join("terminal", "messages", {})
    await house.run(days(1, 2))
    assert house.read("a") == WHOLE * 2


async def test_wishes_of_a_chat_of_the_settings_outlive_it(house: House) -> None:
    await house.wish("a", layout="index")
    await house.store.join("terminal", "messages", {})
    await house.store.join("terminal", "messages", {"a": "a"})
    await house.run(days(1))
    assert len(house.shown("a")) == 1
