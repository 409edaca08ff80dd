"""What wakes who plans: the scheduler, and on a server jobs that it puts into a queue.

A job says only that it is time; whether anything is to be planned, the sources and the ledger say. So nothing waits
for a job: who plans also looks by itself once a sweep has passed, and what a dead process was at is simply dropped.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext

from bot.app.duties.scheduler import make_scheduler
from bot.concurrency import beside
from bot.config.settings import Settings
from bot.database.engine import JobQueue, Task
from bot.log import log

PLAN = "plan"  # a source


@asynccontextmanager
async def woken(
    settings: Settings, queue: JobQueue | None, wake: asyncio.Event, plan: Callable[[str], Awaitable[object]]
) -> AsyncIterator[None]:
    """Let it be woken until the block ends. Without a queue `wake` is set, else `plan` is called with each source."""

    async def ring() -> None:
        if queue is None:
            wake.set()
            return
        for name in settings.source_names:
            await queue.defer(PLAN, name)

    scheduler = make_scheduler(settings, ring)
    scheduler.start()
    try:
        async with beside(queue.run({PLAN: Task(plan)}, _tell)) if queue else nullcontext():
            yield
    finally:
        scheduler.shutdown(wait=False)


def _tell(why: str) -> None:
    log.error("job failed", error=why)
