"""Replies under way or unconfirmed: noted, found, forgotten; they never grow without end."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from bot.ledger.chats import replies
from bot.ledger.ledger import Ledger, open_ledger
from bot.ledger.records.deliveries import Chat, UnconfirmedReply
from tests.support.pipeline import Clock, just_after, known_ids

BODY = {"text": "help"}
CHAT = Chat(1, "telegram", "42", "42", "bot", "telegram 42")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def ledger(ledger_url: str, clock: Clock) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url, clock) as ledger:
        yield ledger


async def note(ledger: Ledger, address: str = "42", *, channel: str = "telegram", sequence: str = "bot") -> int:
    [number] = await ledger.replies.note(channel, [(sequence, address)], BODY)
    return number


async def numbers(ledger: Ledger) -> list[int]:
    return [reply.number for reply in await ledger.replies.unconfirmed("telegram", "bot")]


async def test_those_of_one_sequence_are_listed_in_order_until_they_are_forgotten(ledger: Ledger, clock: Clock) -> None:
    first, second = await note(ledger, "42"), await note(ledger, "43")
    await note(ledger, channel="other")
    await note(ledger, sequence="@papers")
    at = just_after(clock())
    listed = [UnconfirmedReply(first, "42", BODY, at, None, []), UnconfirmedReply(second, "43", BODY, at, None, [])]
    assert await ledger.replies.unconfirmed("telegram", "bot") == listed
    await ledger.replies.forget(first)
    assert await ledger.replies.unconfirmed("telegram", "bot") == listed[1:]


async def test_one_that_was_overwritten_is_kept_and_its_id_is_accounted_for(ledger: Ledger, clock: Clock) -> None:
    number = await note(ledger)
    await ledger.replies.overwritten(number, 5)
    (reply,) = await ledger.replies.unconfirmed("telegram", "bot")
    assert (reply.number, reply.overwritten_id) == (number, 5)
    await ledger.replies.forget(number)
    assert await numbers(ledger) == []
    assert (await known_ids(ledger, CHAT, clock() - 1)).later == {5}


async def test_the_ids_that_are_probed_are_kept_until_others_are(ledger: Ledger) -> None:
    first, second, third = [await note(ledger) for _ in range(3)]
    await ledger.replies.probing([first, second], [5, 6])
    await ledger.replies.probing([second], [7])
    listed = await ledger.replies.unconfirmed("telegram", "bot")
    assert {one.number: one.probed_ids for one in listed} == {first: [5, 6], second: [7], third: []}


async def test_old_ones_are_forgotten(ledger: Ledger, clock: Clock) -> None:
    await note(ledger)
    clock.now += 8 * 86400
    assert [await note(ledger)] == await numbers(ledger)


async def test_no_more_than_some_are_kept(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replies, "MOST_UNCONFIRMED", 3)
    noted = [await note(ledger) for _ in range(5)]
    assert await numbers(ledger) == noted[2:]
