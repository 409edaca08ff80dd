"""Which files every user of this machine can read, though they hold tokens, or who receives what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

_OTHERS_READ_OR_WRITE, _OTHERS_ENTER = 0o006, 0o001  # bits of the mode


def ledger_files(ledger: Path | None) -> tuple[Path, ...]:
    """Name the files that hold what is in a ledger: SQLite has two more while it is in use, a server has them all."""
    return () if ledger is None else (ledger, *(ledger.with_name(f"{ledger.name}{end}") for end in ("-wal", "-shm")))


def open_to_all(paths: Iterable[Path]) -> Iterator[tuple[Path, str]]:
    """Give the files that every user of this machine can read, each with what to do; others need not exist."""
    for path in paths:
        if _is_open_to_all(path):
            yield path, f"every user of this machine can read it; let its group be the bot's, then: chmod o= {path}"


def _is_open_to_all(path: Path) -> bool:
    """Tell whether everybody can reach and read a file: a folder above it may keep them out."""
    try:
        above = (folder.stat().st_mode & _OTHERS_ENTER for folder in path.resolve().parents)
        return bool(path.stat().st_mode & _OTHERS_READ_OR_WRITE) and all(above)
    except OSError:
        return False
