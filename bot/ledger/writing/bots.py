"""Who delivers for which bot, and who plans: what each process holds by locks on the connection of its writer.

Without the connection there is no lock, and without it no claim either: who lost a bot can send nothing for it.
"""

from __future__ import annotations

import asyncio
import math
import os
import socket
from collections.abc import AsyncIterator, Callable, Collection, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from sqlalchemy import Connection, select, update

from bot.concurrency import beside, steady
from bot.database.dialect import insert
from bot.database.engine import BOT, PLANNER, PLANNING, TO_DISPATCH, Census, Database, Key, repeats
from bot.database.schema import bots
from bot.errors import Stopped
from bot.ledger.sql import transitions
from bot.ledger.writing.lease import Lease
from bot.ledger.writing.writer import BatchWriter

_POLL = 0.1  # seconds between two tries
_PINGS = 3  # in a lease


@dataclass(frozen=True, slots=True)
class Bot:
    """One bot: a token, or a workspace."""

    id: int
    channel: str

    @property
    def lock(self) -> Key:
        return BOT, self.id


@dataclass(frozen=True, slots=True)
class Owned:
    """Who delivers for the bot of a channel, if anybody does."""

    channel: str
    host: str = ""
    pid: int = 0
    since: float | None = None  # seconds since 1970
    per_minute: int = 0  # messages, lately


def fair_share(known: Collection[Bot], census: Census) -> int:
    """Give how many of these bots a process has at the most."""
    return math.ceil(len(known) / max(1, census.processes))


class Bots:
    """The bots of a ledger, and the locks of this process."""

    def __init__(self, database: Database, writer: BatchWriter) -> None:
        self.sharing = database.sharing
        self._database, self._writer = database, writer
        self._locks = database.locks
        self.on_loss = writer.on_loss

    @repeats
    async def known(self, channels: Collection[str]) -> list[Bot]:
        """Give the bots of these channels; a new one is written down."""
        theirs = select(bots.c.id, bots.c.channel).where(bots.c.channel.in_(channels)).order_by(bots.c.id)
        async with self._database.read() as db:
            found = [Bot(*row) for row in await db.execute(theirs)]
        if not (new := sorted({*channels} - {bot.channel for bot in found})):
            return found
        async with self._database.write_aside() as db:
            await db.execute(insert(bots).on_conflict_do_nothing(), [{"channel": one} for one in new])
            return [Bot(*row) for row in await db.execute(theirs)]

    async def join(self) -> None:
        """Be counted among those who work, as long as the connection lives."""
        await self._writer.write(lambda db, _: self._locks.join(db, f"{socket.gethostname()} {os.getpid()}"))

    async def owners(self) -> tuple[list[Owned], Sequence[str]]:
        """Tell who delivers for each bot, and name all processes that share the ledger; nothing where it is a file."""
        return await self._writer.write(self._owners) if self._writer.lease.is_limited else ([], ())

    @repeats
    async def count(self, channel: str, per_minute: int) -> None:
        """Write how many messages were sent in the last minute for a bot that is this process's."""
        mine = (bots.c.channel == channel, bots.c.host == socket.gethostname(), bots.c.pid == os.getpid())
        if self._writer.lease.is_limited:
            async with self._database.write_aside() as db:
                await db.execute(update(bots).where(*mine).values(per_minute=per_minute))

    async def look(self, mine: Collection[Key], known: Sequence[Bot]) -> tuple[Census, Set[Key]]:
        """Tell who works, and what is held by whomever, and take at once what nobody has: bots up to a fair share."""
        return await self._writer.write(partial(self._look, mine, known))

    async def tell(self, what: str) -> None:
        """Tell all processes that share the ledger that there may be something to do."""
        if self._writer.lease.is_limited:
            await self._writer.write(lambda db, _: self._locks.tell(db, what))

    async def right(self, lease: Lease) -> float:
        """Give the deadline of a call that is made now; LedgerError where the bots of a lease are not held any more."""
        if not lease.is_limited:
            return math.inf
        at = await self._writer.write(lambda _db, _now: steady() + self.sharing.deadline)
        lease.require()
        return at

    async def try_lock(self, key: Key) -> bool:
        """Take a lock unless another process holds it."""
        return await self._writer.write(lambda db, _: self._locks.try_lock(db, key))

    async def unlock(self, key: Key) -> None:
        """Give a lock back."""
        await self._writer.write(lambda db, _: self._locks.unlock(db, key))

    async def take(self, bot: Bot) -> bool:
        """Take a bot unless another process has it."""
        return await self._writer.write(partial(self._take, bot))

    async def give_back(self, bot: Bot) -> None:
        """Give a bot back in order, with nothing under way."""
        await self._writer.write(partial(self._give_back, bot))

    @asynccontextmanager
    async def planning(self, stopping: asyncio.Event, tell: Callable[[str], object]) -> AsyncIterator[None]:
        """Be the only one who plans; who dispatches is told of it in the end.

        Waits for another one, and tells so once. Raises Stopped when told to stop meanwhile.
        """
        async with beside(self.stay()):
            await self._wait_for(PLANNING, stopping, tell)
            try:
                yield
                await self.tell(TO_DISPATCH)
            finally:
                await self.unlock(PLANNING)

    @asynccontextmanager
    async def taken(self, channels: Collection[str]) -> AsyncIterator[set[str]]:
        """Take those of these channels' bots that nobody has, until the block ends, and give their channels.

        Raises LedgerError when they are lost: nothing more is to be done for them.
        """
        async with beside(self.stay()), self._ended_by_loss():
            lease = self._writer.lease
            mine = [bot for bot in await self.known(channels) if await self.take(bot)]
            try:
                yield {bot.channel for bot in mine}
            finally:
                if self._writer.lease is lease:
                    for bot in mine:
                        await self.give_back(bot)

    @asynccontextmanager
    async def _ended_by_loss(self) -> AsyncIterator[None]:
        """Cancel the block when the connection is lost, and raise what happened."""
        task, losses = cast("asyncio.Task[Any]", asyncio.current_task()), list[Exception]()

        def end(why: Exception) -> None:
            losses.append(why)
            task.cancel()

        try:
            with self.on_loss(end):
                yield
        except asyncio.CancelledError:
            if not losses:
                raise
            task.uncancel()
            raise losses[0] from None

    async def stay(self) -> None:
        """Let the database hear of this process, so that it keeps its locks."""
        while self._writer.lease.is_limited:
            await self._writer.write(lambda _db, _now: None)
            await asyncio.sleep(self.sharing.lease / _PINGS)

    async def _wait_for(self, key: Key, stopping: asyncio.Event, tell: Callable[[str], object]) -> None:
        if await self.try_lock(key):
            return
        tell("another Paperboy is planning in this ledger; waiting for it to finish")
        while not stopping.is_set():
            await asyncio.sleep(_POLL)
            if await self.try_lock(key):
                return
        raise Stopped

    def _look(self, mine: Collection[Key], known: Sequence[Bot], db: Connection, now: float) -> tuple[Census, Set[Key]]:
        census, taken = self._locks.census(db), set[Key]()
        free = census.held.isdisjoint
        if PLANNER not in mine and free({PLANNER}) and self._locks.try_lock(db, PLANNER):
            taken.add(PLANNER)
        missing = fair_share(known, census) - sum(bot.lock in mine for bot in known)
        for bot in known:
            if missing > 0 and bot.lock not in mine and free({bot.lock}) and self._take(bot, db, now):
                taken.add(bot.lock)
                missing -= 1
        return census, taken

    def _take(self, bot: Bot, db: Connection, now: float) -> bool:
        """Take it; where its former owner did not give it back, that one may be asking about a send still."""
        if not self._locks.try_lock(db, bot.lock):
            return False
        if db.execute(select(bots.c.host).where(bots.c.id == bot.id)).scalar_one():
            db.execute(transitions.ask_later(bot.channel, now + self.sharing.take_over_delay))
        mine = {"host": socket.gethostname(), "pid": os.getpid(), "taken_at": now, "per_minute": 0}
        db.execute(update(bots).where(bots.c.id == bot.id).values(mine))
        return True

    def _owners(self, db: Connection, _: float) -> tuple[list[Owned], Sequence[str]]:
        held = self._locks.census(db).held
        columns = (bots.c.id, bots.c.channel, bots.c.host, bots.c.pid, bots.c.taken_at, bots.c.per_minute)
        rows = db.execute(select(*columns).order_by(bots.c.channel))
        owned = [Owned(*known) if (BOT, number) in held else Owned(known[0]) for number, *known in rows]
        return owned, self._locks.names(db)

    def _give_back(self, bot: Bot, db: Connection, _: float) -> None:
        db.execute(update(bots).where(bots.c.id == bot.id).values(host="", pid=0, taken_at=None))
        self._locks.unlock(db, bot.lock)
