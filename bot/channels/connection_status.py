"""Whether a platform can be reached for what readers send; each change is logged once."""

from __future__ import annotations

from bot.database.states import IncidentKind
from bot.log import log
from bot.monitoring.health import Health


class ConnectionStatus:
    """Log once when the connection is lost, and once when it is back; keep the outage up to date."""

    def __init__(self, channel: str, health: Health) -> None:
        self._channel = channel
        self._health = health
        self._outages = health.outages
        self._why = ""  # it is down; empty: it is up

    def turned(self, within: float) -> None:
        """Note that the listener goes round, whether or not readers are heard; again within so many seconds."""
        self._health.sign(f"{self._channel} listener", within)

    def up(self) -> None:
        """Note that readers are heard."""
        if self._why:
            log.info("listening again", channel=self._channel)
        self._why = ""
        self._outages.end(IncidentKind.DISCONNECTED, self._channel)

    def down(self, why: str) -> None:
        """Note that readers are not heard, and why."""
        if self._why != why:
            log.error("not listening", channel=self._channel, error=why)
        self._why = why
        self._outages.begin(IncidentKind.DISCONNECTED, self._channel, why)
