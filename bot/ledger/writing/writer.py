"""The batch writer: what all workers ask of the ledger is committed together (group commit).

A commit waits for the disk, and each message needs two: before the call, that it is under way, and after it, what
became of it. So all that is requested while one transaction is written goes into the next one. Each request is
answered when its transaction is on the disk.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection

from bot.concurrency import LINGER, steady
from bot.database.engine import Database, repeats
from bot.database.states import DeliveryState
from bot.errors import LedgerError
from bot.ledger.records.deliveries import Pause, QueuedDelivery
from bot.ledger.sql import claim_sql
from bot.ledger.writing.connection import Answers, Outcome, WriterConnection
from bot.ledger.writing.lease import Lease
from formatters.edition import Edition

_BUSY = 4  # requests at once, from which on it pays to wait for more

Requests = list[tuple[Any, asyncio.Future[Any]]]  # what is asked, and where the answer goes
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

    def resolve(self, answers: Answers) -> Requests:
        """Answer all that was done, and give the reads that were not."""
        claimed, next_rows, others = answers
        for _, future in self.outcomes:
            _resolve(future, None)
        for row, future in self.claims:
            _resolve(future, claimed.get((row.message, row.chat)))
        for (_, future), answer in zip(self.others, others, strict=True):
            _resolve(future, answer)
        for chat, future in self.reads:
            if chat in next_rows:
                _resolve(future, next_rows[chat])
        return [(chat, future) for chat, future in self.reads if not future.done()]

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
        self._connection = WriterConnection(database)
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
        arrived = not row.remote_id and "remote_id" in values  # an edit does not make a message younger
        told = claim_sql.named(row) | known | values | {"to_state": state, "has_arrived": int(arrived)}
        may_link = not row.remote_id and state != DeliveryState.PENDING and Edition.read(row.edition).linked
        outcome = Outcome(told, pause, ends_pause=arrived and row.is_retried, may_link=may_link)
        return self._request(self._batch.outcomes, outcome)

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
                reads = [chat for chat, future in batch.reads if not future.cancelled()]
                outcomes = [one for one, _ in batch.outcomes]
                work = partial(self._connection.write, outcomes, claims, reads, [one for one, _ in batch.others])
                try:
                    answers = await self._commit(lease, work)
                except Exception as error:  # noqa: BLE001 - it is raised where it was requested
                    batch.fail(error)
                    if not self._connection.is_alive:  # else it keeps its locks: a transaction failed, and no more
                        lease.end(error)
                else:
                    self._batch.reads[:0] = batch.resolve(answers)

    @repeats
    async def _commit(self, lease: Lease, work: Callable[[], Answers]) -> Answers:
        """Carry a transaction out in the thread; nobody was answered yet, so it may be repeated."""
        run, asked_at = partial(asyncio.get_running_loop().run_in_executor, self._thread), steady()
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
