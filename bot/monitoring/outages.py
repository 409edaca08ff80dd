"""Outages: what is wrong with the running program itself, such as a platform that cannot be reached."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.database.states import IncidentKind
from bot.ledger.records.reports import Incident

_BRIEF = 60.0  # seconds: what is over by then is not reported


@dataclass(frozen=True, slots=True)
class Outage:
    """One outage, with its times on the clock of `Outages`."""

    incident: Incident
    began: float
    told_from: float


@dataclass
class Outages:
    """The outages that last, in memory."""

    clock: Callable[[], float] = time.monotonic
    _present: dict[str, Outage] = field(default_factory=dict)

    def begin(self, kind: IncidentKind, where: str, why: str, *, brief: float = _BRIEF) -> None:
        """Note that something does not work; it is reported when it still does not after `brief` seconds."""
        key, now = f"{kind} {where}", self.clock()
        known = self._present.get(key) or Outage(Incident(key, kind, where, why), now, now + brief)
        told_from = min(known.told_from, now + brief)
        self._present[key] = Outage(Incident(key, kind, where, why), known.began, told_from)

    def end(self, kind: IncidentKind, where: str) -> None:
        """Note that it works, whether or not it ever failed."""
        self._present.pop(f"{kind} {where}", None)

    def lasting(self) -> list[Outage]:
        """List what has lasted long enough to be reported."""
        now = self.clock()
        return [outage for outage in self._present.values() if outage.told_from <= now]
