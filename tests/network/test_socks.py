"""Calls of aiohttp through a SOCKS5 proxy, and what is said where it does not let them through."""

from __future__ import annotations

import socket

import aiohttp
import pytest

from bot.network.failures import ProxyFailure
from bot.network.proxies import Proxy
from bot.network.socks import SocksConnector
from tests.support.fakes.documents import Document, DocumentServer
from tests.support.fakes.proxies import SocksProxy


async def called(url: str, proxy: str) -> str:
    connector = SocksConnector(Proxy("ALL_PROXY", proxy), unacknowledged=20.0)
    limits = aiohttp.ClientTimeout(sock_connect=0.5)
    async with aiohttp.ClientSession(connector=connector, timeout=limits) as session, session.get(url) as answer:
        return await answer.text()


async def failed(url: str, proxy: str) -> str:
    with pytest.raises(ProxyFailure) as raised:
        await called(url, proxy)
    return str(raised.value)


async def test_a_name_is_looked_up_by_the_proxy_which_is_given_its_password() -> None:
    documents = DocumentServer({"/": Document(b"hello")}, hosts=("slack.example",))
    async with documents as server, SocksProxy(password="me:secret") as proxy:
        proxy.routes = {"slack.example": server.port}
        assert await called("http://slack.example/", proxy.url.replace("//", "//me:secret@")) == "hello"
    assert proxy.targets == ["slack.example:80"]


async def test_a_proxy_that_is_not_there() -> None:
    said = await failed("http://slack.example/", "socks5://127.0.0.1:1")
    assert said.startswith("the proxy 127.0.0.1:1 cannot be reached; correct HTTPS_PROXY, HTTP_PROXY or ALL_PROXY")


async def test_a_proxy_that_refuses() -> None:
    async with SocksProxy(password="me:secret") as proxy:
        assert "the proxy wants a name and a password, or others (" in await failed("http://slack.example/", proxy.url)
    async with SocksProxy() as proxy:
        assert "the proxy refuses (" in await failed("http://slack.example/", proxy.url)


async def test_a_proxy_that_does_not_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = await failed("http://slack.example/", f"socks5://127.0.0.1:{silent.getsockname()[1]}")
    assert said == "the proxy does not connect (Proxy connection timed out: 0.5)"
