"""Workers that share a ledger on PostgreSQL: the program itself, but for its bots, in processes that may be killed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import psycopg

from bot.app.assembly import assemble
from bot.config.settings import Settings
from bot.ledger.ledger import open_ledger
from tests.bench.workers.bots import Bots
from tests.bench.workers.children import Child, be, begin, ready, started

_PATIENCE = 90.0  # seconds
_LOOK = 0.1  # seconds between two looks


@dataclass
class Fleet:
    """The workers of one ledger."""

    url: str
    bots: Bots
    _running: ExitStack
    workers: list[Child] = field(default_factory=list)

    def start(self, number: int = 1) -> None:
        """Start more workers."""
        task = {"url": self.url, "bots": asdict(self.bots)}
        more = [self._running.enter_context(started("fleet", task)) for _ in range(number)]
        for worker in more:
            begin(worker)
        self.workers += more

    def kill(self, place: int) -> int:
        """Kill a worker (kill -9), and give its process id."""
        worker = self.workers.pop(place)
        worker.kill()
        worker.wait()
        return worker.pid

    def wait_shared(self) -> None:
        """Wait until each bot has its owner, and no worker more than its share."""
        wait_until(self._are_shared)

    def _are_shared(self) -> bool:
        shares, bots = self._shares(), len(self.bots.names)
        return sum(shares) == bots and max(shares) <= math.ceil(bots / len(self.workers))

    def _shares(self) -> list[int]:
        """Count the bots of each worker that has any."""
        return [count for (count,) in rows(self.url, "SELECT count(*) FROM bots WHERE pid > 0 GROUP BY pid")]

    def wait_delivered(self, seconds: float = 600.0) -> None:
        """Wait until nothing is left to send."""
        wait_until(lambda: rows(self.url, "SELECT count(*) FROM deliveries WHERE state != 'sent'") == [(0,)], seconds)


@contextmanager
def fleet(url: str, bots: Bots, workers: int) -> Iterator[Fleet]:
    """Run workers until the block ends."""
    with ExitStack() as running:
        made = Fleet(url, bots, running)
        made.start(workers)
        yield made


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    """Ask the database, beside all workers."""
    with psycopg.connect(url) as db:
        return db.execute(query.encode()).fetchall()


def wait_until(known: Callable[[], bool], seconds: float = _PATIENCE) -> None:
    until = time.monotonic() + seconds
    while not known():
        if time.monotonic() > until:
            raise TimeoutError(f"not so after {seconds:g} s")
        time.sleep(_LOOK)


async def _work(url: str, bots: Mapping[str, Any]) -> Mapping[str, object]:
    """Be a worker until killed."""
    made = Bots(**bots)
    made.register()
    settings = Settings.model_validate({"schedule": {"at": "00:00", "sweep": "1s"}})
    async with open_ledger(url) as ledger:
        app = assemble(settings, ledger, [], await made.channels())
        await ready()
        await app.service.run()
    return {}


if __name__ == "__main__":
    be(_work)
