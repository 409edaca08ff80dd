"""Decide who may call when: limits per bot, per chat and per group; replies go before broadcasts.

Who calls holds a turn meanwhile. What became of the call says from when on it counts, or gives the turn back, and a
refusal teaches the limits.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from typing import Self

from bot.channels.rate_limits.calls import Call, Trips
from bot.channels.rate_limits.limits import Limit
from bot.channels.rate_limits.pauses import ALL, Pauses
from bot.errors import RetryLater, SendError, Unconfirmed

LONG = 60.0  # seconds: a broadcast does not wait for the end of a longer pause
_FEW = 100  # up to so many chats, none is forgotten


class Turn:
    """The right to make one call, in whose context the call is made: what it raises tells what became of the call."""

    def __init__(self, call: Call, limits: Sequence[Limit], learn: Callable[[float], None]) -> None:
        self._call = call
        self._limits = limits
        self._learn = learn
        self._is_over = False

    @property
    def at(self) -> float:
        return self._call.at

    @property
    def may_be_postponed(self) -> bool:
        return not (self._is_over or self._call.begun_at > -math.inf)

    async def begin(self) -> None:
        """Wait until its time, which may be put off until then."""
        loop = asyncio.get_running_loop()
        while (wait := self._call.at - loop.time()) > 0:
            await asyncio.sleep(wait)
        self._call.begun_at = loop.time()

    def postpone(self, at: float) -> None:
        self._call.at = at

    def give_back(self) -> None:
        """Make no call after all."""
        self._is_over = True
        for limit in self._limits:
            limit.give_back(self._call)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, _: object, error: BaseException | None, __: object) -> None:
        if self._is_over:
            return
        now = asyncio.get_running_loop().time()
        if isinstance(error, RetryLater):  # surely not taken in
            if error.flood:
                self._learn(error.after or 0.0)
            self.give_back()
        elif error is None or (isinstance(error, SendError) and not isinstance(error, Unconfirmed)):
            self._call.answered(now)
        else:
            self._call.lost(now)
        self._is_over = True


@dataclass
class _Queue:
    """The replies, or the broadcasts, that wait for one chat: first come, first served."""

    chat: str
    reply: bool
    ahead: float
    waiters: deque[tuple[int, asyncio.Future[Turn]]] = field(default_factory=deque)  # numbered as they came

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

    def __init__(self, bot: Sequence[Limit], limits: Callable[[str], Sequence[Limit]]) -> None:
        self._bot = bot
        self._limits = limits
        self._chats: dict[str, Sequence[Limit]] = {}
        self._forget_from = _FEW  # from so many chats on, idle ones are looked for
        self._pauses = Pauses()
        self._trips = Trips()
        self._queues: dict[tuple[str, bool, float], _Queue] = {}
        self._waiting: list[tuple[float, int, _Queue]] = []  # by the time when their chat may get a turn
        self._ready: list[tuple[bool, int, _Queue]] = []  # for the bot's limit: replies, then broadcasts
        self._order = count()
        self._task: asyncio.Task[None] | None = None
        self._queue_added = asyncio.Event()
        self._ahead: list[tuple[str, Turn]] = []  # broadcasts, by chat, whose time a reply may still get
        self._granted_until = self._learnt_until = -math.inf  # the time of the last turn, and that at the last lesson

    async def acquire(self, chat: str, *, reply: bool = False, ahead: float = 0.0) -> Turn:
        """Wait for a turn; a cancelled wait takes none.

        It is granted at most `ahead` seconds before its time and at least half as many; the caller prepares the
        call in between, and begins it at that time, not earlier. With `ahead` 0 the time is now, but a reply may get
        the time of a broadcast that has not begun.
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
        return await _unless_cancelled(granted)

    def pause(self, chat: str, seconds: float) -> None:
        """Make no call to a chat for some seconds, as the platform asked; see `Pauses` for when it means all chats."""
        now = asyncio.get_running_loop().time()
        is_own = any(limit.explains(seconds, now) for limit in self._chat_limits(chat, now))
        self._pauses.begin(chat, seconds, now, is_own=is_own)
        for queue in self._queues.values():
            self._refuse_waiters(queue)

    def _learn(self, refused: Call, limits: Sequence[Limit], pause: float) -> None:
        """Let the limit learn that was reached; calls whose turns were granted before teach nothing more."""
        now = asyncio.get_running_loop().time()
        if refused.at > self._learnt_until:
            for limit in self._reached(limits, pause, now):
                limit.learn(refused)
                self._learnt_until = self._granted_until

    def _reached(self, limits: Sequence[Limit], pause: float, now: float) -> Sequence[Limit]:
        """Tell which limits a refusal is about: the chat's own, or what is shared by all chats."""
        own = [limit for limit in limits if limit.explains(pause, now)]
        if own or not self._bot:
            return own or limits
        return self._bot if self._pauses.over(ALL, now) > now else ()

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
        left = max(self._pauses.over(name, now) for name in (chat, ALL)) - now
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
        return now if self._to_postpone(first, now) else self._bot_ready(first, now) - first.ahead

    def _grant_first(self, now: float) -> None:
        """Grant a turn to the first of the first queue, unless it is gone or another call to the chat went first."""
        _, number, queue = heapq.heappop(self._ready)
        at = max(self._chat_ready(queue, now), self._bot_ready(queue, now))
        later = self._to_postpone(queue, now)
        if queue.first() == number and (later or at - queue.ahead <= now):
            queue.waiters.popleft()[1].set_result(self._turn(queue, at, now, later))
        self._enqueue(queue, now)

    def _turn(self, queue: _Queue, at: float, now: float, later: Turn | None) -> Turn:
        """Make the turn for a time that the limits allow; `later` gets that time, and gives its own."""
        limits, call = self._chat_limits(queue.chat, now), Call(at, self._trips)
        self._granted_until = max(self._granted_until, at)
        for limit in self._bot:
            limit.take(call)
        if later:
            call.at = max(later.at, now)
            later.postpone(at)
        for limit in limits:
            limit.take(call)
        turn = Turn(call, (*limits, *self._bot), partial(self._learn, call, limits))
        if self._bot and queue.ahead:
            self._ahead = [*self._postponable(), (queue.chat, turn)]
        return turn

    def _to_postpone(self, queue: _Queue, now: float) -> Turn | None:
        """Give the first broadcast to another chat, granted ahead, whose time comes before that of a reply."""
        if not queue.reply:
            return None
        ready, due = max(self._chat_ready(queue, now), self._pauses.over(ALL, now)), self._bot_ready(queue, now)
        others = (turn for chat, turn in self._postponable() if chat != queue.chat)
        return min(
            (turn for turn in others if ready <= max(turn.at, now) < due), key=lambda turn: turn.at, default=None
        )

    def _postponable(self) -> list[tuple[str, Turn]]:
        return [(chat, turn) for chat, turn in self._ahead if turn.may_be_postponed]

    def _chat_ready(self, queue: _Queue, now: float) -> float:
        """Give the earliest time at which a chat's limits allow the turn.

        It lies at least half of `ahead` from now: a grant may come a little late.
        """
        return _soonest(queue, now, self._pauses.over(queue.chat, now), self._chat_limits(queue.chat, now))

    def _bot_ready(self, queue: _Queue, now: float) -> float:
        return _soonest(queue, now, self._pauses.over(ALL, now), self._bot)

    def _chat_limits(self, chat: str, now: float) -> Sequence[Limit]:
        if chat not in self._chats:
            self._forget_idle(now)
            self._chats[chat] = self._limits(chat)
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


def _soonest(queue: _Queue, now: float, pause: float, limits: Sequence[Limit]) -> float:
    return max(now + queue.ahead / 2, pause, *(limit.ready(now, queue.reply) for limit in limits))


async def _unless_cancelled(granted: asyncio.Future[Turn]) -> Turn:
    """Await a turn; who is cancelled at the moment of the grant gives it back."""
    try:
        return await granted
    except asyncio.CancelledError:
        if granted.done() and not granted.cancelled():
            granted.result().give_back()
        raise
