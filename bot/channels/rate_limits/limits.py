"""Two kinds of limits: an even distance between calls, and so many calls in any window of time.

`EvenSpacing` is the generic cell rate algorithm (GCRA): calls are kept an even distance apart, and only a reply may
come early. `SlidingWindow` admits no more than a number of calls in any window of time, and is exact. GCRA would not
do for "20 in a minute": it would either stretch 20 messages over the whole minute or let 39 through in the first one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Protocol

from bot.channels.rate_limits.allowances import Allowance
from bot.channels.rate_limits.calls import Call

# When a call leaves a window, and when the pause ends that the platform asks for because of it, in whole seconds.
_EARLIER, _LATER = 1.5, 0.5
_SLOWER = 0.8  # of the pace, where a refusal tells of no number


class Limit(Protocol):
    """One rate limit. Times are seconds of any clock that only goes forward."""

    def ready(self, now: float, reply: bool) -> float:
        """Give the earliest time from `now` on at which a call keeps the limit; for a reply it is never later.

        While calls are under way it may be later than that, and is to be asked again.
        """

    def take(self, call: Call) -> None:
        """Count a call."""

    def give_back(self, call: Call) -> None:
        """Count a call no more: it was not made, or the platform refused it."""

    def idle(self, now: float) -> bool:
        """Tell whether no earlier call counts any more, so that a new limit would do as well."""

    def explains(self, pause: float, now: float) -> bool:
        """Tell whether this limit is the reason of a pause: it ends when a call leaves the window."""

    def learn(self, refused: Call) -> None:
        """Learn from a refusal to allow less."""


@dataclass
class EvenSpacing:
    """Calls at an even distance, but a reply may come `leeway` intervals early.

    An early reply counts as any call does: what follows waits longer, and the long-run rate is the same.
    """

    allowance: Allowance
    leeway: float = 0.0
    haste: float = 1.0  # so many times closer than even: where a window keeps the number, this only spreads the calls
    from_answer: bool = True  # the distance is kept from when the last call counts on, not from its start
    _next: float = -math.inf  # the "theoretical arrival time" of GCRA
    _last: Call | None = None
    _last_at: float = 0.0  # when it was to be made; it may be put off

    @property
    def interval(self) -> float:
        return self.allowance.window / (self.allowance.allowed * self.haste)

    def ready(self, now: float, reply: bool = False) -> float:
        due = self._next + self._late(now)
        return max(now, due - self.leeway * self.interval if reply else due)

    def take(self, call: Call) -> None:
        self._next = max(call.at, self._next + self._late(call.at)) + self.interval
        self._last, self._last_at = call, call.at

    def give_back(self, call: Call) -> None:
        self._next -= self.interval
        self._last = None if self._last is call else self._last

    def idle(self, now: float) -> bool:
        return self._next + self._late(now) <= now

    def explains(self, pause: float, now: float) -> bool:  # noqa: ARG002
        return False

    def learn(self, refused: Call) -> None:  # noqa: ARG002
        if self.from_answer:
            self.allowance.lower(self.allowance.allowed * _SLOWER)

    def _late(self, now: float) -> float:
        """Give by how much the last call may have arrived later than it was made."""
        return self._last.counts_from(now) - self._last_at if self._last and self.from_answer else 0.0


@dataclass
class SlidingWindow:
    """No more than an allowance's calls in any of its windows, replies or broadcasts."""

    allowance: Allowance
    margin: float = 0.0  # of the window, added to it
    _calls: list[Call] = field(default_factory=list)

    @property
    def window(self) -> float:
        return self.allowance.window * (1 + self.margin)

    def ready(self, now: float, reply: bool = False) -> float:  # noqa: ARG002
        most = int(self.allowance.allowed)
        if len(self._calls) < most:
            return now
        return max(now, sorted(call.counts_from(now) for call in self._calls)[-most] + self.window)

    def take(self, call: Call) -> None:
        # A refusal asks about a window that ended when the refused call was made, a little ago.
        over = call.at - 2 * self.window
        self._calls = [*(one for one in self._calls if one.counts_from(call.at) > over), call]

    def give_back(self, call: Call) -> None:
        if call in self._calls:
            self._calls.remove(call)

    def idle(self, now: float) -> bool:
        return all(call.counts_from(now) + self.window <= now for call in self._calls)

    def explains(self, pause: float, now: float) -> bool:
        ends = now + pause
        leaving = (call.counts_from(now) + self.allowance.window for call in self._calls)
        return self._is_in_use(self._made(now)) and any(ends - _EARLIER < at < ends + _LATER for at in leaving)

    def learn(self, refused: Call) -> None:
        """Learn how many calls the platform allows; nothing, where too few were made to be the reason."""
        if self._is_in_use(made := self._made(refused.at)):
            self.allowance.lower(made)

    def _made(self, now: float) -> int:
        return sum(now - self.allowance.window < one.at < now for one in self._calls)

    def _is_in_use(self, made: int) -> bool:
        return 2 * made >= self.allowance.allowed
