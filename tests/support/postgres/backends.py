"""The process of the server that serves the connection on which a ledger claims, and which holds its locks."""

from __future__ import annotations

from bot.ledger.ledger import Ledger
from tests.support.ledger_rows import rows


def backend_of(ledger: Ledger) -> int:
    """Give the number of that process, once anything was written there."""
    connection = ledger.writer._connection._connection
    assert connection
    pid: int = connection.connection.driver_connection.info.backend_pid  # type: ignore[union-attr]
    return pid


def end_backend(url: str, backend: int) -> None:
    """End it if it is there still, and wait until it is gone."""
    rows(url, "SELECT pg_terminate_backend(:backend, 5000)", backend=backend)
