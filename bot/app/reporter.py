"""What tells the outside how the process is: a file for `paperboy health`, and systemd."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from bot.app import systemd
from bot.concurrency import wait_unless
from bot.delivery.channel import Channel
from bot.log import log, redacted, unexpected
from bot.monitoring.health import Health
from bot.monitoring.health_report import INTERVAL, HealthReport, numbered, write_report

_SELDOM, _SOON = 300.0, 30.0  # seconds until a platform is asked about our token again: all is well, or it is not


@dataclass
class Reporter:
    """Report every few seconds how the process is."""

    health: Health
    file: Path
    secrets: Collection[str] = ()
    _why: str = ""  # the file could not be written last time

    async def run(self) -> None:
        """Report until cancelled; then the file is taken away, for nobody is there any more."""
        with ExitStack() as stack:
            self.file = _own_file(self.file, stack)
            stack.callback(self.file.unlink, missing_ok=True)
            self._report(systemd.READY)
            while True:
                await asyncio.sleep(INTERVAL)
                self._report()

    def _report(self, *lines: str) -> None:
        """Write the file, and feed the watchdog unless a task hangs: nothing else would be mended by a restart."""
        report = self._without_secrets(self.health.report(time.time()))
        self._write(report)
        fed = () if self.health.hanging() else (systemd.WATCHDOG,)
        status = report.problems[0].what if report.problems else "healthy"
        systemd.notify(*lines, *fed, f"STATUS={' '.join(status.split())}")

    def _without_secrets(self, report: HealthReport) -> HealthReport:
        problems = [replace(one, what=redacted(one.what, self.secrets)) for one in report.problems]
        return replace(report, problems=problems, notes=[redacted(note, self.secrets) for note in report.notes])

    def _write(self, report: HealthReport) -> None:
        try:
            write_report(self.file, report)
        except OSError as error:
            self._log(f"{self.file}: {error.strerror}; check the folder, its rights and its disk")
        else:
            self._why = ""

    def _log(self, why: str) -> None:
        """Log once why it cannot be written: `paperboy health` then says that there is no sign of life."""
        if why != self._why:
            log.error("health", error=why)
        self._why = why


def _own_file(first: Path, stack: ExitStack) -> Path:
    """Give the first of these files that no other process of this machine has; the system frees it with the process."""
    try:
        first.parent.mkdir(parents=True, exist_ok=True)
        for file in map(partial(numbered, first), count(1)):
            with suppress(Timeout):
                stack.enter_context(FileLock(f"{file}.lock", timeout=0))
                return file
    except OSError:
        pass  # what is wrong is told when the file cannot be written either
    return first


async def ask_about_token(channel: Channel, health: Health, stopping: asyncio.Event) -> None:
    """Ask a platform from time to time whether it still takes our token, for there may be nothing to deliver."""
    while not stopping.is_set():
        problem = await wait_unless(_ask(channel), stopping)
        if problem is not None:
            health.token_asked(channel.name, problem)
        await wait_unless(asyncio.sleep(_SOON if problem else _SELDOM), stopping)


async def _ask(channel: Channel) -> str:
    """Give what is wrong with the token of a channel or the way to its platform, "" when nothing is."""
    try:
        return next((cure for _, cure in await channel.check(())), "")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is asked again
        return unexpected(error)
