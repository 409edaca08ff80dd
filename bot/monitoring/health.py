"""What the running process knows of itself: which tasks go round, what is out of order, which bots are refused."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from bot.database.states import IncidentKind
from bot.monitoring.health_report import HealthReport, Problem
from bot.monitoring.outages import Outages
from formatters.locale import phrases

SWEEP, DELIVERY = "sweep", "delivery"  # tasks of the service; what is of a channel begins with its name
_BRIEF = 45.0  # seconds: a platform that cannot be asked is asked again by then


def dispatch_of(channel: str) -> str:
    """Name the task that delivers in a channel."""
    return f"{channel} dispatch"


@dataclass
class Health:
    """Collect the signs of life of tasks, and what is out of order."""

    clock: Callable[[], float] = time.monotonic
    outages: Outages = field(init=False)  # operators are told of them
    # Operators are told of these two by the ledger: as soon as a message is refused, and after an hour.
    _bots: Outages = field(init=False)
    _sources: Outages = field(init=False)
    _signs: dict[str, float] = field(default_factory=dict)  # the last one of each task
    _next: dict[str, float] = field(default_factory=dict)  # by when another one must come
    notes: dict[str, str] = field(default_factory=dict)  # by what they are about: worth knowing, and no problem

    def __post_init__(self) -> None:
        self.outages, self._bots, self._sources = Outages(self.clock), Outages(self.clock), Outages(self.clock)

    def sign(self, task: str, within: float = math.inf) -> None:
        """Note a sign of life of a task; another one comes within so many seconds, or the task hangs."""
        self._signs[task] = now = self.clock()
        self._next[task] = now + within

    def ended(self, task: str) -> None:
        """Note that a task is over; nobody waits for a sign of life."""
        self._signs.pop(task, None)
        self._next.pop(task, None)

    def left(self, channel: str) -> None:
        """Note that this process works for a channel no longer: how it is there, another one knows."""
        for task in [task for task in self._signs if task.startswith(f"{channel} ")]:
            self.ended(task)
        for outages in (self.outages, self._bots):
            outages.end(IncidentKind.DISCONNECTED, channel)
            outages.end(IncidentKind.BOT, channel)

    def hanging(self) -> list[str]:
        """List the tasks that no longer go round, which a new process would."""
        now = self.clock()
        return [task for task, until in self._next.items() if until < now]

    def token_asked(self, channel: str, problem: str) -> None:
        """Note what a platform says to our token, "" when all is well; asking once more may go better."""
        self._judge(IncidentKind.DISCONNECTED, channel, problem, _BRIEF)

    def delivered(self, channel: str, refusal: str) -> None:
        """Note after a dispatch why the bot of a channel was refused, "" when it was not."""
        self._judge(IncidentKind.BOT, channel, refusal, 0.0)

    def sources_read(self, unreadable: Mapping[str, str]) -> None:
        """Note after a look which sources cannot be read for long, and why."""
        for one in self._sources.lasting():
            if one.incident.where not in unreadable:
                self._sources.end(one.incident.kind, one.incident.where)
        for name, why in unreadable.items():
            self._sources.begin(IncidentKind.SOURCE, name, why, brief=0.0)

    def _judge(self, kind: IncidentKind, channel: str, problem: str, brief: float) -> None:
        if problem:
            self._bots.begin(kind, channel, problem, brief=brief)
        else:
            self._bots.end(kind, channel)

    def report(self, now: float) -> HealthReport:
        """Put all of it together; `now` is in seconds since 1970."""
        start = now - self.clock()  # when our clock was zero
        signs = {task: start + at for task, at in self._signs.items()}
        problems = [Problem(what, start + since) for what, since in self._problems()]
        return HealthReport(os.getpid(), now, problems, signs, list(self.notes.values()))

    def _problems(self) -> Iterator[tuple[str, float]]:
        """Say what is out of order, and since when by our clock; of a platform that cannot be reached once."""
        for task in self.hanging():
            yield f"{task}: no sign of life", self._signs[task]
        told = [*self.outages.lasting(), *self._sources.lasting()]
        for one in told:
            yield _in_words(one.incident.kind, one.incident.where, one.incident.why), one.began
        unheard = {one.incident.where for one in told}
        for one in self._bots.lasting():
            if one.incident.where not in unheard:
                yield _in_words(IncidentKind.BOT, one.incident.where, one.incident.why), one.began


def _in_words(kind: IncidentKind, where: str, why: str) -> str:
    """Say it as operators are told, without the sign before it."""
    return phrases("en").incidents[kind].format(where=where, why=why).partition(" ")[2]
