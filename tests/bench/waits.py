"""How long replies wait for their turns beside a broadcast: `python -m tests.bench.waits`.

In virtual time, as `limit`: what this machine's processor takes is no part of it, so that every run gives the same
figures. `replies` measures all of it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from unittest.mock import patch

import aiosqlite.core
from telegram import Bot

from bot.delivery.dispatcher import Dispatcher
from bot.delivery.replies import ReplySender
from bot.ledger.ledger import open_ledger
from bot.ledger.writing import writer
from bot.log import configure
from formatters.message import Message
from tests.bench.limit import (
    TOKEN,
    Inline,
    InlineThread,
    Late,
    Server,
    Wire,
    crowd,
    in_memory,
    planned,
    telegram_channel,
)
from tests.bench.networks import uniform
from tests.bench.replies import WARM_UP
from tests.bench.table import show
from tests.support.virtual_time import run

EVERY = 0.05  # seconds between two replies
COMMIT = 0.02  # seconds that a commit takes at the most
NETWORKS: Mapping[str, Late] = {
    "all equally quick": uniform(0),
    "0 to 20 ms": uniform(0.02),
    "0 to 100 ms": uniform(0.1),
}
HALF, MOST = 0.06, 0.11  # seconds that half of the replies, and 99 of 100, wait at the most


@dataclass
class Asked(Server):
    """Note how long each reply waited until its call was made."""

    since: dict[str, float] = field(default_factory=dict)
    waits: list[float] = field(default_factory=list)

    async def call(self, method: str, arguments: Mapping[str, str]) -> tuple[int, bytes]:
        if (since := self.since.pop(arguments.get("chat_id", ""), None)) is not None:
            self.waits.append(asyncio.get_running_loop().time() - since)
        return await super().call(method, arguments)

    def percentile(self, part: float) -> float:
        return sorted(self.waits)[min(len(self.waits) - 1, round(part * len(self.waits)))]

    @property
    def is_met(self) -> bool:
        return self.percentile(0.5) <= HALF and self.percentile(0.99) <= MOST and not self.refused


async def _beside_a_broadcast(server: Asked, replies: int) -> None:
    loop = asyncio.get_running_loop()
    channel = telegram_channel(Bot(TOKEN, request=Wire(server), get_updates_request=Wire(server)))
    with in_memory() as folder:
        async with open_ledger(f"sqlite:///{folder}/ledger.db", lambda: 1_750_000_000.0 + loop.time()) as ledger:
            await planned(ledger, channel, crowd(60, 0, 0))
            broadcast = asyncio.create_task(Dispatcher(ledger, {channel.name: channel}, clock=ledger.clock).run())
            await asyncio.sleep(WARM_UP)
            sender, message = ReplySender(channel, ledger.replies), Message("reply", {"text": "Words."})
            for number in range(replies):
                server.since[reader := str(200_000 + number)] = loop.time()
                sender.spawn(sender.send(reader, [message]))
                await asyncio.sleep(EVERY)
            await sender.finish()
            broadcast.cancel()
            with suppress(asyncio.CancelledError):
                await broadcast
    await channel.close()


def asked(late: Late, replies: int) -> Asked:
    """Let so many people ask while sixty chats receive a digest."""
    server = Asked(0.02, late=late)
    with (
        patch.object(aiosqlite.core, "SimpleQueue", Inline),
        patch.object(writer, "ThreadPoolExecutor", InlineThread),
        patch.object(InlineThread, "commit", COMMIT),
    ):
        run(_beside_a_broadcast(server, replies))
    return server


def main(replies: int = 400) -> None:
    """Print the table."""
    configure(level=logging.CRITICAL)
    rows = []
    for name, late in NETWORKS.items():
        server = asked(late, replies)
        waits = (f"{server.percentile(part) * 1000:.0f} ms" for part in (0.5, 0.99, 1.0))
        rows.append((name, *waits, str(server.refused)))
    show(
        f"{replies} replies, one each {EVERY * 1000:g} ms, beside a broadcast",
        ("", "p50", "p99", "longest", "429s"),
        rows,
    )


if __name__ == "__main__":
    main()
