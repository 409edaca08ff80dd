"""Which message ids are older than a send whose answer was lost, also where the clock was set back meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.database.states import DeliveryState
from bot.ledger.ledger import Ledger, open_ledger
from bot.ledger.records.deliveries import Chat, KnownIds, QueuedDelivery
from tests.support.digests import days
from tests.support.ledger_files import empty
from tests.support.pipeline import Clock, Pipeline
from tests.support.usual import usual_edition

CHAT = Chat(1, "terminal", "a", "a", "bot", "terminal a")  # all chats share one id sequence
HOUR = 3600.0
# By less than a minute nothing in the ledger is moved, as clocks are set right all the time.
BACK = [pytest.param(30.0, id="a little"), pytest.param(HOUR, id="an hour"), pytest.param(25 * HOUR, id="a day")]


@dataclass
class GoingClock(Clock):
    """A clock that goes on between any two looks at it."""

    def __call__(self) -> float:
        self.now += 0.01
        return self.now


@pytest.fixture
def clock() -> GoingClock:
    return GoingClock()


@asynccontextmanager
async def planned(url: str, clock: Clock) -> AsyncIterator[Ledger]:
    """Have one digest planned for three chats of one id sequence."""
    async with open_ledger(url, clock) as ledger:
        await ledger.subscriptions.sync_chats("terminal", usual_edition(), dict.fromkeys("abc", "bot"))
        await Pipeline(ledger, clock).look(days(1))
        yield ledger


@pytest.fixture
async def either(ledger_url: str, clock: GoingClock) -> AsyncIterator[Ledger]:
    async with planned(ledger_url, clock) as ledger:
        yield ledger


@pytest.fixture
def url(tmp_path: Path) -> str:
    """Where the clock may be set back; a server's is trusted."""
    empty(tmp_path / "ledger.db")
    return f"sqlite:///{tmp_path}/ledger.db"


@pytest.fixture
async def ledger(url: str, clock: GoingClock) -> AsyncIterator[Ledger]:
    async with planned(url, clock) as ledger:
        yield ledger


async def begin(ledger: Ledger, chat: int) -> QueuedDelivery:
    """Begin the next send in a chat."""
    row = await ledger.writer.claim((await ledger.writer.next_rows(chat))[0])
    assert row
    return row


async def arrive(ledger: Ledger, row: QueuedDelivery, message_id: int) -> None:
    await ledger.writer.settle(row, DeliveryState.SENT, remote_id=f"{message_id}", id_sequence="bot")


async def known(ledger: Ledger, row: QueuedDelivery) -> KnownIds:
    _, found = await ledger.known_message_ids(CHAT, row)
    return found


async def test_what_arrived_after_a_send_is_not_older(either: Ledger, clock: GoingClock) -> None:
    await arrives_after_a_send(either, clock, 0.0)


@pytest.mark.parametrize("back", BACK)
async def test_what_arrived_after_a_send_is_not_older_where_the_clock_was_set_back(
    ledger: Ledger, clock: GoingClock, back: float
) -> None:
    await arrives_after_a_send(ledger, clock, back)


async def arrives_after_a_send(ledger: Ledger, clock: GoingClock, back: float) -> None:
    other, lost = await begin(ledger, 2), await begin(ledger, 1)
    clock.now -= back
    await arrive(ledger, other, 8)
    await ledger.replies.arrived((), "terminal", ["bot"], 9)
    [noted] = await ledger.replies.note("terminal", [("bot", "b")], {"text": "help"})
    await ledger.replies.overwritten(noted, 7)
    found = await known(ledger, lost)
    assert (found.last, found.later) == (0, frozenset({7, 8, 9}))


@pytest.mark.parametrize("back", BACK)
async def test_what_arrived_since_the_start_is_not_older_than_a_send_before_it(
    ledger: Ledger, clock: GoingClock, back: float, url: str
) -> None:
    """The clock was set back in between, and a reader is answered before anything else is written."""
    lost = await begin(ledger, 1)
    clock.now -= back
    async with open_ledger(url, clock) as later:
        await later.replies.arrived((), "terminal", ["bot"], 9)
        found = await known(later, lost)
    assert (found.last, found.later) == (0, frozenset({9}))


async def test_what_arrived_before_a_send_is_older(either: Ledger, clock: GoingClock) -> None:
    await arrives_before_a_send(either, clock, 0.0)


@pytest.mark.parametrize("back", BACK)
async def test_what_arrived_before_a_send_is_older_where_the_clock_was_set_back(
    ledger: Ledger, clock: GoingClock, back: float
) -> None:
    await arrives_before_a_send(ledger, clock, back)


async def arrives_before_a_send(ledger: Ledger, clock: GoingClock, back: float) -> None:
    """How long before, nobody knows where the times were moved."""
    await arrive(ledger, await begin(ledger, 2), 8)
    await ledger.replies.arrived((), "terminal", ["bot"], 9)
    clock.now -= back
    lost = await begin(ledger, 1)
    found = await known(ledger, lost)
    assert (found.last, found.later) == (9, frozenset())
    assert (found.last_at > 0) == (back < HOUR)
