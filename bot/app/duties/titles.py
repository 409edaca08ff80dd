"""Write down how chats are called, as the platforms tell it, so that operators know which chat is meant."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from bot.concurrency import wait_unless
from bot.delivery.channel import Channel
from bot.errors import LedgerError, RetryLater, SendError, Unconfirmed
from bot.ledger.ledger import Ledger
from bot.log import log

_PAUSE = 60.0  # seconds
_MOST = 20  # chats that are asked about at once: Slack allows 50 such calls a minute


@dataclass
class TitleKeeper:
    """Keep the titles of chats fresh in the ledger. What goes wrong must not keep anything from being delivered."""

    ledger: Ledger
    channels: Mapping[str, Channel]
    describe: Callable[[Exception], str]  # puts an unexpected error into words
    _asked: set[tuple[str, str]] = field(default_factory=set)  # channel and address, once for each process

    async def run(self, stopping: asyncio.Event) -> None:
        """Keep them until stopped."""
        while not stopping.is_set():
            await wait_unless(self.keep(), stopping)
            await wait_unless(asyncio.sleep(_PAUSE), stopping)

    async def keep(self, *, untitled_alone: bool = False) -> None:
        """Ask about the next chats, then write what was heard. Those without a title come first."""
        for channel in self.channels.values():
            await self._safely(self._ask(channel, untitled_alone=untitled_alone))
        await self.write()

    async def write(self) -> None:
        """Write what was heard."""
        for channel in self.channels.values():
            await self._safely(self.ledger.subscriptions.keep_titles(channel.name, channel.titles.take()))

    async def _safely(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, it is only titles
            log.error("titles", error=str(error) if isinstance(error, LedgerError) else self.describe(error))

    async def _ask(self, channel: Channel, *, untitled_alone: bool) -> None:
        known = await self.ledger.status.titles(channel.name)
        left = [
            one for one, title in known if (channel.name, one) not in self._asked and not (title and untitled_alone)
        ]
        for address in left[:_MOST]:
            try:
                await channel.ask_title(address)
            except (RetryLater, Unconfirmed):
                return  # the platform is away; it is asked again
            except Exception as error:  # noqa: BLE001 - whatever it is, the other chats are asked about
                if not isinstance(error, SendError):
                    self.describe(error)
            self._asked.add((channel.name, address))
