"""The tables of a new ledger on PostgreSQL: those of the schema, and what only PostgreSQL spells so."""

from __future__ import annotations

from sqlalchemy import Connection, String, Table, insert, inspect

from bot.database.schema import clock, marks, metadata, paper_words
from bot.errors import LedgerError

# As `schema.paper_words` reads them; the words are spelled by `archive.ngrams`, and no dictionary is asked.
_WORDS = (
    "CREATE TABLE words (rowid bigint PRIMARY KEY, title tsvector NOT NULL, body tsvector NOT NULL)",
    # Without fastupdate no search goes through words that wait to be sorted in; few papers come at once.
    "CREATE INDEX ix_words_title ON words USING gin (title) WITH (fastupdate = off)",
    "CREATE INDEX ix_words_body ON words USING gin (body) WITH (fastupdate = off)",
)
# The newest hits of a frequent word are found from the newest digest on, without looking at all hits.
_NEWEST = ("CREATE INDEX ix_digests_day_post ON digests (day, post)",)
_VERSION = "CREATE TABLE alembic_version (version_num varchar(32) CONSTRAINT alembic_version_pkc PRIMARY KEY)"


def make_tables(connection: Connection, revision: str) -> None:
    """Make all tables as the newest migration leaves them, and the rows that are there from the beginning.

    Raises LedgerError where the database cannot hold them.
    """
    _require_fit(connection)
    metadata.create_all(connection)
    for table in metadata.sorted_tables:
        _order_by_characters(connection, table)
    for statement in (*_WORDS, *_NEWEST, _VERSION):
        connection.exec_driver_sql(statement)
    connection.execute(insert(clock).values(id=1, written_at=0.0))
    connection.execute(insert(marks).values(id=1, plan=0))
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES (%s)", (revision,))


def _order_by_characters(connection: Connection, table: Table) -> None:
    """Let the texts of a table be in order by their characters, as in SQLite, whatever order the database has."""
    texts = (column.name for column in table.columns if isinstance(column.type, String))
    if changes := ", ".join(f'ALTER COLUMN "{name}" TYPE varchar COLLATE "C"' for name in texts):
        connection.exec_driver_sql(f"ALTER TABLE {table.name} {changes}")


def _require_fit(connection: Connection) -> None:
    name = f"database {connection.engine.url.database}"
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != "UTF8":
        raise LedgerError(
            f"{name}: its encoding is {encoding}; make one by createdb --encoding=UTF8 --template=template0"
        )
    foreign = {*metadata.tables, paper_words.name} & {*inspect(connection).get_table_names()}
    if foreign:
        raise LedgerError(f"{name}: has a table {min(foreign)}, which is none of Paperboy's; name an empty database")
