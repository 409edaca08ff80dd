"""The webhook: updates that Telegram posts to our web server."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import ClientSession
from pydantic import SecretStr
from structlog.testing import capture_logs

import bot.web.server
from bot.channels.telegram.listener import ALLOWED_UPDATES, SECRET_HEADER, TelegramPoller, telegram_listener
from bot.config.settings import Telegram
from bot.errors import LedgerError, SettingsError
from bot.ledger.chats.subscriptions import Subscriptions
from bot.web.server import Web
from tests.support.chats import READER
from tests.support.fakes import faults
from tests.support.telegram_bot import ANN, EN, MINA, MOMENT, SECOND, TelegramBot

URL, PROOF = "https://papers.example.org/telegram", "FAKE-webhook-secret"


def settings(telegram_bot: TelegramBot, **more: str) -> Telegram:
    secret = {"webhook_secret": SecretStr(PROOF)}
    return telegram_bot.app.settings.telegram.model_copy(
        update={"listen": "webhook", "webhook_url": URL} | secret | more
    )


@asynccontextmanager
async def webhook(telegram_bot: TelegramBot, port: int = 0) -> AsyncIterator[Web]:
    """Listen by webhook instead of polling."""
    await telegram_bot.stop()
    telegram_bot.stopping = asyncio.Event()
    server = Web("127.0.0.1", port)
    parts = (telegram_bot.channel, telegram_bot.router, telegram_bot.updates.replies, server)
    made = telegram_listener(settings(telegram_bot), *parts, longest_pause=MOMENT)
    telegram_bot.updates = made._updates
    telegram_bot.listen(made, server)
    yield server
    await telegram_bot.stop()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.web.server, "AGAIN", 0.01)


@pytest.fixture
async def web(telegram_bot: TelegramBot) -> AsyncIterator[Web]:
    async with webhook(telegram_bot) as server:
        await server.ready.wait()
        telegram_bot.server.inbox.proxies = {"https://papers.example.org": f"http://127.0.0.1:{server.port}"}
        yield server


async def post(web: Web, body: bytes, secret: bytes | None = PROOF.encode(), path: str = "/telegram") -> int:
    """Post as anybody can, byte by byte, and give the status."""
    head = b"POST %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n" % (path.encode(), len(body))
    proof = b"" if secret is None else SECRET_HEADER.encode() + b": " + secret + b"\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", web.port)
    writer.write(head + proof + b"\r\n" + body)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(answer.split()[1])


def update(number: int, text: str = "/help") -> bytes:
    chat = {"id": ANN, "type": "private", "first_name": "Ann"}
    user = {"id": ANN, "is_bot": False, "first_name": "Ann", "language_code": "en"}
    message = {"message_id": 7, "date": 1, "chat": chat, "from": user, "text": text}
    return json.dumps({"update_id": number, "message": message}).encode()


async def test_readers_get_answers(telegram_bot: TelegramBot, web: Web) -> None:
    assert (await telegram_bot.ask(str(ANN), ANN, "/paper 2"))[0].startswith(SECOND)
    assert (await telegram_bot.press(READER, MINA, EN.full_summary)).said[0].startswith("3. ")
    assert (await telegram_bot.ask(READER, MINA, "/settings silent"))[0].startswith(EN.saved)
    info = telegram_bot.server.inbox.webhook_info()
    assert (info["url"], info["allowed_updates"]) == (URL, sorted(ALLOWED_UPDATES))
    assert len(telegram_bot.server.commands) == 12


async def test_requests_without_the_secret_are_refused(telegram_bot: TelegramBot, web: Web) -> None:
    for secret in (None, b"", b"wrong", PROOF.lower().encode(), b"\xff\xfe", "비밀".encode()):
        assert await post(web, update(1), secret) == 403, secret
    await telegram_bot.quiet()
    assert telegram_bot.said(str(ANN)) == []


async def test_a_process_that_does_not_deliver_for_the_bot_leaves_its_updates_to_the_one_that_does(
    telegram_bot: TelegramBot, web: Web
) -> None:
    listening = telegram_bot.listening.pop(0)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert await post(web, update(1)) == 503
    await telegram_bot.quiet()
    assert telegram_bot.said(str(ANN)) == []


async def test_what_is_no_update_is_refused(telegram_bot: TelegramBot, web: Web) -> None:
    for junk in (b"", b"{", b"\xff", b"[]", b"7", b"null", b"{}", b'{"update_id": "1"}', b'{"update_id": 1.5}'):
        assert await post(web, junk) == 400, junk
    assert await post(web, b" " * 2**21) == 413
    assert [await post(web, update(1), path=path) for path in ("/", "/telegram/x", "/other")] == [404] * 3
    async with ClientSession() as session, session.get(f"http://127.0.0.1:{web.port}/telegram") as answer:
        assert answer.status == 405
    assert await post(web, update(1)) == 200


async def test_an_update_that_nobody_can_read_is_not_asked_for_again(telegram_bot: TelegramBot, web: Web) -> None:
    with capture_logs() as logs:
        assert await post(web, b'{"update_id": 5, "message": {"chat": 5}}') == 200
    assert [line["event"] for line in logs if line["log_level"] == "warning"] == ["update"]


async def test_an_update_that_comes_twice_is_answered_once(telegram_bot: TelegramBot, web: Web) -> None:
    assert [await post(web, update(1)), await post(web, update(1)), await post(web, update(2))] == [200] * 3
    await telegram_bot.quiet()
    assert len(telegram_bot.said(str(ANN))) == 2


async def test_a_change_that_could_not_be_saved_comes_again(
    telegram_bot: TelegramBot, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_preferences, fails = Subscriptions.set_preferences, [1, 2]

    async def failing(*arguments: Any, **preferences: Any) -> None:
        if fails:
            raise LedgerError(f"locked {fails.pop()}")
        await set_preferences(*arguments, **preferences)

    monkeypatch.setattr(Subscriptions, "set_preferences", failing)
    with capture_logs() as logs:
        assert (await telegram_bot.ask(READER, MINA, "/settings silent"))[0].startswith(EN.saved)
    assert [line["error"] for line in logs if line["log_level"] == "error"] == ["locked 2", "locked 1"]
    assert (await telegram_bot.chat(READER)).silent


async def test_the_webhook_is_set_until_telegram_takes_it(telegram_bot: TelegramBot) -> None:
    telegram_bot.server.faults.add(
        faults.bad_request("bad webhook: Failed to resolve host", method="setWebhook", times=2),
        faults.server_error(502, method="setWebhook"),
    )
    with capture_logs() as logs:
        async with webhook(telegram_bot) as server:
            await server.ready.wait()
            await telegram_bot.server.answered("setWebhook", 4)
    said = [line.get("error", line["event"]) for line in logs if "listening" in line["event"]]
    assert len(said) == 3
    assert said[0].startswith("Telegram refuses the webhook: Bad webhook")
    assert said[0].endswith("; check telegram.webhook_url")
    assert said[2] == "listening again"


async def test_a_port_in_use_is_reported_and_tried_again(telegram_bot: TelegramBot) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with capture_logs() as logs:
            async with webhook(telegram_bot, port) as server:
                for _ in range(2):
                    with pytest.raises(TimeoutError):
                        await asyncio.wait_for(server.ready.wait(), 0.05)
                other.close()
                await asyncio.wait_for(server.ready.wait(), 5)
                assert await post(server, update(1)) == 200
    [error] = [line["error"] for line in logs if line["event"] == "web server" and "error" in line]
    assert error.startswith(f"web.host 127.0.0.1, web.port {port}: ")
    assert error.endswith("; another program listens there, or it is not ours; change web.port")


async def test_a_port_that_stays_in_use_does_not_keep_the_program_from_ending(telegram_bot: TelegramBot) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        async with asyncio.timeout(5), webhook(telegram_bot, other.getsockname()[1]):
            await telegram_bot.server.answered("setWebhook")


async def test_polling_or_webhook_is_a_setting(telegram_bot: TelegramBot) -> None:
    server = Web("127.0.0.1", 0)
    polling = settings(telegram_bot, listen="polling")
    parts = (telegram_bot.channel, telegram_bot.router, telegram_bot.updates.replies, server)
    assert isinstance(telegram_listener(polling, *parts), TelegramPoller)
    assert not server.used
    for missing in ("webhook_url", "webhook_secret"):
        with pytest.raises(SettingsError, match=r"needs telegram\.webhook_url and telegram\.webhook_secret"):
            telegram_listener(settings(telegram_bot, **{missing: ""}), *parts)
