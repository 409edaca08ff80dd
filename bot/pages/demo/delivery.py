"""How the demo delivers: as the program does, on a ledger of its own, and it can be stopped in the middle."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.channels import kit_of
from bot.channels.local import LocalChannel
from bot.concurrency import cancel
from bot.config.settings import Settings
from bot.database.states import DeliveryState
from bot.delivery.decisions import Rules
from bot.delivery.dispatcher import Dispatcher, RetryPolicy
from bot.delivery.planner import plan
from bot.ledger.ledger import Ledger, Row
from bot.ledger.records.deliveries import Chat, QueuedDelivery
from bot.pages.demo.chats import CHAT, Chats
from bot.sources.folder import FolderSource

_RULES = Rules(catch_up=1)
_STUCK_WITHIN = 30.0  # seconds
_LOOK = 0.01  # seconds between two looks for a chat in which nothing is left to do
_STANDS = {DeliveryState.SENT, DeliveryState.STALE}
_WAITS = {DeliveryState.PENDING, DeliveryState.STALE}


@dataclass
class Delivery:
    """The source, the ledger and the chats, as one cycle after the other sees them."""

    settings: Settings
    ledger: Ledger
    source: FolderSource
    chats: Chats
    policy: RetryPolicy
    changed: asyncio.Event = field(default_factory=asyncio.Event)  # something in the ledger may have
    settled: Counter[DeliveryState] = field(default_factory=Counter)  # by the state in which it was begun

    @property
    def channels(self) -> Mapping[str, LocalChannel]:
        return self.chats.channels

    async def subscribe(self) -> None:
        """Let both chats receive."""
        for name, channel in self.channels.items():
            subscriptions, address = self.ledger.subscriptions, CHAT[name]
            usual = kit_of(name).usual_edition(self.settings)
            await subscriptions.sync_chats(name, usual, {address: channel.id_sequence(address)})
            if chat := await subscriptions.find(name, (address,)):
                await subscriptions.set_preferences(chat.id, usual, kind=channel.kind)

    async def run(self) -> None:
        """Look at the post and deliver what is new in it."""
        await self._plan()
        await self._dispatch()

    async def run_until_stuck(self) -> None:
        """Do the same, but drop it once a send in each chat waits for its answer: as if the process ended.

        A chat to which nothing is sent is not waited for.
        """
        await self._plan()
        work, stuck = asyncio.create_task(self._dispatch()), asyncio.create_task(self._stuck())
        await asyncio.wait({work, stuck}, timeout=_STUCK_WITHIN, return_when=asyncio.FIRST_COMPLETED)
        await cancel(work, stuck)
        for channel in self.channels.values():
            channel.stuck.clear()

    async def _stuck(self) -> None:
        for name, channel in self.channels.items():
            while not channel.stuck.is_set() and await self._is_busy(name):
                await asyncio.sleep(_LOOK)

    async def _is_busy(self, name: str) -> bool:
        # What is due is read first: it may be under way by the second look, but not the other way round.
        if await self.ledger.chats_due(name, until=time.time(), after=0, most=1):
            return True
        rows = await self.ledger.all_rows()
        return any(row.channel == name and row.state is DeliveryState.SENDING for row in rows)

    def clear_faults(self) -> list[str]:
        """Let nothing go wrong any more; list the chats in which something was to and did not."""
        return [name for name, channel in self.channels.items() if channel.clear_faults()]

    def counts(self) -> dict[str, int]:
        """Count the deliveries that stand in each chat."""
        return {name: self._delivered(name).total() for name in self.channels}

    async def is_whole(self) -> bool:
        """Tell whether each delivery that the ledger knows to be sent is in its chat once, and nothing else is.

        And whether nothing is left to do, but in a chat that does not receive now.
        """
        rows = await self.ledger.all_rows()
        return all([await self._is_whole(name, [row for row in rows if row.channel == name]) for name in self.channels])

    async def _is_whole(self, name: str, rows: list[Row]) -> bool:
        chat = await self.ledger.subscriptions.find(name, (CHAT[name],))
        waits = set() if chat and chat.receives else _WAITS
        known = Counter(row.delivery_ref for row in rows if row.state in _STANDS)
        return {row.state for row in rows} <= {DeliveryState.SENT} | waits and self._delivered(name) == known

    def _delivered(self, name: str) -> Counter[str]:
        return Counter(one.delivery_ref for one in self.channels[name].messages.values() if one.delivery_ref)

    async def _plan(self) -> None:
        found = await self.source.digests()
        formatters = {name: channel.formatter for name, channel in self.channels.items()}
        await plan(self.ledger, self.source.name, found, formatters, _RULES)
        await self.ledger.open_at("", 0.0)
        self.changed.set()

    async def _dispatch(self) -> None:
        await Dispatcher(self.ledger, self.channels, self.policy, on_settled=self._on_settled).run()
        self.changed.set()

    def _on_settled(self, _: Chat, row: QueuedDelivery, state: DeliveryState, _why: str) -> None:
        if state is DeliveryState.SENT:
            self.settled[row.state] += 1
        self.changed.set()
