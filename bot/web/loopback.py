"""A page for whoever sits at this machine: served while a command runs, and reached from nowhere else."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

HOST = "127.0.0.1"
PORT = 8765  # not that of `run`, which must get its own
_TRIED = 20  # ports, one after the other, before any that is free
_STOP = 0.5  # seconds that requests under way may still take, and as many to be cancelled
_LOGGER = logging.getLogger("paperboy.web")


@dataclass(frozen=True, slots=True)
class Served:
    port: int
    wanted: int  # the port that was asked for

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.port}/"

    @property
    def is_moved(self) -> bool:
        """Tell whether the port was taken that was asked for."""
        return self.port != self.wanted


@asynccontextmanager
async def serving(app: web.Application, port: int = PORT) -> AsyncIterator[Served]:
    """Serve an application on this machine alone, on a port or the next free one, until the block ends.

    Requests under way keep it for a second at most. OSError where no port can be had.
    """
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=_STOP, logger=_LOGGER)
    with _listening(port) as listening:
        await runner.setup()
        try:
            await web.SockSite(runner, listening).start()
            yield Served(listening.getsockname()[1], port)
        finally:
            await asyncio.shield(runner.cleanup())


def _listening(port: int) -> socket.socket:
    """Take a port, the next ones when others have it, and in the end whichever is free."""
    for wanted in [*range(port, min(port + _TRIED, 65536)), 0]:
        try:
            return socket.create_server((HOST, wanted), backlog=128)
        except OSError as error:
            if not wanted or error.errno not in (errno.EADDRINUSE, errno.EACCES):
                raise
    raise AssertionError("unreachable")
