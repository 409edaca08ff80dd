"""Who may call when: per bot, per chat, per group; replies before broadcasts.

Two pure limits and one queue. `Spaced` is GCRA: calls are kept an even distance apart, and only a
reply may come early. `Windowed` admits no more than so many in any window and is exact: for "20 in
a minute" GCRA would either stretch 19 messages over a minute or let 39 through in the first one.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from bisect import insort
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import count
from typing import Protocol

from bot.errors import RetryLater

LONG = 60.0  # seconds: a longer pause is not waited for
_FEW = 100  # rooms that are not worth forgetting


class Limit(Protocol):
    """One allowance. Times are seconds of any clock that only goes forward."""

    def ready(self, now: float, reply: bool) -> float:
        """Give the earliest time from `now` on at which a call is within the limit; for a reply it is no later."""

    def take(self, now: float) -> None:
        """Count a call made at `now`."""

    def idle(self, now: float) -> bool:
        """Tell whether a new one would do as well."""


@dataclass
class EvenSpacing:
    """No two calls closer than `interval` seconds, but a reply may come `slack` seconds early.

    An early reply counts like any call: what follows waits for it, and the long-run rate is the same.
    """

    interval: float
    leeway: float = 0.0
    _next: float = -math.inf  # the "theoretical arrival time" of GCRA

    def ready(self, now: float, reply: bool = False) -> float:
        return max(now, self._next - self.leeway if reply else self._next)

    def take(self, now: float) -> None:
        self._next = max(now, self._next) + self.interval

    def idle(self, now: float) -> bool:
        return self._next <= now


@dataclass
class SlidingWindow:
    """No more than `most` calls in any `window` seconds, whoever calls."""

    most: int
    window: float
    _taken: deque[float] = field(default_factory=deque)

    def ready(self, now: float, reply: bool = False) -> float:  # noqa: ARG002
        return max(now, self._taken[0] + self.window) if len(self._taken) == self.most else now

    def take(self, now: float) -> None:
        if len(self._taken) == self.most:
            self._taken.popleft()
        insort(self._taken, now)  # a reply may come before a broadcast whose turn was granted ahead

    def idle(self, now: float) -> bool:
        return all(taken + self.window <= now for taken in self._taken)


@dataclass
class _Queue:
    """The replies, or the broadcasts, that wait for one room: first come, first served."""

    chat: str
    reply: bool
    ahead: float
    waiters: deque[tuple[int, asyncio.Future[float]]] = field(default_factory=deque)  # numbered as they came

    def first(self) -> int | None:
        """Give the number of the first who still waits; the cancelled before it leave."""
        while self.waiters and self.waiters[0][1].done():
            self.waiters.popleft()
        return self.waiters[0][0] if self.waiters else None


class RateLimiter:
    """Grant turns to call, the bot's own limit shared by all rooms.

    A room is what the platform counts as one chat. `limits(room)` makes its limits. Time is that
    of the running event loop. Lines are queued, not those who stand in them: each is in one of two
    heaps, so that a grant costs the same however many wait.
    """

    def __init__(self, bot: Limit | None, limits: Callable[[str], Iterable[Limit]]) -> None:
        self._bot = bot
        self._limits = limits
        self._chats: dict[str, list[Limit]] = {}
        self._many = _FEW  # so many rooms are worth looking for idle ones
        self._paused: dict[str, float] = {}
        self._queues: dict[tuple[str, bool, float], _Queue] = {}
        self._waiting: list[tuple[float, int, _Queue]] = []  # by the time when their room may be granted a turn
        self._ready: list[tuple[bool, int, _Queue]] = []  # for the bot's limit: first replies, then broadcasts
        self._order = count()
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()

    async def acquire(self, chat: str, *, reply: bool = False, ahead: float = 0.0) -> float:
        """Wait for a turn and give its time; a cancelled wait takes none.

        It is granted between `lead` and half as many seconds before: whoever has something to do until then
        calls at the turn's time, neither earlier nor later. Without a lead its time is now. Who is no reply
        does not wait for the end of a long pause, but gets RetryLater.
        """
        self._turn_away(chat, reply)
        loop = asyncio.get_running_loop()
        number, granted = next(self._order), loop.create_future()
        line = self._queues.get((chat, reply, ahead))
        if line is None:
            line = self._queues[chat, reply, ahead] = _Queue(chat, reply, ahead)
            heapq.heappush(self._waiting, (loop.time(), number, line))
            self._news.set()
        line.waiters.append((number, granted))
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._grant())
        at: float = await granted
        return at

    def pause(self, chat: str, seconds: float) -> None:
        """Keep a room silent, as the platform asked.

        It does not say whether the room or the whole bot was too fast. A second room told so while
        the first still waits means the bot: then all wait.
        """
        now = asyncio.get_running_loop().time()
        self._paused = {name: until for name, until in self._paused.items() if until > now}
        everyone = bool(self._paused.keys() - {chat, ""})
        for name in (chat, "") if everyone else (chat,):
            self._paused[name] = max(self._paused.get(name, now), now + seconds)
        for line in self._queues.values():
            self._send_away(line)

    def _send_away(self, line: _Queue) -> None:
        """Let nobody wait for the end of a long pause who may as well come again."""
        try:
            self._turn_away(line.chat, line.reply)
        except RetryLater as error:
            for _, granted in line.waiters:
                if not granted.done():
                    granted.set_exception(error)

    def _turn_away(self, room: str, reply: bool) -> None:
        """Raise RetryLater in a long pause; a reply has a patience of its own."""
        now = asyncio.get_running_loop().time()
        left = max(self._paused.get(name, now) for name in (room, "")) - now
        if left > LONG and not reply:
            raise RetryLater("the platform asked the bot to wait", left, flood=True)

    async def _grant(self) -> None:
        """Serve the lines until nobody waits."""
        loop = asyncio.get_running_loop()
        while self._queues:
            self._news.clear()
            now = loop.time()
            self._sort(now)
            due = self._due(now)
            if due > now:
                await self._sleep(due - now)
            elif self._ready:
                self._serve(now)
                await asyncio.sleep(0)  # where no limit of the bot makes a pause, a reply may still come in between

    def _sort(self, now: float) -> None:
        """Look again at the lines whose time has come."""
        while self._waiting and self._waiting[0][0] <= now:
            self._enqueue(heapq.heappop(self._waiting)[-1], now)

    def _enqueue(self, line: _Queue, now: float) -> None:
        """Put a line where its first waiter belongs, and away when nobody waits in it any more."""
        first = line.first()
        if first is None:
            del self._queues[line.chat, line.reply, line.ahead]
        elif (grant := self._chat_ready(line, now) - line.ahead) > now:
            heapq.heappush(self._waiting, (grant, first, line))
        else:
            heapq.heappush(self._ready, (not line.reply, first, line))

    def _due(self, now: float) -> float:
        """Give when there is something to do next."""
        if not self._ready:
            return self._waiting[0][0] if self._waiting else now
        first = self._ready[0][-1]
        return self._bot_ready(first, now) - first.ahead

    def _serve(self, now: float) -> None:
        """Grant a turn to the first in the first line, unless it is gone or another call of the room went before."""
        _, number, line = heapq.heappop(self._ready)
        at = max(self._chat_ready(line, now), self._bot_ready(line, now))
        if line.first() == number and at - line.ahead <= now:
            for limit in (*self._chat_limits(line.chat, now), *([self._bot] if self._bot else [])):
                limit.take(at)
            line.waiters.popleft()[1].set_result(at)
        self._enqueue(line, now)

    def _chat_ready(self, line: _Queue, now: float) -> float:
        """Give the earliest time of a turn in a room, half the lead from now on: a grant may come a little late."""
        soon = now + line.ahead / 2
        paused = self._paused.get(line.chat, soon)
        return max(soon, paused, *(limit.ready(soon, line.reply) for limit in self._chat_limits(line.chat, now)))

    def _bot_ready(self, line: _Queue, now: float) -> float:
        soon = now + line.ahead / 2
        bot = self._bot.ready(soon, line.reply) if self._bot else soon
        return max(bot, self._paused.get("", soon))

    def _chat_limits(self, room: str, now: float) -> list[Limit]:
        if room not in self._chats:
            self._forget(now)
            self._chats[room] = list(self._limits(room))
        return self._chats[room]

    def _forget(self, now: float) -> None:
        """Forget rooms long silent, but look for them only when their number has doubled: looking costs time."""
        if len(self._chats) >= self._many:
            self._chats = {room: own for room, own in self._chats.items() if not all(one.idle(now) for one in own)}
            self._many = max(_FEW, 2 * len(self._chats))

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but wake for a new line, which may be due earlier."""
        try:
            await asyncio.wait_for(self._news.wait(), seconds)
        except TimeoutError:
            return
