"""The web server that platforms post events to; it serves nothing else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from bot.concurrency import wait_unless
from bot.database.states import IncidentKind
from bot.log import log
from bot.monitoring.outages import Outages

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_LARGEST = 1024 * 1024  # bytes of a request; platforms post a few thousand
AGAIN = 10.0  # seconds until a port in use is tried again
# Anybody can connect. A connection needs a file descriptor, and the ledger, the posts and the platforms need some too.
MOST_CONNECTIONS = 100  # Telegram opens 40 at most
_BACKLOG = 16  # connections that asyncio accepts at once, before any of them can be refused
HEADERS_TIMEOUT = 30.0  # seconds for the headers of a request, and between two requests of a connection
BODY_TIMEOUT = 10.0  # seconds for the rest of it


def _is_ours(record: logging.LogRecord) -> bool:
    """Tell whether an error is one of ours: what is no HTTP is the error of whoever sent it."""
    error = record.exc_info[1] if record.exc_info else None
    return not isinstance(error, HttpProcessingError)


_LOGGER = logging.getLogger("paperboy.web")
_LOGGER.addFilter(_is_ours)


class Web:
    """Listen on one port, behind a proxy that does HTTPS."""

    def __init__(self, host: str, port: int, outages: Outages | None = None) -> None:
        self._outages = outages or Outages()
        self.host, self.port = host, port
        self.ready = asyncio.Event()
        self.used = False
        self._app = web.Application(client_max_size=_LARGEST)
        self._listening: asyncio.Server | None = None
        self._why = ""  # it could not listen, as it was logged last

    def post(self, path: str, handler: Handler) -> None:
        """Let a handler answer what is posted to a path."""
        self.used = True
        self._app.router.add_post(path, partial(_with_body, handler))

    async def listen(self, stopping: asyncio.Event) -> None:
        """Serve until `stopping` is set; report a port in use, and try it again."""
        runner = web.AppRunner(
            self._app,
            access_log=None,
            shutdown_timeout=5,
            keepalive_timeout=HEADERS_TIMEOUT,
            lingering_time=BODY_TIMEOUT,
            logger=_LOGGER,
        )
        await runner.setup()
        try:
            while not stopping.is_set() and not await self._start(runner):
                await wait_unless(asyncio.sleep(AGAIN), stopping)
            await stopping.wait()
        finally:
            if self._listening:
                self._listening.close()
            await runner.cleanup()

    async def _start(self, runner: web.AppRunner) -> bool:
        loop = asyncio.get_running_loop()
        try:
            self._listening = await loop.create_server(
                partial(_connect, runner), self.host, self.port, backlog=_BACKLOG
            )
        except OSError as error:
            self._report(f"web.host {self.host}, web.port {self.port}: {error.strerror}")
            return False
        self.port = self._listening.sockets[0].getsockname()[1]
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


async def _with_body(handler: Handler, request: web.Request) -> web.StreamResponse:
    """Read the body in time, then let the handler answer."""
    try:
        async with asyncio.timeout(BODY_TIMEOUT):
            await request.read()
    except TimeoutError:
        return _refusal(408)
    except (web.RequestPayloadError, OSError):  # no HTTP, or the connection is lost
        return _refusal(400)
    return await handler(request)


def _refusal(status: int) -> web.Response:
    response = web.Response(status=status)
    response.force_close()
    return response


def _connect(runner: web.AppRunner) -> asyncio.Protocol:
    """Serve a new connection, or close it at once when there are too many."""
    server = runner.server
    if server is None or len(server.connections) >= MOST_CONNECTIONS:
        return _Refused()
    return server()


class _Refused(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()
