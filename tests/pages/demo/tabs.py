"""Tabs that ask for what is new, in a process of their own as browsers are.

`python -m tests.pages.demo.tabs ADDRESS AFTER`: says "ready" when each has asked, asks until its input ends and
nothing more is new, then says how many different things they were told, and how many changes that is.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass, field

import aiohttp

TABS = 200
EVERY = 0.4  # seconds between two questions of a tab


@dataclass
class Tab:
    """A tab: what it was told, and up to which change."""

    after: int
    told: bytes = b""
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def watch(self, session: aiohttp.ClientSession, address: str, place: int, done: asyncio.Event) -> None:
        await asyncio.sleep(EVERY * place / TABS)
        while True:
            is_last = done.is_set()
            async with session.get(f"{address}feed?after={self.after}") as response:
                if response.status == 204 and is_last:
                    return
                if response.status == 200:
                    self._take(await response.read())
            self.asked.set()
            await asyncio.sleep(EVERY)

    def _take(self, answer: bytes) -> None:
        head, changes = answer.removesuffix(b"]}").split(b', "changes": [', 1)
        self.after = int(head.removeprefix(b'{"last": '))
        self.told += changes + b", "


async def main(address: str, after: int) -> None:
    done, tabs = asyncio.Event(), [Tab(after) for _ in range(TABS)]
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        watching = [asyncio.create_task(one.watch(session, address, place, done)) for place, one in enumerate(tabs)]
        await asyncio.gather(*(one.asked.wait() for one in tabs))
        print("ready", flush=True)  # noqa: T201
        await asyncio.to_thread(sys.stdin.read)
        done.set()
        await asyncio.gather(*watching)
    print(len({one.told for one in tabs}), tabs[0].told.count(b'"id": '))  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
