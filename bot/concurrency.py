"""Waiting: until stopped, for the first of several things, for a lock, before the next try; and by which clock."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar
from weakref import WeakValueDictionary

# A broadcast is granted its turn this many seconds ahead, at the latest half as many. Meanwhile the ledger notes that
# it is being sent, so that the call is made in time. A reply cannot go before a turn that is granted already, so this
# is no more than two of a bot's turns on Telegram.
TURN_AHEAD = 0.06
LINGER = TURN_AHEAD / 2 / 3  # seconds in which others may join a commit: a third of the least time that a broadcast has
LONGEST_PAUSE = 60.0  # seconds between two tries of a listener to reach its platform
_MOST_DOUBLINGS = 30  # longer than any wait; 2.0 ** 1024 would overflow

# A clock that goes on while the computer sleeps, where there is one (clock_gettime(2)).
_BOOT = getattr(time, "CLOCK_BOOTTIME", None)

Result = TypeVar("Result")


def steady() -> float:
    """Give the seconds of a clock that nobody sets, and that goes on whatever stands still."""
    return time.monotonic() if _BOOT is None else time.clock_gettime(_BOOT)


async def wait_unless(work: Coroutine[Any, Any, Result], stopping: asyncio.Event, grace: float = 0.0) -> Result | None:
    """Await work, but after `stopping` is set no longer than `grace` seconds; then give None."""
    task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
        done, _ = await asyncio.wait((task,), timeout=grace)
        return task.result() if done else None
    finally:
        await cancel(task, stopped)


async def wait_first(*waits: Awaitable[object]) -> None:
    """Wait for the first of several things, and cancel the others; their exceptions are not raised."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    await cancel(*tasks)


async def cancel(*tasks: asyncio.Future[Any]) -> None:
    """Cancel tasks, and wait for their end; their exceptions are not raised."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def beside(*works: Coroutine[Any, Any, object]) -> AsyncIterator[None]:
    """Do some works until the block ends; their exceptions are not raised."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        yield
    finally:
        await cancel(*tasks)


def backoff(first: float, tries: int, most: float) -> float:
    """Give the seconds to wait after `tries` earlier failures: `first`, doubled each time, up to `most`."""
    return min(first * 2.0 ** min(tries, _MOST_DOUBLINGS), most)


class KeyedLock:
    """A lock for each key; a lock that nobody holds or waits for takes no memory."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, key: str) -> asyncio.Lock:
        """Give the lock of a key; acquire it at once: it is kept only while somebody holds a reference."""
        return self._locks.setdefault(key, asyncio.Lock())


class StopWatch:
    """Waits that end when `stopping` is set, with one task for all of them; `wait_unless` makes two for each."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self._stopping = stopping
        self._waits: set[asyncio.Timeout] = set()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Watch `stopping` inside the `with` block."""
        watching = asyncio.ensure_future(self._watch())
        try:
            yield
        finally:
            watching.cancel()

    async def wait_unless(self, work: Coroutine[Any, Any, Result]) -> Result | None:
        """Await work, but no longer than until `stopping` is set; then give None."""
        try:
            async with asyncio.timeout(0 if self._stopping.is_set() else None) as wait:
                self._waits.add(wait)
                return await work
        except TimeoutError:
            if not wait.expired():
                raise
            return None
        finally:
            self._waits.discard(wait)

    async def _watch(self) -> None:
        await self._stopping.wait()
        for wait in self._waits:
            wait.reschedule(0)
