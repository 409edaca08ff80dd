"""Probes that nobody heard the answer to: what reads like the delivery then may be a reply that was overwritten."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import pytest

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.reconciliation.search import ABSENT_RUN
from bot.delivery.channel import Delivered, NotDelivered, UnconfirmedSend
from bot.errors import LedgerError, Unconfirmed
from bot.ledger.records.deliveries import UnconfirmedReply
from tests.support.chats import CHANNEL, READER
from tests.support.fakes import faults
from tests.support.fakes.telegram import FakeTelegram
from tests.support.telegram_channel import FORMATTER, LAST, OTHER_READER, methods, send, texts


@dataclass
class Notes:
    """The notes of replies, as the ledger keeps them, and what was committed about probes."""

    listed: list[UnconfirmedReply] = field(default_factory=list)
    committed: list[list[int]] = field(default_factory=list)

    def note(self, address: str, text: str) -> None:
        body = FORMATTER.notice(text).body
        self.listed.append(UnconfirmedReply(len(self.listed) + 1, address, body, time.time(), None, []))

    async def unconfirmed(self, _channel: str, _id_sequence: str) -> Sequence[UnconfirmedReply]:
        return self.listed

    async def probing(self, numbers: Collection[int], remote_ids: Sequence[int]) -> None:
        self.committed.append([*remote_ids])
        self.listed = [replace(one, probed_ids=remote_ids) if one.number in numbers else one for one in self.listed]

    async def overwritten(self, number: int, remote_id: int) -> None:
        self.listed = [replace(one, overwritten_id=remote_id) if one.number == number else one for one in self.listed]

    async def forget(self, *numbers: int) -> None:
        self.listed = [one for one in self.listed if one.number not in numbers]


@pytest.fixture
def notes() -> Notes:
    return Notes()


async def lose(server: FakeTelegram, channel: TelegramChannel, address: str, text: str = "One") -> None:
    """Send a message that arrives, but lose the answer."""
    server.faults.add(faults.lost_answer(method="sendMessage"))
    with pytest.raises(Unconfirmed):
        await send(channel, address, text)


async def lose_reply(server: FakeTelegram, channel: TelegramChannel, notes: Notes, address: str) -> None:
    notes.note(address, "Help")
    await lose(server, channel, address, "Help")


async def interrupt(
    server: FakeTelegram, channel: TelegramChannel, address: str, one: UnconfirmedSend, *, after: int = 0
) -> None:
    """Let the probe after so many take effect, and nobody hear of it."""
    server.faults.add(faults.lost_answer(method="editMessageText", skip=after))
    with pytest.raises(Unconfirmed):
        await channel.reconcile(address, one)


def unconfirmed(notes: Notes, after: int, taken: Collection[int] = (), text: str = "One") -> UnconfirmedSend:
    now = time.time()
    after_at = now - 1 if after else 0.0
    told = ("ref", FORMATTER.notice(text).body, "", now, after, after_at, frozenset(taken))
    return UnconfirmedSend(*told, replies=notes)


async def test_the_delivery_behind_an_overwritten_reply_is_found(
    server: FakeTelegram, channel: TelegramChannel, notes: Notes
) -> None:
    await lose_reply(server, channel, notes, CHANNEL)
    await lose(server, channel, CHANNEL)
    one = unconfirmed(notes, LAST)
    await interrupt(server, channel, CHANNEL, one)
    assert texts(server, CHANNEL) == ["One", "One"]
    assert await channel.reconcile(CHANNEL, one) == Delivered("102")
    assert texts(server, CHANNEL) == ["Help", "One"]
    assert notes.listed == []


async def test_it_is_found_as_well_where_the_next_prober_is_interrupted_too(
    server: FakeTelegram, channel: TelegramChannel, notes: Notes
) -> None:
    """Each of two replies was overwritten by a prober that heard no answer."""
    for _ in range(2):
        await lose_reply(server, channel, notes, CHANNEL)
    await lose(server, channel, CHANNEL)
    one = unconfirmed(notes, LAST)
    await interrupt(server, channel, CHANNEL, one)
    await interrupt(server, channel, CHANNEL, one, after=1)
    assert texts(server, CHANNEL) == ["One", "One", "One"]
    assert await channel.reconcile(CHANNEL, one) == Delivered("103")
    assert texts(server, CHANNEL) == ["Help", "Help", "One"]


async def test_where_the_send_never_arrived_its_text_stands_once(
    server: FakeTelegram, channel: TelegramChannel, notes: Notes
) -> None:
    """The reply is lost: nobody can know that it was none."""
    await lose_reply(server, channel, notes, CHANNEL)
    one = unconfirmed(notes, LAST)
    await interrupt(server, channel, CHANNEL, one)
    assert await channel.reconcile(CHANNEL, one) == Delivered("101")
    assert texts(server, CHANNEL) == ["One"]


async def test_the_delivery_is_no_reply_because_its_probe_was_interrupted(
    server: FakeTelegram, channel: TelegramChannel, notes: Notes
) -> None:
    await lose(server, channel, CHANNEL)
    await lose_reply(server, channel, notes, CHANNEL)
    one = unconfirmed(notes, LAST)
    await interrupt(server, channel, CHANNEL, one)
    assert await channel.reconcile(CHANNEL, one) == Delivered("101")
    assert texts(server, CHANNEL) == ["One", "Help"]


async def test_which_of_two_replies_was_overwritten_is_told_by_when_it_was_sent(
    server: FakeTelegram, channel: TelegramChannel, notes: Notes
) -> None:
    """The first one never arrived."""
    notes.note(CHANNEL, "Hello")
    notes.listed = [replace(reply, tried_at=reply.tried_at - 60) for reply in notes.listed]
    await lose_reply(server, channel, notes, CHANNEL)
    await lose(server, channel, CHANNEL)
    one = unconfirmed(notes, LAST)
    await interrupt(server, channel, CHANNEL, one)
    assert await channel.reconcile(CHANNEL, one) == Delivered("102")
    assert texts(server, CHANNEL) == ["Help", "One"]
    assert [(reply.number, reply.probed_ids) for reply in notes.listed] == [(1, [])]


async def test_a_suspect_that_no_reply_is_left_for_is_one_more_copy(
    server: FakeTelegram, channel: TelegramChannel, notes: Notes
) -> None:
    """The reply was noted under two names of its chat."""
    await lose(server, channel, CHANNEL)
    await lose_reply(server, channel, notes, CHANNEL)
    notes.listed.append(replace(notes.listed[0], number=2))
    await lose(server, channel, CHANNEL)
    one = unconfirmed(notes, LAST)
    await interrupt(server, channel, CHANNEL, one)
    assert await channel.reconcile(CHANNEL, one) == Delivered("103")
    assert texts(server, CHANNEL) == ["Help", "One"]
    assert notes.listed == []


async def test_the_delivery_gets_its_new_wording_where_the_probe_that_gave_it_was_interrupted(
    server: FakeTelegram, channel: TelegramChannel, notes: Notes
) -> None:
    await lose_reply(server, channel, notes, CHANNEL)
    notes.listed = [replace(reply, tried_at=reply.tried_at - 60) for reply in notes.listed]
    server.shown(CHANNEL)[0].date -= 60
    await lose(server, channel, CHANNEL, "Uno")
    one = replace(unconfirmed(notes, LAST), is_reworded=True)
    await interrupt(server, channel, CHANNEL, one)
    assert await channel.reconcile(CHANNEL, one) == Delivered("102")
    assert texts(server, CHANNEL) == ["Help", "One"]


@pytest.mark.parametrize("arrived", [True, False])
async def test_before_the_first_id_known_no_delivery_is_deleted_as_the_copy_of_a_reply(
    server: FakeTelegram, channel: TelegramChannel, notes: Notes, *, arrived: bool
) -> None:
    await lose_reply(server, channel, notes, READER)
    if arrived:
        await lose(server, channel, READER)
    later = int(await send(channel, OTHER_READER))
    one = unconfirmed(notes, 0, [later])
    await interrupt(server, channel, READER, one, after=int(arrived))
    assert "Help" not in texts(server, READER)
    assert await channel.reconcile(READER, one) == Delivered(str(later - 1))
    assert texts(server, READER) == (["Help", "One"] if arrived else ["One"])


@pytest.mark.parametrize("arrived", [True, False])
async def test_where_no_id_is_known_one_copy_stays_and_the_reply(
    server: FakeTelegram, channel: TelegramChannel, notes: Notes, *, arrived: bool
) -> None:
    """The copy that the first prober sent to ask is there to the next one."""
    for _ in range(ABSENT_RUN * 2):
        server.post_by_other(OTHER_READER)
    await lose_reply(server, channel, notes, READER)
    if arrived:
        await lose(server, channel, READER)
    one = unconfirmed(notes, 0)
    # The first ids are not there; then come the copy that was sent to ask and what stands before it.
    await interrupt(server, channel, READER, one, after=ABSENT_RUN + 1 + arrived)
    assert "Help" not in texts(server, READER)
    found = await channel.reconcile(READER, one)
    assert texts(server, READER) == ["Help", "One"]
    assert found == Delivered(str(server.shown(READER)[-1].id))


@pytest.mark.parametrize("arrived", [True, False])
async def test_a_copy_that_is_sent_to_ask_does_not_make_a_reply_of_the_delivery(
    server: FakeTelegram, channel: TelegramChannel, notes: Notes, *, arrived: bool
) -> None:
    """What stands under one of the first ids may be far from the delivery, or be it."""
    await lose_reply(server, channel, notes, READER)
    for _ in range(ABSENT_RUN * 2):
        server.post_by_other(OTHER_READER)
    if arrived:
        await lose(server, channel, READER)
    one = unconfirmed(notes, 0)
    await interrupt(server, channel, READER, one, after=server.shown(READER)[0].id - 1)
    assert "Help" not in texts(server, READER)
    found = await channel.reconcile(READER, one)
    assert texts(server, READER) == (["Help", "One"] if arrived else ["One"])
    assert found == Delivered(str(server.shown(READER)[-1].id))


async def test_nothing_is_committed_where_no_reply_is_unconfirmed(
    server: FakeTelegram, channel: TelegramChannel, notes: Notes
) -> None:
    await lose(server, channel, CHANNEL)
    assert await channel.reconcile(CHANNEL, unconfirmed(notes, LAST)) == Delivered("101")
    notes.note(OTHER_READER, "Help")
    assert await channel.reconcile(READER, unconfirmed(notes, LAST)) == NotDelivered()
    assert notes.committed == []


async def test_one_commit_precedes_each_probe_that_may_overwrite_a_reply(
    server: FakeTelegram, channel: TelegramChannel, notes: Notes
) -> None:
    notes.note(CHANNEL, "Help")  # it never arrived
    assert await channel.reconcile(CHANNEL, unconfirmed(notes, LAST)) == NotDelivered()
    ids = range(LAST + 1, LAST + 1 + ABSENT_RUN)
    assert notes.committed == [*([one] for one in ids), []]


async def test_suspects_of_an_earlier_search_that_are_accounted_for_are_not_probed(
    server: FakeTelegram, channel: TelegramChannel, notes: Notes
) -> None:
    notes.note(CHANNEL, "Help")
    await notes.probing([1], [LAST, LAST + 2])
    await channel.reconcile(CHANNEL, unconfirmed(notes, LAST, [LAST + 2]))
    probed = {call.arguments.get("message_id") for call in server.calls}
    assert probed.isdisjoint({LAST, LAST + 2})


async def test_it_does_not_probe_what_it_could_not_commit(
    server: FakeTelegram, channel: TelegramChannel, notes: Notes, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(_numbers: Collection[int], _remote_ids: Sequence[int]) -> None:
        raise LedgerError("another process may work here by now")

    await lose_reply(server, channel, notes, CHANNEL)
    monkeypatch.setattr(notes, "probing", fail)
    with pytest.raises(LedgerError):
        await channel.reconcile(CHANNEL, unconfirmed(notes, LAST))
    assert "editMessageText" not in methods(server)
