"""What the archive holds as a whole: filled from the past, and listed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import pytest

from bot.database.reasons import Cause, Reason
from bot.database.states import DigestState
from bot.ledger.records.digests import StatusChange
from formatters.page import reference
from tests.support.digests import days, digest, found, paper
from tests.support.pipeline import Pipeline, pipeline_at

FIRST = "daily-papers/2025-01-01"


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url, "@a", "@b") as pipeline:
        yield pipeline


async def test_what_is_added_is_looked_up_and_not_sent(pipeline: Pipeline) -> None:
    past = days(1, 2, papers=3)
    archive = pipeline.ledger.archive
    assert await archive.contents.add("blog", past) == 2
    await pipeline.run(past)
    assert pipeline.channel.chats == {}
    one = past[1].digest
    assert await archive.paper("ref", reference(one, one.papers[2])) == (one, one.papers[2])
    assert (await archive.search("plain", 10, 0))[1] == 6


async def test_what_is_known_stays_as_it_is(pipeline: Pipeline) -> None:
    await pipeline.run(days(1))
    shown = list(pipeline.channel.chats["@a"])
    changed = found(digest(date(2025, 1, 1), paper(1, word="other"), paper(7)))
    assert await pipeline.ledger.archive.contents.add("blog", [changed, *days(2)]) == 1
    assert await pipeline.ledger.archive.contents.add("blog", [changed, *days(2)]) == 0
    assert await pipeline.ledger.digest("blog", FIRST) == days(1)[0].digest
    await pipeline.dispatch()
    assert pipeline.channel.chats["@a"] == shown


async def test_nothing_to_add(pipeline: Pipeline) -> None:
    assert await pipeline.ledger.archive.contents.add("blog", []) == 0


async def test_the_list(pipeline: Pipeline) -> None:
    held = StatusChange("daily-papers/2025-01-02", DigestState.HELD, Reason(Cause.EMPTY), 1.0)
    await pipeline.ledger.archive.contents.add("blog", days(2, papers=1))
    await pipeline.look([replace(one, digest=replace(one.digest, url="https://example.org/1")) for one in days(1)])
    await pipeline.dispatch()
    await pipeline.ledger.archive.contents.add("other", days(3))
    listed = pipeline.ledger.archive.contents.listed

    total, newest = await listed(None, 1, 0)
    assert (total, [(one.source, one.day, one.papers, one.chats) for one in newest]) == (
        3,
        [("other", date(2025, 1, 3), 2, 0)],
    )
    assert [one.name for one in (await listed(None, 0, 1))[1]] == [held.name, FIRST]
    total, later = await listed(date(2025, 1, 2), 0, 0)
    assert (total, [one.state for one in later]) == (2, [DigestState.BASELINE, DigestState.BASELINE])
    first = (await listed(None, 0, 2))[1][0]
    assert (first.state, first.chats, first.url, first.title, first.why) == (
        *(DigestState.ACTIVE, 2, "https://example.org/1"),
        *("Daily Papers — 2025-01-01", ""),
    )


async def test_the_papers_that_have_all_the_words(pipeline: Pipeline) -> None:
    contents = pipeline.ledger.archive.contents
    await contents.add("blog", [found(digest(date(2025, 1, 1), paper(1, word="rare"), paper(2, word="usual")))])

    async def ids(words: str) -> list[str]:
        return [one.paper.id async for one in contents.papers(None, words, once=False)]

    assert await ids("") == [paper(1).id, paper(2).id]
    assert await ids("rare") == [paper(1).id]
    assert await ids("rare usual") == await ids("…") == []
