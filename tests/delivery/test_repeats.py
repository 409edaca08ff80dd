"""Papers that an earlier digest had: they say so, or do not come again, and nothing that was sent changes for it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date

import pytest

from bot.database.reasons import Cause, Reason
from bot.database.states import DigestState
from bot.delivery.decisions import Rules
from bot.ledger.chats.sources import spell
from bot.ledger.records.digests import StatusChange
from bot.sources.source import FoundDigest
from formatters.model import Digest, Earlier, Paper
from formatters.page import reference
from tests.support.digests import digest, found, paper
from tests.support.ledger_rows import change, rows
from tests.support.pipeline import Pipeline, pipeline_at

MARK, SKIP, SEND = Rules(repeats="mark"), Rules(repeats="skip"), Rules(repeats="send")
URL = "https://example.org/first"
ALSO = "Also on 1 January"


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url, "a") as pipeline:
        yield pipeline


def of_day(day: int, *papers: int | Paper, series: str = "Daily Papers", url: str = "") -> FoundDigest:
    listed = [one if isinstance(one, Paper) else paper(one) for one in papers]
    return found(replace(digest(date(2025, 1, day), *listed, series=series), url=url))


async def run(pipeline: Pipeline, *now: FoundDigest, rules: Rules = MARK, source: str = "blog") -> None:
    await pipeline.look(now, rules=rules, source=source)
    await pipeline.dispatch()
    pipeline.clock.now += 60


async def known(pipeline: Pipeline, day: int, series: str = "daily-papers", source: str = "blog") -> Digest:
    return await pipeline.ledger.digest(source, f"{series}/2025-01-{day:02}")


def marks(pipeline: Pipeline, chat: str = "a") -> list[list[str]]:
    """Give what the lines of each message say of earlier digests."""
    shown = [str(one.body["markup"]).splitlines() for one in pipeline.channel.chats[chat]]
    return [[line for line in lines if "Also" in line] for lines in shown]


def edits(pipeline: Pipeline) -> list[int]:
    """Count how often each message was edited."""
    return [one.edits for one in pipeline.channel.chats["a"]]


async def test_a_paper_says_which_digest_had_it(pipeline: Pipeline) -> None:
    await run(pipeline, first := of_day(1, 1, 2, url=URL))
    await run(pipeline, first, of_day(2, 2, 3))
    linked = f"[link={URL}]{ALSO}[/link]"
    *before, (index,), card, new = marks(pipeline)
    assert (before, card, new) == ([[], [], []], [linked], [])
    assert index == f"2. [link=https://arxiv.org/abs/2501.00002]Paper 2501.00002[/link] · {linked}"
    assert pipeline.read("a") == ["index", "1", "2", "index", "2", "3"]
    assert (await known(pipeline, 2)).papers[0].earlier == Earlier(
        date(2025, 1, 1), date(2025, 1, 2), "", URL, ref=reference(first.digest, paper(2))
    )


async def test_a_reader_who_asks_sees_the_same(pipeline: Pipeline) -> None:
    await run(pipeline, first := of_day(1, 1))
    await run(pipeline, first, of_day(2, 1))
    ref = reference(of_day(2, 1).digest, paper(1))
    looked_up = await pipeline.ledger.archive.paper("ref", ref)
    assert looked_up
    (full,) = pipeline.channel.formatter.paper(looked_up[1])
    assert ALSO in str(full.body)


async def test_a_paper_that_is_skipped_is_in_the_index_alone(pipeline: Pipeline) -> None:
    await run(pipeline, first := of_day(1, 1, 2))
    await run(pipeline, first, second := of_day(2, 2, 3), rules=SKIP)
    assert pipeline.read("a") == ["index", "1", "2", "index", "3"]
    assert [len(one) for one in marks(pipeline)] == [0, 0, 0, 1, 0]
    # What was decided stays, whatever the settings say later.
    edited = of_day(2, 2, paper(3, word="new"))
    await run(pipeline, first, edited, rules=SEND)
    assert pipeline.read("a") == ["index", "1", "2", "index", "3"]
    await pipeline.subscriber("late", now=True)
    await run(pipeline, first, edited, rules=SEND)
    assert pipeline.read("late") == ["index", "3"]
    assert second.digest.id == edited.digest.id


async def test_without_marks_all_comes_as_it_is(pipeline: Pipeline) -> None:
    await run(pipeline, first := of_day(1, 1), rules=SEND)
    await run(pipeline, first, of_day(2, 1), rules=SEND)
    assert marks(pipeline) == [[], [], [], []]


async def test_the_last_digest_is_named_and_another_series(pipeline: Pipeline) -> None:
    await run(pipeline, *(old := [of_day(day, 1, 9) for day in (1, 2)]))
    other = of_day(2, 1, series="Other Papers")
    await run(pipeline, other, source="other")
    await run(pipeline, *old, of_day(3, 1))
    assert [line[0].partition("Also")[2] for line in marks(pipeline) if line][-4:] == [
        *[" the same day in Daily Papers"] * 2,
        *[" on 2 January in Other Papers"] * 2,
    ]


@pytest.mark.parametrize("rules", [MARK, SKIP], ids=["mark", "skip"])
async def test_what_was_delivered_is_not_edited_when_the_past_comes_later(pipeline: Pipeline, rules: Rules) -> None:
    await run(pipeline, now := of_day(9, 1, 2), rules=rules)
    await pipeline.ledger.archive.contents.add("blog", [of_day(1, 1, 2)])
    await run(pipeline, now, rules=rules)
    assert edits(pipeline) == [0, 0, 0]
    # Only what is new in the post says so, and what was sent stays as it is.
    await run(pipeline, of_day(9, 1, paper(2, word="new"), 3), rules=rules)
    assert edits(pipeline) == [1, 0, 1, 0]
    await pipeline.ledger.archive.contents.add("blog", [of_day(2, 4)])
    await run(pipeline, of_day(9, 1, paper(2, word="new"), 3, 4), rules=rules)
    marked = [one.id for one in (await known(pipeline, 9)).papers if one.earlier]
    assert marked == [paper(4).id]
    assert pipeline.read("a") == ["index", "1", "2", "3", *(["4"] if rules is MARK else [])]


async def test_a_ledger_of_a_former_version_edits_nothing(pipeline: Pipeline, ledger_url: str) -> None:
    await run(pipeline, first := of_day(1, 1), rules=SEND)
    await run(pipeline, first, second := of_day(2, 1), rules=SEND)
    assert "earlier" not in str(rows(ledger_url, "SELECT content FROM digests"))
    await run(pipeline, first, second)
    # Read by a newer program that finds the same words: also nothing.
    change(ledger_url, "UPDATE digests SET fingerprint = '2:older'")
    await run(pipeline, first, second)
    assert edits(pipeline) == [0, 0, 0, 0]
    assert (await known(pipeline, 2)).papers[0].earlier is None


async def test_a_newer_reading_keeps_the_marks(pipeline: Pipeline, ledger_url: str) -> None:
    await run(pipeline, first := of_day(1, 1))
    await run(pipeline, first, second := of_day(2, 1))
    before = await known(pipeline, 2)
    change(ledger_url, "UPDATE digests SET fingerprint = '2:older'")
    await run(pipeline, first, second)
    assert (await known(pipeline, 2), edits(pipeline)) == (before, [0, 0, 0, 0])


async def test_an_edit_keeps_the_mark_and_edits_the_rest(pipeline: Pipeline) -> None:
    await run(pipeline, first := of_day(1, 1, 2))
    await run(pipeline, first, of_day(2, 1, 2))
    before = marks(pipeline)
    await run(pipeline, first, of_day(2, paper(1, word="new"), 2))
    assert (marks(pipeline), edits(pipeline)) == (before, [0, 0, 0, 0, 1, 0])


async def test_what_is_held_is_not_named_and_is_marked_when_it_goes_out(pipeline: Pipeline) -> None:
    waiting = Rules(repeats="mark", gate_wait=600)
    half = of_day(2, paper(1), replace(paper(2), sections=()), replace(paper(3), sections=()))
    await run(pipeline, half, rules=waiting)
    assert pipeline.channel.chats == {}
    await run(pipeline, of_day(3, 1), rules=waiting, source="other")
    assert marks(pipeline) == [[], []]
    await pipeline.ledger.archive.contents.add("blog", [of_day(1, 3)])
    await run(pipeline, of_day(2, 1, 2, 3), rules=waiting)
    assert [one.id for one in (await known(pipeline, 2)).papers if one.earlier] == [paper(3).id]


async def test_what_an_operator_took_out_is_not_named(pipeline: Pipeline) -> None:
    await run(pipeline, first := of_day(1, 1))
    dropped = StatusChange(first.digest.id, DigestState.ACTIVE, Reason(Cause.DROPPED), None)
    await pipeline.ledger.change_status("blog", dropped)
    await run(pipeline, of_day(2, 1), source="other")
    assert marks(pipeline) == [[], [], [], []]
    assert [one.source async for one in pipeline.ledger.archive.contents.papers(None, "", once=True)] == ["other"]


async def test_a_chat_that_does_not_receive_the_other_source_gets_the_paper(pipeline: Pipeline) -> None:
    await run(pipeline, other := of_day(1, 1, series="Other Papers"), source="other", rules=SKIP)
    await run(pipeline, one := of_day(2, 1, 2), rules=SKIP)
    assert pipeline.read("a") == ["index", "1", "index", "2"]  # it receives of both
    await pipeline.subscriber("b")
    await pipeline.set_preferences("b", sources=spell(["blog"]))
    await pipeline.ledger.subscriptions.sync_sources("terminal", ["blog", "other"], {})
    await run(pipeline, other, of_day(3, 4, series="Other Papers"), source="other", rules=SKIP)
    await run(pipeline, one, of_day(4, 2, 4), rules=SKIP)
    assert pipeline.read("b") == ["index", "4"]  # a digest of this source had the other one
    assert [len(line) for line in marks(pipeline, "b")] == [2, 1]
