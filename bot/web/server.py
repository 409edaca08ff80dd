"""The web server that platforms post events to; it serves nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from bot.concurrency import wait_unless
from bot.database.states import IncidentKind
from bot.log import log
from bot.monitoring.outages import Outages

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LARGEST = 1024 * 1024  # bytes of a request; platforms post a few thousand
AGAIN = 10.0  # seconds until a port in use is tried again


class Web:
    """Listen on one port, behind a proxy that does HTTPS."""

    def __init__(self, host: str, port: int, outages: Outages | None = None) -> None:
        self._outages = outages or Outages()
        self.host, self.port = host, port
        self.ready = asyncio.Event()
        self.used = False
        self._app = web.Application(client_max_size=_LARGEST)
        self._why = ""  # it could not listen, as it was logged last

    def post(self, path: str, handler: Handler) -> None:
        """Let a handler answer what is posted to a path."""
        self.used = True
        self._app.router.add_post(path, handler)

    async def listen(self, stopping: asyncio.Event) -> None:
        """Serve until `stopping` is set; report a port in use, and try it again."""
        runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=5)
        await runner.setup()
        try:
            while not stopping.is_set() and not await self._start(runner):
                await wait_unless(asyncio.sleep(AGAIN), stopping)
            await stopping.wait()
        finally:
            await runner.cleanup()

    async def _start(self, runner: web.AppRunner) -> bool:
        try:
            await web.TCPSite(runner, self.host, self.port).start()
        except OSError as error:
            self._report(f"web.host {self.host}, web.port {self.port}: {error.strerror}")
            return False
        self.port = runner.addresses[0][1]
        self._outages.end(IncidentKind.DISCONNECTED, "web")
        log.info("web server", host=self.host, port=self.port)
        self.ready.set()
        return True

    def _report(self, why: str) -> None:
        """Log once why we cannot listen, and begin the outage."""
        if why != self._why:
            log.error("web server", error=f"{why}; another program listens there, or it is not ours; change web.port")
        self._why = why
        self._outages.begin(IncidentKind.DISCONNECTED, "web", why)
