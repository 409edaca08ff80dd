"""Keep what platforms taught about how much they allow, so that no broadcast has to learn it again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from bot.concurrency import wait_unless
from bot.delivery.channel import Channel
from bot.errors import LedgerError
from bot.ledger.chats.paces import LearntPace
from bot.ledger.ledger import Ledger
from bot.log import log

_PAUSE = 60.0  # seconds


@dataclass
class PaceKeeper:
    """Take the paces of all channels from the ledger and to it. What goes wrong must keep nothing from delivery."""

    ledger: Ledger
    channels: Mapping[str, Channel]
    describe: Callable[[Exception], str]  # puts an unexpected error into words
    _kept: dict[tuple[str, str], LearntPace] = field(default_factory=dict)

    async def load(self) -> None:
        """Let the channels remember what was learnt."""
        await self._safely(self._load())

    async def keep(self) -> None:
        """Write what was learnt since."""
        await self._safely(self._keep())

    async def run(self, stopping: asyncio.Event) -> None:
        """Keep it until stopped; what is learnt in the last minute is kept when the program ends."""
        while not stopping.is_set():
            await wait_unless(asyncio.sleep(_PAUSE), stopping)
            await self.keep()

    async def _load(self) -> None:
        self._kept = {(pace.channel, pace.name): pace for pace in await self.ledger.paces.listed()}
        for channel in self.channels.values():
            for one in channel.allowances:
                if pace := self._kept.get((channel.name, one.name)):
                    one.remember(pace.learnt, pace.learnt_at)

    async def _keep(self) -> None:
        for channel in self.channels.values():
            for one in channel.allowances:
                pace = LearntPace(channel.name, one.name, one.most, one.window, one.learnt, one.learnt_at)
                if pace.learnt < pace.most and self._kept.get((pace.channel, pace.name)) != pace:
                    await self.ledger.paces.keep(pace)
                    self._kept[pace.channel, pace.name] = pace

    async def _safely(self, work: Awaitable[None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001 - whatever it is, the platform will teach it again
            log.error("paces", error=str(error) if isinstance(error, LedgerError) else self.describe(error))
