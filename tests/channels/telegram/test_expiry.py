"""What the bot says in a public channel is deleted after a minute, and so is the command that was posted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from bot.channels.telegram import expiry
from bot.channels.telegram.expiry import Expiry
from bot.errors import LedgerError
from bot.ledger.chats.expiring import ExpiringMessages
from tests.support.chats import CHANNEL, GROUP, READER
from tests.support.fakes import faults
from tests.support.telegram_bot import ANN, BOSS, EN, TelegramBot, deliver_next

MOMENT = 0.02  # seconds, in place of a minute
NEW = "-1009999999999"


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.002)


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what takes a minute or an hour take a moment."""
    monkeypatch.setattr(expiry, "ANSWER_STAYS", MOMENT)
    monkeypatch.setattr(expiry, "_AGAIN", MOMENT)
    monkeypatch.setattr("bot.channels.telegram.updates.membership.GREETING_STAYS", MOMENT)


def seen(bot: TelegramBot, chat: str = CHANNEL) -> list[int]:
    return list(bot.server.chat(chat).messages)


def deletions(bot: TelegramBot) -> int:
    return sum(call.method == "deleteMessage" for call in bot.server.calls)


async def left_to_delete(bot: TelegramBot) -> int:
    async with bot.ledger._read() as db:
        return int((await db.exec_driver_sql("SELECT count(*) FROM expiring_messages")).scalar_one())


async def settled(bot: TelegramBot) -> None:
    """Wait until nothing is left to be deleted."""
    async with asyncio.timeout(10):
        while await left_to_delete(bot):
            await asyncio.sleep(0.002)


async def post(bot: TelegramBot, *lines: str, chat: str = CHANNEL) -> list[str]:
    """Let an administrator post commands, and give what the bot says, each as soon as it stands there."""
    before = len([call for call in bot.server.calls if call.method == "sendMessage"])
    for line in lines:
        bot.server.posts(chat, line)
        await bot.quiet()
    calls = [call for call in bot.server.calls if call.method == "sendMessage"][before:]
    return [str(call.arguments["text"]) for call in calls]


def test_a_minute_is_meant() -> None:
    assert expiry.ANSWER_STAYS == 60


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("may", [True, False])
async def test_nothing_that_was_said_stays_in_a_channel(telegram_bot: TelegramBot, may: bool) -> None:
    telegram_bot.server.chat(CHANNEL).deletes_others = may
    before = seen(telegram_bot)
    lines = ["/settings", "/settings index", "/settings nonsense", "/unsubscribe", "/unsubscribe", "/subscribe"]
    assert len(await post(telegram_bot, *lines)) == len(lines)
    await until(lambda: deletions(telegram_bot) == 2 * len(lines))
    await until(lambda: len(seen(telegram_bot)) == len(before) + (0 if may else len(lines)))
    assert seen(telegram_bot)[: len(before)] == before
    assert all(
        telegram_bot.server.chat(CHANNEL).messages[number] is None for number in seen(telegram_bot)[len(before) :]
    )


async def test_it_stays_for_a_minute(telegram_bot: TelegramBot) -> None:
    before = len(seen(telegram_bot))
    await post(telegram_bot, "/settings")
    assert len(seen(telegram_bot)) == before + 2
    assert await left_to_delete(telegram_bot) == 2
    assert 58 < (await telegram_bot.ledger.expiring.next_in("telegram") or 0) <= 60


async def test_what_was_to_be_deleted_when_the_program_ended_is_deleted_at_the_next_start(
    telegram_bot: TelegramBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    telegram_bot.server.chat(CHANNEL).deletes_others = True
    before = seen(telegram_bot)
    await post(telegram_bot, "/settings")
    await telegram_bot.stop()
    assert deletions(telegram_bot) == 0
    now = telegram_bot.ledger.clock()
    monkeypatch.setattr(telegram_bot.ledger.expiring, "_clock", lambda: now + 3600)
    await telegram_bot.restart()
    await until(lambda: seen(telegram_bot) == before)
    await settled(telegram_bot)


@pytest.mark.usefixtures("short")
async def test_deliveries_other_posts_and_other_chats_are_never_touched(telegram_bot: TelegramBot) -> None:
    telegram_bot.server.chat(CHANNEL).deletes_others = True
    await deliver_next(telegram_bot)
    other = telegram_bot.server.posts(CHANNEL, "Good morning")
    before = seen(telegram_bot)
    for chat, user in ((GROUP, ANN), (READER, int(READER))):
        await telegram_bot.ask(chat, user, "/settings")
    kept = {chat: seen(telegram_bot, chat) for chat in (GROUP, READER)}
    await post(telegram_bot, "/settings")
    for paper in telegram_bot.server.shown(CHANNEL):
        telegram_bot.server.presses(CHANNEL, paper.id, ANN, "/paper 1", forged=True)
    await until(lambda: deletions(telegram_bot) == 2)
    await telegram_bot.quiet()
    assert seen(telegram_bot) == before
    assert other in before
    assert {chat: seen(telegram_bot, chat) for chat in kept} == kept
    await settled(telegram_bot)


async def test_a_page_stays_while_an_administrator_uses_it(
    telegram_bot: TelegramBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [telegram_bot.ledger.clock()]
    monkeypatch.setattr(telegram_bot.updates.expiry._messages, "_clock", lambda: now[0])
    await post(telegram_bot, "/settings")
    page = telegram_bot.server.shown(CHANNEL)[-1].id
    for user, toast, left in ((BOSS, EN.saved, 60.0), (ANN, EN.administrators_only, 10.0)):
        now[0] += 50
        assert (await telegram_bot.press(CHANNEL, user, EN.sound)).toast == toast
        [row] = await rows(telegram_bot, page)
        assert abs(row - now[0] - left) < 1


async def rows(bot: TelegramBot, message: int) -> list[float]:
    async with bot.ledger._read() as db:
        found = await db.exec_driver_sql("SELECT delete_at FROM expiring_messages WHERE remote_id = ?", (str(message),))
        return [float(row[0]) for row in found]


@pytest.mark.usefixtures("short")
async def test_a_greeting_in_a_channel_is_deleted_and_in_a_group_it_stays(telegram_bot: TelegramBot) -> None:
    for chat, kind, status in ((NEW, "channel", "administrator"), ("-1008888888888", "supergroup", "member")):
        telegram_bot.server.add_chat(chat, kind)  # type: ignore[arg-type]
        telegram_bot.server.membership(chat, "left", status, BOSS)  # type: ignore[arg-type]
    await telegram_bot.quiet()
    await until(lambda: not seen(telegram_bot, NEW))
    assert telegram_bot.said("-1008888888888") == [EN.welcome]


# What goes wrong


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("fault", [faults.reset(), faults.lost_answer(), faults.server_error(502), faults.flood(1)])
async def test_what_fails_is_tried_again(telegram_bot: TelegramBot, fault: faults.Fault) -> None:
    fault.method = "deletemessage"
    telegram_bot.server.chat(CHANNEL).deletes_others = True
    telegram_bot.server.faults.add(fault)
    before = seen(telegram_bot)
    await post(telegram_bot, "/settings")
    await until(lambda: seen(telegram_bot) == before)
    await settled(telegram_bot)


@pytest.mark.usefixtures("short")
async def test_what_cannot_be_deleted_any_more_is_forgotten(telegram_bot: TelegramBot) -> None:
    await post(telegram_bot, "/settings")
    with capture_logs() as logs:
        for message in telegram_bot.server.shown(CHANNEL)[-1:]:
            message.date -= 49 * 3600
        await settled(telegram_bot)
    assert {one["event"] for one in logs} <= {"not deleted"}


@pytest.mark.usefixtures("short")
async def test_a_ledger_that_fails_costs_no_answer(telegram_bot: TelegramBot, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> None:
        raise LedgerError("the disk is full")

    with capture_logs() as logs, monkeypatch.context() as broken:
        for name in ("note", "postpone", "due"):
            broken.setattr(ExpiringMessages, name, full)
        [said] = await post(telegram_bot, "/settings")
        assert said.startswith("<b>Settings")
        assert (await telegram_bot.press(CHANNEL, BOSS, EN.sound)).toast == EN.saved
    assert {one["event"] for one in logs if one["log_level"] == "error"} == {"not deleted", "not postponed"}
    await post(telegram_bot, "/settings")
    await until(lambda: deletions(telegram_bot) == 2)


async def test_it_ends_at_once_when_told_to_stop(telegram_bot: TelegramBot) -> None:
    stopping = asyncio.Event()
    running = asyncio.create_task(Expiry(telegram_bot.channel, telegram_bot.ledger.expiring).run(stopping))
    await asyncio.sleep(0)
    stopping.set()
    async with asyncio.timeout(5):
        await running
