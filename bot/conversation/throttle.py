"""A sender of too many lines is warned once and then not answered; other senders are not affected.

This is a token bucket per sender: a burst is answered at once, then as many lines as are refilled. A
full bucket equals a new one, so its sender can be forgotten.

A sender who empties the bucket gets one note, and then silence while lines keep coming: each of them
starts the refill anew. The silence ends when the sender has paused for the time that refills two
lines. So somebody who never pauses is not answered at all.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count

_ENDS_SILENCE = 2  # lines that must be in a bucket to end a silence


class Verdict(Enum):
    """What to do with a line."""

    ANSWER = auto()
    NOTE = auto()
    SILENCE = auto()
    BUSY = auto()  # with a word that too much is asked in the group; no sender is at fault


@dataclass
class _Bucket:
    """What is known of one sender."""

    last_at: float  # when the last line came
    missing: float = 0.0  # lines, and parts of one, that it lacked then
    silent: bool = False


class Throttle:
    """Tell which lines to answer: `burst` of a sender at once, `per_second` in the long run.

    At most `most` senders are remembered. A line never costs a scan of them, only some steps in a heap.
    A bucket that many senders share is `steady`: what is refilled is answered at once, without a pause.
    """

    def __init__(self, burst: int = 5, per_second: float = 1.0, most: int = 10_000, *, steady: bool = False) -> None:
        self._steady = steady
        self._burst = burst
        self._per_second = per_second
        self._most = most
        self._buckets: dict[Hashable, _Bucket] = {}
        # One entry per bucket: when it was to be full as the entry was made. Later lines do not move the entry.
        self._queue: list[tuple[float, int, Hashable]] = []
        self._order = count()

    def verdict(self, sender: Hashable, now: float, kept: int = 0) -> Verdict:
        """Judge a line; `kept` lines are not for its sender. A clock that was set back refills nothing at first."""
        bucket = self._buckets.get(sender) or self._new(sender, now)
        bucket.missing = max(0.0, bucket.missing - max(0.0, now - bucket.last_at) * self._per_second)
        bucket.last_at = now
        needed = min(_ENDS_SILENCE, self._burst) if bucket.silent and not self._steady else 1
        if bucket.missing + needed + kept <= self._burst:
            bucket.silent = False
            bucket.missing += 1
            return Verdict.ANSWER
        verdict = Verdict.SILENCE if bucket.silent else Verdict.NOTE
        bucket.silent = True
        bucket.missing = bucket.missing if self._steady else self._burst
        return verdict

    def charge(self, sender: Hashable, lines: int) -> None:
        """Take so many more lines from a sender who was answered just now; it may then lack more than a burst."""
        if bucket := self._buckets.get(sender):
            bucket.missing += lines

    def _new(self, sender: Hashable, now: float) -> _Bucket:
        self._forget(now)
        heapq.heappush(self._queue, (now + 1 / self._per_second, next(self._order), sender))
        bucket = self._buckets[sender] = _Bucket(now)
        return bucket

    def _forget(self, now: float) -> None:
        """Forget the senders whose bucket is full again; at the limit, also the one whose is next to be full."""
        while self._queue and (self._queue[0][0] <= now or len(self._queue) >= self._most):
            expected, number, sender = self._queue[0]
            full = self._full_at(self._buckets[sender])
            if full > expected:
                heapq.heapreplace(self._queue, (full, number, sender))
            else:
                heapq.heappop(self._queue)
                del self._buckets[sender]

    def _full_at(self, bucket: _Bucket) -> float:
        return bucket.last_at + bucket.missing / self._per_second
