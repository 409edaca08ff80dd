"""Reconciliation in a chat that also gets replies: no reply is ever changed."""

from __future__ import annotations

import asyncio
import re
import shutil
import sqlite3
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.message_ids import id_sequence
from bot.delivery.dispatcher import Dispatcher, RetryPolicy
from tests.support.chats import BASIC, CHANNEL, FORUM, GROUP, READER, TOPIC
from tests.support.fakes import faults
from tests.support.fakes.faults import Fault
from tests.support.setup import DATA, unthrottled
from tests.support.telegram_bot import ANN, BOSS, MINA, NEXT, TelegramBot

LATER = RetryPolicy(settle_delay=100.0, longest_wait=1.0)  # leave unconfirmed sends to the next dispatch


@pytest.fixture
async def telegram_bot(telegram_bot: TelegramBot) -> TelegramBot:
    """Have one more digest planned."""
    shutil.copy(DATA / NEXT, "_posts")
    await telegram_bot.app.cycle.plan(at_once=True, resume=False)
    return telegram_bot


def ask(telegram_bot: TelegramBot, chat: str, line: str = "/paper 2") -> None:
    """Let somebody write who may."""
    if chat == CHANNEL:
        telegram_bot.server.posts(CHANNEL, "/settings")
    else:
        topic: dict[str, Any] = {"topic": TOPIC} if chat == FORUM else {}
        telegram_bot.server.says(chat, MINA if chat == READER else BOSS, line, language="en", **topic)


async def check_digest(telegram_bot: TelegramBot, chat: str, before: int, replies: int) -> None:
    """Check that the index and the papers arrived once, that all replies are there, and that nothing was changed.

    Where messages have addresses, the index of each digest is edited once: its lines lead to them.
    """
    everything = telegram_bot.server.shown(chat)
    shown = everything[before:]
    edited = [message.text.splitlines()[1] for message in everything if message.edits]
    assert all(re.fullmatch(r"\d papers?", line) for line in edited)
    assert {message.edits for message in everything} <= {0, 1}
    assert bool(edited) == (id_sequence(chat) != "bot")
    titles = [message.text.splitlines()[0] for message in shown]
    digest = [title for title in titles if title.startswith("Daily Papers · Thursday")]
    assert len(digest) == 1
    papers = await telegram_bot.ledger.archive.newest()
    assert papers
    assert len(shown) == 1 + len(papers.papers) + replies


@pytest.mark.parametrize(
    ("chat", "fault"),
    [
        (READER, faults.lost_answer()),
        (READER, faults.reset()),
        (FORUM, faults.lost_answer()),
        (CHANNEL, faults.reset()),
    ],
)
async def test_replies_sent_meanwhile(telegram_bot: TelegramBot, chat: str, fault: Fault) -> None:
    """At each probe somebody writes to the bot, so that replies take the ids that are probed next."""
    before, asked = telegram_bot.count(chat), 0

    async def write(method: str, arguments: dict[str, Any]) -> None:
        nonlocal asked
        if method == "editMessageText" and asked < 5:
            asked += 1
            ask(telegram_bot, chat)

    fault.method, fault.chat = "sendMessage", chat
    telegram_bot.server.faults.add(fault)
    telegram_bot.server.on_call = write
    await telegram_bot.dispatch()
    await telegram_bot.quiet()
    assert asked
    await check_digest(telegram_bot, chat, before, asked)


@pytest.mark.parametrize(
    ("chat", "fault"), [(READER, faults.reset()), (GROUP, faults.lost_answer()), (CHANNEL, faults.reset())]
)
async def test_replies_from_before_a_restart(telegram_bot: TelegramBot, chat: str, fault: Fault) -> None:
    before = telegram_bot.count(chat)
    fault.method, fault.chat = "sendMessage", chat
    telegram_bot.server.faults.add(fault)
    await Dispatcher(telegram_bot.ledger, telegram_bot.app.channels, LATER).run()
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
    await check_digest(telegram_bot, chat, before, 3)


async def test_a_reply_under_way_is_waited_for(telegram_bot: TelegramBot) -> None:
    """Its id is not known yet when it would be probed."""
    before = telegram_bot.count(READER)
    telegram_bot.server.faults.add(faults.reset(method="sendMessage", chat=READER))
    await Dispatcher(telegram_bot.ledger, telegram_bot.app.channels, LATER).run()
    telegram_bot.server.faults.add(faults.late(0.3, method="sendMessage", chat=READER))
    ask(telegram_bot, READER)
    await telegram_bot.server.emptied()
    while telegram_bot.count(READER) == before:
        await asyncio.sleep(0)
    await Dispatcher(telegram_bot.ledger, telegram_bot.app.channels, LATER, clock=lambda: time.time() + 3600).run()
    await telegram_bot.quiet()
    await check_digest(telegram_bot, READER, before, 1)


async def test_messages_of_a_group_take_ids_too(telegram_bot: TelegramBot) -> None:
    """Private chats and basic groups share a sequence of ids: the bot does not reply there, but ids are used."""
    for _ in range(30):
        telegram_bot.server.says(BASIC, BOSS, "unheard")
    telegram_bot.server.inbox.pending.clear()
    telegram_bot.server.says(BASIC, BOSS, "heard")
    await telegram_bot.quiet()
    before = telegram_bot.count(READER)
    telegram_bot.server.faults.add(faults.lost_answer(method="sendMessage", chat=READER))
    await telegram_bot.dispatch()
    await check_digest(telegram_bot, READER, before, 0)


@pytest.mark.parametrize("messages", [0, 30])
@pytest.mark.parametrize("fault", [faults.lost_answer(), faults.reset()])
async def test_a_day_of_messages_that_were_not_noted(telegram_bot: TelegramBot, fault: Fault, messages: int) -> None:
    """All known ids of private chats are from yesterday: the next message tells where to look."""
    with sqlite3.connect("paperboy.db") as ledger:
        ledger.execute("UPDATE deliveries SET sent_at = sent_at - 86400")
    ledger.close()
    await telegram_bot.stop()
    for _ in range(messages):
        telegram_bot.server.says(BASIC, BOSS, "hello")
    before = telegram_bot.count(READER)
    fault.method, fault.chat = "sendMessage", READER
    telegram_bot.server.faults.add(fault)
    await telegram_bot.dispatch()
    await check_digest(telegram_bot, READER, before, 0)


@pytest.mark.parametrize("fault", [faults.lost_answer(), faults.reset()])
async def test_yesterdays_replies_tell_where_to_begin(telegram_bot: TelegramBot, fault: Fault) -> None:
    """Only the ledger knows them: it holds the ids of the replies."""
    with sqlite3.connect("paperboy.db") as ledger:
        ledger.execute("UPDATE deliveries SET sent_at = sent_at - 86400")
    ledger.close()
    for number in range(70):
        await telegram_bot.ask(str(ANN), ANN, f"/paper {number % 3 + 1}")
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
    await check_digest(telegram_bot, READER, before, 0)


# Replies whose answers were lost, too


def fresh_channel(telegram_bot: TelegramBot) -> TelegramChannel:
    """Make a channel that knows nothing, as after a restart."""
    server = telegram_bot.server
    return TelegramChannel(server.token, server.base_url, telegram_bot.channel.formatter, unthrottled())


async def lose_replies(telegram_bot: TelegramBot, chat: str, *lines: str) -> list[str]:
    """Let replies arrive whose answers are lost, and give what they say."""
    before = telegram_bot.count(chat)
    for line in lines:
        telegram_bot.server.faults.add(faults.lost_answer(method="sendMessage", chat=chat))
        ask(telegram_bot, chat, line)
        await telegram_bot.quiet()
    return telegram_bot.said(chat, before)


async def check_beside(telegram_bot: TelegramBot, chat: str, before: int, replies: list[str]) -> None:
    """Check that replies read as they were sent, and that the digest came once behind them."""
    said = telegram_bot.said(chat, before)
    papers = await telegram_bot.ledger.archive.newest()
    assert papers
    assert said[: len(replies)] == replies
    assert len(said) == len(replies) + 1 + len(papers.papers)
    assert len({text.splitlines()[0] for text in said[len(replies) :]}) == 1 + len(papers.papers)


@pytest.mark.parametrize("chat", [READER, GROUP, FORUM])
@pytest.mark.parametrize("lines", [["/help"], ["/help", "/paper 2"]])
@pytest.mark.parametrize("fault", [faults.lost_answer(), faults.reset()])
async def test_a_reply_whose_answer_was_lost_is_not_taken_for_a_delivery(
    telegram_bot: TelegramBot, chat: str, lines: list[str], fault: Fault
) -> None:
    before = telegram_bot.count(chat)
    lost = await lose_replies(telegram_bot, chat, *lines)
    assert len(lost) == len(lines)
    await shift(telegram_bot, chat, lines)
    fault.method, fault.chat = "sendMessage", chat
    telegram_bot.server.faults.add(fault)
    await telegram_bot.dispatch()
    await check_beside(telegram_bot, chat, before, lost)


async def shift(telegram_bot: TelegramBot, chat: str, lines: list[str]) -> None:
    """Let replies have been sent some seconds after each other, and before what follows: Telegram counts in seconds.

    One in a forum is noted under each name of the place.
    """
    for back, message in enumerate(reversed(telegram_bot.server.shown(chat)[-len(lines) :]), 1):
        message.date -= back * 5
    with sqlite3.connect("paperboy.db") as ledger:
        newer = "SELECT count(DISTINCT body) FROM unconfirmed_replies AS other WHERE other.id > one.id"
        ledger.execute(
            f"UPDATE unconfirmed_replies AS one SET tried_at = tried_at - 5 - 5 * ({newer} AND other.body != one.body)"
        )
    ledger.close()


async def test_a_reply_of_yesterday_is_known_after_a_restart(telegram_bot: TelegramBot) -> None:
    """Nothing that was in memory is left, and the reply is a day older than the digest."""
    before = telegram_bot.count(READER)
    lost = await lose_replies(telegram_bot, READER, "/help")
    await telegram_bot.stop()
    telegram_bot.server.shown(READER)[-1].date -= 86400
    with sqlite3.connect("paperboy.db") as ledger:
        ledger.execute("UPDATE unconfirmed_replies SET tried_at = tried_at - 86400")
    ledger.close()
    telegram_bot.server.faults.add(faults.lost_answer(method="sendMessage", chat=READER))
    fresh = fresh_channel(telegram_bot)
    await Dispatcher(telegram_bot.ledger, {"telegram": fresh}, RetryPolicy(settle_delay=0.05)).run()
    await fresh.close()
    await check_beside(telegram_bot, READER, before, lost)


@pytest.mark.parametrize("fault", [faults.reset(skip=1), faults.lost_answer(skip=1)])
async def test_a_reply_that_could_not_be_written_back_at_once_is_written_back_later(
    telegram_bot: TelegramBot, fault: Fault
) -> None:
    """What stands there then reads like the delivery, and is not taken for it."""
    before = telegram_bot.count(READER)
    lost = await lose_replies(telegram_bot, READER, "/help")
    fault.method, fault.chat = "editMessageText", READER
    telegram_bot.server.faults.add(faults.lost_answer(method="sendMessage", chat=READER))
    telegram_bot.server.faults.add(fault)
    await Dispatcher(telegram_bot.ledger, telegram_bot.app.channels, RetryPolicy(settle_delay=0.05)).run()
    await telegram_bot.stop()
    fresh = fresh_channel(telegram_bot)
    later = Dispatcher(telegram_bot.ledger, {"telegram": fresh}, LATER, clock=lambda: time.time() + 3600)
    await later.run()
    await fresh.close()
    await check_beside(telegram_bot, READER, before, lost)


async def test_a_delivery_whose_post_changed_meanwhile_is_not_taken_for_a_reply(telegram_bot: TelegramBot) -> None:
    """A probe changes it as well: what was sent at that time tells which of the two it is."""
    before = telegram_bot.count(READER)
    lost = await lose_replies(telegram_bot, READER, "/help")
    await telegram_bot.stop()
    telegram_bot.server.shown(READER)[-1].date -= 60
    with sqlite3.connect("paperboy.db") as ledger:
        ledger.execute("UPDATE unconfirmed_replies SET tried_at = tried_at - 60")
    ledger.close()
    telegram_bot.server.faults.add(faults.lost_answer(method="sendMessage", chat=READER))
    await Dispatcher(telegram_bot.ledger, telegram_bot.app.channels, LATER).run()
    post = Path("_posts", NEXT)
    post.write_text(post.read_text("utf-8").replace("[High-Resolution", "[Low-Resolution"), "utf-8")
    await telegram_bot.app.cycle.plan(at_once=True, resume=False)
    fresh = fresh_channel(telegram_bot)
    later = Dispatcher(telegram_bot.ledger, {"telegram": fresh}, LATER, clock=lambda: time.time() + 3600)
    await later.run()
    await fresh.close()
    await check_beside(telegram_bot, READER, before, lost)


@pytest.mark.parametrize("chat", [READER, GROUP, FORUM])
@pytest.mark.parametrize("lines", [["/help"], ["/help", "/paper 2"]])
async def test_who_dies_while_a_reply_is_overwritten_leaves_it_to_the_next_one(
    telegram_bot: TelegramBot, chat: str, lines: list[str]
) -> None:
    """It reads like the delivery then, and nobody was told; the delivery stands behind it."""
    before = telegram_bot.count(chat)
    lost = await lose_replies(telegram_bot, chat, *lines)
    await shift(telegram_bot, chat, lines)
    await dispatch_and_die(telegram_bot, chat, faults.lost_answer())
    await check_beside(telegram_bot, chat, before, lost)


async def dispatch_and_die(telegram_bot: TelegramBot, chat: str, fault: Fault) -> None:
    """Let a send fail, who asks overwrite a reply and hear no answer, and another process go on."""
    replies = telegram_bot.said(chat)
    fault.method, fault.chat = "sendMessage", chat
    # The first id is that of the reader's own message.
    telegram_bot.server.faults.add(fault, faults.lost_answer(method="editMessageText", chat=chat, skip=1))
    await Dispatcher(telegram_bot.ledger, telegram_bot.app.channels, LATER).run()
    await telegram_bot.stop()
    overwritten = False
    for after in (3600, 7200):
        fresh = fresh_channel(telegram_bot)
        clock = partial(lambda after: time.time() + after, after)
        await Dispatcher(telegram_bot.ledger, {"telegram": fresh}, LATER, clock=clock).run()
        await fresh.close()
        overwritten = overwritten or telegram_bot.said(chat)[: len(replies)] != replies
    assert overwritten


@pytest.mark.parametrize("chat", [READER, GROUP, FORUM])
async def test_what_never_arrived_comes_once_where_who_dies_has_overwritten_a_reply(
    telegram_bot: TelegramBot, chat: str
) -> None:
    before = telegram_bot.count(chat)
    await lose_replies(telegram_bot, chat, "/help")
    await dispatch_and_die(telegram_bot, chat, faults.reset())
    await check_beside(telegram_bot, chat, before, [])
