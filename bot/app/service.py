"""The long-running process: deliver by the schedule, answer readers, until told to stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from bot.app import systemd
from bot.app.duties.bot_at_work import BotAtWork
from bot.app.duties.listening import keep_listening
from bot.app.duties.ownership import Ownership
from bot.app.duties.planning import Planning
from bot.app.reporter import Reporter
from bot.config.settings import Settings
from bot.conversation.listener import Listener
from bot.delivery.hours import DeliveryHours
from bot.log import log
from bot.monitoring.health import Health
from bot.monitoring.heartbeat import Heartbeat


@dataclass
class Service:
    """Plan, and deliver for the bots, as far as this process is the one to do it."""

    settings: Settings
    health: Health
    reporter: Reporter
    heartbeat: Heartbeat
    planning: Planning
    bots: Mapping[str, BotAtWork]  # by channel
    ownership: Ownership
    stopping: asyncio.Event
    wake: asyncio.Event  # set: there may be something to plan

    async def run(self, listeners: Mapping[str, Listener] = MappingProxyType({})) -> None:
        """Deliver by the schedule and answer readers until stopped.

        A listener with the name of a channel is heard by whoever delivers there, any other in each process.
        """
        for name, bot in self.bots.items():
            bot.listener = listeners.get(name)
        async with self._beside([listener for name, listener in listeners.items() if name not in self.bots]):
            log.info("running", next_run=str(DeliveryHours.for_chat(self.settings).next_after(datetime.now(UTC))))
            await self.ownership.run(self.stopping)
        log.info("stopped")

    @asynccontextmanager
    async def _beside(self, listeners: list[Listener]) -> AsyncIterator[None]:
        """Let platforms post and the outside be told, until the block ends."""
        reporting = asyncio.create_task(self.reporter.run())
        works = [self.heartbeat.run(self.stopping), *(keep_listening(one, self.stopping) for one in listeners)]
        beside = [asyncio.create_task(work) for work in works]
        try:
            yield
        finally:
            systemd.notify(systemd.STOPPING)
            self.stopping.set()  # listeners must end, whatever ended this
            await asyncio.gather(*beside)
            reporting.cancel()
            await asyncio.gather(reporting, return_exceptions=True)
