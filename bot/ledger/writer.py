"""The clerk: what lanes ask of the ledger, done for all of them together.

A commit waits for the disk, and each message needs two: that it is under way, before the call, and what
became of it. So whatever was asked while one transaction was being written goes into the next one. Each
asker is answered when that is on the disk; nothing is given up for it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy import Connection

from bot.concurrency import LINGER
from bot.database.engine import Database, translating_errors
from bot.database.states import DeliveryState
from bot.ledger import delivery_sql as draining
from bot.ledger import transitions
from bot.ledger.records import Row

_MANY = 4  # askers at once, from which on it pays to linger
_MOST_BODIES = 1000  # kept in memory; chats share them

Asked = list[tuple[Any, asyncio.Future[Any]]]  # what, and whom to tell


@dataclass
class _Batch:
    """What was asked since the last transaction began."""

    outcomes: Asked = field(default_factory=list)
    claims: Asked = field(default_factory=list)
    looks: Asked = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.outcomes) + len(self.claims) + len(self.looks)

    def answer(self, claimed: Mapping[str, Row], heads: Mapping[int, list[Row]]) -> None:
        for _, asker in self.outcomes:
            _tell(asker, None)
        for row, asker in self.claims:
            _tell(asker, claimed.get(row.ref))
        for chat, asker in self.looks:
            _tell(asker, heads[chat])

    def fail(self, error: Exception) -> None:
        for _, asker in (*self.outcomes, *self.claims, *self.looks):
            if not asker.done():
                asker.set_exception(error)
                asker.exception()  # an asker that was cancelled meanwhile does not come for it


def _tell(asker: asyncio.Future[Any], answer: object) -> None:
    if not asker.done():
        asker.set_result(answer)


class Clerk:
    """Rows to come, claims and outcomes, in one transaction at a time."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._books = _Books(database, clock)
        self._batch = _Batch()
        self._many = False  # so many asked the last time that it pays to linger
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="clerk")

    async def heads(self, chat: int) -> list[Row]:
        """Give what comes next in a chat: doubtful sends first, then the older digest, in its order.

        There is nothing to come in a chat that receives no more, or in which a row is under way.
        """
        found: list[Row] = await self._ask(self._batch.looks, chat)
        return found

    async def claim(self, row: Row) -> Row | None:
        """Commit that a row is being sent, and give it with its thread.

        Gives None when the ledger was written by anybody else since the row was read.
        """
        claimed: Row | None = await self._ask(self._batch.claims, row)
        return claimed

    def settle(self, row: Row, state: DeliveryState, **values: object) -> asyncio.Future[None]:
        """Commit what became of a row; what was sent is due again if its post changed meanwhile.

        Outcomes are written in order, each no later than what is asked afterwards.
        """
        known: dict[str, object] = {"sent_hash": row.hash} if state == DeliveryState.SENT else {}
        if not row.remote_id and "remote_id" in values:
            known |= {"sent_at": self._clock()}  # an edit does not make a message younger
        return self._ask(self._batch.outcomes, transitions.outcome(row.ref, {"state": state, **known, **values}))

    async def close(self) -> None:
        """Write what was asked, and put the books away."""
        if self._writing:
            await self._writing
        await asyncio.get_running_loop().run_in_executor(self._thread, self._books.close)
        self._thread.shutdown()

    def _ask(self, asked: Asked, what: object) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        asker = loop.create_future()
        asked.append((what, asker))
        if self._writing is None or self._writing.done():
            self._writing = loop.create_task(self._write())
        return asker

    async def _write(self) -> None:
        """Do what was asked until nothing more is."""
        loop = asyncio.get_running_loop()
        while self._batch:
            await asyncio.sleep(LINGER if self._many else 0)
            async with self._database.writing:
                batch, self._batch = self._batch, _Batch()
                self._many = len(batch) >= _MANY
                # Who was cancelled sends nothing; but what was sent is written down, whoever waits for it.
                claims = [row for row, asker in batch.claims if not asker.cancelled()]
                try:
                    with translating_errors(self._database.path):
                        outcomes, looks = [one for one, _ in batch.outcomes], {chat for chat, _ in batch.looks}
                        work = partial(self._books.write, outcomes, claims, looks)
                        answers = await loop.run_in_executor(self._thread, work)
                except Exception as error:  # noqa: BLE001 - it is raised where it was asked
                    batch.fail(error)
                else:
                    batch.answer(*answers)


class _Books:
    """The clerk's connection, in a thread of its own: one trip to it for each transaction."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._engine = database.writer_engine()
        self._clock = clock
        self._connection: Connection | None = None
        self._bodies: dict[str, Mapping[str, object]] = {}  # by their hashes

    def write(
        self, outcomes: Sequence[Mapping[str, object]], claims: Sequence[Row], looks: Collection[int]
    ) -> tuple[dict[str, Row], dict[int, list[Row]]]:
        """Write all of it in one transaction; give the rows claimed, by ref, and those to come, by chat."""
        if self._connection is None:
            self._connection = self._engine.connect()
        db = self._connection
        with db.begin():
            version: int = db.exec_driver_sql("PRAGMA data_version").scalar_one()
            if outcomes:
                db.execute(transitions.SETTLE, list(outcomes))
            claimed = self._claim(db, [row for row in claims if row.version == version])
            return claimed, {chat: self._heads(db, chat, version) for chat in looks}

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()

    def _claim(self, db: Connection, rows: Sequence[Row]) -> dict[str, Row]:
        if not rows:
            return {}
        refs = json.dumps([row.ref for row in rows])
        found = db.execute(transitions.CLAIM, {"refs": refs, "now": self._clock()})
        threads: dict[str, str] = {one.ref: one.thread for one in found}
        return {row.ref: row.under(threads[row.ref]) for row in rows if row.ref in threads}

    def _heads(self, db: Connection, chat: int, version: int) -> list[Row]:
        found: Sequence[Any] = db.execute(draining.HEADS, {"chat": chat}).all()
        if len(self._bodies) > _MOST_BODIES:
            self._bodies.clear()
        if lacking := [one.message for one in found if one.hash not in self._bodies]:
            self._bodies |= {one.hash: one.body for one in db.execute(draining.bodies(lacking))}
        return [_row(one, body=self._bodies[one.hash], version=version) for one in found]


def _row(one: Any, *, body: Mapping[str, object], version: int) -> Row:
    return Row(**{**one._mapping, "state": DeliveryState(one.state)}, body=body, version=version)
