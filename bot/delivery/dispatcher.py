"""Drain: make the ledger true. Send, edit, and settle what is in doubt, a lane per chat."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from bot import errors
from bot.delivery.channel import Channel
from bot.delivery.worker import Lane, Report, Run, Waits, silent
from bot.ledger.records import Chat

__all__ = ["Drain", "Report", "Waits", "silent"]

MOST_LANES = 500  # of a channel at work at once: more than any bot's limit keeps busy, and memory stays small


@dataclass
class Drain(Run):
    """One run over everything that is open, a lane per chat, each strictly in order."""

    lanes: int = MOST_LANES  # of a channel at work at once
    _at_work: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))  # chats with a lane, by channel
    _again: set[int] = field(default_factory=set)  # those of them for which something came up since they looked
    _behind: dict[str, int] = field(default_factory=dict)  # channels of whose chats only those up to an id were seen
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Send, edit and reconcile until nothing is due; call it while `store.delivering`.

        Raises LedgerError when an outcome cannot be written; what was under way is then in doubt
        and is reconciled by the next run.
        """
        await self.store.mark_interrupted(self.waits.settle)
        self.admit()
        try:
            with self.stops.watched():
                await self._all()
        except* errors.PaperboyError as group:
            raise group.exceptions[0] from None

    async def _all(self) -> None:
        async with asyncio.TaskGroup() as lanes:
            while self._behind or any(self._at_work.values()):
                await self._changed.wait()
                self._changed.clear()
                for name in list(self._behind):
                    await self._open_lanes(lanes, self.channels[name])

    def admit(self) -> None:
        """Take up what was planned since this run began."""
        self._behind = dict.fromkeys(self.channels, 0)
        self._changed.set()

    async def _open_lanes(self, lanes: asyncio.TaskGroup, channel: Channel) -> None:
        """Open lanes for the next chats of a channel, once half of the places are free."""
        at_work = self._at_work[channel.name]
        free = self.lanes - len(at_work)
        if free < self.lanes / 2:
            return
        behind = self._behind.pop(channel.name)
        if self.stopping.is_set() or channel.name in self.gone:
            return
        until = self.clock() + self.waits.patience
        chats = await self.store.chats_due(channel.name, until=until, after=behind, most=free)
        if len(chats) == free:
            self._behind.setdefault(channel.name, chats[-1].id)
        for chat in chats:
            if chat.id in at_work:
                self._again.add(chat.id)
            else:
                at_work.add(chat.id)
                lanes.create_task(self._lane(channel, chat))

    async def _lane(self, channel: Channel, chat: Chat) -> None:
        """Work in a chat until nothing is due; once more if something came up since the last look."""
        lane = Lane(self, channel, chat)
        while True:
            self._again.discard(chat.id)
            await lane.work()
            if chat.id not in self._again:
                break
        self._at_work[channel.name].remove(chat.id)
        self._changed.set()
