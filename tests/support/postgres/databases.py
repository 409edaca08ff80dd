"""Databases of a process of tests, on the server that all of them share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import count

import psycopg

from tests.support.postgres.server import ADMIN, USER, PostgresServer

# What was in the tables of a new ledger; tables without rows are not kept.
_KEEP = """
CREATE SCHEMA kept;
DO $$ DECLARE name text; rows boolean; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO rows;
        IF rows THEN EXECUTE format('CREATE TABLE kept.%1$I AS TABLE public.%1$I', name); END IF;
    END LOOP;
END $$;
"""
# Rows are deleted as a replica would: whatever the order, foreign keys and triggers have no say.
_RESTORE = """
SET session_replication_role = replica;
DO $$ DECLARE name text; BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DELETE FROM public.%I', name);
    END LOOP;
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'kept' LOOP
        EXECUTE format('INSERT INTO public.%1$I OVERRIDING SYSTEM VALUE SELECT * FROM kept.%1$I', name);
    END LOOP;
    PERFORM setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
        FROM pg_sequences WHERE last_value IS NOT NULL;
END $$;
"""
_CUT_OFF = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = current_database()
    AND backend_type = 'client backend' AND pid != pg_backend_pid()
"""
_RESTING = 2  # how many ledgers there are before one is lent again


class Databases:
    """Makes and drops databases whose names begin with that of this process; holds a connection for it."""

    def __init__(self, server: PostgresServer, prefix: str) -> None:
        self._server = server
        self._names = (f"{prefix}_{number}" for number in count(1))
        self._admin = self.connect(ADMIN)

    def connect(self, name: str) -> psycopg.Connection:
        """Connect as the user who may do anything; each statement is a transaction."""
        return psycopg.connect(self._server.url(name, user=ADMIN), autocommit=True)

    @contextmanager
    def fresh(self, template: str = "template0") -> Iterator[str]:
        """Lend a new database, as its name; whoever is still connected in the end is cut off."""
        name = next(self._names)
        # Files are copied, which takes half as long as PostgreSQL's usual way.
        self._execute(f"CREATE DATABASE {name} OWNER {USER} TEMPLATE {template} STRATEGY file_copy")
        try:
            yield name
        finally:
            self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def url(self, name: str) -> str:
        return self._server.url(name)

    def close(self) -> None:
        self._admin.close()

    def _execute(self, statement: str) -> None:
        self._admin.execute(statement.encode())


class Ledgers:
    """Databases that each hold an empty ledger, lent again and again: to empty one takes less than to make one.

    `prepare` makes a ledger in an empty database, whose address it gets.
    """

    def __init__(self, databases: Databases, prepare: Callable[[str], None]) -> None:
        self._databases, self._held = databases, ExitStack()
        self._template = self._held.enter_context(databases.fresh())
        prepare(databases.url(self._template))
        with databases.connect(self._template) as db:
            db.execute(_KEEP)
        self._free: list[tuple[str, psycopg.Connection]] = []

    @contextmanager
    def lend(self) -> Iterator[str]:
        """Lend a ledger, as an address. What is written into it later is not seen by whom it is lent to next."""
        name, admin = self._emptied() if len(self._free) >= _RESTING else self._made()
        try:
            yield self._databases.url(name)
        finally:
            self._free.append((name, admin))

    def close(self) -> None:
        self._held.close()

    def _made(self) -> tuple[str, psycopg.Connection]:
        name = self._held.enter_context(self._databases.fresh(self._template))
        return name, self._held.enter_context(self._databases.connect(name))

    def _emptied(self) -> tuple[str, psycopg.Connection]:
        """Empty the one that was given back first: there its connections have ended, and need not be waited for."""
        name, admin = self._free.pop(0)
        admin.execute(_CUT_OFF)
        admin.execute(_RESTORE)
        return name, admin
