"""Copy the ledger while it is in use, with SQLite's online backup (sqlite.org/backup.html)."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from bot.database.sqlite.engine import refuse_moved, remedy
from bot.errors import LedgerError


def backup(ledger: Path, copy: Path) -> int:
    """Copy a ledger to a new file and give its size in bytes.

    The copy is whole or not there at all: it bears its name only once it was written and checked.
    Raises LedgerError when there is no ledger, when the copy exists already or cannot be written.
    """
    refuse_moved(ledger)
    if not ledger.exists():
        raise LedgerError(f"ledger {ledger}: is not there yet; nothing to copy")
    if copy.exists():
        raise LedgerError(f"{copy}: exists already; name a new file")
    part = copy.with_name(f"{copy.name}.part")
    try:
        _copied(ledger, part)
        part.rename(copy)
    except (sqlite3.Error, OSError) as error:
        raise LedgerError(f"{ledger} to {copy}: {remedy(str(error))}") from error
    finally:
        part.unlink(missing_ok=True)
    return copy.stat().st_size


def damage(ledger: Path) -> str:
    """Say what is damaged in a ledger, "" for nothing; it may be in use."""
    try:
        with closing(_opened(ledger, "ro")) as opened:
            (verdict,) = opened.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        return str(error)
    return "" if verdict == "ok" else " ".join(str(verdict).split())


def _copied(ledger: Path, part: Path) -> None:
    part.unlink(missing_ok=True)
    with closing(_opened(ledger, "ro")) as source, closing(_opened(part, "rwc")) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # one file, with nothing beside it
        (verdict,) = target.execute("PRAGMA integrity_check(1)").fetchone()
    if verdict != "ok":
        raise LedgerError(f"ledger {ledger}: the file is damaged ({verdict}); put an earlier copy back")


def _opened(file: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{file.absolute().as_uri()}?mode={mode}", uri=True)
