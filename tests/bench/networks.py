"""How near to the platform's limits a broadcast goes on a real network: `python -m tests.bench.limit --networks`.

Calls arrive late by chance, so that what leaves in time may come too close together. The server counts strictly, and
answers some time later. In some rows it allows less than it documents. Time is virtual, as in `limit`.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from tests.bench.limit import (
    Broadcast,
    Late,
    Outcome,
    Server,
    crowd,
    in_memory,
    limited,
    one_by_one,
    outcome,
    paperboy_in,
    without_edits,
)
from tests.bench.table import Row, show, verdict
from tests.support.fakes.rates import Limits

_DOCUMENTED = Limits()
_SPREAD = 0.7  # of the logarithm of a trip's time


def uniform(most: float) -> Late:
    def late(chance: random.Random) -> float:
        return chance.uniform(0, most)

    return late


def log_normal(middle: float) -> Late:
    """Give most calls about the middle, and one in a hundred five times as late."""

    def late(chance: random.Random) -> float:
        return chance.lognormvariate(math.log(middle), _SPREAD)

    return late


@dataclass(frozen=True)
class Network:
    """One way to the platform and back, what the platform allows, and what is promised there."""

    name: str
    late: Late
    most_time: float  # times the least possible
    refusals: float  # for each message, at the most
    next_time: float = 0.0  # times the least, on the next day; 0: there is none
    next_refusals: int = 0
    limits: Limits = _DOCUMENTED

    def server(self, answer_time: float) -> Server:
        return Server(answer_time, late=self.late, limits=self.limits)

    def is_met(self, days: Sequence[Outcome]) -> bool:
        """Tell whether the broadcasts of one or two days keep what is promised."""
        first, *following = days
        sent = len(first.server.taken)
        return (
            not any(day.lost or day.doubled or day.out_of_order for day in days)
            and first.ratio <= self.most_time
            and first.server.refused <= self.refusals * sent
            and all(day.ratio <= self.next_time for day in following)
            and all(day.server.refused <= self.next_refusals for day in following)
        )


LOWER = Limits(bot=24, group=15)
NETWORKS = (
    Network("all equally quick", uniform(0), 1.02, 0),
    Network("0 to 20 ms late", uniform(0.02), 1.08, 1 / 200),
    Network("10 ms, log-normal", log_normal(0.01), 1.08, 1 / 200),
    Network("0 to 100 ms late", uniform(0.1), 1.15, 1 / 100, 1.15, 1),
    Network("50 ms, log-normal", log_normal(0.05), 1.15, 1 / 100, 1.15, 1),
    Network("24 a second, 15 a minute; 0 to 20 ms", uniform(0.02), 1.25, 1 / 100, 1.15, 30, limits=LOWER),
    Network("24 a second, 15 a minute; 0 to 100 ms", uniform(0.1), 1.25, 1 / 100, 1.15, 30, limits=LOWER),
)
PEERS: Mapping[str, Broadcast] = {
    "AIORateLimiter": limited(retries=5),
    "plain loop": one_by_one(by_chat=False),
}
MANY, SOME, FEW = crowd(120, 16, 4), crowd(40, 4, 0), crowd(20, 4, 2)
ANSWERS = (0.02, 0.25)  # seconds from a message's arrival to its answer
MOST_LATE = 1.2  # times a chat's own least time


def days(network: Network, chats: Sequence[str], answer_time: float) -> list[Outcome]:
    """Broadcast with an empty ledger, and where that is promised about, once more a day later."""
    with in_memory() as folder:
        return [
            outcome(partial(paperboy_in, folder, later), chats, network.server(answer_time), later)
            for later in range(2 if network.next_time else 1)
        ]


def main(only: str = "") -> None:
    """Print a table for each time that answers take."""
    chosen = {name: sender for name, sender in PEERS.items() if not only}
    networks = [network for network in NETWORKS if only in network.name]
    for answer_time in ANSWERS:
        head = (
            "",
            "Paperboy",
            "429s",
            *(name for peer in chosen for name in (peer, "429s")),
            "44 chats",
            "26",
            "goals",
        )
        rows = [_row(network, chosen, answer_time) for network in networks]
        title = f"19 messages to {len(MANY)} chats, answered {answer_time * 1000:g} ms after they arrive: time / least"
        show(title, head, rows, *_how())


def _row(network: Network, peers: Mapping[str, Broadcast], answer_time: float) -> Row:
    ours = days(network, MANY, answer_time)
    theirs = [outcome(sender, MANY, network.server(answer_time), count=without_edits) for sender in peers.values()]
    [some, *_], [few, *_] = (days(replace(network, next_time=0), chats, answer_time) for chats in (SOME, FEW))
    in_time = few.late()[0] <= MOST_LATE or network.limits != _DOCUMENTED
    is_met = network.is_met(ours) and all(ours[0].ratio < one.ratio for one in theirs) and in_time
    both = (("; ".join(f"{day.ratio:.3f}" for day in ours)), "; ".join(str(day.server.refused) for day in ours))
    others = (cell for one in theirs for cell in (_time(one), str(one.server.refused)))
    return network.name, *both, *others, f"{some.ratio:.3f}", f"{few.late()[0]:.2f}", verdict(is_met)


def _time(one: Outcome) -> str:
    return f"({one.ratio:.2f})" if one.lost else f"{one.ratio:.2f}"


def _how() -> Iterator[str]:
    yield "Behind a semicolon: the next day, with what was learnt. In brackets: with messages missing."
    yield "44 chats: the same to 40 people and 4 groups, where an even pace alone takes 1.031."
    yield "26: when the last of 26 chats had all, over a chat's own least time: the bot's limit is not reached."
