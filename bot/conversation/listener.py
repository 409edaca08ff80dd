"""The shape of what takes readers' words in."""

from __future__ import annotations

import asyncio
from typing import Protocol


class Listener(Protocol):
    """What takes in what readers say on one channel."""

    async def listen(self, stopping: asyncio.Event) -> None:
        """Answer until told to stop; troubles are logged and overcome, never raised."""
