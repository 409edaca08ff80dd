"""Make the ledgers of this folder, with the code of the commit that each is of; see the README beside it.

It speaks the names of that code, and is never changed afterwards: a later commit does not run it.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.alarm import Alarm
from bot.commands import Desk
from bot.config import Settings
from bot.decisions import Rules
from bot.delivery import Drain, Waits
from bot.errors import BotGone, ChatGone, ChatMoved, Rejected, RetryLater, Unconfirmed
from bot.hours import Hours
from bot.outages import Outages
from bot.planning import plan
from bot.protocols import Absent, Doubt, Found, There, Unknown
from bot.store import Store, opened
from bot.talk import Asker
from formatters.locale import words
from formatters.model import Digest, Paper, Section
from formatters.slack import SlackFormatter
from formatters.telegram import TelegramFormatter
from tests.memory import MemoryChannel, Trouble

SEOUL = ZoneInfo("Asia/Seoul")
RULES = Rules(catch_up=1, gate_wait=3600.0, edits_for=5 * 86400.0)
WAITS = Waits(settle=600, back_off=900, patience=0)
SETTINGS = Settings.model_validate(
    {
        "language": "en",
        "timezone": "Asia/Seoul",
        "schedule": {"at": "09:00", "days": "mon-fri", "overdue": "0s"},
        "operators": {"telegram": ["45"]},
    }
)


class HangError(BaseException):
    """The process is killed while this call is under way."""


OK, REFUSED = Trouble(), Trouble(Rejected("the markup is odd"))
HANGS, HANGS_ACCEPTED = Trouble(HangError()), Trouble(HangError(), accepted=True)
LATER, FLOOD = Trouble(RetryLater("the network is down")), Trouble(RetryLater("wait 900 s", 900, flood=True))
LOST, LOST_ACCEPTED = Trouble(Unconfirmed("reset")), Trouble(Unconfirmed("reset"), accepted=True)
CLOSED = Trouble(ChatGone("the bot was removed; let it in again"))


@dataclass
class Platform(MemoryChannel):
    """Chats by hand; `silent` are those that do not tell whether a message arrived."""

    silent: set[str] = field(default_factory=set)

    def counter(self, address: str) -> str:
        chat = address.partition(":")[0]
        return chat.lower() if chat.startswith(("@", "-100", "C", "D")) else "bot"

    async def send(self, address: str, body: Mapping[str, object], *, ref: str, thread: str) -> str:
        try:
            return await super().send(address, body, ref=ref, thread=thread)
        except HangError:
            return str(await asyncio.Event().wait())

    async def edit(self, address: str, remote_id: str, body: Mapping[str, object]) -> None:
        try:
            await super().edit(address, remote_id, body)
        except HangError:
            await asyncio.Event().wait()

    async def reconcile(self, address: str, doubt: Doubt) -> There | Absent | Unknown:
        if address in self.silent:
            return Unknown("this platform does not tell")
        return await super().reconcile(address, doubt)


class Clock:
    """Seconds since 1970, set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def set(self, day: int, hour: int, minute: int = 0) -> None:
        """Make it this time of January 2025 in Seoul."""
        self.now = datetime(2025, 1, day, hour, minute, tzinfo=SEOUL).timestamp()


async def _yes() -> bool:
    return True


class Program:
    """The program of that commit, a step at a time."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store, self.clock = store, clock
        self.telegram = Platform("telegram", TelegramFormatter(words("en"), buttons=True))
        self.slack = Platform("slack", SlackFormatter(words("en"), buttons=True))
        self.channels = {one.name: one for one in (self.telegram, self.slack)}
        formatters = {one.name: one.formatter for one in self.channels.values()}
        counters = {one.name: one.counter for one in self.channels.values()}
        slowly = count(step=60)
        self.desk = Desk(store, SETTINGS, formatters, counters, clock=lambda: next(slowly))
        self.alarm = Alarm(SETTINGS, store.troubles, Outages(clock), (), clock)

    async def settings(self, telegram: Mapping[str, str], slack: Mapping[str, str]) -> None:
        """Take up the chats of the settings, each with what it is; of some that is never learnt."""
        for channel, layout, listed in ((self.telegram, "messages", telegram), (self.slack, "thread", slack)):
            await self.store.join(channel.name, layout, {name: channel.counter(name) for name in listed})
            for chat in await self.store.subscribers.strangers(channel.name):
                if listed[chat.name]:
                    await self.store.subscribers.wish(chat.id, layout, kind=listed[chat.name])

    async def says(self, channel: str, address: str, *lines: str, language: str = "en") -> None:
        """Have somebody say something in a private chat."""
        asker = Asker(channel, address, "private", address, language, administers=_yes)
        for line in lines:
            answer = await self.desk.answer(asker, line)
            assert answer.messages, line
            self.clock.now += 1

    async def look(self, posts: Sequence[Found], *, killed: bool = False, rules: Rules = RULES) -> None:
        """Plan; `killed` right after that, before any chat's hours were looked at."""
        formatters = {one.name: one.formatter for one in self.channels.values()}
        eager = await self.store.eager()
        await plan(self.store, "blog", posts, formatters, rules)
        if killed:
            return
        await self.store.calm(eager)
        now = datetime.fromtimestamp(self.clock(), UTC)
        for spelled in await self.store.schedules():
            await self.store.gate(spelled, Hours.of(SETTINGS, spelled).opening(now))

    async def drain(self, waits: Waits = WAITS) -> None:
        await Drain(self.store, self.channels, waits, self.clock).run()

    async def drain_and_die(self) -> None:
        """Send until nothing moves any more, and die there."""
        work = asyncio.create_task(self.drain())
        before = -1
        while before != (before := sum(len(one.calls) for one in self.channels.values())):
            await asyncio.sleep(0.5)
        assert not work.done()
        work.cancel()
        await asyncio.wait([work])

    def shown(self) -> dict[str, dict[str, list[dict[str, object]]]]:
        """Give which messages every chat shows, and how often each was edited."""
        return {
            name: {
                address: [{"id": one.id, "ref": one.ref, "edits": one.edits} for one in chat]
                for address, chat in channel.chats.items()
                if chat
            }
            for name, channel in self.channels.items()
        }


def paper(number: int, word: str = "plain", *, empty: bool = False) -> Paper:
    said = "" if empty else f"- Goal: Say {word} things.\n- Contribution: A {word} way."
    name = f"2501.{number:05}"
    return Paper(name, number, f"Paper {name}", f"https://arxiv.org/abs/{name}", (), (Section("Introduction", said),))


def post(day: int, papers: int = 3, *, series: str = "Daily Papers") -> Found:
    slug, when = series.lower().replace(" ", "-"), date(2025, 1, day)
    made = tuple(paper(number) for number in range(1, papers + 1))
    digest = Digest(f"{slug}/{when}", series, when, f"{series} — {when}", "", "", made)
    return Found(digest, f"{when}-{slug}.md")


def having(one: Found, *papers: Paper) -> Found:
    return replace(one, digest=replace(one.digest, papers=papers))


async def before_0_1_0(program: Program) -> None:
    """Be killed while one digest is sent, and again when the next one was planned."""
    posts = await _a_week(program)
    await _killed(program, posts)
    await _killed_again(program, posts)


async def _a_week(program: Program) -> list[Found]:
    """Deliver, miss a post, and wait for two that stay empty and are taken away."""
    clock, says = program.clock, program.says
    chats = {
        "@papers": "channel",
        "-1001000000100": "group",
        "-1001000000200:77": "group",
        "-1001000000300": "channel",
        "-1001000000400": "group",
        "-1001000000500": "group",
        "-1001000000600": "",
        "-1001000000700": "group",
    }
    clock.set(6, 9, 30)
    await program.settings(chats, {})
    await says("telegram", "41", "/settings digest 20:30 weekdays kst silent", "/subscribe", language="ko")
    await says("telegram", "42", "/subscribe")
    await says("telegram", "43", "/settings 21:00 daily", "/subscribe")
    clock.set(6, 10)
    posts = [post(2), post(3), post(6)]  # two of them are older than the program
    await program.look(posts)
    await program.drain()
    clock.set(6, 22)
    await program.look(posts)
    await program.drain()
    await says("telegram", "42", "/unsubscribe")
    clock.set(8, 10)
    posts += [post(7), post(8)]  # one was missed
    await program.look(posts)
    await program.drain()
    clock.set(8, 22)
    await program.look(posts)
    await program.drain()
    clock.set(9, 10)
    posts.append(post(9, papers=0))  # stays empty
    await program.look(posts)
    clock.set(9, 12)
    await program.look(posts)
    clock.set(10, 10)
    await program.look([*posts, post(10, papers=0)])  # is taken away
    clock.set(10, 12)
    await program.look(posts)
    return posts


async def _killed(program: Program, posts: list[Found]) -> None:
    """Edit a message of the eighth and send the thirteenth: some of it is under way."""
    telegram = program.telegram
    program.clock.set(13, 10)
    eighth = posts.pop(-2)
    posts.insert(-1, having(eighth, paper(1, "better"), paper(2), paper(3)))
    posts.append(post(13))
    await program.look(posts)
    telegram.troubles["@papers"] += [OK, OK, HANGS_ACCEPTED]
    telegram.troubles["-1001000000100"] += [OK, OK, HANGS]
    telegram.troubles["-1001000000200:77"] += [OK, OK, OK, REFUSED, FLOOD]
    telegram.troubles["-1001000000300"] += [HANGS_ACCEPTED]
    telegram.troubles["-1001000000400"] += [OK, LOST_ACCEPTED]
    telegram.troubles["-1001000000500"] += [FLOOD]
    telegram.troubles["-1001000000600"] += [OK, LATER]
    telegram.troubles["-1001000000700"] += [LOST]
    await program.drain_and_die()


async def _killed_again(program: Program, posts: list[Found]) -> None:
    """Plan what came meanwhile; two readers say something before and after it."""
    program.clock.set(13, 10, 3)
    says = program.says
    await says("telegram", "44", "/subscribe now")
    posts.append(post(13, papers=2, series="Arxiv"))
    posts.append(having(post(14), paper(1, empty=True), paper(2, empty=True), paper(3)))  # is not finished yet
    await program.look(posts, killed=True, rules=replace(RULES, catch_up=2))
    await says("telegram", "43", "/settings index en")
    await says("telegram", "46", "/subscribe now")


async def release_0_1_0(program: Program) -> None:
    """Be stopped in the middle of a digest while nearly everything is wrong."""
    posts = await _first_posts(program)
    await _much_goes_wrong(program, posts)
    await _posts_lose_papers(program, posts)
    await _under_way(program, posts)
    await _let_out(program, posts)


ROOMS = {"C0PAPERS": "channel", "C0CLOSED": "channel"}
CHATS = {
    "@papers": "channel",
    "-500": "group",
    "-1001000000200": "group",
    "-1001000000300": "group",
    "-1001000000350": "group",
    "-1001000000360": "group",
    "-1001000000800": "group",
}


async def _first_posts(program: Program) -> list[Found]:
    """Let readers subscribe, and deliver."""
    says = program.says
    program.clock.set(6, 9, 30)
    await program.settings(CHATS, ROOMS)
    await says("telegram", "41", "/settings index silent", "/subscribe")
    await says("telegram", "42", "/subscribe")
    await says("slack", "D0MINA", "/settings digest ko 20:00", "/subscribe")
    program.clock.set(6, 10)
    posts = [post(3), post(6)]
    await program.look(posts)
    await program.drain()
    return posts


async def _much_goes_wrong(program: Program, posts: list[Found]) -> None:
    """Send the seventh: it is refused, or the chat is closed, moved, tells nothing, is no longer in the settings."""
    telegram, slack, clock = program.telegram, program.slack, program.clock
    clock.set(7, 10)
    posts.append(post(7))
    await program.look(posts)
    slack.troubles["C0PAPERS"] += [OK, OK, REFUSED, REFUSED]
    slack.troubles["C0CLOSED"] += [OK, CLOSED]
    telegram.troubles["-500"] += [LOST, Trouble(ChatMoved("it is a supergroup now", "-1001000000100"))]
    telegram.troubles["-1001000000200"] += [OK, LATER]
    telegram.troubles["-1001000000300"] += [OK, LOST_ACCEPTED]
    telegram.silent.add("-1001000000300")
    telegram.troubles["-1001000000350"] += [OK, REFUSED, REFUSED]
    await program.drain(replace(WAITS, settle=0))
    await program.alarm.look()
    assert len(await program.store.troubles.discard("-1001000000350")) == 1
    await program.settings({name: kind for name, kind in CHATS.items() if name != "-1001000000200"}, ROOMS)
    clock.set(7, 21)
    await program.look(posts)
    await program.drain()


async def _posts_lose_papers(program: Program, posts: list[Found]) -> None:
    """Give up the eighth before it has any papers; the ninth loses one, the tenth all."""
    telegram, clock = program.telegram, program.clock
    clock.set(8, 10)
    posts.append(post(8, papers=0))
    await program.look(posts)
    assert len(await program.store.troubles.skip()) == 1
    clock.set(9, 10)
    posts.append(post(9))
    await program.look(posts)
    telegram.troubles["-1001000000300"] += [OK, OK, OK, REFUSED, REFUSED]
    await program.drain()
    posts[-1] = having(posts[-1], paper(1), paper(2))
    for hour in (11, 13, 21):
        clock.set(9, hour)
        await program.look(posts)
        telegram.troubles["-1001000000360"] += [REFUSED, REFUSED] if hour == 13 else []
        await program.drain()
    clock.set(10, 10)
    posts.append(post(10, papers=2))
    await program.look(posts)
    await program.drain()
    posts[-1] = post(10, papers=0)
    for hour in (11, 13, 21):
        clock.set(10, hour)
        await program.look(posts)
        await program.drain()


async def _under_way(program: Program, posts: list[Found]) -> None:
    """Send the thirteenth; a post that is too old to be edited changes."""
    telegram, clock = program.telegram, program.clock
    clock.set(13, 10)
    posts.append(post(13))
    posts[1] = having(posts[1], paper(1, "late"), paper(2), paper(3))
    await program.look(posts)
    telegram.troubles["@papers"] += [LOST]
    telegram.troubles["-500"].clear()
    telegram.troubles["-1001000000100"] += [OK, FLOOD]
    telegram.troubles["-1001000000360"] += [REFUSED, LATER]
    telegram.troubles["41"] += [CLOSED]
    telegram.troubles["42"] += [LOST]
    telegram.troubles["-1001000000800"] += [Trouble(RetryLater("wait 60 s", 60))]
    program.slack.troubles["C0PAPERS"] += [OK, OK, LATER]
    await program.drain()
    clock.set(13, 10, 2)
    telegram.troubles["-1001000000800"] += [Trouble(BotGone("the token is refused"))]
    await program.drain()


async def _let_out(program: Program, posts: list[Found]) -> None:
    """Let out three posts that look unfinished: the thirteenth shrinks, of two that are new one is empty."""
    program.clock.set(13, 10, 5)
    posts[-1] = post(13, papers=2)
    half = replace(paper(1), sections=(*paper(1).sections, Section("Method", ""), Section("Results", "")))
    posts += [having(post(14), half), post(15, papers=0)]
    await program.look(posts)
    assert len(await program.store.troubles.release()) == 3
    await program.alarm.look()
    await program.store.troubles.note({"silent blog": "blog: a post came"}, ())
    await program.says("telegram", "42", "/search plain")
    await program.store.archive.replied("telegram", "bot", 9001)


MAKERS = {"before-0.1.0": before_0_1_0, "0.1.0": release_0_1_0}


@asynccontextmanager
async def program_on(path: Path) -> AsyncIterator[Program]:
    clock = Clock()
    async with opened(f"sqlite:///{path}", clock) as store:
        yield Program(store, clock)


async def make(name: str, folder: Path) -> None:
    """Write the ledger, and beside it what every chat shows."""
    for old in (folder / f"{name}.db", folder / f"{name}.json"):
        old.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as work:
        path = Path(work) / "ledger.db"
        async with program_on(path) as program:
            await MAKERS[name](program)
            left = {"stopped_at": program.clock.now, "shown": program.shown()}
        db = sqlite3.connect(path)
        db.execute("PRAGMA page_size = 1024")  # most tables hold little
        db.execute("VACUUM INTO ?", (str(folder / f"{name}.db"),))
        db.close()
    (folder / f"{name}.json").write_text(json.dumps(left, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    asyncio.run(make(sys.argv[1], Path(__file__).parent))
