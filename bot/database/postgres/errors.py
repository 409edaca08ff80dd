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
_REFUSED = "user or password are refused; check store.url"
_NO_DATABASE = "there is no such database; make it with createdb, or name another one in store.url"
_TOO_MANY = "the server has too many connections; raise max_connections, or run fewer workers"
_OPTION = "an option in store.url is wrong; postgresql.org/docs/current/libpq-connect.html lists those that there are"
_REMEDIES = {
    "08": _NO_CONNECTION,
    "28": _REFUSED,
    "3D000": _NO_DATABASE,
    "42501": "the user of store.url may not do this; let it own the database",
    "53100": "the disk of the server is full; free some space: nothing in the ledger is lost",
    "53200": "the server has no memory left; nothing in the ledger is lost",
    "53300": _TOO_MANY,
    "55P03": "a table is locked by another program; end it, then run again",
    "57P": f"the server ended the connection; {_NO_CONNECTION}",
    "25006": "nothing can be written there; name the primary server in store.url, or see what `paperboy doctor` says",
    "25P0": "the server ended a connection that was idle for too long; nothing in the ledger is lost",
}
# Who cannot connect is told no SQLSTATE, only words.
_REFUSALS = {
    "authentication failed": _REFUSED,
    "no password supplied": _REFUSED,
    "no pg_hba.conf entry": _REFUSED,
    'role "': _REFUSED,
    'database "': _NO_DATABASE,
    "too many": _TOO_MANY,
    "connection slots": _TOO_MANY,
    "the database system is": "the server starts or stops just now; nothing in the ledger is lost",
    "failed to resolve host": "there is no such host, or no name server answers; check store.url",
    "invalid connection option": _OPTION,
    "invalid URI query parameter": _OPTION,
    " value: ": _OPTION,
    "for connection option": _OPTION,
    "unrecognized configuration parameter": _OPTION,
    "does not support SSL": "the server has no TLS; set it up there, or take sslmode out of store.url",
    "certificate": "the server's certificate is not trusted; let sslrootcert in store.url name the file of its CA",
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
    driver = error.orig if isinstance(error, DBAPIError) else error
    state, said = str(getattr(driver, "sqlstate", None) or ""), " ".join(str(driver).split())
    if state in _CONFLICTS:
        return Conflict(f"ledger {name}: other programs write the same all the time; run again ({said})")
    known = (text for sign, text in _REMEDIES.items() if state.startswith(sign))
    told = (text for sign, text in _REFUSALS.items() if not state and sign in said)
    remedy = next(known, None) or next(told, None) or _otherwise(error, state)
    return LedgerError(f"ledger {name}: {remedy} ({said})")


def _otherwise(error: DBAPIError | psycopg.Error, state: str) -> str:
    """Say what can be said of an error that has no remedy of its own."""
    is_cut_off = isinstance(error, DBAPIError) and error.connection_invalidated
    return "cannot be used" if state and not is_cut_off else f"no answer from the server; {_NO_CONNECTION}"
