"""`paperboy deliver` without the platforms' pace, as a process of its own that a test may kill."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bot.app import assembled
from bot.config import load
from bot.receipt import unsettled
from tests.house import AT_ONCE, hasty


async def main() -> None:
    settings = load(Path(sys.argv[1]))
    async with assembled(settings, hasty(settings), AT_ONCE) as paperboy:
        async with paperboy.store.delivering(paperboy.stopping):
            await paperboy.plan(at_once=True, resume=True)
            await paperboy.drain()
        lines = await unsettled(paperboy.store, paperboy.settings)
    sys.exit("\n".join(lines) if lines else 0)


if __name__ == "__main__":
    asyncio.run(main())
