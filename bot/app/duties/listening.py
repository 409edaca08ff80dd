"""Let a listener listen, whatever ends it."""

from __future__ import annotations

import asyncio

from bot.concurrency import wait_first
from bot.conversation.listener import Listener
from bot.log import log

_AGAIN = 5.0  # seconds


async def keep_listening(listener: Listener, stopping: asyncio.Event) -> None:
    """Let it listen until told to stop; one that ends by itself is logged, and begins anew."""
    while not stopping.is_set():
        try:
            await listener.listen(stopping)
        except Exception:  # noqa: BLE001 - a bot that receives nothing must say so
            log.exception("listener ended", listener=type(listener).__name__)
        if not stopping.is_set():
            await wait_first(stopping.wait(), asyncio.sleep(_AGAIN))
