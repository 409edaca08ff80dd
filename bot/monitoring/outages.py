"""Outages: what is wrong with the running program itself, such as a platform that cannot be reached."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.database.states import IncidentKind
from bot.ledger.records import Incident

_BRIEF = 60.0  # seconds: what is over by then is not reported


@dataclass
class Outages:
    """The outages that last, in memory."""

    clock: Callable[[], float] = time.monotonic
    _present: dict[str, tuple[float, Incident]] = field(default_factory=dict)

    def begin(self, kind: IncidentKind, where: str, why: str, *, brief: float = _BRIEF) -> None:
        """Note that something does not work; it is reported when it still does not after `brief` seconds."""
        key = f"{kind} {where}"
        since = self._present[key][0] if key in self._present else self.clock() + brief
        self._present[key] = since, Incident(key, kind, where, why)

    def end(self, kind: IncidentKind, where: str) -> None:
        """Note that it works, whether or not it ever failed."""
        self._present.pop(f"{kind} {where}", None)

    def lasting(self) -> list[Incident]:
        """List what has lasted long enough to be reported."""
        now = self.clock()
        return [incident for since, incident in self._present.values() if since <= now]
