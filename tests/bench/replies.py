"""How long a reader waits for an answer while a broadcast uses all that the platform allows.

`python -m tests.bench.replies [SECONDS] [--jitter SECONDS]` measures Paperboy, and python-telegram-bot's own
AIORateLimiter with the same texts, from the moment a question is handed out by getUpdates to the
moment the sendMessage of its answer arrives.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
from telegram import Update
from telegram.ext import AIORateLimiter, Application, CommandHandler, ContextTypes

from bot.app.assembly import assemble
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.listener import telegram_listener
from bot.config.settings import Settings
from bot.ledger.ledger import open_ledger
from bot.sources.folder import FolderSource
from bot.web.server import Web
from formatters.locale import phrases
from formatters.telegram import TelegramFormatter
from tests.bench.readers import EVERY, PATIENCE, SUBSCRIBERS, Crowd, Measured, crowd
from tests.bench.table import Row, busy, show
from tests.support.setup import DATA

POST = "2025-01-08-daily-papers-20250108.md"
WARM_UP = 1.5  # seconds in which the broadcast gets up to its rate

Side = Callable[[Crowd, Path], AbstractAsyncContextManager[None]]


@asynccontextmanager
async def paperboy(people: Crowd, folder: Path) -> AsyncIterator[None]:
    """Deliver and listen as the product does, with all its limits."""
    formatter = TelegramFormatter(phrases("en"), buttons=True)
    channel = TelegramChannel(people.token, people.base_url, formatter)
    telegram = {"token": people.token, "base_url": people.base_url, "chats": list(SUBSCRIBERS)}
    settings = Settings.model_validate({"language": "en", "telegram": telegram})
    async with open_ledger(f"sqlite:///{folder}/paperboy.db") as ledger:
        app = assemble(settings, ledger, [FolderSource("daily", folder)], {"telegram": channel})
        await app.cycle.plan(at_once=True, resume=False)
        listener = telegram_listener(settings.telegram, channel, app.router, app.replies["telegram"], Web("", 0))
        tasks = [
            asyncio.create_task(app.cycle.dispatcher().run()),
            asyncio.create_task(listener.listen(app.cycle.stopping)),
        ]
        yield
        app.cycle.stopping.set()
        await asyncio.gather(*tasks)
        await channel.close()


@asynccontextmanager
async def rate_limiter(people: Crowd, folder: Path) -> AsyncIterator[None]:
    """Do the same with what python-telegram-bot offers for it."""
    broadcast, papers = await _bodies(folder)
    limiter = AIORateLimiter()
    app = Application.builder().token(people.token).base_url(people.base_url).rate_limiter(limiter)
    application = app.concurrent_updates(True).build()

    async def paper(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        if update.effective_chat and context.args:
            for body in papers[int(context.args[0]) - 1]:
                await application.bot.send_message(update.effective_chat.id, **body)

    async def worker(chat: str) -> None:
        for body in broadcast:
            await application.bot.send_message(chat, **body)

    application.add_handler(CommandHandler("paper", paper))
    async with application:
        await application.start()
        assert application.updater
        await application.updater.start_polling()
        workers = [asyncio.create_task(worker(chat)) for chat in SUBSCRIBERS]
        yield
        for one in workers:
            one.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await application.updater.stop()
        await application.stop()


async def _bodies(folder: Path) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    """Spell the messages of the digest, and of each paper in full."""
    [found] = await FolderSource("daily", folder).digests()
    formatter = TelegramFormatter(phrases("en"))
    broadcast = [_plain(message.body) for message in formatter.digest(found.digest)]
    return broadcast, [[_plain(part.body) for part in formatter.paper(one)] for one in found.digest.papers]


def _plain(body: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "link_preview_options"}


async def measured(side: Side, seconds: float, jitter: float = 0.0) -> Measured:
    """Let people ask one side while it broadcasts."""
    with crowd(jitter) as people, tempfile.TemporaryDirectory() as folder:
        shutil.copy(DATA / POST, folder)
        async with side(people, Path(folder)):
            await asyncio.sleep(WARM_UP)
            return await people.ask(seconds)


SIDES: dict[str, Side] = {"Paperboy": paperboy, "AIORateLimiter": rate_limiter}


def rows(found: Mapping[str, Measured]) -> list[Row]:
    return [
        (
            name,
            *(_spelled(one.percentile(part)) for part in (0.5, 0.99, 1.0)),
            f"{one.answered} of {len(one.waits)}",
            f"{one.rate:.1f} a second",
        )
        for name, one in found.items()
    ]


def _spelled(wait: float) -> str:
    return f"{wait * 1000:.0f} ms" if wait < math.inf else "none"


async def main(seconds: float, jitter: float) -> None:
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    found = {name: await measured(side, seconds, jitter) for name, side in SIDES.items()}
    show(
        f"A question each {EVERY * 1000:.0f} ms for {seconds:g} s, while {len(SUBSCRIBERS)} chats receive a digest",
        ("", "p50", "p99", "longest", "answered", "broadcast"),
        rows(found),
        f"Waits are from getUpdates to sendMessage; none: no answer {PATIENCE:g} s after the last question.",
        f"Each message comes up to {jitter * 1000:g} ms late by chance, which is no part of the wait. {busy()}",
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=15.0, help="for which people ask")
    parser.add_argument("--jitter", type=float, default=0.0, help="seconds by which a message may come late")
    options = parser.parse_args()
    asyncio.run(main(options.seconds, options.jitter))
