"""Of which sources a chat receives, and what comes and goes when that changes."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import date

import pytest

from bot.delivery.dispatcher import RetryPolicy
from bot.delivery.planner import plan
from bot.errors import RetryLater
from bot.ledger.chats.sources import spell, taken
from bot.sources.source import FoundDigest
from tests.support.digests import days, digest, found, paper
from tests.support.memory_channel import Failure, refused
from tests.support.pipeline import AT_ANY_TIME, Pipeline, pipeline_at

BOTH = ("blog", "hf")
NIGHT = 8 * 3600.0


def hf(*numbers: int) -> list[FoundDigest]:
    """Give digests of the other source, each with one paper."""
    return [found(digest(date(2025, 1, n), paper(50 + n), series="HF")) for n in numbers]


FIRSTS = {"blog": days(1)[0], "hf": hf(1)[0]}


@dataclass
class TwoSources:
    """A blog and Hugging Face, and chats that receive of them."""

    pipeline: Pipeline
    listed: dict[str, Sequence[str]] = field(default_factory=dict)
    known: Sequence[str] = BOTH

    async def look(self, blog: Sequence[int] = (), other: Sequence[int] = (), *, opening: float = 0.0) -> None:
        """Plan as a cycle does: after the chats and of which sources they receive."""
        await self.pipeline.ledger.subscriptions.sync_sources("terminal", self.known, self.listed)
        ledger, formatters = self.pipeline.ledger, {"terminal": self.pipeline.channel.formatter}
        wanting = await ledger.chats_wanting_newest()
        for name, now in (("blog", days(*blog)), ("hf", hf(*other))):
            await plan(ledger, name, now, formatters, AT_ANY_TIME)
        await ledger.release_now(wanting)
        await self.pipeline.open_at(opening)
        self.pipeline.clock.now += 60

    async def deliver(self, blog: Sequence[int], other: Sequence[int]) -> None:
        await self.look(blog, other)
        await self.pipeline.dispatch()

    async def choose(self, chat: str, *names: str) -> None:
        await self.pipeline.set_preferences(chat, sources=spell(names))

    def read(self, chat: str) -> list[str]:
        """Give the heads of the digests in a chat: series and day."""
        heads = [line.removeprefix("[bold]") for line in self.pipeline.shown(chat) if " · " in line]
        return [f"{'hf' if head.startswith('HF') else 'blog'} {head.split()[-3]}" for head in heads]


@pytest.fixture
async def two(ledger_url: str) -> AsyncIterator[TwoSources]:
    async with pipeline_at(ledger_url, "a", "b", "c") as pipeline:
        yield TwoSources(pipeline)


@pytest.mark.parametrize(
    ("chosen", "operators", "expected"),
    [
        ([], [], []),
        ([], ["hf"], ["hf"]),
        (["blog"], ["hf"], ["blog"]),
        (["hf", "blog"], [], ["blog", "hf"]),
        (["gone", "hf"], [], ["hf"]),
        (["gone"], ["hf"], ["hf"]),
        (["gone"], [], []),
    ],
)
def test_what_people_chose_goes_before_what_the_operator_set(
    chosen: list[str], operators: list[str], expected: list[str]
) -> None:
    assert taken(spell(chosen), operators, BOTH) == expected


async def test_without_any_choice_a_chat_receives_of_all_and_nothing_is_written(two: TwoSources) -> None:
    await two.deliver([1], [1])
    await two.deliver([1, 2], [1, 2])
    assert two.read("a") == ["blog 1", "hf 1", "blog 2", "hf 2"]
    assert (await two.pipeline.known("a")).sources == ""


async def test_the_settings_and_people_choose(two: TwoSources) -> None:
    two.listed = {"b": ["hf"], "c": ["hf"]}
    await two.choose("c", "blog")
    await two.deliver([1], [1])
    await two.deliver([1, 2], [1, 2])
    assert two.read("a") == ["blog 1", "hf 1", "blog 2", "hf 2"]
    assert two.read("b") == ["hf 1", "hf 2"]
    assert two.read("c") == ["blog 1", "blog 2"]


@pytest.mark.parametrize("subscribed", [False, True])
async def test_a_source_that_is_taken_up_comes_with_its_newest_alone(two: TwoSources, subscribed: bool) -> None:
    chat = "d" if subscribed else "a"
    if subscribed:
        await two.pipeline.subscriber("d")
    await two.choose(chat, "blog")
    for day in range(1, 5):
        await two.deliver(range(1, day + 1), range(1, day + 1))
    await two.choose(chat)
    for _ in range(2):
        await two.deliver(range(1, 5), range(1, 5))
    await two.deliver(range(1, 6), range(1, 6))
    assert two.read(chat) == ["blog 1", "blog 2", "blog 3", "blog 4", "hf 4", "blog 5", "hf 5"]


async def test_what_waits_of_a_source_that_is_given_up_is_dropped(two: TwoSources) -> None:
    await two.deliver([1], [1])
    await two.look([1, 2], [1, 2], opening=two.pipeline.clock() + NIGHT)
    await two.choose("a", "blog")
    await two.look([1, 2], [1, 2], opening=two.pipeline.clock() + NIGHT)
    two.pipeline.clock.now += NIGHT
    await two.pipeline.dispatch()
    assert two.read("a") == ["blog 1", "hf 1", "blog 2"]
    assert two.read("b") == ["blog 1", "hf 1", "blog 2", "hf 2"]


async def test_what_is_begun_of_a_source_that_is_given_up_is_finished_and_edited(two: TwoSources) -> None:
    await two.look([1])
    two.pipeline.channel.failures["a"] += [Failure(), refused(RetryLater("later", 60))]
    await two.pipeline.dispatch(RetryPolicy(settle_delay=0, first_backoff=0, longest_wait=0))
    assert two.pipeline.read("a") == ["index"]
    await two.choose("a", "hf")
    await two.look([1], [1])
    two.pipeline.clock.now += 60
    await two.pipeline.look([found(digest(date(2025, 1, 1), paper(1, word="better"), paper(2)))])
    await two.pipeline.dispatch()
    assert two.read("a") == ["blog 1", "hf 1"]
    assert two.pipeline.read("a") == ["index", "1", "2", "index", "51"]
    assert "better" in str(two.pipeline.channel.chats["a"][1].body)


async def test_an_edition_of_chats_that_receive_nothing_of_a_source_is_not_laid_out(two: TwoSources) -> None:
    await two.pipeline.set_preferences("a", layout="index", sources=spell(["hf"]))
    await two.deliver([1], [1])
    editions = {name: await two.pipeline.ledger.editions(name, one.digest.id) for name, one in FIRSTS.items()}
    assert {name: {edition for _, edition in found} for name, found in editions.items()} == {
        "blog": {"messages"},
        "hf": {"messages", "index"},
    }


async def test_the_newest_at_once_is_of_the_sources_that_are_taken(two: TwoSources) -> None:
    await two.deliver([1], [1])
    await two.pipeline.subscriber("d", now=True, sources=spell(["hf"]))
    await two.deliver([1], [1])
    assert two.read("d") == ["hf 1"]


async def test_who_comes_back_gets_what_it_missed_of_its_sources(two: TwoSources) -> None:
    two.listed = {"a": ["blog"]}
    await two.deliver([1], [1])
    await two.pipeline.ledger.subscriptions.pause((await two.pipeline.known("a")).id, "closed")
    await two.deliver([1, 2], [1, 2])
    await two.deliver([1, 2, 3], [1, 2, 3])
    await two.pipeline.ledger.subscriptions.resume_all()
    await two.deliver([1, 2, 3], [1, 2, 3])
    assert two.read("a") == ["blog 1", "blog 2", "blog 3"]


async def test_who_chose_a_source_that_is_gone_receives_what_the_operator_set(two: TwoSources) -> None:
    await two.choose("a", "hf")
    await two.deliver([1], [1])
    two.known = ["blog"]
    await two.look([1, 2])
    await two.pipeline.dispatch()
    assert two.read("a") == ["hf 1", "blog 2"]
    assert json.loads((await two.pipeline.known("a")).sources) == ["hf"]
