"""A dispatcher in a process of its own: it delivers all that a ledger holds, shared with nobody."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bot.delivery.dispatcher import Dispatcher
from bot.ledger.ledger import open_ledger
from tests.bench.workers.bots import Bots
from tests.bench.workers.children import ask, be, ready


@dataclass(frozen=True)
class Done:
    """How long it took."""

    seconds: float
    cpu: float  # of this process


def deliver(url: str, bots: Bots) -> Done:
    return Done(**ask("worker", {"url": url, "bots": asdict(bots)}))


async def _work(url: str, bots: Mapping[str, Any]) -> Mapping[str, object]:
    channels = await Bots(**bots).channels()
    async with open_ledger(url) as ledger:
        await ready()
        start, cpu = time.perf_counter(), time.process_time()
        await Dispatcher(ledger, channels).run()
        done = Done(time.perf_counter() - start, time.process_time() - cpu)
    for channel in channels.values():
        await channel.close()
    return asdict(done)


if __name__ == "__main__":
    be(_work)
