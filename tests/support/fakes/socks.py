"""A SOCKS5 proxy on this machine (RFC 1928, without a password); it counts the connections made through it."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

_NO_PASSWORD, _DONE = b"\x05\x00", b"\x05\x00\x00\x01" + bytes(6)
_IPV4, _NAME = 1, 3


@dataclass
class SocksProxy:
    port: int = 0
    connections: int = 0

    @property
    def url(self) -> str:
        return f"socks5://127.0.0.1:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Open a connection as the client asks, and pass on what comes from either side until both have ended."""
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(_NO_PASSWORD)
        *_, kind = await reader.readexactly(4)
        host = await _host(reader, kind)
        (port,) = struct.unpack("!H", await reader.readexactly(2))
        there, to_there = await asyncio.open_connection(host, port)
        self.connections += 1
        writer.write(_DONE)
        await asyncio.gather(_pass_on(reader, to_there), _pass_on(there, writer))


async def _host(reader: asyncio.StreamReader, kind: int) -> str:
    if kind == _IPV4:
        return socket.inet_ntoa(await reader.readexactly(4))
    assert kind == _NAME
    (length,) = await reader.readexactly(1)
    return (await reader.readexactly(length)).decode()


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
    except ConnectionError:
        pass
    writer.close()


@asynccontextmanager
async def socks_proxy() -> AsyncIterator[SocksProxy]:
    """Listen on 127.0.0.1 as long as the context lasts."""
    proxy = SocksProxy()
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
