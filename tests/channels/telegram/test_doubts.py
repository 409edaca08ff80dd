"""A doubtful send is looked for by editing; answers to readers stand in the same chat, and are never touched."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from typing import Any

import pytest

from bot.channels.telegram.channel import TelegramChannel
from bot.delivery.dispatcher import Dispatcher, RetryPolicy
from tests.support.chats import BASIC, CHANNEL, FORUM, GROUP, READER, TOPIC
from tests.support.fakes import faults
from tests.support.fakes.faults import Fault
from tests.support.setup import DATA, unthrottled
from tests.support.telegram_bot import ANN, BOSS, MINA, NEXT, TelegramBot

LATER = RetryPolicy(settle_delay=100.0, longest_wait=1.0)  # leave what is in doubt to the next drain


@pytest.fixture
async def telegram_bot(telegram_bot: TelegramBot) -> TelegramBot:
    """Have one more digest planned."""
    shutil.copy(DATA / NEXT, "_posts")
    await telegram_bot.paperboy.plan(at_once=True, resume=False)
    return telegram_bot


def ask(telegram_bot: TelegramBot, chat: str, line: str = "/paper 2") -> None:
    """Let somebody ask who may."""
    if chat == CHANNEL:
        telegram_bot.server.posts(CHANNEL, "/settings")
    else:
        topic: dict[str, Any] = {"topic": TOPIC} if chat == FORUM else {}
        telegram_bot.server.says(chat, MINA if chat == READER else BOSS, line, language="en", **topic)


async def whole(telegram_bot: TelegramBot, chat: str, before: int, answers: int) -> None:
    """See that a digest of an index and its papers came once, all answers stand, and nothing was changed."""
    shown = telegram_bot.server.shown(chat)[before:]
    assert [message.edits for message in telegram_bot.server.shown(chat)] == [0] * (before + len(shown))
    titles = [message.text.splitlines()[0] for message in shown]
    digest = [title for title in titles if title.startswith("Daily Papers · Thursday")]
    assert len(digest) == 1
    papers = await telegram_bot.ledger.archive.newest()
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
async def test_answers_that_go_out_meanwhile(telegram_bot: TelegramBot, chat: str, fault: Fault) -> None:
    """Each question about the doubtful send makes somebody ask, so that answers take the ids asked about next."""
    before, asked = telegram_bot.count(chat), 0

    async def talk(method: str, arguments: dict[str, Any]) -> None:
        nonlocal asked
        if method == "editMessageText" and asked < 5:
            asked += 1
            ask(telegram_bot, chat)

    fault.method, fault.chat = "sendMessage", chat
    telegram_bot.server.faults.add(fault)
    telegram_bot.server.on_call = talk
    await telegram_bot.paperboy.drain()
    await telegram_bot.quiet()
    assert asked
    await whole(telegram_bot, chat, before, asked)


@pytest.mark.parametrize(
    ("chat", "fault"), [(READER, faults.reset()), (GROUP, faults.lost_answer()), (CHANNEL, faults.reset())]
)
async def test_answers_from_before_a_restart(telegram_bot: TelegramBot, chat: str, fault: Fault) -> None:
    before = telegram_bot.count(chat)
    fault.method, fault.chat = "sendMessage", chat
    telegram_bot.server.faults.add(fault)
    await Dispatcher(telegram_bot.ledger, telegram_bot.paperboy.channels, LATER).run()
    for _ in range(3):
        ask(telegram_bot, chat)
    await telegram_bot.quiet()
    await telegram_bot.stop()
    limiter = unthrottled()
    fresh = TelegramChannel(
        telegram_bot.server.token, telegram_bot.server.base_url, telegram_bot.channel.formatter, limiter
    )
    await Dispatcher(telegram_bot.ledger, {"telegram": fresh}, LATER, clock=lambda: time.time() + 3600).run()
    await fresh.close()
    await whole(telegram_bot, chat, before, 3)


async def test_an_answer_under_way_is_waited_for(telegram_bot: TelegramBot) -> None:
    """Its id is not known yet when the question about it would be asked."""
    before = telegram_bot.count(READER)
    telegram_bot.server.faults.add(faults.reset(method="sendMessage", chat=READER))
    await Dispatcher(telegram_bot.ledger, telegram_bot.paperboy.channels, LATER).run()
    telegram_bot.server.faults.add(faults.late(0.3, method="sendMessage", chat=READER))
    ask(telegram_bot, READER)
    await telegram_bot.server.drained()
    while telegram_bot.count(READER) == before:
        await asyncio.sleep(0)
    await Dispatcher(telegram_bot.ledger, telegram_bot.paperboy.channels, LATER, clock=lambda: time.time() + 3600).run()
    await telegram_bot.quiet()
    await whole(telegram_bot, READER, before, 1)


async def test_what_a_group_talks_about_takes_ids_too(telegram_bot: TelegramBot) -> None:
    """Private chats and basic groups share a counter: nobody answers there, but the ids are gone."""
    for _ in range(30):
        telegram_bot.server.says(BASIC, BOSS, "unheard")
    telegram_bot.server.inbox.pending.clear()
    telegram_bot.server.says(BASIC, BOSS, "heard")
    await telegram_bot.quiet()
    before = telegram_bot.count(READER)
    telegram_bot.server.faults.add(faults.lost_answer(method="sendMessage", chat=READER))
    await telegram_bot.paperboy.drain()
    await whole(telegram_bot, READER, before, 0)


@pytest.mark.parametrize("talk", [0, 30])
@pytest.mark.parametrize("fault", [faults.lost_answer(), faults.reset()])
async def test_a_day_of_talk_that_nobody_remembers(telegram_bot: TelegramBot, fault: Fault, talk: int) -> None:
    """All that is known of private chats is from yesterday: the next message tells where to look."""
    with sqlite3.connect("paperboy.db") as ledger:
        ledger.execute("UPDATE deliveries SET sent_at = sent_at - 86400")
    ledger.close()
    await telegram_bot.stop()
    for _ in range(talk):
        telegram_bot.server.says(BASIC, BOSS, "hello")
    before = telegram_bot.count(READER)
    fault.method, fault.chat = "sendMessage", READER
    telegram_bot.server.faults.add(fault)
    await telegram_bot.paperboy.drain()
    await whole(telegram_bot, READER, before, 0)


@pytest.mark.parametrize("fault", [faults.lost_answer(), faults.reset()])
async def test_yesterdays_answers_tell_where_to_begin(telegram_bot: TelegramBot, fault: Fault) -> None:
    """Nobody remembers them but the ledger, which holds the ids of the answers."""
    with sqlite3.connect("paperboy.db") as ledger:
        ledger.execute("UPDATE deliveries SET sent_at = sent_at - 86400")
    ledger.close()
    for number in range(70):
        await telegram_bot.hears(str(ANN), ANN, f"/paper {number % 3 + 1}")
    await telegram_bot.stop()
    before = telegram_bot.count(READER)
    fault.method, fault.chat = "sendMessage", READER
    telegram_bot.server.faults.add(fault)
    limiter = unthrottled()
    fresh = TelegramChannel(
        telegram_bot.server.token, telegram_bot.server.base_url, telegram_bot.channel.formatter, limiter
    )
    await Dispatcher(telegram_bot.ledger, {"telegram": fresh}, RetryPolicy(settle_delay=0.05)).run()
    await fresh.close()
    await whole(telegram_bot, READER, before, 0)
