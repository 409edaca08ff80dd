"""The demo in this terminal: deliver the sample to it, and answer what is typed."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.channels.terminal import KIT, TerminalChannel
from bot.config.settings import Settings
from bot.conversation.context import Request
from bot.conversation.limits import AnswerLimits
from bot.conversation.router import CommandRouter
from bot.conversation.throttle import Throttle
from bot.delivery.decisions import Rules
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.planner import plan
from bot.ledger.ledger import Ledger, open_ledger
from bot.sources.folder import FolderSource

CHAT = "this terminal"
_PATIENT = AnswerLimits(alone=Throttle(burst=sys.maxsize))  # lines may come from a file


@dataclass
class Conversation:
    """One chat, which is this terminal. Make it with `open_conversation`."""

    ledger: Ledger
    settings: Settings
    channel: TerminalChannel

    async def deliver(self, posts: Path) -> None:
        """Deliver what a folder holds."""
        source, usual = FolderSource("sample", posts), KIT.usual_edition(self.settings)
        chats = {CHAT: self.channel.id_sequence(CHAT)}
        await self.ledger.subscriptions.sync_chats(self.channel.name, usual, chats)
        found = await source.digests()
        formatters = {self.channel.name: self.channel.formatter}
        await plan(self.ledger, source.name, found, formatters, Rules(catch_up=1))
        await self.ledger.open_at("", 0.0)
        await Dispatcher(self.ledger, {self.channel.name: self.channel}).run()

    async def answer(self, read: Callable[[], Awaitable[str]]) -> None:
        """Answer each line that is read, until an empty one says that the input ended."""
        router = self._router()
        while line := await read():
            if line.strip():
                for message in (await router.handle(Request(self.channel.name, CHAT), line)).messages:
                    await self.channel.send(CHAT, message.body, delivery_ref="", thread="")

    def _router(self) -> CommandRouter:
        name = self.channel.name
        formatters, id_sequences = {name: self.channel.formatter}, {name: self.channel.id_sequence}
        return CommandRouter(self.ledger, self.settings, {name: KIT}, formatters, id_sequences, limits=_PATIENT)


@asynccontextmanager
async def open_conversation(settings: Settings, channel: TerminalChannel) -> AsyncIterator[Conversation]:
    """Begin a conversation on a ledger that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="paperboy-") as folder:
        async with open_ledger(f"sqlite:///{folder}/demo.db") as ledger:
            yield Conversation(ledger, settings, channel)
