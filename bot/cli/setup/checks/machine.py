"""This machine: the ledger's file, its disk, and who can read what."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from bot.cli.setup.checks.findings import Finding, Name
from bot.cli.setup.rights import open_to_all
from bot.database.sqlite.backup import damage

_LEAST_FREE = 100 * 2**20  # bytes


async def ledger(path: Path) -> Finding:
    """Look through the ledger, which takes seconds for one of a gigabyte."""
    why = await asyncio.to_thread(damage, path)
    cure = f"the file is damaged ({why}); stop Paperboy, and put a backup back" if why else ""
    return Finding(Name.LEDGER, f"ledger {path}", cure)


def disk(path: Path, least: int = _LEAST_FREE) -> Iterator[Finding]:
    """Find a disk with less space than `least` bytes, and than a copy of the ledger takes."""
    free, needed = shutil.disk_usage(path.parent).free, max(least, path.stat().st_size)
    if free < needed:
        cure = f"{free >> 20:,} MB are free; make it {needed >> 20:,}: nothing is sent once it is full"
        yield Finding(Name.DISK, f"disk of {path.parent}", cure)


def files(paths: Iterable[Path]) -> Iterator[Finding]:
    """Find files that every user of this machine can read."""
    return (Finding(Name.FILES, str(path), cure) for path, cure in open_to_all(paths))
