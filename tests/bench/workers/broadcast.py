"""A digest for the chats of several bots, planned into a ledger, to be delivered from there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from sqlalchemy import insert

from bot.database.schema import chats as chats_table
from bot.database.states import ChatOrigin
from bot.delivery.decisions import Rules
from bot.delivery.planner import plan
from bot.ledger.ledger import Ledger, open_ledger
from bot.sources.source import FoundDigest
from formatters.locale import phrases
from formatters.model import Digest
from formatters.telegram import TelegramFormatter
from tests.bench.limit import broadcast_digest

FORMATTER = TelegramFormatter(phrases("ko"), buttons=True)
_EDITION = "messages here"
_AT_ONCE = 10_000  # chats written by one statement


@dataclass(frozen=True)
class Broadcast:
    """One digest for as many chats of each bot."""

    bots: int
    chats: int  # of each bot
    papers: int

    @property
    def names(self) -> list[str]:
        return [f"bot{number}" for number in range(1, self.bots + 1)]

    @property
    def addresses(self) -> list[tuple[str, str]]:
        """List all chats, by bot and address."""
        return [(bot, str(1_000_000 + number)) for bot in self.names for number in range(self.chats)]

    @cached_property
    def digest(self) -> Digest:
        digest = broadcast_digest()
        return replace(digest, papers=digest.papers[: self.papers])

    @cached_property
    def texts(self) -> list[str]:
        """Give the messages of a chat, in order."""
        return [str(message.body["text"]) for message in FORMATTER.digest(self.digest)]

    @property
    def messages(self) -> int:
        return len(self.addresses) * len(self.texts)

    async def write(self, url: str) -> None:
        """Plan it into a new ledger, to go out at once."""
        async with open_ledger(url) as ledger:
            await self._subscribe(ledger)
            found = [FoundDigest(self.digest, "post.md")]
            await plan(ledger, "blog", found, dict.fromkeys(self.names, FORMATTER), Rules())
            for schedule in await ledger.subscriptions.schedules():
                await ledger.open_at(schedule, 0.0)

    async def _subscribe(self, ledger: Ledger) -> None:
        rows = list(self._rows())
        async with ledger._write() as db:
            for first in range(0, len(rows), _AT_ONCE):
                await db.execute(insert(chats_table), rows[first : first + _AT_ONCE])

    def _rows(self) -> Iterator[dict[str, object]]:
        for bot, address in self.addresses:
            where: dict[str, object] = {"channel": bot, "name": address, "address": address, "id_sequence": address}
            yield where | {"origin": ChatOrigin.READER, "kind": "private", "edition": _EDITION}
