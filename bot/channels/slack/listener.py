"""Listen to Slack's readers, over Socket Mode or signed HTTP requests.

Sources of the facts: docs.slack.dev (Socket Mode, verifying requests from Slack), slack_bolt and slack_sdk.
"""

from __future__ import annotations

import asyncio
import logging
from functools import cached_property, partial
from typing import Any

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

from bot.channels.connection_status import ConnectionStatus
from bot.channels.slack.api.connections import connect_socket, web_client
from bot.channels.slack.api.errors import translate
from bot.channels.slack.channel import SlackChannel
from bot.channels.slack.events import EventHandler
from bot.concurrency import LONGEST_PAUSE, backoff, wait_unless
from bot.config.settings import Slack
from bot.conversation.router import CommandRouter
from bot.delivery.channel import Channel
from bot.delivery.replies import ReplySender
from bot.errors import BotGone, Rejected, SettingsError
from bot.web.server import Web

PATH = "/slack/events"
_PING = 5.0  # seconds between pings; the SDK checks its connection as often
_CONNECT_TIMEOUT = 20.0  # seconds
_GONE = 30.0  # seconds without a connection after which a new client is made
_CHECK_INTERVAL = 1.0  # seconds between two checks of the connection
_ROUND = LONGEST_PAUSE + 120.0  # seconds to make a new client, with the pause before
_GRACE = 5.0  # seconds for acknowledgements under way, and again for closing the connection

_BOLT = logging.getLogger("slack_bolt")
# It logs each failed attempt with a traceback; `ConnectionStatus` logs the first.
_SOCKET = logging.getLogger("slack_bolt.socket")
_SOCKET.setLevel(logging.CRITICAL + 1)


class SlackSocket:
    """Listen through a connection that we open; whatever ends it, open it again."""

    def __init__(self, channel: SlackChannel, events: EventHandler, token: str) -> None:
        self._channel = channel
        self._events = events
        self._token = token
        self._status = ConnectionStatus("slack", events.router.health)
        self._under_way: set[asyncio.Task[Any]] = set()

    async def listen(self, stopping: asyncio.Event) -> None:
        tries = 0
        while not stopping.is_set():
            self._status.turned(_ROUND)
            tries = 0 if await self._run_client(stopping) else tries + 1
            await wait_unless(asyncio.sleep(backoff(1.0, tries, LONGEST_PAUSE)), stopping)
        await self._events.replies.finish()

    @cached_property
    def _app(self) -> AsyncApp:
        return _bolt(self._channel, self._events)

    async def _run_client(self, stopping: asyncio.Event) -> bool:
        """Listen through one client until it fails or we stop; tell whether it ended without an error."""
        try:
            await self._listen_once(stopping)
        except Exception as error:  # noqa: BLE001 - whatever the SDK raises, we connect again
            self._status.down(self._explain(error))
            return False
        return True

    async def _listen_once(self, stopping: asyncio.Event) -> None:
        web_client = self._channel.client()
        handler = AsyncSocketModeHandler(self._app, self._token, _SOCKET, web_client, ping_interval=_PING)
        client = handler.client
        client.socket_mode_request_listeners = [partial(self._handle, handler)]
        try:
            await wait_unless(self._open(client), stopping)
            if not stopping.is_set():
                self._status.up()
                await self._watch(client, stopping)
        finally:
            await self._close(client)

    async def _open(self, client: Any) -> None:  # Any: its methods are untyped
        """Open the connection: the SDK would not say why it fails, and would retry for ever a URL that works once."""
        async with asyncio.timeout(_CONNECT_TIMEOUT):
            answer = await self._channel.client().apps_connections_open(app_token=self._token)
            await connect_socket(client, str(answer["url"]))

    async def _watch(self, client: SocketModeClient, stopping: asyncio.Event) -> None:
        """Wait until the connection is gone for long: the SDK renews it, but not from every state (its issue 1922)."""
        now = asyncio.get_running_loop().time
        last_up = now()
        while not stopping.is_set():
            self._status.turned(_ROUND)
            await wait_unless(asyncio.sleep(_CHECK_INTERVAL), stopping)
            if await client.is_connected():
                last_up = now()
            elif now() - last_up > _GONE:
                self._status.down(f"the connection has been gone for {_GONE:.0f} seconds")
                return

    async def _handle(self, handler: AsyncSocketModeHandler, client: Any, request: SocketModeRequest) -> None:
        """Handle one request; its task lasts until it is acknowledged."""
        task = asyncio.current_task()
        if task:
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
        await handler.handle(client, request)

    async def _close(self, client: Any) -> None:  # Any: its methods are untyped
        """Let requests under way be acknowledged, then disconnect; Slack may not answer any more."""
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=_GRACE)
        try:
            async with asyncio.timeout(_GRACE):
                await client.close()
        except TimeoutError:
            await client.close()  # the socket is closed by now; the rest takes no time
        tasks = (client.message_processor, client.current_session_monitor, client.message_receiver)
        await asyncio.gather(*filter(None, tasks), return_exceptions=True)

    def _explain(self, error: Exception) -> str:
        problem = translate(error, self._token)
        if isinstance(problem, BotGone | Rejected):
            code = str(problem).partition(";")[0]
            return f"{code}; turn Socket Mode on, and set slack.app_token to a token with connections:write"
        return "no connection in time" if isinstance(error, TimeoutError) else str(problem)


class SlackHttp:
    """Receive what Slack posts; bolt checks its signature, and that it is at most five minutes old."""

    def __init__(self, channel: SlackChannel, events: EventHandler, secret: str) -> None:
        self._channel = channel
        self._events = events
        self._secret = secret

    async def listen(self, stopping: asyncio.Event) -> None:
        await stopping.wait()
        await self._events.replies.finish()

    @cached_property
    def _app(self) -> AsyncApp:
        return _bolt(self._channel, self._events, self._secret)

    async def receive(self, request: web.Request) -> web.Response:
        """Handle a posted request: commands, presses and events come to one URL."""
        if not _looks_signed(request):
            return web.Response(status=401)
        try:
            received = await to_bolt_request(request)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return web.Response(status=400)  # bolt reads before it checks, and anybody can post here
        return await to_aiohttp_response(await self._app.async_dispatch(received))


def slack_listener(
    settings: Slack, channel: Channel, router: CommandRouter, replies: ReplySender, server: Web
) -> SlackSocket | SlackHttp:
    """Make the listener that the settings ask for; SettingsError when its secret is missing."""
    if not isinstance(channel, SlackChannel):
        raise TypeError("Slack's readers are answered through Slack")
    events = EventHandler(channel, router, replies)
    if settings.listen == "socket":
        if not settings.app_token:
            raise SettingsError('slack.listen = "socket" needs slack.app_token (xapp-…), with connections:write')
        return SlackSocket(channel, events, settings.app_token.get_secret_value())
    if not settings.signing_secret:
        raise SettingsError('slack.listen = "http" needs slack.signing_secret, from the app\'s Basic Information')
    http = SlackHttp(channel, events, settings.signing_secret.get_secret_value())
    server.post(PATH, http.receive)
    return http


def _bolt(channel: SlackChannel, events: EventHandler, secret: str = "") -> AsyncApp:
    """Make the app. It acknowledges only when a handler is done: by then choices are stored."""
    app = AsyncApp(
        logger=_BOLT,
        name="slack_bolt.app",
        process_before_response=True,
        signing_secret=secret,
        client=web_client(None, channel.client().base_url, channel.session),
        authorize=_authorized,
    )
    events.attach(app)
    return app


async def _authorized(enterprise_id: str | None, team_id: str | None) -> AuthorizeResult:
    """Save a call of auth.test: each event says who we are."""
    return AuthorizeResult(enterprise_id=enterprise_id, team_id=team_id)


def _looks_signed(request: web.Request) -> bool:
    """Tell whether the headers can be checked: bolt raises where the time is no number or the signature not ASCII."""
    headers = request.headers
    stamp, signature = headers.get("X-Slack-Request-Timestamp", ""), headers.get("X-Slack-Signature", "")
    return stamp.isdecimal() and len(stamp) < 20 and signature.isascii()
