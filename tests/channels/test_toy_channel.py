"""A third channel is its folder, its formatter, its settings table and one line: here is one, in this file alone."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel

from bot import channels
from bot.app.assembly import App, open_app
from bot.cli.setup.doctor import examine
from bot.cli.setup.preview.terminal import show
from bot.config.settings import Settings
from bot.conversation.context import Request
from bot.conversation.listener import Listener
from bot.conversation.router import CommandRouter
from bot.database.states import ChatKind, IncidentKind
from bot.delivery.channel import (
    Channel,
    ChannelKit,
    ChannelSettings,
    ChatIdentity,
    ChatWork,
    FreeTurn,
    HeardTitles,
    NotDelivered,
    UnconfirmedSend,
)
from bot.delivery.replies import ReplySender
from bot.errors import SettingsError
from bot.web.server import Web
from formatters.edition import Edition
from formatters.locale import Phrases
from formatters.message import USUAL, Formatter, Message, numbered
from formatters.model import Digest, Paper
from formatters.page import Page, Rows
from tests.support.setup import DATA

# --- its settings table


class Toy(BaseModel):
    secret: str = ""
    chats: tuple[str, ...] = ()
    layout: Literal["messages", "index"] = "messages"
    lines: tuple[str, ...] = ()  # what its only reader types


class ToySettings(Settings):
    toy: Toy = Toy()


# --- its formatter


@dataclass(frozen=True)
class ToyFormatter:
    """Spell everything in plain text."""

    phrases: Phrases
    buttons: bool = False
    channel: str = "toy"
    method: str = "show"

    def in_language(self, phrases: Phrases) -> ToyFormatter:
        return ToyFormatter(phrases, self.buttons)

    def digest(self, digest: Digest, edition: Edition = USUAL, kept: Collection[str] = ()) -> tuple[Message, ...]:
        index = Message("index", {"text": "\n".join(paper.title for paper in digest.papers)})
        papers = () if edition.layout == "index" else digest.papers
        return index, *(self.card(digest, paper, edition) for paper in papers)

    def card(self, digest: Digest, paper: Paper, edition: Edition = USUAL) -> Message:
        return Message(f"paper/{paper.id}", {"text": f"{paper.number}. {paper.title}"})

    def paper(self, paper: Paper, rows: Rows = ()) -> tuple[Message, ...]:
        return numbered("summary", [{"text": f"All about {paper.title}\n{rows}"}])

    def page(self, page: Page) -> Message:
        return self.notice(str(page))

    def notice(self, text: str) -> Message:
        return Message("notice", {"text": text})

    def plain(self, body: Mapping[str, object]) -> Mapping[str, object]:
        return body


# --- its folder: channel, listener, kit

SHOWN: dict[str, list[str]] = {}  # by chat: what its screen shows


@dataclass
class ToyChannel:
    """Show messages on screens that never fail."""

    formatter: Formatter
    name: str = "toy"
    allowances = ()
    titles: HeardTitles = field(default_factory=HeardTitles)

    def seconds_for(self, work: Sequence[ChatWork]) -> float:
        return 0.0

    def id_sequence(self, address: str) -> str:
        return address

    def is_canonical(self, address: str) -> bool:
        return True

    async def identify(self, address: str) -> ChatIdentity:
        return ChatIdentity(ChatKind.PRIVATE, address)

    async def canonical_address(self, address: str) -> str:
        return address

    async def ask_title(self, address: str) -> None:
        """Call no chat anything."""

    async def prepare(self, body: Mapping[str, object]) -> None:
        """Need nothing."""

    async def acquire_turn(
        self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
    ) -> FreeTurn:
        return FreeTurn()

    async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
        SHOWN.setdefault(address, []).append(str(body["text"]))
        return str(len(SHOWN[address]))

    async def edit(self, address: str, remote_id: str, body: Mapping[str, object]) -> None:
        SHOWN[address][int(remote_id) - 1] = str(body["text"])

    async def delete(self, address: str, remote_id: str) -> None:
        SHOWN[address][int(remote_id) - 1] = ""

    def message_link(self, address: str, remote_id: str, thread: str) -> str:
        return ""

    async def reconcile(self, address: str, unconfirmed: UnconfirmedSend) -> NotDelivered:
        return NotDelivered()

    async def check(self, addresses: Sequence[str]) -> Sequence[tuple[str, str]]:
        return [(address, "") for address in addresses]

    async def close(self) -> None:
        """Have nothing to close."""


@dataclass
class ToyListener:
    """Hear one reader type some lines."""

    lines: Sequence[str]
    router: CommandRouter
    replies: ReplySender

    async def listen(self, stopping: asyncio.Event) -> None:
        for line in self.lines:
            response = await self.router.handle(Request("toy", "reader", user="reader"), line)
            await self.replies.send("reader", response.messages)
        await stopping.wait()


def _read(settings: Settings) -> ChannelSettings:
    assert isinstance(settings, ToySettings)
    return ChannelSettings(
        chats=settings.toy.chats,
        layout=settings.toy.layout,
        cards="short",
        operators=("boss",),
        operator_chats=("boss",),
        listens=bool(settings.toy.lines),
        lacks="" if settings.toy.secret else "toy.secret is missing; think of one",
        web_address="",
    )


def _listener(
    settings: Settings, channel: Channel, router: CommandRouter, replies: ReplySender, server: Web
) -> Listener:
    assert isinstance(settings, ToySettings)
    return ToyListener(settings.toy.lines, router, replies)


KIT = ChannelKit(
    name="toy",
    layouts=("messages", "index"),
    silent_messages=False,
    read=_read,
    make_formatter=ToyFormatter,
    make_channel=lambda _settings, formatter: ToyChannel(formatter),
    make_listener=_listener,
)


# --- and its one line


@pytest.fixture(autouse=True)
def _listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(channels.MODULES, "toy", __name__)


@pytest.fixture(autouse=True)
def _posted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Post three papers."""
    SHOWN.clear()
    monkeypatch.chdir(tmp_path)
    Path("_posts").mkdir()
    shutil.copy(DATA / "2025-01-06-daily-papers-20250106.md", "_posts")


def settings(*lines: str, **toy: object) -> Settings:
    source = {"name": "daily", "kind": "folder", "path": "_posts"}
    table = {"secret": "sesame", "chats": ["screen"], "lines": lines, **toy}
    return ToySettings.model_validate({"language": "en", "sources": [source], "toy": table})


@asynccontextmanager
async def delivered(settings: Settings) -> AsyncIterator[App]:
    """Deliver what is new, and give what delivered it."""
    async with open_app(settings) as app:
        assert await app.cycle.plan(at_once=True, resume=False) == []
        await app.cycle.dispatcher().run()
        yield app


async def test_a_digest_is_delivered_to_it() -> None:
    async with delivered(settings()) as app:
        assert list(app.channels) == ["toy"]
    assert [text.partition(".")[0] for text in SHOWN["screen"][1:]] == ["1", "2", "3"]


async def test_its_chats_receive_in_its_layout() -> None:
    async with delivered(settings(layout="index")):
        assert len(SHOWN["screen"]) == 1


async def test_its_reader_asks_for_a_paper_and_gets_no_setting_that_it_lacks() -> None:
    async with (
        delivered(settings("/paper 1", "/settings digest", "/settings silent", "/settings index")) as app,
        asyncio.timeout(20),
    ):
        running = asyncio.create_task(app.service.run(app.listeners()))
        while len(SHOWN.get("reader", ())) < 4:
            await asyncio.sleep(0.01)
        app.cycle.stopping.set()
        await running
    paper, digest, silent, index = SHOWN["reader"]
    assert paper.startswith("All about ")
    assert "digest" in digest
    assert "silent" in silent
    assert "Saved" in index


def test_what_it_would_receive_is_previewed(capsys: pytest.CaptureFixture[str]) -> None:
    show(settings(layout="index"), [Path("_posts")], "toy", paper="", as_json=True)
    [call] = json.loads(capsys.readouterr().out)
    assert (call["method"], call["key"]) == ("show", "index")


async def test_it_is_examined(capsys: pytest.CaptureFixture[str]) -> None:
    await examine(settings("/papers"))
    lines = capsys.readouterr().out.splitlines()
    assert {"✓ toy screen", "✓ toy boss", "✓ toy listens to commands"} < {*lines}


async def test_its_operators_are_notified() -> None:
    async with delivered(settings()) as app:
        app.service.health.outages.begin(IncidentKind.RUN, "", "it rains", brief=0.0)
        await app.notifier.notify()
    assert "it rains" in SHOWN["boss"][0]


async def test_what_it_lacks_is_said() -> None:
    with pytest.raises(SettingsError, match=r"toy\.secret is missing; think of one"):
        async with delivered(settings(secret="")):
            pass
    with pytest.raises(SettingsError, match=r"telegram\.chats and slack\.chats and toy\.chats are empty"):
        async with delivered(settings(secret="", chats=())):
            pass
