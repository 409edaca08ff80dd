"""What PostgreSQL costs one worker beside a file of SQLite."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.table import spread
from tests.bench.workers.bots import Bots
from tests.bench.workers.broadcast import Broadcast
from tests.bench.workers.databases import Databases, databases
from tests.bench.workers.figures import Figure, middle
from tests.bench.workers.worker import deliver
from tests.support.file_platform import FilePlatform, Wrong, compare

LEAST, MOST_CPU = 0.75, 1.2  # of the messages a second, and of the processor's time, over SQLite
_TAKES = 0.02  # seconds until an answer comes


@dataclass(frozen=True)
class Speed:
    """How one broadcast went."""

    rate: float  # messages a second
    cpu: float  # microseconds of the worker for a message
    server: float  # of the database's server


def measured(where: Databases, url: str, broadcast: Broadcast) -> Speed:
    """Let one worker deliver a broadcast from a new ledger."""
    asyncio.run(broadcast.write(url))
    platform, before = where.file(), where.server_cpu()
    done = deliver(url, Bots(broadcast.names, platform, takes=_TAKES))
    wrong = compare(FilePlatform(Path(platform)).shown(), broadcast.addresses, broadcast.texts)
    assert wrong == Wrong(0, 0, 0), wrong
    server = where.server_cpu() - before
    return Speed(broadcast.messages / done.seconds, *(each / broadcast.messages * 1e6 for each in (done.cpu, server)))


def rounds(broadcast: Broadcast, number: int) -> list[tuple[Speed, Speed]]:
    """Measure SQLite and PostgreSQL in turn."""
    with databases() as where:
        measured(where, where.postgres(), Broadcast(1, 8, 3))  # warm up
        return [
            (measured(where, where.sqlite(), broadcast), measured(where, where.postgres(), broadcast))
            for _ in range(number)
        ]


def figures(found: Sequence[tuple[Speed, Speed]]) -> list[Figure]:
    rates = [server.rate / file.rate for file, server in found]
    cpus = [server.cpu / file.cpu for file, server in found]
    return [
        Figure("messages a second, PostgreSQL over SQLite", spread(rates), f"≥ {LEAST}", middle(rates) >= LEAST),
        Figure("the worker's time of the processor, the same", spread(cpus), f"≤ {MOST_CPU}", middle(cpus) <= MOST_CPU),
        Figure("with the server's time", spread([(server.cpu + server.server) / file.cpu for file, server in found])),
        *(
            Figure(f"messages a second, {name}", spread([one[place].rate for one in found], 0))
            for place, name in enumerate(("SQLite", "PostgreSQL"))
        ),
        *(
            Figure(f"µs of the processor for a message, {name}", spread([one[place].cpu for one in found], 0))
            for place, name in enumerate(("SQLite", "PostgreSQL"))
        ),
    ]


def main(*, full: bool) -> list[Figure]:
    chats, number = (100, 5) if full else (40, 3)
    return figures(rounds(Broadcast(8, chats, 18), number))
