"""What is told of the writer's connection when it is lost, with the locks that other processes may take then."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.concurrency import steady
from bot.errors import LedgerError
from bot.ledger.ledger import Ledger, open_ledger
from bot.ledger.writing.lease import Lease
from bot.ledger.writing.writer import BatchWriter
from tests.support.pipeline import new_file
from tests.support.postgres.backends import backend_of, end_backend


@pytest.fixture
async def ledger(postgres_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(postgres_url) as ledger:
        yield ledger


async def test_what_ended_the_connection_is_told_once(ledger: Ledger, postgres_url: str) -> None:
    writer, losses = ledger.writer, list[Exception]()
    lease = writer.lease
    await writer.next_rows(1)
    end_backend(postgres_url, backend_of(ledger))
    with writer.on_loss(losses.append), pytest.raises(LedgerError, match="the server ended the connection"):
        await writer.next_rows(1)
    assert ["the server ended the connection" in str(why) for why in losses] == [True]
    assert not lease.holds
    assert await writer.next_rows(1) == []
    assert writer.lease.holds


async def test_a_transaction_that_fails_leaves_the_locks_where_they_are(ledger: Ledger) -> None:
    writer, losses = ledger.writer, list[Exception]()
    lease = writer.lease
    await writer.next_rows(1)
    with writer.on_loss(losses.append), pytest.raises(LedgerError, match="division by zero"):
        await writer.write(lambda db, _: db.execute(text("SELECT 1 / 0")))
    assert losses == []
    assert writer.lease is lease
    assert lease.holds


async def test_that_no_answer_comes_is_told_once(ledger: Ledger) -> None:
    """Who waits for the answer is told by the end of the connection, and nobody else a second time."""
    database, losses = ledger.writer._database, list[Exception]()
    database.sharing = replace(database.sharing, lease=0.3)
    writer = BatchWriter(database)
    await writer.next_rows(1)
    lease = writer.lease
    with writer.on_loss(losses.append):
        with pytest.raises(LedgerError, match="no answer from the server"):
            await writer.write(lambda db, _: db.execute(text("SELECT pg_sleep(60)")))
        assert await writer.next_rows(1) == []
    assert ["no answer, or this process stood still" in str(why) for why in losses] == [True]
    assert not lease.holds
    assert writer.lease.holds
    await writer.close()


async def test_a_lease_goes_on_by_answers_and_ends_without_them() -> None:
    ended, over = list[Exception | None](), asyncio.Event()

    def end(why: Exception | None) -> None:
        ended.append(why)
        over.set()

    lease = Lease(0.5, end)
    for _ in range(8):
        asked_at = steady()
        lease.renew(asked_at)
        lease.require()
        await asyncio.sleep(0.1)
    assert ended == []
    await asyncio.wait_for(over.wait(), 30)
    assert steady() - asked_at >= 0.5
    lease.end(ValueError("later"))
    assert ended == [None]
    with pytest.raises(LedgerError, match="this process stood still for too long"):
        lease.require()


async def test_an_answer_that_comes_too_late_gives_no_lease() -> None:
    lease = Lease(0.5, lambda _: None)
    lease.renew(steady() - 1)
    assert not lease.holds


async def test_who_has_lost_its_bots_may_make_no_call(ledger: Ledger, postgres_url: str) -> None:
    writer, before = ledger.writer, steady()
    lease = writer.lease
    assert before < await ledger.bots.right(lease) - ledger.bots.sharing.deadline <= steady()
    end_backend(postgres_url, backend_of(ledger))
    with pytest.raises(LedgerError, match="the server ended the connection"):
        await ledger.bots.right(lease)
    with pytest.raises(LedgerError, match="another one may deliver in its place"):
        await ledger.bots.right(lease)


async def test_in_a_file_a_call_has_no_deadline(tmp_path: Path) -> None:
    async with open_ledger(new_file(tmp_path)) as alone:
        assert await alone.bots.right(alone.writer.lease) == math.inf
