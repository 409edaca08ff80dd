"""What follows when somebody presses a button in Telegram."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.conversation.context import Request, Response
from bot.conversation.router import CommandRouter
from tests.support.chats import CHANNEL, FORUM, GROUP, READER, TOPIC
from tests.support.fakes.telegram_keyboards import kind_of
from tests.support.telegram_bot import ANN, BOSS, EN, KO, MINA, NAME, TelegramBot

# Full summaries


async def test_a_full_summary_in_private(telegram_bot: TelegramBot) -> None:
    pressed = await telegram_bot.press(READER, MINA, EN.full_summary)
    assert pressed.said[0].startswith("3. Batch Normalization")
    assert (len(pressed.said), pressed.toast, pressed.page.edits) == (1, "", 0)


async def test_one_goes_from_paper_to_paper_and_to_the_list(telegram_bot: TelegramBot) -> None:
    await telegram_bot.ask(READER, MINA, "/paper 2")
    for label, begins in ((EN.paper_after.format(number=3), "3. "), (EN.paper_before.format(number=2), "2. ")):
        pressed = await telegram_bot.press(READER, MINA, label)
        assert ([one[:3] for one in pressed.said], pressed.toast, pressed.page.edits) == ([begins], "", 0)
    pressed = await telegram_bot.press(READER, MINA, EN.papers_of_day)
    assert (pressed.said[0][:12], pressed.page.edits) == ("Daily Papers", 0)  # the paper is not replaced by its list
    kinds = [kind_of(key) for row in pressed.page.buttons for key in row]
    assert kinds[-1] == "copy_text"


async def test_in_a_group_the_list_of_the_day_is_read_in_private(telegram_bot: TelegramBot) -> None:
    await telegram_bot.ask(GROUP, ANN, "/paper 2")
    pressed = await telegram_bot.press(GROUP, ANN, EN.papers_of_day)
    assert (pressed.said, pressed.page.edits) == ([], 0)
    assert list(telegram_bot.server.opened.values()) == [f"https://t.me/{NAME}?start=papers-2025-01-08"]


async def test_in_a_channel_the_button_leads_to_a_private_chat(telegram_bot: TelegramBot) -> None:
    links = [
        button["url"] for message in telegram_bot.server.shown(CHANNEL) for row in message.buttons for button in row
    ]
    assert len(links) == 4
    assert all(link.startswith(f"https://t.me/{NAME}?start=paper-") for link in links)


# Pages


async def test_pages_turn_in_place(telegram_bot: TelegramBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("formatters.pages.PAPERS_ON_A_PAGE", 2)
    await telegram_bot.ask(READER, MINA, "/papers")
    number, _ = telegram_bot.server.button(READER, EN.next)
    pressed = await telegram_bot.press(READER, MINA, EN.next)
    assert (pressed.said, pressed.toast, pressed.page.id, pressed.page.edits) == ([], "", number, 1)
    assert [row[0]["text"][:2] for row in pressed.page.buttons] == ["3.", EN.previous[:2]]
    back = await telegram_bot.press(READER, MINA, EN.previous)
    assert (back.page.id, back.page.edits, len(back.page.buttons)) == (number, 2, 3)


async def test_a_page_that_is_there_already(telegram_bot: TelegramBot) -> None:
    """The button was pressed twice: the second press changes nothing, which Telegram refuses."""
    await telegram_bot.ask(str(ANN), ANN, "/settings")
    number, data = telegram_bot.server.button(str(ANN), "한국어")
    queries = [telegram_bot.server.presses(str(ANN), number, ANN, data) for _ in range(2)]
    await telegram_bot.quiet()
    [page] = telegram_bot.server.shown(str(ANN))
    assert [telegram_bot.server.toasts[query][0] for query in queries] == [KO.saved] * 2
    assert (page.edits, page.text.splitlines()[0]) == (1, KO.settings)
    assert [call.status for call in telegram_bot.server.calls if call.method == "editMessageText"] == [200, 400]


async def test_settings_by_button(telegram_bot: TelegramBot) -> None:
    await telegram_bot.ask(GROUP, ANN, "/settings")
    refused = await telegram_bot.press(GROUP, ANN, EN.layouts["index"])
    assert (refused.toast, refused.said, refused.page.edits) == (EN.administrators_only, [], 0)
    changed = await telegram_bot.press(GROUP, BOSS, EN.layouts["index"])
    assert (changed.toast, changed.said, changed.page.edits) == (EN.saved, [], 1)
    assert EN.layouts["index"] in changed.page.text
    assert (await telegram_bot.chat(GROUP)).layout == "index"
    left = await telegram_bot.press(GROUP, BOSS, EN.unsubscribe)
    assert (left.toast, left.said) == (EN.unsubscribed, [])


@pytest.mark.parametrize("chat", [GROUP, FORUM, READER])
async def test_settings_in_each_chat(telegram_bot: TelegramBot, chat: str) -> None:
    user = MINA if chat == READER else BOSS
    topic: dict[str, Any] = {"topic": TOPIC} if chat == FORUM else {}
    await telegram_bot.ask(chat, user, "/settings", **topic)
    assert (await telegram_bot.press(chat, user, EN.sound)).toast == EN.saved
    assert (await telegram_bot.chat(f"{chat}:{TOPIC}" if topic else chat)).silent


async def test_settings_of_a_channel(telegram_bot: TelegramBot) -> None:
    telegram_bot.server.posts(CHANNEL, "/settings")
    await telegram_bot.quiet()
    assert (await telegram_bot.press(CHANNEL, ANN, EN.sound)).toast == EN.administrators_only
    assert (await telegram_bot.press(CHANNEL, BOSS, EN.sound, language="ko")).toast == EN.saved
    assert (await telegram_bot.chat("@my_channel")).silent


# What stands on no button

FORGED = [
    "/status retry",
    "/settings silent",
    "/subscribe now",
    "/unsubscribe",
    "/papers",
    "/help",
    "/paper 2",
    "/search ~1",
    "/search ~1 #2",
    "rubbish",
    "\x00",
    "\N{PILE OF POO}" * 16,
    "/" * 64,
    "/settings language ko #1",
]


@pytest.mark.parametrize("chat", [READER, GROUP, FORUM, CHANNEL])
async def test_what_stands_on_no_button_does_nothing(telegram_bot: TelegramBot, chat: str) -> None:
    """A client can press it all the same: it would turn a paper into a page, or make a channel speak."""
    user = MINA if chat == READER else ANN
    before = [(message.id, message.text) for message in telegram_bot.server.shown(chat)]
    for data in FORGED:
        pressed = await telegram_bot.press(chat, user, EN.full_summary, data)
        assert pressed.toast == "", data
    assert [(message.id, message.text) for message in telegram_bot.server.shown(chat)] == before
    assert not any(one.silent for one in await telegram_bot.ledger.subscriptions.with_topics("telegram", [chat]))


def hide_message(telegram_bot: TelegramBot) -> None:
    """Make the message of the last press one that is too old to be seen."""
    query = telegram_bot.server.inbox.pending[-1]["callback_query"]
    message = query["message"]
    query["message"] = {"chat": message["chat"], "message_id": message["message_id"], "date": 0}


@pytest.mark.parametrize("chat", [GROUP, CHANNEL])
async def test_where_the_buttons_cannot_be_seen_rights_are_asked_for(telegram_bot: TelegramBot, chat: str) -> None:
    paper = telegram_bot.server.shown(chat)[-1]
    queries = []
    for data in FORGED:
        queries.append(telegram_bot.server.presses(chat, paper.id, ANN, data, "en", forged=True))
        hide_message(telegram_bot)
        await telegram_bot.quiet()
    toasts = [telegram_bot.server.toasts[query][0] for query in queries]
    assert toasts[:4] == [EN.operators_only, *[EN.administrators_only] * 3]
    assert paper.edits == 0
    if chat == CHANNEL:
        assert telegram_bot.server.shown(chat)[-1] is paper
    assert not any(
        one.silent for one in await telegram_bot.ledger.subscriptions.with_topics("telegram", [GROUP, "@my_channel"])
    )


async def test_a_page_that_is_too_old_to_be_seen_comes_anew(telegram_bot: TelegramBot) -> None:
    await telegram_bot.ask(READER, MINA, "/settings")
    page = telegram_bot.server.shown(READER)[-1]
    query = telegram_bot.server.presses(READER, page.id, MINA, "/settings silent", "en")
    hide_message(telegram_bot)
    await telegram_bot.quiet()
    assert telegram_bot.server.toasts[query][0] == EN.saved
    assert telegram_bot.said(READER)[-1].splitlines()[0] == EN.settings
    assert (await telegram_bot.chat(READER)).silent


async def test_a_search_of_another_chat_is_not_shown(
    telegram_bot: TelegramBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("formatters.pages.HITS_ON_A_PAGE", 1)
    await telegram_bot.ask(READER, MINA, "/search net")
    _, data = telegram_bot.server.button(READER, EN.next)
    assert data.startswith("/search ~")
    await telegram_bot.ask(str(ANN), ANN, "/search learning")
    for _ in range(2):
        await telegram_bot.ask(str(ANN), ANN, data)
    assert telegram_bot.said(str(ANN))[1:] == [EN.stale_page] * 2


# Every press is answered


async def test_a_late_press_is_answered_in_the_chat(telegram_bot: TelegramBot) -> None:
    """Its toast comes too late; the bot does what was asked, and says so in the chat."""
    await telegram_bot.ask(READER, MINA, "/settings")
    number, data = telegram_bot.server.button(READER, EN.unsubscribe)
    query = telegram_bot.server.presses(READER, number, MINA, data, "en")
    telegram_bot.server.expire(query)
    await telegram_bot.quiet()
    assert telegram_bot.said(READER)[-1] == EN.unsubscribed
    assert query not in telegram_bot.server.toasts


async def test_a_page_that_is_gone(telegram_bot: TelegramBot) -> None:
    await telegram_bot.ask(READER, MINA, "/settings")
    number, data = telegram_bot.server.button(READER, EN.sound)
    query = telegram_bot.server.presses(READER, number, MINA, data, "en")
    telegram_bot.server.delete(READER, number)
    before = telegram_bot.count(READER)
    await telegram_bot.quiet()
    assert telegram_bot.server.toasts[query][0] == EN.saved
    assert (telegram_bot.count(READER), (await telegram_bot.chat(READER)).silent) == (before, True)


async def test_a_press_is_answered_when_the_router_says_nothing_or_fails(
    telegram_bot: TelegramBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(router: CommandRouter, request: Request, line: str) -> Response:
        return Response()

    async def broken(router: CommandRouter, request: Request, line: str) -> Response:
        raise RuntimeError("a bug")

    for answer in (silent, broken):
        monkeypatch.setattr(CommandRouter, "handle", answer)
        with capture_logs() as logs:
            assert (await telegram_bot.press(READER, MINA, EN.full_summary)).toast == ""
        assert [line["event"] for line in logs if line["log_level"] == "error"] == ["update"] * (answer is broken)
    monkeypatch.undo()
    assert len((await telegram_bot.press(READER, MINA, EN.full_summary)).said) == 1
