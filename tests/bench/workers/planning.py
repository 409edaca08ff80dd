"""What it costs to plan one digest, a message each, for very many chats, and how soon the first message leaves."""

from __future__ import annotations

import asyncio
import math
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bot.app.assembly import assemble
from bot.config.settings import Settings
from bot.ledger.ledger import open_ledger
from bot.sources.folder import FolderSource, never_young
from tests.bench.limit import planned, telegram_channel
from tests.bench.planning import _forget_peak, _peak, _resident
from tests.bench.workers.broadcast import FORMATTER
from tests.bench.workers.children import ask, be, ready
from tests.bench.workers.databases import Databases, databases
from tests.bench.workers.figures import Figure
from tests.support.file_platform import FileChannel, FilePlatform
from tests.support.golden import DATA
from tests.support.usual import usual_edition

MOST = {"PostgreSQL": 30.0, "SQLite": 5.0}  # seconds for all chats
SOONEST = 2.0  # seconds until the first message leaves
GROWS = 30.0  # MB, at most, however many chats there are
_POST = "2025-01-15-daily-papers-20250115.md"
_LAYOUT = "digest"  # all in one message
_PATIENCE = 180.0  # seconds; what is not done by then is given up
_SUBSCRIBE = text(
    "INSERT INTO chats (channel, name, address, counter, origin, kind, edition, canonical_address) "
    "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :chats), "
    "named AS (SELECT CAST(100000 + n AS VARCHAR) AS name FROM numbers) "
    "SELECT 'telegram', name, name, 'bot', 'reader', 'private', 'digest here', name FROM named"
)


@dataclass(frozen=True)
class Cost:
    """What one size took."""

    seconds: float  # to plan
    before: float  # resident memory with an open ledger, in MB
    most: float  # while planning
    first: float  # seconds from the start of the service to the first message

    @property
    def grown(self) -> float:
        return self.most - self.before


async def subscribe(url: str, chats: int) -> None:
    """Let so many people subscribe in a new ledger; as they come over months, PostgreSQL counts them by itself."""
    async with open_ledger(url) as ledger, ledger._write() as db:
        await db.execute(_SUBSCRIBE, {"chats": chats})
        if not url.startswith("sqlite"):
            await db.exec_driver_sql("ANALYZE chats")


def cost(where: Databases, url: str, other: str, chats: int) -> Cost:
    """Plan in one ledger, and run the service with the other one until a message is there."""
    for one in (url, other):
        asyncio.run(subscribe(one, chats))
    posts = Path(where.file("posts"))
    posts.mkdir()
    shutil.copy(DATA / _POST, posts)
    never = {"seconds": math.inf, "before": math.nan, "most": math.nan}
    plan = _asked({"url": url}, never)
    return Cost(**plan, **_asked({"url": other, "posts": str(posts), "platform": where.file()}, {"first": math.inf}))


def _asked(task: Mapping[str, object], never: Mapping[str, float]) -> Mapping[str, Any]:
    """Let a process do its part; give `never` when that takes too long."""
    try:
        return ask("planning", task, _PATIENCE)
    except TimeoutError:
        return never


async def _work(url: str, posts: str = "", platform: str = "") -> Mapping[str, object]:
    return {"first": await _first_message(url, posts, Path(platform))} if posts else await _plan(url)


async def _plan(url: str) -> Mapping[str, object]:
    channel = telegram_channel()
    async with open_ledger(url) as ledger:
        await ready()
        _forget_peak()
        before, start = _resident(), time.perf_counter()
        await planned(ledger, channel, (), usual=usual_edition(_LAYOUT))
        found = {"seconds": time.perf_counter() - start, "before": before, "most": _peak()}
    await channel.close()
    return found


async def _first_message(url: str, posts: str, platform: Path) -> float:
    telegram = {"token": "123456:FAKE-telegram-token", "layout": _LAYOUT, "listen": "off", "chats": ["99"]}
    settings = Settings.model_validate({"schedule": {"at": "00:00"}, "telegram": telegram})
    channel = FileChannel("telegram", FORMATTER, platform=FilePlatform(platform))
    async with open_ledger(url) as ledger:
        app = assemble(settings, ledger, [FolderSource("blog", Path(posts), clock=never_young)], {"telegram": channel})
        await ready()
        start = time.perf_counter()
        running = asyncio.create_task(app.service.run())
        await _is_there(platform)
        found = time.perf_counter() - start
        app.cycle.stopping.set()
        await running
    return found


async def _is_there(path: Path) -> None:
    while not path.exists():
        await asyncio.sleep(0.005)


def figures(database: str, chats: int, goal_chats: int, costs: Sequence[Cost]) -> list[Figure]:
    """Compare the slowest round with the goal, which stands for its own number of chats."""
    name, share = f"{database}, {chats:,} chats", chats / goal_chats
    seconds, grown, first = (max(getattr(one, what) for one in costs) for what in ("seconds", "grown", "first"))
    most = MOST[database] * share
    return [
        Figure(f"plan one digest, {name}", _spelled(seconds), f"< {most:g} s", seconds < most),
        Figure(f"memory grows by, {name}", f"{grown:.0f} MB", f"< {GROWS:g} MB", grown < GROWS),
        Figure(f"first message leaves, {name}", _spelled(first), f"< {SOONEST:g} s", first < SOONEST),
    ]


def _spelled(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds < math.inf else f"not within {_PATIENCE:g} s"


def main(*, full: bool) -> list[Figure]:
    part = 1 if full else 20
    with databases() as where:
        on_server = cost(where, where.postgres(), where.postgres(), 1_000_000 // part)
        in_file = cost(where, where.sqlite(), where.sqlite(), 100_000 // part)
    return [
        *figures("PostgreSQL", 1_000_000 // part, 1_000_000, [on_server]),
        *figures("SQLite", 100_000 // part, 100_000, [in_file]),
    ]


if __name__ == "__main__":
    be(_work)
