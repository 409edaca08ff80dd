"""What it takes to delete old deliveries, and how long others wait meanwhile: `python -m tests.bench.pruning`.

A task notes replies all the time, as one does while readers ask: how long each waits is told.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import islice, product
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, insert, text

from bot.archive.index import digest_to_json
from bot.database.opening import is_file
from bot.database.postgres.addresses import driver_url
from bot.database.schema import chats, deliveries, digests, messages
from bot.database.states import DeliveryState, DigestState
from bot.ledger.ledger import Ledger, open_ledger
from bot.log import configure
from tests.bench.table import busy, say, show, verdict
from tests.bench.workers.databases import databases
from tests.support.digests import days

DIGESTS, MESSAGES = 20, 10
LONGEST = 0.1  # seconds of a transaction
_NEWEST = 3
_BEGIN, _DAY = 1.76e9, 86400.0
_MB = 1e6
_CONTENT = digest_to_json(days(1)[0].digest)


@dataclass
class Cost:
    """What it took; times are in seconds, memory is in MB."""

    deleted: int = 0
    seconds: float = 0.0
    grown: float = 0.0  # memory
    transactions: list[float] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)  # of replies


def fill(url: str, readers: int) -> None:
    """Let so many chats hold digests of a day each, of which all but a few are old; something waits in each 50th."""
    engine = create_engine(url if is_file(url) else driver_url(url))
    with engine.begin() as db:
        people = [_chat(n) for n in range(1, readers + 1)]
        db.execute(insert(chats), people)
        for number in range(1, DIGESTS + _NEWEST + 1):
            day = date(2025, 10, 9) + timedelta(number)
            one = {"source": "blog", "name": f"{day}", "post": f"{day}.md", "day": f"{day}", "fingerprint": ""}
            found = {"content": _CONTENT, "state": DigestState.ACTIVE, "found_at": _BEGIN + number * _DAY}
            db.execute(insert(digests).values(id=number, **one, **found))
            db.execute(insert(messages), [_message(number, seq) for seq in range(MESSAGES)])
            rows = (_delivery(number, seq, chat) for seq, chat in product(range(MESSAGES), range(1, readers + 1)))
            while some := list(islice(rows, 50_000)):
                db.execute(insert(deliveries), some)
    if not is_file(url):
        with engine.begin() as db:
            db.execute(text("ANALYZE"))
    engine.dispose()


def _chat(number: int) -> dict[str, object]:
    names = dict.fromkeys(("name", "address", "canonical_address"), f"{100_000 + number}")
    return {"id": number, "channel": "telegram", **names, "id_sequence": "bot", "edition": "messages"}


def _message(digest: int, seq: int) -> dict[str, object]:
    where = {"digest_id": digest, "channel": "telegram", "edition": "messages", "key": f"paper/{seq}"}
    return {"id": digest * 100 + seq, **where, "seq": seq, "body": {}, "hash": "hash"}


def _delivery(digest: int, seq: int, chat: int) -> dict[str, object]:
    waits = chat % 50 == 0 and digest == DIGESTS and seq > 1
    at = _BEGIN + digest * _DAY + seq * 100
    return {
        "message_id": digest * 100 + seq,
        "chat_id": chat,
        "ref": f"{digest:04}{seq:04}{chat:08}",
        "state": DeliveryState.PENDING if waits else DeliveryState.SENT,
        "attempts": 1,
        "attempted_at": at,
        "sent_at": None if waits else at,
        "remote_id": None if waits else str(digest * 10**8 + seq),
        "id_sequence": "bot",
        "sent_hash": "hash",
    }


async def cost(url: str, readers: int) -> Cost:
    """Fill a ledger and prune it."""
    async with open_ledger(url):
        pass  # makes the tables
    await asyncio.to_thread(fill, url, readers)
    found = Cost()
    async with open_ledger(url, lambda: _BEGIN + (DIGESTS + 31) * _DAY) as ledger:
        ledger.pruning._write = _timed(ledger.pruning._write, found.transactions)
        beside = asyncio.create_task(_keep_replying(ledger, found.waits))
        await asyncio.sleep(0.5)
        found.waits.clear()
        before, begun = _status("VmRSS"), time.perf_counter()
        Path("/proc/self/clear_refs").write_text("5")  # the highest memory is that of now (proc(5))
        found.deleted = await ledger.pruning.prune(30 * _DAY, _NEWEST, date(2025, 12, 1))
        found.seconds, found.grown = time.perf_counter() - begun, _status("VmHWM") - before
        beside.cancel()
        with suppress(asyncio.CancelledError):
            await beside
    return found


def _timed(write: Callable[[], Any], took: list[float]) -> Callable[[], Any]:
    @asynccontextmanager
    async def timed() -> AsyncIterator[Any]:
        async with write() as db:
            begun = time.perf_counter()
            yield db
        took.append(time.perf_counter() - begun)

    return timed


async def _keep_replying(ledger: Ledger, waits: list[float]) -> None:
    while True:
        begun = time.perf_counter()
        await ledger.replies.note("telegram", [("bot", "100001")], {"text": "It is so."})
        waits.append(time.perf_counter() - begun)
        await asyncio.sleep(0.02)


def _status(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 / _MB for line in lines if line.startswith(f"{name}:"))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--chats", type=int, default=5_000, help=f"of which each has {DIGESTS * MESSAGES} old deliveries"
    )
    options = parser.parse_args()
    configure(level=logging.ERROR)
    with databases() as made:
        costs = {
            name: asyncio.run(cost(url, options.chats))
            for name, url in (("SQLite", made.sqlite()), ("PostgreSQL", made.postgres()))
        }
    show(
        f"Deleting {options.chats * DIGESTS * MESSAGES:,} old deliveries",
        ("", "deleted", "seconds", "memory, MB", "longest transaction, ms", "a reply waits, ms", "at most"),
        [_row(name, one) for name, one in costs.items()],
        busy(),
    )
    longest = max(max(one.transactions) for one in costs.values())
    say(f"no transaction takes more than {1000 * LONGEST:.0f} ms: {verdict(longest <= LONGEST)}")


def _row(name: str, one: Cost) -> tuple[str, ...]:
    waits = sorted(one.waits)
    times = (max(one.transactions), waits[len(waits) // 2], waits[-1])
    return (name, f"{one.deleted:,}", f"{one.seconds:.1f}", f"{one.grown:.0f}", *(f"{1000 * at:.0f}" for at in times))


if __name__ == "__main__":
    main()
