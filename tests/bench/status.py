"""What /status costs where many chats receive: `python -m tests.bench.status`.

Beside the list of all chats, which `paperboy status` prints, and a page of `paperboy chats`. While each is asked for,
another task counts how long the event loop lets it wait: so long would a reader wait, too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

from bot.archive.index import digest_to_json
from bot.channels import all_kits
from bot.config.settings import Settings
from bot.conversation.context import Request
from bot.conversation.router import CommandRouter
from bot.ledger.ledger import Ledger, open_ledger
from bot.ledger.status import WhichChats
from bot.monitoring.status import recent_status
from formatters.locale import phrases
from formatters.terminal import TerminalFormatter
from tests.bench.limit import broadcast_digest
from tests.bench.table import busy, say, show, spread, verdict

MOST = 0.1  # of the longest wait that the list of all chats causes
_TICK = 0.002  # seconds
_MESSAGES = 19  # of the digest
_PAGE = 50  # chats

# One chat in twenty is paused, mostly by single readers, and one in five thousand was refused a message.
_CHATS = """
    WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)
    INSERT INTO chats (id, channel, name, address, counter, origin, kind, state, reason, paused_at, edition)
    SELECT n, 'telegram', n, n, 'bot', 'reader', iif(n % 200, 'private', 'group'), iif(n % 20, 'active', 'paused'),
        iif(n % 20, '', 'closed to the bot'), iif(n % 20, NULL, 1.0), 'messages here' FROM numbers
"""
_DIGEST = """
    INSERT INTO digests (id, source, name, post, day, fingerprint, content, state, found_at)
    VALUES (1, 'blog', 'daily/2025-01-01', '2025-01-01.md', '2025-01-01', 'x', ?, 'active', 1)
"""
_MESSAGE = """
    INSERT INTO messages (digest_id, channel, edition, key, seq, body, hash)
    VALUES (1, 'telegram', 'messages here', ?, ?, '{}', 'x')
"""
_DELIVERIES = """
    INSERT INTO deliveries (ref, message_id, chat_id, state, attempts, remote_id, error)
    SELECT hex(randomblob(8)), messages.id, chats.id,
        iif(seq = 3 AND chats.id % 5000 = 0, 'failed', 'sent'), 1, iif(seq = 3 AND chats.id % 5000 = 0, NULL, 1),
        iif(seq = 3 AND chats.id % 5000 = 0, 'too odd', NULL) FROM chats JOIN messages
"""


@dataclass(frozen=True)
class Cost:
    """How long an answer took, and how long it held the event loop up at once; in seconds."""

    answer: float
    stall: float


def fill(file: Path, chats: int) -> None:
    """Write a digest that so many chats hold."""
    content = json.dumps(digest_to_json(broadcast_digest()))
    with closing(sqlite3.connect(file)) as ledger, ledger:
        ledger.execute(_CHATS, (chats,))
        ledger.execute(_DIGEST, (content,))
        ledger.executemany(_MESSAGE, [(str(seq), seq) for seq in range(_MESSAGES)])
        ledger.execute(_DELIVERIES)


async def cost(work: Callable[[], Awaitable[object]]) -> Cost:
    """Do something, and watch the event loop meanwhile."""
    stalls = [0.0]
    watching = asyncio.create_task(_watch(stalls))
    await asyncio.sleep(10 * _TICK)
    stalls[:] = [0.0]
    start = time.perf_counter()
    await work()
    answer = time.perf_counter() - start
    await asyncio.sleep(2 * _TICK)
    watching.cancel()
    return Cost(answer, max(stalls))


async def _watch(stalls: list[float]) -> None:
    while True:
        start = time.perf_counter()
        await asyncio.sleep(_TICK)
        stalls.append(time.perf_counter() - start - _TICK)


@asynccontextmanager
async def filled_ledger(chats: int) -> AsyncIterator[Ledger]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.db"
        async with open_ledger(f"sqlite:///{file}"):
            pass  # makes the tables
        fill(file, chats)
        async with open_ledger(f"sqlite:///{file}") as ledger:
            yield ledger


async def measured(chats: int, rounds: int) -> list[tuple[Cost, Cost, Cost]]:
    """Ask for the list, for the answer in a chat and for the last page of chats, by turns."""
    settings = Settings()
    async with filled_ledger(chats) as ledger:
        router = CommandRouter(
            ledger, settings, all_kits(), {"terminal": TerminalFormatter(phrases("en"))}, {"terminal": str}
        )
        await recent_status(ledger, settings)  # warm up
        return [
            (
                await cost(lambda: recent_status(ledger, settings)),
                await cost(lambda: router.handle(Request("terminal", "here"), "/status")),
                await cost(lambda: ledger.status.chats(WhichChats(), _PAGE, chats - _PAGE)),
            )
            for _ in range(rounds)
        ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chats", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rounds = asyncio.run(measured(options.chats, options.rounds))
    stalls, pages = ([row[place].stall / row[0].stall for row in rounds] for place in (1, 2))
    listed, answered, paged = zip(*rounds, strict=True)
    each = (
        ("the list of all chats", [1.0], listed),
        ("/status in a chat", stalls, answered),
        (f"{_PAGE} chats of `paperboy chats`", pages, paged),
    )
    rows = [
        (name, spread(over), spread([1000 * one.stall for one in costs], 0), spread([one.answer for one in costs]))
        for name, over, costs in each
    ]
    show(
        f"{options.chats} chats with {_MESSAGES} messages each, in {options.rounds} rounds",
        ("", "longest wait, over the list's", "longest wait, ms", "seconds"),
        rows,
        busy(),
    )
    say(f"At most {MOST} of the longest wait: {verdict(sorted(stalls)[len(stalls) // 2] <= MOST)}")


if __name__ == "__main__":
    main()
