"""Subscribers: which chats receive digests, and what they wish. Each wish is committed before it is answered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.records import Subscriber
from bot.sqlite import Database
from bot.statements import edition_of, reopened, unsent
from bot.tables import chats, deliveries

_FIELDS = (
    *(chats.c.id, chats.c.channel, chats.c.name, chats.c.address, chats.c.kind, chats.c.state, chats.c.reason),
    *(chats.c.layout, chats.c.language, chats.c.silent, chats.c.schedule),
)


class Subscribers:
    """The chats of the ledger, as their people see them."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._read, self._write = database.read, database.write
        self._clock = clock

    async def find(self, channel: str, addresses: Sequence[str]) -> Subscriber | None:
        """Find the chat known by one of these addresses, preferably one that receives."""
        known = or_(chats.c.address.in_(addresses), chats.c.name.in_(addresses))
        query = select(*_FIELDS).where(chats.c.channel == channel, known)
        receiving_first = query.order_by(chats.c.state == "removed", chats.c.id).limit(1)
        async with self._read() as db:
            row = (await db.execute(receiving_first)).first()
        return None if row is None else _subscriber(row)

    async def places(self, channel: str, names: Sequence[str]) -> list[Subscriber]:
        """List a chat and its topics, as far as the ledger knows them."""
        one = [column == name for name in names for column in (chats.c.address, chats.c.name)]
        topics = [column.startswith(f"{name}:") for name in names for column in (chats.c.address, chats.c.name)]
        query = select(*_FIELDS).where(chats.c.channel == channel, or_(*one, *topics))
        async with self._read() as db:
            return [_subscriber(row) for row in await db.execute(query)]

    async def strangers(self, channel: str) -> list[Subscriber]:
        """List the chats of the settings of which it is not known what they are."""
        unknown = (chats.c.channel == channel, chats.c.kind == "", chats.c.state == "active")
        async with self._read() as db:
            return [_subscriber(row) for row in await db.execute(select(*_FIELDS).where(*unknown))]

    async def meet(self, channel: str, address: str, counter: str, kind: str, language: str, layout: str) -> int:
        """Note a chat that receives nothing yet, and give its id."""
        row = {"channel": channel, "name": address, "address": address, "counter": counter, "kind": kind}
        wishes = {"language": language, "origin": "reader", "state": "removed", "edition": layout}
        made = insert(chats).values(**row, **wishes).on_conflict_do_update(["channel", "name"], set_={"kind": kind})
        async with self._write() as db:
            chat: int = (await db.execute(made.returning(chats.c.id))).scalar_one()
            await _respell(db, chat, layout)
        return chat

    async def subscribe(self, chat: int, layout: str, *, now: bool) -> None:
        """Let a chat receive digests from now on; with `now`, the newest one at once."""
        values = {"origin": "reader", "state": "active", "reason": "", "since": self._clock(), "eager": int(now)}
        async with self._write() as db:
            await db.execute(update(chats).where(chats.c.id == chat).values(values))
            await _respell(db, chat, layout)

    async def unsubscribe(self, chat: int) -> None:
        """Let a chat receive nothing more; what waits for it is dropped."""
        waits = (deliveries.c.chat_id == chat, deliveries.c.state == "pending")
        async with self._write() as db:
            gone = {"origin": "reader", "state": "removed", "reason": "", "eager": 0}
            await db.execute(update(chats).where(chats.c.id == chat).values(gone))
            await db.execute(delete(deliveries).where(*waits))

    async def wish(self, chat: int, layout: str, **wishes: object) -> None:
        """Write what a chat wishes; `layout` is what the operator set."""
        async with self._write() as db:
            await db.execute(update(chats).where(chats.c.id == chat).values(wishes))
            await _respell(db, chat, layout)

    async def pause(self, chat: int, reason: str) -> None:
        """Send nothing to a chat that cannot be written to; its wishes stay."""
        active = (chats.c.id == chat, chats.c.state == "active")
        async with self._write() as db:
            await db.execute(update(chats).where(*active).values(state="paused", reason=reason))

    async def resume(self, chat: int) -> None:
        """Go on where a chat was paused."""
        async with self._write() as db:
            await db.execute(reopened(chats.c.id == chat))
            back = {"state": "active", "reason": ""}
            await db.execute(update(chats).where(chats.c.id == chat, chats.c.state == "paused").values(back))

    async def retry(self) -> int:
        """Make all that failed or is unconfirmed due again, and give how many messages that are.

        An unconfirmed one is sent again: whoever asks has looked, and it is not there.
        """
        receiving = select(chats.c.id).where(chats.c.state != "removed")
        again = (deliveries.c.state.in_(("failed", "unconfirmed")), deliveries.c.chat_id.in_(receiving))
        due = {"state": unsent("pending", "stale"), "not_before": None, "plain": 0}
        async with self._write() as db:
            retried = await db.execute(update(deliveries).where(*again).values(due))
            back = {"state": "active", "reason": ""}
            await db.execute(update(chats).where(chats.c.state == "paused").values(back))
        return int(retried.rowcount)


def _subscriber(row: Any) -> Subscriber:
    return Subscriber(**{**row._mapping, "silent": bool(row.silent)})


async def _respell(db: AsyncConnection, chat: int, layout: str) -> None:
    await db.execute(update(chats).where(chats.c.id == chat).values(edition=edition_of(layout)))
