"""Nothing is written that must not be, and what was written is given up by the kernel in time."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator, Callable

import aiohttp
import httpx
import pytest
from aiohttp import web

from bot.channels.slack.api.connections import open_session
from bot.ledger.writing.deadline import ANSWER
from bot.network.writing import aiohttp_trace, httpx_hooks
from tests.support.fakes.proxies import SocksProxy

_GIVEN_UP = 20_000  # milliseconds


class TooLateError(Exception):
    pass


class Server:
    """What came, whole, to a server that is ready to take anything."""

    def __init__(self) -> None:
        self.came: list[str] = []

    async def take(self, request: web.Request) -> web.Response:
        self.came.append(f"{request.method} {await request.text()}")
        return web.Response(text="taken")


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
async def url(server: Server) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/", server.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    await runner.cleanup()


def raising(at: int) -> Callable[[], None]:
    """Raise when asked the n-th time."""
    asked = 0

    def before_write() -> None:
        nonlocal asked
        asked += 1
        if asked == at:
            raise TooLateError

    return before_write


@pytest.mark.parametrize(("method", "at"), [("GET", 1), ("POST", 1), ("POST", 2)], ids=["no body", "headers", "body"])
async def test_httpx_writes_no_more_than_it_may(server: Server, url: str, method: str, at: int) -> None:
    async with httpx.AsyncClient(**httpx_hooks(raising(at), ANSWER)) as client:
        body = b"body" if method == "POST" else None
        with pytest.raises(TooLateError):
            await client.request(method, url, content=body)
        assert server.came == []
        await client.request(method, url, content=body)
    assert len(server.came) == 1


@pytest.mark.parametrize(("method", "at"), [("GET", 1), ("POST", 1), ("POST", 2)], ids=["no body", "headers", "body"])
async def test_aiohttp_writes_no_more_than_it_may(server: Server, url: str, method: str, at: int) -> None:
    async with aiohttp.ClientSession(trace_configs=[aiohttp_trace(raising(at))]) as session:
        body = b"body" if method == "POST" else None
        with pytest.raises((TooLateError, aiohttp.ClientConnectionError)) as raised:
            await session.request(method, url, data=body)
        assert TooLateError in (raised.type, type(raised.value.__cause__))
        assert server.came == []
        await session.request(method, url, data=body)
    assert len(server.came) == 1


def given_up_after(connection: socket.socket) -> int:
    return connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)


@pytest.mark.parametrize("by", ["directly", "by SOCKS"])
async def test_the_kernel_gives_up_what_is_not_acknowledged(url: str, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it delivers it minutes later, also where its process has died."""
    async with SocksProxy() as proxy:
        if by == "by SOCKS":
            monkeypatch.setenv("ALL_PROXY", proxy.url)
        async with open_session(url) as session, session.get(url):
            assert session.connector
            [[(idle, _)]] = session.connector._conns.values()
            assert idle.transport
            assert given_up_after(idle.transport.get_extra_info("socket")) == _GIVEN_UP
        through = proxy.url if by == "by SOCKS" else None
        hooks = httpx_hooks(lambda: None, ANSWER)
        async with httpx.AsyncClient(proxy=through, **hooks) as client, client.stream("GET", url) as response:
            assert given_up_after(response.extensions["network_stream"].get_extra_info("socket")) == _GIVEN_UP


async def test_where_the_kernel_knows_no_such_time_connections_are_made_all_the_same(
    server: Server, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Linux alone does."""
    monkeypatch.setattr("bot.network.writing._USER_TIMEOUT", None)
    async with open_session(url) as session:
        await session.get(url)
    async with httpx.AsyncClient(**httpx_hooks(lambda: None, ANSWER)) as client:
        await client.get(url)
    assert server.came == ["GET "] * 2
