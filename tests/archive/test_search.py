"""Search finds the same in SQLite and in PostgreSQL: the same hits, in the same order, and as many."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.archive.ngrams import BODY, LONGEST_QUERY, TITLE
from bot.ledger.ledger import Ledger, open_ledger
from bot.sources.source import FoundDigest
from formatters.model import Link, Paper, Section
from formatters.page import SearchHit
from tests.support.digests import digest
from tests.support.ledger_files import Files
from tests.support.postgres.databases import Ledgers

pytestmark = pytest.mark.unmeasured  # what it runs through, others do, too

FIRST = date(2025, 1, 1)
PAGE = 3  # hits
Found = tuple[list[SearchHit], int, list[SearchHit], list[SearchHit], list[str]]

# Few letters, so that what is looked for is found.
RUNS = st.text(st.sampled_from("가나다확산모델"), min_size=1, max_size=6)
WORDS = st.sampled_from(
    ["diff", "diffusion", "Diffusions", "o3", "mini-o3", "GPT4", "2509.07969", "07969", "モデル", "模型", "naïve", "x̂"]
)
SIGNS = st.sampled_from(
    [*" \n-_.,·\0'\"*:^(){}|&!<>\\\u115f\u3164\u200b🎉", " AND ", " OR ", " NOT ", ":*", "<->", "''"]
)
TEXTS = st.lists(RUNS | WORDS | SIGNS | st.text(max_size=3), max_size=8).map(" ".join) | st.lists(
    RUNS | WORDS | SIGNS, max_size=8
).map("".join)


@st.composite
def papers(draw: st.DrawFn) -> Paper:
    sections = draw(st.lists(TEXTS.map(lambda body: Section("서론", body)), max_size=2))
    return Paper("", 0, draw(TEXTS), "https://arxiv.org/abs/2509.07969", (Link("GitHub", "x"),), tuple(sections))


@given(st.lists(papers(), min_size=1, max_size=8), st.lists(TEXTS | RUNS | WORDS, min_size=1, max_size=10))
@example([], ["확산"])
def test_both_databases_find_the_same(postgres_ledgers: Ledgers, listed: list[Paper], queries: list[str]) -> None:
    with Files().lend() as file, postgres_ledgers.lend() as server:
        assert asyncio.run(found(server, listed, queries)) == asyncio.run(found(file, listed, queries))


async def found(url: str, listed: Sequence[Paper], queries: Sequence[str]) -> dict[str, Found]:
    async with open_ledger(url) as ledger:
        await hold(ledger, listed)
        return {said: await asked(ledger, said) for said in queries}


async def hold(ledger: Ledger, listed: Sequence[Paper]) -> None:
    """Write papers, two to a digest."""
    numbered = [replace(one, id=f"2501.{place:05}", number=place % 2 + 1) for place, one in enumerate(listed)]
    digests = [
        digest(FIRST + timedelta(place // 4), *numbered[place : place + 2], series=f"Papers {place % 4}")
        for place in range(0, len(numbered), 2)
    ]
    await ledger.archive.contents.add("blog", [FoundDigest(one, f"{one.series}.md") for one in digests])


async def asked(ledger: Ledger, said: str) -> Found:
    """Give the first two pages, how many there are, what is found in titles, and all of it as it is exported."""
    archive = ledger.archive
    first, count = await archive.search(said, PAGE, 0)
    second, again = await archive.search(said, PAGE, PAGE)
    assert again == count
    titled = await archive.titled(said, PAGE, FIRST)
    exported = [one.paper.id async for one in archive.contents.papers(None, said, once=True)]
    return first, count, second, titled, exported


@pytest.fixture
def long_words() -> list[str]:
    """Words that are cut: PostgreSQL takes none of more than 2,046 bytes, and these letters have four each."""
    return ["𓀀" * length for length in (LONGEST_QUERY - 1, LONGEST_QUERY, LONGEST_QUERY + 1, 9 * LONGEST_QUERY)]


async def test_what_is_too_long_is_found_by_its_beginning(ledger_url: str, long_words: list[str]) -> None:
    async with open_ledger(ledger_url) as ledger:
        await hold(ledger, [paper(title=one, body=f"{one}-x") for one in long_words])
        for length, count in ((9, 4), (LONGEST_QUERY - 1, 4), (LONGEST_QUERY, 3), (9 * LONGEST_QUERY, 3)):
            first, number, *_ = await asked(ledger, "𓀀" * length)
            assert (number, len(first)) == (count, PAGE)


async def test_a_word_that_is_often_there_is_found_where_it_was_first(ledger_url: str) -> None:
    """As a part of a phrase; by itself it is found in any case, and what stands between keeps its place."""
    often = "x1 " * (BODY.places - 1)
    async with open_ledger(ledger_url) as ledger:
        await hold(
            ledger,
            [
                paper(body=f"{often} mini-x1-o3"),
                paper(body=f"{often} {often} mini-x1-o3 big-o4"),
                paper(title="o5 " * TITLE.places, body="o5 " * BODY.places + "o6"),
            ],
        )
        for said, count in (("mini-x1", 1), ("mini-o3", 0), ("big-o4", 1), ("x1", 2), ("o3-big", 1), ("o5-o6", 1)):
            assert (said, (await asked(ledger, said))[1]) == (said, count)


async def test_of_a_text_without_end_the_beginning_is_found(ledger_url: str) -> None:
    words = [f"w{number}" for number in range(BODY.words + 100)]
    body = " ".join(words)
    async with open_ledger(ledger_url) as ledger:
        await hold(ledger, [paper(title=f"t {body}", body=body), paper(body="𓀀𓀁𓀂 " * BODY.letters)])
        last = BODY.words - 2  # the first one is the paper's id, of two words
        for said, count in ((f"w{last - 1}-w{last - 1}", 0), (f"w{last - 2}-w{last - 1}", 1), (words[-1], 0)):
            assert (said, (await asked(ledger, said))[1]) == (said, count)


async def test_the_end_of_a_title_and_the_beginning_of_a_text_make_no_phrase(ledger_url: str) -> None:
    async with open_ledger(ledger_url) as ledger:
        await hold(ledger, [replace(paper(title="mini"), id="o3"), paper(title="mini o3")])
        found = await ledger.archive.search("mini-2501", PAGE, 0)
        assert found[1] == 0
        assert (await ledger.archive.search("mini 2501", PAGE, 0))[1] == 2


async def test_what_an_operator_took_out_is_neither_found_nor_counted(ledger_url: str) -> None:
    async with open_ledger(ledger_url) as ledger:
        await hold(ledger, [paper(title="확산")] * 10)
        one = (await ledger.by_hand.find("papers-0/2025-01-01"))[0]
        await ledger.by_hand.drop(one.id)
        first, count, second, titled, exported = await asked(ledger, "확산")
        assert (count, len(first), len(second), len(titled), len(exported)) == (8, PAGE, PAGE, 2, 8)


async def test_a_page_beyond_the_last_says_how_many_there_are(ledger_url: str) -> None:
    async with open_ledger(ledger_url) as ledger:
        await hold(ledger, [paper(title="확산")] * 5)
        assert await ledger.archive.search("확산", PAGE, 9) == ([], 5)


def paper(title: str = "", body: str = "") -> Paper:
    return Paper("", 0, title, "", (), (Section("", body),))
