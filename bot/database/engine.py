"""What a database of the ledger does, whichever it is: `sqlite` and `postgres` have one class each."""

from __future__ import annotations

import asyncio
import json
import math
import random
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence, Set
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection, Engine, Table, event, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database.schema import marks
from bot.errors import LedgerError

_TRIES = 20  # of one transaction; each conflict lets another one commit
_PAUSE = 0.02  # seconds, at most, between two tries

_HALF = re.compile("[\ud800-\udfff]")

_Given = ParamSpec("_Given")
_Result = TypeVar("_Result")

# What other transactions wrote may change which delivery of a chat comes next: whoever read that reads it anew.
MARK = update(marks).values(plan=marks.c.plan + 1)


class Conflict(LedgerError):
    """The database gave a transaction up because of another one; repeated, it succeeds."""


# Two numbers of 32 bits name a lock: what is locked, and which one of it.
Key = tuple[int, int]
PLANNER: Key = (1, 0)  # who looks at the sources, as long as it lives
PLANNING: Key = (1, 1)  # who plans just now, by hand too
BOT = 2  # who delivers for a bot; which one, its id says
# What processes tell one another; who misses it comes to it at the next sweep.
TO_PLAN = "plan"  # there may be something to plan
TO_DISPATCH = "dispatch"  # there may be something to dispatch


@dataclass(frozen=True, slots=True)
class Sharing:
    """How processes share the work on a database; all times are in seconds."""

    # Since it was taken over, after which no call of a former owner can arrive any more.
    take_over_delay: float
    deadline: float  # since a claim, after which nothing of its call is written any more
    lease: float  # since the last answer of the database, for which a process counts on the locks of its connection
    look_every: float  # between two looks for what nobody does


ALONE = Sharing(0.0, math.inf, math.inf, math.inf)


@dataclass(frozen=True, slots=True)
class Census:
    """Who works on a database, and what they told since the last one."""

    processes: int
    held: Set[Key]
    told: Set[str]


class Locks(Protocol):
    """Locks of a connection: it loses them when it ends, and by then it can write nothing any more."""

    def join(self, db: Connection, name: str) -> None:
        """Be counted among those who share, under a name, and be told what they tell."""

    def names(self, db: Connection) -> Sequence[str]:
        """List the names of those who share."""

    def census(self, db: Connection) -> Census:
        """Count the processes, list which locks are held, by whomever, and what other processes told."""

    def tell(self, db: Connection, what: str) -> None:
        """Tell something to all who joined."""

    def try_lock(self, db: Connection, key: Key) -> bool:
        """Take a lock unless another connection holds it."""

    def unlock(self, db: Connection, key: Key) -> None:
        """Give a lock back."""


def dump_json(value: object) -> str:
    """Write a value as JSON, without text that cannot be stored: `store_text` does not see it behind escapes."""
    text = json.dumps(value)
    return json.dumps(_storable(value)) if "\\u0000" in text or "\\ud" in text else text


def store_text(engine: Engine) -> None:
    """Let an engine write no NUL character and no half of a character, which PostgreSQL cannot store.

    So it is in each database: a ledger may move, and both hold the same.
    """
    event.listen(engine, "before_cursor_execute", _with_storable_text, retval=True)


def _with_storable_text(
    _db: Connection, _cursor: object, statement: str, parameters: Any, _context: object, many: bool
) -> tuple[str, Any]:
    rows = parameters if many else (parameters,)
    values = (value for row in rows for value in (row.values() if isinstance(row, dict) else row))
    return statement, parameters if all(map(_is_storable, values)) else _storable(parameters)


def _is_storable(value: object) -> bool:
    return not isinstance(value, str) or ("\0" not in value and (value.isascii() or not _HALF.search(value)))


def _storable(value: Any) -> Any:
    """Give a value with all text in it as it can be stored."""
    if isinstance(value, str):
        return value if _is_storable(value) else _whole(value)
    if isinstance(value, dict):
        return {_storable(key): _storable(one) for key, one in value.items()}
    return type(value)(map(_storable, value)) if isinstance(value, list | tuple) else value


def _whole(text: str) -> str:
    return text.replace("\0", "").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


@dataclass(frozen=True, slots=True)
class Task:
    """What the jobs of one name do, with what each of them is about."""

    work: Callable[[str], Awaitable[object]]
    retries: int = 0


@dataclass(frozen=True, slots=True)
class FailedJob:
    """A job that was given up, once or again and again, and did not succeed since."""

    name: str
    what: str
    times: int
    failed_at: float  # the last time, in seconds since 1970


class JobQueue(Protocol):
    """Timed jobs on a server; one process at a time works on them."""

    async def defer(self, task: str, what: str) -> None:
        """Put a job into the queue, unless it waits there already; while nobody works on it, do nothing."""

    async def run(self, tasks: Mapping[str, Task], failed: Callable[[str], object]) -> None:
        """Do the jobs until cancelled; `failed` gets what was wrong with each."""


class Database(Protocol):
    """The ledger's database: many readers, and writers in transactions."""

    name: str  # as people read it: without a password
    clock: Callable[[], float]  # seconds since 1970
    sharing: Sharing
    locks: Locks
    jobs: JobQueue | None  # none: time alone wakes

    async def failed_jobs(self) -> Sequence[FailedJob]:
        """List the jobs that were given up."""

    def read(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Read in one transaction."""

    def read_by_index(self) -> AbstractAsyncContextManager[AsyncConnection]:
        """Read in one transaction by indexes, also where to go through a table is reckoned to cost less."""

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

    def gather_statistics(self, db: Connection, table: Table) -> None:
        """Let the database know how many rows a table has now, where it plans statements by that."""

    def translating_errors(self) -> AbstractContextManager[None]:
        """Raise LedgerError, in an operator's words, for what is wrong with the database."""

    def exclusive(self, stopping: asyncio.Event, tell: Callable[[str], object]) -> AbstractAsyncContextManager[None]:
        """Keep other processes from planning and dispatching where the locks do not; freed when the process dies.

        Waits for another process to finish, and tells so once. Raises Stopped when told to stop meanwhile.
        """

    def cut(self, db: Connection) -> None:
        """End a connection that another thread may wait on: that one gets an error."""


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
