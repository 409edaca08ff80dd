"""How near to the platform's limits a broadcast goes: `python -m tests.bench.limit`.

Time is virtual, and the server a part of this process, so that an hour passes in seconds and every run
gives the same figures. All else is real: the ledger, the planner, the dispatcher, the Telegram channel
with its rate limits, and the SDK, down to the request that it hands to its transport.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import re
import tempfile
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path
from queue import Queue
from typing import Any
from unittest.mock import patch

import aiosqlite.core
from telegram import Bot
from telegram.error import RetryAfter
from telegram.ext import AIORateLimiter, ExtBot
from telegram.request import BaseRequest, RequestData

from bot.app.duties.paces import PaceKeeper
from bot.channels.rate_limits.limiter import RateLimiter
from bot.channels.telegram import KIT
from bot.channels.telegram.channel import TelegramChannel
from bot.delivery.decisions import Rules
from bot.delivery.dispatcher import Dispatcher
from bot.delivery.planner import plan
from bot.ledger.ledger import Ledger, open_ledger
from bot.ledger.records.digests import Queueing
from bot.ledger.writing import writer
from bot.log import configure
from bot.sources.source import FoundDigest
from formatters.edition import UsualEdition
from formatters.locale import phrases
from formatters.model import Digest
from formatters.telegram import TelegramFormatter
from tests.bench.table import Row, say, show, verdict
from tests.support.fakes.rates import CallWindows, Limits
from tests.support.golden import DATA, SHARED, digest_of
from tests.support.usual import usual_edition
from tests.support.virtual_time import run

TOKEN = "123456:FAKE-telegram-token"
PAPERS = 18
MOST_TIME = 1.02  # times the least possible
MOST_LATE = 1.1  # times a chat's own least time
_LIMITS = Limits()
_MEMORY = Path("/dev/shm")  # the speed of a disk does not count in virtual time
_EPOCH = 1_750_000_000.0  # what virtual time begins at
_DAY = 86_400.0  # seconds
# From when on a bot that keeps the limits with a margin of a hundredth could have sent once more.
_EVENLY, _AFTER_THE_LAST_SECOND = 1.1 / _LIMITS.bot, 1.02

USUAL = usual_edition()
LINKED = usual_edition(linkable=KIT.linkable)
_EDIT = "edit: "
_HREF = re.compile(r'href="([^"]*)"')

Arguments = Mapping[str, Any]  # of the SDK's call
Broadcast = Callable[["Server", Sequence[str]], Awaitable[None]]
Count = Callable[[str, int], int]  # of the calls in a chat for so many messages
Late = Callable[[random.Random], float]


# What is sent, and to whom


def broadcast_digest(later: int = 0) -> Digest:
    """Give a digest of 18 papers, that of the blog where its posts lie beside the repository, so many days later."""
    real = SHARED / "posts/2025-09-10-daily-papers-20250910.md"
    digest = digest_of(real if real.exists() else DATA / "2025-01-15-daily-papers-20250115.md")
    day, papers = digest.day + timedelta(later), digest.papers[:PAPERS]
    if later:  # other papers, else it would be the same post under another date
        papers = tuple(replace(one, id=f"{one.id}-{later}", title=f"{one.title} ({later})") for one in papers)
    return replace(digest, id=f"{digest.series}/{day}", day=day, papers=papers)


def crowd(private: int, groups: int, channels: int) -> list[str]:
    """Give the addresses of so many chats, mixed as they would come to subscribe."""
    chats = [
        *(str(100_000 + n) for n in range(private)),
        *(str(-1_002_000_000_000 - n) for n in range(groups)),
        *(str(-1_003_000_000_000 - n) for n in range(channels)),
    ]
    random.Random(1).shuffle(chats)
    return chats


def telegram_channel(
    bot: Bot | None = None, base_url: str = "http://nowhere.invalid/bot", *, limited: bool = True
) -> TelegramChannel:
    """Make the channel as the program does, buttons and all; `bot` takes the place of its own."""
    limiter = None if limited else RateLimiter((), lambda _: [])
    channel = TelegramChannel(TOKEN, base_url, TelegramFormatter(phrases("ko"), buttons=True), limiter)
    channel.client.bot = bot or channel.client.bot
    return channel


async def spelled(channel: TelegramChannel, later: int = 0) -> list[dict[str, Any]]:
    """Give the messages of the broadcast as arguments of the SDK's call."""
    messages = channel.formatter.digest(broadcast_digest(later))
    return [await channel.client.arguments(message.body) for message in messages]


async def planned(
    ledger: Ledger, channel: TelegramChannel, chats: Iterable[str], later: int = 0, usual: UsualEdition = USUAL
) -> None:
    """Plan the broadcast for chats of the settings, to go out at once."""
    listed = {chat: channel.id_sequence(chat) for chat in chats}
    await ledger.subscriptions.sync_chats(channel.name, usual, listed)
    found = [FoundDigest(broadcast_digest(day), f"post-{day}.md") for day in range(later + 1)]
    openings = dict.fromkeys(await ledger.subscriptions.schedules(), 0.0)
    await plan(ledger, "blog", found, {channel.name: channel.formatter}, Rules(), queueing=Queueing(openings))
    for spelled_hours in openings:
        await ledger.open_at(spelled_hours, 0.0)


# A server in virtual time


@dataclass
class Server:
    """Take messages as Telegram does, no more than its limits allow; each answer takes some time."""

    answer_time: float = 0.05
    jitter: float = 0.0  # by so much an answer takes longer or shorter
    late: Late | None = None  # by how much a call arrives late; then its answer comes `answer_time` after it
    limits: Limits = _LIMITS
    taken: list[tuple[float, str, str]] = field(default_factory=list)  # when, where, what
    refused: int = 0
    _chance: random.Random = field(default_factory=lambda: random.Random(2))

    def __post_init__(self) -> None:
        self.windows = CallWindows(self.limits)

    async def call(self, method: str, arguments: Mapping[str, str]) -> tuple[int, bytes]:
        """Answer one request of the SDK."""
        await self._on_its_way(self.late)
        code, answer = self._me() if method == "getMe" else self._take(method, arguments["chat_id"], arguments["text"])
        await self._on_its_way(self.late and (lambda _: self.answer_time))
        return code, json.dumps(answer).encode()

    @property
    def soonest(self) -> float:
        """Give when the first message can be here."""
        return 0.0 if self.late else self.answer_time / 2

    async def _on_its_way(self, seconds: Late | None) -> None:
        if seconds:
            await asyncio.sleep(seconds(self._chance))
            return
        await asyncio.sleep((self.answer_time + self._chance.uniform(-self.jitter, self.jitter)) / 2)

    def _me(self) -> tuple[int, object]:
        return 200, {"ok": True, "result": {"id": 1, "is_bot": True, "first_name": "P", "username": "paperboy_bot"}}

    def _take(self, method: str, chat: str, text: str) -> tuple[int, object]:
        now = asyncio.get_running_loop().time()
        if wait := self.windows.wait(chat, now):
            self.refused += 1
            description = f"Too Many Requests: retry after {wait}"
            return 429, {
                "ok": False,
                "error_code": 429,
                "description": description,
                "parameters": {"retry_after": wait},
            }
        self.taken.append((now, chat, _read(method, text)))
        kind = "supergroup" if chat.startswith("-") else "private"
        message = {"message_id": len(self.taken), "date": int(_EPOCH), "chat": {"id": int(chat), "type": kind}}
        return 200, {"ok": True, "result": message}


def _read(method: str, text: str) -> str:
    """Give what is read of a message wherever its lines lead, and of an edit whether it leads to all papers."""
    leads = sum(url.startswith("https://t.me/c/") for url in _HREF.findall(text))
    how = "" if method == "sendMessage" else _EDIT if leads == PAPERS else f"edit that leads to {leads}: "
    return f"{how}{_HREF.sub('', text)}"


class Wire(BaseRequest):
    """Carry the SDK's requests to a server of this process."""

    def __init__(self, server: Server) -> None:
        self._server = server

    @property
    def read_timeout(self) -> float | None:
        return None

    async def initialize(self) -> None:
        """Open nothing."""

    async def shutdown(self) -> None:
        """Close nothing."""

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *timeouts: Any, **more: Any
    ) -> tuple[int, bytes]:
        arguments = request_data.json_parameters if request_data else {}
        return await self._server.call(url.rpartition("/")[2], arguments)


class Inline(Queue[Any]):
    """Run a connection's work where it is asked for: virtual time cannot wait for its thread."""

    def put_nowait(self, item: tuple[asyncio.Future[Any] | None, Callable[[], Any]]) -> None:
        future, work = item
        _done(future or Future(), work)()

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        """Let the connection's thread end at once."""
        return None, lambda: aiosqlite.core._STOP_RUNNING_SENTINEL


class InlineThread:
    """Run the writer's work where it is asked for, too; writing takes up to `commit` seconds."""

    commit = 0.0
    _chance = random.Random(3)

    def __init__(self, **_: object) -> None:
        """Need nothing."""

    def submit(self, work: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        settle = _done(future, work)
        if self.commit:
            asyncio.get_running_loop().call_later(self._chance.uniform(0, self.commit), settle)
        else:
            settle()
        return future

    def shutdown(self) -> None:
        """Have nothing to end."""


def _done(future: asyncio.Future[Any] | Future[Any], work: Callable[[], Any]) -> Callable[[], None]:
    """Do some work, and give what makes its outcome known."""
    try:
        return partial(future.set_result, work())
    except Exception as error:  # noqa: BLE001 (it is raised where the future is awaited)
        return partial(future.set_exception, error)


# Who sends


@contextmanager
def in_memory() -> Iterator[str]:
    """Give a folder that lasts for some broadcasts."""
    with tempfile.TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None) as folder:
        yield folder


async def paperboy(server: Server, chats: Sequence[str]) -> None:
    """Plan and dispatch as the program does, with a ledger of its own."""
    with in_memory() as folder:
        await paperboy_in(folder, 0, server, chats)


async def paperboy_in(folder: str, later: int, server: Server, chats: Sequence[str]) -> None:
    """Do it with the ledger of a folder, so many days later."""
    loop = asyncio.get_running_loop()

    def clock() -> float:
        return _EPOCH + later * _DAY + loop.time()

    channel = telegram_channel(Bot(TOKEN, request=Wire(server), get_updates_request=Wire(server)))
    for allowance in channel.allowances:
        allowance.clock = clock
    with patch.object(aiosqlite.core, "SimpleQueue", Inline), patch.object(writer, "ThreadPoolExecutor", InlineThread):
        async with open_ledger(f"sqlite:///{folder}/ledger.db", clock) as ledger:
            paces = PaceKeeper(ledger, {channel.name: channel}, str)
            await paces.load()
            await planned(ledger, channel, chats, later, LINKED)
            await Dispatcher(ledger, {channel.name: channel}, clock=clock).run()
            await paces.keep()
    await channel.close()


@asynccontextmanager
async def _bot(server: Server, limiter: AIORateLimiter | None) -> AsyncIterator[tuple[Bot, list[dict[str, Any]]]]:
    bot = ExtBot(TOKEN, request=Wire(server), get_updates_request=Wire(server), rate_limiter=limiter)
    channel = telegram_channel(bot)
    yield bot, await spelled(channel)
    await channel.close()


def limited(*, retries: int, at_once: bool = False) -> Broadcast:
    """Send with the SDK's own limiter: chats side by side, each in order, or all messages at once."""

    async def send(server: Server, chats: Sequence[str]) -> None:
        async with _bot(server, AIORateLimiter(max_retries=retries)) as (bot, messages):

            async def worker(chat: str, part: Iterable[Arguments]) -> None:
                for arguments in part:
                    with suppress(RetryAfter):  # given up, as the SDK's error handlers do: it is logged
                        await bot.send_message(chat, **arguments)

            workers = (
                [(chat, [one]) for chat in chats for one in messages]
                if at_once
                else [(chat, messages) for chat in chats]
            )
            await asyncio.gather(*(worker(chat, texts) for chat, texts in workers))

    return send


def one_by_one(*, by_chat: bool) -> Broadcast:
    """Send in a plain loop that sleeps when it is told to."""

    async def send(server: Server, chats: Sequence[str]) -> None:
        async with _bot(server, None) as (bot, messages):
            by_paper = ((chat, one) for one in messages for chat in chats)
            for chat, arguments in ((chat, one) for chat in chats for one in messages) if by_chat else by_paper:
                while True:
                    try:
                        await bot.send_message(chat, **arguments)
                        break
                    except RetryAfter as error:
                        await asyncio.sleep(float(error._retry_after.total_seconds()))

    return send


# How good that was


def earliest(number: int, *windows: tuple[int, float]) -> list[float]:
    """Say when so many messages can be taken at the soonest, where windows of (most, seconds) are kept."""
    times: list[float] = []
    for n in range(number):
        times.append(max([0.0, *(times[n - most] + span for most, span in windows if n >= most)]))
    return times


def own_windows(chat: str, limits: Limits = _LIMITS) -> list[tuple[int, float]]:
    minute = [(limits.group, 60.0)] if chat.startswith("-") else []
    return [(limits.chat, 1.0), *minute]


def calls(chat: str, each: int) -> int:
    """Count the calls for so many messages: the index of a channel or supergroup is edited once, to lead to papers."""
    return each + (chat.startswith("-100") and each > 1)


def without_edits(_chat: str, each: int) -> int:
    return each


def least(chats: Iterable[str], each: int, limits: Limits = _LIMITS, count: Count = calls) -> float:
    """Give the time before which no broadcast can be over: the bot's limit, or that of a single chat."""
    listed = {chat: count(chat, each) for chat in chats}
    whole = earliest(sum(listed.values()), (limits.bot, 1.0))[-1]
    return max(whole, *(own_least(chat, number, limits) for chat, number in listed.items()))


def own_least(chat: str, each: int, limits: Limits = _LIMITS) -> float:
    return earliest(each, *own_windows(chat, limits))[-1]


@dataclass
class Outcome:
    """What a server saw of a broadcast."""

    server: Server
    chats: Sequence[str]
    texts: Sequence[str]  # that each chat shall have
    count: Count = calls  # with the edits that the sender makes

    def expected(self, chat: str) -> list[str]:
        edits = self.count(chat, len(self.texts)) - len(self.texts)
        return [*self.texts, *(f"{_EDIT}{self.texts[0]}" for _ in range(edits))]

    @property
    def ratio(self) -> float:
        """Give the time taken over the least possible, both until the server has the last message."""
        soonest = least(self.chats, len(self.texts), self.server.limits, self.count) + self.server.soonest
        return self.server.taken[-1][0] / soonest

    def by_chat(self) -> dict[str, list[tuple[float, str]]]:
        found: defaultdict[str, list[tuple[float, str]]] = defaultdict(list)
        for at, chat, text in self.server.taken:
            found[chat].append((at, text))
        return found

    @property
    def lost(self) -> int:
        missing = (
            Counter(self.expected(chat)) - Counter(text for _, text in self.by_chat()[chat]) for chat in self.chats
        )
        return sum(one.total() for one in missing)

    @property
    def doubled(self) -> int:
        more = (Counter(text for _, text in self.by_chat()[chat]) - Counter(self.expected(chat)) for chat in self.chats)
        return sum(one.total() for one in more)

    @property
    def out_of_order(self) -> int:
        """Count the messages that came after one that belongs after them."""
        places = {chat: {text: n for n, text in enumerate(self.expected(chat))} for chat in self.chats}
        return sum(_behind([places[chat][text] for _, text in got]) for chat, got in self.by_chat().items())

    def late(self) -> tuple[float, int]:
        """Tell how late the last chat was, over its own least time, and how many were late without need.

        A chat waits with need while the bot's limit is used up: see `_unused`. Its other waits, added to its own
        least time, are what it should have taken.
        """
        unused = list(self._unused())
        worst, unforced = 0.0, 0
        for chat, got in self.by_chat().items():
            own = own_least(chat, len(got), self.server.limits) + self.server.soonest
            waits = _waits([at for at, _ in got], own_windows(chat, self.server.limits), self.server.soonest)
            worst = max(worst, got[-1][0] / own)
            needless = sum(_overlap(wait, unused) for wait in waits)
            unforced += got[-1][0] > MOST_LATE * own and own + needless > MOST_LATE * own
        return worst, unforced

    def _unused(self) -> Iterator[tuple[float, float]]:
        """Give the stretches of time in which the bot's limit allowed a message and none came."""
        times = [0.0, *(at for at, *_ in self.server.taken)]
        recent: deque[float] = deque(maxlen=_LIMITS.bot)
        for last, following in pairwise(times):
            recent.append(last)
            window = recent[0] + _AFTER_THE_LAST_SECOND if len(recent) == _LIMITS.bot else 0.0
            if (start := max(last + _EVENLY, window)) < following:
                yield start, following


def _behind(places: Iterable[int]) -> int:
    highest, behind = -1, 0
    for place in places:
        behind += place < highest
        highest = max(highest, place)
    return behind


def _waits(times: Sequence[float], windows: Sequence[tuple[int, float]], start: float) -> Iterator[tuple[float, float]]:
    """Give the stretches in which a chat's own limits would have let its next message in."""
    for n, at in enumerate(times):
        ready = max([start, *(times[n - most] + span for most, span in windows if n >= most)])
        if ready < at:
            yield ready, at


def _overlap(wait: tuple[float, float], unused: Sequence[tuple[float, float]]) -> float:
    first = max(0, bisect_left(unused, wait) - 1)
    found = 0.0
    for start, end in unused[first:]:
        if start >= wait[1]:
            break
        found += max(0.0, min(end, wait[1]) - max(start, wait[0]))
    return found


# The table

SENDERS: Mapping[str, Broadcast] = {
    "Paperboy": paperboy,
    "AIORateLimiter, chats side by side": limited(retries=0),
    "AIORateLimiter, the same, 5 retries": limited(retries=5),
    "AIORateLimiter, all at once, 5 retries": limited(retries=5, at_once=True),
    "a plain loop, paper by paper": one_by_one(by_chat=False),
    "a plain loop, chat by chat": one_by_one(by_chat=True),
}


def outcome(sender: Broadcast, chats: Sequence[str], server: Server, later: int = 0, count: Count = calls) -> Outcome:
    """Let one sender broadcast in virtual time; `count` says how many calls it makes in a chat."""

    async def broadcast() -> Outcome:
        await sender(server, chats)
        channel = telegram_channel(Bot(TOKEN, request=Wire(server)))
        texts = [_read("sendMessage", str(arguments["text"])) for arguments in await spelled(channel, later)]
        await channel.close()
        return Outcome(server, chats, texts, count)

    return run(broadcast())


def _row(name: str, one: Outcome) -> Row:
    worst, unforced = one.late()
    counts = (one.server.refused, one.lost, one.doubled, one.out_of_order)
    return (
        name,
        f"{one.ratio:.3f}" if not one.lost else f"({one.ratio:.3f})",
        *map(str, counts),
        f"{worst:.2f}",
        str(unforced),
    )


HEAD = ("", "time / least", "429s", "lost", "doubled", "disordered", "last / own least", "late")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answer", type=float, default=0.05, help="seconds that each answer takes")
    parser.add_argument("--jitter", type=float, default=0.0, help="seconds by which an answer takes longer or shorter")
    parser.add_argument("--only", default="", help="senders whose names begin so")
    parser.add_argument("--commit", type=float, default=0.0, help="most seconds that a commit of the dispatcher takes")
    parser.add_argument("--networks", action="store_true", help="on networks where calls arrive late by chance")
    options = parser.parse_args()
    InlineThread.commit = options.commit
    configure(level=logging.CRITICAL)
    logging.disable(logging.CRITICAL)  # each 429 that the SDK gives up is logged with a traceback
    if options.networks:
        from tests.bench import networks

        networks.main(options.only)
        return
    chats, few = crowd(300, 60, 10), crowd(20, 4, 2)
    senders = {name: sender for name, sender in SENDERS.items() if name.startswith(options.only)}
    server = partial(Server, options.answer, options.jitter)
    counts: dict[str, Count] = {"Paperboy": calls}
    results = {name: outcome(one, chats, server(), 0, counts.get(name, without_edits)) for name, one in senders.items()}
    small = {name: outcome(one, few, server(), 0, counts.get(name, without_edits)) for name, one in senders.items()}
    each = PAPERS + 1
    title = f"{each} messages to 300 private chats, 60 groups and 10 channels, an answer taking {options.answer:g} s"
    show(title, HEAD, [_row(name, one) for name, one in results.items()], *_how(chats, each, options.answer))
    show(
        "The same to 20, 4 and 2: the bot's limit is not reached",
        HEAD,
        [_row(name, one) for name, one in small.items()],
    )
    if {"Paperboy"} <= results.keys():
        _judge(results["Paperboy"], small["Paperboy"])


def _how(chats: Sequence[str], each: int, answer_time: float) -> Iterator[str]:
    number, edits = len(chats) * each, sum(calls(chat, each) - each for chat in chats)
    last, without = least(chats, each), least(chats, each, count=without_edits)
    yield f"The least: {number:,} messages, {_LIMITS.bot} in any second, and an edit of {edits} indexes, the last"
    yield f"one at {last:.0f} s; without edits, which only Paperboy makes, at {without:.0f} s;"
    yield f"{each} messages in one chat, 1 a second and 20 a minute, need {own_least('-1', each):.0f} s;"
    yield f"half an answer's time, {answer_time / 2:g} s, until the server has it. Virtual time: all rounds are alike."
    yield "In brackets: with messages missing. An AIORateLimiter without retries is the SDK's default."
    yield "Last: when the last chat had all, over the least time that a chat needs by its own limits."
    yield "Late: chats later than 1.1 times their own least time though the bot's limit left room."


def _judge(full: Outcome, few: Outcome) -> None:
    late = full.late()[1] + few.late()[1]
    clean = not (full.server.refused + few.server.refused + full.lost + full.doubled + full.out_of_order)
    say(
        f"time / least at most {MOST_TIME}: {verdict(full.ratio <= MOST_TIME)}; no 429: {verdict(clean)};"
        f" no chat late without need: {verdict(not late and few.late()[0] <= MOST_LATE)}"
    )


if __name__ == "__main__":
    main()
