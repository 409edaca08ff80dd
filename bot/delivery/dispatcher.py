"""Drain: make the ledger true. Send, edit, and settle what is in doubt, a lane per chat."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field

from bot import errors
from bot.delivery.channel import Channel
from bot.delivery.worker import ChatWorker, OnSettled, RetryPolicy, RunState, ignore
from bot.ledger.records import Chat

__all__ = ["Dispatcher", "OnSettled", "RetryPolicy", "ignore"]

MOST_WORKERS = 500  # of a channel at work at once: more than any bot's limit keeps busy, and memory stays small


@dataclass
class Dispatcher(RunState):
    """One run over everything that is open, a lane per chat, each strictly in order."""

    most_workers: int = MOST_WORKERS  # of a channel at work at once
    _busy_chats: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))  # chats with a lane, by channel
    _again: set[int] = field(default_factory=set)  # those of them for which something came up since they looked
    _behind: dict[str, int] = field(default_factory=dict)  # channels of whose chats only those up to an id were seen
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Send, edit and reconcile until nothing is due; call it while `store.delivering`.

        Raises LedgerError when an outcome cannot be written; what was under way is then in doubt
        and is reconciled by the next run.
        """
        await self.ledger.mark_interrupted(self.policy.settle_delay)
        self.rescan()
        try:
            with self.stop_watch.watched():
                await self._all()
        except* errors.PaperboyError as group:
            raise group.exceptions[0] from None

    async def _all(self) -> None:
        async with asyncio.TaskGroup() as workers:
            while self._behind or any(self._busy_chats.values()):
                await self._changed.wait()
                self._changed.clear()
                for name in list(self._behind):
                    await self._start_workers(workers, self.channels[name])

    def rescan(self) -> None:
        """Take up what was planned since this run began."""
        self._behind = dict.fromkeys(self.channels, 0)
        self._changed.set()

    async def _start_workers(self, workers: asyncio.TaskGroup, channel: Channel) -> None:
        """Open lanes for the next chats of a channel, once half of the places are free."""
        at_work = self._busy_chats[channel.name]
        free = self.most_workers - len(at_work)
        if free < self.most_workers / 2:
            return
        behind = self._behind.pop(channel.name)
        if self.stopping.is_set() or channel.name in self.refused_channels:
            return
        until = self.clock() + self.policy.longest_wait
        chats = await self.ledger.chats_due(channel.name, until=until, after=behind, most=free)
        if len(chats) == free:
            self._behind.setdefault(channel.name, chats[-1].id)
        for chat in chats:
            if chat.id in at_work:
                self._again.add(chat.id)
            else:
                at_work.add(chat.id)
                workers.create_task(self._work(channel, chat))

    async def _work(self, channel: Channel, chat: Chat) -> None:
        """Work in a chat until nothing is due; once more if something came up since the last look."""
        worker = ChatWorker(self, channel, chat)
        while True:
            self._again.discard(chat.id)
            await worker.work()
            if chat.id not in self._again:
                break
        self._busy_chats[channel.name].remove(chat.id)
        self._changed.set()
