"""The ledger's file: what is written after it was deleted or replaced under a running program."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.errors import LedgerError
from tests.support.digests import days
from tests.support.pipeline import Pipeline, open_pipeline


@pytest.fixture
async def pipeline(tmp_path: Path) -> AsyncIterator[Pipeline]:
    async with open_pipeline(tmp_path, "a") as pipeline:
        yield pipeline


@pytest.mark.parametrize("replaced", [False, True])
async def test_nothing_is_sent_from_a_ledger_that_is_not_the_one_that_was_opened(
    pipeline: Pipeline, tmp_path: Path, *, replaced: bool
) -> None:
    await pipeline.look(days(1))
    ledger = tmp_path / "ledger.db"
    away = ledger.rename(tmp_path / "away.db")
    if replaced:
        shutil.copy(away, ledger)
    for _ in range(2):
        with pytest.raises(LedgerError, match="deleted or replaced"):
            await pipeline.dispatch()
    with pytest.raises(LedgerError, match="deleted or replaced"):
        await pipeline.look(days(1))
    assert (pipeline.channel.calls, ledger.exists()) == ([], replaced)
    away.replace(ledger)
    await pipeline.dispatch()
    assert pipeline.read("a") == ["index", "1", "2"]


@pytest.mark.parametrize("by_writer", [False, True])
async def test_a_write_that_is_refused_leaves_nothing_locked(
    pipeline: Pipeline, tmp_path: Path, *, by_writer: bool
) -> None:
    await pipeline.look(days(1))
    ledger, right = pipeline.ledger, pipeline.clock.now
    pipeline.clock.now = 0.0
    for _ in range(2):
        with pytest.raises(LedgerError, match="the clock of this computer shows 1970"):
            await (ledger.writer.next_rows(1) if by_writer else ledger.mark_interrupted("terminal", 0.0))
        with closing(sqlite3.connect(tmp_path / "ledger.db", timeout=0)) as another:
            another.execute("BEGIN IMMEDIATE")
    pipeline.clock.now = right
    await pipeline.dispatch()
    assert pipeline.read("a") == ["index", "1", "2"]


async def test_a_ledger_that_is_deleted_in_mid_run_ends_the_run_and_no_empty_one_is_made(
    pipeline: Pipeline, tmp_path: Path
) -> None:
    await pipeline.look(days(1))
    ledger = tmp_path / "ledger.db"

    def delete(*_: object) -> None:
        ledger.unlink(missing_ok=True)

    with pytest.raises(LedgerError, match="deleted or replaced"):
        await pipeline.dispatch(report=delete)
    assert (pipeline.read("a"), ledger.exists()) == (["index", "1"], False)  # the claim of 1 came with the outcome


async def test_readers_are_answered_from_what_is_open(pipeline: Pipeline, tmp_path: Path) -> None:
    await pipeline.run(days(1))
    (tmp_path / "ledger.db").unlink()
    assert await pipeline.counts("a") == {"sent": 3}
    async with pipeline.ledger._read():
        with pytest.raises(LedgerError, match="deleted or replaced"):
            await pipeline.counts("a")  # it needs another connection
    assert not (tmp_path / "ledger.db").exists()
