"""Empty ledgers in SQLite, which hold deliveries to the table of transitions: made once for a process, then copied."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import create_engine

from bot.database.migrations import migrate
from tests.support.transitions import ALLOWED

_TRANSITIONS = f"""
CREATE TRIGGER transitions BEFORE UPDATE OF state ON deliveries
    WHEN (OLD.state, NEW.state) NOT IN (VALUES {ALLOWED})
    BEGIN SELECT RAISE(ABORT, 'no such transition'); END
"""


def empty(path: Path) -> None:
    """Make an empty ledger."""
    path.write_bytes(_made())


@cache
def _made() -> bytes:
    with TemporaryDirectory(prefix="paperboy-ledger-") as folder:
        path = Path(folder, "paperboy.db")
        with closing(sqlite3.connect(path)) as db:
            db.execute("PRAGMA journal_mode = WAL")
        engine = create_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            migrate(connection)
            connection.exec_driver_sql(_TRANSITIONS)
        engine.dispose()
        return path.read_bytes()


class Files:
    """Empty ledgers, lent as those in PostgreSQL are: each in a folder of its own."""

    @contextmanager
    def lend(self) -> Iterator[str]:
        with TemporaryDirectory(prefix="paperboy-ledger-") as folder:
            empty(path := Path(folder, "paperboy.db"))
            yield f"sqlite:///{path}"
