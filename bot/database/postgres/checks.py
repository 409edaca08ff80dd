"""What a ledger needs of its server, for the doctor: asked before any table is made, so that each thing is told."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from psycopg import AsyncConnection, Error, OperationalError
from psycopg.rows import class_row
from psycopg.sql import Identifier

from bot.database.postgres.addresses import libpq_url, shown

_PATIENCE = 10  # seconds, for each thing that is asked
_OLDEST = 16
_FOR_A_WORKER = 8  # connections
_MOST_SKEW = 5.0  # seconds
_LASTING = {"on", "remote_apply"}  # synchronous_commit; the others wait for this server's own disk at least, but "off"
_FACTS = """
SELECT current_user AS user, current_database() AS database, current_setting('server_encoding') AS encoding,
    pg_is_in_recovery() AS is_standby, current_setting('transaction_read_only')::bool AS is_read_only,
    current_setting('synchronous_commit') AS commits, current_setting('fsync')::bool AS syncs,
    current_setting('synchronous_standby_names') != '' AS has_standby,
    (SELECT source FROM pg_settings WHERE name = 'synchronous_commit') AS commits_by,
    (SELECT source FROM pg_settings WHERE name = 'default_transaction_read_only') AS reads_by,
    current_schema() AS schema, has_schema_privilege(current_schema(), 'CREATE') AS may_create,
    has_function_privilege('pg_terminate_backend(int, bigint)', 'EXECUTE') AS may_end,
    (SELECT min(tablename) FROM pg_tables WHERE schemaname = current_schema()
        AND tablename IN ('alembic_version', 'chats', 'deliveries', 'messages', 'procrastinate_jobs')
        AND NOT pg_has_role(tableowner, 'USAGE')) AS foreign_table
"""
# How many processes share the ledger, and what of each limit is taken by others.
_LIMITS = """
WITH others AS (
    SELECT count(*) AS anywhere, count(*) FILTER (WHERE usename = current_user) AS of_user,
        count(*) FILTER (WHERE datname = current_database()) AS here
    FROM pg_stat_activity WHERE backend_type = 'client backend' AND NOT (usename = current_user
        AND datname = current_database() AND application_name LIKE 'paperboy%')
), limits AS (
    SELECT 'max_connections' AS name, current_setting('max_connections')::int AS most,
        anywhere + current_setting('superuser_reserved_connections')::int
        + coalesce(current_setting('reserved_connections', true)::int, 0) AS taken FROM others
    UNION ALL SELECT 'CONNECTION LIMIT of the database', datconnlimit, here
        FROM others, pg_database WHERE datname = current_database()
    UNION ALL SELECT 'CONNECTION LIMIT of the user', rolconnlimit, of_user
        FROM others, pg_roles WHERE rolname = current_user
), workers AS (
    SELECT count(*) AS workers FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 AND classid = 3 AND objid = 0
        AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
)
SELECT * FROM limits, workers WHERE most >= 0
"""
_NTP = "let both systems keep the time (NTP)"
_CHANNEL = "paperboy_doctor"
_TIME = "SELECT extract(epoch FROM clock_timestamp())::float"


_Row = TypeVar("_Row")
logging.getLogger("psycopg").setLevel(logging.CRITICAL + 1)  # of a query that it cancels; what is wrong is told here


class Concern(StrEnum):
    """What is wrong, by the names that the doctor has for it."""

    SERVER = "server"
    DURABILITY = "durability"
    POOLER = "pooler"
    CONNECTIONS = "connections"
    RIGHTS = "rights"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, and what to do about it: nothing where all is well."""

    concern: Concern
    what: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class _Facts:
    user: str
    database: str
    encoding: str
    is_standby: bool
    is_read_only: bool
    commits: str  # synchronous_commit
    syncs: bool
    has_standby: bool  # that commits wait for
    commits_by: str  # where that is set
    reads_by: str  # where it is set that nothing is written
    schema: str | None
    may_create: bool | None
    may_end: bool  # connections of its own
    foreign_table: str | None


@dataclass(frozen=True, slots=True)
class _Limit:
    name: str
    most: int
    workers: int
    taken: int


async def examine(url: str, clock: Callable[[], float] = time.time) -> list[Check]:
    """Look at the server of a ledger; at nothing where it cannot be reached: who opens the ledger says why.

    `clock` gives the seconds since 1970 of this machine.
    """
    try:
        db = await _connect(url)
    except Error:
        return []
    async with db:
        major, minor = divmod(db.info.server_version, 10_000)
        version = f"PostgreSQL {major}.{minor}"
        if major < _OLDEST:
            return [Check(Concern.SERVER, version, f"too old; install {_OLDEST} or newer, and move the database there")]
        try:
            found = await _examine(db, url, clock)
        except Error as error:
            cure = f"does not tell what is asked ({_line(error)}); is it PostgreSQL itself?"
            found = [Check(Concern.SERVER, version, cure)]
    return [Check(Concern.SERVER, f"{version} at {shown(url)}"), *found]


async def _connect(url: str) -> AsyncConnection[Any]:
    return await AsyncConnection.connect(
        libpq_url(url), autocommit=True, connect_timeout=_PATIENCE, application_name="paperboy doctor"
    )


async def _examine(db: AsyncConnection[Any], url: str, clock: Callable[[], float]) -> list[Check]:
    [facts] = await _rows(db, _Facts, _FACTS)
    limits = await _rows(db, _Limit, _LIMITS)
    told = [*_kind(facts, url), *_durability(facts), *_rights(facts), *_connections(limits), *await _clock(db, clock)]
    return told if facts.is_standby else [*told, *await _pooler(db, url)]  # a standby tells nobody anything


async def _rows(db: AsyncConnection[Any], kind: type[_Row], question: str) -> list[_Row]:
    return await (await db.cursor(row_factory=class_row(kind)).execute(question.encode())).fetchall()


def _kind(facts: _Facts, url: str) -> Iterator[Check]:
    what = f"ledger {shown(url)}"
    if facts.is_standby:
        yield Check(Concern.SERVER, what, "the server is a standby, which is only read; name the primary in store.url")
    elif facts.is_read_only:
        off = _set("default_transaction_read_only", "off", facts.reads_by, facts)
        yield Check(Concern.SERVER, what, f"nothing can be written there; {off}")
    if facts.encoding != "UTF8":
        cure = "make one by createdb --encoding=UTF8 --template=template0, and name it in store.url"
        yield Check(Concern.SERVER, what, f"its encoding is {facts.encoding}; {cure}")


def _durability(facts: _Facts) -> Iterator[Check]:
    forgets = "a power cut forgets what was sent, and it is sent again"
    if facts.commits == "off" or (facts.has_standby and facts.commits not in _LASTING):
        forgets = forgets if facts.commits == "off" else "a standby that takes over may lack what was sent"
        on = _set("synchronous_commit", "on", facts.commits_by, facts)
        yield Check(Concern.DURABILITY, f"synchronous_commit = {facts.commits}", f"{forgets}; {on}")
    if not facts.syncs:
        yield Check(
            Concern.DURABILITY, "fsync = off", f"{forgets}, if the database is still whole; {_system('fsync', 'on')}"
        )


def _set(name: str, value: str, source: str, facts: _Facts) -> str:
    """Say how to change a setting where it is set."""
    user, database = _quoted(facts.user), _quoted(facts.database)
    places = {
        "database": f"ALTER DATABASE {database}",
        "user": f"ALTER ROLE {user}",
        "database user": f"ALTER ROLE {user} IN DATABASE {database}",
    }
    if source == "client":
        return f"take {name} out of the options in store.url, or out of PGOPTIONS"
    return f"{places[source]} SET {name} = {value}" if source in places else _system(name, value)


def _system(name: str, value: str) -> str:
    return f"ALTER SYSTEM SET {name} = {value}; SELECT pg_reload_conf()"


def _rights(facts: _Facts) -> Iterator[Check]:
    what, user = f"user {facts.user}", _quoted(facts.user)
    if facts.schema is None:
        cure = f"its search_path names no schema that is there; ALTER ROLE {user} SET search_path = public"
        yield Check(Concern.RIGHTS, what, cure)
    elif not facts.may_create:
        cure = f"GRANT USAGE, CREATE ON SCHEMA {_quoted(facts.schema)} TO {user}"
        yield Check(Concern.RIGHTS, what, f"may make no tables there; let it own the database, or {cure}")
    if facts.foreign_table is not None:
        cure = "let it own all of them, and their sequences"
        yield Check(Concern.RIGHTS, what, f"does not own the table {facts.foreign_table}, and cannot change it; {cure}")
    if not facts.may_end:
        cure = f"GRANT EXECUTE ON FUNCTION pg_terminate_backend TO {user}"
        yield Check(Concern.RIGHTS, what, f"may not end connections of its own that stand still; {cure}")


def _connections(limits: Sequence[_Limit]) -> Iterator[Check]:
    for limit in limits:
        needed, left = max(1, limit.workers) * _FOR_A_WORKER, max(0, limit.most - limit.taken)
        if left < needed:
            workers = f"{limit.workers} workers need" if limit.workers > 1 else "a worker needs"
            why = f"{left} are left to Paperboy, and {workers} up to {needed}; raise it, or end other programs"
            yield Check(Concern.CONNECTIONS, f"{limit.name} = {limit.most}", why)


async def _clock(db: AsyncConnection[Any], clock: Callable[[], float]) -> list[Check]:
    before = clock()
    [(server,)] = await (await db.execute(_TIME)).fetchall()
    after = clock()
    ahead = (before + after) / 2 - server
    if abs(ahead) <= _MOST_SKEW + (after - before) / 2:
        return []
    return [Check(Concern.CLOCK, "clock, by the server's", f"off by {ahead:+.0f} seconds; {_NTP}")]


async def _pooler(db: AsyncConnection[Any], url: str) -> list[Check]:
    """See whether a connection is one to the server: it keeps its session, its locks, and is told what others tell."""
    try:
        async with await _connect(url) as other:
            why = await _in_time(_what_is_shared(db, other))
    except OperationalError as error:
        cure = "raise max_connections, or run fewer workers"
        return [Check(Concern.CONNECTIONS, "a second connection", f"refused ({_line(error)}); {cure}")]
    cure = "name the server itself in store.url, not PgBouncer in transaction mode or another pooler of that kind"
    return [Check(Concern.POOLER, "connections", f"{why}; {cure}")] if why else []


async def _in_time(asked: Awaitable[str]) -> str:
    waiting = asyncio.timeout(_PATIENCE)
    try:
        async with waiting:
            return await asked
    except (Error, TimeoutError):
        if not waiting.expired():
            raise
        return "one waits while another is used"


async def _what_is_shared(db: AsyncConnection[Any], other: AsyncConnection[Any]) -> str:
    """Say what two connections wrongly share; "" for nothing."""
    lock = secrets.randbelow(2**31)
    await db.execute(f"LISTEN {_CHANNEL}".encode())
    first, _ = await _session(db, lock)
    async with other.transaction():
        second, is_free = await _session(other, lock)
        again, _ = await _session(db, lock)
    if len({first, again}) > 1 or first == second:
        return "what follows in one of them goes to another session of the server"
    if is_free:
        return "a lock of one of them does not keep the other out"
    await other.execute("SELECT pg_notify(%s, '')", (_CHANNEL,))
    told = [one async for one in db.notifies(timeout=_PATIENCE / 2, stop_after=1)]
    return "" if told else "what one of them is told by NOTIFY does not arrive"


async def _session(db: AsyncConnection[Any], lock: int) -> tuple[int, bool]:
    """Give the session of the server that is spoken with, and whether it has a lock now."""
    answer = await db.execute("SELECT pg_backend_pid(), pg_try_advisory_lock(4, %s)", (lock,))
    [(session, has_lock)] = await answer.fetchall()
    return session, has_lock


def _line(error: Error) -> str:
    return " ".join(str(error).split())


def _quoted(name: str) -> str:
    return Identifier(name).as_string()
