"""How the recent digests stand: what is said of all chats together is what is said of each; what is not settled."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Executable
from sqlalchemy.dialects.sqlite import dialect

from bot import errors
from bot.config.settings import Settings
from bot.config.sources import Source
from bot.delivery.decisions import Rules
from bot.ledger import status as statements
from bot.ledger.records.reports import ChatStatus, PausedChat, Selection, Totals
from bot.monitoring.status import paused_line, recent_status, totals, unsettled_lines, waiting_chats
from formatters.locale import phrases
from tests.support.digests import days, digest, found, paper
from tests.support.memory_channel import Failure, refused
from tests.support.pipeline import Pipeline, open_pipeline, pipeline_at

FIRST, SECOND, THIRD = (f"daily-papers/2025-01-0{day}" for day in (1, 2, 3))
SETTINGS = Settings(language="en", sources=(Source(name="blog", kind="folder", path=Path("_posts")),))
REJECTED = [refused(errors.Rejected("no")), refused(errors.Rejected("no"))]  # also as plain text


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url, *"abcdefgh") as pipeline:
        yield pipeline


async def strike(pipeline: Pipeline) -> None:
    """Deliver two digests while in each chat something else goes wrong; then a third waits for its hour."""
    failures = pipeline.channel.failures
    failures["b"] += [*REJECTED, refused(errors.Unconfirmed("reset"))]
    failures["c"] += [refused(errors.ChatGone("c: kicked"))]
    failures["d"] += [Failure(), Failure(), *REJECTED]  # a paper that its post loses
    failures["e"] += [refused(errors.RetryLater("flood", 1000.0, flood=True))]
    failures["f"] += REJECTED * 3  # all is refused, and given up
    failures["g"] += REJECTED
    failures["h"] += [*REJECTED, *REJECTED, *REJECTED]  # of which its post loses the last
    pipeline.channel.readable = False
    await pipeline.run(days(1))
    await pipeline.ledger.incidents.discard(Selection("f"))
    await pipeline.unsubscribe("g")
    failures["a"] += [refused(errors.RetryLater("flood", 2000.0, flood=True))]  # when its index is edited
    await pipeline.run(days(1, papers=1))
    await pipeline.run(days(1, papers=1) + days(2))
    await pipeline.look(days(1, papers=1) + days(2, 3), opening=pipeline.clock() + 3600)


def added_up(chat_statuses: list[ChatStatus]) -> Totals:
    """Add up what is said of each chat; that one is paused is said of all digests together."""
    whys = [(f"{one.channel} {one.chat}", why) for one in chat_statuses for why in one.problems]
    problems = [f"{chat}: {why}" for chat, why in whys if not why.startswith("paused: ")]
    counts = sum((Counter(one.counts) for one in chat_statuses), Counter[str]())
    return Totals(len(chat_statuses), dict(counts), problems, 0)


async def test_all_chats_together_are_those_of_the_list_added_up(pipeline: Pipeline) -> None:
    await strike(pipeline)
    for name in (FIRST, SECOND, THIRD, "never/heard-of"):
        assert await pipeline.ledger.status.totals("blog", name, 99) == added_up(
            await pipeline.ledger.status.by_chat("blog", name)
        )
    first, third = [await pipeline.ledger.status.totals("blog", name, 99) for name in (FIRST, THIRD)]
    assert first.counts.keys() == {"sent", "failed", "unconfirmed", "pending", "stale", "discarded"}
    assert third.counts.keys() == {"scheduled"}


async def test_of_many_problems_the_first_are_given_and_the_others_counted(pipeline: Pipeline) -> None:
    await strike(pipeline)
    whole = await pipeline.ledger.status.totals("blog", FIRST, 99)
    some = await pipeline.ledger.status.totals("blog", FIRST, 2)
    assert len(whole.problems) > 2
    assert (some.problems, some.more) == (whole.problems[:2], len(whole.problems) - 2)


async def test_where_something_is_open_the_list_says_what_and_elsewhere_nothing(pipeline: Pipeline) -> None:
    await strike(pipeline)
    for name in (FIRST, SECOND):
        whole = {one.chat: one for one in await pipeline.ledger.status.by_chat("blog", name)}
        some = await pipeline.ledger.status.open_by_chat("blog", name)
        assert [one.chat for one in some] == [chat for chat, one in whole.items() if one.counts.keys() - {"sent"}]
        for one in some:
            counts = {state: count for state, count in whole[one.chat].counts.items() if state != "sent"}
            assert (one.counts, one.problems) == (counts, whole[one.chat].problems)


async def test_what_is_not_settled_as_sent_is_a_line_for_each_chat(pipeline: Pipeline) -> None:
    pipeline.channel.failures["b"] += REJECTED
    pipeline.channel.failures["c"] += [refused(errors.ChatGone("c: kicked"))]
    pipeline.channel.failures["d"] += REJECTED
    await pipeline.run(days(1, papers=1))
    await pipeline.ledger.incidents.discard(Selection("d"))
    assert await unsettled_lines(pipeline.ledger, SETTINGS) == ["daily-papers/2025-01-01 terminal b: 1 failed: no"]
    await pipeline.ledger.subscriptions.resume_all()
    assert await unsettled_lines(pipeline.ledger, SETTINGS) == ["daily-papers/2025-01-01 terminal b: 1 failed: no"]
    await pipeline.dispatch()
    assert await pipeline.counts("c") == {"sent": 2}


async def test_a_held_digest_is_a_line_until_a_newer_one_comes(pipeline: Pipeline) -> None:
    unfinished, gate = found(digest(date(2025, 1, 2))), Rules(gate_wait=3600)
    await pipeline.run(days(1))
    await pipeline.look([*days(1), unfinished], rules=gate)
    assert await unsettled_lines(pipeline.ledger, SETTINGS) == [f"{SECOND}: held: the post has no papers yet"]
    await pipeline.look([*days(1), unfinished, *days(3)], rules=gate)
    assert [one.name for one, _ in await recent_status(pipeline.ledger, SETTINGS)] == [FIRST, THIRD]


async def test_what_its_date_keeps_back_is_shown_beside_the_recent_digests(pipeline: Pipeline) -> None:
    future = [found(digest(date(2025, 7, day), paper(1))) for day in (1, 2)]
    rules = Rules(today=date(2025, 6, 15))
    await pipeline.look(days(9), rules=rules)
    await pipeline.look([*days(1, 9), *future], rules=rules)
    shown = [(one.name[-5:], one.state, one.reason) for one, _ in await recent_status(pipeline.ledger, SETTINGS)]
    assert shown == [
        ("01-01", "skipped", "dated more than 14 days before it was found; it is in the archive, not sent"),
        ("07-01", "held", "the post is dated 2025-07-01; it is held until that day"),
        ("07-02", "held", "the post is dated 2025-07-02; it is held until that day"),
        ("01-09", "active", ""),
    ]
    await pipeline.dispatch()
    assert await unsettled_lines(pipeline.ledger, SETTINGS) == []
    pipeline.clock.now += 15 * 86400
    assert [one.name[-5:] for one, _ in await recent_status(pipeline.ledger, SETTINGS)] == ["07-01", "07-02", "01-09"]


async def test_the_recent_digests_are_given_with_each_chat_or_with_all_together(pipeline: Pipeline) -> None:
    await strike(pipeline)
    each = await recent_status(pipeline.ledger, SETTINGS)
    together = await totals(pipeline.ledger, SETTINGS, 99)
    assert [one.name for one, _ in each] == [FIRST, SECOND, THIRD]
    assert together == [(one, added_up(chat_statuses)) for one, chat_statuses in each]
    [(_, first), *_] = await totals(pipeline.ledger, SETTINGS, 1)
    assert (len(first.problems), first.more) == (1, len(together[0][1].problems) - 1)


# How each finds the deliveries that it reads; otherwise it would go through all of them.
WAYS: dict[str, tuple[Executable, str]] = {
    "what is open in each chat": (statements.open_chat_counts("blog", FIRST, 0.0), "ix_deliveries_unsettled"),
    "what is open": (statements.open_states("blog", FIRST, 0.0), "ix_deliveries_unsettled"),
    "what went wrong": (statements.problem_lines("blog", FIRST, 0.0), "ix_deliveries_unsettled"),
    "all": (statements.message_counts("blog", FIRST), "(message_id=?)"),
}


@pytest.mark.parametrize("way", WAYS)
async def test_totals_do_not_go_through_all_messages_of_all_chats(tmp_path: Path, way: str) -> None:
    statement, found = WAYS[way]
    whole = statement.compile(dialect=dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[attr-defined]
    async with open_pipeline(tmp_path) as pipeline, pipeline.ledger._read() as db:
        steps = [str(row[-1]) for row in await db.exec_driver_sql(f"EXPLAIN QUERY PLAN {whole}")]
    [mine] = [step for step in steps if " deliveries" in step]
    assert found in mine, steps


async def test_chats_that_wait_are_counted_where_nothing_else_is_wrong(pipeline: Pipeline) -> None:
    assert await waiting_chats(pipeline.ledger, SETTINGS) == 0
    failures = pipeline.channel.failures
    failures["b"] += REJECTED
    failures["c"] += [refused(errors.ChatGone("c: kicked"))]
    failures["d"] += [refused(errors.RetryLater("flood", 1000.0, flood=True))]
    failures["e"] += [Failure(), refused(errors.RetryLater("flood", 1000.0, flood=True))]
    await pipeline.run(days(1, papers=3))
    assert await waiting_chats(pipeline.ledger, SETTINGS) == 2


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["telegram a, since 2025-06-16 00:06: kicked", "telegram a, since an earlier version: kicked"]),
        ("ko", ["telegram a, 2025-06-16 00:06부터: “kicked”", "telegram a, 이전 버전부터: “kicked”"]),
    ],
)
def test_since_when_and_why_a_chat_is_paused(language: str, said: list[str]) -> None:
    catalogue = phrases(language)
    named = {"title": "", "address": "a", "label": "telegram a"}
    dated = PausedChat("telegram", "a", 1_750_000_000.0, "kicked", is_tried=False, is_reader=False, **named)
    whole = [paused_line(one, catalogue, SETTINGS.zone) for one in (dated, replace(dated, since=None))]
    assert whole == said
    assert paused_line(replace(dated, is_tried=True), catalogue, SETTINGS.zone) == f"{said[0]} {catalogue.is_tried}"


async def test_a_digest_of_the_future_hides_no_newer_post_that_is_held(pipeline: Pipeline) -> None:
    """An older version delivered it."""
    typo = found(digest(date(2062, 1, 3), paper(3)))
    await pipeline.run([typo])
    await pipeline.look([typo, *days(2, papers=0)], rules=Rules(gate_wait=3600))
    assert [one.name for one, _ in await recent_status(pipeline.ledger, SETTINGS)] == [typo.digest.id, SECOND]
