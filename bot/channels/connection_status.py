"""Whether a platform's readers are heard: told once per change."""

from __future__ import annotations

from bot.database.states import IncidentKind
from bot.log import log
from bot.monitoring.outages import Outages


class ConnectionStatus:
    """Say once when nothing is heard any more, and once when it is again."""

    def __init__(self, channel: str, outages: Outages) -> None:
        self._channel = channel
        self._outages = outages
        self._is_down = ""

    def up(self) -> None:
        if self._is_down:
            log.info("listening again", channel=self._channel)
        self._is_down = ""
        self._outages.end(IncidentKind.DISCONNECTED, self._channel)

    def down(self, why: str) -> None:
        if self._is_down != why:
            log.error("not listening", channel=self._channel, error=why)
        self._is_down = why
        self._outages.begin(IncidentKind.DISCONNECTED, self._channel, why)
