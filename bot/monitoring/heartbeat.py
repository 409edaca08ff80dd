"""The heartbeat: a call to a monitoring service of the operators, which tells them when it does not come.

It says that all is well, also on a day without a post: what is wrong with us, we may not be able to tell.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import urlsplit

import httpx

from bot.concurrency import backoff, wait_unless
from bot.config.settings import Settings
from bot.ledger.status import Status
from bot.log import log
from bot.monitoring.health import Health
from bot.monitoring.notifier import OperatorNotifier
from bot.network.failures import explain
from bot.network.options import httpx_options

_HEARTBEAT = "heartbeat"
_TRIES = 3


@dataclass
class Heartbeat:
    """Call the URL of the settings when that is due and nothing is open; without a URL do nothing."""

    settings: Settings
    status: Status
    notifier: OperatorNotifier
    health: Health
    clock: Callable[[], float]  # seconds since 1970
    timeout: float = 10.0  # seconds for one try
    first_pause: float = 1.0  # seconds between the first two tries
    _is_due: bool = False
    _day: date | None = None  # on which it was due last by the schedule
    _asked: asyncio.Event = field(default_factory=asyncio.Event)
    _why: str = ""  # it could not be called last time

    @property
    def url(self) -> str:
        found = self.settings.operators.heartbeat_url
        return found.get_secret_value() if found else ""

    @property
    def host(self) -> str:
        """Give the part of the URL that is no secret."""
        return urlsplit(self.url).hostname or ""

    def digest_sent(self) -> None:
        """Note that a message of a digest went out."""
        self._is_due = True

    async def swept(self) -> None:
        """After a sweep, ask for a call that is due; else the next sweep does."""
        now = datetime.fromtimestamp(self.clock(), self.settings.zone)
        if self._day != now.date() and now.time() >= self.settings.schedule.at:
            self._day, self._is_due = now.date(), True
        if self.url and self._is_due and await self.is_all_well():
            self._asked.set()

    async def is_all_well(self) -> bool:
        """Tell whether nothing is open, no post is overdue or could not be read, and the process is well."""
        if any(self.notifier.unread.values()):
            return False
        if self.health.report(self.clock()).problems or await self.status.is_anything_open():
            return False
        return not (await self.notifier.overdue_posts() or await self.notifier.unreadable_sources())

    async def run(self, stopping: asyncio.Event) -> None:
        """Call whenever that is asked for, until told to stop."""
        while await wait_unless(self._asked.wait(), stopping):
            self._asked.clear()
            self._is_due = False
            if await wait_unless(self.call(), stopping):
                self._is_due = True  # the next sweep tries again

    async def call(self) -> str:
        """Call the URL; give why it could not be called, "" when it was."""
        why = await self._with_retries()
        if why:
            self.health.notes[_HEARTBEAT] = f"{_HEARTBEAT}: {self.host}: {why}"
        else:
            self.health.notes.pop(_HEARTBEAT, None)
            self.health.sign(_HEARTBEAT)
        if why and why != self._why:
            log.warning(_HEARTBEAT, host=self.host, error=why)
        self._why = why
        return why

    async def _with_retries(self) -> str:
        why = await self._try()
        for tries in range(_TRIES - 1):
            if not why:
                break
            await asyncio.sleep(backoff(self.first_pause, tries, self.timeout))
            why = await self._try()
        return why

    async def _try(self) -> str:
        """Call once. What is answered is not read: it may be anything."""
        try:
            client = httpx.AsyncClient(timeout=self.timeout, follow_redirects=True, **httpx_options(self.url))
            async with asyncio.timeout(self.timeout), client, client.stream("GET", self.url) as answer:
                return "" if answer.is_success else f"HTTP {answer.status_code}"
        except (TimeoutError, httpx.TimeoutException):
            return f"no answer in {self.timeout:g} seconds"
        except Exception as error:  # noqa: BLE001 - whatever it is, it must keep nothing else from being done
            return f"cannot be reached ({explain(error) or type(error).__name__})"
