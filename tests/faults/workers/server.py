"""The PostgreSQL server of the workers, and what goes wrong with it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import psycopg

from tests.support.postgres.server import ADMIN, PostgresServer

# Deadlocks are found at once; tables do not shrink, so that a disk that is full stays so.
SETTINGS: Mapping[str, str] = {"listen_addresses": "127.0.0.1", "deadlock_timeout": "300ms", "autovacuum": "off"}
# The files of the log of changes end before the limit of a full disk does: to fail there ends the whole server.
SMALL_LOG = ("--wal-segsize=1",)
_JUNK = """
INSERT INTO deliveries (message_id, chat_id, state, error)
SELECT -number, -extract(epoch FROM clock_timestamp()) * 1000000, 'sent', repeat('x', %(length)s)
FROM generate_series(1, 20) number
"""
_SPACE = 2**20 + 4096  # bytes that any file may have on a full disk: more than such a file, and no whole page
_BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid != pg_backend_pid()"
_OWNER = """
SELECT client_port FROM pg_locks JOIN pg_stat_activity USING (pid) JOIN bots ON bots.id = objid
WHERE locktype = 'advisory' AND classid = 2 AND objsubid = 2 AND granted AND channel = %(channel)s
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

# What transactions are held by.
_HOLD = "SELECT pg_advisory_lock(99, 1)"
_WAIT = """
CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared(99, 1); RETURN NULL; END $$;
"""
WaitingPort = Callable[[], Awaitable[int]]
_WAITING = """
SELECT client_port FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND classid = 99 AND NOT granted
"""

_ACTIVITY = """
SELECT pid, client_port, state, now() - state_change AS since, wait_event, pg_blocking_pids(pid) AS by, left(query, 300)
FROM pg_stat_activity WHERE datname = current_database() AND pid != pg_backend_pid() ORDER BY pid
"""
_SOMEBODY_WAITS = "SELECT 1 FROM pg_locks WHERE locktype = 'transactionid' AND NOT granted"
_HALF = "SELECT FROM deliveries WHERE chat_id %% 2 = %(half)s FOR UPDATE"


def free_port() -> int:
    """Give a port on which nobody listens now."""
    with socket.socket() as any_port:
        any_port.bind(("127.0.0.1", 0))
        return int(any_port.getsockname()[1])


class Server:
    """A database on a server that may be stopped, filled and asked about its connections."""

    def __init__(self, server: PostgresServer, database: str) -> None:
        self._server, self.database = server, database
        self.port = server.port

    def url(self, address: str) -> str:
        """Give the database's URL at an address such as 127.0.0.1:5432."""
        return self._server.url(self.database, address=address)

    def _as_admin(self) -> str:
        return self._server.url(self.database, user=ADMIN)

    async def ask(self, question: str, **about: object) -> list[Any]:
        """Carry a statement out as one who may do anything; its values stand as `%(name)s`."""
        async with await psycopg.AsyncConnection.connect(self._as_admin(), autocommit=True) as db:
            answer = await db.execute(question.encode(), about)
            return await answer.fetchall() if answer.description else []

    async def end_connections(self, ports: Collection[int] | None = None) -> int:
        """End connections by the ports that they come from, or all; count them."""
        some = "" if ports is None else "AND client_port = ANY(%(ports)s)"
        ended = await self.ask(f"SELECT pg_terminate_backend(pid) FROM ({_BACKENDS} {some}) x", ports=list(ports or ()))
        return len(ended)

    async def owner_port(self, channel: str) -> int | None:
        """Give the port from which the owner of a channel's bot is connected."""
        found = await self.ask(_OWNER, channel=channel)
        return int(found[0][0]) if found else None

    @asynccontextmanager
    async def held(self, table: str, when: str, *, at_commit: bool = False) -> AsyncIterator[WaitingPort]:
        """Let updates of a table wait until the block ends, with their transaction or only when it is committed.

        What is given tells the port of one that waits.
        """
        constraint, deferred = ("CONSTRAINT", "DEFERRABLE INITIALLY DEFERRED") if at_commit else ("", "")
        trigger = f"CREATE {constraint} TRIGGER held AFTER UPDATE ON {table} {deferred} FOR EACH ROW WHEN ({when})"
        await self.ask(f"{_WAIT} {trigger} EXECUTE FUNCTION wait_here()")
        async with await psycopg.AsyncConnection.connect(self._as_admin(), autocommit=True) as db:
            await db.execute(_HOLD)
            yield self._waiting_port

    async def _waiting_port(self) -> int:
        while not (found := await self.ask(_WAITING)):
            await asyncio.sleep(0.01)
        return int(found[0][0])

    async def restart(self, seconds: float) -> None:
        """Let it die at once, as in a power cut, and start again after a while."""
        await asyncio.to_thread(self._server.stop, "immediate")
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._server.start)

    async def activity(self) -> str:
        """Tell what each connection does, and who keeps it waiting, a line for each."""
        return "\n".join(" ".join(map(str, row)) for row in await self.ask(_ACTIVITY))

    async def deadlocks(self) -> int:
        """Count the deadlocks that it ever ended in this database."""
        [[count]] = await self.ask("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return int(count)

    async def look_soon(self) -> None:
        """Let whoever connects from now on look for a deadlock long before a lease of the short times is over."""
        await self.ask(f"ALTER DATABASE {self.database} SET deadlock_timeout = '0.1s'")

    async def cross_locks(self) -> None:
        """Lock the rows of half of the chats, and once somebody waits for these, those of the others.

        Who holds one of the others then is in a deadlock, and loses it: he looks for one sooner than is waited here.
        """
        async with await psycopg.AsyncConnection.connect(self._as_admin()) as db:
            await db.execute("SET LOCAL deadlock_timeout = '5s'; SET LOCAL lock_timeout = '1s'")
            await db.execute(_HALF, {"half": 0})
            with suppress(TimeoutError):
                async with asyncio.timeout(0.5):
                    while not await self.ask(_SOMEBODY_WAITS):
                        await asyncio.sleep(0.005)
            with suppress(psycopg.errors.LockNotAvailable):
                await db.execute(_HALF, {"half": 1})

    @asynccontextmanager
    async def full_disk(self) -> AsyncIterator[None]:
        """Let no file of the server grow any more, as on a full disk, until the block ends.

        That of deliveries is filled. Whoever looks at it as it was keeps its space from being used again.
        """
        async with await psycopg.AsyncConnection.connect(self._as_admin()) as db:
            await db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            await db.execute("SELECT FROM deliveries LIMIT 1")
            await asyncio.to_thread(self._server.limit_files, _SPACE)
            try:
                await self._fill()
                yield
            finally:
                self._server.limit_files()

    async def _fill(self) -> None:
        """Fill the table of deliveries as far as the disk goes, at last with rows that are smaller than any other."""
        async with await psycopg.AsyncConnection.connect(self._as_admin(), autocommit=True) as db:
            for length in (1000, 100, 0):
                with suppress(psycopg.InternalError):
                    while True:
                        await db.execute(_JUNK, {"length": length})
