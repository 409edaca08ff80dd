"""The web port: anybody can connect to it, and nobody can keep it, or the program, from working."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

import bot.web.server
from bot.web.server import Web

SHORT = 0.05  # seconds


async def answer(request: web.Request) -> web.Response:
    """Say what was posted; fail on "fail"."""
    if (text := await request.text()) == "fail":
        raise RuntimeError("ours")
    return web.Response(text=text)


@asynccontextmanager
async def listening() -> AsyncIterator[Web]:
    server, stopping = Web("127.0.0.1", 0), asyncio.Event()
    server.post("/x", answer)
    task = asyncio.create_task(server.listen(stopping))
    await asyncio.wait_for(server.ready.wait(), 5)
    yield server
    stopping.set()
    await asyncio.wait_for(task, 5)


@pytest.fixture
async def server() -> AsyncIterator[Web]:
    async with listening() as server:
        yield server


@asynccontextmanager
async def connected(server: Web, said: bytes) -> AsyncIterator[asyncio.StreamReader]:
    """Say something to the port, and keep the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(said)
    try:
        yield reader
    finally:
        writer.transport.abort()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """Read until the server closes the connection."""
    try:
        return await asyncio.wait_for(reader.read(), 5)
    except ConnectionError:
        return b""


def posted(body: bytes, *, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return b"POST /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (size, body)


async def reply(server: Web, said: bytes) -> bytes:
    async with connected(server, said) as reader:
        return await rest(reader)


def errors(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    return [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("said", [b"", b"PO", b"POST /x HTTP/1.1\r\nHost: x\r\nX-"])
async def test_headers_that_do_not_end_end_the_connection(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.web.server, "HEADERS_TIMEOUT", SHORT)
    async with listening() as server:
        assert await reply(server, said) == b""
        assert (await reply(server, posted(b"hello"))).endswith(b"hello")


async def test_a_second_request_has_no_more_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.web.server, "HEADERS_TIMEOUT", SHORT)
    first = posted(b"first").replace(b"Connection: close\r\n", b"")
    async with listening() as server:
        assert (await reply(server, first + b"POST /x HT")).endswith(b"first")


async def test_a_body_that_does_not_end_is_not_waited_for(server: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.web.server, "BODY_TIMEOUT", SHORT)
    async with listening() as server:
        assert (await reply(server, posted(b"half", length=9))).startswith(b"HTTP/1.1 408 ")


async def test_too_many_connections_are_refused(server: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bot.web.server, "MOST_CONNECTIONS", 2)
    half = b"POST /x HT"
    async with connected(server, half):
        async with connected(server, half):
            assert await reply(server, posted(b"hello")) == b""
        async with asyncio.timeout(5):
            while not (said := await reply(server, posted(b"hello"))):
                pass
    assert said.endswith(b"hello")


@pytest.mark.parametrize(
    "junk",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"POST /x HTTP/9\r\n\r\n",
        b"POST /x HTTP/1.1\r\nContent-Length: abc\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 20_000 + b"\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: x\r\n\x00: 1\r\n\r\n",
        b"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /x HTTP/1.1\r\nHost: x\r\nContent-Encoding: deflate\r\nContent-Length: 4\r\n\r\nabcd",
        posted(b"hello") + b"\x00\x01\x02\r\n\r\n",
    ],
)
async def test_what_is_no_http_is_refused_and_not_logged(
    server: Web, junk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert b"HTTP/1.1 500" not in await reply(server, junk)
    assert (await reply(server, posted(b"hello"))).endswith(b"hello")
    assert errors(caplog) == []


async def test_a_body_that_is_broken_off_is_not_logged(server: Web, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        async with connected(server, posted(b"half", length=9)):
            assert (await reply(server, posted(b"hello"))).endswith(b"hello")
    assert (await reply(server, posted(b"hello"))).endswith(b"hello")
    assert errors(caplog) == []


async def test_an_error_of_ours_is_logged(server: Web, caplog: pytest.LogCaptureFixture) -> None:
    assert (await reply(server, posted(b"fail"))).startswith(b"HTTP/1.1 500 ")
    [error] = errors(caplog)
    assert "RuntimeError: ours" in str(error.exc_text)
