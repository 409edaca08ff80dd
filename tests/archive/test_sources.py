"""What sources remember from one look to the next, and how the last look went."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.archive.sources import LastLook, LookCost
from bot.ledger.ledger import open_ledger
from bot.sources.survey import Miss, Reached, Survey
from tests.support.pipeline import Pipeline, pipeline_at

FREE, DEAR = LookCost(0, 0, 0.5), LookCost(3, None, 60.0)
MISS = Miss(Reached.LINKS, "nothing holds it", 3, "a line", "2025-01-01-a.md")
SURVEY = Survey(20, 18, 312, MISS, MISS)
HOUR = 3600.0


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url) as pipeline:
        yield pipeline


async def test_what_a_source_remembers_is_there_after_a_restart(ledger_url: str) -> None:
    url = ledger_url
    async with open_ledger(url) as ledger:
        assert await ledger.sources.state("hf") == ""
        for state in ("", "first", "first", "second"):
            await ledger.sources.keep("hf", state)
        await ledger.sources.looked("hf", Survey(), "", "", FREE)
        await ledger.sources.failed("arxiv", "gone", FREE)
        await ledger.sources.keep("arxiv", "other")
        await ledger.sources.failed("hf", "gone", FREE)
    async with open_ledger(url) as ledger:
        assert (await ledger.sources.state("hf"), await ledger.sources.state("arxiv")) == ("second", "other")


async def test_the_last_look(pipeline: Pipeline) -> None:
    sources, now = pipeline.ledger.sources, pipeline.clock()
    assert await sources.last_looks() == {}
    assert not await sources.looked("hf", SURVEY, "look at it", "b.md", DEAR)
    assert await sources.last_looks() == {"hf": LastLook("hf", now, None, "", SURVEY, "look at it", "b.md", DEAR)}
    pipeline.clock.now += 60
    await sources.looked("hf", Survey(), "", "", FREE)
    assert await sources.last_looks() == {"hf": LastLook("hf", now + 60, None, "", Survey(), "", "b.md", FREE)}


async def test_a_source_that_fails_keeps_what_it_gave_and_since_when_it_fails(pipeline: Pipeline) -> None:
    sources, now = pipeline.ledger.sources, pipeline.clock()
    await sources.looked("hf", SURVEY, "", "b.md", FREE)
    for why in ("HTTP 500", "HTTP 503"):
        pipeline.clock.now += 60
        await sources.failed("hf", why, DEAR)
    failing = LastLook("hf", now + 120, now + 60, "HTTP 503", SURVEY, "", "b.md", DEAR)
    assert await sources.last_looks() == {"hf": failing}
    assert await sources.looked("hf", SURVEY, "", "b.md", FREE)
    assert (await sources.last_looks())["hf"].failing_since == now + 60  # until what was found is planned
    await sources.recovered("hf")
    assert await sources.last_looks() == {"hf": LastLook("hf", now + 120, None, "", SURVEY, "", "b.md", FREE)}


async def test_it_is_news_after_an_hour(pipeline: Pipeline) -> None:
    sources, incidents = pipeline.ledger.sources, pipeline.ledger.incidents
    for name in ("hf", "gone from the settings"):
        await sources.failed(name, "HTTP 500", DEAR)
    for seconds, is_news in ((0.0, False), (HOUR - 1, False), (1.0, True), (HOUR, True)):
        pipeline.clock.now += seconds
        await sources.failed("hf", "HTTP 503", DEAR)
        found = [(one.key, one.where, one.why, one.is_news) for one in await incidents.unreadable(["hf", "blog"])]
        assert found == [("source hf", "hf", "HTTP 503", is_news)]
