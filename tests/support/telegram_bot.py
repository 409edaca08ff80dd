"""A fake Telegram with a delivered digest, and Paperboy listening to its readers."""

from __future__ import annotations

import asyncio
import shutil
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from bot.app.assembly import App, assemble
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.listener import TelegramPoller
from bot.channels.telegram.updates.handler import UpdateHandler
from bot.config.settings import Settings
from bot.conversation.limits import AnswerLimits
from bot.conversation.listener import Listener
from bot.conversation.router import CommandRouter
from bot.conversation.throttle import Throttle
from bot.delivery.dispatcher import RetryPolicy
from bot.ledger.ledger import Ledger, open_ledger
from bot.ledger.records.deliveries import Subscription
from bot.sources.folder import FolderSource
from formatters.locale import phrases
from formatters.telegram import TelegramFormatter
from tests.support.chats import BASIC, CHANNEL, CHANNEL_NAME, FORUM, FORUM_TOPIC, GROUP, READER
from tests.support.fakes.telegram import FakeTelegram
from tests.support.fakes.telegram_chats import Chat, TelegramMessage
from tests.support.setup import DATA, add_chats, unthrottled

MINA, ANN, BOSS, OPERATOR, BOT = 42, 43, 44, 45, 123456  # Mina has subscribed; Boss administers all chats
SUBSCRIBED = (CHANNEL_NAME, GROUP, FORUM_TOPIC, READER)
OLDER, POST, NEXT = (
    "2025-01-05-arxiv-crlf.md",
    "2025-01-08-daily-papers-20250108.md",
    "2025-01-09-daily-papers-20250109.md",
)
MOMENT = 0.01  # seconds that a listener pauses at the most
NAME = "fake_paperboy_bot"
EN, KO = phrases("en"), phrases("ko")
SECOND = "2. U-Net: Convolutional Networks for Biomedical Image Segmentation"
_context = cache(ssl.create_default_context)


@dataclass(frozen=True, repr=False)
class Delivered:
    """A ledger, and the chats as they are after two digests."""

    ledger: Path
    chats: dict[str, Chat]

    def put_into(self, server: FakeTelegram, folder: Path) -> None:
        """Make a server and a folder as if the digests had just been delivered."""
        add_people(server)
        for number, chat in self.chats.items():
            copy = server.chat(number)
            copy.messages, copy.places, copy.last_id = deepcopy(chat.messages), deepcopy(chat.places), chat.last_id
        server.add_chat(ANN, "private", last_id=max(self.chats[READER].messages))  # private chats count together
        shutil.copy(self.ledger, folder)
        shutil.copytree(self.ledger.parent / "_posts", folder / "_posts", dirs_exist_ok=True)


def add_people(server: FakeTelegram) -> None:
    """Add the chats, a basic group, and who is a member or an administrator where."""
    add_chats(server)
    server.add_chat(BASIC, "group")
    server.add_chat(OPERATOR, "private")
    for chat in (CHANNEL, GROUP, FORUM, BASIC):
        server.member(chat, BOSS, "administrator")
        server.member(chat, ANN, "member")


@cache
def delivered(folder: Path) -> Delivered:
    """Deliver two digests, once for all tests."""
    return asyncio.run(_delivered(folder / "delivered"))


async def _delivered(folder: Path) -> Delivered:
    posts = folder / "_posts"
    posts.mkdir(parents=True)
    async with FakeTelegram() as server, open_bot(server, folder) as one:
        add_people(server)
        for post in (OLDER, POST):
            shutil.copy(DATA / post, posts)
            await one.deliver()
        chats = {number: server.chat(number) for number in (CHANNEL, GROUP, FORUM, READER)}
    return Delivered(folder / "paperboy.db", chats)


@dataclass
class TelegramBot:
    """The bot, its parts and the server."""

    server: FakeTelegram
    app: App
    channel: TelegramChannel
    updates: UpdateHandler
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    listening: list[asyncio.Task[None]] = field(default_factory=list)

    @property
    def ledger(self) -> Ledger:
        return self.app.ledger

    @property
    def router(self) -> CommandRouter:
        return self.updates.router

    def listen(self, *listeners: Listener) -> None:
        """Listen, by polling if no listener is given."""
        for one in listeners or [TelegramPoller(self.channel, self.updates, MOMENT)]:
            self.listening.append(asyncio.create_task(one.listen(self.stopping)))

    async def stop(self) -> None:
        self.stopping.set()
        await asyncio.gather(*self.listening)
        self.listening.clear()

    async def restart(self) -> None:
        """Begin anew, with nothing in memory but the channel."""
        await self.stop()
        self.stopping = asyncio.Event()
        self.updates = UpdateHandler(self.channel, _router(self.app), self.app.replies["telegram"])
        self.listen()

    async def quiet(self) -> None:
        """Wait until all that people did is handled and answered."""
        async with asyncio.timeout(10):
            await self.server.emptied()
        await self.updates.replies.finish()

    async def deliver(self) -> None:
        await self.app.cycle.plan(at_once=True, resume=False)
        await self.dispatch()

    async def dispatch(self) -> None:
        """Send what is planned."""
        await self.app.cycle.dispatcher().run()

    async def ask(self, chat: str, user: int, text: str, *, language: str = "en", **more: Any) -> list[str]:
        """Let somebody write, and give the bot's replies."""
        before = self.count(chat)
        self.server.says(chat, user, text, language=language, **more)
        await self.quiet()
        return self.said(chat, before)

    async def press(self, chat: str, user: int, label: str, data: str = "", *, language: str = "en") -> Pressed:
        """Let somebody press the newest button with this label, or what stands on no button: `data`."""
        number, real = self.server.button(chat, label)
        before = self.count(chat)
        query = self.server.presses(chat, number, user, data or real, language, forged=bool(data))
        await self.quiet()
        toast, _ = self.server.toasts[query]
        return Pressed(self.said(chat, before), toast, self.shown(chat, number))

    def count(self, chat: str) -> int:
        """Count the bot's messages in a chat, which a reader may only be about to open."""
        try:
            return len(self.server.shown(chat))
        except KeyError:
            return 0

    def said(self, chat: str, before: int = 0) -> list[str]:
        return [message.text for message in self.server.shown(chat)[before:]]

    def shown(self, chat: str, number: int) -> TelegramMessage:
        return next(message for message in self.server.shown(chat) if message.id == number)

    async def chat(self, *addresses: str) -> Subscription:
        """Give the ledger's row of a chat."""
        found = await self.ledger.subscriptions.find("telegram", addresses)
        assert found
        return found


async def deliver_next(bot: TelegramBot) -> None:
    """Deliver one more digest."""
    shutil.copy(DATA / NEXT, "_posts")
    await bot.deliver()


@dataclass(frozen=True)
class Pressed:
    """What follows the press of a button."""

    said: list[str]  # in new messages
    toast: str
    page: TelegramMessage  # that the button was on, as it is now


@asynccontextmanager
async def open_bot(server: FakeTelegram, folder: Path) -> AsyncIterator[TelegramBot]:
    """Put the bot together without rate limits; it listens after a call of `listen`."""
    formatter = TelegramFormatter(EN, buttons=True)
    channel = TelegramChannel(server.token, server.base_url, formatter, unthrottled())
    async with open_ledger(f"sqlite:///{folder}/paperboy.db") as ledger:
        sources = [FolderSource("daily", folder / "_posts")]
        app = assemble(
            _settings(server),
            ledger,
            sources,
            {"telegram": channel},
            RetryPolicy(settle_delay=0.05, first_backoff=0.05),
        )
        made = TelegramBot(server, app, channel, UpdateHandler(channel, _router(app), app.replies["telegram"]))
        try:
            yield made
        finally:
            await made.stop()
            await channel.close()


def _router(app: App) -> CommandRouter:
    return replace(app.router, limits=AnswerLimits(Throttle(1000), Throttle(1000), Throttle(1000)))


def _settings(server: FakeTelegram) -> Settings:
    # Short cards: below each is a button to press.
    own = {"token": server.token, "base_url": server.base_url, "chats": list(SUBSCRIBED), "cards": "short"}
    return Settings.model_validate({"language": "en", "telegram": own, "operators": {"telegram": [str(OPERATOR)]}})


@asynccontextmanager
async def listening_bot(template: Delivered, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TelegramBot]:
    """Open a bot in the working directory, in which two digests were delivered, and listen."""
    monkeypatch.setattr(ssl, "create_default_context", _context)  # certificates take a tenth of a second to load
    async with FakeTelegram() as server:
        template.put_into(server, Path())
        async with open_bot(server, Path()) as made:
            made.listen()
            yield made
        server.inbox.add("message", {})  # ends the poll that nobody waits for any more
