"""Inline queries, and the menu of commands that Telegram shows."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from bot.channels.telegram import menu
from bot.conversation.throttle import Throttle
from tests.support.fakes import faults
from tests.support.telegram_bot import ANN, EN, KO, MINA, NAME, OPERATOR, SECOND, TelegramBot

# Inline mode


async def ask(
    telegram_bot: TelegramBot, text: str, *, language: str = "en", offset: str = "", user: int = ANN
) -> dict[str, Any]:
    query = telegram_bot.server.asks_inline(user, text, language, offset)
    await telegram_bot.quiet()
    return telegram_bot.server.inline[query]


async def test_inline_mode_offers_the_newest_papers(telegram_bot: TelegramBot) -> None:
    found = await ask(telegram_bot, " ")
    assert [one["title"] for one in found["results"]][1] == SECOND.removeprefix("2. ")
    assert found["is_personal"]
    assert not found.get("next_offset")
    [[button]] = found["results"][0]["reply_markup"]["inline_keyboard"]
    assert (button["text"], button["url"][:-16]) == (EN.full_summary, f"https://t.me/{NAME}?start=paper-")
    [said] = await telegram_bot.ask(str(ANN), ANN, f"/start {button['url'].partition('=')[2]}")
    assert said.startswith("1. Auto-Encoding")


async def test_inline_mode_searches_in_pages(telegram_bot: TelegramBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.channels.telegram.updates.inline._PAGE", 2)
    first = await ask(telegram_bot, "학습", language="ko")
    assert (len(first["results"]), first["next_offset"]) == (2, "2")
    assert first["results"][0]["reply_markup"]["inline_keyboard"][0][0]["text"] == KO.full_summary
    second = await ask(telegram_bot, "학습", offset="2")
    ids = [one["id"] for one in (*first["results"], *second["results"])]
    assert len(set(ids)) == len(ids) > 2
    assert (await ask(telegram_bot, "bayes"))["results"][0]["title"].startswith("Auto-Encoding")
    for offset in ("9" * 60, "-1", "２", "x", "99999"):
        assert "results" in await ask(telegram_bot, "학습", offset=offset)
    assert (await ask(telegram_bot, "no such words"))["results"] == []
    assert (await ask(telegram_bot, "\N{PILE OF POO}" * 256))["results"] == []


async def test_too_many_inline_queries_get_no_answer(telegram_bot: TelegramBot) -> None:
    telegram_bot.updates._inline._throttle = Throttle(burst=2, per_second=0.001)
    queries = [telegram_bot.server.asks_inline(ANN, "bayes", "en") for _ in range(4)]
    await telegram_bot.quiet()
    assert [query in telegram_bot.server.inline for query in queries] == [True, True, False, False]
    assert (await ask(telegram_bot, "bayes", user=MINA))["results"]


async def test_a_late_inline_answer_harms_nobody(telegram_bot: TelegramBot) -> None:
    telegram_bot.server.expire(telegram_bot.server.asks_inline(ANN, "bayes"))
    await telegram_bot.quiet()
    assert (await ask(telegram_bot, "bayes"))["results"]


# The menu


async def test_the_menu_per_language_and_scope(telegram_bot: TelegramBot) -> None:
    menus = len(list(menu.menus(telegram_bot.app.settings)))
    await telegram_bot.server.answered("setMyCommands", menus)
    shown = {
        key: {one["command"]: one["description"] for one in menu} for key, menu in telegram_bot.server.commands.items()
    }
    scopes = ("default", "all_private_chats", "all_chat_administrators")
    assert shown.keys() == {(scope, code) for scope in scopes for code in ("", "ko", "en")} | {
        ("chat", str(OPERATOR), code) for code in ("", "ko", "en")
    }
    assert list(shown["default", "ko"]) == ["paper", "papers", "search", "help"]
    assert shown["all_private_chats", "ko"] == KO.commands
    assert shown["all_chat_administrators", ""] == EN.commands
    assert shown["chat", str(OPERATOR), "en"] == EN.commands | EN.operator_commands


async def test_the_menu_is_set_again_when_the_first_try_fails(telegram_bot: TelegramBot) -> None:
    menus = len(list(menu.menus(telegram_bot.app.settings)))
    await telegram_bot.server.answered("setMyCommands", menus)
    telegram_bot.server.commands.clear()
    telegram_bot.server.faults.add(
        faults.server_error(502, method="setMyCommands", skip=2), faults.flood(1, method="setMyCommands")
    )
    with capture_logs() as logs:
        await telegram_bot.restart()
        await telegram_bot.server.answered("setMyCommands", 2 * menus + 3)
    assert len(telegram_bot.server.commands) == menus
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == ["menu"]


@pytest.mark.parametrize("refusal", ["chat not found", "bot was blocked by the user"])
async def test_an_operator_who_never_wrote_to_the_bot(telegram_bot: TelegramBot, refusal: str) -> None:
    menus = len(list(menu.menus(telegram_bot.app.settings)))
    await telegram_bot.server.answered("setMyCommands", menus)
    telegram_bot.server.commands.clear()
    telegram_bot.server.chat(OPERATOR).refuse = refusal
    with capture_logs() as logs:
        await telegram_bot.restart()
        await telegram_bot.server.answered("setMyCommands", 2 * menus - 2)
    assert len(telegram_bot.server.commands) == menus - 3
    assert len([line for line in logs if line["event"] == "menu"]) == 1
