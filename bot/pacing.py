"""Who may call when: per bot, per chat, per group; replies before broadcasts.

Two pure limits and one queue. `Spaced` is GCRA: calls are kept an even distance apart. `Windowed`
admits no more than so many in any window and is exact: for "20 in a minute" GCRA would either
stretch 19 messages over a minute or let 39 through in the first one.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol


class Limit(Protocol):
    """One allowance. Times are seconds of any clock that only goes forward."""

    def ready(self, now: float) -> float:
        """Give the earliest time from `now` on at which a call is within the limit."""

    def take(self, now: float) -> None:
        """Count a call made at `now`."""

    def idle(self, now: float) -> bool:
        """Tell whether a new one would do as well."""


@dataclass
class Spaced:
    """No two calls closer than `interval` seconds: GCRA with a burst of one."""

    interval: float
    _next: float = -math.inf  # the "theoretical arrival time" of GCRA

    def ready(self, now: float) -> float:
        return max(now, self._next)

    def take(self, now: float) -> None:
        self._next = max(now, self._next) + self.interval

    def idle(self, now: float) -> bool:
        return self._next <= now


@dataclass
class Windowed:
    """No more than `most` calls in any `window` seconds."""

    most: int
    window: float
    _taken: deque[float] = field(default_factory=deque)

    def ready(self, now: float) -> float:
        return max(now, self._taken[0] + self.window) if len(self._taken) == self.most else now

    def take(self, now: float) -> None:
        if len(self._taken) == self.most:
            self._taken.popleft()
        self._taken.append(now)

    def idle(self, now: float) -> bool:
        return all(taken + self.window <= now for taken in self._taken)


@dataclass(order=True)
class _Waiter:
    """One call that waits; sorted by `key`, replies before broadcasts, else first come first served."""

    key: tuple[float, int, int]
    room: str = field(compare=False)
    granted: asyncio.Future[None] = field(compare=False)


class Pacer:
    """Grant turns to call, the bot's own limit shared by all rooms.

    A room is what the platform counts as one chat. `limits(room)` makes its limits. Time is that
    of the running event loop.
    """

    def __init__(self, bot: Limit | None, limits: Callable[[str], Iterable[Limit]]) -> None:
        self._bot = bot
        self._limits = limits
        self._rooms: dict[str, list[Limit]] = {}
        self._paused: dict[str, float] = {}
        self._waiting: list[_Waiter] = []  # by the time when their room is ready
        self._ready: list[_Waiter] = []  # rooms ready, waiting for the bot's limit
        self._order = count()
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def turn(self, room: str, *, reply: bool = False) -> None:
        """Wait for a turn; a cancelled wait takes none."""
        loop = asyncio.get_running_loop()
        waiter = _Waiter((loop.time(), 0 if reply else 1, next(self._order)), room, loop.create_future())
        heapq.heappush(self._waiting, waiter)
        self._news.set()
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._grant())
        await waiter.granted

    def pause(self, room: str, seconds: float) -> None:
        """Keep a room silent, as the platform asked.

        It does not say whether the room or the whole bot was too fast. A second room told so while
        the first still waits means the bot: then all wait.
        """
        now = asyncio.get_running_loop().time()
        self._paused = {name: until for name, until in self._paused.items() if until > now}
        everyone = bool(self._paused.keys() - {room, ""})
        for name in (room, "") if everyone else (room,):
            self._paused[name] = max(self._paused.get(name, now), now + seconds)

    async def _grant(self) -> None:
        """Serve waiters until there are none, then forget the rooms that have been silent for long enough."""
        loop = asyncio.get_running_loop()
        while self._waiting or self._ready:
            self._news.clear()
            now = loop.time()
            self._sort(now)
            due = self._due(now)
            if due > now:
                await self._sleep(due - now)
            else:
                self._serve(heapq.heappop(self._ready), now)
        now = loop.time()
        self._rooms = {room: own for room, own in self._rooms.items() if not all(one.idle(now) for one in own)}

    def _sort(self, now: float) -> None:
        """Move waiters whose room is ready to the queue for the bot's limit."""
        while self._waiting and self._waiting[0].key[0] <= now:
            waiter = heapq.heappop(self._waiting)
            ready = self._room_ready(waiter.room, now)
            _, lane, order = waiter.key
            waiter.key = (ready, lane, order) if ready > now else (0.0, lane, order)
            heapq.heappush(self._waiting if ready > now else self._ready, waiter)

    def _due(self, now: float) -> float:
        """Give when there is something to do next."""
        if not self._ready:
            return self._waiting[0].key[0]
        return self._bot.ready(now) if self._bot else now

    def _serve(self, waiter: _Waiter, now: float) -> None:
        if waiter.granted.done():
            return  # cancelled
        if self._room_ready(waiter.room, now) > now:  # another call of the room went first
            heapq.heappush(self._waiting, waiter)
            return
        for limit in (*self._room(waiter.room), *([self._bot] if self._bot else [])):
            limit.take(now)
        waiter.granted.set_result(None)

    def _room(self, room: str) -> list[Limit]:
        return self._rooms.setdefault(room, list(self._limits(room)))

    def _room_ready(self, room: str, now: float) -> float:
        pauses = (self._paused.get(room, now), self._paused.get("", now))
        return max(now, *pauses, *(limit.ready(now) for limit in self._room(room)))

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but wake for a new waiter, who may be due earlier."""
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return
