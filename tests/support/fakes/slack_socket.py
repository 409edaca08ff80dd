"""Socket Mode: Slack reaches the app over websockets that the app opens.

Source: docs.slack.dev/apis/events-api/using-socket-mode.
"""

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from tests.support.fakes.slack_channels import APP
from tests.support.fakes.slack_reach import Sent, UnreachableError

PATH = "/link/"
_DEBUG = {"host": "applink-fake"}


@dataclass(frozen=True)
class Ack:
    """What the app sent back for an envelope."""

    envelope_id: str
    payload: dict[str, Any]
    at: float  # seconds of the server's clock


class Sockets:
    """The open websockets of one app."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.acks: list[Ack] = []  # also those that came too late
        self.answers_pings = True  # False: connections go stale
        self._clock = clock
        self._tickets: set[str] = set()
        self._live: dict[web.WebSocketResponse, web.Request] = {}
        self._leaving: set[web.WebSocketResponse] = set()
        self._waiting: dict[str, asyncio.Future[Ack]] = {}
        self._opened = 0
        self._turn = 0
        self._news = asyncio.Event()

    # What tests do

    async def opened(self, total: int = 1, seconds: float = 10) -> None:
        """Wait until the app has opened so many connections since the start, and the last of them is there."""
        async with asyncio.timeout(seconds):
            while self._opened < total or not self._ready():
                self._news.clear()
                await self._news.wait()

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Ask the app to connect anew; a "warning" comes before that and the connection still serves."""
        for socket in list(self._live):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": _DEBUG})
            if reason != "warning":
                self._leaving.add(socket)

    def break_off(self) -> None:
        """Break all connections without a word."""
        for request in self._live.values():
            if request.transport:
                request.transport.abort()

    # What the server does

    def invite(self, origin: str) -> str:
        """Give a URL that serves one connection (apps.connections.open)."""
        ticket = secrets.token_hex(8)
        self._tickets.add(ticket)
        return f"ws{origin.removeprefix('http')}{PATH}?ticket={ticket}&app_id={APP}"

    async def deliver(self, sent: Sent) -> dict[str, Any]:
        """Send an envelope to one of the connections and wait for what comes back for it."""
        ready = self._ready()
        if not ready:
            raise UnreachableError("no socket is open")
        self._turn += 1
        waiting: asyncio.Future[Ack] = asyncio.get_running_loop().create_future()
        self._waiting[sent.envelope_id] = waiting
        try:
            await ready[self._turn % len(ready)].send_json(_envelope(sent))
        except ConnectionError as error:
            raise UnreachableError(str(error)) from error
        return (await waiting).payload

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Hold a connection until it closes."""
        if request.query.get("ticket") not in self._tickets:
            raise web.HTTPForbidden
        self._tickets.remove(request.query["ticket"])
        socket = web.WebSocketResponse(autoping=False, timeout=1)
        await socket.prepare(request)
        await self._welcome(socket)
        self._live[socket] = request
        self._opened += 1
        self._news.set()
        try:
            async for message in socket:
                await self._read(socket, message)
        finally:
            del self._live[socket]
            self._leaving.discard(socket)
        return socket

    async def _welcome(self, socket: web.WebSocketResponse) -> None:
        debug = {**_DEBUG, "build_number": 1, "approximate_connection_time": 18060}
        info = {"num_connections": len(self._live) + 1, "connection_info": {"app_id": APP}}
        await socket.send_json({"type": "hello", **info, "debug_info": debug})

    async def _read(self, socket: web.WebSocketResponse, message: WSMessage) -> None:
        if message.type is WSMsgType.PING and self.answers_pings:
            await socket.pong(message.data)
        elif message.type is WSMsgType.TEXT:
            self._note(json.loads(message.data))

    def _note(self, data: dict[str, Any]) -> None:
        """Note an acknowledgement, and let who waits for it know unless it is too late."""
        ack = Ack(data["envelope_id"], data.get("payload") or {}, self._clock())
        self.acks.append(ack)
        waiting = self._waiting.pop(ack.envelope_id, None)
        if waiting and not waiting.done():
            waiting.set_result(ack)

    def _ready(self) -> list[web.WebSocketResponse]:
        return [socket for socket in self._live if socket not in self._leaving]


def _envelope(sent: Sent) -> dict[str, Any]:
    """Wrap a payload; an event says its attempt, 0 for the first, and has nothing to be answered."""
    event = sent.kind == "events_api"
    retry = {"retry_attempt": sent.attempt, "retry_reason": sent.reason} if event else {}
    wrapped = {"envelope_id": sent.envelope_id, "type": sent.kind, "payload": sent.payload}
    return {**wrapped, "accepts_response_payload": not event, **retry}
