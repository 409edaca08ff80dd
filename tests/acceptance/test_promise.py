"""The promise, against anything: nothing lost, nothing doubled, order kept.

Hypothesis makes up histories of posts, edits, new chats, readers who come, go and change their minds,
nights, faults and crashes; in the end every chat must read as the newest post does, and of what came
before he subscribed a reader has lost nothing that he was promised.
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from bot import errors
from bot.database.states import ChatKind
from bot.delivery.decisions import Rules
from bot.delivery.dispatcher import Dispatcher, RetryPolicy
from bot.delivery.planner import plan
from bot.ledger.ledger import Ledger, open_ledger
from formatters.edition import Edition
from formatters.model import Digest
from tests.support.digests import digest, found, paper
from tests.support.memory_channel import CrashError, Failure, MemoryChannel, lost, refused
from tests.support.usual import usual_edition

CHATS = ("a", "b", "c")
READERS = ("r", "s")
LAYOUTS = ("messages", "digest", "index")
NEVER = 1e10  # the morning after a night that does not end by itself
Result = TypeVar("Result")

FAILURES: dict[str, Callable[[], Failure]] = {
    "answer lost": lost,
    "reset before it arrived": lambda: Failure(errors.Unconfirmed("reset")),
    "asked to wait": lambda: refused(errors.RetryLater("wait", 0.0, flood=True)),
    "no network": lambda: refused(errors.RetryLater("no route")),
    "markup refused": lambda: refused(errors.Rejected("cannot parse")),
    "crash before": lambda: Failure(CrashError()),
    "crash after": lambda: Failure(CrashError(), accepted=True),
}


class Promise(RuleBasedStateMachine):
    """One blog, up to three chats, one ledger that outlives every process."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="paperboy-promise-"))
        self.runner = asyncio.Runner()
        self.channel = MemoryChannel()
        self.posts: dict[int, Digest] = {}
        self.chats: set[str] = set()
        self.seen: dict[str, int] = {}  # how many messages of a chat were looked at
        self.planned: set[int] = set()  # days of the posts that a process has found
        self.promised: dict[str, set[int]] = {}  # days that a reader who subscribes now need not get
        self.crashes = 0
        self.stack = AsyncExitStack()
        self.ledger = self._do(self._open())

    @initialize()
    def begin(self) -> None:
        self.posts[1] = _post(1, [1, 2], "plain")
        self._join("a")

    @rule(chat=st.sampled_from(CHATS))
    def join(self, chat: str) -> None:
        """A chat is put into the settings."""
        self._join(chat)

    def _join(self, chat: str) -> None:
        self.chats.add(chat)
        self._do(
            self.ledger.subscriptions.sync_chats(
                "terminal", usual_edition(), {name: name for name in sorted(self.chats)}
            )
        )

    @rule(reader=st.sampled_from(READERS), now=st.booleans())
    def subscribe(self, reader: str, now: bool) -> None:
        """A reader subscribes, or wants the newest at once."""
        if reader not in self.promised:
            self.promised[reader] = set(self.planned)
        if now:
            self.promised[reader].discard(max(self.posts))
        self._do(self._subscribe(reader, now=now))

    @rule(reader=st.sampled_from(READERS))
    def unsubscribe(self, reader: str) -> None:
        if self.promised.pop(reader, None) is not None:
            self._do(self._unsubscribe(reader))

    @rule(reader=st.sampled_from(READERS), layout=st.sampled_from(["", "digest", "index"]))
    def prefer(self, reader: str, layout: str) -> None:
        """A reader chooses another layout, subscribed or not, even in the middle of a digest."""
        self._do(self._prefer(reader, layout))

    @rule()
    def night(self) -> None:
        """A process runs while all hours are closed, and perhaps dies."""
        try:
            self._do(self._run(opening=NEVER))
        except* CrashError:
            self.crashes += 1

    @rule(numbers=st.lists(st.integers(1, 5), min_size=1, max_size=4, unique=True), word=st.sampled_from("xyz"))
    def edit(self, numbers: list[int], word: str) -> None:
        """The newest post is written anew: papers come and change places, none goes, words change."""
        newest = max(self.posts)
        before = [int(one.id[-5:]) for one in self.posts[newest].papers]
        self.posts[newest] = _post(newest, list(dict.fromkeys([*numbers, *before])), word)

    @rule()
    def publish(self) -> None:
        """The next day's post appears."""
        if self._settled_once():
            day = max(self.posts) + 1
            self.posts[day] = _post(day, [1, 2], "plain")

    @rule(chat=st.sampled_from(CHATS), incident=st.sampled_from(sorted(FAILURES)), after=st.integers(0, 3))
    def incident(self, chat: str, incident: str, after: int) -> None:
        """Something will go wrong with a coming call."""
        self.channel.failures[chat] += [*(Failure() for _ in range(after)), FAILURES[incident]()]

    @rule()
    def run(self) -> None:
        """A process starts, works, and perhaps dies."""
        try:
            self._do(self._run())
        except* CrashError:
            self.crashes += 1

    @invariant()
    def nothing_is_doubled(self) -> None:
        for chat, shown in self.channel.chats.items():
            refs = [one.ref for one in shown]
            assert len(refs) == len(set(refs)), f"{chat} holds a message twice"

    @invariant()
    def order_is_kept(self) -> None:
        """What a chat received since the last look at one post came in that post's order."""
        for chat, shown in self.channel.chats.items():
            places = [place for one in shown[self.seen.get(chat, 0) :] if (place := self._place(one.body)) is not None]
            assert places == sorted(places), f"{chat} received {places}"
            self.seen[chat] = len(shown)

    def teardown(self) -> None:
        try:
            self._settled()
        finally:
            self._do(self.stack.aclose())
            self.runner.close()
            shutil.rmtree(self.folder)

    def _settled(self) -> None:
        """In the end, without failures, all who shall have the newest post hold all of it, once."""
        self.channel.failures.clear()
        self._do(self._run())
        for chat in self.chats:
            held = self._held(chat)
            wanted = self._newest("messages")
            assert sorted(body for body in held if body in wanted) == sorted(wanted), f"{chat} lacks something"
            assert len(held) == len(set(held)), f"{chat} holds a message twice"
        for reader, came_before in self.promised.items():
            if max(self.posts) not in came_before:
                whole = [set(self._newest(layout)) <= set(self._held(reader)) for layout in LAYOUTS]
                assert any(whole), f"{reader} lacks something"
        self._do(self._no_digest_came_in_two_ways())

    def _held(self, chat: str) -> list[str]:
        return [str(dict(one.body)) for one in self.channel.chats[chat]]

    def _newest(self, layout: str) -> list[str]:
        """Give what the newest post reads like in a layout."""
        newest = self.channel.formatter.digest(self.posts[max(self.posts)], Edition(layout))
        return [str(dict(message.body)) for message in newest]

    def _place(self, body: object) -> int | None:
        """Give a message's place in the newest post, None for one of an older post."""
        bodies = self._newest("messages")
        return bodies.index(str(body)) if str(body) in bodies else None

    def _settled_once(self) -> bool:
        """Tell whether the newest post was looked at; unseen older ones would become the baseline."""
        return any(self.channel.chats.values())

    def _do(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    async def _open(self) -> Ledger:
        return await self.stack.enter_async_context(open_ledger(f"sqlite:///{self.folder}/ledger.db"))

    async def _subscribe(self, reader: str, *, now: bool) -> None:
        await self.ledger.subscriptions.subscribe(await self._known(reader), usual_edition(), now=now)

    async def _unsubscribe(self, reader: str) -> None:
        await self.ledger.subscriptions.unsubscribe(await self._known(reader))

    async def _prefer(self, reader: str, layout: str) -> None:
        await self.ledger.subscriptions.set_preferences(await self._known(reader), usual_edition(), layout=layout)

    async def _known(self, reader: str) -> int:
        people = self.ledger.subscriptions
        kind = ChatKind.UNKNOWN
        return await people.add_chat(
            "terminal", reader, id_sequence=reader, kind=kind, language="", usual=usual_edition()
        )

    async def _no_digest_came_in_two_ways(self) -> None:
        """Whatever a chat shows is in the ledger, and all that it has of a digest is of one edition."""
        arrived = (
            "SELECT chats.name, count(DISTINCT messages.edition), count(*) FROM deliveries"
            " JOIN chats ON chats.id = chat_id JOIN messages ON messages.id = message_id"
            " WHERE remote_id IS NOT NULL GROUP BY chats.id, digest_id"
        )
        async with self.ledger._read() as db:
            rows = [tuple(row) for row in await db.exec_driver_sql(arrived)]
        assert {editions for _, editions, _ in rows} <= {1}
        for chat in READERS:
            known = sum(count for name, _, count in rows if name == chat)
            assert known == len(self.channel.chats[chat]), f"{chat} shows what the ledger does not know"

    async def _run(self, *, opening: float = 0.0) -> None:
        founds = [found(one) for one in self.posts.values()]
        formatters = {"terminal": self.channel.formatter}
        wanting_newest = await self.ledger.chats_wanting_newest()
        await plan(self.ledger, "blog", founds, formatters, Rules())
        await self.ledger.release_now(wanting_newest)
        await self.ledger.open_at("", opening)
        self.planned |= self.posts.keys()
        await Dispatcher(self.ledger, {"terminal": self.channel}, RetryPolicy(settle_delay=0, first_backoff=0)).run()


def _post(day: int, numbers: list[int], word: str) -> Digest:
    papers = [paper(place, id=f"25{day:02}.{number:05}", word=word) for place, number in enumerate(numbers, 1)]
    return digest(date(2025, 1, day), *papers)


TestPromise = Promise.TestCase
TestPromise.settings = settings(max_examples=20, stateful_step_count=15)


@pytest.mark.long
class TestPromiseLong(Promise.TestCase):  # type: ignore[misc,valid-type]
    settings = settings(max_examples=1000, stateful_step_count=40)
