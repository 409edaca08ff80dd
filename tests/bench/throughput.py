"""What the ledger costs where nothing limits: `python -m tests.bench.throughput`.

The server is a process of its own and answers at once. Beside the whole way of a message, from plan over
ledger and dispatcher to the SDK, stands a bare loop of the same calls of the SDK with as many under way.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import logging
import pstats
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from statistics import median

from aiohttp import web

from bot.channels.telegram.channel import TelegramChannel
from bot.delivery.dispatcher import Dispatcher
from bot.ledger.ledger import open_ledger
from bot.log import configure
from tests.bench.limit import broadcast_digest, crowd, planned, spelled, telegram_channel
from tests.bench.table import busy, say, show, spread, verdict

LEAST = 0.8  # of the bare loop's rate
_COMMITS = 200
_SHOWN = 25  # lines of the profile

# Deliver to these chats, so many at once, over a channel whose server runs, with a ledger in this folder; give how it
# went.
Way = Callable[[TelegramChannel, Sequence[str], int, Path], Awaitable["Speed"]]


@dataclass(frozen=True)
class Speed:
    """How many messages went out in how long, and how much of that this process worked."""

    messages: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        return self.messages / self.seconds

    @property
    def cpu_rate(self) -> float:
        return self.messages / self.cpu


class Watch:
    """Time what is done from here on."""

    def __init__(self) -> None:
        self._start, self._cpu = time.perf_counter(), time.process_time()

    def stop(self, messages: int) -> Speed:
        return Speed(messages, time.perf_counter() - self._start, time.process_time() - self._cpu)


# The server


async def serve() -> None:
    """Answer every call as if it were taken, and write the port first."""
    numbers = count(1)

    async def answer(request: web.BaseRequest) -> web.Response:
        await request.read()
        if request.path.endswith("/getMe"):
            me = {"id": 1, "is_bot": True, "first_name": "P", "username": "paperboy_bot"}
            return web.json_response({"ok": True, "result": me})
        chat = {"id": 1, "type": "private", "first_name": "R"}
        return web.json_response({"ok": True, "result": {"message_id": next(numbers), "date": 0, "chat": chat}})

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    say(str(runner.addresses[0][1]))
    await asyncio.Event().wait()


@contextmanager
def server() -> Iterator[str]:
    """Run the server beside this process, and give the base URL."""
    command = [sys.executable, "-m", "tests.bench.throughput", "--serve"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/bot"
        finally:
            process.terminate()


@asynccontextmanager
async def _channel(base_url: str) -> AsyncIterator[TelegramChannel]:
    channel = telegram_channel(base_url=base_url, limited=False)
    await channel.client.username()  # asked for once in a bot's life
    try:
        yield channel
    finally:
        await channel.close()


# The ways of a message


async def bare(channel: TelegramChannel, chats: Sequence[str], workers: int, folder: Path) -> Speed:
    """Call the SDK alone: chats side by side, each in order."""
    messages = await spelled(channel)

    async def worker(chat: str) -> None:
        for arguments in messages:
            await channel.client.bot.send_message(chat, **arguments)

    watch = Watch()
    await _side_by_side(worker, chats, workers)
    return watch.stop(len(chats) * len(messages))


async def unrecorded(channel: TelegramChannel, chats: Sequence[str], workers: int, folder: Path) -> Speed:
    """Call our channel as the dispatcher does, with its turns, but write nothing down."""
    bodies = [message.body for message in channel.formatter.digest(broadcast_digest())]

    async def worker(chat: str) -> None:
        for body in bodies:
            async with await channel.acquire_turn(chat):
                await channel.send(chat, body, delivery_ref="", thread="")

    watch = Watch()
    await _side_by_side(worker, chats, workers)
    return watch.stop(len(chats) * len(bodies))


async def _side_by_side(worker: Callable[[str], Awaitable[None]], chats: Sequence[str], workers: int) -> None:
    """Give the next chat to whoever is done with one."""
    left = iter(chats)

    async def work() -> None:
        for chat in left:
            await worker(chat)

    await asyncio.gather(*(work() for _ in range(workers)))


async def paperboy(channel: TelegramChannel, chats: Sequence[str], workers: int, folder: Path) -> Speed:
    """Plan and dispatch, with a ledger on the disk."""
    file = folder / "ledger.db"
    async with open_ledger(f"sqlite:///{file}") as ledger:
        watch = Watch()
        await planned(ledger, channel, chats)
        await Dispatcher(ledger, {channel.name: channel}, most_workers=workers).run()
        speed = watch.stop(len(chats) * (len(broadcast_digest().papers) + 1))
    with closing(sqlite3.connect(file)) as ledger:
        states = dict(ledger.execute("SELECT state, count(*) FROM deliveries GROUP BY state").fetchall())
    assert states == {"sent": speed.messages}, states
    return speed


ALONE, WHOLE = "the SDK alone", "plan, ledger and dispatcher"
WAYS: dict[str, Way] = {ALONE: bare, "our channel, no ledger": unrecorded, WHOLE: paperboy}


def measured(way: Way, base_url: str, chats: Sequence[str], workers: int) -> Speed:
    """Go one way in an event loop of its own."""

    async def go(folder: Path) -> Speed:
        async with _channel(base_url) as channel:
            return await way(channel, chats, workers, folder)

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(go(Path(folder)))


def commits() -> float:
    """Give the durable commits a second of one small row each, without anything of ours."""
    with tempfile.TemporaryDirectory() as folder, closing(sqlite3.connect(f"{folder}/plain.db")) as db:
        db.isolation_level = None
        for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE one (n)"):
            db.execute(statement)
        start = time.perf_counter()
        for n in range(_COMMITS):
            db.execute("INSERT INTO one VALUES (?)", (n,))
        return _COMMITS / (time.perf_counter() - start)


# The table


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chats", type=int, default=128)
    parser.add_argument("--workers", type=int, default=64, help="so many messages are under way at once")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--profile", action="store_true", help="show where plan, ledger and dispatcher spend their time"
    )
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    configure(level=logging.ERROR)
    if options.serve:
        asyncio.run(serve())
    chats = crowd(options.chats, 0, 0)
    with server() as base_url:
        measured(bare, base_url, chats[:8], 8)  # warm up
        if options.profile:
            _profile(base_url, chats, options.workers)
            return
        rounds = [_round(base_url, chats, options.workers) for _ in range(options.rounds)]
    _show(rounds, len(chats), options.workers)


@dataclass(frozen=True)
class Round:
    """All ways, one after the other, and the disk."""

    speeds: dict[str, Speed]
    commits: float  # a second

    def over(self, name: str) -> float:
        return self.speeds[name].rate / self.speeds[ALONE].rate

    def cpu_over(self, name: str) -> float:
        return self.speeds[name].cpu_rate / self.speeds[ALONE].cpu_rate


def _round(base_url: str, chats: Sequence[str], workers: int) -> Round:
    """Go all ways, and the first one once more: other programs make the machine now faster and now slower."""
    speeds = {name: measured(way, base_url, chats, workers) for name, way in WAYS.items()}
    first, again = speeds[ALONE], measured(bare, base_url, chats, workers)
    both = Speed(first.messages + again.messages, first.seconds + again.seconds, first.cpu + again.cpu)
    return Round(speeds | {ALONE: both}, commits())


def _show(rounds: Sequence[Round], chats: int, workers: int) -> None:
    rows = [
        (
            name,
            spread([one.over(name) for one in rounds]),
            spread([one.cpu_over(name) for one in rounds]),
            f"{median(one.speeds[name].rate for one in rounds):.0f}",
        )
        for name in WAYS
    ]
    share = spread([one.commits / one.speeds[ALONE].rate for one in rounds])
    each = rounds[0].speeds[WHOLE].messages // chats
    show(
        f"{each} messages to each of {chats} chats, {workers} side by side, in {len(rounds)} rounds",
        ("", "messages/s, over the SDK alone", "messages per second of CPU, over it", "messages/s"),
        rows,
        f"Durable commits of this disk, one after the other: {share} for each message of the SDK alone.",
        busy(),
    )
    reached = median(one.over(WHOLE) for one in rounds)
    say(f"{WHOLE} at least {LEAST} of {ALONE}: {verdict(reached >= LEAST)}")


def _profile(base_url: str, chats: Sequence[str], workers: int) -> None:
    """Show what the event loop's thread spends its time on; the ledger's own thread is not seen."""
    profile = cProfile.Profile()
    profile.enable()
    measured(paperboy, base_url, chats, workers)
    profile.disable()
    for order in ("tottime", "cumulative"):
        pstats.Stats(profile).strip_dirs().sort_stats(order).print_stats(_SHOWN)


if __name__ == "__main__":
    main()
