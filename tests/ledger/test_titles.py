"""Titles of chats: written only when they change, and shown beside the address."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import event

from bot import errors
from bot.ledger.records.reports import Selection
from tests.support.digests import days
from tests.support.memory_channel import refused
from tests.support.pipeline import Pipeline, pipeline_at

REJECTED = [refused(errors.Rejected("no")), refused(errors.Rejected("no"))]  # also as plain text
LABEL = "terminal Reading group (a)"


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url, "a", "b") as pipeline:
        await pipeline.ledger.subscriptions.keep_titles("terminal", {"a": "Reading group", "unknown": "Others"})
        yield pipeline


async def test_titles_are_known_by_address(pipeline: Pipeline) -> None:
    status = pipeline.ledger.status
    assert await status.titles("terminal") == [("b", ""), ("a", "Reading group")]
    assert (await status.titles("slack"), await status.labels("slack")) == ([], {})
    assert await status.labels("terminal") == {"a": LABEL}


async def test_what_is_known_is_not_written_again(pipeline: Pipeline) -> None:
    changed: list[int] = []

    def count(_: object, cursor: Any, *rest: object) -> None:
        changed.append(cursor.rowcount)

    async with pipeline.ledger._read() as db:
        event.listen(db.engine.sync_engine, "after_cursor_execute", count)
    await pipeline.ledger.subscriptions.keep_titles("terminal", {"a": "Reading group"})
    await pipeline.ledger.subscriptions.keep_titles("terminal", {})
    assert 1 not in changed
    await pipeline.ledger.subscriptions.keep_titles("terminal", {"a": "Reading circle"})
    assert changed[-1] == 1


async def test_single_readers_are_not_asked_about(pipeline: Pipeline) -> None:
    await pipeline.subscriber("mina", kind="private")
    await pipeline.subscriber("group", kind="group")
    assert [address for address, _ in await pipeline.ledger.status.titles("terminal")] == ["b", "group", "a"]


async def test_what_is_wrong_names_the_chat_by_title_and_address(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"] += [*REJECTED, refused(errors.ChatGone("kicked"))]
    await pipeline.run(days(1))
    incidents, status = pipeline.ledger.incidents, pipeline.ledger.status
    paused, rejected = await incidents.current()
    assert (paused.where, paused.untitled) == (LABEL, "terminal a")
    assert (rejected.where, rejected.untitled) == (f"{LABEL}, index", "terminal a, index")
    [one] = await status.paused()
    assert (one.chat, one.title, one.address, one.label) == ("a", "Reading group", "a", LABEL)
    stuck, *_ = await incidents.stuck()
    assert (stuck.chat, stuck.title, stuck.address) == ("terminal a", "Reading group", "a")
    first, other = await status.by_chat("blog", "daily-papers/2025-01-01")
    assert (first.title, first.address, first.label, other.label) == ("Reading group", "a", LABEL, "terminal b")
    assert (await status.totals("blog", "daily-papers/2025-01-01", 5)).problems == [f"{LABEL}: no"]


@pytest.mark.parametrize("name", ["a", "terminal a", "-100", "terminal -100"])
async def test_a_chat_that_moved_is_meant_by_its_old_name_and_its_new_address(pipeline: Pipeline, name: str) -> None:
    await pipeline.ledger.subscriptions.move(1, address="-100", id_sequence="-100")
    pipeline.channel.failures["-100"] += REJECTED
    await pipeline.run(days(1))
    assert [one.where for one in await pipeline.ledger.incidents.current()] == ["terminal Reading group (-100), index"]
    moved, _ = await pipeline.ledger.status.by_chat("blog", "daily-papers/2025-01-01")
    assert (moved.chat, moved.address, moved.label) == ("a", "-100", "terminal Reading group (-100)")
    assert [name in names for names in await pipeline.ledger.incidents.chats()] == [True, False]
    assert await pipeline.ledger.incidents.retry(Selection(name)) == 1
