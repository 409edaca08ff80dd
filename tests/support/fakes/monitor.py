"""A monitoring service that is called as long as all is well; it takes one call and refuses all others."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from aiohttp import web

PATH = "/ping/a-secret-path"


@dataclass
class Monitor:
    """Take GET of one path on this machine, and record each call."""

    calls: list[str] = field(default_factory=list)
    answers: list[int | str] = field(default_factory=list)  # of the next calls: a status, or what goes wrong
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}?via=paperboy"

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.01)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(f"{request.method} {request.path_qs}")
        if self.calls[-1] != f"GET {PATH}?via=paperboy":
            return web.Response(status=404)
        match self.answers.pop(0) if self.answers else 200:
            case "silence":
                await asyncio.sleep(5)
            case "reset":
                assert request.transport
                request.transport.abort()
            case "elsewhere":
                raise web.HTTPFound(f"{PATH}?via=paperboy")
            case int(status):
                return web.Response(status=status, text="OK")
        return web.Response()
