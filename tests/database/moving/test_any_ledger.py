"""Whatever a ledger holds, PostgreSQL holds the same afterwards."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import JSON, BigInteger, Column, Float, String, Table, UniqueConstraint, create_engine, insert

from bot.archive.index import digest_to_json
from bot.database.schema import metadata
from bot.database.states import ChatState, DeliveryState, DigestState
from tests.database.moving.support import Contents, is_empty, move, of_file, of_server
from tests.support.digests import days
from tests.support.ledger_files import empty
from tests.support.postgres.databases import Databases, Ledgers
from tests.support.postgres.ledger import make_ledger

Row = dict[str, Any]
STATES: Mapping[str, type[StrEnum]] = {"chats": ChatState, "deliveries": DeliveryState, "digests": DigestState}
MADE_BY_IT = {"clock", "marks", "papers"}  # papers are those of the digests' contents
Rows = Mapping[str, list[Row]]  # by table

_NUL = re.compile(r"\0|\\u0000|(\\.)", re.DOTALL)
texts = st.text(st.characters(codec="utf-8"), max_size=9)
floats = st.floats(allow_nan=False)
leaves = st.none() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts
values = st.recursive(st.lists(leaves, max_size=2), lambda one: st.dictionaries(texts, one | leaves), max_leaves=4)
contents = st.integers(0, 3).map(lambda most: digest_to_json(days(1, papers=most)[0].digest))


def of_column(column: Column[Any], table: Table) -> st.SearchStrategy[Any]:
    """Make values that a column may hold."""
    made = _required(column, table)
    return made | st.none() if column.nullable else made


def _required(column: Column[Any], table: Table) -> st.SearchStrategy[Any]:
    if column.name == "state" and table.name in STATES:
        return st.sampled_from([*map(str, STATES[table.name])])
    if isinstance(column.type, JSON):
        return contents if column.name == "content" else values
    if isinstance(column.type, String):
        return texts
    if isinstance(column.type, Float):
        return floats
    bits = 63 if isinstance(column.type, BigInteger) else 31
    return st.integers(-(2**bits), 2**bits - 1)


def unique(table: Table) -> list[Callable[[Row], object]]:
    """Tell in which columns no two rows may hold the same; NUL is left out."""

    def of(names: Sequence[str]) -> Callable[[Row], object]:
        return lambda row: repr([row[name] for name in names]).replace("\\x00", "")

    keys = [table.primary_key, *(one for one in table.constraints if isinstance(one, UniqueConstraint))]
    return [of([column.key for column in one.columns]) for one in keys]


@st.composite
def ledgers(draw: st.DrawFn) -> Rows:
    """Make the rows of all tables, with numbers that exist where one refers to another."""
    made: dict[str, list[Row]] = {}
    for table in metadata.sorted_tables:
        referred = {one.parent: [row["id"] for row in made[one.column.table.name]] for one in table.foreign_keys}
        numbers = {column: st.sampled_from(known) for column, known in referred.items() if known}
        rows = st.fixed_dictionaries(
            {one.key: numbers[one] if one in numbers else of_column(one, table) for one in table.c}
        )
        most = 0 if table.name in MADE_BY_IT or len(numbers) < len(referred) else 4
        made[table.name] = draw(st.lists(rows, max_size=most, unique_by=tuple(unique(table))))
    return made


def write(path: Path, rows: Rows) -> None:
    empty(path)
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as db:
        for name in filter(rows.get, rows):
            db.execute(insert(metadata.tables[name]), rows[name])
    engine.dispose()


@pytest.fixture(scope="module")
def servers(postgres_databases: Databases) -> Iterator[Ledgers]:
    with closing(Ledgers(postgres_databases, make_ledger)) as lent:
        yield lent


def without_nul(contents: Contents) -> Contents:
    """Leave out what PostgreSQL cannot hold, also where JSON spells it."""
    return {
        name: [tuple(_NUL.sub(_unless_nul, one) if isinstance(one, str) else one for one in row) for row in rows]
        for name, rows in contents.items()
    }


def _unless_nul(found: re.Match[str]) -> str:
    return found[1] or ""


@given(rows=ledgers())
def test_any_ledger_is_moved_whole(servers: Ledgers, rows: Rows) -> None:
    with TemporaryDirectory() as folder, servers.lend() as url:
        path = Path(folder) / "paperboy.db"
        write(path, rows)
        moved = asyncio.run(move(path, url))
        before, after = without_nul(of_file(moved)), without_nul(of_server(url))
        assert {name: sorted(some, key=repr) for name, some in before.items()} == {
            name: sorted(some, key=repr) for name, some in after.items()
        }
        moved.rename(path)
        told: list[str] = []
        asyncio.run(move(path, url, lambda doing, *_: told.append(doing)))
        assert {one.partition(" ")[0] for one in told} == {"comparing"} or is_empty(after)
