"""The page of the demo, and what it is fed by: the real planner, ledger, dispatcher, router and formatters."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aiohttp import web

from bot.channels import kit_of
from bot.concurrency import beside
from bot.config.settings import Operators, Settings
from bot.conversation.limits import AnswerLimits
from bot.conversation.router import CommandRouter
from bot.conversation.throttle import Throttle
from bot.delivery.dispatcher import RetryPolicy
from bot.delivery.replies import ReplySender
from bot.ledger.ledger import Ledger, open_ledger
from bot.pages import frame
from bot.pages.demo.chats import CHAT, PERSON, SLACK, TELEGRAM, Chats
from bot.pages.demo.delivery import Delivery
from bot.pages.demo.post import Post
from bot.pages.demo.promise import ACTIONS, Promise
from bot.pages.demo.readers import SlackReader, TelegramReader
from bot.pages.demo.rows import LedgerTable
from bot.pages.demo.wording import SIGNS, wording
from bot.sources.folder import FolderSource, never_young
from bot.web.loopback import PORT, Served, serving
from formatters.locale import phrases

_LONGEST = 4096  # characters of a line
_PATIENT = AnswerLimits(alone=Throttle(burst=sys.maxsize), group=Throttle(burst=sys.maxsize))


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: slow enough to be seen."""

    message: float = 0.3  # between two messages of a chat
    settle: float = 2.0  # until an unconfirmed send is looked for
    restart: float = 1.5  # until a stopped program is begun anew


@dataclass
class Demo:
    """The page, with all that stands behind it."""

    usual: str  # language
    chats: Chats
    delivery: Delivery
    table: LedgerTable
    promise: Promise
    readers: dict[str, TelegramReader | SlackReader]

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/", self._page)
        app.router.add_get("/feed", self._feed)
        app.router.add_post("/promise", self._act)
        for name in self.readers:
            app.router.add_post(f"/{name}", partial(self._type, name))
            app.router.add_post(f"/{name}/{{message}}", partial(self._press, name))

    async def _page(self, request: web.Request) -> web.Response:
        language = frame.read_language(request, self.usual)
        words, after = wording(language), self.chats.feeds[language].last
        shown = {"chats": self.chats, "table": self.table, "report": self.promise.report, "after": after}
        said = {"words": words, "signs": SIGNS, "hint": words.hint.split("{line}")}
        return frame.page("demo/page.html", language, **said, **shown)

    async def _feed(self, request: web.Request) -> web.Response:
        return await self.chats.feeds[frame.read_language(request, self.usual)].serve(request)

    async def _type(self, name: str, request: web.Request) -> web.Response:
        if line := await _field(request, "line"):
            await self.readers[name].type(line, frame.read_language(request, self.usual))
        return self._back(name)

    async def _press(self, name: str, request: web.Request) -> web.Response:
        message = request.match_info["message"]
        before = len(self.chats.channels[name].messages)
        if line := await _field(request, "line"):
            await self.readers[name].press(message, line, frame.read_language(request, self.usual))
        return self._back(name, message if len(self.chats.channels[name].messages) == before else "")

    async def _act(self, request: web.Request) -> web.Response:
        action = await _field(request, "action")
        if action not in ACTIONS:
            raise web.HTTPBadRequest
        self.promise.ask(action)
        return _see("/#promise")

    def _back(self, name: str, message: str = "") -> web.Response:
        """Lead back to the page, at a message that is there or at the newest one."""
        messages = self.chats.channels[name].messages
        return _see(f"/#{name}-{message if message in messages else next(reversed(messages), '')}")


async def _field(request: web.Request, name: str) -> str:
    """Read a field of a form, "" without it; 400 for what cannot be read as text."""
    try:
        form = await request.post()
    except (ValueError, LookupError) as error:  # no such text, no such charset
        raise web.HTTPBadRequest(text="The form cannot be read.\n") from error
    return str(form.get(name, "")).strip()[:_LONGEST]


def _see(where: str) -> web.Response:
    return web.Response(status=303, headers={"Location": where})


@asynccontextmanager
async def serve_demo(settings: Settings, sample: Path, port: int = PORT, pace: Pace = Pace()) -> AsyncIterator[Served]:
    """Serve the demo until the block ends, and deliver a post there; OSError where no port can be had."""
    async with open_demo(settings, sample, pace) as demo:
        app = frame.make_app()
        demo.add_to(app)
        async with serving(app, port) as served, beside(demo.promise.run(), demo.table.run()):
            yield served


@asynccontextmanager
async def open_demo(settings: Settings, sample: Path, pace: Pace = Pace()) -> AsyncIterator[Demo]:
    """Put the parts of the demo together on a ledger that is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="paperboy-") as folder:
        (posts := Path(folder) / "posts").mkdir()
        async with open_ledger(f"sqlite:///{folder}/demo.db") as ledger:
            yield _assembled(settings, ledger, posts, Post(posts, sample), pace)


def _assembled(settings: Settings, ledger: Ledger, posts: Path, post: Post, pace: Pace) -> Demo:
    changed = asyncio.Event()
    chats = Chats(phrases(settings.language), pace.message, changed.set)
    source = FolderSource("sample", posts, clock=never_young)
    delivery = Delivery(settings, ledger, source, chats, RetryPolicy(settle_delay=pace.settle), changed)
    words = wording(settings.language)
    promise = Promise(chats, delivery, post, words.addition, pace.restart)
    router = _router(settings, ledger, chats)
    replies = ReplySender(chats.channels[TELEGRAM], ledger.replies)
    telegram, slack = TelegramReader(chats, router, replies), SlackReader(chats, router, words.you)
    table = LedgerTable(chats, delivery)
    return Demo(settings.language, chats, delivery, table, promise, {TELEGRAM: telegram, SLACK: slack})


def _router(settings: Settings, ledger: Ledger, chats: Chats) -> CommandRouter:
    """Answer as in the product; who reads here is an operator."""
    operated = settings.model_copy(
        update={"operators": Operators(telegram=(PERSON[TELEGRAM],), slack=(PERSON[SLACK],))}
    )
    kits = {name: kit_of(name) for name in CHAT}
    formatters = {name: channel.formatter for name, channel in chats.channels.items()}
    id_sequences = {name: channel.id_sequence for name, channel in chats.channels.items()}
    return CommandRouter(ledger, operated, kits, formatters, id_sequences, limits=_PATIENT)
