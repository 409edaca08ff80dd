"""How soon another worker goes on where one was killed, and that nothing is lost, sent twice, or out of order."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.table import spread
from tests.bench.workers.bots import Bots
from tests.bench.workers.broadcast import Broadcast
from tests.bench.workers.databases import databases
from tests.bench.workers.figures import Figure, middle
from tests.bench.workers.fleet import Fleet, fleet
from tests.support.file_platform import FilePlatform, Shown, Wrong, compare

MOST = 1.0  # seconds until half of the bots of a killed worker go on
_TAKES = 0.05  # seconds until an answer comes
_EVERY = (1.5, 3.0)  # seconds between two kills
_WORKERS = 3
_INSTEAD = "a queue with heartbeats: Procrastinate's 15.7 s, tried with 3 s between them"
_UNCONFIRMED = 20.0  # seconds: only a chat whose send is unconfirmed waits so long


@dataclass(frozen=True)
class Kill:
    """A worker that died."""

    at: float  # seconds since 1970
    process: int


@dataclass(frozen=True)
class Outcome:
    """What came of all kills."""

    bots: Sequence[float]  # seconds from a kill to the next message of each of its bots
    unconfirmed: Sequence[float]  # seconds that chats waited whose send was unconfirmed
    wrong: Wrong


def outcome(kills: Sequence[Kill], shown: Sequence[Shown], broadcast: Broadcast) -> Outcome:
    """Read from the platform how long its bots stood still."""
    bots = waits(kills, shown, lambda one: one.channel)
    chats = waits(kills, shown, lambda one: (one.channel, one.address))
    wrong = compare(shown, broadcast.addresses, broadcast.texts)
    return Outcome(bots, [wait for wait in chats if wait > _UNCONFIRMED], wrong)


def waits(kills: Sequence[Kill], shown: Sequence[Shown], where: Callable[[Shown], Hashable]) -> list[float]:
    """Give, for each place that a killed worker wrote to last, how long it was until another one wrote there."""
    found = []
    for kill in kills:
        left = {where(one): one.process for one in shown if one.at < kill.at}  # the last one of each place counts
        after = {
            where(one): one.at - kill.at for one in reversed(shown) if one.at >= kill.at and one.process != kill.process
        }
        found += [after[place] for place, process in left.items() if process == kill.process and place in after]
    return found


def killed(kills: int, broadcast: Broadcast, seed: int = 1) -> Outcome:
    """Let workers deliver, and kill one after the other; each has a successor."""
    chance = random.Random(seed)
    with databases() as where:
        url, platform = where.postgres(), where.file()
        with fleet(url, Bots(broadcast.names, platform, takes=_TAKES, limited=True), _WORKERS) as running:
            running.wait_shared()
            asyncio.run(broadcast.write(url))
            died = [_kill(running, chance) for _ in range(kills)]
            running.wait_delivered()
        return outcome(died, FilePlatform(Path(platform)).shown(), broadcast)


def _kill(running: Fleet, chance: random.Random) -> Kill:
    time.sleep(chance.uniform(*_EVERY))
    place = chance.randrange(len(running.workers))
    died = Kill(time.time(), running.kill(place))
    running.start()
    return died


def figures(found: Outcome, kills: int) -> list[Figure]:
    lost = f"{kills} kills: lost, doubled, out of order"
    return [
        Figure(
            "a killed worker's bot goes on after, s",
            spread(found.bots),
            f"median < {MOST:g} s",
            middle(found.bots) < MOST,
            _INSTEAD,
        ),
        Figure(lost, ", ".join(map(str, found.wrong)), "0, 0, 0", found.wrong == Wrong(0, 0, 0)),
        Figure(
            "chats whose send was unconfirmed",
            f"{len(found.unconfirmed)}, {max(found.unconfirmed, default=0.0):.0f} s at the most",
        ),
    ]


def main(*, full: bool) -> list[Figure]:
    kills, chats = (50, 450) if full else (8, 60)
    return figures(killed(kills, Broadcast(8, chats, 18)), kills)
