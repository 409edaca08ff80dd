"""Timed jobs: the scheduler does them, or on a server puts them into a queue, from which who plans takes them.

A job says only that it is time; whether there is anything to do, the sources and the ledger say. So nothing waits for
a job: who plans also looks by itself once a sweep has passed, and what a dead process was at is simply dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext, suppress

from bot.app.duties.scheduler import make_scheduler
from bot.concurrency import beside
from bot.config.settings import Settings
from bot.database.engine import JobQueue, Task
from bot.log import log

PLAN = "plan"  # a source
PRUNE, _OLD = "prune", "old deliveries"
_RETRIES = 3  # of what else is done a day later

_Work = Callable[[str], Awaitable[object]]


@asynccontextmanager
async def woken(
    settings: Settings, queue: JobQueue | None, wake: asyncio.Event, plan: _Work, prune: _Work
) -> AsyncIterator[None]:
    """Let timed jobs be done until the block ends.

    Without a queue `wake` is set, else `plan` is called with each source; `prune` is called once a day.
    """

    async def ring() -> None:
        if queue is None:
            wake.set()
            return
        with suppress(asyncio.CancelledError):  # at the end; the scheduler would log it as an error
            for name in settings.source_names:
                await queue.defer(PLAN, name)

    async def tidy() -> None:
        with suppress(asyncio.CancelledError):
            await (_told(prune) if queue is None else queue.defer(PRUNE, _OLD))

    scheduler = make_scheduler(settings, ring, tidy)
    scheduler.start()
    try:
        async with (
            beside(queue.run({PLAN: Task(plan), PRUNE: Task(prune, _RETRIES)}, _tell)) if queue else nullcontext()
        ):
            yield
    finally:
        scheduler.shutdown(wait=False)


async def _told(prune: _Work) -> None:
    """Do it, and tell what went wrong; the next day it is tried again."""
    try:
        await prune(_OLD)
    except Exception as error:  # noqa: BLE001 - whatever it is, the program goes on
        _tell(f"{PRUNE} {_OLD}: {error}")


def _tell(why: str) -> None:
    log.error("job failed", error=why)
