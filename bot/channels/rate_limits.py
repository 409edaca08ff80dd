"""Decide who may call when: limits per bot, per chat and per group; replies go before broadcasts.

There are two limits and one queue. `EvenSpacing` is the generic cell rate algorithm (GCRA): calls are
kept an even distance apart, and only a reply may come early. `SlidingWindow` admits no more than a
number of calls in any window of time, and is exact. GCRA would not do for "20 in a minute": it would
either stretch 20 messages over the whole minute or let 39 through in the first one.
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

LONG = 60.0  # seconds: a broadcast does not wait for the end of a longer pause
_FEW = 100  # up to so many chats, none is forgotten


class Limit(Protocol):
    """One rate limit. Times are seconds of any clock that only goes forward."""

    def ready(self, now: float, reply: bool) -> float:
        """Give the earliest time from `now` on at which a call keeps the limit; for a reply it is never later."""

    def take(self, now: float) -> None:
        """Count a call made at `now`."""

    def idle(self, now: float) -> bool:
        """Tell whether no earlier call counts any more, so that a new limit would do as well."""


@dataclass
class EvenSpacing:
    """No two calls closer than `interval` seconds, but a reply may come `leeway` seconds early.

    An early reply counts as any call does: what follows waits longer, and the long-run rate is the same.
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
    """No more than `most` calls in any `window` seconds, replies or broadcasts."""

    most: int
    window: float
    _calls: deque[float] = field(default_factory=deque)

    def ready(self, now: float, reply: bool = False) -> float:  # noqa: ARG002
        return max(now, self._calls[0] + self.window) if len(self._calls) == self.most else now

    def take(self, now: float) -> None:
        if len(self._calls) == self.most:
            self._calls.popleft()
        insort(self._calls, now)  # a reply may go before a broadcast whose turn was granted ahead of time

    def idle(self, now: float) -> bool:
        return all(at + self.window <= now for at in self._calls)


@dataclass
class _Queue:
    """The replies, or the broadcasts, that wait for one chat: first come, first served."""

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
    """Grant turns to call; all chats share the bot's own limit.

    A chat is what the platform counts as one. `limits(chat)` makes its limits. Time is that of the
    running event loop. Each queue, not each waiter, is in one of two heaps, so that a grant costs the
    same however many wait.
    """

    def __init__(self, bot: Limit | None, limits: Callable[[str], Iterable[Limit]]) -> None:
        self._bot = bot
        self._limits = limits
        self._chats: dict[str, list[Limit]] = {}
        self._forget_from = _FEW  # from so many chats on, idle ones are looked for
        self._paused: dict[str, float] = {}
        self._queues: dict[tuple[str, bool, float], _Queue] = {}
        self._waiting: list[tuple[float, int, _Queue]] = []  # by the time when their chat may get a turn
        self._ready: list[tuple[bool, int, _Queue]] = []  # for the bot's limit: replies, then broadcasts
        self._order = count()
        self._task: asyncio.Task[None] | None = None
        self._queue_added = asyncio.Event()

    async def acquire(self, chat: str, *, reply: bool = False, ahead: float = 0.0) -> float:
        """Wait for a turn and give its time; a cancelled wait takes none.

        It is granted at most `ahead` seconds before its time and at least half as many; the caller prepares the
        call in between, and makes it at that time, neither earlier nor later. With `ahead` 0 the time is now.
        Raise RetryLater for a broadcast in a long pause; a reply waits for its end.
        """
        self._refuse_if_paused(chat, reply)
        loop = asyncio.get_running_loop()
        number, granted = next(self._order), loop.create_future()
        queue = self._queues.get((chat, reply, ahead))
        if queue is None:
            queue = self._queues[chat, reply, ahead] = _Queue(chat, reply, ahead)
            heapq.heappush(self._waiting, (loop.time(), number, queue))
            self._queue_added.set()
        queue.waiters.append((number, granted))
        if self._task is None or self._task.done():
            self._task = loop.create_task(self._grant_turns())
        at: float = await granted
        return at

    def pause(self, chat: str, seconds: float) -> None:
        """Make no call to a chat for some seconds, as the platform asked.

        The platform does not say whether the chat or the whole bot was too fast. When it asks for a pause
        of a second chat while the first still pauses, it means the bot: then all chats pause.
        """
        now = asyncio.get_running_loop().time()
        self._paused = {name: until for name, until in self._paused.items() if until > now}
        everyone = bool(self._paused.keys() - {chat, ""})
        for name in (chat, "") if everyone else (chat,):
            self._paused[name] = max(self._paused.get(name, now), now + seconds)
        for queue in self._queues.values():
            self._refuse_waiters(queue)

    def _refuse_waiters(self, queue: _Queue) -> None:
        """End the waits of a queue in a long pause; a broadcast can be tried again later."""
        try:
            self._refuse_if_paused(queue.chat, queue.reply)
        except RetryLater as error:
            for _, granted in queue.waiters:
                if not granted.done():
                    granted.set_exception(error)

    def _refuse_if_paused(self, chat: str, reply: bool) -> None:
        """Raise RetryLater in a long pause, but not for a reply: its sender limits the wait itself."""
        now = asyncio.get_running_loop().time()
        left = max(self._paused.get(name, now) for name in (chat, "")) - now
        if left > LONG and not reply:
            raise RetryLater("the platform asked the bot to wait", left, flood=True)

    async def _grant_turns(self) -> None:
        """Grant turns until nobody waits."""
        loop = asyncio.get_running_loop()
        while self._queues:
            self._queue_added.clear()
            now = loop.time()
            self._move_due(now)
            due = self._next_due(now)
            if due > now:
                await self._sleep(due - now)
            elif self._ready:
                self._grant_first(now)
                await asyncio.sleep(0)  # where no limit of the bot makes a pause, a reply may still come in between

    def _move_due(self, now: float) -> None:
        """Look again at the queues whose time has come."""
        while self._waiting and self._waiting[0][0] <= now:
            self._enqueue(heapq.heappop(self._waiting)[-1], now)

    def _enqueue(self, queue: _Queue, now: float) -> None:
        """Put a queue into the heap where its first waiter belongs; drop it when nobody waits in it any more."""
        first = queue.first()
        if first is None:
            del self._queues[queue.chat, queue.reply, queue.ahead]
        elif (grant := self._chat_ready(queue, now) - queue.ahead) > now:
            heapq.heappush(self._waiting, (grant, first, queue))
        else:
            heapq.heappush(self._ready, (not queue.reply, first, queue))

    def _next_due(self, now: float) -> float:
        """Give the time at which there is something to do next."""
        if not self._ready:
            return self._waiting[0][0] if self._waiting else now
        first = self._ready[0][-1]
        return self._bot_ready(first, now) - first.ahead

    def _grant_first(self, now: float) -> None:
        """Grant a turn to the first of the first queue, unless it is gone or another call to the chat went first."""
        _, number, queue = heapq.heappop(self._ready)
        at = max(self._chat_ready(queue, now), self._bot_ready(queue, now))
        if queue.first() == number and at - queue.ahead <= now:
            for limit in (*self._chat_limits(queue.chat, now), *([self._bot] if self._bot else [])):
                limit.take(at)
            queue.waiters.popleft()[1].set_result(at)
        self._enqueue(queue, now)

    def _chat_ready(self, queue: _Queue, now: float) -> float:
        """Give the earliest time at which a chat's limits allow the turn.

        It lies at least half of `ahead` from now: a grant may come a little late.
        """
        soon = now + queue.ahead / 2
        paused = self._paused.get(queue.chat, soon)
        return max(soon, paused, *(limit.ready(soon, queue.reply) for limit in self._chat_limits(queue.chat, now)))

    def _bot_ready(self, queue: _Queue, now: float) -> float:
        soon = now + queue.ahead / 2
        bot = self._bot.ready(soon, queue.reply) if self._bot else soon
        return max(bot, self._paused.get("", soon))

    def _chat_limits(self, chat: str, now: float) -> list[Limit]:
        if chat not in self._chats:
            self._forget_idle(now)
            self._chats[chat] = list(self._limits(chat))
        return self._chats[chat]

    def _forget_idle(self, now: float) -> None:
        """Forget idle chats, but look for them only when the number of chats has doubled: looking costs time."""
        if len(self._chats) >= self._forget_from:
            self._chats = {chat: own for chat, own in self._chats.items() if not all(one.idle(now) for one in own)}
            self._forget_from = max(_FEW, 2 * len(self._chats))

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but wake for a new queue, which may be due earlier."""
        try:
            await asyncio.wait_for(self._queue_added.wait(), seconds)
        except TimeoutError:
            return
