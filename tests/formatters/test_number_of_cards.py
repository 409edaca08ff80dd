"""Some papers as cards, the others in the index alone, which has a button for each of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from bot.sources.source import FoundDigest
from formatters.edition import Edition
from formatters.locale import phrases
from formatters.message import Message
from formatters.model import Earlier
from formatters.page import reference
from formatters.telegram import TelegramFormatter
from tests.support.digests import days, digest, found, paper
from tests.support.memory_channel import MemoryChannel
from tests.support.pipeline import Pipeline, open_pipeline
from tests.support.rendering import FORTY, LISTENING, Case, all_cases

DAY = date(2025, 1, 1)
FIVE = Edition(cards=5)
each_listening = pytest.mark.parametrize("case", LISTENING, ids=str)


def cards(messages: Iterable[Message]) -> list[str]:
    return [message.key for message in messages if message.key.startswith("paper/")]


def keys(*numbers: int) -> list[str]:
    return [f"paper/{paper(number).id}" for number in numbers]


@all_cases
@pytest.mark.parametrize("layout", ["messages", "thread"])
def test_the_first_papers_get_a_card_and_the_index_lists_all(case: Case, layout: str) -> None:
    messages = case.formatter.digest(FORTY, Edition(layout, cards=5))
    whole = case.formatter.digest(FORTY, Edition(layout))
    assert cards(messages) == cards(whole)[:5]
    assert messages[-5:] == tuple(one for one in whole if one.key in cards(messages))
    index = [one for one in messages if one.key.startswith("index")]
    assert [case.see(one).text for one in index] == [case.see(one).text for one in whole[: len(index)]]


def test_thirty_nine_papers_of_which_five_get_a_card_are_six_messages() -> None:
    post = digest(DAY, *map(paper, range(1, 40)))
    for case in LISTENING:
        assert len(case.formatter.digest(post, FIVE)) == 6


@each_listening
def test_the_index_has_a_button_for_each_paper_without_a_card(case: Case) -> None:
    post = digest(DAY, *map(paper, range(1, 40)))
    index = case.see(case.formatter.digest(post, FIVE)[0])
    assert [label for label, _ in index.buttons] == [str(number) for number in range(6, 40)]
    assert [line.rpartition("paper")[2][1:] for _, line in index.buttons] == [
        reference(post, one) for one in post.papers[5:]
    ]
    assert case.formatter.channel != "telegram" or max(map(len, index.rows)) == 8


@all_cases
@pytest.mark.parametrize("most", [0, 39, 100])
def test_where_each_paper_has_a_card_all_is_as_ever(case: Case, most: int) -> None:
    post = digest(DAY, *map(paper, range(1, 40)))
    assert case.formatter.digest(post, Edition(cards=most)) == case.formatter.digest(post)


@each_listening
def test_a_paper_that_does_not_come_again_counts_for_no_card_and_has_a_button(case: Case) -> None:
    earlier = Earlier(DAY, DAY, "", "", is_enough=True)
    post = digest(DAY, replace(paper(1), earlier=earlier), paper(2), paper(3))
    messages = case.formatter.digest(post, Edition(cards=1))
    assert cards(messages) == keys(2)
    assert [label for label, _ in case.see(messages[0]).buttons] == ["1", "3"]


@all_cases
def test_papers_that_have_a_card_keep_it(case: Case) -> None:
    post = digest(DAY, *map(paper, range(1, 6)))
    two = Edition(cards=2)
    kept = {paper(4).id, paper(5).id}
    assert cards(case.formatter.digest(post, two, kept)) == keys(4, 5)
    assert cards(case.formatter.digest(post, two, {paper(5).id, "gone"})) == keys(1, 5)
    assert cards(case.formatter.digest(post, two, {one.id for one in post.papers})) == keys(1, 2, 3, 4, 5)


# A digest that grows


@pytest.fixture
async def pipeline(tmp_path: Path) -> AsyncIterator[Pipeline]:
    async with open_pipeline(tmp_path) as pipeline:
        pipeline.channel = MemoryChannel(name="telegram", formatter=TelegramFormatter(phrases("en"), buttons=True))
        yield pipeline


def post(*numbers: int) -> list[FoundDigest]:
    return [found(digest(DAY, *(replace(paper(one), number=place) for place, one in enumerate(numbers, 1))))]


def titles(pipeline: Pipeline, chat: str = "b") -> list[int]:
    """Give the papers whose cards a chat shows, in the order in which they stand there."""
    shown = [str(one.body["text"]) for one in pipeline.channel.chats[chat][1:]]
    return [int(text.partition("Paper 2501.")[2][:5]) for text in shown]


def pressed(pipeline: Pipeline, chat: str = "b") -> Sequence[str]:
    markup = pipeline.channel.chats[chat][0].body.get("reply_markup")
    return [key["text"] for row in markup["inline_keyboard"] for key in row] if isinstance(markup, dict) else []


async def test_a_paper_that_is_put_before_the_others_takes_no_card_away(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b", most_cards=2)
    await pipeline.run(post(10, 20, 30))
    assert (titles(pipeline), pressed(pipeline)) == ([10, 20], ["3"])
    await pipeline.run(post(5, 10, 20, 30))
    assert (titles(pipeline), pressed(pipeline)) == ([10, 20], ["1", "4"])
    assert "2. " in str(pipeline.channel.chats["b"][1].body["text"])  # it is edited still
    await pipeline.run(post(5, 10, 15, 20, 30, 40))
    assert (titles(pipeline), pressed(pipeline)) == ([10, 20], ["1", "3", "5", "6"])


async def test_a_post_that_began_with_fewer_papers_gets_cards_until_there_are_enough(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b", most_cards=3)
    await pipeline.run(post(10, 20))
    await pipeline.run(post(5, 10, 20, 30))
    assert (titles(pipeline), pressed(pipeline)) == ([10, 20, 5], ["4"])


async def test_who_comes_later_gets_the_same_cards(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b", most_cards=2)
    await pipeline.run(post(10, 20, 30))
    await pipeline.run(post(5, 10, 20, 30))
    await pipeline.subscriber("c", most_cards=2, now=True)
    await pipeline.subscriber("d", most_cards=3, now=True)
    await pipeline.subscriber("e", now=True)
    await pipeline.run(post(5, 10, 20, 30))
    assert {chat: titles(pipeline, chat) for chat in "bcde"} == {
        "b": [10, 20],
        "c": [10, 20],
        "d": [5, 10, 20],
        "e": [5, 10, 20, 30],
    }


async def test_another_number_holds_from_the_next_digest_on(pipeline: Pipeline) -> None:
    await pipeline.subscriber("b", most_cards=1)
    await pipeline.run(days(1))
    await pipeline.set_preferences("b", most_cards=0)
    await pipeline.run(days(1))
    assert titles(pipeline) == [1]
    await pipeline.run(days(1, 2))
    assert len(pipeline.channel.chats["b"]) == 2 + 3
