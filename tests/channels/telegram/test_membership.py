"""Who lets the bot into a chat, and who removes it."""

from __future__ import annotations

import re
import shutil

import pytest

from tests.support.chats import BASIC, CHANNEL, FORUM, GROUP, READER, TOPIC
from tests.support.fakes.telegram_chats import Status
from tests.support.setup import DATA
from tests.support.telegram_bot import ANN, BOSS, EN, MINA, NEXT, OPERATOR, TelegramBot, deliver_next

LATER = ("2025-01-10-Arxiv.md", "2025-01-13-daily-papers-20250113.md", "2025-01-14-daily-papers-20250114.md")


@pytest.mark.parametrize("chat", ["-1003333333333", BASIC])
async def test_a_group_that_lets_the_bot_in_is_greeted(telegram_bot: TelegramBot, chat: str) -> None:
    if chat != BASIC:
        telegram_bot.server.add_chat(chat, "supergroup")
    telegram_bot.server.member(chat, BOSS, "creator")
    telegram_bot.server.member(chat, ANN, "member")
    telegram_bot.server.membership(chat, "left", "member", BOSS)
    telegram_bot.server.membership(chat, "member", "administrator", BOSS)
    await telegram_bot.quiet()
    assert telegram_bot.said(chat) == [EN.welcome]
    assert (await telegram_bot.press(chat, ANN, EN.subscribe_now)).toast == EN.administrators_only
    assert (await telegram_bot.press(chat, BOSS, EN.subscribe_now)).toast == EN.subscribed_now
    await telegram_bot.deliver()
    assert telegram_bot.count(chat) == 5


async def test_a_channel_that_lets_the_bot_in_is_greeted(telegram_bot: TelegramBot) -> None:
    telegram_bot.server.add_chat("-1004", "channel", "other_channel")
    telegram_bot.server.member("-1004", BOSS, "creator")
    telegram_bot.server.membership("-1004", "left", "administrator", BOSS)
    await telegram_bot.quiet()
    assert telegram_bot.said("-1004") == [EN.welcome]
    assert (await telegram_bot.press("-1004", BOSS, EN.subscribe_now)).toast == EN.subscribed_now
    assert (await telegram_bot.chat("-1004")).kind == "channel"


@pytest.mark.parametrize("chat", [FORUM, CHANNEL])
async def test_who_shuts_the_bot_out_receives_nothing_until_it_is_back(telegram_bot: TelegramBot, chat: str) -> None:
    name = {FORUM: f"{FORUM}:{TOPIC}", CHANNEL: "@my_channel"}[chat]
    inside: Status = "administrator" if chat == CHANNEL else "member"
    before = telegram_bot.count(chat)
    telegram_bot.server.membership(chat, inside, "kicked", BOSS)
    await telegram_bot.quiet()
    await deliver_next(telegram_bot)
    assert (telegram_bot.count(chat), (await telegram_bot.chat(name)).state) == (before, "paused")
    telegram_bot.app.service.wake.clear()
    telegram_bot.server.membership(chat, "kicked", inside, BOSS)
    await telegram_bot.quiet()
    assert ((await telegram_bot.chat(name)).state, telegram_bot.app.service.wake.is_set()) == ("active", True)
    await telegram_bot.deliver()
    assert telegram_bot.said(chat, before)[0].startswith("Daily Papers · Thursday, 9 January 2025")


async def test_a_reader_who_blocks_the_bot_and_comes_back(telegram_bot: TelegramBot) -> None:
    telegram_bot.server.membership(READER, "member", "kicked", MINA)
    await telegram_bot.quiet()
    assert ((await telegram_bot.chat(READER)).state, (await telegram_bot.chat(READER)).reason) == (
        "paused",
        "blocked by its reader",
    )
    before = telegram_bot.count(READER)
    await deliver_next(telegram_bot)
    telegram_bot.server.membership(READER, "kicked", "member", MINA)
    assert (await telegram_bot.ask(READER, MINA, "/start"))[0].startswith(EN.help)
    await telegram_bot.deliver()
    assert telegram_bot.said(READER, before + 1)[0].startswith("Daily Papers · Thursday, 9 January 2025")


async def test_rights_that_come_back_let_a_chat_go_on(telegram_bot: TelegramBot) -> None:
    telegram_bot.server.chat(CHANNEL).rights = False
    await deliver_next(telegram_bot)
    assert (await telegram_bot.chat("@my_channel")).state == "paused"
    telegram_bot.server.membership(CHANNEL, "administrator", "administrator", BOSS)
    await telegram_bot.quiet()
    chat = await telegram_bot.chat("@my_channel")
    assert (chat.state, chat.is_open) == ("active", False)  # it may be another right
    before = telegram_bot.count(CHANNEL)
    await telegram_bot.deliver()
    assert telegram_bot.count(CHANNEL) > before
    assert (await telegram_bot.chat("@my_channel")).is_open


async def test_operators_hear_that_a_group_threw_the_bot_out_and_when_it_is_back(telegram_bot: TelegramBot) -> None:
    """Meanwhile several digests come, of which it has nothing: it gets the last three, in their order."""
    where, before = f"telegram {GROUP}", telegram_bot.count(GROUP)
    telegram_bot.server.membership(GROUP, "member", "kicked", BOSS)
    await telegram_bot.quiet()
    for post in (NEXT, *LATER):
        shutil.copy(DATA / post, "_posts")
        await telegram_bot.deliver()
        await telegram_bot.app.notifier.notify()
    [answer] = await telegram_bot.ask(str(OPERATOR), OPERATOR, "/status")
    paused, line = answer.splitlines()[:2]
    assert (paused, line.startswith(f"{where}, since 20")) == (EN.paused(1), True)
    assert line.endswith(": the bot was taken out of the chat")
    telegram_bot.server.membership(GROUP, "kicked", "member", BOSS)
    await telegram_bot.quiet()
    for _ in range(2):
        await telegram_bot.deliver()
        await telegram_bot.app.notifier.notify()
    heads = [text.splitlines()[0] for text in telegram_bot.said(GROUP, before)]
    days = [found[1] for head in heads if (found := re.search(r", (\d+) January 2025", head))]
    assert days == ["10", "13", "14"]
    notices = [text for text in telegram_bot.said(str(OPERATOR)) if text.startswith("Paperboy")]
    over = EN.incidents_over["paused"].format(where=where)
    why = "the bot was taken out of the chat"
    assert notices == [f"Paperboy\n{EN.incidents['paused'].format(where=where, why=why)}", f"Paperboy\n{over}"]
    assert await telegram_bot.ledger.status.paused() == []


async def test_who_is_restricted_and_out_is_out(telegram_bot: TelegramBot) -> None:
    telegram_bot.server.membership(GROUP, "member", "restricted", BOSS)
    telegram_bot.server.inbox.pending[-1]["my_chat_member"]["new_chat_member"]["is_member"] = False
    await telegram_bot.quiet()
    assert (await telegram_bot.chat(GROUP)).state == "paused"


async def test_somebody_who_never_wrote_and_blocks_the_bot_is_not_noted(telegram_bot: TelegramBot) -> None:
    telegram_bot.server.membership(str(ANN), "member", "kicked", ANN)
    telegram_bot.server.membership(str(ANN), "kicked", "member", ANN)
    await telegram_bot.quiet()
    assert (
        telegram_bot.count(str(ANN)),
        await telegram_bot.ledger.subscriptions.with_topics("telegram", [str(ANN)]),
    ) == (
        0,
        [],
    )


async def test_a_group_that_becomes_a_supergroup_is_followed(telegram_bot: TelegramBot) -> None:
    await telegram_bot.ask(BASIC, BOSS, "/subscribe")
    telegram_bot.server.migrates(BASIC, "-1005555555555")
    telegram_bot.server.member("-1005555555555", BOSS, "administrator")
    telegram_bot.server.membership("-1005555555555", "left", "member", BOSS)
    telegram_bot.server.says("-1005555555555", BOSS, "/settings silent")
    await telegram_bot.quiet()
    chat = await telegram_bot.chat("-1005555555555")
    assert (chat.name, chat.address, chat.silent, chat.state) == (BASIC, "-1005555555555", True, "active")
    assert [said.splitlines()[0] for said in telegram_bot.said("-1005555555555")] == [EN.saved]
    await deliver_next(telegram_bot)
    assert telegram_bot.count("-1005555555555") > 1


async def test_the_title_of_a_chat_is_learnt_from_what_comes_and_goes(telegram_bot: TelegramBot) -> None:
    bot, titles = telegram_bot, telegram_bot.app.ledger.status.titles
    bot.server.chat(FORUM).title = "Forum of readers"
    await deliver_next(bot)
    await bot.app.titles.keep()
    known = dict(await titles("telegram"))
    assert (known["@my_channel"], known[f"{FORUM}:{TOPIC}"]) == (f"Chat {CHANNEL}", "Forum of readers")
    await bot.ask(GROUP, BOSS, "/help", title="Reading\n group")
    await bot.app.titles.keep()
    assert dict(await titles("telegram"))[GROUP] == "Reading group"
    bot.server.membership(FORUM, "member", "administrator", BOSS)
    bot.server.says(FORUM, ANN, "hello", topic=int(TOPIC), title="Forum of writers")
    await bot.quiet()
    await bot.app.titles.keep()
    assert dict(await titles("telegram"))[f"{FORUM}:{TOPIC}"] == "Forum of writers"
