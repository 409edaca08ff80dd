"""How much more two workers deliver than one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from tests.bench.table import spread
from tests.bench.throughput import server
from tests.bench.workers.bots import Bots
from tests.bench.workers.broadcast import Broadcast
from tests.bench.workers.databases import Databases, databases
from tests.bench.workers.figures import Figure, middle
from tests.bench.workers.fleet import fleet, rows
from tests.support.file_platform import FilePlatform, Wrong, compare

LEAST = 1.8  # messages a second, two workers over one
_CPU = 0.002  # seconds of the processor that a call takes, about what the SDK needs
_ENDS = 0.1  # of the messages at both ends are not counted: workers begin and end one after the other
_NUMBERS = (1, 2)  # of workers


def rate(where: Databases, broadcast: Broadcast, workers: int, server: str = "") -> float:
    """Let workers deliver into a file, or to a server; give how many messages a second they sent."""
    url, platform = where.postgres(), where.file()
    with fleet(url, Bots(broadcast.names, server or platform, cpu=0.0 if server else _CPU), workers) as running:
        running.wait_shared()
        asyncio.run(broadcast.write(url))
        running.wait_delivered()
    if not server:
        wrong = compare(FilePlatform(Path(platform)).shown(), broadcast.addresses, broadcast.texts)
        assert wrong == Wrong(0, 0, 0), wrong
    return steady([at for (at,) in rows(url, "SELECT sent_at FROM deliveries")])


def steady(times: Sequence[float]) -> float:
    """Give how many messages a second were sent, without the first and the last ones."""
    cut = int(_ENDS * len(times))
    kept = sorted(times)[cut : len(times) - cut]
    return (len(kept) - 1) / (kept[-1] - kept[0])


def figures(what: str, rates: Sequence[Sequence[float]], *, has_goal: bool) -> list[Figure]:
    """Compare two workers with one, in each round."""
    ratios = [two / one for one, two in rates]
    met = middle(ratios) >= LEAST if has_goal else None
    return [
        Figure(f"two workers over one, {what}", spread(ratios), f"≥ {LEAST}" if has_goal else "reported", met),
        *(
            Figure(f"messages a second, {what}, workers: {number}", spread([one[place] for one in rates], 0))
            for place, number in enumerate(_NUMBERS)
        ),
    ]


def main(*, full: bool) -> list[Figure]:
    chats, rounds = (40, 3) if full else (15, 2)
    broadcast = Broadcast(8, chats, 18)
    with databases() as where, server() as base_url:
        burning, calling = (partial(rate, where, broadcast, server=to) for to in ("", base_url))
        into_file = [[burning(number) for number in _NUMBERS] for _ in range(rounds)]
        by_sdk = [[calling(number) for number in _NUMBERS] for _ in range(rounds)]
    return [
        *figures("2 ms of the processor a call", into_file, has_goal=True),
        *figures("the SDK, its server on the same processors", by_sdk, has_goal=False),
    ]
