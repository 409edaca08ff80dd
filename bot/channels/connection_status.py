"""Whether a platform's readers are heard: told once per change."""

from __future__ import annotations

from bot.log import log
from bot.monitoring.outages import Outages


class Ear:
    """Say once when nothing is heard any more, and once when it is again."""

    def __init__(self, channel: str, outages: Outages) -> None:
        self._channel = channel
        self._outages = outages
        self._deaf = ""

    def hears(self) -> None:
        if self._deaf:
            log.info("listening again", channel=self._channel)
        self._deaf = ""
        self._outages.end("deaf", self._channel)

    def deaf(self, why: str) -> None:
        if self._deaf != why:
            log.error("not listening", channel=self._channel, error=why)
        self._deaf = why
        self._outages.begin("deaf", self._channel, why)
