"""Readers get answers although Telegram, the network or the ledger fails."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import Callable
from typing import Any

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict
from telegram import Bot
from telegram.error import Conflict

import bot.database.sqlite.engine
from bot.channels.telegram import listener
from bot.conversation import context
from bot.conversation.context import Request
from bot.conversation.router import CommandRouter
from bot.errors import LedgerError
from bot.ledger.chats.subscriptions import Subscriptions
from formatters.telegram import utf16
from tests.support.chats import BASIC, GROUP, READER
from tests.support.fakes import answers, faults
from tests.support.fakes.faults import Fault
from tests.support.telegram_bot import ANN, BOSS, EN, MINA, SECOND, Delivered, TelegramBot, listening_bot


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def help_arrives(telegram_bot: TelegramBot) -> None:
    """Check that readers get an answer, once."""
    [said] = await telegram_bot.ask(str(ANN), ANN, "/help")
    assert said.startswith(EN.help)


def listening_log(logs: list[EventDict]) -> list[str]:
    """Give what was logged about listening."""
    return [str(line.get("error", line["event"])) for line in logs if "listening" in line["event"]]


# Polls that fail


async def test_a_refused_token_is_logged_once_and_overcome(telegram_bot: TelegramBot) -> None:
    token = telegram_bot.server.token
    with capture_logs() as logs:
        telegram_bot.server.token = "123456:ANOTHER-telegram-token"
        telegram_bot.server.says(str(ANN), ANN, "hello")  # ends the poll that waits
        await telegram_bot.server.answered("getUpdates", len(telegram_bot.server.calls) + 5)
        telegram_bot.server.token = token
        await telegram_bot.quiet()
    refusal = "Telegram refuses the token; get a new one from @BotFather and set telegram.token"
    assert listening_log(logs) == [refusal, "listening again"]
    await help_arrives(telegram_bot)


@pytest.mark.parametrize(
    "fault",
    [
        faults.server_error(500, times=3),
        faults.server_error(502),
        faults.reset(times=3),
        faults.lost_answer(times=2),
        faults.truncated(times=2),
        faults.captive_portal(),
        faults.flood(1),
        faults.flood(None),
        faults.bad_request("something new"),
        faults.forbidden("something new"),
        Fault("answer", answers.Answer(200, "[]")),
        Fault("answer", answers.Answer(200, '{"ok": true}')),
        Fault("answer", answers.Answer(200, '{"ok": true, "result": 7}')),
        Fault("answer", answers.Answer(200, '{"ok": true, "result": [7, null, {}]}')),
    ],
)
async def test_polls_that_fail_are_overcome(telegram_bot: TelegramBot, fault: Fault) -> None:
    fault.method = "getUpdates"
    telegram_bot.server.faults.add(fault)
    await help_arrives(telegram_bot)
    telegram_bot.server.says(str(ANN), ANN, "/paper 2", language="en")
    telegram_bot.server.says(str(ANN), ANN, "/help", language="en")
    await telegram_bot.quiet()
    assert [said[:6] for said in telegram_bot.said(str(ANN))] == [EN.help[:6], SECOND[:6], EN.help[:6]]


async def test_a_poll_that_hangs_is_given_up(telegram_bot: TelegramBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listener, "RESPONSE_TIMEOUT", 0.1)
    with capture_logs() as logs:
        await telegram_bot.restart()
        await until(lambda: listening_log(logs))
        monkeypatch.setattr(listener, "RESPONSE_TIMEOUT", 60.0)
        await help_arrives(telegram_bot)
    assert listening_log(logs)[0] == "Telegram does not answer"


async def test_a_second_program_that_polls_is_reported(telegram_bot: TelegramBot) -> None:
    async with Bot(telegram_bot.server.token, base_url=telegram_bot.server.base_url) as other:
        with capture_logs() as logs:
            with pytest.raises(Conflict):  # we ask again, which ends its poll
                await other.get_updates(timeout=5)
            await help_arrives(telegram_bot)
    assert listening_log(logs) == [
        "another program asks for this bot's updates; end it, or give each its own token",
        "listening again",
    ]


async def test_a_webhook_that_was_left_behind_is_taken_away(telegram_bot: TelegramBot) -> None:
    with capture_logs() as logs:
        async with Bot(telegram_bot.server.token, base_url=telegram_bot.server.base_url) as other:
            await other.set_webhook("https://papers.example.org/telegram")
        await help_arrives(telegram_bot)
    assert listening_log(logs)[0].startswith("a webhook was set for this bot; it is taken away")
    assert telegram_bot.server.inbox.webhook_info()["url"] == ""


async def test_no_network_at_the_start(telegram_bot: TelegramBot) -> None:
    await telegram_bot.stop()
    telegram_bot.server.commands.clear()
    await telegram_bot.server.stop()
    with capture_logs() as logs:
        await telegram_bot.restart()
        await until(lambda: listening_log(logs))
        await telegram_bot.server.start()
        await help_arrives(telegram_bot)
        await until(lambda: len(telegram_bot.server.commands) == 12)
    assert listening_log(logs)[0].startswith("Telegram cannot be reached")
    assert listening_log(logs)[-1] == "listening again"


async def test_the_bots_name_is_asked_for_until_it_is_known(telegram_bot: TelegramBot) -> None:
    """A message that names the bot waits for the name; other messages do not get lost."""
    telegram_bot.server.faults.add(faults.server_error(500, method="getMe", times=2))
    telegram_bot.server.says(GROUP, BOSS, f"/settings@{telegram_bot.server.username} silent")
    assert len(await telegram_bot.ask(READER, MINA, "/paper 2")) == 1
    assert (await telegram_bot.chat(GROUP)).silent
    assert telegram_bot.said(GROUP)[-1].startswith(EN.saved)


async def test_strange_updates_hide_no_others(telegram_bot: TelegramBot) -> None:
    with capture_logs() as logs:
        junk: Any
        lost: dict[str, Any] = {"message_id": 1, "date": 1, "chat": None, "migrate_to_chat_id": 7}
        for junk in (lost, {"chat": 5}, [], {"message_id": "x", "date": {}, "chat": {"id": "y"}}):
            telegram_bot.server.inbox.add("message", junk)
        await help_arrives(telegram_bot)
    assert len([line for line in logs if line["event"] == "update"]) == 4


# Answers that fail


@pytest.mark.parametrize(
    ("fault", "arrives"),
    [
        (faults.lost_answer(), True),
        (faults.late(0.0), True),
        (faults.server_error(500), False),
        (faults.bad_request("can't parse entities"), True),  # as plain text
        (faults.bad_request("can't parse entities", times=2), False),
        (faults.forbidden("bot was blocked by the user"), False),
        (faults.flood(100), False),
        (faults.bad_request("chat not found"), False),
    ],
)
async def test_answers_that_fail_are_not_repeated(telegram_bot: TelegramBot, fault: Fault, arrives: bool) -> None:
    fault.method, fault.chat = "sendMessage", str(ANN)
    telegram_bot.server.faults.add(fault)
    said = await telegram_bot.ask(str(ANN), ANN, "/paper 2")
    assert [one[:20] for one in said] == [SECOND[:20]] * arrives
    if fault.answer is None or fault.answer.status != 429:
        await help_arrives(telegram_bot)
    assert len(await telegram_bot.ask(READER, MINA, "/paper 2")) == 1


async def test_a_ledger_that_cannot_be_written_loses_no_answer(
    telegram_bot: TelegramBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ids of the reply are not noted; the reply arrives complete."""

    async def locked(*_: object) -> None:
        raise LedgerError("locked")

    monkeypatch.setattr(telegram_bot.ledger.replies, "arrived", locked)
    monkeypatch.setattr("formatters.telegram.LIMITS", ((utf16, 300),))
    said = await telegram_bot.ask(str(ANN), ANN, "/paper 2")
    assert len(said) > 1


async def test_a_bug_silences_nobody(telegram_bot: TelegramBot, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = CommandRouter.handle

    async def broken(router: CommandRouter, request: Request, line: str) -> context.Response:
        if line.startswith("/paper"):
            raise ZeroDivisionError
        return await answer(router, request, line)

    monkeypatch.setattr(CommandRouter, "handle", broken)
    monkeypatch.setattr(CommandRouter, "context_for", lambda *_: 1 / 0)
    with capture_logs() as logs:
        telegram_bot.server.asks_inline(ANN, "x")
        telegram_bot.server.says(str(ANN), ANN, "/paper 2")
        await help_arrives(telegram_bot)
    assert [line["event"] for line in logs if line["log_level"] == "error"] == ["update", "answer lost"]


# A ledger that fails, and a process that dies


async def test_what_a_locked_ledger_refuses_is_taken_in_again(
    telegram_template: Delivered, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare = bot.database.sqlite.engine._prepare

    def impatient(connection: Any, record: object) -> None:
        prepare(connection, record)
        connection.cursor().execute("PRAGMA busy_timeout=20")

    monkeypatch.setattr(bot.database.sqlite.engine, "_prepare", impatient)
    async with listening_bot(telegram_template, monkeypatch) as telegram_bot:
        with capture_logs() as logs, sqlite3.connect("paperboy.db") as other:
            other.execute("BEGIN IMMEDIATE")
            telegram_bot.server.says(READER, MINA, "/settings silent", language="en")
            telegram_bot.server.says(str(ANN), ANN, "/help", language="en")
            await until(lambda: listening_log(logs))
            other.rollback()
            await telegram_bot.quiet()
        other.close()
        assert "keeps it locked" in listening_log(logs)[0]
        assert listening_log(logs)[1:] == ["listening again"]
        assert (await telegram_bot.chat(READER)).silent
        assert (len(telegram_bot.said(str(ANN))), telegram_bot.said(READER)[-1].splitlines()[0]) == (1, EN.saved)


async def test_a_press_that_could_not_be_kept_is_answered_when_it_is(
    telegram_bot: TelegramBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    await telegram_bot.ask(READER, MINA, "/settings")
    set_preferences, fails = Subscriptions.set_preferences, [1, 2]

    async def failing(*arguments: Any, **preferences: Any) -> None:
        if fails:
            raise LedgerError(f"locked {fails.pop()}")
        await set_preferences(*arguments, **preferences)

    monkeypatch.setattr(Subscriptions, "set_preferences", failing)
    assert (await telegram_bot.press(READER, MINA, EN.sound)).toast == EN.saved
    assert (await telegram_bot.chat(READER)).silent


async def test_nothing_is_answered_twice_after_a_clean_stop(
    telegram_bot: TelegramBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer, asked = CommandRouter.handle, asyncio.Event()

    async def noted(router: CommandRouter, request: Request, line: str) -> context.Response:
        asked.set()
        return await answer(router, request, line)

    monkeypatch.setattr(CommandRouter, "handle", noted)
    telegram_bot.server.says(str(ANN), ANN, "/help", language="en")
    await asked.wait()
    await telegram_bot.stop()
    assert telegram_bot.server.inbox.pending == []
    await telegram_bot.restart()
    await help_arrives(telegram_bot)
    assert len(telegram_bot.said(str(ANN))) == 2


@pytest.mark.parametrize("saved", [False, True])
async def test_a_process_that_dies_loses_no_change(
    telegram_bot: TelegramBot, monkeypatch: pytest.MonkeyPatch, *, saved: bool
) -> None:
    """It dies before or after the change is saved, but before Telegram knows that the update came in."""
    answer = CommandRouter.handle

    async def dying(router: CommandRouter, request: Request, line: str) -> context.Response:
        if saved:
            await answer(router, request, line)
        telegram_bot.listening[0].cancel()
        return await asyncio.Event().wait()  # type: ignore[return-value]

    monkeypatch.setattr(CommandRouter, "handle", dying)
    telegram_bot.server.says(READER, MINA, "/settings silent", language="en")
    await asyncio.wait(telegram_bot.listening)
    telegram_bot.listening.clear()
    monkeypatch.setattr(CommandRouter, "handle", answer)
    assert len(telegram_bot.server.inbox.pending) == 1
    assert (await telegram_bot.chat(READER)).silent is saved
    before = telegram_bot.count(READER)
    await telegram_bot.restart()
    await telegram_bot.quiet()
    assert [said.splitlines()[0] for said in telegram_bot.said(READER, before)] == [EN.saved]
    assert (await telegram_bot.chat(READER)).silent


async def test_rights_that_telegram_does_not_give_are_none(
    telegram_bot: TelegramBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram_bot.server.faults.add(faults.server_error(500, method="getChatMember"))
    assert (await telegram_bot.ask(BASIC, BOSS, "/subscribe"))[0].startswith(
        EN.subscribed.split("{")[0]
    )  # the list tells
    telegram_bot.server.faults.add(faults.reset(method="getChatMember"), faults.reset(method="getChatAdministrators"))
    assert await telegram_bot.ask(BASIC, BOSS, "/unsubscribe") == [EN.administrators_only]
    monkeypatch.setattr("bot.channels.telegram.updates.requests._RIGHTS_TIMEOUT", 0.05)
    telegram_bot.server.faults.add(faults.slow(1, method="getChatMember"))
    since = time.monotonic()
    assert await telegram_bot.ask(BASIC, BOSS, "/unsubscribe") == [EN.administrators_only]
    assert time.monotonic() - since < 1
