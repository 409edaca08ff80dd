"""What people write to the bot in Telegram, and what it answers."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any

import pytest

from bot.channels.telegram.listener import ALLOWED_UPDATES, TelegramPoller
from bot.conversation.throttle import Throttle
from bot.database.states import IncidentKind
from tests.support.chats import BASIC, CHANNEL, FORUM, GROUP, OTHER_TOPIC, READER, TOPIC
from tests.support.fakes import faults
from tests.support.telegram_bot import ANN, BOSS, EN, KO, MINA, NAME, OPERATOR, SECOND, TelegramBot

COMMANDS = {
    "/paper 2": SECOND,
    "/papers": "Daily Papers · Wednesday, 8 January 2025",
    "/search bayes": "“bayes”: 1 paper",
    "/settings": EN.settings,
    "/help": EN.help,
    "/start": EN.help,
    "/status": EN.operators_only,
    "/subscribe": EN.subscribed.split("{")[0],
    "/unsubscribe": EN.unsubscribed,
}
WHICH = EN.which_paper.format(last=3)


# Each command in each kind of chat


@pytest.mark.parametrize("chat", [str(BOSS), BASIC])
async def test_each_command_where_the_bot_is_new(telegram_bot: TelegramBot, chat: str) -> None:
    for line, answer in COMMANDS.items():
        said = await telegram_bot.ask(chat, BOSS, line)
        assert len(said) == 1, line
        assert said[0].startswith(answer), line


@pytest.mark.parametrize("more", [{}, {"topic": TOPIC}])
async def test_each_command_in_a_group(telegram_bot: TelegramBot, more: dict[str, Any]) -> None:
    """A group that receives: subscribing says so, and leaving it ends that."""
    chat = FORUM if more else GROUP
    others = COMMANDS | {"/subscribe": EN.already_subscribed.split("{")[0], "/start": EN.help}
    for line, answer in others.items():
        [said] = await telegram_bot.ask(chat, BOSS, line, **more)
        assert said.startswith(answer), line
    shown = telegram_bot.server.shown(chat)[-len(others) :]
    assert [message.thread for message in shown] == [more.get("topic")] * len(others)
    assert all(message.reply_to for message in shown)


async def test_a_topic_has_settings_of_its_own(telegram_bot: TelegramBot) -> None:
    addresses = (FORUM, f"{FORUM}:{TOPIC}", f"{FORUM}:{OTHER_TOPIC}")
    for topic in (None, OTHER_TOPIC):  # General, and another
        [said] = await telegram_bot.ask(FORUM, BOSS, "/subscribe", topic=topic)
        assert said.startswith(EN.subscribed.split("{")[0])
    await telegram_bot.ask(FORUM, BOSS, "/settings silent", topic=OTHER_TOPIC)
    assert [(await telegram_bot.chat(address)).silent for address in addresses] == [False, False, True]
    await telegram_bot.ask(FORUM, BOSS, "/unsubscribe", topic=OTHER_TOPIC)
    assert [(await telegram_bot.chat(address)).state for address in addresses] == ["active", "active", "removed"]


async def test_what_a_topic_subscribed_to_comes_there(telegram_bot: TelegramBot) -> None:
    before = telegram_bot.count(FORUM)
    await telegram_bot.ask(FORUM, BOSS, "/subscribe now", topic=OTHER_TOPIC)
    assert telegram_bot.app.service.wake.is_set()
    await telegram_bot.deliver()
    _, *papers = telegram_bot.server.shown(FORUM)[before:]
    assert len(papers) == 4
    assert {message.thread for message in papers} == {OTHER_TOPIC}


async def test_a_thread_of_replies_is_no_topic(telegram_bot: TelegramBot) -> None:
    paper = telegram_bot.server.shown(GROUP)[-1].id
    telegram_bot.server.says(GROUP, ANN, "/paper 2", reply_to=paper)
    await telegram_bot.quiet()
    answer = telegram_bot.server.shown(GROUP)[-1]
    assert answer.text.startswith(SECOND)
    assert await telegram_bot.ledger.subscriptions.with_topics("telegram", [f"{GROUP}:{paper}"]) == []


@pytest.mark.parametrize("chat", [GROUP, BASIC, FORUM])
async def test_only_administrators_manage_a_chat(telegram_bot: TelegramBot, chat: str) -> None:
    before = await telegram_bot.ledger.subscriptions.with_topics("telegram", [chat])
    for line in ("/subscribe", "/unsubscribe", "/settings silent", "/subscribe now"):
        assert await telegram_bot.ask(chat, ANN, line) == [EN.administrators_only], line
    assert await telegram_bot.ledger.subscriptions.with_topics("telegram", [chat]) == before


# Posts of a channel


async def test_a_channel_manages_itself(telegram_bot: TelegramBot) -> None:
    posted = []
    for line in ("/settings", "/settings silent", "/unsubscribe", "/Unsubscribe@FAKE_paperboy_bot", "/subscribe"):
        before = telegram_bot.count(CHANNEL)
        telegram_bot.server.posts(CHANNEL, line)
        await telegram_bot.quiet()
        posted += telegram_bot.said(CHANNEL, before)
    assert [said.splitlines()[0] for said in posted] == [
        EN.settings,
        EN.saved,
        EN.unsubscribed,
        EN.not_subscribed,
        EN.subscribed.format(when="every day at 08:30 (Asia/Seoul)"),
    ]
    chat = await telegram_bot.chat("@my_channel")
    assert (chat.silent, chat.state, chat.address) == (True, "active", "@my_channel")


async def test_a_channel_manages_itself_in_korean_by_a_mention(telegram_bot: TelegramBot) -> None:
    before = telegram_bot.count(CHANNEL)
    for post in ("구독 취소", f"@{NAME} 구독 취소", f"@{NAME} 논문 3", f"@{NAME} 구독"):
        telegram_bot.server.posts(CHANNEL, post)
    await telegram_bot.quiet()
    subscribed = EN.subscribed.format(when="every day at 08:30 (Asia/Seoul)")
    assert telegram_bot.said(CHANNEL, before) == [EN.unsubscribed, subscribed]


async def test_other_posts_are_harmless(telegram_bot: TelegramBot) -> None:
    before = telegram_bot.count(CHANNEL)
    for post in ("Good morning", "/paper 3", "/papers", "/help", "/start", "/nonsense", "/", "@", "３", f"@{NAME}"):
        telegram_bot.server.posts(CHANNEL, post)
    telegram_bot.server.posts(CHANNEL, "/settings@other")
    await telegram_bot.quiet()
    assert telegram_bot.said(CHANNEL, before) == []


# Messages to the bot


async def test_only_some_kinds_of_updates_are_asked_for(telegram_bot: TelegramBot) -> None:
    await telegram_bot.ask(str(ANN), ANN, "/help")
    assert telegram_bot.server.inbox.webhook_info()["allowed_updates"] == sorted(ALLOWED_UPDATES)


@pytest.mark.parametrize("chat", [str(ANN), GROUP])
async def test_messages_that_name_the_bot(telegram_bot: TelegramBot, chat: str) -> None:
    for text in (f"/paper@{NAME}", f"/paper@{NAME.upper()}", f"@{NAME} paper", f"@{NAME}, paper", f"@{NAME}\n/paper"):
        assert await telegram_bot.ask(chat, ANN, text) == [WHICH], text


@pytest.mark.parametrize("chat", [str(ANN), GROUP])
async def test_messages_to_another_bot(telegram_bot: TelegramBot, chat: str) -> None:
    assert await telegram_bot.ask(chat, ANN, "/paper@other_bot 2") == []
    assert await telegram_bot.ask(chat, ANN, f"/paper@{NAME}2 2") == []


async def test_the_bot_does_not_answer_messages_among_members_of_a_group(telegram_bot: TelegramBot) -> None:
    for line in ("/nonsense", "/nonsense 3", "hello", "paper 2", "2", "@other_bot paper 2", "/", "/논문"):
        assert await telegram_bot.ask(GROUP, ANN, line) == [], line


async def test_in_a_private_chat_every_message_is_for_the_bot(telegram_bot: TelegramBot) -> None:
    assert [
        (await telegram_bot.ask(str(ANN), ANN, line))[0] for line in ("/nonsense 3", "hello", "/paper", "paper abc")
    ] == [
        EN.unknown_command.format(command="/nonsense"),
        f"{EN.nothing_found.format(words='hello')}\n{EN.way_out}",
        WHICH,
        EN.no_such_title.format(words="abc"),
    ]
    assert await telegram_bot.ask(GROUP, ANN, f"/nonsense@{NAME}") == [EN.unknown_command.format(command="/nonsense")]
    assert (await telegram_bot.ask(str(ANN), ANN, "2"))[0].startswith(SECOND)


@pytest.mark.parametrize("chat", [str(ANN), GROUP])
async def test_what_is_corrected_soon_is_answered(telegram_bot: TelegramBot, chat: str) -> None:
    await telegram_bot.ask(chat, ANN, "/paper 999")
    [said] = await telegram_bot.ask(chat, ANN, "/paper 2", edited=True)
    assert said.startswith(SECOND)
    assert await telegram_bot.ask(chat, ANN, "/paper 2", edited=True) == []  # an edit of something else than the text


async def test_what_is_corrected_late_is_not_answered(telegram_bot: TelegramBot) -> None:
    number = telegram_bot.server.says(ANN, ANN, "/paper 999")
    telegram_bot.server.chat(ANN).heard[number]["date"] -= 301
    await telegram_bot.quiet()
    assert await telegram_bot.ask(str(ANN), ANN, "/paper 2", edited=True) == []


@pytest.mark.parametrize(
    "line", ["paper 2 @{}", "paper @{} 2", "@{}, paper 2", "paper 2, @{}", "@other_bot @{} paper 2"]
)
async def test_a_mention_counts_anywhere_in_a_line(telegram_bot: TelegramBot, line: str) -> None:
    answers = await telegram_bot.ask(GROUP, ANN, line.format(NAME))
    assert len(answers) == 1
    assert await telegram_bot.ask(GROUP, ANN, line.format("other_bot")) == []
    assert await telegram_bot.ask(GROUP, ANN, f"mail paper@{NAME} 2") == []


async def test_command_words_count_in_a_reply_to_the_bot(telegram_bot: TelegramBot) -> None:
    paper = telegram_bot.server.shown(GROUP)[-1].id
    for line in ("2번", "논문 2", "paper 2"):
        [said] = await telegram_bot.ask(GROUP, ANN, line, reply_to=paper)
        assert said.startswith((SECOND, EN.stands_above))
    other = telegram_bot.server.says(GROUP, MINA, "Nice")
    for line, of in (("thanks", paper), ("paper 2", other), ("/nonsense", paper)):
        assert await telegram_bot.ask(GROUP, ANN, line, reply_to=of) == []
    assert len(await telegram_bot.ask(GROUP, ANN, f"@{NAME} what?", reply_to=paper)) == 1


async def test_several_papers_come_one_after_the_other(telegram_bot: TelegramBot) -> None:
    said = await telegram_bot.ask(str(ANN), ANN, "/paper 1-3")
    assert [one[:2] for one in said] == ["1.", "2.", "3."]
    [offered] = await telegram_bot.ask(GROUP, ANN, "/paper 1-3")
    assert offered == EN.which_of


async def test_pictures_and_service_messages_get_no_answer(telegram_bot: TelegramBot) -> None:
    photo = {"photo": [{"file_id": "x", "file_unique_id": "y", "width": 1, "height": 1}], "caption": "/paper 2"}
    for more in (photo, {"new_chat_title": "New"}, {"sticker": None}, {"text": ""}):
        number = telegram_bot.server.says(str(ANN), ANN, "/paper 2")
        message = telegram_bot.server.inbox.pending[-1]["message"]
        del message["text"], message["entities"]
        message |= {name: value for name, value in more.items() if value is not None}
        await telegram_bot.quiet()
        assert number
    assert telegram_bot.said(str(ANN)) == []


@pytest.mark.parametrize(
    "more",
    [
        {
            "via_bot": {"id": 123456, "is_bot": True, "first_name": "Paperboy", "username": NAME}
        },  # shared from inline mode
        {"is_automatic_forward": True},  # what was posted in the channel that the group discusses
    ],
)
async def test_messages_that_were_written_elsewhere_get_no_answer(
    telegram_bot: TelegramBot, more: dict[str, Any]
) -> None:
    telegram_bot.server.says(GROUP, BOSS, "/settings silent")
    telegram_bot.server.inbox.pending[-1]["message"] |= more
    await telegram_bot.quiet()
    assert not (await telegram_bot.chat(GROUP)).silent


# Who writes


async def test_an_anonymous_administrator_is_one(telegram_bot: TelegramBot) -> None:
    [said] = await telegram_bot.ask(GROUP, BOSS, "/settings silent", sender_chat=GROUP)
    assert said.startswith(EN.saved)
    assert await telegram_bot.ask(GROUP, BOSS, "/status", sender_chat=GROUP) == [EN.operators_only]


async def test_a_channel_that_writes_in_a_group_is_none(telegram_bot: TelegramBot) -> None:
    telegram_bot.server.add_chat("-1009", "channel")
    assert await telegram_bot.ask(GROUP, BOSS, "/settings silent", sender_chat="-1009") == [EN.administrators_only]


async def test_the_language_is_the_readers_own_until_they_choose(telegram_bot: TelegramBot) -> None:
    mine = str(ANN)
    assert (await telegram_bot.ask(mine, ANN, "/paper 9", language="ko"))[0] == KO.no_such_paper.format(
        number=9, last=3
    )
    assert (await telegram_bot.ask(mine, ANN, "/paper 9", language="ko-KR"))[0].startswith("9번")
    for language in ("en", "de", "", "xx-strange"):
        assert await telegram_bot.ask(mine, ANN, "/paper 9", language=language) == [
            EN.no_such_paper.format(number=9, last=3)
        ]
    [said] = await telegram_bot.ask(mine, ANN, "/settings language ko", language="en")
    assert said.startswith(KO.saved)
    assert (await telegram_bot.ask(mine, ANN, "/paper 9", language="en"))[0].startswith("9번")
    assert (await telegram_bot.ask(GROUP, ANN, "/paper 9", language="ko"))[0].startswith("There is no paper 9")


async def test_an_operator_reads_the_status(telegram_bot: TelegramBot) -> None:
    [said] = await telegram_bot.ask(str(OPERATOR), OPERATOR, "/status")
    assert said.splitlines()[:2] == ["arxiv/2025-01-05 · 1 paper", EN.status_line.format(chats=4, sent=8, all=8)]
    [menu] = await telegram_bot.ask(str(OPERATOR), OPERATOR, "/help")
    assert "/status" in menu


async def test_a_reader_who_asks_too_often_is_slowed_and_nobody_else(telegram_bot: TelegramBot) -> None:
    telegram_bot.router.limits.alone = Throttle()
    for _ in range(12):
        telegram_bot.server.says(str(ANN), ANN, "/paper 2")
    assert len(await telegram_bot.ask(READER, MINA, "/paper 2")) == 1
    assert [said.startswith(SECOND) for said in telegram_bot.said(str(ANN))] == [True] * 5 + [False]
    assert telegram_bot.said(str(ANN))[-1] == EN.slow_down


async def test_a_deep_link_from_a_channel_opens_the_paper(telegram_bot: TelegramBot) -> None:
    _, link = telegram_bot.server.button(CHANNEL, EN.full_summary)
    start = link.removeprefix(f"https://t.me/{NAME}?start=")
    assert len(start) <= 64
    [said] = await telegram_bot.ask(str(ANN), ANN, f"/start {start}")
    assert said.startswith("3. Batch Normalization")
    assert await telegram_bot.ask(str(ANN), ANN, "/start paper-0123456789abcdef") == [EN.paper_gone]
    for junk in ("paper-", "paper-ffff", "x", "paper-" + "é" * 10):
        assert len(await telegram_bot.ask(str(ANN), ANN, f"/start {junk}")) == 1


async def test_settings_of_one_chat_keep_their_order(telegram_bot: TelegramBot) -> None:
    for language in ["ko", "en"] * 10 + ["ko"]:
        telegram_bot.server.says(READER, MINA, f"/settings language {language}")
    await telegram_bot.quiet()
    assert (await telegram_bot.chat(READER)).language == "ko"
    assert telegram_bot.said(READER)[-1].startswith(KO.saved)


async def test_a_chat_whose_answer_waits_delays_no_other(telegram_bot: TelegramBot) -> None:
    telegram_bot.server.faults.add(faults.flood(1, method="sendMessage", chat=str(ANN)))
    telegram_bot.server.says(str(ANN), ANN, "/paper 2")
    await telegram_bot.server.answered("sendMessage")
    telegram_bot.server.says(READER, MINA, "/paper 2")
    await telegram_bot.server.answered("sendMessage", 2)
    assert telegram_bot.said(READER)[-1].startswith(SECOND)
    assert telegram_bot.said(str(ANN)) == []
    await telegram_bot.quiet()
    assert len(telegram_bot.said(str(ANN))) == 1


@pytest.mark.parametrize("fault", [faults.server_error(500, method="getUpdates"), faults.flood(1, method="getUpdates")])
async def test_a_poll_that_fails_is_a_sign_of_life_too(telegram_bot: TelegramBot, fault: faults.Fault) -> None:
    """To start the program anew would not bring the platform back."""
    health = telegram_bot.router.health
    await telegram_bot.ask(str(ANN), ANN, "/paper 2")  # a poll has begun
    telegram_bot.server.faults.add(fault, faults.server_error(500, method="getUpdates", times=None))
    telegram_bot.server.inbox.add("message", {})  # it ends; all others fail
    await telegram_bot.server.answered("getUpdates", 4)
    health.clock = lambda: time.monotonic() + 1000
    async with asyncio.timeout(10):
        while health.hanging():
            await asyncio.sleep(0.01)


async def test_a_poll_that_never_ends_hangs(telegram_bot: TelegramBot) -> None:
    health = telegram_bot.router.health
    await telegram_bot.ask(str(ANN), ANN, "/paper 2")
    health.clock = lambda: time.monotonic() + 1000
    assert health.hanging() == ["telegram listener"]


async def test_a_notice_to_operators_falls_between_no_two_parts_of_an_answer(telegram_bot: TelegramBot) -> None:
    app, operator, notices = telegram_bot.app, str(OPERATOR), list[asyncio.Task[None]]()
    app.service.health.outages.begin(IncidentKind.RUN, "", "the disk is full", brief=0.0)

    async def notice(method: str, arguments: Mapping[str, object]) -> None:
        if method == "sendMessage" and not notices:
            notices.append(asyncio.create_task(app.notifier.notify()))
            for _ in range(20):
                await asyncio.sleep(0)  # it comes as far as it can while the first part is under way

    telegram_bot.server.on_call = notice
    [listener] = app.listeners().values()
    assert isinstance(listener, TelegramPoller)
    parts = [telegram_bot.channel.formatter.notice(text) for text in ("one", "two")]
    await listener._updates.replies.send(operator, parts)
    await asyncio.gather(*notices)
    said = telegram_bot.said(operator)
    assert len(said) == 3
    assert said.index("two") == said.index("one") + 1
