"""A new ledger in PostgreSQL, which holds deliveries to the table of transitions as the one in SQLite does."""

from __future__ import annotations

from sqlalchemy import create_engine

from bot.database.migrations import migrate
from bot.database.postgres.addresses import driver_url
from bot.database.postgres.jobs import migrate_jobs
from tests.support.transitions import ALLOWED

_TRANSITIONS = f"""
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no such transition'; END $$;
CREATE TRIGGER transitions BEFORE UPDATE OF state ON deliveries FOR EACH ROW
    WHEN ((OLD.state, NEW.state) NOT IN ({ALLOWED})) EXECUTE FUNCTION refuse();
"""


def make_ledger(url: str) -> None:
    """Make the tables in an empty database."""
    engine = create_engine(driver_url(url))
    with engine.begin() as db:
        migrate(db)
        migrate_jobs(db)
        db.exec_driver_sql(_TRANSITIONS)
    engine.dispose()
