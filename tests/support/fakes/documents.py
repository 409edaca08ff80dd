"""A web server that gives documents, badly where a test says so; it records what it was asked."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from aiohttp import web

from tests.support.fakes.loopback import Loopback

Reply = Callable[[web.Request], web.StreamResponse | Awaitable[web.StreamResponse]]


@dataclass
class Document:
    """What stands at a path; it changes when a test gives it another tag."""

    content: bytes
    content_type: str = "text/plain"
    etag: str = ""
    last_modified: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(self, request: web.Request) -> web.Response:
        """Answer as RFC 9110 asks: the tag comes before the date."""
        asked = request.headers
        same = self.etag and asked.get("If-None-Match") == self.etag
        dated = not self.etag and self.last_modified and asked.get("If-Modified-Since") == self.last_modified
        named = {"ETag": self.etag, "Last-Modified": self.last_modified, "Content-Type": self.content_type}
        headers = {name: value for name, value in {**named, **self.headers}.items() if value}
        return web.Response(status=304) if same or dated else web.Response(body=self.content, headers=headers)


@dataclass
class DocumentServer(Loopback):
    """Listen on 127.0.0.1; what stands at no path is not found. `passing` is answered first, once each."""

    documents: dict[str, Reply] = field(default_factory=dict)
    passing: list[Reply] = field(default_factory=list)
    requests: list[web.Request] = field(default_factory=list)
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        for_us = self.passing or request.host.partition(":")[0] in self.hosts
        if request.method != "GET" or not for_us:
            return web.Response(status=400)
        reply = self.passing.pop(0) if self.passing else self.documents.get(request.path)
        if reply is None:
            return web.Response(status=404)
        answer = reply(request)
        return await answer if asyncio.iscoroutine(answer) else answer  # type: ignore[return-value]


def status(code: int, **headers: str) -> Reply:
    """Answer with a status and nothing else."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: web.Response(status=code, headers=named)


def silence(_: web.Request) -> Awaitable[web.StreamResponse]:
    """Never answer."""
    return asyncio.sleep(60, web.Response())


async def endless(request: web.Request) -> web.StreamResponse:
    """Answer with zeros, and never end."""
    answer = web.StreamResponse()
    await answer.prepare(request)
    while True:
        await answer.write(bytes(2**16))


def reset(request: web.Request) -> web.Response:
    """Break the connection."""
    assert request.transport
    request.transport.abort()
    return web.Response()
