"""The ledger on a PostgreSQL server: how connections are made, written on, and what time it is."""

from __future__ import annotations

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.concurrency import steady
from bot.database.engine import MARK, FailedJob, JobQueue, Locks, Sharing, dump_json, store_text
from bot.database.postgres.addresses import driver_url, shown
from bot.database.postgres.errors import translating_errors
from bot.database.postgres.jobs import PostgresJobs, failed_jobs
from bot.database.postgres.locks import SessionLocks

# A host that is gone is noticed, so that its locks are freed here and there.
_CONNECT: dict[str, Any] = {
    "connect_timeout": 10,
    "application_name": "paperboy",
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15000,
}
# What is written by the deadline is answered within 20 seconds, or given up (`ledger/writing/deadline.py`).
SHARING = Sharing(take_over_delay=25.0, deadline=4.0, lease=10.0, look_every=0.3)
_CONNECTIONS = 4  # beside the writer's and those of jobs: eight in all, as the doctor reckons; no task takes two
_SILENCE = 1.5  # leases, after which the server ends the connection of a process that says nothing
_TICK = 1e-6  # seconds between two times that are in order; less is lost in a float
_SERVER_TIME = text("SELECT extract(epoch FROM clock_timestamp())")
_BY_INDEX = text("SET LOCAL enable_seqscan = off")
_MEASURED_FOR = 30.0  # seconds for which the difference to the server's clock is used
_LONG, _TRIES = 1.0, 3  # seconds for an answer, of which half may be the error of what was measured


def make_engine(url: str) -> AsyncEngine:
    """Make the engine of a ledger; a connection that broke is noticed before it is used."""
    how = {"connect_args": _CONNECT, "pool_size": _CONNECTIONS, "max_overflow": 0, "pool_pre_ping": True}
    engine = create_async_engine(driver_url(url), json_serializer=dump_json, **how)
    store_text(engine.sync_engine)
    return engine


class ServerClock:
    """The server's clock, which all workers share: this computer's, with the difference that was measured."""

    def __init__(self) -> None:
        self.behind = 0.0  # seconds by which this computer's clock is
        self._measured_at = -_MEASURED_FOR

    def __call__(self) -> float:
        return time.time() + self.behind

    def measure(self, db: Connection) -> None:
        """Ask the server, unless it was asked lately; once more where the answer took long, as where we stood still."""
        if steady() < self._measured_at + _MEASURED_FOR:
            return
        for _ in range(_TRIES):
            before, asked_at = time.time(), steady()
            server = float(db.execute(_SERVER_TIME).scalar_one())
            self._measured_at = steady()
            took = self._measured_at - asked_at
            self.behind = server - (before + took / 2)
            if took < _LONG:
                return


class PostgresDatabase:
    """The ledger on a server: many readers, many writers; what two of them wrote at once, one of them repeats."""

    def __init__(self, engine: AsyncEngine, url: str, clock: Callable[[], float]) -> None:
        self.name, self.clock = shown(url), ServerClock() if clock is time.time else clock
        self.sharing = SHARING
        self.locks: Locks = SessionLocks(_SILENCE * SHARING.lease)
        self.jobs: JobQueue | None = PostgresJobs(url)
        self._url, self._engine = url, engine
        self._last = 0.0  # the time that was last given in order

    async def failed_jobs(self) -> Sequence[FailedJob]:
        """List the jobs that were given up."""
        async with self.read() as db:
            return await failed_jobs(db)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """Read in one transaction."""
        with self.translating_errors():
            async with self._engine.connect() as db:
                yield db

    @asynccontextmanager
    async def read_by_index(self) -> AsyncIterator[AsyncConnection]:
        """Read in one transaction by indexes: PostgreSQL reckons without what it costs to unpack words."""
        async with self.read() as db:
            await db.execute(_BY_INDEX)
            yield db

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Write in one transaction what may change which delivery comes next in a chat.

        The mark comes last, so that who holds it waits for nobody.
        """
        async with self.write_aside() as db:
            yield db
            await db.execute(MARK)

    @asynccontextmanager
    async def write_aside(self) -> AsyncIterator[AsyncConnection]:
        """Write in one transaction."""
        with self.translating_errors():
            async with self._engine.begin() as db:
                await db.run_sync(self.follow_clock)
                yield db

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Wait for nothing: transactions do not exclude one another here."""
        yield

    def follow_clock(self, db: Connection, *, in_order: bool = False) -> float:
        """Give the time to write; if `in_order`, it is later than any that was so given before by this process.

        Times in the ledger are not moved: the server's clock counts, whatever a worker's own shows.
        """
        if isinstance(self.clock, ServerClock):
            self.clock.measure(db)
        now = self.clock()
        if in_order:
            self._last = now = max(now, self._last + _TICK)
        return now

    def writer_engine(self) -> Engine:
        """Make an engine for a thread of its own, whose connection the server ends when nothing is heard from it."""
        engine = create_engine(driver_url(self._url), connect_args=_CONNECT, json_serializer=dump_json)
        store_text(engine)
        event.listen(engine, "connect", self._prepare)
        return engine

    def cut(self, db: Connection) -> None:
        """End a connection that another thread may wait on, whatever the network does: that one gets an error."""
        with suppress(Exception):  # it has ended already
            line = socket.socket(fileno=os.dup(db.connection.driver_connection.fileno()))  # type: ignore[union-attr]
            with line:
                line.shutdown(socket.SHUT_RDWR)

    def gather_statistics(self, db: Connection, table: Table) -> None:
        """Count the rows of a table anew: PostgreSQL does so by itself a minute later, when it is too late."""
        db.exec_driver_sql(f"ANALYZE {table.name}")

    def translating_errors(self) -> AbstractContextManager[None]:
        """Raise LedgerError, in an operator's words, for what is wrong with the database."""
        return translating_errors(self.name)

    @asynccontextmanager
    async def exclusive(self, stopping: asyncio.Event, tell: Callable[[str], object]) -> AsyncIterator[None]:  # noqa: ARG002
        """Keep nobody away: the locks do."""
        yield

    def _prepare(self, connection: Any, _: object) -> None:
        """Let the server end a new connection once nothing is heard from it for long, also in a transaction.

        And let it plan each of the few statements once: what is to be told to them changes nothing in their plans.
        """
        longest = round(1000 * _SILENCE * self.sharing.lease)
        settings = {"idle_session_timeout": longest, "idle_in_transaction_session_timeout": longest}
        with connection.cursor() as cursor:
            for setting, value in (settings | {"plan_cache_mode": "force_generic_plan"}).items():
                cursor.execute(f"SET {setting} = {value}")
        connection.commit()
