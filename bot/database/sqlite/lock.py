"""The lock of a ledger: one process at a time plans and delivers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from filelock import AsyncFileLock, Timeout

from bot.errors import LedgerError, Stopped

_POLL = 0.1  # seconds between two tries


@asynccontextmanager
async def hold_lock(ledger: Path, stopping: asyncio.Event, tell: Callable[[str], object]) -> AsyncIterator[None]:
    """Hold the lock of a ledger; the system frees it when the process dies.

    Waits for another process to finish, and tells so once. Raises Stopped when told to stop meanwhile,
    LedgerError when the lock cannot be made.
    """
    lock = AsyncFileLock(f"{ledger}.lock")
    try:
        await _acquire(lock, stopping, tell)
        yield
    finally:
        await lock.release()


async def _acquire(lock: AsyncFileLock, stopping: asyncio.Event, tell: Callable[[str], object]) -> None:
    if await _try(lock):
        return
    tell("another Paperboy is delivering from this ledger; waiting for it to finish")
    while not stopping.is_set():
        if await _try(lock):
            return
        await asyncio.sleep(_POLL)
    raise Stopped


async def _try(lock: AsyncFileLock) -> bool:
    try:
        await lock.acquire(blocking=False)
    except Timeout:
        return False
    except OSError as error:
        raise LedgerError(f"{lock.lock_file}: {error.strerror}; check the folder and its rights") from error
    return True
