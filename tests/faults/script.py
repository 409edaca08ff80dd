"""When what goes wrong: faults that are counted, and things that happen at a call."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tests.support.fakes.faults import Fault, Faults
from tests.support.fakes.server import Call

Act = Callable[[], Awaitable[object] | object]


class Counted(Faults):
    """The script of a fake server, that knows which of its faults ever struck."""

    def __init__(self) -> None:
        super().__init__()
        self.struck = 0
        self._idle: dict[int, Fault] = {}  # by identity: two faults may be equal

    @property
    def idle(self) -> list[Fault]:
        """List those that never struck."""
        return list(self._idle.values())

    def add(self, *faults: Fault) -> None:
        super().add(*faults)
        self._idle |= {id(fault): fault for fault in self._script[-len(faults) :]}

    def strike(self, method: str, chat: str) -> Fault:
        fault = super().strike(method, chat)
        self.struck += self._idle.pop(id(fault), None) is not None
        return fault


@dataclass
class Moment:
    """The n-th call that the platforms take, of one method or of any; something happens then."""

    left: int
    act: Act
    method: str

    async def on_call(self, method: str, _arguments: dict[str, Any]) -> None:
        """Act before the call is carried out, which waits for that."""
        if self._comes(method) and inspect.isawaitable(done := self.act()):
            await done

    def on_answer(self, call: Call) -> None:
        """Act after the call was carried out and before its answer; nothing can be awaited then."""
        if self._comes(call.method):
            done = self.act()
            assert not inspect.isawaitable(done)

    def _comes(self, method: str) -> bool:
        fits = self.method in ("", method)
        self.left -= fits
        return fits and self.left == 0
