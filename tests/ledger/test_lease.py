"""What is told of the writer's connection when it is lost, with the locks that other processes may take then."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from bot.errors import LedgerError
from bot.ledger.ledger import Ledger, open_ledger
from bot.ledger.writing.writer import BatchWriter
from tests.support.ledger_rows import rows

_BACKEND = text("SELECT pg_backend_pid()")


@pytest.fixture
async def ledger(postgres_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(postgres_url) as ledger:
        yield ledger


async def test_what_ended_the_connection_is_told_once(ledger: Ledger, postgres_url: str) -> None:
    writer, losses = ledger.writer, list[Exception]()
    lease = writer.lease
    pid = await writer.write(lambda db, _: db.execute(_BACKEND).scalar_one())
    rows(postgres_url, "SELECT pg_terminate_backend(:pid, 5000)", pid=pid)
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
