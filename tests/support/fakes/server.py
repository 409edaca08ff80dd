"""What the fake platforms share: HTTP on loopback, a record of every call, scripted faults."""

import asyncio
import json
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, ClassVar, Self

from aiohttp import web

from tests.support.fakes.answers import Answer, RefusalError
from tests.support.fakes.faults import Faults

Arguments = dict[str, Any]


def words(text: str) -> frozenset[str]:
    """Spell a set of names in a readable way."""
    return frozenset(text.split())


@dataclass
class Call:
    """One request that reached the server."""

    method: str
    arguments: Arguments
    at: float  # seconds of the server's clock
    port: int = 0  # of those that the server listens on, where it came in
    answer: Answer | None = None  # None: not answered, or not yet

    @property
    def status(self) -> int | None:
        """Give the HTTP status that was sent back, None if nothing was."""
        return self.answer.status if self.answer else None

    @property
    def error(self) -> str:
        """Give the refusal in the platform's words, empty for none."""
        return self.answer.error if self.answer else ""


class FakeServer(ABC):
    """Listen on 127.0.0.1 and let a subclass process the calls; a stopped one starts again on its port."""

    encoded: ClassVar[frozenset[str]]  # arguments that a form carries as JSON

    def __init__(self, port: int = 0, clock: Callable[[], float] = time.monotonic) -> None:
        self.port = port
        self.more_ports: list[int] = []  # which it listens on as well: who was given one is known by it
        self.public = ""  # the address under which others reach it, where that is not its own
        self.clock = clock
        self.calls: list[Call] = []
        self.faults = Faults()
        # Awaited when a call arrives; it is processed afterwards even if the caller has gone meanwhile.
        self.on_call: Callable[[str, Arguments], Awaitable[None]] | None = None
        self.on_answer: Callable[[Call], None] | None = None
        self._runner: web.AppRunner | None = None
        self._news = asyncio.Event()

    @property
    def origin(self) -> str:
        return self.public or f"http://127.0.0.1:{self.port}"

    @abstractmethod
    def chat_of(self, arguments: Arguments) -> str:
        """Give the id of the chat that a call is about, empty for none."""

    @abstractmethod
    async def process(self, request: web.Request, call: Call) -> Answer:
        """Do what the platform does; raise RefusalError where it refuses."""

    def routes(self) -> list[web.RouteDef]:
        """Give what is served beside the calls."""
        return []

    async def answered(self, method: str, times: int = 1) -> list[Call]:
        """Wait until a method was answered so many times since the start, and give these calls."""
        async with asyncio.timeout(10):
            while len(calls := [call for call in self.calls if call.method == method and call.answer]) < times:
                self._news.clear()
                await self._news.wait()
        return calls

    async def start(self) -> None:
        """Listen, on the same port as last time."""
        app = web.Application()
        app.router.add_routes(self.routes())
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        self.port, *self.more_ports = [await self._listen(port) for port in (self.port, *self.more_ports)]

    async def listen(self) -> int:
        """Listen on one more port, and give it."""
        self.more_ports.append(await self._listen(0))
        return self.more_ports[-1]

    async def _listen(self, port: int) -> int:
        assert self._runner, "it must be started first"
        await web.TCPSite(self._runner, "127.0.0.1", port).start()
        return int(self._runner.addresses[-1][1])

    async def stop(self) -> None:
        """Break all connections and refuse new ones."""
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def _serve(self, request: web.Request) -> web.Response:
        arguments = await self._arguments(request)
        call = Call(request.path.rpartition("/")[2], arguments, self.clock(), _port(request))
        self.calls.append(call)
        if self.on_call:
            await self.on_call(call.method, call.arguments)
        call.answer = await self._answer(request, call)
        self._news.set()
        if self.on_answer:
            self.on_answer(call)
        return _response(request, call.answer)

    async def _answer(self, request: web.Request, call: Call) -> Answer | None:
        """Process the call as well as its fault allows; None drops the connection."""
        fault = self.faults.strike(call.method, self.chat_of(call.arguments))
        if fault.kind in ("answer", "reset"):
            return fault.answer
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        answer = await self._process(request, call)
        if fault.kind == "late":
            await asyncio.sleep(fault.seconds)
        if fault.kind == "garbled":
            return fault.answer or replace(answer, body=answer.body[: len(answer.body) // 2])
        return None if fault.kind == "lost" else answer

    async def _process(self, request: web.Request, call: Call) -> Answer:
        try:
            return await self.process(request, call)
        except RefusalError as refusal:
            return refusal.answer

    async def _arguments(self, request: web.Request) -> Arguments:
        """Read query, form and JSON alike, as both platforms do."""
        arguments: Arguments = {**request.query, **await request.post()}
        if request.content_type == "application/json" and request.can_read_body:
            arguments |= await _json(request)
        return {name: self._decoded(name, value) for name, value in arguments.items()}

    def _decoded(self, name: str, value: Any) -> Any:
        if name not in self.encoded or not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            return value


def _port(request: web.Request) -> int:
    """Tell on which port a request came in; 0 where the caller has gone."""
    return int(request.transport.get_extra_info("sockname")[1]) if request.transport else 0


async def _json(request: web.Request) -> Arguments:
    try:
        return dict(await request.json())
    except ValueError as error:
        raise web.HTTPBadRequest(text="not a JSON object") from error


def _response(request: web.Request, answer: Answer | None) -> web.Response:
    if answer is None:
        if request.transport:
            request.transport.close()
        return web.Response()  # goes nowhere
    return web.Response(
        status=answer.status, text=answer.body, content_type=answer.content_type, headers=answer.headers
    )


async def serve_forever(server: FakeServer) -> None:
    """Serve until cancelled, writing each message that was tried as a line of JSON."""
    server.on_answer = _write_line
    async with server:
        sys.stdout.write(f"listening on http://127.0.0.1:{server.port}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


def _write_line(call: Call) -> None:
    if "text" not in call.arguments:
        return
    line = {"method": call.method, "status": call.status, "error": call.error, "arguments": call.arguments}
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    sys.stdout.flush()
