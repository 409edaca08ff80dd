"""Reconciliation: the channel looks for an unconfirmed message by trying to edit it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Iterable
from dataclasses import replace
from itertools import count, islice

import pytest
from telegram import Chat

from bot.channels.telegram import message_ids
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.reconciliation.search import ABSENT_RUN, MOST_PROBES
from bot.concurrency import steady
from bot.delivery.channel import Delivered, NotDelivered, UnconfirmedSend, Undecided
from bot.errors import LedgerError, Rejected, RetryLater, SendError, Unconfirmed
from bot.ledger.writing.deadline import Right
from tests.support.chats import BASIC, CHANNEL, FORUM, READER
from tests.support.fakes import faults
from tests.support.fakes.faults import Fault
from tests.support.fakes.telegram import FakeTelegram
from tests.support.telegram_channel import FORMATTER, LAST, OTHER_READER, CountingLimiter, methods, send, texts

LONG_AGO = 100_000.0  # seconds before the attempt


async def lose(server: FakeTelegram, channel: TelegramChannel, address: str, text: str = "One") -> None:
    """Send a message that arrives, but lose the answer."""
    server.faults.add(faults.lost_answer())
    with pytest.raises(Unconfirmed):
        await send(channel, address, text, "ref")


def unconfirmed(*, after: int, taken: Iterable[int] = (), text: str = "One", since: float = 1.0) -> UnconfirmedSend:
    """Make an unconfirmed send of just now, `since` seconds after the last one known."""
    now = time.time()
    return UnconfirmedSend(
        "ref", FORMATTER.notice(text).body, "", now, after, now - since if after else 0.0, frozenset(taken)
    )


def hear(channel: TelegramChannel, chat: str, message_id: int) -> None:
    """Let somebody's message arrive."""
    channel.ids.heard(Chat(int(chat), "group"), message_id)


def probed(server: FakeTelegram) -> list[int]:
    """Give the ids that were probed, in order."""
    return [call.arguments["message_id"] for call in server.calls if call.method == "editMessageText"]


# The id of an older message is known


async def test_it_is_found_under_the_next_id(server: FakeTelegram, channel: TelegramChannel) -> None:
    await lose(server, channel, CHANNEL)
    assert await channel.reconcile(CHANNEL, unconfirmed(after=LAST)) == Delivered("101")
    assert probed(server) == [101]


async def test_a_run_of_ids_that_are_not_there_means_not_delivered(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    assert await channel.reconcile(CHANNEL, unconfirmed(after=LAST)) == NotDelivered()
    assert probed(server) == list(range(LAST + 1, LAST + 1 + ABSENT_RUN))


async def test_every_probe_waits_for_its_turn(channel: TelegramChannel, limiter: CountingLimiter) -> None:
    await channel.reconcile(f"{FORUM}:77", unconfirmed(after=500))
    assert limiter.turns == [FORUM] * ABSENT_RUN


async def test_it_is_found_in_a_topic(server: FakeTelegram, channel: TelegramChannel) -> None:
    server.post_by_other(FORUM)
    await lose(server, channel, f"{FORUM}:77")
    assert await channel.reconcile(f"{FORUM}:77", unconfirmed(after=500)) == Delivered("502")


async def test_known_ids_are_not_probed(server: FakeTelegram, channel: TelegramChannel) -> None:
    taken = [int(await send(channel, CHANNEL, f"Paper {number}")) for number in range(20)]
    await lose(server, channel, CHANNEL)
    assert await channel.reconcile(CHANNEL, unconfirmed(after=LAST, taken=taken)) == Delivered("121")
    assert probed(server) == [121]
    assert texts(server, CHANNEL) == [*(f"Paper {number}" for number in range(20)), "One"]


async def test_too_many_messages_of_others_hide_it(server: FakeTelegram, channel: TelegramChannel) -> None:
    for _ in range(MOST_PROBES):
        server.post_by_other(CHANNEL)
    await lose(server, channel, CHANNEL)
    assert isinstance(await channel.reconcile(CHANNEL, unconfirmed(after=LAST)), Undecided)
    assert len(probed(server)) == MOST_PROBES


async def test_one_less_does_not_hide_it(server: FakeTelegram, channel: TelegramChannel) -> None:
    for _ in range(MOST_PROBES - 1):
        server.post_by_other(CHANNEL)
    await lose(server, channel, CHANNEL)
    assert await channel.reconcile(CHANNEL, unconfirmed(after=LAST)) == Delivered(str(LAST + MOST_PROBES))


async def test_as_many_more_are_looked_at_as_are_unconfirmed_in_other_chats(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    """Nobody knows their ids: after a crash amid a broadcast these may be hundreds."""
    for _ in range(MOST_PROBES + 4):
        server.post_by_other(CHANNEL)
    await lose(server, channel, CHANNEL)
    one = replace(unconfirmed(after=LAST), others=5)
    assert await channel.reconcile(CHANNEL, one) == Delivered(str(LAST + MOST_PROBES + 5))


async def test_what_is_sent_to_others_meanwhile_ends_the_search(server: FakeTelegram, channel: TelegramChannel) -> None:
    """A broadcast goes on faster than the search: it would look behind what is newer than the message for ever."""
    before = int(await send(channel, READER, "Zero"))
    numbers = count()

    async def go_on(method: str, _arguments: object) -> None:
        if method == "editMessageText":
            for number in islice(numbers, 2):
                await send(channel, OTHER_READER, f"Paper {number}", f"ref {number}")

    server.on_call = go_on
    assert await channel.reconcile(READER, unconfirmed(after=before)) == NotDelivered()
    assert probed(server) == [before + 1]


async def test_two_sends_at_once_may_have_one_name(channel: TelegramChannel) -> None:
    sent = await asyncio.gather(send(channel, READER, "One", "ref"), send(channel, OTHER_READER, "Two", "ref"))
    assert len({*sent}) == 2


async def test_private_chats_share_ids_with_one_another(server: FakeTelegram, channel: TelegramChannel) -> None:
    before = int(await send(channel, READER, "Zero"))
    for _ in range(ABSENT_RUN - 1):
        server.post_by_other(OTHER_READER)
    await lose(server, channel, READER)
    server.post_by_other(BASIC)
    assert await channel.reconcile(READER, unconfirmed(after=before)) == Delivered(str(before + ABSENT_RUN))
    assert texts(server, READER) == ["Zero", "One"]


async def test_the_search_goes_on_as_far_as_the_sequence_is_known_to_have_gone(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    before = int(await send(channel, READER, "Zero"))
    for _ in range(ABSENT_RUN * 3):
        server.post_by_other(OTHER_READER)
    await lose(server, channel, READER)
    later = int(await send(channel, OTHER_READER))
    found = await channel.reconcile(READER, unconfirmed(after=before, taken=[later]))
    assert found == Delivered(str(later - 1))


async def test_the_search_begins_anew_behind_the_last_id_known(server: FakeTelegram, channel: TelegramChannel) -> None:
    before = int(await send(channel, READER, "Zero"))
    for _ in range(ABSENT_RUN * 2):
        server.post_by_other(OTHER_READER)
    later = int(await send(channel, OTHER_READER))
    for _ in range(ABSENT_RUN - 1):
        server.post_by_other(OTHER_READER)
    await lose(server, channel, READER)
    found = await channel.reconcile(READER, unconfirmed(after=before, taken=[later]))
    assert found == Delivered(str(later + ABSENT_RUN))


async def test_it_was_not_delivered_where_only_other_chats_used_the_sequence(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    before = int(await send(channel, READER, "Zero"))
    later = [int(await send(channel, OTHER_READER, f"Paper {number}")) for number in range(30)]
    assert await channel.reconcile(READER, unconfirmed(after=before, taken=later)) == NotDelivered()
    assert probed(server) == list(range(later[-1] + 1, later[-1] + 1 + ABSENT_RUN))


async def test_a_message_whose_wording_changed_meanwhile_gets_the_new_one(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    await lose(server, channel, CHANNEL, "One")
    assert await channel.reconcile(CHANNEL, unconfirmed(after=LAST, text="One, mended")) == Delivered("101")
    assert texts(server, CHANNEL) == ["One, mended"]


async def test_an_older_message_of_the_bot_is_never_taken_for_it(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    for text in ("Old", "Older"):
        await channel.client.bot.send_message(CHANNEL, text)  # of another process: the channel knows nothing of it
        server.shown(CHANNEL)[-1].date -= 86_400
    with pytest.raises(Rejected, match="101"):
        await channel.reconcile(CHANNEL, unconfirmed(after=LAST))
    assert texts(server, CHANNEL) == ["One", "Older"]


# Where an id of this process tells more than the ledger


async def test_the_search_begins_behind_what_was_heard_before_the_send(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    """The ledger does not know what readers wrote, however many they were."""
    before = int(await send(channel, READER, "Zero"))
    for _ in range(MOST_PROBES * 2):
        hear(channel, BASIC, server.post_by_other(BASIC))
    await lose(server, channel, READER)
    found = await channel.reconcile(READER, unconfirmed(after=before, since=LONG_AGO))
    assert found == Delivered(str(before + MOST_PROBES * 2 + 1))
    assert len(probed(server)) == 1


async def test_what_was_heard_after_the_send_is_not_older(server: FakeTelegram, channel: TelegramChannel) -> None:
    """Nor where the send's time in the ledger was moved since, as the clock had been set back."""
    before = int(await send(channel, READER, "Zero"))
    await lose(server, channel, READER)
    hear(channel, BASIC, server.post_by_other(BASIC))
    assert await channel.reconcile(READER, unconfirmed(after=before)) == Delivered(str(before + 1))


async def test_what_was_heard_since_the_start_is_not_older_than_a_send_before_it(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    """The bot may hear somebody before the times in the ledger are moved."""
    await lose(server, channel, READER)
    fresh = TelegramChannel(server.token, server.base_url, FORMATTER, CountingLimiter())
    hear(fresh, BASIC, later := server.post_by_other(BASIC))
    assert await fresh.reconcile(READER, unconfirmed(after=later - 2)) == Delivered(str(later - 1))
    await fresh.close()


async def test_what_the_ledger_takes_for_later_may_have_been_heard_before_the_send(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    """It was noted late, so that the first id that the ledger takes for later is not one."""
    noted_late = int(await send(channel, OTHER_READER, "Zero"))
    for _ in range(MOST_PROBES):
        hear(channel, BASIC, server.post_by_other(BASIC))
    await lose(server, channel, READER)
    one = unconfirmed(after=noted_late - 1, taken=[noted_late])
    assert channel.ids.narrow(one).taken == frozenset()
    found = await channel.reconcile(READER, one)
    assert found == Delivered(str(noted_late + MOST_PROBES + 1))


async def test_how_long_before_the_send_it_posted_is_known_without_a_clock(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    server.chat(CHANNEL).edits_others = True
    before = int(await send(channel, CHANNEL, "Zero"))
    await lose(server, channel, CHANNEL)
    found = await channel.reconcile(CHANNEL, unconfirmed(after=before, since=LONG_AGO))
    assert found == Delivered(str(before + 1))


async def test_what_became_known_before_an_earlier_try_is_forgotten_with_the_answer(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    """Another process may have tried since: its send may be long after."""
    server.chat(CHANNEL).edits_others = True
    await send(channel, CHANNEL, "Zero")
    server.faults.add(faults.reset())
    with pytest.raises(SendError):
        await send(channel, CHANNEL)
    assert await channel.reconcile(CHANNEL, unconfirmed(after=LAST)) == NotDelivered()
    await channel.client.bot.send_message(CHANNEL, "One")  # by the other process
    found = await channel.reconcile(CHANNEL, unconfirmed(after=LAST + 1, since=LONG_AGO))
    assert isinstance(found, Undecided)


async def test_few_sends_are_remembered(channel: TelegramChannel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_ids, "_REMEMBERED", 2)
    hear(channel, BASIC, 7)
    for ref in ("one", "two", "three"):
        with pytest.raises(Unconfirmed), channel.ids.sending(READER, ref):
            raise Unconfirmed("lost")
    sends = [replace(unconfirmed(after=1), delivery_ref=ref) for ref in ("one", "two", "three")]
    assert [channel.ids.narrow(one).after for one in sends] == [1, 7, 7]


# An outcome that was heard of here, and not written


@pytest.mark.parametrize("address", [CHANNEL, READER])
async def test_a_send_that_was_answered_here_is_not_looked_for(
    server: FakeTelegram, channel: TelegramChannel, address: str
) -> None:
    """Its id is known, and would be passed over as that of another message."""
    before = int(await send(channel, address, "Zero"))
    arrived = await send(channel, address, "One", "ref")
    await send(channel, address, "Two")
    assert await channel.reconcile(address, unconfirmed(after=before)) == Delivered(arrived)
    assert probed(server) == []


async def test_the_last_answer_counts(channel: TelegramChannel) -> None:
    """What was not there was sent again."""
    for _ in range(2):
        arrived = await send(channel, CHANNEL, "One", "ref")
    assert await channel.reconcile(CHANNEL, unconfirmed(after=LAST)) == Delivered(arrived)


async def test_few_answers_are_remembered(channel: TelegramChannel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_ids, "_REMEMBERED_SENDS", 2)
    ids = [int(await send(channel, CHANNEL, ref, ref)) for ref in ("one", "two", "three")]
    assert [channel.ids.arrived_as(READER, ref, -math.inf) for ref in ("one", "two", "three")] == [None, *ids[1:]]


# Where a probe could change the message of somebody else


async def test_it_does_not_probe_where_the_bot_may_edit_messages_of_others(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    server.chat(CHANNEL).edits_others = True
    await lose(server, channel, CHANNEL)
    found = await channel.reconcile(CHANNEL, unconfirmed(after=LAST, since=LONG_AGO))
    assert isinstance(found, Undecided)
    assert "edit messages" in found.why
    assert probed(server) == []


async def test_it_probes_even_so_when_it_posted_a_moment_before(server: FakeTelegram, channel: TelegramChannel) -> None:
    server.chat(CHANNEL).edits_others = True
    await lose(server, channel, CHANNEL)
    assert await channel.reconcile(CHANNEL, unconfirmed(after=LAST, since=3)) == Delivered("101")


async def test_a_last_message_of_the_future_is_not_one_of_a_moment_before(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    """It was sent while the clock was ahead."""
    server.chat(CHANNEL).edits_others = True
    await lose(server, channel, CHANNEL)
    assert isinstance(await channel.reconcile(CHANNEL, unconfirmed(after=LAST, since=-50)), Undecided)


@pytest.mark.parametrize("address", [CHANNEL, FORUM, READER])
async def test_it_probes_without_that_right(server: FakeTelegram, channel: TelegramChannel, address: str) -> None:
    before = int(await send(channel, address, "Zero"))
    await lose(server, channel, address)
    found = await channel.reconcile(address, unconfirmed(after=before, since=LONG_AGO))
    assert found == Delivered(str(before + 1))


@pytest.mark.parametrize("fault", [faults.server_error(502), faults.reset(), faults.flood(3)])
async def test_it_does_not_probe_while_it_does_not_know_its_rights(
    server: FakeTelegram, channel: TelegramChannel, fault: Fault
) -> None:
    server.faults.add(fault)
    with pytest.raises(SendError):
        await channel.reconcile(CHANNEL, unconfirmed(after=LAST, since=LONG_AGO))
    assert probed(server) == []


# No older id is known


async def test_it_is_found_before_the_first_id_known(server: FakeTelegram, channel: TelegramChannel) -> None:
    for _ in range(3):
        server.post_by_other(CHANNEL)
    await lose(server, channel, CHANNEL)
    later = int(await send(channel, CHANNEL, "Two"))
    assert await channel.reconcile(CHANNEL, unconfirmed(after=0, taken=[later])) == Delivered(str(later - 1))
    assert probed(server)[0] == later - 1


@pytest.mark.parametrize("others", range(4))
async def test_it_is_found_a_little_before_the_first_id_known(
    server: FakeTelegram, channel: TelegramChannel, others: int
) -> None:
    await lose(server, channel, CHANNEL)
    for _ in range(others):
        server.post_by_other(CHANNEL)
    later = int(await send(channel, CHANNEL, "Two"))
    assert await channel.reconcile(CHANNEL, unconfirmed(after=0, taken=[later])) == Delivered(str(LAST + 1))


async def test_it_is_found_behind_an_id_that_another_chat_got_at_the_same_time(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    """Both were sent at once; the other chat's answer came after our attempt, with the lower id."""
    other = int(await send(channel, OTHER_READER))
    await lose(server, channel, READER)
    assert await channel.reconcile(READER, unconfirmed(after=0, taken=[other])) == Delivered(str(other + 1))


async def test_it_was_not_delivered_on_either_side_of_an_id_that_another_chat_got(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    other = int(await send(channel, OTHER_READER))
    assert await channel.reconcile(READER, unconfirmed(after=0, taken=[other])) == NotDelivered()
    assert max(probed(server)) == other + ABSENT_RUN


async def test_in_a_young_chat_it_is_found_from_the_beginning(server: FakeTelegram, channel: TelegramChannel) -> None:
    server.add_chat("-1000000000007", kind="supergroup", last_id=1)
    await lose(server, channel, "-1000000000007")
    assert await channel.reconcile("-1000000000007", unconfirmed(after=0)) == Delivered("2")
    assert methods(server).count("sendMessage") == 1


@pytest.mark.parametrize("others", [0, 30])
async def test_in_a_chat_all_new_to_us_one_of_two_copies_stays(
    server: FakeTelegram, channel: TelegramChannel, others: int
) -> None:
    for _ in range(others):
        server.post_by_other(CHANNEL)
    await lose(server, channel, CHANNEL)
    assert await channel.reconcile(CHANNEL, unconfirmed(after=0)) == Delivered(str(LAST + others + 1))
    assert [message.id for message in server.shown(CHANNEL)] == [LAST + others + 1]


async def test_in_a_chat_all_new_to_us_a_message_that_was_not_delivered_is_sent(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    found = await channel.reconcile(CHANNEL, unconfirmed(after=0))
    assert found == Delivered(str(LAST + 1))
    assert texts(server, CHANNEL) == ["One"]


@pytest.mark.parametrize("arrived", [True, False])
@pytest.mark.parametrize(
    "fault",
    [
        faults.flood(3, method="editMessageText", skip=ABSENT_RUN),
        faults.reset(method="editMessageText", skip=ABSENT_RUN),
        faults.reset(method="sendMessage"),
        faults.reset(method="deleteMessage"),
        faults.lost_answer(method="deleteMessage"),
    ],
    ids=["429 while probing", "reset while probing", "send reset", "deletion reset", "deletion's answer lost"],
)
async def test_what_interrupts_the_second_copy_does_not_make_a_third(
    server: FakeTelegram, channel: TelegramChannel, fault: Fault, arrived: bool
) -> None:
    if arrived:
        await lose(server, channel, CHANNEL)
    server.faults.add(fault)
    one = unconfirmed(after=0)
    found: object = None
    for _ in range(3):
        try:
            found = await channel.reconcile(CHANNEL, one)
            break
        except SendError as error:
            assert isinstance(error, RetryLater | Unconfirmed)  # noqa: PT017
    assert isinstance(found, Delivered)
    assert [str(message.id) for message in server.shown(CHANNEL)] == [found.remote_id]


async def test_an_interrupted_second_copy_is_remembered_when_more_becomes_known(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    for _ in range(ABSENT_RUN * 2):
        server.post_by_other(OTHER_READER)
    await lose(server, channel, READER)
    server.faults.add(faults.flood(3, method="editMessageText", skip=ABSENT_RUN))
    with pytest.raises(RetryLater):
        await channel.reconcile(READER, unconfirmed(after=0))
    later = int(await send(channel, OTHER_READER))
    found = await channel.reconcile(READER, unconfirmed(after=0, taken=[later]))
    assert [Delivered(str(message.id)) for message in server.shown(READER)] == [found]


@pytest.mark.parametrize("lost_between", [False, True])
async def test_a_copy_that_another_process_left_is_found_by_who_heard_of_the_first(
    server: FakeTelegram, channel: TelegramChannel, *, lost_between: bool
) -> None:
    """It took the bot over, sent the message again to ask, and lost the bot before it could delete the copy."""
    for _ in range(ABSENT_RUN * 2):
        server.post_by_other(OTHER_READER)
    first = await channel.send(READER, FORMATTER.notice("One").body, delivery_ref="ref", thread="")
    if lost_between:
        other = TelegramChannel(server.token, server.base_url, FORMATTER, CountingLimiter())
        await other.send(READER, FORMATTER.notice("One").body, delivery_ref="ref", thread="")
        await other.close()
    right = Right(since=steady() if lost_between else -math.inf)
    sends = len(server.calls)
    assert await channel.reconcile(READER, replace(unconfirmed(after=0), right=right)) == Delivered(first)
    assert [str(message.id) for message in server.shown(READER)] == [first]
    assert (len(server.calls) > sends) is lost_between


async def test_it_changes_nothing_where_another_process_may_work_by_now(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    async def lost() -> float:
        raise LedgerError("another process may work here by now")

    with pytest.raises(LedgerError):
        await channel.reconcile(READER, replace(unconfirmed(after=1), right=Right(lost)))
    assert not [call for call in server.calls if call.method.startswith(("send", "edit", "delete"))]
