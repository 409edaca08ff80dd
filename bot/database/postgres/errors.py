"""What the errors of PostgreSQL mean to an operator (postgresql.org/docs/current/errcodes-appendix.html)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from bot.database.engine import Conflict
from bot.errors import LedgerError

_CONFLICTS = {"40001", "40P01"}  # serialization failure, deadlock
_NO_CONNECTION = "is it running, and reachable from here? Nothing in the ledger is lost"
_REMEDIES = {
    "08": _NO_CONNECTION,
    "28": "user or password are refused; check store.url",
    "3D000": "there is no such database; make it with createdb, or name another one in store.url",
    "42501": "the user of store.url may not do this; let it own the database",
    "53100": "the disk of the server is full; free some space: nothing in the ledger is lost",
    "53200": "the server has no memory left; nothing in the ledger is lost",
    "53300": "the server has too many connections; raise max_connections, or run fewer workers",
    "55P03": "a table is locked by another program; end it, then run again",
    "57P": f"the server ended the connection; {_NO_CONNECTION}",
    "25006": "the server is a read-only copy; name the primary one in store.url",
    "25P0": "the server ended a connection that was idle for too long; nothing in the ledger is lost",
}
# Who cannot connect is told no SQLSTATE, only words.
_REFUSALS = {
    "authentication failed": "28",
    "no password supplied": "28",
    "no pg_hba.conf entry": "28",
    'role "': "28",
    'database "': "3D000",
    "too many": "53300",
    "connection slots": "53300",
}


@contextmanager
def translating_errors(name: str) -> Iterator[None]:
    """Raise LedgerError, in an operator's words, for what is wrong; Conflict where to repeat helps."""
    try:
        yield
    except (DBAPIError, psycopg.Error) as error:
        raise _translated(name, error) from error
    except PoolTimeoutError as error:
        raise LedgerError(f"ledger {name}: too much is read from it at once; run again") from error


def _translated(name: str, error: DBAPIError | psycopg.Error) -> LedgerError:
    state, said = sqlstate(error), " ".join(str(_driver(error)).split())
    if state in _CONFLICTS:
        return Conflict(f"ledger {name}: other programs write the same all the time; run again ({said})")
    return LedgerError(f"ledger {name}: {remedy(state, connected=not _is_cut_off(error))} ({said})")


def sqlstate(error: DBAPIError | psycopg.Error) -> str:
    """Give the SQLSTATE of an error; "" where none is known, as when the server cannot be reached."""
    driver = _driver(error)
    refusals = (state for sign, state in _REFUSALS.items() if sign in str(driver))
    return str(getattr(driver, "sqlstate", None) or next(refusals, ""))


def _driver(error: DBAPIError | psycopg.Error) -> BaseException | None:
    return error.orig if isinstance(error, DBAPIError) else error


def _is_cut_off(error: DBAPIError | psycopg.Error) -> bool:
    return isinstance(error, DBAPIError) and error.connection_invalidated


def remedy(state: str, *, connected: bool = True) -> str:
    """Say what to do about an error of this SQLSTATE."""
    known = (text for sign, text in _REMEDIES.items() if state.startswith(sign))
    return next(known, "cannot be used" if state and connected else f"no answer from the server; {_NO_CONNECTION}")
