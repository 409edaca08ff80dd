"""The ledger file: made, migrated, locked, refused in words; and what it gives back."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Executable, create_engine
from sqlalchemy.dialects.sqlite import dialect
from structlog.testing import capture_logs

from bot.database.reasons import NOTHING, Cause, Reason
from bot.database.schema import metadata
from bot.database.states import DIGEST_CHANGES, DigestState
from bot.errors import LedgerError, Stopped
from bot.ledger.ledger import Ledger, open_ledger
from bot.ledger.records.digests import PlannedDigest, StatusChange
from bot.ledger.records.reports import DigestStatus
from bot.ledger.sql import delivery_sql, queueing_sql, transitions
from formatters.model import Digest, Link, Paper, Section
from tests.support.digests import digest, paper
from tests.support.ledger_rows import change

RICH = Digest(
    "daily-papers/2025-01-01",
    "Daily Papers",
    date(2025, 1, 1),
    "Daily Papers — 2025-01-01",
    "https://example.org/",
    "머리말",
    (Paper("2501.00001", 1, "제목", "https://a.org", (Link("코드", "https://b.org"),), (Section("방법", "*가*"),)),),
)


def planned(one: Digest, state: DigestState = DigestState.ACTIVE, reason: Reason = NOTHING) -> PlannedDigest:
    return PlannedDigest(one, f"{one.day}.md", "print", state, reason)


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url) as ledger:
        yield ledger


@pytest.fixture
async def file_ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    """For what is true of SQLite alone."""
    async with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as ledger:
        yield ledger


async def test_migrations_make_exactly_the_tables_that_the_code_uses(file_ledger: Ledger, tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path}/ledger.db")
    with engine.connect() as db:
        ours = {
            "compare_type": True,
            "include_name": lambda name, kind, _: not _of_fts5(name, kind),
            "include_object": lambda one, _name, kind, *_: kind != "foreign_key_constraint" or one._ddl_if is None,
        }
        context = MigrationContext.configure(db, opts=ours)
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def _of_fts5(name: str | None, kind: str) -> bool:
    """Tell a table of the full-text index, which SQLite makes by itself."""
    return kind == "table" and name is not None and (name == "words" or name.startswith("words_"))


async def test_commits_outlive_a_power_cut_and_readers_do_not_wait(file_ledger: Ledger, tmp_path: Path) -> None:
    async with file_ledger._read() as db:
        pragmas = {
            name: (await db.exec_driver_sql(f"PRAGMA {name}")).scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


async def test_a_folder_is_made(tmp_path: Path) -> None:
    async with open_ledger(f"sqlite:///{tmp_path}/deep/er/ledger.db"):
        pass
    assert (tmp_path / "deep" / "er" / "ledger.db").exists()


async def test_opening_again_keeps_everything(ledger_url: str) -> None:
    async with open_ledger(ledger_url) as ledger:
        await ledger.write_plan("blog", planned(RICH), [])
    async with open_ledger(ledger_url) as ledger:
        assert await ledger.digest("blog", RICH.id) == RICH
        assert await ledger.archive.newest() == RICH


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"this is a text file, not a database" * 50, "no ledger"), (b"SQLite format 3\x00" + b"\x00" * 5000, "ledger")],
)
async def test_a_file_that_is_no_ledger_is_refused_and_kept(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    with pytest.raises(LedgerError, match=words):
        async with open_ledger(f"sqlite:///{path}"):
            pass
    assert path.read_bytes() == content


async def test_a_ledger_of_a_newer_program_is_refused(ledger_url: str) -> None:
    async with open_ledger(ledger_url):
        pass
    change(ledger_url, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(LedgerError, match="newer Paperboy"):
        async with open_ledger(ledger_url):
            pass


async def test_an_sqlite_too_old_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 34, 1))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.34.1")
    with pytest.raises(LedgerError, match=r"SQLite 3\.34\.1 is too old; install 3\.35"):
        async with open_ledger(f"sqlite:///{tmp_path}/ledger.db"):
            pass


async def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="check the folder"):
        async with open_ledger(f"sqlite:///{tmp_path}/file/ledger.db"):
            pass


async def test_a_full_disk_is_said_and_nothing_is_lost(file_ledger: Ledger) -> None:
    await file_ledger.write_plan("blog", planned(RICH), [])
    async with file_ledger._read() as db:
        pages = (await db.exec_driver_sql("PRAGMA page_count")).scalar_one()
        await db.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    long = digest(date(2025, 1, 2), *(paper(n, word="long " * 2000) for n in range(50)))
    with pytest.raises(LedgerError, match="disk is full"):
        await file_ledger.write_plan("blog", planned(long), [])
    assert await file_ledger.archive.newest() == RICH


async def test_too_many_readers_at_once_are_said(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = ledger._read.__self__._engine  # type: ignore[attr-defined]
    monkeypatch.setattr(engine.pool, "_timeout", 0.01)
    async with AsyncExitStack() as stack:
        for _ in range(engine.pool.size() + engine.pool._max_overflow):
            await stack.enter_async_context(ledger._read())
        with pytest.raises(LedgerError, match="too much is read"):
            await stack.enter_async_context(ledger._read())


# What is asked at each run, whether or not there is anything to do.
LOOKS: dict[str, tuple[Executable, ...]] = {
    "interrupted": transitions.mark_interrupted("telegram", 5, 0),
    "chats_due": (delivery_sql.chats_due("telegram", until=1e9, after=0, most=500),),
    "open rows": (delivery_sql.open_rows(1e9),),
    "next due": (delivery_sql.next_due("telegram", 1e9),),
    "old editions": (queueing_sql.waiting_in_old_edition("blog"),),
    "resume": (transitions.reopened(), *transitions.ask_again(1e9)),
    "open at": (transitions.open_at("", 1e9, 1e8),),
    "release now": (transitions.release_now([1]),),
}


@pytest.mark.parametrize("look", LOOKS)
async def test_years_of_settled_messages_are_not_gone_through(file_ledger: Ledger, look: str) -> None:
    """SQLite finds the others by an index of their own, as long as each statement says word for word what is in it."""
    async with file_ledger._read() as db:
        for statement in LOOKS[look]:
            whole = statement.compile(dialect=dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[attr-defined]
            rows = (await db.exec_driver_sql(f"EXPLAIN QUERY PLAN {whole}")).all()
            steps = [str(row[-1]) for row in rows]
            mine = next(step for step in steps if " deliveries" in step)
            assert "ix_deliveries_unsettled" in mine, steps


async def test_only_one_at_a_time_delivers_and_the_other_is_told_to_wait(ledger: Ledger, ledger_url: str) -> None:
    stopping = asyncio.Event()
    order: list[str] = []

    async def second() -> None:
        async with open_ledger(ledger_url) as other, other.delivery_lock(stopping):
            order.append("second")

    with capture_logs() as logs:
        async with asyncio.timeout(30), ledger.delivery_lock(stopping):
            waiting = asyncio.create_task(second())
            while not any("another Paperboy" in line["event"] for line in logs):
                await asyncio.sleep(0.01)
            order.append("first")
        await waiting
    assert order == ["first", "second"]


async def test_waiting_for_another_process_ends_when_told_to_stop(ledger: Ledger, ledger_url: str) -> None:
    stopping = asyncio.Event()
    async with open_ledger(ledger_url) as other, other.delivery_lock(asyncio.Event()):
        stopping.set()
        with pytest.raises(Stopped):
            async with ledger.delivery_lock(stopping):
                pass


async def test_waiting_is_waiting_until_told_to_stop(ledger: Ledger, ledger_url: str) -> None:
    stopping = asyncio.Event()

    def told(_text: str) -> None:
        asyncio.get_running_loop().call_soon(stopping.set)  # after the next look at the lock has begun

    async with (
        asyncio.timeout(30),
        open_ledger(ledger_url) as other,
        other.delivery_lock(asyncio.Event()),
    ):
        with pytest.raises(Stopped):
            async with ledger.delivery_lock(stopping, told):
                pass


async def test_who_dispatches_from_a_file_keeps_others_from_it(file_ledger: Ledger, tmp_path: Path) -> None:
    stopping, told = asyncio.Event(), list[str]()
    stopping.set()
    async with open_ledger(f"sqlite:///{tmp_path}/ledger.db") as other:
        async with other.dispatch_lock(asyncio.Event()):
            for lock in (file_ledger.dispatch_lock, file_ledger.delivery_lock):
                with pytest.raises(Stopped):
                    await AsyncExitStack().enter_async_context(lock(stopping, told.append))
        async with file_ledger.dispatch_lock(stopping):
            pass
    assert told == ["another Paperboy is delivering from this ledger; waiting for it to finish"] * 2


async def test_who_dispatches_from_a_server_keeps_nobody_from_it(postgres_url: str) -> None:
    """The locks of its bots do."""
    stopping = asyncio.Event()
    stopping.set()
    async with (
        open_ledger(postgres_url) as ledger,
        open_ledger(postgres_url) as other,
        other.dispatch_lock(stopping),
        ledger.dispatch_lock(stopping),
        ledger.delivery_lock(stopping),
    ):
        pass


@pytest.mark.skipif(os.name == "nt", reason="rights of folders work otherwise there")
async def test_a_lock_that_cannot_be_made_is_said(file_ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "ledger.db.lock").mkdir()
    with pytest.raises(LedgerError, match=r"ledger\.db\.lock"):
        async with file_ledger.delivery_lock(asyncio.Event()):
            pass


async def test_recent_digests_leave_out_the_baseline_and_come_older_first(ledger: Ledger) -> None:
    written = {
        1: (DigestState.BASELINE, NOTHING),
        2: (DigestState.SKIPPED, Reason(Cause.MISSED)),
        3: (DigestState.ACTIVE, NOTHING),
        4: (DigestState.HELD, Reason(Cause.SHRANK, (6, 1))),
    }
    for day, (state, reason) in written.items():
        await ledger.write_plan("blog", planned(digest(date(2025, 1, day), paper(1)), state, reason), [])
    shrank = "the post shrank from 6 papers to 1"
    assert await ledger.status.recent_digests(2) == [
        DigestStatus("blog", "daily-papers/2025-01-03", DigestState.ACTIVE, "", 1, waits=False, is_over=False),
        DigestStatus("blog", "daily-papers/2025-01-04", DigestState.HELD, shrank, 1, waits=False, is_over=False),
    ]
    assert [one.state for one in await ledger.status.recent_digests(9)] == [
        "skipped",
        "active",
        "held",
    ]
    assert [(one.state, one.reason) for one in await ledger.known_digests("blog")] == list(written.values())


@pytest.mark.parametrize("was", DigestState)
@pytest.mark.parametrize("becomes", DigestState)
async def test_a_status_change_goes_only_as_the_table_has_it(
    ledger: Ledger, was: DigestState, becomes: DigestState
) -> None:
    await ledger.write_plan("blog", planned(RICH, was), [])
    await ledger.change_status("blog", StatusChange(RICH.id, becomes, NOTHING, None))
    (known,) = await ledger.known_digests("blog")
    assert known.state is (becomes if becomes in DIGEST_CHANGES[was] else was)


async def test_an_empty_ledger_answers_with_nothing(ledger: Ledger) -> None:
    assert await ledger.archive.newest() is None
    assert await ledger.status.recent_digests(3) == []
    assert await ledger.known_digests("blog") == []
    assert await ledger.open_rows() == 0
    assert await ledger.writer.next_rows(1) == []


async def test_a_file_of_no_bytes_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.touch()
    with pytest.raises(LedgerError, match="the file is empty; put a copy back, or remove it"):
        async with open_ledger(f"sqlite:///{path}"):
            pass
    assert path.stat().st_size == 0


async def test_a_file_that_another_process_is_about_to_fill_is_waited_for(tmp_path: Path) -> None:
    path, whole = tmp_path / "ledger.db", tmp_path / "whole.db"
    async with open_ledger(f"sqlite:///{whole}"):
        pass
    path.touch()
    asyncio.get_running_loop().call_later(0.2, lambda: path.write_bytes(whole.read_bytes()))
    async with open_ledger(f"sqlite:///{path}") as ledger:
        assert await ledger.archive.newest() is None
