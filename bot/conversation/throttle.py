"""A sender who floods a bot with commands is slowed, told so once, then ignored; nobody else notices.

Each sender has a bucket of lines: a burst is answered at once, then as many as are refilled. A full
bucket is as good as a new one, so its sender can be forgotten.

Who empties the bucket gets a note, and then silence for as long as lines keep coming: each of them
makes the refill begin anew. Silence ends when the sender has been quiet for as long as two lines
take to be refilled. So a steady flood is not answered now and then: it is not answered at all.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum, auto
from itertools import count

_AWAKE = 2  # lines that must be in a bucket to end a silence


class Verdict(Enum):
    """What a line of a sender gets."""

    ANSWER = auto()
    NOTE = auto()
    SILENCE = auto()


@dataclass
class _Bucket:
    """What is remembered of one sender."""

    seen: float  # when the last line came
    taken: float = 0.0  # lines, and parts of one, that were missing then
    silent: bool = False


class Throttle:
    """Tell which lines to answer: `burst` of a sender at once, `per_second` in the long run.

    At most `most` senders are remembered. A line never costs a scan of them, at most some steps in a heap.
    What many share is `steady`: nobody is to blame, so what is refilled is answered at any time.
    """

    def __init__(self, burst: int = 5, per_second: float = 1.0, most: int = 10_000, *, steady: bool = False) -> None:
        self._steady = steady
        self._burst = burst
        self._per_second = per_second
        self._most = most
        self._buckets: dict[Hashable, _Bucket] = {}
        # One entry for each bucket. Lines that come later move the time when it is full, but not the entry.
        self._queue: list[tuple[float, int, Hashable]] = []
        self._order = count()

    def verdict(self, who: Hashable, now: float) -> Verdict:
        """Judge a line that came from `who` at `now`; a clock set back refills nothing until it goes on."""
        bucket = self._buckets.get(who) or self._new(who, now)
        bucket.taken = max(0.0, bucket.taken - max(0.0, now - bucket.seen) * self._per_second)
        bucket.seen = now
        needed = min(_AWAKE, self._burst) if bucket.silent and not self._steady else 1
        if bucket.taken + needed <= self._burst:
            bucket.silent = False
            bucket.taken += 1
            return Verdict.ANSWER
        verdict = Verdict.SILENCE if bucket.silent else Verdict.NOTE
        bucket.silent = True
        bucket.taken = bucket.taken if self._steady else self._burst
        return verdict

    def _new(self, who: Hashable, now: float) -> _Bucket:
        self._forget(now)
        heapq.heappush(self._queue, (now + 1 / self._per_second, next(self._order), who))
        bucket = self._buckets[who] = _Bucket(now)
        return bucket

    def _forget(self, now: float) -> None:
        """Forget those whose bucket is full again; where all places are still taken, the one who is nearest to it."""
        while self._queue and (self._queue[0][0] <= now or len(self._queue) >= self._most):
            noted, number, who = self._queue[0]
            full = self._full(self._buckets[who])
            if full > noted:
                heapq.heapreplace(self._queue, (full, number, who))
            else:
                heapq.heappop(self._queue)
                del self._buckets[who]

    def _full(self, bucket: _Bucket) -> float:
        return bucket.seen + bucket.taken / self._per_second
