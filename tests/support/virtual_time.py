"""An event loop whose time is free: when nothing can run, its clock jumps to the next timer."""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")
_THREAD = 5.0  # real seconds that a thread may take on which all else waits


class _Selector(selectors.DefaultSelector):
    """Where the loop would wait, note how long instead; each of its turns takes a moment, as on any machine."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        happened = super().select(0)
        if not happened and timeout is None:
            happened = super().select(_THREAD)
        if not happened and timeout is None:
            raise RuntimeError("everything waits, and nothing will ever happen")
        self.now = math.nextafter(self.now + (timeout or 0.0), math.inf)
        return happened


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Run timers in order without waiting for them; the first moment is 0."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)
        self._clock_resolution = 0.0  # else timers would go off before their time, again and again

    def time(self) -> float:
        return self._virtual.now


def run(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a coroutine to its end in virtual time."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)
