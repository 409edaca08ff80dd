"""Pages for this machine: on a port or the next one, and gone as soon as the command ends."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
from aiohttp import web

from bot.web.loopback import HOST, serving


async def test_a_port_that_is_taken() -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        async with serving(web.Application(), port) as served:
            assert (served.is_moved, served.wanted) == (True, port)
            assert served.port != port
            assert served.address == f"http://127.0.0.1:{served.port}/"


async def test_a_port_that_is_free_is_kept() -> None:
    async with serving(web.Application(), 0) as first:
        free = first.port
    async with serving(web.Application(), free) as again:
        assert (again.port, again.is_moved) == (free, False)


async def test_open_connections_and_requests_under_way_end_within_two_seconds() -> None:
    asked = asyncio.Event()

    async def never(_: web.Request) -> web.Response:
        asked.set()
        await asyncio.sleep(60)
        return web.Response()

    app, loop = web.Application(), asyncio.get_running_loop()
    app.router.add_get("/never", never)
    async with aiohttp.ClientSession() as session:
        async with serving(app, 0) as served:
            async with session.get(served.address):  # kept open afterwards
                pass
            waiting = asyncio.create_task(_failed(session, f"{served.address}never"))
            await asyncio.wait_for(asked.wait(), 5)
            before = loop.time()
        assert loop.time() - before < 2
        assert await asyncio.wait_for(waiting, 5)


async def _failed(session: aiohttp.ClientSession, address: str) -> bool:
    try:
        async with session.get(address):
            return False
    except aiohttp.ClientError:
        return True
