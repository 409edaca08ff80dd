"""What a database of the ledger does, whichever it is: `sqlite` and `postgres` have one class each."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Engine, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database.schema import marks
from bot.errors import LedgerError

_TRIES = 20  # of one transaction; each conflict lets another one commit
_PAUSE = 0.02  # seconds, at most, between two tries

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

# What other transactions wrote may change which delivery of a chat comes next: whoever read that reads it anew.
MARK = update(marks).values(plan=marks.c.plan + 1)


class Conflict(LedgerError):
    """The database gave a transaction up because of another one; repeated, it succeeds."""


class Database(Protocol):
    """The ledger's database: many readers, and writers in transactions."""

    name: str  # as people read it: without a password
    clock: Callable[[], float]  # seconds since 1970
    take_over_delay: float  # seconds after which a call of a process that lost its right to deliver has surely ended

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Read in one transaction."""

    def write(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Write in one transaction what may change which delivery comes next in a chat; `repeats` is around it."""

    def write_aside(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Write in one transaction what has nothing to do with deliveries; `repeats` is around it."""

    def writing(self) -> AbstractAsyncContextManager[object]:
        """Wait until the writer of deliveries may begin a transaction."""

    def follow_clock(self, db: Connection, *, in_order: bool = False) -> float:
        """Give the time to write; if `in_order`, it is later than any that was so given before."""

    def writer_engine(self) -> Engine:
        """Make an engine for a thread of its own, whose transactions all write."""

    def translating_errors(self) -> AbstractContextManager[None]:
        """Raise LedgerError, in an operator's words, for what is wrong with the database."""

    def delivery_lock(
        self, stopping: asyncio.Event, tell: Callable[[str], object]
    ) -> AbstractAsyncContextManager[None]:
        """Hold the right to plan and dispatch; the database frees it when the process dies.

        Waits for another process to finish, and tells so once. Raises Stopped when told to stop meanwhile.
        """


def repeats(method: Callable[_Given, Coroutine[Any, Any, _Result]]) -> Callable[_Given, Coroutine[Any, Any, _Result]]:
    """Call a method that writes once more when the database gave its transaction up: nothing of it was written."""

    @wraps(method)
    async def repeated(*args: _Given.args, **kwargs: _Given.kwargs) -> _Result:
        for _ in range(_TRIES - 1):
            try:
                return await method(*args, **kwargs)
            except Conflict:
                await asyncio.sleep(random.uniform(0, _PAUSE))  # noqa: S311 - so that two do not meet again
        return await method(*args, **kwargs)

    return repeated
