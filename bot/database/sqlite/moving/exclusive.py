"""A ledger's file that nobody else has open, so that what is read from it is all there is, until it is put aside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, NullPool, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.database.sqlite.engine import aside, translating_errors
from bot.errors import LedgerError

_WAIT = 2000  # milliseconds: whoever only reads the ledger has ended by then


@asynccontextmanager
async def hold_alone(path: Path) -> AsyncIterator[AsyncConnection]:
    """Read a ledger while nobody else can open it; LedgerError when a program has it open.

    Its file has nothing beside it: what stood in paperboy.db-wal is in it.
    """
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", poolclass=NullPool)
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    async with AsyncExitStack() as held:
        held.push_async_callback(engine.dispose)
        with translating_errors(path):
            if not (db := await _opened(engine, held)):
                raise LedgerError(
                    f"ledger {path}: a program has it open; stop Paperboy, and whatever else reads it, then run again"
                )
        yield db


def put_aside(path: Path) -> Path:
    """Rename a ledger so that it cannot be run again, and give its new name; LedgerError when it cannot be."""
    with translating_errors(path):
        return path.rename(aside(path))


async def _opened(engine: AsyncEngine, held: AsyncExitStack) -> AsyncConnection | None:
    try:
        db = await held.enter_async_context(engine.connect())
        mode = (await db.exec_driver_sql("PRAGMA journal_mode")).scalar_one()
    except DBAPIError as error:
        if "locked" not in str(error.orig):
            raise
        return None
    return db if mode == "delete" else None  # somebody opened it in between


def _prepare(connection: Any, _: object) -> None:
    connection.isolation_level = None  # transactions are begun by `_begin`, not by the driver
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={_WAIT}")
    cursor.close()


def _begin(connection: Connection) -> None:
    """Leave the write-ahead log, which SQLite refuses while another connection is open, and lock all others out."""
    connection.exec_driver_sql("PRAGMA journal_mode=DELETE")
    connection.exec_driver_sql("BEGIN EXCLUSIVE")
