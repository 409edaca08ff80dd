"""What a table holds, read in the same way from both databases, so that two copies of it can be compared."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from sqlalchemy import JSON, Column, ColumnElement, FromClause, String, Table, cast, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database.dialect import by_bytes
from bot.errors import PaperboyError

_AT_ONCE = 2000  # rows in memory
_NUL = "\0"
# Spelled so, a row may have NUL in a text, bytes, or in JSON escaped what PostgreSQL cannot give as text.
_ODD = ("\\x00", "(b'", '(b"', " b'", ' b"', "\\\\u0000", "\\\\ud", "\\\\uD")
_ESCAPES = re.compile(
    r"(?P<whole>\\u[dD][89abAB]..\\u[dD][c-fC-F]..)|(?P<nul>\\u0000)|(?P<half>\\u[dD][89a-fA-F]..)|\\.", re.DOTALL
)


class UnfitRow(PaperboyError):
    """SQLite took a row that PostgreSQL does not take, and why not.

    `key` names it; else `place` is its place in the order of the key, from 1 on, 0 where that is not known.
    """

    def __init__(self, why: str, *, key: str = "", place: int = 0) -> None:
        super().__init__(why)
        self.key, self.place = key, place


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a table, in the order of its key; a value of JSON is its text."""

    values: Sequence[Sequence[Any]]
    spelled: str


class Fingerprint:
    """How many rows a table has, and a hash over what they hold."""

    def __init__(self) -> None:
        self.count, self._hash = 0, blake2b()

    def add(self, rows: Rows) -> None:
        self.count += len(rows.values)
        self._hash.update(f"{rows.spelled}\n".encode())

    @property
    def value(self) -> tuple[int, str]:
        """Compare two of them by this."""
        return self.count, self._hash.hexdigest()


async def read(db: AsyncConnection, table: Table) -> AsyncIterator[Rows]:
    """Read a table, some thousand rows at a time; UnfitRow when a value is neither a number nor a text.

    A NUL character in a text, which PostgreSQL does not have, is left out, and half of a character in JSON replaced.
    """
    query = select(*map(_as_text, table.c)).order_by(*_key_order(table))
    async with db.stream(query, execution_options={"yield_per": _AT_ONCE}) as found:
        async for part in found.partitions():
            rows = _rows(part)
            is_odd = any(sign in rows.spelled for sign in _ODD)
            yield _rows([_cleaned(table, row) for row in part]) if is_odd else rows


async def fingerprint(db: AsyncConnection, table: Table) -> Fingerprint:
    """Read a table to its end."""
    made = Fingerprint()
    async for rows in read(db, table):
        made.add(rows)
    return made


async def count(db: AsyncConnection, table: FromClause) -> int:
    return int((await db.execute(select(func.count()).select_from(table))).scalar_one())


async def key_at(db: AsyncConnection, table: Table, place: int) -> str:
    """Name a row as people find it, by its place in the order of the key, from 1 on."""
    query = select(*table.primary_key).order_by(*_key_order(table)).offset(place - 1).limit(1)
    return _named(table, (await db.execute(query)).one())


def _rows(values: Sequence[Sequence[Any]]) -> Rows:
    return Rows(values, "\n".join([repr(tuple(row)) for row in values]))  # SQLAlchemy would spell parts of them


def _cleaned(table: Table, row: Sequence[Any]) -> tuple[Any, ...]:
    if bytes in map(type, row):
        which = [row[place] for place, column in enumerate(table.c) if column.primary_key]
        raise UnfitRow("it holds bytes, which are no text", key=_named(table, which))
    return tuple(_storable(value, column) for value, column in zip(row, table.c, strict=True))


def _storable(value: Any, column: Column[Any]) -> Any:
    """Give a value without what PostgreSQL refuses: of JSON when it is asked for a field of it."""
    if not isinstance(value, str):
        return value
    whole = value.replace(_NUL, "")
    return _ESCAPES.sub(_as_storable, whole) if isinstance(column.type, JSON) else whole


def _as_storable(escape: re.Match[str]) -> str:
    return {"nul": "", "half": r"\ufffd"}.get(escape.lastgroup or "", escape[0])


def _named(table: Table, key: Sequence[object]) -> str:
    columns = (column.name for column in table.primary_key)
    return ", ".join(f"{column} {value!r}" for column, value in zip(columns, key, strict=True))


def _as_text(column: Column[Any]) -> ColumnElement[Any]:
    return cast(column, String) if isinstance(column.type, JSON) else column


def _key_order(table: Table) -> list[ColumnElement[Any]]:
    return [by_bytes(one) if isinstance(one.type, String) else one for one in table.primary_key]
