"""A TCP address in front of a server, where connections can be cut or refused, or kept and starved."""

from __future__ import annotations

import asyncio
import socket
import struct
from contextlib import suppress
from pathlib import Path
from typing import Self

from bot.concurrency import cancel

_CHUNK = 65536
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER for no time: what is closed is reset

Ends = tuple[asyncio.StreamWriter, asyncio.StreamWriter]  # to the client, and to the server


class Proxy:
    """Passes on what comes, both ways, until told otherwise; the address is for `PostgresServer.url`.

    The server is a socket, or a port of this machine: then it knows connections by `ports`.
    What is dropped here is still acknowledged by this machine: a connection that starves looks alive to TCP.
    """

    def __init__(self, server: Path | int) -> None:
        self._target = server
        self._requests, self._answers = asyncio.Event(), asyncio.Event()
        self._refuses = False
        self.feed()
        self._links: set[Ends] = set()
        self._passing: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()
        self.address = f"{host}:{port}"

    async def stop(self) -> None:
        self._server.close()
        self.cut()
        self.feed()
        await asyncio.gather(*self._passing)

    @property
    def ports(self) -> list[int]:
        """List the ports from which the server sees connections come."""
        return sorted(to_server.get_extra_info("sockname")[1] for _, to_server in self._links)

    @property
    def passes(self) -> bool:
        """Tell whether it does what it is for."""
        return not self._refuses and self._requests.is_set() and self._answers.is_set()

    def cut(self) -> None:
        """Reset all connections; new ones are taken."""
        for link in self._links:
            _reset(link)

    def refuse(self) -> None:
        """Reset all connections, and each new one until `feed`."""
        self._refuses = True
        self.cut()

    def starve(self, *, requests: bool = True) -> None:
        """Pass nothing on until `feed`, also on new connections; without `requests` answers alone are held back."""
        self._answers.clear()
        if requests:
            self._requests.clear()

    def feed(self) -> None:
        """Pass on again, first what came meanwhile."""
        self._refuses = False
        self._requests.set()
        self._answers.set()

    async def _connected(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        passing = asyncio.current_task()
        assert passing
        self._passing.add(passing)
        try:
            if not self._refuses:
                with suppress(OSError):  # the server may be away
                    await self._pass_on(client, to_client)
        finally:
            to_client.transport.abort()
            self._passing.discard(passing)

    async def _pass_on(self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        server, to_server = await self._reach()
        link = (to_client, to_server)
        self._links.add(link)
        ways = [
            asyncio.create_task(_pass_on(client, to_server, self._requests)),
            asyncio.create_task(_pass_on(server, to_client, self._answers)),
        ]
        # No side of PostgreSQL's protocol closes half of a connection.
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        self._links.discard(link)
        if any(way.done() and way.exception() for way in ways):
            _reset(link)
        for writer in link:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
        await cancel(*ways)

    async def _reach(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self._target, Path):
            return await asyncio.open_unix_connection(self._target)
        return await asyncio.open_connection("127.0.0.1", self._target)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: asyncio.Event) -> None:
    """Pass on what comes until that ends; the end is held back, too. OSError where the connection breaks."""
    while data := await reader.read(_CHUNK):
        await passes.wait()
        writer.write(data)
        await writer.drain()
    await passes.wait()


def _reset(link: Ends) -> None:
    for writer in link:
        end: socket.socket | None = writer.get_extra_info("socket")
        if end is not None and end.fileno() >= 0:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        writer.transport.abort()
