"""The ledger's history, applied by Alembic when a ledger is new or of an older version."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect

from bot.database.postgres.tables import make_tables
from bot.errors import LedgerError

FOLDER = Path(__file__).parent


def migrate(connection: Connection) -> None:
    """Make the tables, or bring those of an older version up to date; LedgerError where they are of a newer one."""
    revision = _revision(connection)
    if revision is None and connection.dialect.name == "postgresql":
        make_tables(connection, newest())
    elif revision != newest():
        _upgrade(connection)


def newest() -> str:
    """Give the revision that this program knows: the number with which its last file begins."""
    return max(path.name[:4] for path in FOLDER.glob("versions/[0-9]*.py"))


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return revision


def _upgrade(connection: Connection) -> None:
    from alembic import command  # it takes as long to import as a fifth of all else
    from alembic.config import Config
    from alembic.util.exc import CommandError

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        path = connection.engine.url.database
        raise LedgerError(f"ledger {path}: made by a newer Paperboy ({error}); update the program") from error
