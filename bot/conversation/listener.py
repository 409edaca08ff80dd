"""The port that receives readers' lines; each platform implements it."""

from __future__ import annotations

import asyncio
from typing import Protocol

CORRECTED_WITHIN = 300.0  # seconds in which a message that is corrected is answered


class Listener(Protocol):
    """Receive and answer the lines of readers on one channel."""

    async def listen(self, stopping: asyncio.Event) -> None:
        """Answer until `stopping` is set; problems are logged and retried, never raised."""
