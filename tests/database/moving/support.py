"""Ledgers to be moved, and what is in them, read without the code that moves them."""

from __future__ import annotations

import shutil
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import JSON, Table

from bot.archive.index import index_all, index_words
from bot.database.opening import open_database
from bot.database.schema import metadata
from bot.database.sqlite.moving.ledger import Tell, move_ledger
from bot.ledger.ledger import open_ledger

LEDGERS = Path(__file__).parents[2] / "data" / "ledgers"
Contents = Mapping[str, Sequence[tuple[Any, ...]]]  # rows by table, in the order of their keys


opened = partial(open_database, clock=time.time, prepare=index_all)


async def move(path: Path, url: str, tell: Tell = lambda *_: None) -> Path:
    return await move_ledger(path, url, opened, index_words, tell)


def old_ledger(folder: Path, name: str = "0.1.0") -> Path:
    """Put a ledger of a former version into a folder."""
    path = folder / "paperboy.db"
    shutil.copy(LEDGERS / f"{name}.db", path)
    return path


async def ledger_of_today(folder: Path) -> Path:
    """Put one there that this program has brought up to date."""
    async with open_ledger(f"sqlite:///{old_ledger(folder)}"):
        pass
    return folder / "paperboy.db"


def change(path: Path, *statements: str) -> None:
    """Change a ledger as an operator could, with a program that knows nothing of ours."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        db.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            db.execute(statement)


def of_file(path: Path) -> Contents:
    with closing(sqlite3.connect(path)) as db:
        return {table.name: sorted(db.execute(_query(table, "")).fetchall()) for table in metadata.sorted_tables}


def of_server(url: str) -> Contents:
    """Read a database; there is nothing of a table that is not there."""
    with psycopg.connect(url) as db:
        there = {name for (name,) in db.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
        tables = [table for table in metadata.sorted_tables if table.name in there]
        return {table.name: sorted(db.execute(_query(table, "::text").encode()).fetchall()) for table in tables}


def is_empty(contents: Contents) -> bool:
    """Tell whether there is no more than in a new ledger."""
    return not any(rows for name, rows in contents.items() if name not in {"clock", "marks"})


def _query(table: Table, as_text: str) -> str:
    key = [column.name for column in table.primary_key]
    rest = [f'"{one.name}"{as_text if isinstance(one.type, JSON) else ""}' for one in table.c if one.name not in key]
    return f"SELECT {', '.join(key + rest)} FROM {table.name}"
