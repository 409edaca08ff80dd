"""Power loss, as far as one can have it without pulling the plug.

At a random moment the program is stopped and its ledger copied, the file and its log as they are then.
The shared memory beside them is left out, as no machine keeps it over a restart. A copy must open, be
consistent, and know of everything that the platforms took in.

What this does not show is that the disk holds what the system was told to write: the copies come
through the system's own memory. For that, SQLite waits for the disk at each commit (`synchronous=FULL`,
see tests/ledger/test_ledger.py), and `sending` is committed before the call.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.posts import PAPERS, post
from tests.faults.process import LONGEST_RUN
from tests.faults.site import Site

UNDER_WAY = ("sending", "sent")


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 40))])
async def test_the_power_goes_out(site: Site, seed: int) -> None:
    """Nothing of the program is left but the copy, again and again."""
    chance = random.Random(seed)
    site.post(post(PAPERS))
    for _ in range(2):
        copy = await _copied(site, chance, most=8)
        site.kill()
        assert (await site.end()).killed
        _put_in_place(copy, site.ledger)
    await site.finish()
    site.check()


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 40))])
async def test_a_copy_from_the_middle_of_a_run(site: Site, seed: int) -> None:
    """The program went on after the copy was made, and then only the copy is left.

    It cannot know of later sends; but of what it knows to be sent, or being sent, nothing is sent again.
    """
    chance = random.Random(seed)
    site.post(post(PAPERS))
    copy = await _copied(site, chance, most=16)
    site.process.send(signal.SIGCONT)
    assert (await site.end()).code == 0
    _put_in_place(copy, site.ledger)
    site.faults += 1
    known = {chat: {entry.key for entry in site.entries(chat) if entry.state in UNDER_WAY} for chat in site.chats.names}
    await site.finish()
    site.check(known=known)


async def _copied(site: Site, chance: random.Random, most: int) -> Path:
    """Start the program, stop it at one of its first calls, and copy the ledger as it is then."""
    reached = asyncio.Event()

    def stop() -> None:
        site.process.send(signal.SIGSTOP)
        reached.set()

    site.at(chance.randint(1, most), stop, answered=chance.random() < 0.5)
    process = await site.start("deliver")
    async with asyncio.timeout(LONGEST_RUN):
        await reached.wait()
    await process.stands_still()
    copy = site.folder / f"copy-{len(site.processes)}.db"
    for end in ("", "-wal"):
        shutil.copyfile(f"{site.ledger}{end}", f"{copy}{end}")
    _look_through(copy)
    return copy


def _look_through(copy: Path) -> None:
    """Check that SQLite finds nothing wrong, and that no chat has two messages under way."""
    twin = Path(shutil.copyfile(copy, copy.with_suffix(".twin")))
    shutil.copyfile(f"{copy}-wal", f"{twin}-wal")
    with closing(sqlite3.connect(twin)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        count = "SELECT count(*) FROM deliveries WHERE state IN ('sending', 'editing') GROUP BY chat_id"
        assert {number for (number,) in db.execute(count)} <= {1}


def _put_in_place(copy: Path, ledger: Path) -> None:
    ledger.with_name(f"{ledger.name}-shm").unlink(missing_ok=True)
    ledger.with_name(f"{ledger.name}-wal").unlink(missing_ok=True)
    for end in ("", "-wal"):
        shutil.copyfile(f"{copy}{end}", f"{ledger}{end}")
