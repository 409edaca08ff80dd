"""What SQLite and PostgreSQL spell differently is spelled in `bot.database` alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from sqlalchemy import String, literal, select

from bot.database.dialect import field, items, number_field, whole_number
from bot.ledger.ledger import open_ledger

BOT = Path(__file__).parents[2] / "bot"
OUTSIDE = sorted(path for path in BOT.rglob("*.py") if BOT / "database" not in path.parents)


SIGNS = [
    *("sqlalchemy.dialects", "exec_driver_sql", "sqlite3", "psycopg"),
    *("PRAGMA", "fts5", "tsvector", "pg_", "json_each", "randomblob", "FOR UPDATE", "with_for_update"),
]


@pytest.mark.parametrize("sign", SIGNS)
def test_no_module_outside_of_it_names_a_dialect(sign: str) -> None:
    found = [path.relative_to(BOT).as_posix() for path in OUTSIDE if sign in path.read_text("utf-8")]
    assert found == [], f"{sign} belongs into bot/database/dialect.py"


@pytest.mark.parametrize("name", ["dialect", "driver", "drivername"])
def test_no_module_outside_of_it_asks_which_database_it_is(name: str) -> None:
    asking = [path.relative_to(BOT).as_posix() for path in OUTSIDE if name in attributes(path)]
    assert asking == [], "what differs belongs into bot/database"


def attributes(path: Path) -> set[str]:
    return {node.attr for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Attribute)}


@pytest.mark.parametrize(
    ("text", "number"),
    [("42", 42), ("1735200000.000123", 1735200000), ("-7x", -7), (" 8", 8), ("x9", 0), ("-", 0), ("", 0), (None, None)],
)
async def test_an_id_is_read_as_far_as_it_is_a_whole_number(
    ledger_url: str, text: str | None, number: int | None
) -> None:
    """Those of Slack begin with a time."""
    async with open_ledger(ledger_url) as ledger, ledger._read() as db:
        assert (await db.execute(select(whole_number(literal(text, String))))).scalar_one() == number


async def test_the_rows_of_a_list_are_read_in_their_order(ledger_url: str) -> None:
    listed = items(literal('[[7, "seven"], [-8, null], [9007199254740993, "\u2026"]]', String))
    async with open_ledger(ledger_url) as ledger, ledger._read() as db:
        rows = await db.execute(select(number_field(listed, 0), field(listed, 1)))
        assert [tuple(row) for row in rows] == [(7, "seven"), (-8, None), (9007199254740993, "…")]
