"""Advisory locks: who brings the database up to date, who plans, who delivers for which bot, and who works at all.

The server frees those of a session when its connection ends
(postgresql.org/docs/current/explicit-locking.html#ADVISORY-LOCKS).
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from bot.database.engine import Census, Key

MIGRATION: Key = (0, 0)
_PROCESS: Key = (3, 0)  # held by all who share

WAIT = text("SELECT pg_advisory_xact_lock(:kind, :which)")
_TRY = text("SELECT pg_try_advisory_lock(:kind, :which)")
_UNLOCK = text("SELECT pg_advisory_unlock(:kind, :which)")
_JOIN = text("SELECT pg_advisory_lock_shared(:kind, :which)")
# `objsubid` is 2 where two numbers name a lock.
_HELD = text(
    "SELECT CAST(CAST(classid AS bigint) AS int), CAST(CAST(objid AS bigint) AS int), count(*) FROM pg_locks "
    "WHERE locktype = 'advisory' AND objsubid = 2 AND granted "
    "AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY classid, objid"
)


def named(key: Key) -> dict[str, int]:
    """Give the parameters that name a lock."""
    return {"kind": key[0], "which": key[1]}


class SessionLocks:
    """The locks of a connection, which the server frees when it ends."""

    def join(self, db: Connection) -> None:
        """Be counted among those who share."""
        db.execute(_JOIN, named(_PROCESS))

    def census(self, db: Connection) -> Census:
        """Count the processes, and list which locks are held, by whomever."""
        held = {(kind, which): count for kind, which, count in db.execute(_HELD)}
        return Census(held.get(_PROCESS, 0), held.keys())

    def try_lock(self, db: Connection, key: Key) -> bool:
        """Take a lock unless another connection holds it."""
        taken: bool = db.execute(_TRY, named(key)).scalar_one()
        return taken

    def unlock(self, db: Connection, key: Key) -> None:
        """Give a lock back."""
        db.execute(_UNLOCK, named(key))
