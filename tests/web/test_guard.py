"""The guard of pages: what other sites and other names get, and what goes with every answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from bot.web.guard import HEADERS, guarded_app
from bot.web.loopback import Served, serving


async def answer(request: web.Request) -> web.Response:
    return web.Response(text=await request.text() or "page")


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    app = guarded_app()
    app.router.add_get("/", answer)
    app.router.add_post("/", answer)
    async with serving(app, 0) as served:
        yield served


async def status(served: Served, method: str = "GET", path: str = "", **headers: str) -> int:
    with_dashes = {name.replace("_", "-"): value.replace("PORT", str(served.port)) for name, value in headers.items()}
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, served.address + path, headers=with_dashes, data=b"x") as response,
    ):
        assert HEADERS.items() <= response.headers.items()
        return response.status


@pytest.mark.parametrize("host", ["localhost", "localhost:PORT", "127.0.0.1:PORT", "[::1]:PORT", "LocalHost:1"])
async def test_names_of_this_machine(served: Served, host: str) -> None:
    assert await status(served, Host=host) == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:PORT",
        "127.0.0.1.evil.example",
        "127.0.0.1@evil.example",
        "localhost:x",
        "x:1:2",
        "",
    ],
)
async def test_any_other_name_is_refused(served: Served, host: str) -> None:
    assert await status(served, Host=host) == 421
    assert await status(served, "POST", Host=host) == 421


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec_Fetch_Site": "same-origin"},
        {"Sec_Fetch_Site": "same-origin", "Origin": "null"},
        {"Origin": "http://127.0.0.1:PORT"},
    ],
    ids=str,
)
async def test_a_page_of_ours_may_post(served: Served, headers: dict[str, str]) -> None:
    assert await status(served, "POST", **headers) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site", "Origin": "http://127.0.0.1:PORT"},
        {"Sec_Fetch_Site": "none"},
        {"Sec_Fetch_Site": ""},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "http://localhost:PORT"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
    ],
    ids=str,
)
async def test_any_other_page_may_not(served: Served, headers: dict[str, str]) -> None:
    assert await status(served, "POST", **headers) == 403
    assert await status(served, **headers) == 200  # which it cannot read


async def test_errors_go_with_the_same_headers(served: Served) -> None:
    assert await status(served, path="nothing") == 404


async def test_two_names_are_none(served: Served) -> None:
    raw = b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(raw)
    said = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    assert said.split()[1] in (b"400", b"421")
