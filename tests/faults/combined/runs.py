"""A run of the program, with what goes wrong in it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from functools import partial
from typing import Any

from tests.faults.combined.acts import Act
from tests.faults.combined.stage import Stage
from tests.support.fakes import faults
from tests.support.fakes.faults import Fault
from tests.support.fakes.server import Call

_NAMED: Mapping[str, Callable[..., Fault]] = {
    "lost_answer": faults.lost_answer,
    "reset": faults.reset,
    "server_error": faults.server_error,
    "truncated": faults.truncated,
    "captive_portal": faults.captive_portal,
    "flood": partial(faults.flood, 1),
    "ratelimited": partial(faults.ratelimited, 1),
    "unauthorized": partial(faults.unauthorized, times=None),
    "token_revoked": partial(faults.slack_refusal, "token_revoked", times=None),
}


@dataclass(frozen=True)
class Broken:
    """A call that goes wrong on the network or is refused for a while, known by the name of its fault."""

    fault: str
    method: str
    chat: str | None  # as the platform calls it; None: any
    skip: int  # so many calls before it pass

    @property
    def made(self) -> Fault:
        return _NAMED[self.fault](method=self.method, chat=self.chat, skip=self.skip)


@dataclass(frozen=True, repr=False)
class At:
    """Something that happens at the n-th call of a run, before it is carried out or after."""

    call: int
    act: Act
    answered: bool = False

    def __repr__(self) -> str:
        return _spelled(self)


@dataclass(frozen=True, repr=False)
class Run:
    """One run; acts happen in the order of their calls."""

    command: str = "deliver"
    shift: float = 0.0  # seconds by which its clock is ahead
    killed_at: str = ""  # a statement of SQL before which it dies
    broken: tuple[Broken, ...] = ()
    acts: tuple[At, ...] = ()

    def __repr__(self) -> str:
        return _spelled(self)

    async def play(self, stage: Stage) -> None:
        site = stage.site
        site.happen(*(one.made for one in self.broken))
        first = len(site.processes)
        stage.current = await stage.start(self.command, shift=self.shift, killed_at=self.killed_at)
        moments = _Moments(stage, self.acts)
        for server in site.servers:
            server.on_call, server.on_answer = moments.on_call, moments.on_answer
        if self.command == "run":
            await stage.end_run()
        while site.processes[first:]:
            site.ended.append(await site.processes[first].end())
            first += 1
            async with stage.starting:
                pass  # what is being started ends, too
        stage.look_around()
        for server in site.servers:
            server.on_call = server.on_answer = None
        site.heal()


class _Moments:
    """Count the calls that could show something, and let happen what is due."""

    def __init__(self, stage: Stage, acts: Iterable[At]) -> None:
        self._stage, self._acts = stage, list(acts)
        self._called = self._answered = 0

    async def on_call(self, method: str, _arguments: dict[str, Any]) -> None:
        if _shows(method):
            self._called += 1
            for one in self._due(self._called, answered=False):
                if inspect.isawaitable(done := one.act.do(self._stage)):
                    await done

    def on_answer(self, call: Call) -> None:
        if _shows(call.method):
            self._answered += 1
            for one in self._due(self._answered, answered=True):
                one.act.do(self._stage)

    def _due(self, number: int, *, answered: bool) -> list[At]:
        return [one for one in self._acts if (one.call, one.answered) == (number, answered)]


def _shows(method: str) -> bool:
    return not method.startswith(("get", "conversations.", "auth.", "setMy", "deleteMy"))


def _spelled(one: At | Run) -> str:
    """Spell what makes it anew, without what goes without saying."""
    values = ((field.name, getattr(one, field.name), field.default) for field in fields(one))
    named = (f"{name}={value!r}" for name, value, default in values if value != default)
    return f"{type(one).__name__}({', '.join(named)})"
