"""Databases of a process of tests, on the server that all of them share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import psycopg

from tests.support.postgres.server import ADMIN, USER, PostgresServer


class Databases:
    """Makes and drops databases whose names begin with that of this process; holds a connection for it."""

    def __init__(self, server: PostgresServer, prefix: str) -> None:
        self._server = server
        self._names = (f"{prefix}_{number}" for number in count(1))
        self._admin = psycopg.connect(server.url(ADMIN, user=ADMIN), autocommit=True)

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """Lend a new database with nothing in it, as an address; whoever is still connected in the end is cut off."""
        name = next(self._names)
        # Files are copied, which takes half as long as PostgreSQL's usual way.
        self._execute(f"CREATE DATABASE {name} OWNER {USER} TEMPLATE template0 STRATEGY file_copy")
        try:
            yield self._server.url(name)
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def close(self) -> None:
        self._admin.close()

    def _execute(self, statement: str) -> None:
        self._admin.execute(statement.encode())
