"""Drain: make the ledger true. Send, edit, and settle what is in doubt, a lane per chat.

Each outcome of a call is one class of `bot/errors.py`, and one line of `Drain._failed`.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from bot import errors
from bot.log import log
from bot.protocols import Absent, Channel, Doubt, There
from bot.records import Chat, Row
from bot.store import Store
from bot.waiting import unless

MOST_LANES = 500  # of a channel at work at once: more than any bot's limit keeps busy, and memory stays small
_MOST_DOUBLINGS = 30  # of a pause; more would not fit a number
# Seconds before a turn at which it is granted, so that a row can be noted as under way and the call still leaves in
# time. No more than two of a bot's turns on Telegram: a reply cannot come before one that is granted.
_LEAD = 0.06


@dataclass(frozen=True, slots=True)
class Waits:
    """How long to wait for what, in seconds."""

    settle: float = 5.0  # before asking whether a doubtful send arrived: it may still be under way
    back_off: float = 1.0  # after a first network failure, doubled each time
    most: float = 3600.0  # the longest back-off
    patience: float = 60.0  # what a lane waits for; later rows are left to the next sweep
    grace: float = 20.0  # for a question under way when told to stop


# Told of each row that was settled: its chat, itself, its new state, and why where that is not "sent".
Report = Callable[[Chat, Row, str, str], None]


def silent(_chat: Chat, _row: Row, _state: str, _why: str) -> None:
    """Report nothing."""


@dataclass
class Drain:
    """One run over everything that is open, a lane per chat, each strictly in order."""

    store: Store
    channels: Mapping[str, Channel]
    waits: Waits = Waits()
    clock: Callable[[], float] = time.time
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    report: Report = silent
    gone: set[str] = field(default_factory=set)  # channels whose bot was refused in this run
    tries: dict[int, int] = field(default_factory=dict)  # failures in a row, by chat
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
        await self.store.recover(self.waits.settle)
        self.admit()
        try:
            async with asyncio.TaskGroup() as lanes:
                while self._behind or any(self._at_work.values()):
                    await self._changed.wait()
                    self._changed.clear()
                    for name in list(self._behind):
                        await self._open_lanes(lanes, self.channels[name])
        except* errors.PaperboyError as group:
            raise group.exceptions[0] from None

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
        chats = await self.store.lanes(channel.name, self.clock() + self.waits.patience, behind, free)
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
        while True:
            self._again.discard(chat.id)
            await self._work(channel, chat)
            if chat.id not in self._again:
                break
        self._at_work[channel.name].remove(chat.id)
        self._changed.set()

    async def _work(self, channel: Channel, chat: Chat | None) -> None:
        while chat and (row := await self.store.head(chat.id)) and await self._due(row):
            await unless(channel.ready(row.body), self.stopping)
            turn = await unless(channel.turn(chat.address, lead=_LEAD), self.stopping)
            if turn is None or self.stopping.is_set() or channel.name in self.gone:
                return
            chat = await self._step(channel, chat, row, turn)

    async def _due(self, row: Row) -> bool:
        """Wait until a row is due, or tell that it is for a later sweep."""
        wait = row.not_before - self.clock()
        if wait > self.waits.patience:
            return False
        if wait > 0:
            await unless(asyncio.sleep(wait), self.stopping)
        return not self.stopping.is_set()

    async def _step(self, channel: Channel, chat: Chat, row: Row, turn: float) -> Chat | None:
        """Do what one row wants at its turn; give its chat as it is afterwards, None when the lane ends."""
        try:
            if row.state == "unconfirmed":
                await _until(turn)
                await self._reconcile(channel, chat, row)
            elif await self.store.claim(row):
                await _until(turn)
                await self._deliver(channel, chat, row)
            elif await self.store.holds(row):
                return None  # another process is at work in this chat
        except errors.SendError as error:
            return await self._failed(channel, chat, row, error)
        self.tries.pop(chat.id, None)
        return chat

    async def _deliver(self, channel: Channel, chat: Chat, row: Row) -> None:
        body = _body(channel, row)
        if row.state == "pending":
            remote_id = await channel.send(chat.address, body, ref=row.ref, thread=row.thread)
            await self._settle(chat, row, "sent", remote_id=remote_id, place=chat.counter)
        else:
            await channel.edit(chat.address, row.remote_id, body)
            await self._settle(chat, row, "sent")

    async def _reconcile(self, channel: Channel, chat: Chat, row: Row) -> None:
        known = await self.store.ids(chat, row.attempted_at)
        doubt = Doubt(row.ref, _body(channel, row), row.thread, row.attempted_at, *known)
        match await unless(channel.reconcile(chat.address, doubt), self.stopping, self.waits.grace):
            case None:
                return  # told to stop; the doubt stays as it is
            case There(remote_id):
                # The post may have changed since: then the chat holds the wording that was tried.
                state = "sent" if row.tried_hash == row.hash else "stale"
                found = {"remote_id": remote_id, "place": chat.counter, "sent_hash": row.tried_hash}
                await self._settle(chat, row, state, **found)
            case Absent():
                await self._settle(chat, row, "pending")
            case unknown:
                await self._settle(chat, row, "unconfirmed", problem="Unconfirmed", error=unknown.why)

    async def _failed(self, channel: Channel, chat: Chat, row: Row, error: errors.SendError) -> Chat | None:
        """Write the ledger's next step for an error, as its class says."""
        flood = isinstance(error, errors.RetryLater) and error.flood
        told = {"problem": "Flood" if flood else type(error).__name__, "error": str(error)}
        refused = "unconfirmed" if row.state == "unconfirmed" else "failed"
        match error:
            case errors.RetryLater():
                await self._settle(chat, row, row.state, not_before=self._later(chat, error), **told)
            case errors.Unconfirmed():
                # An edit, and the question whether a send arrived, may simply be repeated.
                doubtful = "unconfirmed" if row.state == "pending" else row.state
                await self._settle(chat, row, doubtful, not_before=self._ask_at(chat, row), **told)
            case errors.Rejected() if row.state != "unconfirmed" and not row.plain:
                await self._settle(chat, row, row.state, plain=1, **told)
            case errors.Rejected():
                await self._settle(chat, row, refused, **told)
            case errors.ChatMoved():
                await self.store.move(chat.id, error.address, channel.counter(error.address))
                # What stands in the old place stays there as it is; what is in doubt is looked for in the new one.
                state = "sent" if row.state == "stale" else row.state
                await self._settle(chat, row, state, not_before=self.clock(), **told)
                return replace(chat, address=error.address, counter=channel.counter(error.address))
            case errors.ChatGone():
                await self._settle(chat, row, refused, **told)
                await self.store.pause(chat, str(error))
                return None
            case _:  # BotGone
                await self._settle(chat, row, row.state, not_before=self.clock(), **told)
                self._lose(channel, error)
                return None
        return chat

    def _lose(self, channel: Channel, error: errors.SendError) -> None:
        """Stop the other lanes of a bot that was refused, and say so once."""
        if channel.name not in self.gone:
            log.warning("bot refused", channel=channel.name, error=str(error))
        self.gone.add(channel.name)

    def _ask_at(self, chat: Chat, row: Row) -> float:
        """Give the time at which a doubt may be looked into: each lost answer makes it twice as long.

        A server that takes nothing in any more would else be asked without end.
        """
        tries = self.tries.get(chat.id, 0)
        self.tries[chat.id] = tries + 1
        return self.clock() + min(
            self.waits.settle * 2.0 ** min(row.attempts + tries, _MOST_DOUBLINGS), self.waits.most
        )

    def _later(self, chat: Chat, error: errors.RetryLater) -> float:
        """Give the time of the next try: the platform's word, else twice as long each time."""
        tries = self.tries.get(chat.id, 0)
        self.tries[chat.id] = tries + 1
        back_off = min(self.waits.back_off * 2.0 ** min(tries, _MOST_DOUBLINGS), self.waits.most)
        return self.clock() + (back_off if error.after is None else error.after)

    async def _settle(self, chat: Chat, row: Row, state: str, **values: object) -> None:
        await self.store.settle(row, state, **values)
        event = log.info if state == "sent" else log.warning
        why = str(values.get("error", ""))
        event("delivery", channel=chat.channel, chat=chat.name, key=row.key, state=state, error=why)
        self.report(chat, row, state, why)


async def _until(turn: float) -> None:
    if (wait := turn - asyncio.get_running_loop().time()) > 0:
        await asyncio.sleep(wait)


def _body(channel: Channel, row: Row) -> Mapping[str, object]:
    return channel.formatter.plain(row.body) if row.plain else row.body
