"""What is asked right before a request is written, behind all waits, and how long the kernel tries to deliver it.

The libraries tell of it in their traces: httpcore's of a request, aiohttp's of a session.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from typing import Any

import aiohttp
import httpx

# Raises where nothing must be written any more; then the connection is closed.
BeforeWrite = Callable[[], None]
_WRITES = (".send_request_headers.started", ".send_request_body.started")
_USER_TIMEOUT = getattr(socket, "TCP_USER_TIMEOUT", None)  # tcp(7); Linux alone has it


def httpx_hooks(before_write: BeforeWrite, seconds: float) -> dict[str, Any]:
    """Give the arguments of an httpx client; what is not acknowledged within these seconds is never delivered."""

    async def trace(name: str, info: Mapping[str, Any]) -> None:
        if name.endswith(_WRITES) and info["request"].method != b"CONNECT":  # of a proxy
            before_write()
        elif name.endswith(".connect_tcp.complete"):
            give_up_after(seconds, info["return_value"].get_extra_info("socket"))

    async def add_trace(request: httpx.Request) -> None:
        request.extensions["trace"] = trace

    return {"event_hooks": {"request": [add_trace]}}


def aiohttp_trace(before_write: BeforeWrite) -> aiohttp.TraceConfig:
    """Give what a session of aiohttp tells that it writes: headers without a body, and a body with its headers."""

    async def written(*_: object) -> None:
        before_write()

    config = aiohttp.TraceConfig()
    config.on_request_headers_sent.append(written)
    config.on_request_chunk_sent.append(written)
    return config


def socket_factory(seconds: float) -> aiohttp.SocketFactoryType:
    """Make sockets for aiohttp whose connections end when something is not acknowledged within these seconds."""

    def make(address: aiohttp.AddrInfoType) -> socket.socket:
        made = socket.socket(*address[:3])
        give_up_after(seconds, made)
        return made

    return make


def give_up_after(seconds: float, connection: Any) -> None:
    """End a connection, whatever its process does, when something is not acknowledged within these seconds.

    Else the kernel goes on for many minutes to deliver what was written, also after the connection was closed.
    """
    if _USER_TIMEOUT is not None:
        connection.setsockopt(socket.IPPROTO_TCP, _USER_TIMEOUT, round(seconds * 1000))
