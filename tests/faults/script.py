"""When what goes wrong: faults that are counted, and things that happen at a call."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from tests.fakes.faults import NOTHING, Fault, Faults
from tests.fakes.server import Call, FakeServer

Act = Callable[[], Awaitable[object] | object]


class Counted(Faults):
    """The script of a fake server, that remembers which of its faults ever struck."""

    def __init__(self) -> None:
        super().__init__()
        self.added: list[Fault] = []
        self.struck: list[Fault] = []

    @property
    def idle(self) -> list[Fault]:
        """Give those that never struck."""
        return [fault for fault in self.added if not _among(fault, self.struck)]

    def add(self, *faults: Fault) -> None:
        super().add(*faults)
        self.added += self._script[len(self._script) - len(faults) :]

    def strike(self, method: str, chat: str) -> Fault:
        fault = super().strike(method, chat)
        if fault is not NOTHING and not _among(fault, self.struck):
            self.struck.append(fault)
        return fault


def _among(fault: Fault, faults: Sequence[Fault]) -> bool:
    return any(fault is one for one in faults)


class Moment:
    """The n-th call that some servers take from now on, before they carry it out or after they did."""

    def __init__(
        self, servers: Sequence[FakeServer], number: int, act: Act, *, answered: bool = False, method: str = ""
    ) -> None:
        self.left, self._act, self._servers, self._method = number, act, servers, method
        for server in servers:
            server.on_call = None if answered else self._on_call
            server.on_answer = self._on_answer if answered else None

    def forget(self) -> None:
        """Let calls be calls again."""
        for server in self._servers:
            server.on_call = server.on_answer = None

    async def _on_call(self, method: str, _arguments: dict[str, Any]) -> None:
        if inspect.isawaitable(done := self._count(method)):
            await done

    def _on_answer(self, call: Call) -> None:
        done = self._count(call.method)
        assert not inspect.isawaitable(done), "nothing can be awaited between a call and its answer"

    def _count(self, method: str) -> object:
        if self._method not in ("", method):
            return None
        self.left -= 1
        return self._act() if self.left == 0 else None
