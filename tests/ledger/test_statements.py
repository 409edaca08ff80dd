"""Every statement of the ledger is one for both databases, and none goes through all deliveries."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Dialect, Executable, create_engine
from sqlalchemy.dialects import postgresql, sqlite

from bot.database.schema import metadata
from bot.ledger.ledger import open_ledger
from tests.support.explained import plan, statements

pytestmark = pytest.mark.unmeasured  # nothing is carried out

STATEMENTS = dict(statements())
EACH = [pytest.param(statement, id=name) for name, statement in STATEMENTS.items()]
OF_ALL = {"ledger.sql.delivery_sql.all_rows.0"}  # for a ledger as small as a demo's
OF_FEW = [pytest.param(statement, id=name) for name, statement in STATEMENTS.items() if name not in OF_ALL]
# Deliveries, by all their names; those that are not settled have an index of their own.
ALL = re.compile(r"SCAN (deliveries(_\d+)?|parent|held|other|rows|settled|index_row)\b(?! USING .*unsettled)")


@pytest.fixture(scope="module")
def empty() -> Iterator[Connection]:
    engine = create_engine("sqlite://")
    with engine.connect() as db:
        metadata.create_all(db)
        db.exec_driver_sql("CREATE VIRTUAL TABLE words USING fts5 (title, body)")
        yield db
    engine.dispose()


def test_they_are_found() -> None:
    assert len(STATEMENTS) > 100
    assert {"ledger.sql.claim_sql.CLAIM.0", "ledger.status.chat_counts.0"} <= STATEMENTS.keys()


@pytest.mark.parametrize("statement", EACH)
@pytest.mark.parametrize("spelled", [sqlite.dialect, postgresql.dialect])
def test_it_is_spelled_for_both(statement: Any, spelled: Callable[[], Dialect]) -> None:
    assert str(statement.compile(dialect=spelled()))


@pytest.mark.parametrize("statement", OF_FEW)
def test_it_does_not_go_through_all_deliveries(empty: Connection, statement: Executable) -> None:
    """SQLite keeps no statistics, so it goes the same way whatever the ledger holds."""
    assert [step for step in plan(empty, statement) if ALL.match(step)] == []


async def test_both_databases_understand_them(ledger_url: str) -> None:
    async with open_ledger(ledger_url) as ledger, ledger._read() as db:
        for _, statement in statements():
            await db.run_sync(plan, statement)
