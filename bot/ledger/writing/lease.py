"""How long this process may count on the locks of the writer's connection: it cannot see that it lost them.

The server frees them when the connection ends, and it ends one that says nothing for longer than a lease. So who has
heard from the server within the lease holds what it held then, unless the connection was cut, which the next statement
shows. Who stood still, as a process that is stopped or a computer that sleeps, knows nothing of it: its lease is over.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

from bot.concurrency import steady
from bot.errors import LedgerError


class Lease:
    """The lease of one connection: each answer renews it; once it is over it stays so, and another one begins."""

    def __init__(self, seconds: float, ended: Callable[[Exception | None], object]) -> None:
        self._seconds, self._ended = seconds, ended
        self.since = steady()  # what was held before may have been another's until then
        self._until = math.inf if seconds == math.inf else -math.inf  # until then it holds
        self._is_over = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_limited(self) -> bool:
        return self._seconds < math.inf

    @property
    def holds(self) -> bool:
        return not self._is_over and steady() < self._until

    def require(self) -> None:
        """Raise LedgerError when it is over, as where this process stood still: another one may do its work by now."""
        if not self.holds:
            raise LedgerError("this process stood still for too long; another one may deliver in its place")

    def renew(self, asked_at: float) -> None:
        """Go on: the server has answered what it was asked at this time, by `steady`."""
        if self.is_limited and not self._is_over:
            self._until = asked_at + self._seconds
            self._timer = self._timer or self._look_in(self._until - steady())

    def end(self, why: Exception | None = None) -> None:
        """Let it be over, for a reason that is known or because its time is up; one without a limit never is."""
        if self.is_limited and not self._is_over:
            self.close()
            self._ended(why)

    def close(self) -> None:
        """Let it be over without a word."""
        self._is_over = self.is_limited
        if self._timer:
            self._timer.cancel()

    def _look_in(self, seconds: float) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(seconds, self._look)

    def _look(self) -> None:
        """End it when its time is up.

        Where the process stood still, the loop calls this before the tasks that waited go on.
        """
        left = self._until - steady()
        if left > 0:
            self._timer = self._look_in(left)
        else:
            self.end()
