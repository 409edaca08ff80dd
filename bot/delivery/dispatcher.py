"""Make the ledger true: send, edit, and find out what became of unconfirmed sends, with a worker per chat."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from bot.delivery.channel import Channel
from bot.delivery.worker import ChatWorker, OnSettled, RetryPolicy, RunState, Working, ignore
from bot.errors import LedgerError
from bot.ledger.records.deliveries import Chat

__all__ = ["Dispatcher", "OnSettled", "RetryPolicy", "Working", "ignore"]

MOST_WORKERS = 500  # of a channel at work at once: more than any bot's limit keeps busy, and memory stays small


@dataclass
class Dispatcher(RunState):
    """One run over all that is due, with a worker per chat."""

    most_workers: int = MOST_WORKERS  # of a channel at work at once
    waiting: Mapping[str, Collection[int]] = field(default_factory=dict)  # by channel: chats to which nothing is sent
    broken_chats: dict[str, Exception] = field(default_factory=dict)  # by name: what ended the work in a chat
    _busy_chats: dict[str, set[int]] = field(default_factory=lambda: defaultdict(set))  # that have a worker, by channel
    _again: set[int] = field(default_factory=set)  # those of them that got something new since their worker looked
    _behind: dict[str, int] = field(default_factory=dict)  # channels, with the id of the last chat that was seen
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)  # of the workers
    _loss: Exception | None = None  # of the connection to the ledger, and of the bots with it

    async def run(self) -> None:
        """Send, edit and reconcile until nothing is due; the caller holds the bots, and `Ledger.dispatch_lock`.

        Raises LedgerError when an outcome cannot be written; what was under way is then unconfirmed
        and is reconciled by the next run. So it is with one chat, when anything unexpected ends the work in it:
        that is in `broken_chats` then, and the others go on.
        """
        for name in self.channels:
            await self.ledger.mark_interrupted(name, self.policy.settle_delay)
        self.rescan()
        try:
            with self.ledger.writer.on_loss(self._end), self.stop_watch.watched():
                await self._all()
        except* Exception as group:
            if (task := asyncio.current_task()) and task.cancelling():  # as a group does not tell
                raise asyncio.CancelledError from group
            raise group.exceptions[0] from None

    async def _all(self) -> None:
        async with asyncio.TaskGroup() as workers:
            while self._behind or any(self._busy_chats.values()):
                await self._changed.wait()
                if self._loss:
                    raise self._loss
                self._changed.clear()
                for name in list(self._behind):
                    await self._start_workers(workers, self.channels[name])

    def _end(self, why: Exception) -> None:
        """Let no worker take one step more, since the bots are lost: it would be beside who has them by now."""
        self._loss = why
        self._changed.set()
        for task in self._tasks:
            task.cancel()

    def rescan(self) -> None:
        """Look for due chats again, since something was planned."""
        self._behind = dict.fromkeys(self.channels, 0)
        self._changed.set()

    async def _start_workers(self, workers: asyncio.TaskGroup, channel: Channel) -> None:
        """Start workers for the next chats of a channel, once half of their number is free."""
        busy = self._busy_chats[channel.name]
        free = self.most_workers - len(busy)
        if free < self.most_workers / 2:
            return
        behind = self._behind.pop(channel.name)
        if self.stopping.is_set() or channel.name in self.refused_channels:
            return
        until = self.clock() + self.policy.longest_wait
        chats = await self.ledger.chats_due(channel.name, until=until, after=behind, most=free)
        if len(chats) == free:
            self._behind.setdefault(channel.name, chats[-1].id)
        for chat in chats if not self._loss else ():
            if chat.id in self.waiting.get(channel.name, ()):
                continue
            if chat.id in busy:
                self._again.add(chat.id)
            else:
                busy.add(chat.id)
                task = workers.create_task(self._work(channel, chat))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)

    async def _work(self, channel: Channel, chat: Chat) -> None:
        """Work in a chat; what is wrong there and nowhere else must not end the work in others."""
        try:
            with self.working(chat):
                await self._work_until_done(ChatWorker(self, channel, chat))
        except LedgerError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told of this chat
            self.broken_chats[f"{chat.channel} {chat.name}"] = error
        self._busy_chats[channel.name].remove(chat.id)
        self._changed.set()

    async def _work_until_done(self, worker: ChatWorker) -> None:
        """Work in a chat until nothing is due; once more if something came up since the last look."""
        chat_id = worker.chat.id
        while True:
            self._again.discard(chat_id)
            await worker.work()
            if chat_id not in self._again:
                break
