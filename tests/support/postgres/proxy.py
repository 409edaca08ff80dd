"""A TCP address in front of a server's socket, where connections can be cut, or kept and starved."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Self

_CHUNK = 65536


class Proxy:
    """Passes on what comes, both ways, until told otherwise; the address is for `PostgresServer.url`.

    What is dropped here is still acknowledged by this machine: a connection that starves looks alive to TCP.
    """

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._requests, self._answers = asyncio.Event(), asyncio.Event()
        self.feed()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.address = f"{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        self.feed()
        await self._server.wait_closed()

    def cut(self) -> None:
        """Reset all connections; new ones are taken."""
        for writer in self._writers:
            writer.transport.abort()

    def starve(self, *, requests: bool = True) -> None:
        """Pass nothing on until `feed`, also on new connections; without `requests` answers alone are held back."""
        self._answers.clear()
        if requests:
            self._requests.clear()

    def feed(self) -> None:
        """Pass on again, first what came meanwhile."""
        self._requests.set()
        self._answers.set()

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await asyncio.open_unix_connection(self._socket)
        self._writers |= (both := {to_client, to_server})
        with suppress(ConnectionError):
            await asyncio.gather(
                _pass_on(client, to_server, self._requests),
                _pass_on(server, to_client, self._answers),
            )
        for writer in both:
            writer.close()
        self._writers -= both


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: asyncio.Event) -> None:
    while data := await reader.read(_CHUNK):
        await passes.wait()
        writer.write(data)
    writer.close()
