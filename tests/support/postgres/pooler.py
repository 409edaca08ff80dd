"""A pooler between a client and PostgreSQL, as PgBouncer in transaction mode: a session is lent for one transaction.

It speaks as much of the protocol as such a client needs (postgresql.org/docs/current/protocol-message-formats.html).
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from tests.support.postgres.server import USER

_ENCRYPTED = (80877103, 80877104)  # requests for TLS and GSSAPI
_CANCEL = 80877102
_WELCOME = b"R" + struct.pack("!ii", 8, 0)
_KEY = b"K" + struct.pack("!iii", 12, 1, 1)
_IDLE = b"Z" + struct.pack("!i", 5) + b"I"
_ENDS_REQUEST, _ENDS_ANSWER = b"QS", b"Z"


async def _message(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readexactly(5)
    return head + await reader.readexactly(struct.unpack("!i", head[1:])[0] - 4)


async def _messages(reader: asyncio.StreamReader, last: bytes) -> list[bytes]:
    """Read until a message of one of these kinds has come."""
    found = [await _message(reader)]
    while found[-1][:1] not in [bytes([kind]) for kind in last]:
        found.append(await _message(reader))
    return found


class _Session:
    """A session of the server."""

    async def open(self, socket: Path, database: str) -> list[bytes]:
        """Begin it, and give what the server says of its settings."""
        self.reader, self.writer = await asyncio.open_unix_connection(socket)
        said = b"".join(f"{one}\0".encode() for one in ("user", USER, "database", database)) + b"\0"
        self.writer.write(struct.pack("!ii", len(said) + 8, 196608) + said)
        return [one for one in await _messages(self.reader, _ENDS_ANSWER) if one[:1] == b"S"]

    async def answer(self, request: bytes) -> list[bytes]:
        self.writer.write(request)
        return await _messages(self.reader, _ENDS_ANSWER)


@asynccontextmanager
async def pooled(socket: Path, database: str, sessions: int) -> AsyncIterator[str]:
    """Lend this many sessions, for one transaction each, at an address such as 127.0.0.1:5432."""
    free, settings, clients = asyncio.LifoQueue[_Session](), list[bytes](), set[asyncio.Task[object]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        clients.add(asyncio.current_task())  # type: ignore[arg-type]
        session: _Session | None = None
        try:
            while (code := await _first_code(reader)) in _ENCRYPTED:
                writer.write(b"N")
            if code == _CANCEL:
                return
            writer.write(b"".join([_WELCOME, *settings, _KEY, _IDLE]))
            while True:
                request = b"".join(await _messages(reader, _ENDS_REQUEST))
                session = session or await free.get()
                answer = await session.answer(request)
                if answer[-1] == _IDLE:
                    free.put_nowait(session)
                    session = None
                writer.write(b"".join(answer))
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            pass  # the client has left, or is to leave
        finally:
            writer.close()

    held = [_Session() for _ in range(sessions)]
    for one in held:
        settings[:] = await one.open(socket, database)
        free.put_nowait(one)
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"{host}:{port}"
    finally:
        server.close()
        for client in clients:
            client.cancel()
        with suppress(OSError):
            await asyncio.gather(*clients, return_exceptions=True)
        for one in held:
            one.writer.close()


async def _first_code(reader: asyncio.StreamReader) -> int:
    """Read what a connection begins with, and give what it is for."""
    length, code = struct.unpack("!ii", await reader.readexactly(8))
    await reader.readexactly(length - 8)
    return int(code)
