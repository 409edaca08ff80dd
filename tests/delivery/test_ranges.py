"""Planning for some chats at a time: wherever it is cut off, each chat gets all of it, once, and at its hour."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from bot.database.states import Unplanned
from bot.delivery.decisions import Rules
from bot.delivery.planner import plan_by_hand
from bot.ledger import planning
from bot.ledger.ledger import open_ledger
from bot.ledger.records.deliveries import QueuedDelivery
from bot.ledger.records.digests import nothing
from bot.ledger.sql import queueing_sql
from bot.sources.source import FoundDigest
from tests.support.digests import days
from tests.support.ledger_rows import change, rows
from tests.support.memory_channel import CrashError
from tests.support.pipeline import Pipeline, pipeline_at

WHOLE = ["index", "1", "2"]
LISTED, READERS = ("a", "b", "c"), ("d", "e", "f", "g")
CHATS = (*LISTED, *READERS)  # in the order of their ids, of which two make a range
NEW = "daily-papers/2025-01-02"
SEEDS = [*range(4), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(4, 200))]

THEIRS = (
    "SELECT message_id FROM deliveries JOIN messages ON messages.id = message_id "
    "WHERE chat_id = :chat AND digest_id = :digest ORDER BY message_id"
)

Act = Callable[[], Awaitable[object]]


@pytest.fixture(autouse=True)
def two_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "_MOST_CHATS", 2)


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    """Give chats that have the digest of the first day."""
    async with pipeline_at(ledger_url, *LISTED) as pipeline:
        for reader in READERS:
            await pipeline.subscriber(reader)
        await pipeline.run(days(1))
        assert [pipeline.read(chat) for chat in CHATS] == [WHOLE] * 7
        yield pipeline


@dataclass
class Cut:
    """Do something once so many ranges were written, and end there as a process does that is killed."""

    after: int
    act: Act | None = None
    crashes: bool = True
    ranges: int = 0

    async def __call__(self) -> None:
        self.ranges += 1
        if self.ranges == self.after:
            if self.act:
                await self.act()
            if self.crashes:
                raise CrashError


async def cut_off(
    pipeline: Pipeline, posts: Sequence[FoundDigest], after: int, act: Act | None = None, opening: float = 0.0
) -> None:
    with pytest.raises(CrashError):
        await pipeline.look(posts, opening=opening, on_queued=Cut(after, act))


async def unplanned(pipeline: Pipeline) -> list[Unplanned]:
    return [one.unplanned for one in await pipeline.ledger.known_digests("blog")]


def hours(url: str) -> list[float]:
    return [at for (at,) in rows(url, "SELECT not_before FROM deliveries WHERE state = 'pending'")]


def shown(pipeline: Pipeline, chats: Sequence[str] = CHATS) -> list[list[str]]:
    """Give what chats got of the second day."""
    return [pipeline.read(chat)[len(WHOLE) :] for chat in chats]


async def test_each_range_is_told_of_and_nothing_is_left(pipeline: Pipeline) -> None:
    counted = Cut(after=9)
    await pipeline.look(days(1, 2), on_queued=counted)
    assert (counted.ranges, await unplanned(pipeline)) == (4, [Unplanned.NOTHING] * 2)
    await pipeline.dispatch()
    assert shown(pipeline) == [WHOLE] * 7


async def test_what_is_queued_already_is_sent_while_the_rest_is_planned(pipeline: Pipeline) -> None:
    await pipeline.look(days(1, 2), on_queued=Cut(1, pipeline.dispatch, crashes=False))
    assert shown(pipeline) == [WHOLE] * 2 + [[]] * 5
    await pipeline.dispatch()
    assert shown(pipeline) == [WHOLE] * 7


async def claimed_meanwhile(pipeline: Pipeline, posts: Sequence[FoundDigest]) -> QueuedDelivery | None:
    """Read what a chat is due after the first range, and claim it after the second one."""
    writer, read, claimed = pipeline.ledger.writer, list[QueuedDelivery](), list[QueuedDelivery | None]()

    async def act() -> None:
        if not read:
            read.append((await writer.next_rows(1))[0])
        elif not claimed:
            claimed.append(await writer.claim(read[0]))

    await pipeline.look(posts, on_queued=act)
    return claimed[0]


async def test_what_is_due_need_not_be_read_anew_while_others_are_given_a_new_digest(pipeline: Pipeline) -> None:
    assert await claimed_meanwhile(pipeline, days(1, 2))


async def test_what_is_due_is_read_anew_when_something_may_come_before_it(pipeline: Pipeline) -> None:
    await pipeline.look(days(1, 2))
    assert await claimed_meanwhile(pipeline, [*days(1), *days(2, papers=3)]) is None


@pytest.mark.parametrize("after", [1, 2, 3])
async def test_what_a_crash_left_out_is_planned_by_whoever_plans_next_with_the_same_hour(
    pipeline: Pipeline, ledger_url: str, after: int
) -> None:
    opening = pipeline.clock() + 3600
    await cut_off(pipeline, days(1, 2), after, opening=opening)
    assert await unplanned(pipeline) == [Unplanned.NOTHING, Unplanned.ALL]
    assert hours(ledger_url) == [opening] * 6 * after
    async with open_ledger(ledger_url, pipeline.clock) as other:
        await Pipeline(other, pipeline.clock, pipeline.channel).look(days(1, 2), opening=opening)
    assert (hours(ledger_url), await unplanned(pipeline)) == ([opening] * 3 * 7, [Unplanned.NOTHING] * 2)
    await pipeline.run(days(1, 2))
    assert shown(pipeline) == [WHOLE] * 7


@pytest.mark.parametrize("papers", [2, 3])
async def test_a_crash_in_a_digest_leaves_nobody_without_it_once_there_is_a_newer_one(
    pipeline: Pipeline, papers: int
) -> None:
    """Who joins gets the newest alone; these are no such chats, also where its post grew in between."""
    await cut_off(pipeline, days(1, 2), 1)
    await pipeline.look([*days(1), *days(2, papers=papers), *days(3)], rules=Rules(catch_up=1))
    await pipeline.dispatch()
    whole = ["index", *map(str, range(1, papers + 1)), *WHOLE]
    assert shown(pipeline) == [whole] * 7


async def test_a_post_that_is_edited_before_the_rest_is_planned_loses_nobody(pipeline: Pipeline) -> None:
    """To edit what some chats have is a plan of its own, which may be cut off, too."""
    await cut_off(pipeline, days(1, 2), 1)
    more = [*days(1), *days(2, papers=3)]
    await cut_off(pipeline, more, 2)
    assert await unplanned(pipeline) == [Unplanned.NOTHING, Unplanned.ALL]
    await pipeline.run(more)
    assert shown(pipeline) == [[*WHOLE, "3"]] * 7
    assert await unplanned(pipeline) == [Unplanned.NOTHING] * 2


async def test_a_paper_that_is_added_reaches_those_whose_range_was_not_reached(pipeline: Pipeline) -> None:
    await pipeline.run(days(1, 2))
    more = [*days(1), *days(2, papers=3)]
    await cut_off(pipeline, more, 1)
    assert await unplanned(pipeline) == [Unplanned.NOTHING, Unplanned.REST]
    await pipeline.run(more)
    assert shown(pipeline) == [[*WHOLE, "3"]] * 7
    assert await unplanned(pipeline) == [Unplanned.NOTHING] * 2


async def test_what_is_sent_to_one_chat_by_hand_leaves_the_rest_to_be_planned(pipeline: Pipeline) -> None:
    await cut_off(pipeline, days(1, 2, 3), 1)
    chat = await pipeline.ledger.by_hand.chat("terminal g")
    formatters = {"terminal": pipeline.channel.formatter}
    assert await plan_by_hand(pipeline.ledger, "blog", NEW, formatters, chat) == 3
    await pipeline.run(days(1, 2, 3))
    assert [Counter(one) for one in shown(pipeline)] == [Counter(WHOLE * 2)] * 7


async def test_a_digest_that_is_dropped_between_two_ranges_goes_to_nobody_else(pipeline: Pipeline) -> None:
    async def drop() -> None:
        await pipeline.dispatch()
        [meant] = await pipeline.ledger.by_hand.find(NEW)
        await pipeline.ledger.by_hand.drop(meant.id)

    await pipeline.look(days(1, 2), on_queued=Cut(1, drop, crashes=False))
    await pipeline.run(days(1, 2))
    assert shown(pipeline) == [WHOLE] * 2 + [[]] * 5


@pytest.mark.parametrize("crashes", [True, False])
@pytest.mark.parametrize("chat", ["d", "g"])
async def test_who_leaves_between_two_ranges_gets_nothing(pipeline: Pipeline, chat: str, *, crashes: bool) -> None:
    async def leave() -> None:
        await pipeline.unsubscribe(chat)

    with suppress(CrashError):
        await pipeline.look(days(1, 2), on_queued=Cut(2, leave, crashes=crashes))
    await pipeline.run(days(1, 2))
    others = [one for one in CHATS if one != chat]
    assert (shown(pipeline, [chat]), shown(pipeline, others)) == ([[]], [WHOLE] * 6)


@pytest.mark.parametrize("crashes", [True, False])
@pytest.mark.parametrize("now", [True, False])
@pytest.mark.parametrize("chat", ["d", "g", "new"])
async def test_who_subscribes_between_two_ranges_gets_it_where_it_asks_for_the_newest(
    pipeline: Pipeline, chat: str, *, now: bool, crashes: bool
) -> None:
    if chat != "new":
        await pipeline.unsubscribe(chat)

    async def subscribe() -> None:
        pipeline.clock.now += 1
        await (pipeline.subscriber(chat, now=now) if chat == "new" else pipeline.subscribe(chat, now=now))

    with suppress(CrashError):
        await pipeline.look(days(1, 2), on_queued=Cut(2, subscribe, crashes=crashes))
    await pipeline.run(days(1, 2))
    assert pipeline.read(chat) == WHOLE * ((chat != "new") + now)
    others = [one for one in CHATS if one != chat]
    assert shown(pipeline, others) == [WHOLE] * len(others)


@pytest.mark.parametrize("crashes", [True, False])
@pytest.mark.parametrize("names", [("a", "@a"), ("@a", "a")])
async def test_two_names_that_are_merged_between_two_ranges_receive_once(
    ledger_url: str, names: tuple[str, str], *, crashes: bool
) -> None:
    """One of them is in the first range, the other in the second one."""
    async with pipeline_at(ledger_url) as pipeline:
        pipeline.channel.numbers["@a"] = "a"
        first, second = names
        await pipeline.ledger.subscriptions.sync_chats("terminal", pipeline.usual, {one: one for one in (first, "b")})
        listed = {one: one for one in (first, "b", second)}
        await pipeline.ledger.subscriptions.sync_chats("terminal", pipeline.usual, listed)

        async def merge() -> None:
            await pipeline.settle(*listed)

        with suppress(CrashError):
            await pipeline.look(days(1), on_queued=Cut(1, merge, crashes=crashes))
        for _ in range(2):
            await pipeline.settle(*listed)
            await pipeline.run(days(1))
        assert (pipeline.read("a"), pipeline.read("b")) == (WHOLE, WHOLE)


@dataclass
class World:
    """A pipeline in which anything may happen: posts grow, chats choose another language, and the last two leave."""

    pipeline: Pipeline
    chance: random.Random
    papers: dict[int, int] = field(default_factory=lambda: {1: 2, 2: 2})  # by day

    @property
    def posts(self) -> list[FoundDigest]:
        return [post for number, many in self.papers.items() for post in days(number, papers=many)]

    @property
    def whole(self) -> Counter[str]:
        numbers = (str(number) for many in self.papers.values() for number in range(1, many + 1))
        return Counter(["index", "index", *numbers])

    async def act(self) -> None:
        acts: list[Act] = [self.grow, self.leave, self.come, self.choose, self.pipeline.dispatch, nothing]
        await self.chance.choice(acts)()

    async def grow(self) -> None:
        self.papers[self.chance.choice([1, 2])] += 1

    async def leave(self) -> None:
        await self.pipeline.unsubscribe(self.chance.choice("fg"))

    async def come(self) -> None:
        await self.pipeline.subscribe(self.chance.choice("fg"), now=self.chance.random() < 0.5)

    async def choose(self) -> None:
        await self.pipeline.set_preferences(self.chance.choice(CHATS), language=self.chance.choice(["ko", "en"]))

    async def look(self) -> None:
        """Look at the source, and be killed at times."""
        cut = Cut(self.chance.randrange(1, 8), self.act, crashes=self.chance.random() < 0.7)
        opening = self.chance.choice([0.0, self.pipeline.clock() + 3600])
        with suppress(CrashError):
            await self.pipeline.look(self.posts, opening=opening, on_queued=cut)
        self.pipeline.clock.now += 60


@pytest.mark.parametrize("seed", SEEDS)
async def test_whatever_happens_between_ranges(pipeline: Pipeline, seed: int) -> None:
    """Who stays ends with all papers of both days, each once; nobody gets anything twice, and nothing is left."""
    world = World(pipeline, random.Random(seed))
    for _ in range(8):
        await world.act()
        await world.look()
    for _ in range(2):
        await pipeline.run(world.posts)
    assert [Counter(pipeline.read(chat)) for chat in CHATS[:-2]] == [world.whole] * 5
    assert [Counter(pipeline.read(chat)) - world.whole for chat in CHATS[-2:]] == [Counter()] * 2
    assert await unplanned(pipeline) == [Unplanned.NOTHING] * 2


async def test_what_was_claimed_meanwhile_is_not_laid_out_anew(pipeline: Pipeline, ledger_url: str) -> None:
    """A worker of another process may claim what waits while it is seen that the chat prefers another edition."""
    await pipeline.set_preferences("g", language="ko")
    await pipeline.look(days(1, 2), opening=pipeline.clock() + 3600)
    await pipeline.set_preferences("f", language="ko")
    waiting, [(digest,)] = (await pipeline.known("f")).id, rows(ledger_url, "SELECT max(id) FROM digests")
    queued = rows(ledger_url, THEIRS, chat=waiting, digest=digest)
    claimed = "UPDATE deliveries SET state = 'sending', attempts = 1 WHERE chat_id = :chat AND message_id = :message"
    change(ledger_url, claimed, chat=waiting, message=queued[0][0])
    async with pipeline.ledger._write() as db:
        for statement in queueing_sql.requeue(digest, [waiting], {}):
            await db.execute(statement)
    assert rows(ledger_url, THEIRS, chat=waiting, digest=digest) == queued[:1]
