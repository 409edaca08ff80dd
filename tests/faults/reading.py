"""Read a ledger beside the program, in SQLite or in PostgreSQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import NullPool, create_engine, make_url, text

from bot.database.opening import SQLITE, is_file


def rows(url: str, question: str, **about: object) -> list[Any]:
    """Ask a ledger at an address; what is asked about stands as `:name` in the question."""
    address = make_url(_read_only(url)) if is_file(url) else make_url(url).set(drivername="postgresql+psycopg")
    with create_engine(address, poolclass=NullPool).connect() as db:
        return list(db.execute(text(question), about))


def _read_only(url: str) -> str:
    """Let a file that is not there stay away."""
    return f"{SQLITE}file:{url.removeprefix(SQLITE)}?mode=ro&uri=true"
