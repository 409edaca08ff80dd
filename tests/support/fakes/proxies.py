"""Proxies on this machine: HTTP (RFC 9110, CONNECT and whole addresses) and SOCKS5 (RFC 1928, 1929).

They alone know where names lead to, so that nothing can go around them; what they were asked for is kept.
"""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import struct
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import ClassVar, Self
from urllib.parse import urlsplit

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

_IPV4, _NAME = 1, 3
_NO_PASSWORD, _PASSWORD, _NONE = 0, 2, 255
_UNREACHABLE = 4
_REST = b"\x00\x01" + bytes(6)  # of an answer to a request: an address that nobody reads


@dataclass
class FakeProxy(ABC):
    """Listen on 127.0.0.1. `routes` says on which port of this machine a name is; an address is itself."""

    routes: Mapping[str, int] = field(default_factory=dict)
    password: str = ""  # "name:password", where it wants one
    targets: list[str] = field(default_factory=list)
    scheme: ClassVar[str]

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def hosts(self) -> set[str]:
        return {target.rpartition(":")[0] for target in self.targets}

    async def __aenter__(self) -> Self:
        self._listening = _listen(self.speak)
        self.port = await self._listening.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._listening.__aexit__(kind, error, trace)

    async def connect(self, host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open a connection for a client; OSError where no route leads."""
        self.targets.append(f"{host}:{port}")
        if host not in ("127.0.0.1", *self.routes):
            raise OSError("no route")
        return await asyncio.open_connection("127.0.0.1", self.routes.get(host, port))

    @abstractmethod
    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None: ...


class HttpProxy(FakeProxy):
    scheme = "http"

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        first = await reader.readexactly(1)
        if not first.isalpha():
            writer.write(_status("400 Bad Request"))
            return
        head = first + await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.decode().splitlines()[0].split()
        wanted = f"proxy-authorization: basic {base64.b64encode(self.password.encode()).decode()}".lower()
        if self.password and wanted not in head.decode().lower():
            writer.write(_status("407 Proxy Authentication Required", 'Proxy-Authenticate: Basic realm="proxy"'))
            return
        url = urlsplit(f"//{target}" if method == "CONNECT" else target)
        try:
            there, to_there = await self.connect(url.hostname or "", url.port or 80)
        except OSError:
            writer.write(_status("502 Bad Gateway"))
            return
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            to_there.write(head)
        await _join(reader, writer, there, to_there)


class SocksProxy(FakeProxy):
    scheme = "socks5"

    async def speak(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not await self._is_allowed(reader, writer):
            return
        *_, kind = await reader.readexactly(4)
        host = await _host(reader, kind)
        (port,) = struct.unpack("!H", await reader.readexactly(2))
        try:
            there, to_there = await self.connect(host, port)
        except OSError:
            writer.write(bytes((5, _UNREACHABLE)) + _REST)
            return
        writer.write(bytes((5, 0)) + _REST)
        await _join(reader, writer, there, to_there)

    async def _is_allowed(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        version, count = await reader.readexactly(2)
        offered = await reader.readexactly(count)
        wanted = _PASSWORD if self.password else _NO_PASSWORD
        if version != 5 or wanted not in offered:
            writer.write(bytes((5, _NONE)))
            return False
        writer.write(bytes((5, wanted)))
        if self.password:
            await reader.readexactly(1)
            said = [(await _text(reader)) for _ in range(2)]
            writer.write(bytes((1, ":".join(said) != self.password)))
            return ":".join(said) == self.password
        return True


def _status(status: str, *headers: str) -> bytes:
    lines = (f"HTTP/1.1 {status}", "Content-Length: 0", "Connection: close", *headers, "", "")
    return "\r\n".join(lines).encode()


async def _host(reader: asyncio.StreamReader, kind: int) -> str:
    if kind == _IPV4:
        return socket.inet_ntoa(await reader.readexactly(4))
    assert kind == _NAME
    return await _text(reader)


async def _text(reader: asyncio.StreamReader) -> str:
    (length,) = await reader.readexactly(1)
    return (await reader.readexactly(length)).decode()


@asynccontextmanager
async def _listen(speak: Speak, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """Speak with all who connect to a port; give it. In the end all connections are broken."""
    open_ones: dict[asyncio.StreamWriter, asyncio.Task[None] | None] = {}

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_ones[writer] = asyncio.current_task()
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                await speak(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield server.sockets[0].getsockname()[1]
    server.close()
    for writer, task in open_ones.items():
        writer.transport.abort()
        if task:
            task.cancel()
    await asyncio.gather(*filter(None, open_ones.values()), return_exceptions=True)
    await asyncio.sleep(0)  # what is broken off is closed in the next round


@asynccontextmanager
async def tls_before(port: int, context: ssl.SSLContext) -> AsyncIterator[int]:
    """Speak TLS on a port before a server that speaks none; give that port."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _join(reader, writer, *await asyncio.open_connection("127.0.0.1", port))

    async with _listen(speak, context) as ours:
        yield ours


async def _join(
    here: asyncio.StreamReader,
    to_here: asyncio.StreamWriter,
    there: asyncio.StreamReader,
    to_there: asyncio.StreamWriter,
) -> None:
    """Pass on what comes from either side until both have ended."""
    await asyncio.gather(_pass_on(here, to_there), _pass_on(there, to_here))


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with suppress(ConnectionError, ssl.SSLError):
            while data := await reader.read(65536):
                writer.write(data)
    finally:
        writer.close()
