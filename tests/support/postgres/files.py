"""Ledgers in SQLite, lent as those in PostgreSQL are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory


class Files:
    """Each ledger is a file that is yet to be made, in a folder of its own."""

    @contextmanager
    def lend(self) -> Iterator[str]:
        with TemporaryDirectory(prefix="paperboy-") as folder:
            yield f"sqlite:///{folder}/paperboy.db"
