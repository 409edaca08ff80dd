"""The batch writer: what all workers ask of the ledger, written together, and answered when it is on the disk."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from datetime import date
from typing import Any

import pytest

from bot import errors
from bot.database.engine import Conflict
from bot.database.states import DeliveryState
from bot.delivery.channel import FreeTurn
from bot.delivery.dispatcher import Dispatcher
from bot.ledger.ledger import open_ledger
from bot.ledger.records.deliveries import QueuedDelivery
from bot.ledger.sql.delivery_sql import READ_AHEAD
from bot.ledger.writing import connection
from tests.support.digests import days, digest, found, paper
from tests.support.ledger_rows import change, rows
from tests.support.memory_channel import MemoryChannel, refused
from tests.support.pipeline import NOW, Pipeline, pipeline_at, without_others
from tests.support.usual import usual_edition

DAY = date(2025, 1, 1)
WHOLE = ["index", "1", "2"]
# What lets no outcome be written, and what lets it again.
FULL = {
    "sqlite": (
        """CREATE TRIGGER full BEFORE UPDATE ON deliveries WHEN new.state = 'sent'
           BEGIN SELECT RAISE(ABORT, 'disk is full'); END""",
        "DROP TRIGGER full",
    ),
    "postgresql": (
        "ALTER TABLE deliveries ADD CONSTRAINT \"disk is full\" CHECK (state != 'sent')",
        'ALTER TABLE deliveries DROP CONSTRAINT "disk is full"',
    ),
}


@pytest.fixture
async def pipeline(ledger_url: str) -> AsyncIterator[Pipeline]:
    async with pipeline_at(ledger_url, "a", "b") as pipeline:
        without_others(pipeline.ledger)
        yield pipeline


@pytest.fixture
def ledger(ledger_url: str) -> Callable[..., list[Any]]:
    """Give what another process would do: each statement is on the disk at once."""

    def execute(statement: str) -> list[Any]:
        if statement.startswith("SELECT"):
            return rows(ledger_url, statement)
        change(ledger_url, statement)
        return []

    return execute


Execute = Callable[[str], list[Any]]


class Hooked(MemoryChannel):
    """Do something at the turns of a chat, which come when its rows were read."""

    def __init__(self, address: str, at: int, do: Callable[[], Any]) -> None:
        super().__init__()
        self.address, self.left, self.do = address, at, do

    async def acquire_turn(
        self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
    ) -> FreeTurn:
        if address == self.address:
            self.left -= 1
            if self.left == 0 and (work := self.do()) is not None:
                await work
        return await super().acquire_turn(address)


def counted(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int, int]]:
    """List the transactions to come: how many outcomes, claims and looks were in each."""
    written: list[tuple[int, int, int]] = []
    write = pipeline.ledger.writer._connection.write

    def counting(outcomes: list[Any], claims: list[QueuedDelivery], looks: set[int], others: list[Any]) -> Any:
        written.append((len(outcomes), len(claims), len(looks)))
        return write(outcomes, claims, looks, others)

    monkeypatch.setattr(pipeline.ledger.writer._connection, "write", counting)
    return written


async def crowded(pipeline: Pipeline, number: int) -> list[str]:
    """Plan a digest for so many chats, and give their names."""
    crowd = [f"{one:02}" for one in range(number)]
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), dict(zip(crowd, crowd, strict=True)))
    await pipeline.look(days(1))
    return crowd


async def test_what_all_workers_ask_goes_into_few_transactions(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.ledger.writing.connection._READS_FOR", math.inf)
    crowd = await crowded(pipeline, 50)
    written = counted(pipeline, monkeypatch)
    await pipeline.dispatch()
    assert [pipeline.read(chat) for chat in crowd] == [WHOLE] * 50
    outcomes, claims, looks = (sum(one) for one in zip(*written, strict=True))
    assert (outcomes, claims, looks) == (150, 150, 100)
    assert len(written) <= 20


async def test_where_many_chats_begin_the_first_need_not_wait_until_all_are_read(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.ledger.writing.connection._READS_FOR", 0.0)
    monkeypatch.setattr("bot.ledger.writing.connection._READ_TOGETHER", 1)
    crowd = await crowded(pipeline, 10)
    written = counted(pipeline, monkeypatch)
    await pipeline.dispatch()
    assert [pipeline.read(chat) for chat in crowd] == [WHOLE] * 10
    assert [claims for _, claims, _ in written[:2]] == [0, 1]


async def test_a_read_that_nobody_waits_for_any_more_is_left_out(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.ledger.writing.connection._READS_FOR", 0.0)
    monkeypatch.setattr("bot.ledger.writing.connection._READ_TOGETHER", 1)
    writer = pipeline.ledger.writer
    first, *others = [asyncio.ensure_future(writer.next_rows(chat)) for chat in range(3)]
    await asyncio.sleep(0)
    others[0].cancel()
    async with asyncio.timeout(10):
        assert [await first, await others[1]] == [[], []]


async def test_a_row_is_under_way_on_the_disk_before_it_is_sent(pipeline: Pipeline, ledger: Execute) -> None:
    seen: list[list[Any]] = []

    class Looking(MemoryChannel):
        async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
            seen.append(ledger(f"SELECT state FROM deliveries WHERE ref = '{delivery_ref}'"))
            before = "SELECT count(*) FROM deliveries WHERE state IN ('sending', 'editing') AND chat_id ="
            assert ledger(f"{before} (SELECT id FROM chats WHERE name = '{address}')") == [(1,)]
            return await super().send(address, body, delivery_ref=delivery_ref, thread=thread)

    pipeline.channel = Looking()
    await pipeline.run(days(1))
    assert seen == [[("sending",)]] * 6


async def test_dying_between_the_note_and_the_call_loses_nothing(pipeline: Pipeline) -> None:
    """The turn is a long way off when the process dies: the row is noted as under way, and was never sent."""

    class Far(MemoryChannel):
        async def acquire_turn(
            self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
        ) -> FreeTurn:
            return FreeTurn(asyncio.get_running_loop().time() + (3600 if self.chats[address] else 0))

    far = pipeline.channel = Far()
    await pipeline.look(days(1))
    running = asyncio.create_task(pipeline.dispatch())
    async with asyncio.timeout(30):
        while [await pipeline.counts(chat) for chat in "ab"] != [{"sent": 1, "sending": 1, "pending": 1}] * 2:
            await asyncio.sleep(0)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running
    assert pipeline.read("a") == ["index"]
    pipeline.channel = MemoryChannel(chats=far.chats)
    await pipeline.dispatch()
    assert pipeline.read("a") == pipeline.read("b") == WHOLE
    assert ("reconcile", "a") in pipeline.channel.calls


async def test_a_failing_commit_reaches_every_worker(pipeline: Pipeline, ledger: Execute, ledger_url: str) -> None:
    await pipeline.look(days(1))
    full, free = FULL[ledger_url.partition(":")[0]]
    lease = pipeline.ledger.writer.lease
    ledger(full)
    async with asyncio.timeout(30):
        with pytest.raises(errors.LedgerError, match="disk is full"):
            await pipeline.dispatch()
    assert len(pipeline.shown("a")) <= 1
    assert len(pipeline.shown("b")) <= 1
    assert pipeline.ledger.writer.lease is lease, "no lock was lost: the connection goes on"
    ledger(free)
    await pipeline.dispatch()
    assert pipeline.read("a") == pipeline.read("b") == WHOLE


async def test_all_who_asked_are_told_what_went_wrong(pipeline: Pipeline, ledger: Execute) -> None:
    ledger("ALTER TABLE deliveries RENAME TO gone")
    asked = [asyncio.create_task(pipeline.ledger.writer.next_rows(chat)) for chat in (1, 2, 1)]
    await asyncio.sleep(0)
    asked[2].cancel()
    told = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(one) for one in told] == [errors.LedgerError, errors.LedgerError, asyncio.CancelledError]
    ledger("ALTER TABLE gone RENAME TO deliveries")
    assert await pipeline.ledger.writer.next_rows(1) == []


async def test_what_changes_while_rows_are_read_ahead_is_read_again(pipeline: Pipeline) -> None:
    """The post is written anew when a chat has half of it: another wording, a paper in between, and one less."""
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a"})
    await pipeline.look([found(digest(DAY, paper(1), paper(2), paper(3)))])
    inserted = paper(2, id="2501.00009")
    new = digest(DAY, paper(1), inserted, paper(3, id="2501.00002", word="new"))
    pipeline.channel = Hooked("a", 3, lambda: pipeline.look([found(new)]))
    await pipeline.dispatch()
    shown = pipeline.channel.chats["a"]
    assert pipeline.read("a") == ["index", "1", "2", "3"]
    assert ["new things" in str(one.body) for one in shown] == [False, False, False, True]
    assert pipeline.channel.left < 0
    assert await pipeline.counts("a") == {"sent": 4}


async def test_replies_on_their_way_make_no_worker_read_its_rows_again(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where many readers ask, a claim would come too late again and again."""
    await pipeline.ledger.subscriptions.sync_chats("terminal", usual_edition(), {"a": "a"})
    await pipeline.look(days(1))
    replies = pipeline.ledger.replies

    async def answer() -> None:
        noted = await replies.note("terminal", [("b", "b")], {"text": "help"})
        await replies.arrived(noted, "terminal", ["b"], 7)

    pipeline.channel = Hooked("a", 2, answer)
    written = counted(pipeline, monkeypatch)
    await pipeline.dispatch()
    assert pipeline.read("a") == WHOLE
    assert sum(looks for *_, looks in written) == 2


@pytest.mark.parametrize("name", ["removed", "paused"])
async def test_another_process_may_close_a_chat_at_any_time(pipeline: Pipeline, ledger: Execute, name: str) -> None:
    await pipeline.look(days(1))
    pipeline.channel = Hooked("a", 2, lambda: ledger(f"UPDATE chats SET state = '{name}' WHERE name = 'a'") or None)
    await pipeline.dispatch()
    assert (pipeline.read("a"), pipeline.read("b")) == (["index"], WHOLE)


async def test_an_unconfirmed_send_that_comes_up_at_a_turn_is_not_sent(pipeline: Pipeline, ledger: Execute) -> None:
    """Whoever else was at work left one: it is looked for before anything goes on."""
    await pipeline.look(days(1))
    first = "SELECT min(message_id) FROM deliveries JOIN chats ON chats.id = chat_id WHERE name = 'a'"
    sending = "state = 'sending', attempted_at = 1, sent_hash = 'x', thread = ''"

    def leave_it_unconfirmed() -> None:
        for values in (sending, "state = 'unconfirmed', not_before = 1"):
            ledger(f"UPDATE deliveries SET {values} WHERE message_id = ({first}) AND chat_id = 1")

    hooked = Hooked("a", 1, leave_it_unconfirmed)
    pipeline.channel = hooked
    await pipeline.dispatch()
    assert [call for call, chat in hooked.calls if chat == "a"] == ["reconcile", "send", "send", "send"]
    assert pipeline.read("a") == WHOLE


async def test_who_gave_up_sends_nothing_but_what_was_sent_is_written(pipeline: Pipeline) -> None:
    await pipeline.look(days(1))
    writer = pipeline.ledger.writer
    [row, *_] = await writer.next_rows(1)
    [other, *_] = await writer.next_rows(2)
    claimed = await writer.claim(row)
    assert claimed
    async with writer._database.writing():
        settled = writer.settle(claimed, DeliveryState.SENT, remote_id="1", id_sequence="a")
        claim = asyncio.create_task(writer.claim(other))
        await asyncio.sleep(0)
        settled.cancel()
        claim.cancel()
        await asyncio.sleep(0)
    await writer.next_rows(1)
    assert await pipeline.counts("a") == {"sent": 1, "pending": 2}
    assert await pipeline.counts("b") == {"pending": 3}


async def test_closing_writes_what_was_asked(pipeline: Pipeline, ledger_url: str, ledger: Execute) -> None:
    await pipeline.look(days(1))
    async with open_ledger(ledger_url, pipeline.clock) as opened:
        [row, *_] = await opened.writer.next_rows(1)
        claimed = await opened.writer.claim(row)
        assert claimed
        opened.writer.settle(claimed, DeliveryState.SENT, remote_id="1", id_sequence="a")
    assert ledger("SELECT count(*) FROM deliveries WHERE state = 'sent'") == [(1,)]


async def test_what_is_told_twice_of_a_row_is_written_in_its_order(pipeline: Pipeline, ledger: Execute) -> None:
    await pipeline.look(days(1))
    writer = pipeline.ledger.writer
    rows = [(await writer.next_rows(chat))[0] for chat in (1, 2)]
    first, other = [await writer.claim(row) for row in rows]
    assert first
    assert other
    told = [
        writer.settle(first, DeliveryState.UNCONFIRMED, plain=1, problem="unconfirmed", error="no answer"),
        writer.settle(other, DeliveryState.SENT, remote_id="2", id_sequence="b"),
        writer.settle(first, DeliveryState.SENT, remote_id="1", id_sequence="a"),
    ]
    await asyncio.gather(*told)
    stands = "SELECT chat_id, state, remote_id, plain, problem FROM deliveries WHERE attempts = 1 ORDER BY chat_id"
    assert ledger(stands) == [(1, "sent", "1", 1, None), (2, "sent", "2", 0, None)]


async def test_few_bodies_are_kept_in_memory(pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_MOST_BODIES", 2)
    await pipeline.run(days(1))
    await pipeline.run(days(1, 2, 3))
    assert pipeline.read("a") == pipeline.read("b") == WHOLE * 3
    assert len(pipeline.ledger.writer._connection._bodies) <= 2 + READ_AHEAD


async def test_more_than_is_read_at_once_is_sent_in_order(pipeline: Pipeline) -> None:
    many = [paper(number) for number in range(1, 51)]
    await pipeline.look([found(digest(DAY, *many))])
    await Dispatcher(pipeline.ledger, {"terminal": pipeline.channel}, NOW, pipeline.clock).run()
    assert pipeline.read("a") == ["index", *(str(number) for number in range(1, 51))]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE messages SET hash = 'of other words'",
        "UPDATE messages SET vanished = 1",
        "UPDATE deliveries SET state = 'failed'",
        "UPDATE chats SET state = 'paused'",
        "UPDATE chats SET address = 'elsewhere'",
        "DELETE FROM deliveries",
    ],
)
async def test_nothing_is_claimed_that_is_not_as_it_was_read(pipeline: Pipeline, ledger: Execute, change: str) -> None:
    """No mark says so: on PostgreSQL what changes it may commit between the look at the mark and the claim."""
    await pipeline.look(days(1))
    [row, *_] = await pipeline.ledger.writer.next_rows(1)
    ledger(change)
    assert await pipeline.ledger.writer.claim(row) is None
    assert ledger("SELECT * FROM deliveries WHERE state = 'sending'") == []


async def test_a_row_has_one_ref_from_its_first_claim_on(pipeline: Pipeline, ledger: Execute) -> None:
    pipeline.channel.failures["a"] += [refused(errors.RetryLater("wait", 900))]
    await pipeline.run(days(1))
    ref = "SELECT ref FROM deliveries WHERE chat_id = 1 AND ref IS NOT NULL"
    [(first,)] = ledger(ref)
    pipeline.clock.now += 900
    await pipeline.dispatch()
    assert len(first) == 16
    assert len({row for (row,) in ledger(ref)} | {first}) == 3


async def test_an_outcome_is_written_where_its_chat_was_merged_meanwhile(pipeline: Pipeline, ledger: Execute) -> None:
    await pipeline.look(days(1))
    claimed = await pipeline.ledger.writer.claim((await pipeline.ledger.writer.next_rows(1))[0])
    assert claimed
    ledger(f"DELETE FROM deliveries WHERE message_id = {claimed.message} AND chat_id = 2")
    ledger(f"UPDATE deliveries SET chat_id = 2 WHERE message_id = {claimed.message}")
    ledger("UPDATE chats SET same_as = 2 WHERE id = 1")
    await pipeline.ledger.writer.settle(claimed, DeliveryState.SENT, remote_id="1", id_sequence="a")
    assert ledger("SELECT chat_id, state, ref FROM deliveries WHERE remote_id = '1'") == [
        (2, "sent", claimed.delivery_ref)
    ]


async def test_an_outcome_is_not_written_to_a_row_that_was_planned_anew(pipeline: Pipeline, ledger: Execute) -> None:
    await pipeline.look(days(1))
    claimed = await pipeline.ledger.writer.claim((await pipeline.ledger.writer.next_rows(1))[0])
    assert claimed
    ledger(f"DELETE FROM deliveries WHERE message_id = {claimed.message} AND chat_id = 1")
    ledger(f"INSERT INTO deliveries (message_id, chat_id) VALUES ({claimed.message}, 1)")
    await pipeline.ledger.writer.settle(claimed, DeliveryState.SENT, remote_id="1", id_sequence="a")
    assert ledger("SELECT count(*) FROM deliveries WHERE state = 'pending'") == [(6,)]


async def test_a_batch_that_the_database_gave_up_is_written_once_more(
    pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    await pipeline.look(days(1))
    write, conflicts = pipeline.ledger.writer._connection.write, iter([True, True])

    def conflicting(*batch: Any) -> Any:
        answers = write(*batch) if not next(conflicts, False) else None
        if answers is None:
            raise Conflict("deadlock detected")
        return answers

    monkeypatch.setattr(pipeline.ledger.writer._connection, "write", conflicting)
    await pipeline.dispatch()
    assert pipeline.read("a") == pipeline.read("b") == WHOLE
    assert next(conflicts, False) is False
