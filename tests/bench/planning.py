"""What a subscribed chat costs to plan for and to deliver to: `python -m tests.bench.planning`.

Each size is measured in a process of its own. The broadcast goes as fast as the platform's limits allow, to a
server inside the process, and is cut short: it would take hours.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

from telegram import Bot

from bot.delivery.dispatcher import Dispatcher
from bot.errors import PaperboyError
from bot.ledger.ledger import open_ledger
from bot.log import configure
from tests.bench.limit import TOKEN, Server, Wire, planned, telegram_channel
from tests.bench.table import Row, busy, say, show, spread, verdict

SIZES = (1_000, 10_000, 100_000)
FLAT = 1.5  # a chat of many costs at most so many times one of a few
MOST_RESIDENT = 150  # MB, throughout a broadcast
_MB = 1e6
_SUBSCRIBE = """
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
    INSERT INTO chats (channel, name, address, counter, origin, kind, edition)
    SELECT 'telegram', 100000 + n, 100000 + n, 'bot', 'reader', 'private', 'messages here' FROM numbers
"""


@dataclass(frozen=True)
class Cost:
    """What one size took; memory is resident, in MB."""

    chats: int
    seconds: float  # to plan
    before: float  # memory with an open ledger of so many chats
    planned: float  # the most while planning
    file: float  # the ledger on the disk
    delivered: float = 0.0  # the most while delivering
    sent: int = 0
    workers: int = 0  # chats at work at the end
    problem: str = ""  # what ended the broadcast too early

    @property
    def microseconds(self) -> float:
        return self.seconds / self.chats * 1e6

    @property
    def bytes(self) -> float:
        return (self.planned - self.before) * _MB / self.chats


# One size, in a process of its own


async def cost(folder: Path, chats: int, deliver: float) -> Cost:
    """Plan for so many chats, then deliver for so many seconds."""
    file = folder / "ledger.db"
    async with open_ledger(f"sqlite:///{file}"):
        pass  # makes the tables
    _subscribe(file, chats)
    server = Server(answer_time=0.05)
    channel = telegram_channel(Bot(TOKEN, request=Wire(server), get_updates_request=Wire(server)))
    async with open_ledger(f"sqlite:///{file}") as ledger:
        _forget_peak()
        before, start = _resident(), time.perf_counter()
        await planned(ledger, channel, ())
        seconds, most = time.perf_counter() - start, _peak()
        size = sum(one.stat().st_size for one in folder.glob("ledger.db*"))  # the write-ahead log is a part
        found = Cost(chats, seconds, before, most, size / _MB)
        if deliver:
            _forget_peak()
            workers, problem = await _deliver(Dispatcher(ledger, {channel.name: channel}), deliver)
            found = replace(found, delivered=_peak(), sent=len(server.taken), workers=workers, problem=problem)
    await channel.close()
    return found


def _subscribe(file: Path, chats: int) -> None:
    with closing(sqlite3.connect(file)) as ledger, ledger:
        ledger.execute(_SUBSCRIBE, (chats,))


async def _deliver(dispatcher: Dispatcher, seconds: float) -> tuple[int, str]:
    """Deliver for a while, then stop in order; give how many chats had a worker, and what went wrong."""
    running = asyncio.create_task(dispatcher.run())
    await asyncio.wait((running,), timeout=seconds)
    workers = sum(map(len, dispatcher._busy_chats.values()))
    dispatcher.stopping.set()
    try:
        await running
    except PaperboyError as error:
        return workers, str(error)
    return workers, ""


def _forget_peak() -> None:
    """Let the highest resident memory be that of now (proc(5), clear_refs)."""
    Path("/proc/self/clear_refs").write_text("5")


def _peak() -> float:
    return _status("VmHWM")


def _resident() -> float:
    return _status("VmRSS")


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / _MB for line in lines if line.startswith(f"{name}:"))


# The table


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--deliver", type=float, default=60.0, help="seconds after which the broadcast is cut short")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="numbers of subscribed chats")
    parser.add_argument("--one", type=int, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    configure(level=logging.ERROR)
    if options.one:
        with tempfile.TemporaryDirectory() as folder:
            say(json.dumps(asdict(asyncio.run(cost(Path(folder), options.one, options.deliver)))))
        return
    costs = [[_cost(size, 0.0) for size in options.sizes] for _ in range(options.rounds)]
    least, largest = options.sizes[0], options.sizes[-1]
    show(
        f"Planning a digest of 18 papers, in {options.rounds} rounds",
        (
            "chats",
            "time a chat, over the first",
            "memory a chat, bytes",
            "most memory, MB",
            "ledger, bytes a chat",
            "µs a chat",
        ),
        [_row([one[n] for one in costs], [one[0] for one in costs]) for n in range(len(options.sizes))],
        f"Memory is resident: {costs[0][0].before:.0f} MB with an open ledger, and by how much it grew at most.",
        busy(),
    )
    ratios = [one[-1].microseconds / one[0].microseconds for one in costs]
    say(f"time a chat flat from {least:,} to {largest:,} (at most {FLAT}): {verdict(median(ratios) <= FLAT)}\n")
    _broadcast(_cost(largest, options.deliver), options.deliver)


def _cost(chats: int, deliver: float) -> Cost:
    command = [sys.executable, "-m", "tests.bench.planning", "--one", str(chats), "--deliver", str(deliver)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return Cost(**json.loads(done.stdout))


def _row(costs: Sequence[Cost], first: Sequence[Cost]) -> Row:
    return (
        f"{costs[0].chats:,}",
        spread([one.microseconds / other.microseconds for one, other in zip(costs, first, strict=True)]),
        spread([one.bytes for one in costs], 0),
        spread([one.planned for one in costs], 0),
        f"{median(one.file for one in costs) * _MB / costs[0].chats:,.0f}",
        f"{median(one.microseconds for one in costs):.0f}",
    )


def _broadcast(one: Cost, seconds: float) -> None:
    show(
        f"A broadcast to {one.chats:,} chats at the platform's limits, cut short after {seconds:g} s",
        ("", "resident, MB", f"over {MOST_RESIDENT} MB"),
        [
            ("before, with an open ledger", f"{one.before:.0f}", f"{one.before / MOST_RESIDENT:.2f}"),
            ("most while planning", f"{one.planned:.0f}", f"{one.planned / MOST_RESIDENT:.2f}"),
            ("most while delivering", f"{one.delivered:.0f}", f"{one.delivered / MOST_RESIDENT:.2f}"),
        ],
        f"{one.sent:,} messages were sent, and {one.workers:,} chats were at work at the end.",
        *([f"It broke off: {one.problem}"] if one.problem else []),
    )
    most = max(one.planned, one.delivered)
    say(f"resident memory under {MOST_RESIDENT} MB throughout: {verdict(most < MOST_RESIDENT and not one.problem)}")


if __name__ == "__main__":
    main()
