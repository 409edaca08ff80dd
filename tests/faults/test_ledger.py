"""The ledger: a full disk, another program that holds it, an old version, files that are damaged."""

from __future__ import annotations

import resource
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.database.test_upgrade import made_by_the_first_version
from tests.faults.posts import PAPERS, post
from tests.faults.site import ALWAYS, Site
from tests.support.chats import READER
from tests.support.fakes.faults import lost_answer
from tests.support.installed import paperboy

MORE = range(1, 9)
REFUSED = 2  # exit code


# A full disk


async def test_no_space_for_a_new_ledger(site: Site) -> None:
    site.ledger.unlink()
    site.post(post(PAPERS))
    ended = await site.deliver(pages=5)
    assert (ended.code, "the disk is full" in ended.err, site.calls) == (REFUSED, True, 0), ended.err
    site.faults += 1
    await site.finish(most=1)
    site.check()


async def test_no_page_more_while_planning(site: Site) -> None:
    site.post(post(PAPERS))
    await site.finish(most=1)
    site.post(post(MORE, "새"))
    ended = await site.deliver(pages=_pages(site.ledger))
    assert (ended.code, "the disk is full" in ended.err) == (REFUSED, True), ended.err
    site.faults += 1
    await site.finish(most=1)
    site.check()


@pytest.mark.parametrize("call", [9, pytest.param(1, marks=pytest.mark.long)])
async def test_no_byte_more_in_mid_run(site: Site, call: int) -> None:
    """As under a quota; a send under way when the ledger cannot be written any more is unconfirmed."""
    site.post(post(range(1, 8)))
    site.at(call, lambda: _let_no_file_grow(site), answered=True)
    ended = await site.deliver()
    assert (ended.code, "ledger" in ended.err) == (REFUSED, True), ended.err
    site.faults += 1
    await site.finish()
    site.check()


# Another program that holds it


@pytest.mark.long
async def test_locked_from_the_start(site: Site) -> None:
    site.post(post(PAPERS))
    await site.finish(most=1)
    site.post(post(PAPERS, "새"))
    with _locked(site.ledger):
        ended = await site.deliver(busy=50)
    assert (ended.code, "keeps it locked" in ended.err) == (REFUSED, True), ended.err
    site.faults += 1
    await site.finish(most=1)
    site.check()


@pytest.mark.parametrize("call", [11, pytest.param(2, marks=pytest.mark.long)])
async def test_locked_in_mid_run(site: Site, call: int) -> None:
    """The answers that come then cannot be written down."""
    site.post(post(PAPERS))
    with _lock_later(site.ledger) as lock:
        site.at(call, lock, answered=True)
        ended = await site.deliver(busy=50)
    assert (ended.code, "keeps it locked" in ended.err) == (REFUSED, True), ended.err
    site.faults += 1
    await site.finish()
    site.check()


@pytest.mark.long
async def test_locked_for_as_long_as_the_installed_program_waits(site: Site) -> None:
    site.post(post([1]))
    await site.finish(most=1)
    with _locked(site.ledger):
        done = await paperboy("status", "--config", site.folder / "paperboy.toml")
    assert (done.code, "keeps it locked" in done.err) == (REFUSED, True)
    site.faults += 1
    site.check()


# Deleted or replaced


async def test_taken_away_under_a_running_bot(site: Site) -> None:
    """As `git clean` does; the bot says so at each sweep, and sends nothing until it is started with the file."""
    site.more = ALWAYS
    site.post(post([1]))
    process = await site.start("run")
    await process.until(site._settled)
    calls = site.calls
    away = site.ledger.rename(site.folder / "away.db")
    site.post(post(PAPERS))
    await process.says('"run failed"', times=2)
    await process.says("deleted or replaced")
    process.send(signal.SIGTERM)
    assert ((await site.end()).code, site.calls, site.ledger.exists()) == (0, calls, False)
    away.rename(site.ledger)
    site.faults += 1
    await site.finish(most=1)
    site.check()


# Another version


async def test_of_the_first_version(site: Site) -> None:
    """An old program was killed in a send; then the post grew, and the program was upgraded."""
    site.post(post(PAPERS))
    site.happen(lost_answer(method="sendMessage", chat=READER, skip=1))
    site.at(9, site.kill, answered=True)
    assert (await site.deliver()).killed
    await _as_of_the_first_version(site.ledger)
    site.faults += 1
    site.post(post([1, 9, 2, 3], "새"))
    await site.finish()
    site.check()


async def test_of_a_newer_version(site: Site) -> None:
    site.post(post(PAPERS))
    await site.finish(most=1)
    today = _alone(site.ledger)
    with closing(sqlite3.connect(site.ledger)) as db:
        db.executescript("UPDATE alembic_version SET version_num = '9999'")
    await _refused_and_kept(site, "newer Paperboy")
    site.ledger.write_bytes(today)
    await site.finish(most=1)
    site.check()


# Damage

DAMAGES: tuple[Callable[[bytes], bytes], ...] = (
    lambda whole: whole[: len(whole) // 2],
    lambda whole: whole[:-4096],  # its last page
    lambda whole: whole[:5000],  # all but a page and a bit
    lambda whole: whole[:10],
    lambda whole: bytes(range(256)) * (len(whole) // 256),
    lambda whole: b"\0" * 100 + whole[100:],
)


async def test_damaged_files_are_refused_and_never_overwritten(site: Site) -> None:
    await _damaged(site, *DAMAGES)


async def test_a_file_of_no_length_is_refused_too(site: Site) -> None:
    await _damaged(site, lambda _whole: b"")


async def _damaged(site: Site, *damages: Callable[[bytes], bytes]) -> None:
    """Damage the ledger; when the operator has put the copy back, all goes on."""
    site.post(post(PAPERS))
    await site.finish(most=1)
    whole = _alone(site.ledger)
    site.post(post(PAPERS, "새"))
    for damage in damages:
        site.ledger.write_bytes(damage(whole))
        await _refused_and_kept(site, "ledger")
    site.ledger.write_bytes(whole)
    await site.finish(most=1)
    site.check()


async def _refused_and_kept(site: Site, words: str) -> None:
    before, calls = site.ledger.read_bytes(), site.calls
    ended = await site.deliver()
    assert (ended.code, site.calls) == (REFUSED, calls), ended.err
    assert words in ended.err
    assert site.ledger.read_bytes() == before
    site.faults += 1


def _alone(ledger: Path) -> bytes:
    """Take all of a ledger into its one file, and give it."""
    with closing(sqlite3.connect(ledger)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert not ledger.with_name(f"{ledger.name}-wal").exists()
    return ledger.read_bytes()


def _pages(ledger: Path) -> int:
    with closing(sqlite3.connect(ledger)) as db:
        return int(db.execute("PRAGMA page_count").fetchone()[0])


@contextmanager
def _locked(ledger: Path) -> Iterator[None]:
    with _lock_later(ledger) as lock:
        lock()
        yield


@contextmanager
def _lock_later(ledger: Path) -> Iterator[Callable[[], None]]:
    """Give what locks a ledger against all writers; it is free again at the end."""
    others: list[sqlite3.Connection] = []

    def lock() -> None:
        others.append(sqlite3.connect(ledger, isolation_level=None, timeout=10))
        others[-1].execute("BEGIN IMMEDIATE")

    yield lock
    for other in others:
        other.close()


def _let_no_file_grow(site: Site) -> None:
    """Set the limit from outside, at the size that the largest file of the ledger has now."""
    sizes = [path.stat().st_size for path in site.folder.glob("paperboy.db*")]
    resource.prlimit(site.process.pid, resource.RLIMIT_FSIZE, (max(sizes), max(sizes)))


async def _as_of_the_first_version(ledger: Path) -> None:
    """Put a ledger back to what the first version would have written."""
    _alone(ledger)
    today = ledger.rename(ledger.with_suffix(".today"))
    await made_by_the_first_version(ledger, today)
