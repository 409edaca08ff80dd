"""Whatever happens, chats receive the same whether or not old deliveries are deleted meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import errors
from bot.database.states import ChatKind, DigestState
from bot.delivery.channel import ChatIdentity
from bot.delivery.decisions import Rules
from bot.delivery.dispatcher import RetryPolicy
from bot.ledger.by_hand import MeantDigest
from bot.ledger.ledger import open_ledger
from bot.sources.source import FoundDigest
from formatters.model import Digest, Paper
from tests.database.moving.support import move
from tests.support.digests import digest, found, paper
from tests.support.ledger_files import Files, empty
from tests.support.memory_channel import Failure, MemoryChannel, lost, refused
from tests.support.pipeline import Clock, Pipeline, new_file
from tests.support.postgres.databases import Ledgers

SHORT = settings(max_examples=4, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(SHORT, max_examples=150)
LISTED, READERS = ("a", "b"), ("r", "s")
LAYOUTS = ("messages", "thread", "index", "digest")
CATCH_UP, KEEP, EDITS_FOR = 2, timedelta(days=30), timedelta(days=3)
NEVER = 1e10
WAITS = RetryPolicy(settle_delay=0, first_backoff=0, longest_wait=10)
FAILURES: dict[str, Callable[[], Failure]] = {
    "gone": lambda: refused(errors.ChatGone("blocked")),
    "later": lambda: refused(errors.RetryLater("wait", 3600.0)),
    "refused": lambda: refused(errors.Rejected("odd")),
    "lost": lost,
    "lost before it arrived": lambda: Failure(errors.Unconfirmed("reset")),
}


@dataclass(frozen=True)
class Step:
    """Something that happens to a blog, a chat or the time."""

    what: str
    who: str = ""
    number: int = 0

    def __repr__(self) -> str:
        return " ".join(filter(None, [self.what, self.who, str(self.number or "")]))


# So much is there to be deleted at some time.
FIRST = [*[Step("post"), Step("pass", number=1)] * 3]
LAST = [Step("resume"), Step("pass", number=1), Step("post"), Step("run")]
happenings = st.builds(
    Step, st.sampled_from(("post", "post", "publish", "run", "night", "edit", "resume", "drop", "recall", "restart"))
)
passings = st.builds(Step, st.just("pass"), number=st.sampled_from((1, 6, 16, 31)))
steps = st.one_of(
    happenings,
    passings,
    st.builds(Step, st.sampled_from(("subscribe", "now", "unsubscribe")), st.sampled_from(READERS)),
    st.builds(Step, st.just("prefer"), st.sampled_from(READERS), st.integers(0, len(LAYOUTS) - 1)),
    st.builds(Step, st.sampled_from(("list", "unlist")), st.sampled_from(LISTED)),
    st.builds(Step, st.sampled_from([*FAILURES]), st.sampled_from((*LISTED, *READERS)), st.integers(0, 2)),
)


class Channel(MemoryChannel):
    """One that tells at any time who a chat is: failures are those of messages."""

    async def identify(self, address: str) -> ChatIdentity:
        return ChatIdentity(ChatKind.PRIVATE, address)


@dataclass
class World:
    """A ledger and what happens to it; what is old is deleted at each step, or never."""

    url: str
    is_pruned: bool
    clock: Clock = field(default_factory=Clock)
    channel: Channel = field(default_factory=Channel)
    posts: dict[str, FoundDigest] = field(default_factory=dict)
    listed: set[str] = field(default_factory=lambda: {"a"})
    dropped: set[str] = field(default_factory=set)
    papers: int = 0
    pruned: int = 0
    _opened: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def open(self) -> None:
        ledger = await self._opened.enter_async_context(open_ledger(self.url, self.clock))
        self.pipeline = Pipeline(ledger, self.clock, self.channel)

    async def close(self) -> None:
        await self._opened.aclose()

    @property
    def today(self) -> date:
        return datetime.fromtimestamp(self.clock.now, UTC).date()

    async def happen(self, step: Step) -> None:
        await getattr(self, f"_{step.what}", self._fail)(step)
        if self.is_pruned:
            self.pruned += await self.pipeline.ledger.pruning.prune(KEEP.total_seconds(), CATCH_UP, self.today)

    def shown(self) -> dict[str, list[tuple[str, int]]]:
        """Give what each chat shows, and how often that was edited."""
        return {chat: [(str(one.body), one.edits) for one in held] for chat, held in self.channel.chats.items()}

    async def _publish(self, _: Step) -> None:
        self._write(digest(self.today, self._paper(1), self._paper(2)))

    async def _post(self, step: Step) -> None:
        await self._publish(step)
        await self._run(step)

    async def _edit(self, _: Step) -> None:
        """The newest post gets one more paper."""
        if self.posts:
            newest = self.posts[max(self.posts)].digest
            self._write(replace(newest, papers=(*newest.papers, self._paper(len(newest.papers) + 1))))

    async def _run(self, _: Step, opening: float = 0.0) -> None:
        rules = Rules(catch_up=CATCH_UP, edits_for=EDITS_FOR.total_seconds(), today=self.today)
        await self.pipeline.settle(*sorted(self.listed))
        await self.pipeline.look([*self.posts.values()], opening=opening, rules=rules)
        await self.pipeline.dispatch(WAITS)

    async def _night(self, step: Step) -> None:
        await self._run(step, opening=NEVER)

    async def _pass(self, step: Step) -> None:
        """What was dropped is taken off the blog before it is old: from then on it never comes again."""
        self.clock.now += step.number * 86400.0
        self.posts = {name: one for name, one in self.posts.items() if name not in self.dropped or self._is_young(one)}

    async def _resume(self, _: Step) -> None:
        await self.pipeline.ledger.subscriptions.resume_all()

    async def _restart(self, _: Step) -> None:
        await self.close()
        await self.open()
        await self.pipeline.ledger.mark_interrupted(self.channel.name, 0)

    async def _drop(self, _: Step) -> None:
        """Drop the newest digest, which is new again once it is edited."""
        if (newest := await self._newest()) is not None:
            await self.pipeline.ledger.by_hand.drop(newest.id)
            self.dropped.add(newest.name)

    async def _recall(self, _: Step) -> None:
        if (newest := await self._newest()) is not None:
            await self.pipeline.ledger.by_hand.recall(newest.id)
            self.dropped.add(newest.name)

    async def _newest(self) -> MeantDigest | None:
        ledger = self.pipeline.ledger
        known = [one for one in await ledger.known_digests("blog") if one.state is DigestState.ACTIVE]
        name = max(self.posts, default="")
        if not known or known[-1].name != name or not self._is_young(self.posts[name]):
            return None
        [meant] = await ledger.by_hand.find(known[-1].name)
        return meant

    async def _subscribe(self, step: Step, *, now: bool = False) -> None:
        await self.pipeline.subscriber(step.who, now=now)

    async def _now(self, step: Step) -> None:
        await self._subscribe(step, now=True)

    async def _unsubscribe(self, step: Step) -> None:
        if await self._is_known(step.who):
            await self.pipeline.unsubscribe(step.who)

    async def _prefer(self, step: Step) -> None:
        if await self._is_known(step.who):
            await self.pipeline.set_preferences(step.who, layout=LAYOUTS[step.number])

    async def _list(self, step: Step) -> None:
        self.listed.add(step.who)

    async def _unlist(self, step: Step) -> None:
        self.listed.discard(step.who)

    async def _fail(self, step: Step) -> None:
        self.channel.failures[step.who] += [*(Failure() for _ in range(step.number)), FAILURES[step.what]()]

    async def _is_known(self, who: str) -> bool:
        return await self.pipeline.ledger.subscriptions.find(self.channel.name, (who,)) is not None

    def _is_young(self, post: FoundDigest) -> bool:
        return self.today - post.digest.day <= timedelta(days=7)

    def _write(self, one: Digest) -> None:
        self.posts[one.id] = found(one)

    def _paper(self, number: int) -> Paper:
        self.papers += 1
        return paper(number, id=f"2506.{self.papers:05}")


async def play(ledgers: Files | Ledgers, history: Sequence[Step]) -> int:
    """Let the same happen to two ledgers, of which one is pruned; count what was deleted."""
    async with AsyncExitStack() as stack:
        worlds = [World(stack.enter_context(ledgers.lend()), is_pruned) for is_pruned in (False, True)]
        for world in worlds:
            stack.push_async_callback(world.close)
            await world.open()
        unpruned, pruned = worlds
        for step in (*FIRST, *history, *LAST):
            for world in worlds:
                await world.happen(step)
            assert unpruned.shown() == pruned.shown(), step
        return pruned.pruned


@SHORT
@given(history=st.lists(steps, min_size=4, max_size=14))
def test_chats_receive_the_same(ledgers: Files | Ledgers, history: list[Step]) -> None:
    asyncio.run(play(ledgers, history))


async def test_chats_receive_the_same_where_the_ledger_moves(tmp_path: Path, postgres_url: str) -> None:
    """The one that is pruned moves to PostgreSQL in the middle of a digest, and is pruned there, too."""
    before = [*FIRST, Step("now", "r"), Step("run"), Step("pass", number=31), Step("later", "a", 1), Step("post")]
    after = [
        *(Step("edit"), Step("run"), Step("subscribe", "s"), Step("pass", number=31), Step("post"), Step("run")),
        *(Step("unlist", "a"), Step("post"), Step("list", "a"), Step("pass", number=31), *LAST),
    ]
    empty(tmp_path / "other.db")
    worlds = [World(new_file(tmp_path), is_pruned=True), World(f"sqlite:///{tmp_path}/other.db", is_pruned=False)]
    pruned, unpruned = worlds
    for world in worlds:
        await world.open()
        for step in before:
            await world.happen(step)
    deleted = pruned.pruned
    await pruned.close()
    await move(tmp_path / "ledger.db", postgres_url)
    pruned.url = postgres_url
    await pruned.open()
    for step in after:
        for world in worlds:
            await world.happen(step)
        assert unpruned.shown() == pruned.shown(), step
    for world in worlds:
        await world.close()
    assert 0 < deleted < pruned.pruned


@pytest.mark.long
@LONG
@given(history=st.lists(steps, min_size=4, max_size=20))
def test_chats_receive_the_same_after_long_histories(ledgers: Files | Ledgers, history: list[Step]) -> None:
    asyncio.run(play(ledgers, history))
