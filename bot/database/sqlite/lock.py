"""The lock of a ledger's file: one process at a time plans and delivers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from filelock import AsyncFileLock, Timeout
from sqlalchemy import Connection

from bot.database.engine import Census, Key
from bot.errors import LedgerError, Stopped

_POLL = 0.1  # seconds between two tries


class FileLocks:
    """The locks of a connection to a file: nobody else asks for them, since a process has the file for itself."""

    def join(self, db: Connection, name: str) -> None:
        """Be the only one."""

    def names(self, db: Connection) -> Sequence[str]:  # noqa: ARG002
        return ()

    def census(self, db: Connection) -> Census:  # noqa: ARG002
        return Census(1, frozenset(), frozenset())

    def tell(self, db: Connection, what: str) -> None:
        """Have nobody to tell."""

    def try_lock(self, db: Connection, key: Key) -> bool:  # noqa: ARG002
        return True

    def unlock(self, db: Connection, key: Key) -> None:
        """Have nothing to give back."""


class ProcessLock:
    """The lock of a ledger for a process, held as long as any of its tasks needs it; the system frees it at the end."""

    def __init__(self, ledger: Path) -> None:
        self._lock = AsyncFileLock(f"{ledger}.lock")  # it counts how often it is held

    @asynccontextmanager
    async def held(self, stopping: asyncio.Event, tell: Callable[[str], object]) -> AsyncIterator[None]:
        """Hold it.

        Waits for another process to finish, and tells so once. Raises Stopped when told to stop meanwhile,
        LedgerError when the lock cannot be made.
        """
        await self._acquire(stopping, tell)
        try:
            yield
        finally:
            await self._lock.release()

    async def _acquire(self, stopping: asyncio.Event, tell: Callable[[str], object]) -> None:
        if await self._try():
            return
        tell("another Paperboy is delivering from this ledger; waiting for it to finish")
        while not stopping.is_set():
            if await self._try():
                return
            await asyncio.sleep(_POLL)
        raise Stopped

    async def _try(self) -> bool:
        try:
            await self._lock.acquire(blocking=False)
        except Timeout:
            return False
        except OSError as error:
            raise LedgerError(f"{self._lock.lock_file}: {error.strerror}; check the folder and its rights") from error
        return True
