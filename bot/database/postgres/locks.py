"""Advisory locks: who brings the database up to date, who plans, who delivers for which bot, and who works at all.

The server frees those of a session when its connection ends
(postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS).
"""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
from sqlalchemy import Connection, text

from bot.database.engine import Census, Key

MIGRATION: Key = (0, 0)
_PROCESS: Key = (3, 0)  # held by all who share

WAIT = text("SELECT pg_advisory_xact_lock(:kind, :which)")
# The server counts how often a lock is taken: a transaction that is repeated must not take it twice.
_TRY = text(
    "SELECT CASE WHEN EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2 "
    "AND pid = pg_backend_pid() AND classid = :kind AND objid = :which) "
    "THEN true ELSE pg_try_advisory_lock(:kind, :which) END"
)
# No time-out ends a transaction that stands still right behind an `executemany`: psycopg sends it as a pipeline, whose
# last word disarms idle_in_transaction_session_timeout. So others end it, with its locks.
_END_SILENT = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
    "AND usename = current_user AND pid != pg_backend_pid() AND application_name LIKE 'paperboy%' "
    "AND state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - make_interval(secs => :silence)"
)
_UNLOCK = text("SELECT pg_advisory_unlock(:kind, :which)")
_JOIN = text("SELECT pg_advisory_lock_shared(:kind, :which)")
_LISTEN, _TELL = text("LISTEN paperboy"), text("SELECT pg_notify('paperboy', :what)")
# `objsubid` is 2 where two numbers name a lock.
_HELD = text(
    "SELECT CAST(CAST(classid AS bigint) AS int), CAST(CAST(objid AS bigint) AS int), count(*) FROM pg_locks "
    "WHERE locktype = 'advisory' AND objsubid = 2 AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY classid, objid"
)


# The server keeps 63 bytes of a name, in ASCII.
_PREFIX = "paperboy "
_NAME = text("SELECT set_config('application_name', :name, false)")
_NAMES = text(
    "SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid) "
    "WHERE locktype = 'advisory' AND objsubid = 2 AND classid = :kind AND objid = :which AND granted "
    "AND datname = current_database() ORDER BY 1"
)


def named(key: Key) -> dict[str, int]:
    """Give the parameters that name a lock."""
    return {"kind": key[0], "which": key[1]}


class SessionLocks:
    """The locks of a connection, which the server frees when it ends; and what is told over it."""

    def __init__(self, silence: float) -> None:
        self._silence = silence  # seconds after which a transaction in which nothing happens is ended
        self._told: set[str] = set()  # it comes with the answer to any statement

    def join(self, db: Connection, name: str) -> None:
        """Be counted among those who share, under a name, and be told what they tell."""
        connection: psycopg.Connection = db.connection.driver_connection  # type: ignore[assignment]
        own = connection.info.backend_pid
        connection.add_notify_handler(lambda told: None if told.pid == own else self._told.add(told.payload))
        db.execute(_LISTEN)
        db.execute(_NAME, {"name": f"{_PREFIX}{name}"})
        db.execute(_JOIN, named(_PROCESS))

    def names(self, db: Connection) -> Sequence[str]:
        """List the names of those who share."""
        return [name.removeprefix(_PREFIX) for name in db.execute(_NAMES, named(_PROCESS)).scalars()]

    def census(self, db: Connection) -> Census:
        """Count the processes, list which locks are held, by whomever, and what other processes told.

        Who stands still in a transaction is ended first.
        """
        db.execute(_END_SILENT, {"silence": self._silence})
        held = {(kind, which): count for kind, which, count in db.execute(_HELD)}
        told, self._told = self._told, set()
        return Census(held.get(_PROCESS, 0), held.keys(), told)

    def tell(self, db: Connection, what: str) -> None:
        """Tell something to all who joined."""
        db.execute(_TELL, {"what": what})

    def try_lock(self, db: Connection, key: Key) -> bool:
        """Take a lock unless another connection holds it."""
        taken: bool = db.execute(_TRY, named(key)).scalar_one()
        return taken

    def unlock(self, db: Connection, key: Key) -> None:
        """Give a lock back."""
        db.execute(_UNLOCK, named(key))
