"""Subscribers: found by any of their names, their wishes kept, and what an operator may send them again."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot import errors
from bot.records import Subscriber
from formatters.edition import Edition
from tests.support.digests import days
from tests.support.memory_channel import refused
from tests.support.pipeline import House, housed

CLOSED = errors.ChatGone("b: kicked")


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with housed(tmp_path, "a") as house:
        yield house


async def edition(house: House, chat: int) -> Edition:
    """Give the edition of a chat, as the ledger spells it."""
    async with house.store._read() as db:
        spelled = (await db.exec_driver_sql("SELECT edition FROM chats WHERE id = ?", (chat,))).scalar_one()
    assert str(Edition.read(spelled)) == spelled
    return Edition.read(spelled)


async def test_a_chat_is_met_once_and_receives_nothing_yet(house: House) -> None:
    people = house.store.subscribers
    chat = await people.meet("terminal", "5", "bot", "private", "ko", "messages")
    assert await people.meet("terminal", "5", "bot", "private", "en", "messages") == chat
    met = await house.known("5")
    assert met == Subscriber(chat, "terminal", "5", "5", "private", "removed", "", "", "ko", False, "")
    assert not met.receives
    assert await edition(house, chat) == Edition("messages", "ko", here=True)


async def test_a_chat_of_the_settings_that_is_met_goes_on_receiving(house: House) -> None:
    chat = await house.store.subscribers.meet("terminal", "a", "a", "group", "en", "index")
    assert (await house.known("a")).state == "active"
    assert await edition(house, chat) == Edition("index", here=True)


async def test_a_chat_is_found_by_any_of_its_names_first_where_it_receives(house: House) -> None:
    people = house.store.subscribers
    await people.meet("terminal", "-100", "-100", "channel", "", "messages")
    await house.store.join("terminal", "messages", {"@a": "@a"})
    assert await people.find("terminal", ("-100", "@a")) == await house.known("@a")
    assert (await house.known("-100")).state == "removed"
    assert await people.find("telegram", ("-100", "@a")) is None
    assert await people.find("terminal", ("-10",)) is None


async def test_a_chat_that_moved_is_found_where_it_is_and_where_it_was(house: House) -> None:
    chat = await house.subscriber("-1")
    await house.store.move(chat, "-1001", "-1001")
    for address in ("-1", "-1001"):
        assert (await house.known(address)).id == chat


async def test_the_places_of_a_chat_are_itself_and_its_topics(house: House) -> None:
    people = house.store.subscribers
    for name in ("-100", "-100:7", "-1001", "@My_Group:7", "@my_group", "@my_groups", "@my1group:7"):
        await people.meet("terminal", name, name, "group", "", "messages")
    found = await people.places("terminal", ("-100", "@my_group"))
    assert [one.name for one in found] == ["-100", "-100:7", "@My_Group:7", "@my_group"]
    assert await people.places("slack", ("-100",)) == []


async def test_a_topic_that_moved_with_its_group_is_found_by_both(house: House) -> None:
    chat = await house.store.subscribers.meet("terminal", "-1:7", "bot", "group", "", "messages")
    await house.store.move(chat, "-100:7", "-100")
    for name in ("-1", "-100"):
        assert [one.id for one in await house.store.subscribers.places("terminal", (name,))] == [chat]


async def test_public_names_are_found_in_any_case(house: House) -> None:
    await house.store.join("terminal", "messages", {"@MyChannel": "@MyChannel"})
    assert (await house.known("@mychannel")).name == "@MyChannel"
    await house.store.subscribers.meet("terminal", "C0123ABCD", "C0123ABCD", "channel", "", "thread")
    assert await house.store.subscribers.find("terminal", ("c0123abcd",)) is None


async def test_strangers_are_the_chats_whose_kind_is_not_known(house: House) -> None:
    await house.subscriber("b", kind="group")
    await house.store.join("terminal", "messages", {"a": "a", "c": "c"})
    await house.unsubscribe("c")
    strangers = await house.store.subscribers.strangers("terminal")
    assert [one.name for one in strangers] == ["a"]
    await house.wish("a", kind="channel")
    assert await house.store.subscribers.strangers("terminal") == []


async def test_wishes_make_the_edition(house: House) -> None:
    chat = await house.subscriber("b")
    assert await edition(house, chat) == Edition()
    await house.wish("b", layout="thread", language="en", silent=1, kind="group")
    assert await edition(house, chat) == Edition("thread", "en", silent=True, here=True)
    known = await house.known("b")
    assert (known.layout, known.language, known.silent, known.kind) == ("thread", "en", True, "group")
    await house.wish("b", layout="", language="", silent=0, kind="channel")
    assert await edition(house, chat) == Edition()


async def test_wishes_outlive_everything(house: House, tmp_path: Path) -> None:
    wishes: dict[str, object] = {"layout": "index", "language": "en", "silent": 1, "schedule": "08:00 mon UTC"}
    chat = await house.subscriber("b")
    await house.wish("b", **wishes)
    await house.unsubscribe("b")
    await house.subscribe("b")
    await house.store.subscribers.pause(chat, "closed")
    await house.store.subscribers.resume(chat)
    known = await house.known("b")
    assert {name: getattr(known, name) for name in wishes} == wishes
    with sqlite3.connect(tmp_path / "ledger.db") as db:  # as any other process reads it
        assert db.execute("SELECT layout, schedule FROM chats WHERE name = 'b'").fetchone() == (
            "index",
            "08:00 mon UTC",
        )
    db.close()


async def test_only_a_chat_that_receives_is_paused_and_only_a_paused_one_is_resumed(house: House) -> None:
    chat, people = await house.subscriber("b"), house.store.subscribers
    await people.pause(chat, "first")
    await people.pause(chat, "second")
    assert ((await house.known("b")).state, (await house.known("b")).reason) == ("paused", "first")
    await people.resume(chat)
    assert ((await house.known("b")).state, (await house.known("b")).reason) == ("active", "")
    await house.unsubscribe("b")
    await people.pause(chat, "third")
    await people.resume(chat)
    assert ((await house.known("b")).state, (await house.known("b")).reason) == ("removed", "")


async def test_resuming_one_chat_opens_no_other(house: House) -> None:
    chats = [await house.subscriber(name) for name in "bc"]
    for name in "bc":
        house.channel.troubles[name].append(refused(errors.ChatGone("kicked")))
    await house.run(days(1))
    await house.store.subscribers.resume(chats[0])
    await house.drain()
    assert (house.read("b"), house.read("c")) == (["index", "1", "2"], [])
    assert await house.counts("c") == {"failed": 1, "pending": 2}


async def test_a_chat_that_only_looked_is_taken_in_when_the_settings_list_it(house: House) -> None:
    """Its people have not decided anything."""
    await house.store.subscribers.meet("terminal", "b", "b", "group", "", "messages")
    await house.store.join("terminal", "messages", {"a": "a", "b": "b"})
    assert (await house.known("b")).state == "active"
    await house.unsubscribe("b")
    await house.store.join("terminal", "messages", {"a": "a", "b": "b"})
    assert (await house.known("b")).state == "removed"


# --- one chat by two names


async def listed(house: House, *names: str) -> None:
    await house.store.join("terminal", "messages", {name: name for name in names})


async def test_a_chat_that_the_settings_name_anew_where_it_moved_to_gets_nothing_twice(house: House) -> None:
    await house.run(days(1))
    await house.store.move(1, "-100", "-100")
    await listed(house, "-100")
    await house.run(days(1, 2))
    assert ((await house.known("-100")).id, (await house.known("-100")).name) == (1, "-100")
    assert (house.read("a"), house.read("-100")) == (["index", "1", "2"], ["index", "1", "2"])
    await listed(house)
    assert (await house.known("-100")).state == "removed"


async def test_two_chats_that_became_one_keep_their_names(house: House) -> None:
    await listed(house, "a", "-100")
    await house.store.move(1, "-100", "-100")
    await listed(house, "a", "-100")
    assert [one.name for one in await house.store.subscribers.places("terminal", ("-100",))] == ["a", "-100"]


async def test_a_chat_that_its_people_subscribed_is_the_one_that_the_settings_name_later(house: House) -> None:
    chat = await house.subscriber("-100", layout="index")
    await house.run(days(1))
    await listed(house, "a", "@our_channel")
    assert await house.store.subscribers.merge(await house.known("@our_channel"), "-100")
    await house.run(days(1, 2))
    known = await house.known("@our_channel")
    assert (known.id, known.address, known.state, known.layout) == (chat, "-100", "active", "index")
    assert len(house.shown("-100")) == 2
    assert house.shown("@our_channel") == []
    await listed(house, "a", "@our_channel")
    assert await house.store.subscribers.places("terminal", ("-100", "@our_channel")) == [known]


async def test_its_people_may_have_unsubscribed_it(house: House) -> None:
    await house.subscriber("-100")
    await house.unsubscribe("-100")
    await listed(house, "@our_channel")
    assert await house.store.subscribers.merge(await house.known("@our_channel"), "-100")
    await listed(house, "@our_channel")
    assert (await house.known("@our_channel")).state == "removed"


async def test_its_people_may_only_have_looked(house: House) -> None:
    await house.store.subscribers.meet("terminal", "-100", "-100", "channel", "", "messages")
    await listed(house, "@our_channel")
    assert await house.store.subscribers.merge(await house.known("@our_channel"), "-100")
    await listed(house, "@our_channel")
    assert (await house.known("@our_channel")).state == "active"


async def test_a_chat_of_the_settings_that_has_messages_stays_and_the_other_receives_no_more(house: House) -> None:
    await house.run(days(1))
    await house.subscriber("-100")
    assert not await house.store.subscribers.merge(await house.known("a"), "-100")
    await house.run(days(1, 2))
    assert (house.read("a"), house.shown("-100")) == (["index", "1", "2"] * 2, [])
    assert (await house.known("-100")).state == "removed"


async def test_there_may_be_no_other_or_more_than_one(house: House) -> None:
    assert not await house.store.subscribers.merge(await house.known("a"), "-100")
    await house.store.subscribers.meet("terminal", "-100", "-100", "group", "", "messages")
    moved = await house.subscriber("-1")
    await house.store.move(moved, "-100", "-100")
    assert await house.store.subscribers.merge(await house.known("a"), "-100")
    assert (await house.known("a")).id == moved
