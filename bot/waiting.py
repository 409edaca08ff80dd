"""Waiting for one thing unless another comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


async def unless(work: Coroutine[Any, Any, Result], stopping: asyncio.Event, grace: float = 0.0) -> Result | None:
    """Await work, but no longer than `grace` seconds once told to stop; then None."""
    task, stopped = asyncio.ensure_future(work), asyncio.ensure_future(stopping.wait())
    try:
        await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
        done, _ = await asyncio.wait((task,), timeout=grace)
        return task.result() if done else None
    finally:
        for one in (task, stopped):
            one.cancel()
        await asyncio.gather(task, stopped, return_exceptions=True)
