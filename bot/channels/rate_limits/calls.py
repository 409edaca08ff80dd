"""Calls as a limit counts them: the platform took one in at some time between its start and its answer."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

_FEW = 10  # trips, before which the quickest may be far from what the network takes at least
_BLOCK = 200  # trips; older ones than two of these are forgotten


@dataclass
class Trips:
    """How long calls took from start to answer, in seconds, of which the quickest recent one matters."""

    _block: list[float] = field(default_factory=list)
    _former: float = math.inf  # the quickest of the block before
    _quickest: float = math.inf

    @property
    def quickest(self) -> float:
        """Give the quickest trip of the last hundreds; 0 while there are too few."""
        return self._quickest if self._former < math.inf or len(self._block) >= _FEW else 0.0

    def note(self, seconds: float) -> None:
        self._block.append(seconds)
        self._quickest = min(self._quickest, seconds)
        if len(self._block) == _BLOCK:
            self._former = min(self._block)
            self._block.clear()
            self._quickest = self._former


@dataclass(eq=False, slots=True)
class Call:
    """One call, made at `at` or a little later; it may be put off until it begins.

    Two calls arrive at the platform with at least the distance that lies between the answer of the first, less the
    quickest trip, and the start of the second. So a call counts from its answer on, less the quickest trip: however
    unsteady the network is, no more of them arrive in a window than are counted in it.
    """

    at: float  # seconds, of the event loop's clock
    trips: Trips
    begun_at: float = -math.inf
    counted_from: float | None = None  # None: it is under way

    def counts_from(self, now: float) -> float:
        """Give from when on it counts; of one that is under way, the earliest time that is possible still."""
        return max(self._start, now - self.trips.quickest) if self.counted_from is None else self.counted_from

    def answered(self, now: float) -> None:
        self.trips.note(max(0.0, now - self._start))
        self.counted_from = max(self._start, now - self.trips.quickest)

    def lost(self, now: float) -> None:
        """Count it from now on: its answer will not come, but it may have arrived until now."""
        self.counted_from = max(self._start, now)

    @property
    def _start(self) -> float:
        return max(self.at, self.begun_at)
