"""The batch writer: what all workers ask of the ledger is committed together (group commit).

A commit waits for the disk, and each message needs two: before the call, that it is under way, and after it, what
became of it. So all that is requested while one transaction is written goes into the next one. Each request is
answered when its transaction is on the disk.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, select

from bot.concurrency import LINGER
from bot.database.engine import Database, repeats
from bot.database.schema import marks
from bot.database.states import DeliveryState
from bot.errors import LedgerError
from bot.ledger.chats.chat_sql import END_PAUSE, PAUSE
from bot.ledger.records.deliveries import Pause, QueuedDelivery
from bot.ledger.sql import claim_sql, delivery_sql, linking_sql
from bot.ledger.writing.lease import Lease
from formatters.edition import Edition

_PLAN = select(marks.c.plan)
_BUSY = 4  # requests at once, from which on it pays to wait for more
_MOST_BODIES = 100  # kept in memory, of up to 16 KB each; the chats of a broadcast share those of its digest

# For SETTLE, whether the message arrived by it, the pause that follows, and whether its index may lead to it now.
Outcome = tuple[Mapping[str, object], bool, Pause | None, bool]
Write = Callable[[Connection, float], object]  # takes the time to write
Requests = list[tuple[Any, asyncio.Future[Any]]]  # what is asked, and where the answer goes
# The rows claimed, by message and chat; the next rows, by chat; and what other requests answer, in their order.
_Answers = tuple[Mapping[tuple[int, int], QueuedDelivery], Mapping[int, list[QueuedDelivery]], Sequence[object]]
# Called at once when the connection is lost with its locks, with what happened.
OnLoss = Callable[[Exception], object]
_Answer = TypeVar("_Answer")


@dataclass
class _Batch:
    """What was requested since the last transaction began."""

    outcomes: Requests = field(default_factory=list)
    claims: Requests = field(default_factory=list)
    reads: Requests = field(default_factory=list)
    others: Requests = field(default_factory=list)

    def __len__(self) -> int:
        return len(self._all())

    def resolve(self, answers: _Answers) -> None:
        claimed, next_rows, others = answers
        for _, future in self.outcomes:
            _resolve(future, None)
        for row, future in self.claims:
            _resolve(future, claimed.get((row.message, row.chat)))
        for chat, future in self.reads:
            _resolve(future, next_rows[chat])
        for (_, future), answer in zip(self.others, others, strict=True):
            _resolve(future, answer)

    def fail(self, error: Exception) -> None:
        for _, future in self._all():
            if not future.done():
                future.set_exception(error)
                future.exception()  # a worker that was cancelled meanwhile does not fetch it

    def _all(self) -> Requests:
        return [*self.outcomes, *self.claims, *self.reads, *self.others]


def _resolve(future: asyncio.Future[Any], answer: object) -> None:
    if not future.done():
        future.set_result(answer)


class BatchWriter:
    """Next rows, claims and outcomes, in one transaction at a time."""

    def __init__(self, database: Database) -> None:
        self.lease = Lease(database.sharing.lease, self._lose)
        self._on_loss: list[OnLoss] = []
        self._database = database
        self._connection = _Connection(database)
        self._batch = _Batch()
        self._connected: Lease | None = None  # the lease of the connection
        self._is_asking = False  # the database
        self._is_busy = False  # there were so many requests last time that it pays to wait for more
        self._writing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ledger-writer")

    async def next_rows(self, chat: int) -> list[QueuedDelivery]:
        """Give the next deliveries of a chat: unconfirmed sends first, then the older digest, in its order.

        There are none in a chat that is not active, or in which one is under way.
        """
        found: list[QueuedDelivery] = await self._request(self._batch.reads, chat)
        return found

    async def claim(self, row: QueuedDelivery) -> QueuedDelivery | None:
        """Commit that a delivery is under way, and give it with its ref and its thread.

        Gives None when it, or its chat, does not stand as it was read, or anything was planned since.
        """
        claimed: QueuedDelivery | None = await self._request(self._batch.claims, row)
        return claimed

    def settle(
        self, row: QueuedDelivery, state: DeliveryState, *, pause: Pause | None = None, **values: object
    ) -> asyncio.Future[None]:
        """Commit what became of a delivery; one that was sent is due again if its post changed meanwhile.

        With `pause`, its chat is paused in the same transaction; a message that arrived ends a pause in the same way,
        and lets a linked index be edited when its digest stands in the chat.
        Outcomes are written in order, and none later than what is requested after it.
        """
        known: dict[str, object] = {"sent_hash": row.hash} if state == DeliveryState.SENT else {}
        settled = claim_sql.outcome(claim_sql.named(row), {"state": state, **known, **values})
        arrived = not row.remote_id and "remote_id" in values  # an edit does not make a message younger
        may_link = not row.remote_id and state != DeliveryState.PENDING and Edition.read(row.edition).linked
        return self._request(self._batch.outcomes, (settled, arrived, pause, may_link))

    async def write(self, what: Callable[[Connection, float], _Answer]) -> _Answer:
        """Commit something else, and give its answer: no worker must read its rows again for it.

        What is called takes the time to write, which is later than those of all sends that were begun before. It may be
        called anew, when the database gave the transaction up.
        """
        answer: _Answer = await self._request(self._batch.others, what)
        return answer

    @contextmanager
    def on_loss(self, call: OnLoss) -> Iterator[None]:
        """Call something, as long as the block lasts, in the moment in which all locks of the connection are lost."""
        self._on_loss.append(call)
        try:
            yield
        finally:
            self._on_loss.remove(call)

    async def close(self) -> None:
        """Write what was requested, and close the connection."""
        if self._writing:
            await self._writing
        self.lease.close()
        await asyncio.get_running_loop().run_in_executor(self._thread, self._connection.close)
        self._thread.shutdown()

    def _request(self, requests: Requests, what: object) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        requests.append((what, future))
        if self._writing is None or self._writing.done():
            self._writing = loop.create_task(self._write())
        return future

    async def _write(self) -> None:
        """Write batches until nothing more is requested."""
        while self._batch:
            await asyncio.sleep(LINGER if self._is_busy else 0)
            async with self._database.writing():
                batch, self._batch, lease = self._batch, _Batch(), self.lease
                self._is_busy = len(batch) >= _BUSY
                # A worker that was cancelled sends nothing; but an outcome is written, whoever waits for it.
                claims = [row for row, future in batch.claims if not future.cancelled()]
                outcomes, reads = [one for one, _ in batch.outcomes], {chat for chat, _ in batch.reads}
                work = partial(self._connection.write, outcomes, claims, reads, [one for one, _ in batch.others])
                try:
                    answers = await self._commit(lease, work)
                except Exception as error:  # noqa: BLE001 - it is raised where it was requested
                    batch.fail(error)
                    if not self._connection.is_alive:  # else it keeps its locks: a transaction failed, and no more
                        lease.end(error)
                else:
                    batch.resolve(answers)

    @repeats
    async def _commit(self, lease: Lease, work: Callable[[], _Answers]) -> _Answers:
        """Carry a transaction out in the thread; nobody was answered yet, so it may be repeated."""
        run, asked_at = partial(asyncio.get_running_loop().run_in_executor, self._thread), lease.asked_at
        self._is_asking = True
        try:
            with self._database.translating_errors():
                if self._connected is not lease:
                    await run(self._connection.drop)  # with its locks, on which nobody counts any more
                    self._connected = lease
                answers = await run(work)
        finally:
            self._is_asking = False
        lease.renew(asked_at)
        return answers

    def _lose(self, why: Exception | None) -> None:
        """Let nothing more be done by who held locks on the connection, and make a new one for what comes next."""
        error = why or LedgerError(
            f"ledger {self._database.name}: no answer, or this process stood still; another one may do its work by now"
        )
        if self._is_asking:  # a database that may never answer
            self._connection.cut()
        self.lease = Lease(self._database.sharing.lease, self._lose)
        batch, self._batch = self._batch, _Batch()
        batch.fail(error)
        for call in [*self._on_loss]:
            call(error)


class _Connection:
    """The connection of the writer, used in a thread of its own: one call for each transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._engine = database.writer_engine()
        self._connection: Connection | None = None
        self._bodies: dict[str, Mapping[str, object]] = {}  # by their hashes

    @property
    def is_alive(self) -> bool:
        """Tell whether it is there, with its locks, as far as the last statement showed."""
        return self._connection is not None and not self._connection.invalidated

    def write(
        self,
        outcomes: Sequence[Outcome],
        claims: Sequence[QueuedDelivery],
        reads: Collection[int],
        others: Sequence[Write],
    ) -> _Answers:
        """Write all of it in one transaction, and at one time, in order with those before."""
        db = self._connection = self._connection or self._engine.connect()
        with db.begin():
            now = self._database.follow_clock(db, in_order=bool(outcomes or claims or others))
            version: int = db.execute(_PLAN).scalar_one()
            self._settle(db, outcomes, now)
            claimed = self._claim(db, [row for row in claims if row.version == version], now)
            next_rows = {chat: self._next_rows(db, chat, version) for chat in reads}
            return claimed, next_rows, [write(db, now) for write in others]

    def drop(self) -> None:
        """Give the connection up, however it is; the next transaction makes a new one."""
        if self._connection is not None:
            self._connection.invalidate()
            self._connection.close()
        self._connection = None

    def cut(self) -> None:
        """Let the thread wait no longer for an answer."""
        if self._connection is not None:
            self._database.cut(self._connection)

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._engine.dispose()

    def _settle(self, db: Connection, outcomes: Sequence[Outcome], now: float) -> None:
        if gone := [_name(one) for one, *_ in outcomes if one["to_state"] == DeliveryState.RECALLED]:
            db.execute(delivery_sql.KEEP_RECALLED_ID, gone)
        if settled := [{**one, "to_sent_at": now if arrived else None} for one, arrived, *_ in outcomes]:
            db.execute(claim_sql.SETTLE, settled)
        if arrived := [_name(one) for one, arrived, *_ in outcomes if arrived]:
            db.execute(END_PAUSE, arrived)
        if pauses := [asdict(pause) | {"now": now} for *_, pause, _ in outcomes if pause]:
            db.execute(PAUSE, pauses)
        if linked := [_name(one) for one, *_, may_link in outcomes if may_link]:
            db.execute(linking_sql.EDIT_INDEX, linked)

    def _claim(
        self, db: Connection, rows: Sequence[QueuedDelivery], now: float
    ) -> dict[tuple[int, int], QueuedDelivery]:
        if not rows:
            return {}
        found = db.execute(claim_sql.CLAIM, {"rows": claim_sql.claims(rows, partial(secrets.token_hex, 8)), "now": now})
        known = {(row.message, row.chat): row for row in rows}
        return {(one, chat): known[one, chat].claimed(ref, thread) for one, chat, ref, thread in found}

    def _next_rows(self, db: Connection, chat: int, version: int) -> list[QueuedDelivery]:
        found: Sequence[Any] = db.execute(delivery_sql.NEXT_ROWS, {"chat": chat}).all()
        if len(self._bodies) > _MOST_BODIES:
            self._bodies.clear()
        if lacking := [one.message for one in found if one.hash not in self._bodies]:
            self._bodies |= {one.hash: one.body for one in db.execute(delivery_sql.bodies(lacking))}
        return [_row(one, body=self._bodies[one.hash], version=version) for one in found]


def _name(one: Mapping[str, object]) -> dict[str, object]:
    """Give of an outcome what names its row."""
    return {key: value for key, value in one.items() if key.startswith("of_")}


def _row(one: Any, *, body: Mapping[str, object], version: int) -> QueuedDelivery:
    return QueuedDelivery(**{**one._mapping, "state": DeliveryState(one.state)}, body=body, version=version)
