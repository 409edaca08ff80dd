"""How many calls a platform allows: what it documents, and what its refusals taught."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

LOWEST = 0.6  # of what is documented: refusals lower it no further
_STEP = 0.05  # of what is documented: what a refusal takes at least, and what each day gives back
_NEAR = 0.85  # of what is allowed: so many seen may be as many as that, since calls come late by chance
_DAY = 86_400.0  # seconds


@dataclass
class Allowance:
    """So many calls in so many seconds; what a refusal takes from it comes back in days."""

    name: str  # on disk; an allowance without a name learns nothing
    most: int  # calls that are documented
    window: float  # seconds
    clock: Callable[[], float] = time.time
    learnt: float = math.inf  # calls that were allowed when the last lesson was learnt
    learnt_at: float = 0.0  # seconds since 1970

    @property
    def allowed(self) -> float:
        """Give how many calls are made at the most; the platform is asked for a little more each day."""
        days = max(0.0, self.clock() - self.learnt_at) / _DAY
        return min(self.most, self.learnt + days * _STEP * self.most)

    def lower(self, seen: float) -> None:
        """Learn that the platform refused a call beyond the `seen` ones of a window."""
        if self.name:
            is_near = seen > _NEAR * self.allowed
            lowered = self.allowed - _STEP * self.most if is_near else seen
            self.learnt, self.learnt_at = max(lowered, LOWEST * self.most), self.clock()

    def remember(self, learnt: float, learnt_at: float) -> None:
        """Take over what was learnt by an earlier process; a clock that was ahead then makes it a lesson of now."""
        self.learnt, self.learnt_at = max(learnt, LOWEST * self.most), min(learnt_at, self.clock())
