"""Subscriptions: found by any of their names, their preferences kept, and what an operator may send them again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import product

import pytest
from sqlalchemy import event, insert, select

from bot import errors
from bot.database.schema import chats
from bot.database.states import ChatKind, ChatState
from bot.ledger.records.deliveries import Subscription
from formatters.edition import LAYOUTS, Edition, UsualEdition
from tests.support.digests import days
from tests.support.ledger_rows import rows
from tests.support.memory_channel import refused
from tests.support.pipeline import Pipeline, pipeline_at
from tests.support.usual import usual_edition

USUAL = usual_edition()
CLOSED = errors.ChatGone("b: kicked")


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url, "a") as pipeline:
        yield pipeline


async def edition(pipeline: Pipeline, chat: int) -> Edition:
    """Give the edition of a chat, as the ledger spells it."""
    async with pipeline.ledger._read() as db:
        spelled = (await db.execute(select(chats.c.edition).where(chats.c.id == chat))).scalar_one()
    assert str(Edition.read(spelled)) == spelled
    return Edition.read(spelled)


async def meet(
    pipeline: Pipeline,
    address: str,
    kind: ChatKind,
    *,
    id_sequence: str = "",
    language: str = "",
    usual: UsualEdition = USUAL,
) -> int:
    ids = id_sequence or address
    people = pipeline.ledger.subscriptions
    return await people.add_chat("terminal", address, id_sequence=ids, kind=kind, language=language, usual=usual)


async def test_a_chat_is_met_once_and_receives_nothing_yet(pipeline: Pipeline) -> None:
    chat = await meet(pipeline, "5", ChatKind.PRIVATE, id_sequence="bot", language="ko")
    assert await meet(pipeline, "5", ChatKind.PRIVATE, id_sequence="bot", language="en") == chat
    met = await pipeline.known("5")
    assert met == Subscription(
        chat,
        "terminal",
        "5",
        "5",
        ChatKind.PRIVATE,
        ChatState.REMOVED,
        "",
        layout="",
        language="ko",
        silent=False,
        schedule="",
        paused_at=None,
        sources="",
        cards="",
        most_cards=0,
    )
    assert not met.receives
    assert await edition(pipeline, chat) == Edition("messages", "ko", buttons_in_chat=True)


async def test_a_chat_of_the_settings_that_is_met_goes_on_receiving(pipeline: Pipeline) -> None:
    chat = await meet(pipeline, "a", ChatKind.GROUP, language="en", usual=usual_edition("index"))
    assert (await pipeline.known("a")).state == "active"
    assert await edition(pipeline, chat) == Edition("index", buttons_in_chat=True)


async def test_a_chat_is_found_by_any_of_its_names_first_where_it_receives(pipeline: Pipeline) -> None:
    people = pipeline.ledger.subscriptions
    await meet(pipeline, "-100", ChatKind.BROADCAST)
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"@a": "@a"})
    assert await people.find("terminal", ("-100", "@a")) == await pipeline.known("@a")
    assert (await pipeline.known("-100")).state == "removed"
    assert await people.find("telegram", ("-100", "@a")) is None
    assert await people.find("terminal", ("-10",)) is None


async def test_a_chat_that_moved_is_found_where_it_is_and_where_it_was(pipeline: Pipeline) -> None:
    chat = await pipeline.subscriber("-1")
    await pipeline.ledger.subscriptions.move(chat, address="-1001", id_sequence="-1001")
    for address in ("-1", "-1001"):
        assert (await pipeline.known(address)).id == chat


async def test_the_places_of_a_chat_are_itself_and_its_topics(pipeline: Pipeline) -> None:
    people = pipeline.ledger.subscriptions
    for name in ("-100", "-100:7", "-1001", "@My_Group:7", "@my_group", "@my_groups", "@my1group:7"):
        await meet(pipeline, name, ChatKind.GROUP)
    found = await people.with_topics("terminal", ("-100", "@my_group"))
    assert [one.name for one in found] == ["-100", "-100:7", "@My_Group:7", "@my_group"]
    assert await people.with_topics("slack", ("-100",)) == []


async def test_a_topic_that_moved_with_its_group_is_found_by_both(pipeline: Pipeline) -> None:
    chat = await meet(pipeline, "-1:7", ChatKind.GROUP, id_sequence="bot")
    await pipeline.ledger.subscriptions.move(chat, address="-100:7", id_sequence="-100")
    for name in ("-1", "-100"):
        assert [one.id for one in await pipeline.ledger.subscriptions.with_topics("terminal", (name,))] == [chat]


async def test_public_names_are_found_in_any_case(pipeline: Pipeline) -> None:
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"@MyChannel": "@MyChannel"})
    assert (await pipeline.known("@mychannel")).name == "@MyChannel"
    await meet(pipeline, "C0123ABCD", ChatKind.BROADCAST, usual=usual_edition("thread"))
    assert await pipeline.ledger.subscriptions.find("terminal", ("c0123abcd",)) is None


async def test_unidentified_are_the_chats_whose_kind_is_not_known(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b", kind="group")
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a", "c": "c"})
    await pipeline.unsubscribe("c")
    unidentified = await pipeline.ledger.subscriptions.unidentified("terminal")
    assert [one.name for one in unidentified] == ["a"]
    await pipeline.set_preferences("a", kind="channel")
    await pipeline.ledger.subscriptions.keep_addresses([unidentified[0].id])
    assert await pipeline.ledger.subscriptions.unidentified("terminal") == []


async def test_preferences_make_the_edition(pipeline: Pipeline) -> None:
    chat = await pipeline.subscriber("b")
    assert await edition(pipeline, chat) == Edition()
    await pipeline.set_preferences("b", layout="thread", language="en", silent=1, kind="group")
    assert await edition(pipeline, chat) == Edition("thread", "en", silent=True, buttons_in_chat=True)
    known = await pipeline.known("b")
    assert (known.layout, known.language, known.silent, known.kind) == ("thread", "en", True, "group")
    await pipeline.set_preferences("b", layout="", language="", silent=0, kind="channel")
    assert await edition(pipeline, chat) == Edition()


FOLDABLE = ("messages", "thread", "digest")
ALL_PREFERENCES = list(product(("", *LAYOUTS), ("", "ko", "en"), (0, 1), ChatKind, ("", "folded", "short"), (0, 5)))


async def editions(pipeline: Pipeline) -> list[str]:
    """Give the editions of all chats that subscribed by themselves."""
    async with pipeline.ledger._read() as db:
        rows = await db.exec_driver_sql("SELECT edition FROM chats WHERE origin = 'reader' ORDER BY id")
        return list(rows.scalars())


def spelled(usual: str, *, folds: bool = False) -> list[str]:
    """Give the editions of chats with all preferences, where the operator set a layout and that cards are folded."""
    here = {ChatKind.PRIVATE, ChatKind.GROUP}
    found = []
    for layout, language, silent, kind, cards, most in ALL_PREFERENCES:
        has_cards = (layout or usual) in ("messages", "thread")
        folded = (layout or usual) in FOLDABLE and (cards == "folded" or (folds and not cards))
        own = Edition(layout or usual, language, bool(silent), kind in here)
        found.append(str(replace(own, folded=folded, cards=most if has_cards else 0)))
    return found


async def test_the_ledger_spells_editions_as_their_owner_does(pipeline: Pipeline) -> None:
    columns = ("layout", "language", "silent", "kind", "cards", "most_cards")
    all_chats = [dict(zip(columns, one, strict=True)) for one in ALL_PREFERENCES]
    same = {"channel": "terminal", "address": "", "id_sequence": "", "edition": "", "origin": "reader"}
    async with pipeline.ledger._write() as db:
        await db.execute(insert(chats), [same | {"name": str(n)} | one for n, one in enumerate(all_chats)])
    for usual, cards in (("digest", "short"), ("messages", "folded"), ("messages", "short")):
        set_by_operator = usual_edition(usual, cards, FOLDABLE)
        await pipeline.ledger.subscriptions.sync_chats("terminal", set_by_operator, {})
        assert await editions(pipeline) == spelled(usual, folds=cards == "folded")


@pytest.mark.parametrize("number", range(0, len(ALL_PREFERENCES), 101))
async def test_the_edition_of_one_chat_is_spelled_so_too(pipeline: Pipeline, number: int) -> None:
    layout, language, silent, kind, cards, most = ALL_PREFERENCES[number]
    pipeline.usual = replace(pipeline.usual, foldable=FOLDABLE)
    await pipeline.subscriber(
        "b", layout=layout, language=language, silent=silent, kind=kind, cards=cards, most_cards=most
    )
    await pipeline.subscriber("c")
    assert await editions(pipeline) == [spelled("messages")[number], "messages"]


async def test_a_new_layout_is_written_for_all_chats_at_once(pipeline: Pipeline) -> None:
    """There may be 100,000 of them."""
    planning_sql: list[str] = []
    for number in range(20):
        await pipeline.subscriber(str(number), silent=number % 2)
    async with pipeline.ledger._read() as db:
        engine = db.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lambda *args: planning_sql.append(args[2]))
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition("index"), {})
    assert set(await editions(pipeline)) == {"index", "index silent"}
    assert [one.split()[:3] for one in planning_sql].count(
        ["UPDATE", "chats", "SET"]
    ) <= 4  # three are of those that the settings name, or do not
    assert len(planning_sql) <= 12


async def test_preferences_outlive_everything(pipeline: Pipeline, ledger_url: str) -> None:
    preferences: dict[str, object] = {"layout": "index", "language": "en", "silent": 1, "schedule": "08:00 mon UTC"}
    chat = await pipeline.subscriber("b")
    await pipeline.set_preferences("b", **preferences)
    await pipeline.unsubscribe("b")
    await pipeline.subscribe("b")
    await pipeline.ledger.subscriptions.pause(chat, "closed")
    await pipeline.ledger.subscriptions.resume(chat)
    known = await pipeline.known("b")
    assert {name: getattr(known, name) for name in preferences} == preferences
    kept = rows(ledger_url, "SELECT layout, schedule FROM chats WHERE name = 'b'")  # as any other process reads it
    assert kept == [("index", "08:00 mon UTC")]


async def test_only_a_chat_that_receives_is_paused_and_only_a_paused_one_is_resumed(pipeline: Pipeline) -> None:
    chat, people = await pipeline.subscriber("b"), pipeline.ledger.subscriptions
    await people.pause(chat, "first")
    await people.pause(chat, "second")
    assert ((await pipeline.known("b")).state, (await pipeline.known("b")).reason) == ("paused", "first")
    await people.resume(chat)
    assert ((await pipeline.known("b")).state, (await pipeline.known("b")).reason) == ("active", "")
    await pipeline.unsubscribe("b")
    await people.pause(chat, "third")
    await people.resume(chat)
    assert ((await pipeline.known("b")).state, (await pipeline.known("b")).reason) == ("removed", "")


async def test_resuming_one_chat_opens_no_other(pipeline: Pipeline) -> None:
    chats = [await pipeline.subscriber(name) for name in "bc"]
    for name in "bc":
        pipeline.channel.failures[name].append(refused(errors.ChatGone("kicked")))
    await pipeline.run(days(1))
    await pipeline.ledger.subscriptions.resume(chats[0])
    await pipeline.dispatch()
    assert (pipeline.read("b"), pipeline.read("c")) == (["index", "1", "2"], [])
    assert await pipeline.counts("c") == {"failed": 1, "pending": 2}


async def test_a_chat_that_only_looked_is_taken_in_when_the_settings_list_it(pipeline: Pipeline) -> None:
    """Its people have not decided anything."""
    await meet(pipeline, "b", ChatKind.GROUP)
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a", "b": "b"})
    assert (await pipeline.known("b")).state == "active"
    await pipeline.unsubscribe("b")
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a", "b": "b"})
    assert (await pipeline.known("b")).state == "removed"


# --- what is one chat is in test_merging


async def test_a_chat_that_the_settings_name_anew_where_it_moved_to_gets_nothing_twice(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    await pipeline.ledger.subscriptions.move(1, address="-100", id_sequence="-100")
    await pipeline.settle("-100")
    await pipeline.run(days(1, 2))
    assert ((await pipeline.known("-100")).id, (await pipeline.known("-100")).name) == (1, "-100")
    assert (pipeline.read("a"), pipeline.read("-100")) == (["index", "1", "2"], ["index", "1", "2"])
    await pipeline.settle()
    assert (await pipeline.known("-100")).state == "removed"
