"""Readers at a router, behind which some digests were delivered: type a line, read the answer."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import count
from pathlib import Path

from bot.channels import all_kits
from bot.config.settings import Settings
from bot.conversation.context import Request, Response
from bot.conversation.router import CommandRouter
from bot.database.states import ChatKind
from bot.ledger.ledger import Ledger, open_ledger
from bot.ledger.records.deliveries import Subscription
from formatters.locale import phrases
from formatters.message import Formatter
from formatters.model import Digest, Link, Paper, Section
from formatters.page import reference
from formatters.slack import SlackFormatter
from formatters.telegram import TelegramFormatter
from formatters.terminal import TerminalFormatter
from tests.support.chats import CHANNEL, GROUP
from tests.support.digests import digest, found
from tests.support.ledger_files import empty
from tests.support.memory_channel import MemoryChannel
from tests.support.pipeline import Clock, Pipeline
from tests.support.rendering import Seen, seen

EN, KO = phrases("en"), phrases("ko")
MINA, ANN, OPERATOR = "41", "42", "45"
DIRECT, BOSS = "D0123ABCD", "U0BOSS"
SETTINGS = Settings.model_validate({"language": "ko", "operators": {"telegram": [OPERATOR], "slack": [BOSS]}})


async def yes() -> bool:
    return True


def work(number: int, title: str, paper: str, topic: str = "Words about it.", sections: int = 1) -> Paper:
    texts = [
        Section(f"Part {n}", f"- Goal: {topic}\n- Contribution: A way to do {topic}") for n in range(1, sections + 1)
    ]
    url = f"https://arxiv.org/abs/{paper}"
    return Paper(paper, number, title, url, (Link("GitHub", f"https://github.com/example/{number}"),), tuple(texts))


LONG = digest(date(2025, 9, 5), *(work(n, f"Filler Study {n}", f"2509.01{n:03}") for n in range(1, 46)))
SEEN = digest(
    date(2025, 9, 8),
    work(1, "Attention Is All You Need", "1706.03762", "translating with attention alone."),
    work(2, "Batch Normalization", "1502.03167", "training faster."),
    work(3, "눈을 그리는 잠재확산모델", "2509.00003", "확산 모델로 눈을 그린다."),
)
NEWEST = digest(
    date(2025, 9, 10),
    work(1, "Mini-o3: Scaling Up Reasoning Patterns for Visual Search", "2509.07969", "thinking with images.", 3),
    work(2, "Attention Sinks in Practice", "2509.00022", "looking where nothing is."),
    work(3, "Batch Normalization", "1502.03167", "training faster, once more."),
    work(4, "강화학습의 모든 것", "2509.00024", "강화학습을 설명한다."),
)
ARXIV = digest(
    date(2025, 9, 10),
    work(1, "A Survey of Surveys", "2509.00031", "counting surveys."),
    work(5, "Attention, Please", "2509.00035", "asking politely."),
    series="Arxiv",
)


def in_slack(text: str) -> str:
    """Name commands as they are typed there."""
    return seen("slack", SlackFormatter(EN).notice(text).body).text


def head(paper: Paper) -> str:
    return f"{paper.number}. {paper.title}\n"


def full(digest: Digest, paper: Paper) -> str:
    return f"/paper {reference(digest, paper)}"


@dataclass(frozen=True)
class Reader:
    """Somebody who types lines, and reads what comes back."""

    router: CommandRouter
    request: Request

    async def sends(self, line: str) -> Response:
        """Type a line, and give the response."""
        return await self.router.handle(self.request, line)

    async def sees(self, line: str) -> list[Seen]:
        """Type a line, and see each message of the answer."""
        return [seen(self.request.channel, message.body) for message in (await self.sends(line)).messages]

    async def reads(self, line: str) -> str:
        """Type a line, and read the answer."""
        return "\n---\n".join(one.text for one in await self.sees(line))

    async def buttons(self, line: str) -> dict[str, str]:
        """Type a line, and give the buttons of the answer: the line that pressing each sends."""
        return {label: command for one in await self.sees(line) for label, command in one.buttons}

    @property
    def pressing(self) -> Reader:
        """Be the same person, who presses buttons."""
        return replace(self, request=replace(self.request, from_button=True, addressed=True))


@dataclass
class Readers:
    """One router and all who come to it."""

    ledger: Ledger
    clock: Clock
    router: CommandRouter
    woken: list[None] = field(default_factory=list)

    def reader(self, user: str = ANN, language: str = "en") -> Reader:
        """Be somebody in a private chat."""
        return Reader(self.router, Request("telegram", user, user=user, language=language, aliases=(user,)))

    def member(self, user: str = ANN, language: str = "en", *, meant: bool = False, charge: bool = False) -> Reader:
        """Be somebody in a group."""
        request = Request("telegram", GROUP, ChatKind.GROUP, user, language, (GROUP, "@our_group"), meant)
        return Reader(self.router, replace(request, is_admin=yes) if charge else request)

    def channel(self) -> Reader:
        """Be a channel itself."""
        return Reader(self.router, Request("telegram", CHANNEL, ChatKind.BROADCAST, aliases=(CHANNEL,), is_admin=yes))

    def slack(self, user: str = "U0ANN", address: str = DIRECT, language: str = "en-US", **more: bool) -> Reader:
        """Be a member of a workspace."""
        kind = ChatKind.PRIVATE if address == DIRECT else ChatKind.BROADCAST
        return Reader(self.router, Request("slack", address, kind, user, language, private=more.get("alone", False)))

    def terminal(self) -> Reader:
        return Reader(self.router, Request("terminal", "here"))

    async def chat(self, address: str, channel: str = "telegram") -> Subscription:
        known = await self.ledger.subscriptions.find(channel, (address,))
        assert known
        return known


async def deliver_digests(path: Path) -> None:
    """Deliver: Mina saw the digest of the eighth and left, the group saw all."""
    clock = Clock()
    async with open_ledger(f"sqlite:///{path}", clock) as ledger:
        pipeline = Pipeline(ledger, clock, MemoryChannel(name="telegram", formatter=TelegramFormatter(EN)))
        days = [found(LONG)]
        await pipeline.run(days)
        for chat in (MINA, GROUP):
            await pipeline.subscriber(chat, kind="private" if chat == MINA else "group")
        for now in ((SEEN,), (ARXIV, NEWEST)):
            days += map(found, now)
            clock.now += 3600
            await pipeline.run(days)
            if SEEN in now:
                await pipeline.unsubscribe(MINA)


@asynccontextmanager
async def open_readers(folder: Path, template: Path | None, settings: Settings = SETTINGS) -> AsyncIterator[Readers]:
    """Open a copy of a ledger with digests, or an empty one."""
    path, clock = folder / "readers.db", Clock()
    clock.now += 10 * 86_400
    if template:
        shutil.copy(template, path)
    else:
        empty(path)
    formatters: dict[str, Formatter] = {
        "telegram": TelegramFormatter(KO, buttons=True),
        "slack": SlackFormatter(KO, buttons=True),
        "terminal": TerminalFormatter(KO),
    }
    async with open_ledger(f"sqlite:///{path}", clock) as ledger:
        woken: list[None] = []
        slowly = count(step=10)  # so that nobody is throttled
        id_sequences = dict.fromkeys(formatters, str)
        router = CommandRouter(
            ledger,
            settings,
            all_kits(),
            formatters,
            id_sequences,
            lambda: woken.append(None),
            clock=lambda: next(slowly),
        )
        yield Readers(ledger, clock, router, woken)
