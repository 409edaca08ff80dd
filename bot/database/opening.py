"""Open the ledger's database: make it where there is none, and bring one of an older version up to date."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database.engine import Database
from bot.database.migrations import migrate
from bot.database.sqlite.engine import SqliteDatabase, make_engine, refuse_empty, refuse_moved, translating_errors
from bot.errors import LedgerError

SQLITE = "sqlite:///"
OLDEST = (3, 35)  # of SQLite: for RETURNING
Prepare = Callable[[AsyncConnection], Awaitable[None]]


@asynccontextmanager
async def open_database(url: str, clock: Callable[[], float], prepare: Prepare) -> AsyncIterator[Database]:
    """Open a database; LedgerError when it cannot be.

    `url` is sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME; `clock` gives seconds since 1970. `prepare` is
    called in the transaction in which it is brought up to date.
    """
    opened = _open_file if is_file(url) else _open_server
    async with opened(url, clock, prepare) as database:
        yield database


def is_file(url: str) -> bool:
    """Tell whether a ledger is a file."""
    return url.startswith(SQLITE)


@asynccontextmanager
async def _open_file(url: str, clock: Callable[[], float], prepare: Prepare) -> AsyncIterator[Database]:
    path = Path(url.removeprefix(SQLITE))
    if sqlite3.sqlite_version_info < OLDEST:
        needed = ".".join(map(str, OLDEST))
        raise LedgerError(f"ledger {path}: SQLite {sqlite3.sqlite_version} is too old; install {needed} or newer")
    engine = make_engine(path)
    try:
        with translating_errors(path):
            refuse_moved(path)
            path.parent.mkdir(parents=True, exist_ok=True)
            await refuse_empty(path)
            async with engine.execution_options(writes=True).begin() as db:
                await db.run_sync(migrate)
                await prepare(db)
        yield SqliteDatabase(engine, path, clock)
    finally:
        await engine.dispose()


@asynccontextmanager
async def _open_server(url: str, clock: Callable[[], float], prepare: Prepare) -> AsyncIterator[Database]:
    try:
        from bot.database.postgres.engine import PostgresDatabase
        from bot.database.postgres.engine import make_engine as make_server_engine
        from bot.database.postgres.jobs import migrate_jobs
        from bot.database.postgres.locks import MIGRATION, WAIT, named
    except ImportError as error:
        driver = "pip install 'paperboy-bot[postgres]'"
        raise LedgerError(f"store.url names PostgreSQL, whose driver is not installed: {driver}") from error
    engine = make_server_engine(url)
    try:
        database = PostgresDatabase(engine, url, clock)
        with database.translating_errors():
            async with engine.begin() as db:
                await db.execute(WAIT, named(MIGRATION))  # several workers may start at once
                await db.run_sync(migrate)
                await db.run_sync(migrate_jobs)
                await prepare(db)
                await db.run_sync(database.follow_clock)
        yield database
    finally:
        await engine.dispose()
