"""Make `first-reading.db`, with the code of the commit that the README beside it names; never changed afterwards."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from bot.delivery.decisions import Rules
from bot.ledger.ledger import open_ledger
from bot.sources.folder import FolderSource
from formatters.locale import phrases
from formatters.telegram import TelegramFormatter
from tests.support.memory_channel import MemoryChannel
from tests.support.pipeline import Clock, Pipeline

RULES = Rules(catch_up=99)


async def deliver(posts: Path, path: Path) -> dict[str, object]:
    """Look first at the oldest post, then at all; give when that was, and what the chat shows."""
    clock = Clock(datetime(2025, 1, 18, 3, tzinfo=UTC).timestamp())
    channel = MemoryChannel("telegram", TelegramFormatter(phrases("en"), buttons=True))
    async with open_ledger(f"sqlite:///{path}", clock) as ledger:
        await ledger.subscriptions.sync_chats("telegram", "messages", {"@papers": "@papers"})
        pipeline = Pipeline(ledger, clock, channel)
        source = FolderSource("blog", posts)
        oldest, *others = await source.digests()
        for found in ([oldest], [oldest, *others]):
            await pipeline.look(found, rules=RULES)
            await pipeline.dispatch()
            clock.now += 60
    shown = [{"id": one.id, "ref": one.ref} for one in channel.chats["@papers"]]
    return {"stopped_at": clock.now, "shown": shown}


async def make(data: Path, out: Path) -> None:
    with tempfile.TemporaryDirectory() as work:
        posts, ledger = Path(work, "_posts"), Path(work, "ledger.db")
        shutil.copytree(data / "first-reading", posts)
        for post in (*data.glob("2025-01-0*.md"), *data.glob("2025-01-1[0-4]*.md")):
            shutil.copy(post, posts)
        left = await deliver(posts, ledger)
        with sqlite3.connect(ledger) as db:
            db.execute("PRAGMA page_size = 1024")
            db.execute("VACUUM INTO ?", (str(out / "first-reading.db"),))
        db.close()
    (out / "first-reading.json").write_text(json.dumps(left) + "\n")


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1]), Path(__file__).parent))
