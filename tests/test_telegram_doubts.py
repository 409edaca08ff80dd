"""A doubtful send is looked for by editing; answers to readers stand in the same chat, and are never touched."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.channels.telegram import TelegramChannel
from bot.delivery import Drain, Waits
from bot.pacing import Pacer
from tests.support.fakes import faults
from tests.support.fakes.faults import Fault
from tests.support.setup import DATA
from tests.support.telegram_bot import (
    ANN,
    BASIC,
    BOSS,
    CHANNEL,
    FORUM,
    GROUP,
    MINA,
    NEXT,
    READER,
    TOPIC,
    Delivered,
    House,
    delivered,
    listening_house,
)

LATER = Waits(settle=100.0, patience=1.0)  # leave what is in doubt to the next drain


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Delivered:
    return delivered(tmp_path_factory.getbasetemp())


@pytest.fixture
async def house(template: Delivered, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    async with listening_house(template, monkeypatch) as made:
        shutil.copy(DATA / NEXT, "_posts")
        await made.paperboy.plan(at_once=True, resume=False)
        yield made


def ask(house: House, chat: str, line: str = "/paper 2") -> None:
    """Let somebody ask who may."""
    if chat == CHANNEL:
        house.server.posts(CHANNEL, "/settings")
    else:
        topic: dict[str, Any] = {"topic": TOPIC} if chat == FORUM else {}
        house.server.says(chat, MINA if chat == READER else BOSS, line, language="en", **topic)


async def whole(house: House, chat: str, before: int, answers: int) -> None:
    """See that a digest of an index and its papers came once, all answers stand, and nothing was changed."""
    shown = house.server.shown(chat)[before:]
    assert [message.edits for message in house.server.shown(chat)] == [0] * (before + len(shown))
    titles = [message.text.splitlines()[0] for message in shown]
    digest = [title for title in titles if title.startswith("Daily Papers · Thursday")]
    assert len(digest) == 1
    papers = await house.store.archive.newest()
    assert papers
    assert len(shown) == 1 + len(papers.papers) + answers


@pytest.mark.parametrize(
    ("chat", "fault"),
    [
        (READER, faults.lost_answer()),
        (READER, faults.reset()),
        (FORUM, faults.lost_answer()),
        (CHANNEL, faults.reset()),
    ],
)
async def test_answers_that_go_out_meanwhile(house: House, chat: str, fault: Fault) -> None:
    """Each question about the doubtful send makes somebody ask, so that answers take the ids asked about next."""
    before, asked = house.count(chat), 0

    async def talk(method: str, arguments: dict[str, Any]) -> None:
        nonlocal asked
        if method == "editMessageText" and asked < 5:
            asked += 1
            ask(house, chat)

    fault.method, fault.chat = "sendMessage", chat
    house.server.faults.add(fault)
    house.server.on_call = talk
    await house.paperboy.drain()
    await house.quiet()
    assert asked
    await whole(house, chat, before, asked)


@pytest.mark.parametrize(
    ("chat", "fault"), [(READER, faults.reset()), (GROUP, faults.lost_answer()), (CHANNEL, faults.reset())]
)
async def test_answers_from_before_a_restart(house: House, chat: str, fault: Fault) -> None:
    before = house.count(chat)
    fault.method, fault.chat = "sendMessage", chat
    house.server.faults.add(fault)
    await Drain(house.store, house.paperboy.channels, LATER).run()
    for _ in range(3):
        ask(house, chat)
    await house.quiet()
    await house.stop()
    pacer = Pacer(None, lambda _: [])
    fresh = TelegramChannel(house.server.token, house.server.base_url, house.channel.formatter, pacer)
    await Drain(house.store, {"telegram": fresh}, LATER, clock=lambda: time.time() + 3600).run()
    await fresh.close()
    await whole(house, chat, before, 3)


async def test_an_answer_under_way_is_waited_for(house: House) -> None:
    """Its id is not known yet when the question about it would be asked."""
    before = house.count(READER)
    house.server.faults.add(faults.reset(method="sendMessage", chat=READER))
    await Drain(house.store, house.paperboy.channels, LATER).run()
    house.server.faults.add(faults.late(0.3, method="sendMessage", chat=READER))
    ask(house, READER)
    await house.server.drained()
    while house.count(READER) == before:
        await asyncio.sleep(0)
    await Drain(house.store, house.paperboy.channels, LATER, clock=lambda: time.time() + 3600).run()
    await house.quiet()
    await whole(house, READER, before, 1)


async def test_what_a_group_talks_about_takes_ids_too(house: House) -> None:
    """Private chats and basic groups share a counter: nobody answers there, but the ids are gone."""
    for _ in range(30):
        house.server.says(BASIC, BOSS, "unheard")
    house.server.inbox.pending.clear()
    house.server.says(BASIC, BOSS, "heard")
    await house.quiet()
    before = house.count(READER)
    house.server.faults.add(faults.lost_answer(method="sendMessage", chat=READER))
    await house.paperboy.drain()
    await whole(house, READER, before, 0)


@pytest.mark.parametrize("talk", [0, 30])
@pytest.mark.parametrize("fault", [faults.lost_answer(), faults.reset()])
async def test_a_day_of_talk_that_nobody_remembers(house: House, fault: Fault, talk: int) -> None:
    """All that is known of private chats is from yesterday: the next message tells where to look."""
    with sqlite3.connect("paperboy.db") as ledger:
        ledger.execute("UPDATE deliveries SET sent_at = sent_at - 86400")
    ledger.close()
    await house.stop()
    for _ in range(talk):
        house.server.says(BASIC, BOSS, "hello")
    before = house.count(READER)
    fault.method, fault.chat = "sendMessage", READER
    house.server.faults.add(fault)
    await house.paperboy.drain()
    await whole(house, READER, before, 0)


@pytest.mark.parametrize("fault", [faults.lost_answer(), faults.reset()])
async def test_yesterdays_answers_tell_where_to_begin(house: House, fault: Fault) -> None:
    """Nobody remembers them but the ledger, which holds the ids of the answers."""
    with sqlite3.connect("paperboy.db") as ledger:
        ledger.execute("UPDATE deliveries SET sent_at = sent_at - 86400")
    ledger.close()
    for number in range(70):
        await house.hears(str(ANN), ANN, f"/paper {number % 3 + 1}")
    await house.stop()
    before = house.count(READER)
    fault.method, fault.chat = "sendMessage", READER
    house.server.faults.add(fault)
    pacer = Pacer(None, lambda _: [])
    fresh = TelegramChannel(house.server.token, house.server.base_url, house.channel.formatter, pacer)
    await Drain(house.store, {"telegram": fresh}, Waits(settle=0.05)).run()
    await fresh.close()
    await whole(house, READER, before, 0)
