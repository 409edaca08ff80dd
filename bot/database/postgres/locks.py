"""Advisory locks of a session: who plans, who delivers for which bot, and who works at all.

The server frees them when the connection ends (postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.errors import Stopped

_POLL = 0.1  # seconds between two tries

# Two numbers of 32 bits name a lock: what is locked, and which one of it.
Key = tuple[int, int]
MIGRATION: Key = (0, 0)
PLANNER: Key = (1, 0)

TRY = text("SELECT pg_try_advisory_lock(:kind, :which)")
WAIT = text("SELECT pg_advisory_xact_lock(:kind, :which)")
UNLOCK = text("SELECT pg_advisory_unlock(:kind, :which)")


def named(key: Key) -> dict[str, int]:
    """Give the parameters that name a lock."""
    return {"kind": key[0], "which": key[1]}


@asynccontextmanager
async def hold_lock(
    db: AsyncConnection, key: Key, stopping: asyncio.Event, tell: Callable[[str], object]
) -> AsyncIterator[None]:
    """Hold a lock on a connection; waits for its holder, and tells so once. Raises Stopped when told to stop."""
    await _acquire(db, key, stopping, tell)
    try:
        yield
    finally:
        await db.rollback()
        await db.execute(UNLOCK, named(key))
        await db.commit()


async def _acquire(db: AsyncConnection, key: Key, stopping: asyncio.Event, tell: Callable[[str], object]) -> None:
    if await _try(db, key):
        return
    tell("another Paperboy is delivering from this ledger; waiting for it to finish")
    while not stopping.is_set():
        await asyncio.sleep(_POLL)
        if await _try(db, key):
            return
    raise Stopped


async def _try(db: AsyncConnection, key: Key) -> bool:
    held: bool = (await db.execute(TRY, named(key))).scalar_one()
    await db.commit()  # the lock is the session's; no transaction stays open beside it
    return held
