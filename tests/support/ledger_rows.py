"""Read and change a ledger beside the program, in SQLite or in PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, NullPool, create_engine, make_url, text

from bot.database.opening import SQLITE, is_file
from bot.database.postgres.addresses import driver_url


def rows(url: str, question: str, **about: object) -> list[tuple[Any, ...]]:
    """Ask a ledger at an address; what is asked about stands as `:name` in the question."""
    with _connected(_read_only(url)) as db:
        return [tuple(row) for row in db.execute(text(question), about)]


def change(url: str, *statements: str, **about: object) -> None:
    """Change a ledger at an address in one transaction, as another process would."""
    with _connected(url) as db:
        for statement in statements:
            db.execute(text(statement), about)


@contextmanager
def _connected(url: str) -> Iterator[Connection]:
    address = url if is_file(url) else driver_url(url)
    with create_engine(make_url(address), poolclass=NullPool).begin() as db:
        yield db


def _read_only(url: str) -> str:
    """Let a file that is not there stay away."""
    return f"{SQLITE}file:{url.removeprefix(SQLITE)}?mode=ro&uri=true" if is_file(url) else url
