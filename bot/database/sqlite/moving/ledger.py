"""Move a ledger from its file to a PostgreSQL server, so that delivery goes on there where it was."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Table, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database.engine import Database
from bot.database.schema import clock, marks, metadata, paper_words, papers
from bot.database.sqlite.backup import damage
from bot.database.sqlite.engine import aside, refuse_moved, translating_errors
from bot.database.sqlite.lock import ProcessLock
from bot.database.sqlite.moving import contents
from bot.database.sqlite.moving.exclusive import hold_alone, put_aside
from bot.errors import LedgerError, Stopped

_TABLES: Sequence[Table] = metadata.sorted_tables  # those that refer to others come after them
_FROM_THE_BEGINNING = (clock, marks)  # each has its one row in a new ledger
_SKEW = 60.0  # seconds by which the server's clock may be behind the times in the ledger

Tell = Callable[[str, int, int], object]  # what is done; how many rows of how many it was done to
Open = Callable[[str], AbstractAsyncContextManager[Database]]
IndexWords = Callable[[AsyncConnection], Awaitable[None]]


async def move_ledger(path: Path, url: str, open_: Open, index_words: IndexWords, tell: Tell) -> Path:
    """Move a ledger to a server whose ledger is empty, all of it or nothing; give the new name of its file.

    `url` is postgresql://USER:PASSWORD@HOST/NAME. `open_` opens the ledger at an address, and brings it up to date;
    `index_words` makes the words of all papers those that can be searched. What was moved before, and differs in
    nothing, is not moved again: only the file is renamed. Raises LedgerError when the file or the server is in use or
    unfit.
    """
    _require_file(path)
    async with AsyncExitStack() as held:
        await held.enter_async_context(_unless_delivering(path))
        async with open_(f"sqlite:///{path}"):
            pass  # it is brought up to date
        source = await held.enter_async_context(hold_alone(path))
        database = await held.enter_async_context(open_(url))
        async with database.write_aside() as target:
            await _Move(path, source, database, target, tell).carry_out(index_words)
        return put_aside(path)


def _require_file(path: Path) -> None:
    refuse_moved(path)
    if not path.exists():
        raise LedgerError(f"ledger {path}: is not there; nothing to move")
    if aside(path).exists():
        raise LedgerError(f"{aside(path)}: exists already, from an earlier move; rename it")
    if why := damage(path):
        raise LedgerError(f"ledger {path}: the file is damaged ({why}); put a copy back")


@asynccontextmanager
async def _unless_delivering(path: Path) -> AsyncIterator[None]:
    """Keep other processes from delivering; LedgerError when one does."""
    at_once = asyncio.Event()
    at_once.set()
    try:
        async with ProcessLock(path).held(at_once, lambda _: None):
            yield
    except Stopped:
        raise LedgerError(f"ledger {path}: Paperboy is delivering from it; stop it, then run again") from None


@dataclass(frozen=True)
class _Move:
    path: Path
    source: AsyncConnection
    database: Database  # that of the target
    target: AsyncConnection
    tell: Tell

    async def carry_out(self, index_words: IndexWords) -> None:
        """Copy all tables, and compare them; what raises leaves nothing on the target."""
        from bot.database.sqlite.moving.copying import PATIENT, analyze, count_on

        for setting in PATIENT:
            await self.target.execute(setting)
        await self._require_unused()
        if await self._has_rows():
            await self._require_same()
            return
        await self._require_right_time()
        for table in _FROM_THE_BEGINNING:
            await self.target.execute(delete(table))
        copied = {table: await self._copied(table) for table in _TABLES}
        await self._index(index_words)
        for table in _TABLES:
            await count_on(self.target, table)
        await analyze(self.target, [*(table.name for table in _TABLES), paper_words.name])
        for table, sent in copied.items():
            await self._compare(table, sent)

    async def _require_unused(self) -> None:
        """Keep workers from beginning on the target; LedgerError when one is at work there."""
        from bot.database.postgres.locks import MIGRATION, WAIT, named

        await self.target.execute(WAIT, named(MIGRATION))
        census = await self.target.run_sync(self.database.locks.census)
        if census.held - {MIGRATION}:
            raise LedgerError(f"ledger {self.database.name}: Paperboy is at work on it; stop it, then run again")

    async def _has_rows(self) -> bool:
        """Tell whether there is more on the target than in a new ledger."""
        asked = (select(table).limit(1) for table in _TABLES if table not in _FROM_THE_BEGINNING)
        return any([(await self.target.execute(query)).first() for query in asked])

    async def _require_same(self) -> None:
        """Require that this ledger stands on the target already, as when a move was ended before its last step."""
        if not all([await self._is_same(table) for table in _TABLES]):
            raise LedgerError(
                f"ledger {self.database.name}: holds another ledger already; name an empty database, such as createdb "
                "makes"
            )

    async def _is_same(self, table: Table) -> bool:
        here, there = [await contents.count(db, table) for db in (self.source, self.target)]
        if here != there:
            return False
        self.tell(f"comparing {table.name}", 0, here)
        of_both = [(await contents.fingerprint(db, table)).value for db in (self.source, self.target)]
        return of_both[0] == of_both[1]

    async def _require_right_time(self) -> None:
        written: float = (await self.source.execute(select(clock.c.written_at))).scalar_one()
        ahead = written - self.database.clock()
        if ahead > _SKEW:
            raise LedgerError(
                f"ledger {self.database.name}: the clock of the server is {ahead:.0f} seconds behind the times in "
                f"{self.path}; set both clocks, or let the systems keep the time (NTP)"
            )

    async def _copied(self, table: Table) -> contents.Fingerprint:
        from bot.database.sqlite.moving.copying import copy

        total = await contents.count(self.source, table)
        try:
            async with aclosing(self._rows(table)) as rows:
                return await copy(
                    self.target, table, rows, lambda done: self.tell(f"copying {table.name}", done, total)
                )
        except contents.UnfitRow as error:
            key = error.key or (await contents.key_at(self.source, table, error.place) if error.place else "")
            where = ", ".join(filter(None, [f"table {table.name}", key]))
            raise LedgerError(
                f"ledger {self.path}: {where}: {error}; correct or delete that row with the program sqlite3, then run "
                "again: nothing was moved"
            ) from error

    async def _rows(self, table: Table) -> AsyncGenerator[contents.Rows, None]:
        with translating_errors(self.path):
            async for rows in contents.read(self.source, table):
                yield rows

    async def _index(self, index_words: IndexWords) -> None:
        """Make the words of all papers, which each database spells in its own way."""
        self.tell("indexing papers", 0, listed := await contents.count(self.target, papers))
        await index_words(self.target)
        if await contents.count(self.target, paper_words) != listed:
            raise self._differs(paper_words.name)

    async def _compare(self, table: Table, sent: contents.Fingerprint) -> None:
        self.tell(f"comparing {table.name}", 0, sent.count)
        arrived = await contents.fingerprint(self.target, table)
        if arrived.value != sent.value:
            raise self._differs(table.name)

    def _differs(self, table: str) -> LedgerError:
        what = f"table {table} is not as in {self.path}; nothing was moved. Please report it"
        return LedgerError(f"ledger {self.database.name}: {what}")
