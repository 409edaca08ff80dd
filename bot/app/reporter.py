"""What tells the outside how the process is: a file for `paperboy health`, and systemd."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from bot.app import systemd
from bot.concurrency import wait_unless
from bot.delivery.channel import Channel
from bot.log import log, redacted, unexpected
from bot.monitoring.health import Health
from bot.monitoring.health_report import INTERVAL, HealthReport, write_report

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
        try:
            self._report(systemd.READY)
            while True:
                await asyncio.sleep(INTERVAL)
                self._report()
        finally:
            self.file.unlink(missing_ok=True)

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


async def ask_about_tokens(channels: Mapping[str, Channel], health: Health, stopping: asyncio.Event) -> None:
    """Ask each platform from time to time whether it still takes our token, for there may be nothing to deliver."""
    while not stopping.is_set():
        problems = await wait_unless(_ask_all(channels), stopping) or {}
        for name, problem in problems.items():
            health.token_asked(name, problem)
        await wait_unless(asyncio.sleep(_SOON if any(problems.values()) else _SELDOM), stopping)


async def _ask_all(channels: Mapping[str, Channel]) -> dict[str, str]:
    """Give what is wrong with the token of each channel or the way to its platform, "" when nothing is."""
    return {name: await _ask(channel) for name, channel in channels.items()}


async def _ask(channel: Channel) -> str:
    try:
        return next((cure for _, cure in await channel.check(())), "")
    except Exception as error:  # noqa: BLE001 - whatever it is, it is asked again
        return unexpected(error)
