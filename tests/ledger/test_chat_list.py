"""The list of chats that `paperboy chats` shows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import event

from bot import errors
from bot.ledger.status import ListedChat, WhichChats
from tests.support.digests import days
from tests.support.memory_channel import refused
from tests.support.pipeline import Pipeline, just_after, open_pipeline, pipeline_at

START = 1_750_000_000.0
SENT = just_after(START + 60)
ALL = WhichChats()


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    """Deliver to a chat of the settings, and to two that subscribed, of which one refuses; a third one left."""
    async with pipeline_at(ledger_url, "a") as pipeline:
        await pipeline.subscriber("-100_1", kind="group", layout="index", schedule="08:00 mon-fri Asia/Seoul")
        await pipeline.subscriber("mina", kind="private", language="ko")
        await pipeline.subscriber("left")
        await pipeline.unsubscribe("left")
        await pipeline.ledger.subscriptions.keep_titles("terminal", {"-100_1": "Reading 100%", "mina": "Mina"})
        pipeline.clock.now = START + 60
        pipeline.channel.failures["mina"].append(refused(errors.ChatGone("blocked")))
        await pipeline.run(days(1))
        yield pipeline


async def listed(pipeline: Pipeline, which: WhichChats = ALL, limit: int = 0, offset: int = 0) -> list[str]:
    total, found = await pipeline.ledger.status.chats(which, limit, offset)
    assert total >= len(found)
    return [one.chat for one in found]


async def test_all_is_said_of_each_chat_that_receives(pipeline: Pipeline) -> None:
    total, (settings, group, reader) = await pipeline.ledger.status.chats(ALL, 0, 0)
    assert total == 3
    assert settings == ListedChat(
        *("terminal", "a", "", "", "", "", "", None),
        *(SENT, False, None, "", "", "a", "terminal a"),
    )
    assert group == ListedChat(
        *("terminal", "-100_1", "group", "index", "", "08:00 mon-fri Asia/Seoul", "", START),
        *(SENT, False, None, "", "Reading 100%", "-100_1", "terminal Reading 100% (-100_1)"),
    )
    assert reader == ListedChat(
        *("terminal", "mina", "private", "", "ko", "", "", START + 1),
        *(None, True, SENT, "blocked", "Mina", "mina", "terminal Mina (mina)"),
    )


@pytest.mark.parametrize(
    ("which", "found"),
    [
        (WhichChats("READ"), ["-100_1"]),
        (WhichChats("0%"), ["-100_1"]),
        (WhichChats("_"), ["-100_1"]),
        (WhichChats("terminal"), []),
        (WhichChats(is_paused=True), ["mina"]),
        (WhichChats("a", is_paused=True), ["mina"]),
        (WhichChats(channel="terminal"), ["a", "-100_1", "mina"]),
        (WhichChats(channel="slack"), []),
    ],
)
async def test_chats_are_chosen(pipeline: Pipeline, which: WhichChats, found: list[str]) -> None:
    assert await listed(pipeline, which) == found


async def test_a_page_is_part_of_all(pipeline: Pipeline) -> None:
    assert await listed(pipeline, limit=2) == ["a", "-100_1"]
    assert await listed(pipeline, limit=2, offset=2) == ["mina"]
    assert await listed(pipeline, limit=2, offset=4) == []
    assert (await pipeline.ledger.status.chats(ALL, 2, 4))[0] == 3


async def test_a_page_costs_no_more_where_chats_hold_much(tmp_path: Path) -> None:
    """There may be 100,000 chats with 19 messages of each day."""
    asked: list[tuple[str, object]] = []
    async with open_pipeline(tmp_path, "a") as pipeline, pipeline.ledger._read() as db:
        event.listen(db.engine.sync_engine, "before_cursor_execute", lambda *args: asked.append((args[2], args[3])))
        await pipeline.ledger.status.chats(ALL, 50, 100)
        *_, (page, arguments) = asked
        steps = [str(row[-1]) for row in await db.exec_driver_sql(f"EXPLAIN QUERY PLAN {page}", arguments)]  # type: ignore[arg-type]
    [mine] = [step for step in steps if " deliveries " in step]
    assert "(message_id=? AND chat_id=?)" in mine, steps
    assert not [step for step in steps if "TEMP B-TREE" in step], steps
