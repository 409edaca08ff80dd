"""What SQLite and PostgreSQL spell differently is spelled in `bot.database` alone."""

from __future__ import annotations

from pathlib import Path

import pytest

BOT = Path(__file__).parents[2] / "bot"
OUTSIDE = sorted(path for path in BOT.rglob("*.py") if BOT / "database" not in path.parents)


@pytest.mark.parametrize("sign", ["sqlalchemy.dialects", "PRAGMA", "tsvector", "pg_", "json_each", "randomblob"])
def test_no_module_outside_of_it_names_a_dialect(sign: str) -> None:
    found = [path.relative_to(BOT).as_posix() for path in OUTSIDE if sign in path.read_text("utf-8")]
    assert found == [], f"{sign} belongs into bot/database/dialect.py"
