"""Texts are in the same order in SQLite and in PostgreSQL, whatever order the database has.

The server of the tests knows no order of a language; so that no text would follow one is read in its catalogue.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import create_engine, text

from bot.database.postgres.addresses import driver_url
from bot.ledger.ledger import open_ledger
from tests.support.digests import digest, found, paper

DAY = date(2025, 1, 1)
POSTS = ["B.md", "_a.md", "a.md", "ä.md", "가.md", "Z/a.md"]


async def listed(url: str) -> list[str]:
    digests = [digest(DAY, paper(number), series=f"Papers {number}") for number, _ in enumerate(POSTS)]
    async with open_ledger(url) as ledger:
        await ledger.archive.contents.add("blog", list(map(found, digests, POSTS)))
        return [one.post for one in await ledger.known_digests("blog")]


async def test_posts_are_in_one_order(ledger_url: str) -> None:
    assert await listed(ledger_url) == sorted(POSTS)


async def test_every_text_of_a_ledger_is_in_that_order(postgres_url: str) -> None:
    """So is one that a later version adds to the schema."""
    async with open_ledger(postgres_url):
        pass
    ours = "SELECT table_name, column_name FROM information_schema.columns WHERE table_name NOT LIKE 'procrastinate%'"
    engine = create_engine(driver_url(postgres_url))
    with engine.connect() as db:
        texts = f"{ours} AND table_schema = 'public' AND data_type IN ('character varying', 'text')"
        others = text(f"{texts} AND collation_name IS DISTINCT FROM 'C'")
        assert db.execute(others).all() == [("alembic_version", "version_num")]
    engine.dispose()
