"""A monitoring service that is called as long as all is well; it takes one call and refuses all others."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from aiohttp import web

from tests.support.fakes.loopback import Loopback

PATH = "/ping/a-secret-path"


@dataclass
class Monitor(Loopback):
    """Take GET of one path on this machine, and record each call."""

    calls: list[str] = field(default_factory=list)
    answers: list[int | str] = field(default_factory=list)  # of the next calls: a status, or what goes wrong

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}?via=paperboy"

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
