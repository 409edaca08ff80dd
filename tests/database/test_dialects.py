"""What SQLite and PostgreSQL spell differently is spelled in `bot.database` alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

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
