"""How Slack's library reaches Slack: through a session of ours, which knows the proxy and the certificates.

Its own clients take HTTPS_PROXY or HTTP_PROXY alone, whatever NO_PROXY says, and no SOCKS (slack_sdk's
proxy_env_variable_loader).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import aiohttp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.ledger.writing.deadline import ANSWER, before_write
from bot.network.certificates import tls_context
from bot.network.proxies import proxy_for
from bot.network.writing import aiohttp_trace, socket_factory

# What the app of our manifest may do (deploy/slack-manifest.yaml); who only delivers needs less.
SCOPES = frozenset(
    {
        *("app_mentions:read", "channels:history", "channels:read", "chat:write", "chat:write.public", "commands"),
        *("groups:history", "groups:read", "im:history", "im:write", "users:read"),
    }
)
_Client = TypeVar("_Client", AsyncWebClient, AsyncWebhookClient, SocketModeClient)
PUBLIC_SCOPE = "chat:write.public"  # to post to public channels without being invited
CONNECT = 10.0  # seconds until there is a connection


def open_session(url: str, timeout: float | None = None) -> aiohttp.ClientSession:
    """Open a session for calls of one address, inside the running loop; answers must arrive within these seconds."""
    limits = aiohttp.ClientTimeout(total=timeout, sock_connect=CONNECT)
    proxy, traces = proxy_for(url), [aiohttp_trace(before_write)]
    if proxy and proxy.is_socks:
        from bot.network.socks import SocksConnector

        return aiohttp.ClientSession(connector=SocksConnector(proxy, ANSWER), timeout=limits, trace_configs=traces)
    connector = aiohttp.TCPConnector(socket_factory=socket_factory(ANSWER))
    through = proxy.url if proxy else None
    return aiohttp.ClientSession(connector=connector, proxy=through, timeout=limits, trace_configs=traces)


def web_client(token: str | None, base_url: str, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Make a client without handlers: with these the SDK would repeat a call by itself, which could post twice."""
    return _by_session(AsyncWebClient(token, base_url=base_url, session=session, ssl=tls_context(), retry_handlers=[]))


def webhook_client(url: str, session: aiohttp.ClientSession) -> AsyncWebhookClient:
    return _by_session(AsyncWebhookClient(url, session=session, ssl=tls_context(), retry_handlers=[]))


async def connect_socket(client: SocketModeClient, url: str) -> None:
    """Open a connection of Socket Mode at this address, for which the SDK has made a session of its own."""
    await client.aiohttp_client_session.close()
    client.aiohttp_client_session = open_session(url)
    client.wss_uri = url
    await _by_session(client).connect()  # type: ignore[no-untyped-call]


def _by_session(client: _Client) -> _Client:
    """Let the session say which proxy is used, and not the SDK."""
    client.proxy = None
    return client


def granted_scopes(headers: Mapping[str, str]) -> frozenset[str]:
    """Read what the app may do from the headers of an answer: Slack tells it in each."""
    listed = next((value for name, value in headers.items() if name.lower() == "x-oauth-scopes"), "")
    return frozenset(one.strip() for one in listed.split(",")) - {""}


def lacking_scopes(headers: Mapping[str, str]) -> list[str]:
    """List what an app of an older manifest may not do."""
    provided = granted_scopes(headers)
    return sorted(SCOPES - provided) if provided else []
