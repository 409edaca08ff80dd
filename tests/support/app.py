"""The program put together in this process, on a channel in memory."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.app.assembly import App, open_app
from bot.config.fields import WEEKDAYS
from bot.config.settings import Settings
from bot.database.states import ChatKind
from bot.delivery.dispatcher import RetryPolicy
from tests.support.memory_channel import MemoryChannel
from tests.support.setup import DATA
from tests.support.usual import usual_edition

SEOUL = ZoneInfo("Asia/Seoul")
FIRST, SECOND = "2025-01-06-daily-papers-20250106.md", "2025-01-08-daily-papers-20250108.md"


def in_some_days() -> str:
    """Name a weekday on which hours are closed now, wherever now is midnight."""
    return WEEKDAYS[(datetime.now(SEOUL).weekday() + 3) % 7]


TWO = {"telegram": {"token": "123456:FAKE-telegram-token", "chats": ["5", "-6"]}}


def described(**tables: object) -> Settings:
    """Give settings whose hours are closed, unless `tables` say otherwise."""
    usual: dict[str, object] = {
        "timezone": "Asia/Seoul",
        "sources": [{"name": "daily", "kind": "folder", "path": "_posts"}],
        "schedule": {"at": "08:30", "days": in_some_days(), "sweep": "1h"},
    }
    return Settings.model_validate({**usual, **TWO, **tables})


@asynccontextmanager
async def opened(
    channel: MemoryChannel, *posts: str, policy: RetryPolicy = RetryPolicy(), **tables: object
) -> AsyncIterator[App]:
    folder = Path("_posts")
    folder.mkdir(exist_ok=True)
    for post in posts:
        shutil.copy(DATA / post, folder)
    async with open_app(described(**tables), {"telegram": channel}, policy) as app:
        yield app


async def subscribed(app: App, chat: str, *, schedule: str = "", now: bool = False) -> None:
    people = app.ledger.subscriptions
    known = await people.add_chat(
        "telegram", chat, id_sequence=chat, kind=ChatKind.PRIVATE, language="", usual=usual_edition()
    )
    await people.set_preferences(known, usual_edition(), schedule=schedule)
    await people.subscribe(known, usual_edition(), now=now)


async def sweep(app: App) -> None:
    """Plan what there is, then dispatch what is due, once anything was planned."""
    await app.service.planning.sweep(app.cycle.stopping)
    for bot in app.service.bots.values() if app.service.planning.planned.is_set() else ():
        await bot.dispatch(app.cycle.stopping)


def hours_pass() -> None:
    """Let a source that cannot be read have failed for an hour longer."""
    with closing(sqlite3.connect("paperboy.db")) as db, db:
        db.execute("UPDATE sources SET failing_since = failing_since - 3600")


def memory() -> MemoryChannel:
    return MemoryChannel(name="telegram", kinds={"-6": ChatKind.GROUP})
