"""Messages that are deleted again: what the bot says in a channel, and the commands that are posted there.

They are noted until then, so that none is forgotten when the program ends. No delivery is ever among them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Delete, Select, Update, delete, func, select, update

from bot.database.dialect import Insert, insert
from bot.database.engine import Database, repeats
from bot.database.schema import expiring_messages as expiring

_MOST = 100  # that are listed at once


@dataclass(frozen=True, slots=True)
class ExpiringMessage:
    """A message that is to be deleted."""

    number: int  # in the ledger
    address: str
    remote_id: str


class ExpiringMessages:
    """The messages that are to be deleted, and when."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._read, self._write = database.read, database.write_aside
        self._clock = clock

    @repeats
    async def note(self, channel: str, address: str, remote_id: str, seconds: float) -> None:
        """Note that a message is to be deleted in so many seconds."""
        async with self._write() as db:
            await db.execute(_note(channel, address, remote_id, self._clock() + seconds))

    @repeats
    async def postpone(self, channel: str, address: str, remote_id: str, seconds: float) -> None:
        """Let a message that is to be deleted stay for so many seconds from now; nothing becomes one of them."""
        async with self._write() as db:
            await db.execute(_postpone(channel, address, remote_id, self._clock() + seconds))

    async def due(self, channel: str) -> list[ExpiringMessage]:
        """List the messages whose time is over, older first."""
        async with self._read() as db:
            return [ExpiringMessage(*row) for row in await db.execute(_due(channel, self._clock()))]

    async def next_in(self, channel: str) -> float | None:
        """Give the seconds until the next message is due, None when there is none."""
        async with self._read() as db:
            at: float | None = (await db.execute(_next_at(channel))).scalar_one()
        return None if at is None else max(0.0, at - self._clock())

    @repeats
    async def forget(self, number: int) -> None:
        """Forget a message that was deleted, or cannot be."""
        async with self._write() as db:
            await db.execute(_forget(number))


def _note(channel: str, address: str, remote_id: str, at: float) -> Insert:
    row = insert(expiring).values(channel=channel, address=address, remote_id=remote_id, delete_at=at)
    return row.on_conflict_do_update(index_elements=["channel", "address", "remote_id"], set_={"delete_at": at})


def _postpone(channel: str, address: str, remote_id: str, at: float) -> Update:
    known = (expiring.c.channel == channel, expiring.c.address == address, expiring.c.remote_id == remote_id)
    return update(expiring).where(*known).values(delete_at=at)


def _due(channel: str, now: float) -> Select[Any]:
    over = (expiring.c.channel == channel, expiring.c.delete_at <= now)
    query = select(expiring.c.id, expiring.c.address, expiring.c.remote_id).where(*over)
    return query.order_by(expiring.c.id).limit(_MOST)


def _next_at(channel: str) -> Select[Any]:
    return select(func.min(expiring.c.delete_at)).where(expiring.c.channel == channel)


def _forget(number: int) -> Delete:
    return delete(expiring).where(expiring.c.id == number)
