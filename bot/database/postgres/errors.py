"""What the errors of PostgreSQL mean to an operator (postgresql.org/docs/current/errcodes-appendix.html)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

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


@contextmanager
def translating_errors(name: str) -> Iterator[None]:
    """Raise LedgerError, in an operator's words, for what is wrong; Conflict where to repeat helps."""
    try:
        yield
    except DBAPIError as error:
        raise _translated(name, error) from error
    except PoolTimeoutError as error:
        raise LedgerError(f"ledger {name}: too much is read from it at once; run again") from error


def _translated(name: str, error: DBAPIError) -> LedgerError:
    state, said = sqlstate(error), " ".join(str(error.orig).split())
    if state in _CONFLICTS:
        return Conflict(f"ledger {name}: other programs write the same all the time; run again ({said})")
    return LedgerError(f"ledger {name}: {remedy(state, connected=not error.connection_invalidated)} ({said})")


def sqlstate(error: DBAPIError) -> str:
    """Give the SQLSTATE of an error; "" where the server told none, as when it cannot be reached."""
    return str(getattr(error.orig, "sqlstate", None) or "")


def remedy(state: str, *, connected: bool = True) -> str:
    """Say what to do about an error of this SQLSTATE."""
    known = (text for sign, text in _REMEDIES.items() if state.startswith(sign))
    return next(known, "cannot be used" if state and connected else f"no answer from the server; {_NO_CONNECTION}")
