"""Rows are copied to PostgreSQL (postgresql.org/docs/current/sql-copy.html)."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Any

import psycopg
from sqlalchemy import Column, Table, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database.sqlite.moving.contents import Fingerprint, Rows, UnfitRow

# However long it takes: the server may be told to end what takes long.
PATIENT = (
    text("SET LOCAL statement_timeout = 0"),
    text("SET LOCAL lock_timeout = 0"),
    text("SET LOCAL idle_in_transaction_session_timeout = 0"),
)


async def copy(
    db: AsyncConnection, table: Table, rows: AsyncIterator[Rows], tell: Callable[[int], object]
) -> Fingerprint:
    """Copy rows into a table, and tell now and then how many; give the fingerprint of what was copied.

    Raises UnfitRow.
    """
    made = Fingerprint()
    connection: Any = (await db.get_raw_connection()).driver_connection
    try:
        async with connection.cursor() as cursor, cursor.copy(_statement(db, table)) as target:
            async for some in rows:
                for row in some.values:
                    await target.write_row(row)
                made.add(some)
                tell(made.count)
    except (psycopg.IntegrityError, psycopg.DataError) as error:
        raise _refused(table, error) from error
    return made


async def count_on(db: AsyncConnection, table: Table) -> None:
    """Let the numbers that a table gives to its rows go on behind the highest one."""
    if (column := table.autoincrement_column) is None:
        return
    sequence = func.pg_get_serial_sequence(table.name, column.name)
    highest = func.max(column)
    await db.execute(select(func.setval(sequence, func.greatest(highest, 1), func.coalesce(highest, 0) > 0)))


async def analyze(db: AsyncConnection, tables: Iterable[str]) -> None:
    """Let the server count what tables hold, which it would do some minutes later by itself."""
    await db.exec_driver_sql(f"ANALYZE {', '.join(tables)}")


def _statement(db: AsyncConnection, table: Table) -> str:
    spell = db.dialect.identifier_preparer
    columns: Iterable[Column[Any]] = table.columns
    return f"COPY {spell.format_table(table)} ({', '.join(map(spell.format_column, columns))}) FROM STDIN"


def _refused(table: Table, error: psycopg.Error) -> UnfitRow:
    said, detail = error.diag.message_primary or str(error), error.diag.message_detail or ""
    place = re.search(rf"^COPY {table.name}\D*(\d+)", error.diag.context or "", re.MULTILINE)
    key = detail if detail.startswith("Key ") else ""  # else it shows the whole row
    return UnfitRow(f"{said}. {key}".rstrip(". "), place=int(place[1]) if place else 0)
