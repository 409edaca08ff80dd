"""The ledger's file: how SQLite is set up, and what its errors mean to an operator."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.exc import DatabaseError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from bot.database.engine import ALONE, MARK, FailedJob, JobQueue, Locks, Sharing, dump_json, store_text
from bot.database.sqlite.lock import FileLocks, ProcessLock
from bot.database.sqlite.times import follow_clock, is_impossible
from bot.errors import LedgerError

_RETRIES, _RETRY_PAUSE = 20, 0.05  # how often, and every how many seconds, an empty file is looked at


class SqliteDatabase:
    """The ledger's file: many readers, one writer at a time within a process.

    Once the file is not the one that was opened, each write raises LedgerError: what is written into a deleted file is
    lost with the process, and what it says was sent would be sent again. So it is while the clock is surely wrong;
    where it was set back, each write first moves the times in the ledger.
    """

    jobs: JobQueue | None = None
    sharing: Sharing = ALONE  # the lock of a ledger is free when its process is dead, and never before

    def __init__(self, engine: AsyncEngine, path: Path, clock: Callable[[], float]) -> None:
        self.name, self.clock = str(path), clock
        self._path = path
        self._opened = _identity(path)
        self._engine = engine
        self._watch(engine.sync_engine)
        self.locks: Locks = FileLocks()
        self._exclusive = ProcessLock(path)
        self._writing = asyncio.Lock()  # SQLite has one writer at a time; better to wait here than in it

    async def failed_jobs(self) -> Sequence[FailedJob]:
        """List none: there is no queue."""
        return ()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        with self.translating_errors():
            async with self._engine.connect() as db:
                yield db

    read_by_index = read

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """Write in one transaction what may change which delivery comes next in a chat."""
        async with self.write_aside() as db:
            yield db
            await db.execute(MARK)

    @asynccontextmanager
    async def write_aside(self) -> AsyncIterator[AsyncConnection]:
        """Write in one transaction, which excludes other processes from its start (BEGIN IMMEDIATE)."""
        with self.translating_errors():
            async with self._writing, self._engine.execution_options(writes=True).begin() as db:
                await db.run_sync(self.follow_clock)
                yield db

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Wait until nothing else of this process writes."""
        async with self._writing:
            yield

    def follow_clock(self, db: Connection, *, in_order: bool = False) -> float:
        """Move the times in the ledger if the clock was set back: the first thing in each transaction that writes.

        Gives the time to write; if `in_order`, it is later than any that was so given before, by whichever process.
        """
        return follow_clock(db, self.clock(), in_order=in_order)

    def writer_engine(self) -> Engine:
        """Make an engine for a thread of its own, whose transactions all write."""
        made = create_engine(f"sqlite:///{self._path}", json_serializer=dump_json)
        engine = _prepared(made.execution_options(writes=True))
        self._watch(engine)
        return engine

    def gather_statistics(self, db: Connection, table: Table) -> None:
        """Do nothing: without statistics it takes the same way through each statement, which tests look at."""

    def translating_errors(self) -> AbstractContextManager[None]:
        """Raise LedgerError, in an operator's words, for what is wrong with the file."""
        return translating_errors(self._path)

    def exclusive(self, stopping: asyncio.Event, tell: Callable[[str], object]) -> AbstractAsyncContextManager[None]:
        """Keep other processes from planning and dispatching, as long as any task of this one does."""
        return self._exclusive.held(stopping, tell)

    def cut(self, db: Connection) -> None:
        """Leave it: it waits for a disk at most."""

    def _watch(self, engine: Engine) -> None:
        event.listen(engine, "do_connect", self._before_connecting)  # SQLite would make a new file
        event.remove(engine, "begin", _begin)
        event.listen(engine, "begin", self._begin)

    def _before_connecting(self, *_: object) -> None:
        self._require_same_file()

    def _begin(self, connection: Connection) -> None:
        """Begin a transaction, unless it is refused: one that was begun before would stay open, and lock the ledger."""
        if connection.get_execution_options().get("writes"):
            self._require_same_file()
            self._require_possible_time()
        _begin(connection)

    def _require_same_file(self) -> None:
        if _identity(self._path) != self._opened:
            raise LedgerError(
                f"ledger {self._path}: the file was deleted or replaced while it was in use, so nothing more is sent; "
                "stop Paperboy, put the file or a backup back, then start it again"
            )

    def _require_possible_time(self) -> None:
        if is_impossible(now := self.clock()):
            shown = f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M}"
            raise LedgerError(
                f"ledger {self._path}: the clock of this computer shows {shown} in UTC, so nothing is sent; set it, or "
                "let the system keep the time (NTP)"
            )


def _identity(path: Path) -> tuple[int, int] | None:
    """Tell which file it is, whatever is written into it; None when there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def make_engine(path: Path) -> AsyncEngine:
    """Make the engine of a ledger; a transaction with the execution option `writes` locks at its start."""
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", json_serializer=dump_json)
    _prepared(engine.sync_engine)
    return engine


def _prepared(engine: Engine) -> Engine:
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    store_text(engine)
    return engine


def _prepare(connection: Any, _: object) -> None:
    """Set a new connection up; transactions are begun by `_begin`, not by the driver.

    WAL lets readers go on while one writes; synchronous=FULL makes a commit survive a power cut,
    which the promise needs: `sending` must be on disk before the call.
    """
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


async def refuse_empty(path: Path) -> None:
    """Refuse a file of no bytes, which SQLite takes for a new ledger: what was in it would be sent again.

    Another process may have made it a moment ago; then it soon has some.
    """
    for _ in range(_RETRIES):
        if not _is_empty(path):
            return
        await asyncio.sleep(_RETRY_PAUSE)
    raise LedgerError(f"ledger {path}: the file is empty; put a copy back, or remove it to begin a new one")


def refuse_moved(path: Path) -> None:
    """Refuse to begin a ledger where one was moved from: what is in that one would be sent again."""
    if not path.exists() and aside(path).exists():
        raise LedgerError(
            f"ledger {path}: it was moved to PostgreSQL; set store.url to its address there. A new ledger begins here "
            f"only where {aside(path)} is gone"
        )


def aside(path: Path) -> Path:
    """Give the name that a ledger bears once it was moved."""
    return path.with_name(f"{path.name}.moved")


def _is_empty(path: Path) -> bool:
    return path.exists() and not path.stat().st_size


@contextmanager
def translating_errors(path: Path) -> Iterator[None]:
    """Raise LedgerError, in an operator's words, for what is wrong with the ledger."""
    try:
        yield
    except DatabaseError as error:
        raise LedgerError(f"ledger {path}: {remedy(str(error.orig))}") from error
    except PoolTimeoutError as error:
        raise LedgerError(f"ledger {path}: too much is read from it at once; run again") from error
    except OSError as error:
        raise LedgerError(f"ledger {path}: {error.strerror}; check the folder and its rights") from error


_REMEDIES = {
    "disk is full": "the disk is full; free some space, then run again: nothing in the ledger is lost",
    "locked": "another program keeps it locked; end that program, then run again",
    "not a database": "this file is no ledger, or is damaged; put a copy back, or name another file in store.url",
    "malformed": "the file is damaged; put a copy back",
    "readonly": "the file cannot be written; check its rights",
    "unable to open": "cannot be opened; check the folder and its rights",
}


def remedy(problem: str) -> str:
    """Say what to do about what SQLite says."""
    known = next((text for sign, text in _REMEDIES.items() if sign in problem), "cannot be used; is its disk well?")
    return f"{known} ({problem})"
