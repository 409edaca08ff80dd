"""What is Telegram's alone: addresses, its refusals, its limits, and asking by editing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from datetime import date
from typing import Any

import pytest
from telegram import ChatPermissions

from bot.channels.rate_limits import RateLimiter
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.reconciliation import ABSENT_RUN, MOST_PROBES
from bot.delivery.channel import Delivered, NotDelivered, UnconfirmedSend, Undecided
from bot.errors import BotGone, ChatGone, ChatMoved, Rejected, RetryLater, SendError, Unconfirmed
from formatters.locale import phrases
from formatters.model import Digest, Paper
from formatters.telegram import TelegramFormatter
from tests.support.chats import BASIC, CHANNEL, FORUM, READER
from tests.support.fakes import faults
from tests.support.fakes.answers import Answer, ok, telegram_error
from tests.support.fakes.faults import Fault
from tests.support.fakes.telegram import FakeTelegram
from tests.support.virtual_time import run

pytestmark = pytest.mark.filterwarnings("ignore:Deprecated since version v22.2")  # RetryAfter.retry_after

OTHER_READER = "43"
FORMATTER = TelegramFormatter(phrases("en"))
LAST = 100  # the id last used in the channel
LONG_AGO = 100_000.0  # seconds before the attempt


class Counting(RateLimiter):
    """Let everybody go at once, and count how often."""

    def __init__(self) -> None:
        super().__init__(None, lambda _room: [])
        self.turns: list[str] = []
        self.pauses: list[tuple[str, float]] = []

    async def acquire(self, chat: str, *, reply: bool = False, ahead: float = 0.0) -> float:
        self.turns.append(chat)
        return 0.0

    def pause(self, chat: str, seconds: float) -> None:
        self.pauses.append((chat, seconds))


@pytest.fixture
def server(telegram: FakeTelegram) -> FakeTelegram:
    telegram.add_chat(CHANNEL, kind="channel", username="my_channel", last_id=LAST)
    telegram.add_chat(FORUM, kind="supergroup", topics={77}, last_id=500)
    telegram.add_chat(BASIC, kind="group")
    telegram.add_chat(READER, kind="private", last_id=9)
    telegram.add_chat(OTHER_READER, kind="private")
    return telegram


@pytest.fixture
def limiter() -> Counting:
    return Counting()


@pytest.fixture
async def channel(server: FakeTelegram, limiter: Counting) -> AsyncIterator[TelegramChannel]:
    channel = TelegramChannel(server.token, server.base_url, FORMATTER, limiter)
    yield channel
    await channel.close()


async def send(channel: TelegramChannel, address: str, text: str = "One") -> str:
    return await channel.send(address, FORMATTER.notice(text).body, ref="ref", thread="")


async def lose(server: FakeTelegram, channel: TelegramChannel, address: str, text: str = "One") -> None:
    """Send a message that arrives, without an answer that says so."""
    server.faults.add(faults.lost_answer())
    with pytest.raises(Unconfirmed):
        await send(channel, address, text)


def unconfirmed(*, after: int, taken: Iterable[int] = (), text: str = "One", since: float = 1.0) -> UnconfirmedSend:
    """Doubt a send made just now, `since` seconds after the last one known."""
    now = time.time()
    return UnconfirmedSend(
        "ref", FORMATTER.notice(text).body, "", now, after, now - since if after else 0.0, frozenset(taken)
    )


def texts(server: FakeTelegram, chat: str) -> list[str]:
    return [message.text for message in server.shown(chat)]


def asked(server: FakeTelegram) -> list[int]:
    """Give the ids that were asked about, in order."""
    return [call.arguments["message_id"] for call in server.calls if call.method == "editMessageText"]


def methods(server: FakeTelegram) -> list[str]:
    return [call.method for call in server.calls]


# Addresses


@pytest.mark.parametrize(
    ("address", "chat", "thread"),
    [
        (CHANNEL, CHANNEL, None),
        ("@my_channel", CHANNEL, None),
        (FORUM, FORUM, None),
        (f"{FORUM}:77", FORUM, 77),
        (f"{FORUM}:1", FORUM, None),  # the topic "General", which Telegram does not want named
        (BASIC, BASIC, None),
        (READER, READER, None),
    ],
)
async def test_where_a_message_goes(
    server: FakeTelegram, channel: TelegramChannel, address: str, chat: str, thread: int | None
) -> None:
    remote_id = await send(channel, address)
    await channel.edit(address, remote_id, FORMATTER.notice("Two").body)
    [shown] = server.shown(chat)
    assert (str(shown.id), shown.thread, shown.text) == (remote_id, thread, "Two")


@pytest.mark.parametrize(
    ("address", "counter"),
    [
        (CHANNEL, CHANNEL),
        ("@my_channel", "@my_channel"),
        (f"{FORUM}:77", FORUM),
        (f"{FORUM}:1", FORUM),
        (BASIC, "bot"),
        (READER, "bot"),
    ],
)
async def test_which_chats_share_a_counter(channel: TelegramChannel, address: str, counter: str) -> None:
    assert channel.id_sequence(address) == counter


async def test_how_a_message_is_sent(server: FakeTelegram, channel: TelegramChannel) -> None:
    body = {**FORMATTER.notice("One").body, "disable_notification": True}
    await channel.send(CHANNEL, body, ref="ref", thread="")
    [shown] = server.shown(CHANNEL)
    assert shown.silent
    assert "is_disabled" in str(shown.arguments["link_preview_options"])


# Refusals


@pytest.mark.parametrize(
    "reason",
    [
        "bot was blocked by the user",
        "user is deactivated",
        "bot was kicked from the group chat",
        "bot was kicked from the supergroup chat",
        "bot was kicked from the channel chat",
        "bot is not a member of the channel chat",
        "bot is not a member of the supergroup chat",
        "bot can't initiate conversation with a user",
        "bot can't send messages to bots",
    ],
)
async def test_a_chat_that_shut_us_out_is_gone(server: FakeTelegram, channel: TelegramChannel, reason: str) -> None:
    server.chat(CHANNEL).refuse = reason
    with pytest.raises(ChatGone, match=reason):
        await send(channel, CHANNEL)


@pytest.mark.parametrize(
    "reason",
    [
        "chat not found",
        "message thread not found",
        "TOPIC_CLOSED",
        "not enough rights to send text messages to the chat",
        "need administrator rights in the channel chat",
        "have no write access to the chat",
        "CHAT_WRITE_FORBIDDEN",
        "PEER_ID_INVALID",
        "group chat was deactivated",
    ],
)
async def test_a_400_about_the_chat(server: FakeTelegram, channel: TelegramChannel, reason: str) -> None:
    server.faults.add(faults.bad_request(reason))
    with pytest.raises(ChatGone):
        await send(channel, CHANNEL)


@pytest.mark.parametrize(
    "reason",
    ["can't parse entities: unclosed start tag at byte offset 0", "message is too long", "text is too long"],
)
async def test_a_400_about_the_message(server: FakeTelegram, channel: TelegramChannel, reason: str) -> None:
    server.faults.add(faults.bad_request(reason))
    with pytest.raises(Rejected):
        await send(channel, CHANNEL)


async def test_broken_markup_is_rejected_and_its_plain_text_is_not(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    body = {**FORMATTER.notice("One").body, "text": "<b>One"}
    with pytest.raises(Rejected, match=r"(?i)can't parse entities"):
        await channel.send(CHANNEL, body, ref="ref", thread="")
    await channel.send(CHANNEL, FORMATTER.plain(body), ref="ref", thread="")
    assert texts(server, CHANNEL) == ["One"]


async def test_a_topic_that_is_not_there(channel: TelegramChannel) -> None:
    with pytest.raises(ChatGone, match="thread not found"):
        await send(channel, f"{FORUM}:99")


async def test_a_group_that_became_a_supergroup(server: FakeTelegram, channel: TelegramChannel) -> None:
    server.chat(BASIC).migrate_to = FORUM
    with pytest.raises(ChatMoved) as moved:
        await send(channel, BASIC)
    assert moved.value.address == FORUM


async def test_a_404_is_about_the_token(server: FakeTelegram, channel: TelegramChannel) -> None:
    server.faults.add(Fault("answer", telegram_error(404, "Not Found")))
    with pytest.raises(BotGone, match="BotFather"):
        await send(channel, CHANNEL)


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_a_proxys_refusal_is_not_telegrams(server: FakeTelegram, channel: TelegramChannel, status: int) -> None:
    server.faults.add(Fault("answer", Answer(status, "<html>Go away</html>", content_type="text/html")))
    with pytest.raises(RetryLater) as wait:
        await send(channel, CHANNEL)
    assert not wait.value.flood


async def test_a_proxys_429_pauses_as_telegrams_does(
    server: FakeTelegram, channel: TelegramChannel, limiter: Counting
) -> None:
    server.faults.add(Fault("answer", Answer(429, "<html>Slow down</html>", content_type="text/html")))
    with pytest.raises(RetryLater):
        await send(channel, CHANNEL)
    assert limiter.pauses == [(CHANNEL, 30.0)]


async def test_a_flood_in_a_topic_pauses_its_whole_chat(
    server: FakeTelegram, channel: TelegramChannel, limiter: Counting
) -> None:
    server.faults.add(faults.flood(7))
    with pytest.raises(RetryLater):
        await send(channel, f"{FORUM}:77")
    assert limiter.pauses == [(FORUM, 7)]


# Asking by editing: a last id is known


async def test_it_is_found_under_the_next_id(server: FakeTelegram, channel: TelegramChannel) -> None:
    await lose(server, channel, CHANNEL)
    assert await channel.reconcile(CHANNEL, unconfirmed(after=LAST)) == Delivered("101")
    assert asked(server) == [101]


async def test_a_run_of_ids_that_are_not_there_means_absent(server: FakeTelegram, channel: TelegramChannel) -> None:
    assert await channel.reconcile(CHANNEL, unconfirmed(after=LAST)) == NotDelivered()
    assert asked(server) == list(range(LAST + 1, LAST + 1 + ABSENT_RUN))


async def test_every_question_waits_for_its_turn(channel: TelegramChannel, limiter: Counting) -> None:
    await channel.reconcile(f"{FORUM}:77", unconfirmed(after=500))
    assert limiter.turns == [FORUM] * ABSENT_RUN


async def test_it_is_found_in_a_topic(server: FakeTelegram, channel: TelegramChannel) -> None:
    server.post_by_other(FORUM)
    await lose(server, channel, f"{FORUM}:77")
    assert await channel.reconcile(f"{FORUM}:77", unconfirmed(after=500)) == Delivered("502")


async def test_ids_that_are_accounted_for_are_not_asked_about(server: FakeTelegram, channel: TelegramChannel) -> None:
    taken = [int(await send(channel, CHANNEL, f"Paper {number}")) for number in range(20)]
    await lose(server, channel, CHANNEL)
    assert await channel.reconcile(CHANNEL, unconfirmed(after=LAST, taken=taken)) == Delivered("121")
    assert asked(server) == [121]
    assert texts(server, CHANNEL) == [*(f"Paper {number}" for number in range(20)), "One"]


async def test_too_many_messages_of_others_hide_it(server: FakeTelegram, channel: TelegramChannel) -> None:
    for _ in range(MOST_PROBES):
        server.post_by_other(CHANNEL)
    await lose(server, channel, CHANNEL)
    assert isinstance(await channel.reconcile(CHANNEL, unconfirmed(after=LAST)), Undecided)
    assert len(asked(server)) == MOST_PROBES


async def test_one_less_does_not_hide_it(server: FakeTelegram, channel: TelegramChannel) -> None:
    for _ in range(MOST_PROBES - 1):
        server.post_by_other(CHANNEL)
    await lose(server, channel, CHANNEL)
    assert await channel.reconcile(CHANNEL, unconfirmed(after=LAST)) == Delivered(str(LAST + MOST_PROBES))


async def test_private_chats_share_ids_with_one_another(server: FakeTelegram, channel: TelegramChannel) -> None:
    before = int(await send(channel, READER, "Zero"))
    for _ in range(ABSENT_RUN - 1):
        server.post_by_other(OTHER_READER)
    await lose(server, channel, READER)
    server.post_by_other(BASIC)
    assert await channel.reconcile(READER, unconfirmed(after=before)) == Delivered(str(before + ABSENT_RUN))
    assert texts(server, READER) == ["Zero", "One"]


async def test_the_search_goes_on_as_far_as_the_counter_is_known_to_have_gone(
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


async def test_it_is_absent_where_the_counter_only_served_others(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    before = int(await send(channel, READER, "Zero"))
    later = [int(await send(channel, OTHER_READER, f"Paper {number}")) for number in range(30)]
    assert await channel.reconcile(READER, unconfirmed(after=before, taken=later)) == NotDelivered()
    assert asked(server) == list(range(later[-1] + 1, later[-1] + 1 + ABSENT_RUN))


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


# Asking by editing: whom it could harm


async def test_where_the_bot_may_edit_others_it_does_not_ask(server: FakeTelegram, channel: TelegramChannel) -> None:
    server.chat(CHANNEL).edits_others = True
    await lose(server, channel, CHANNEL)
    found = await channel.reconcile(CHANNEL, unconfirmed(after=LAST, since=LONG_AGO))
    assert isinstance(found, Undecided)
    assert "edit messages" in found.why
    assert asked(server) == []


async def test_it_asks_even_so_when_it_posted_a_moment_before(server: FakeTelegram, channel: TelegramChannel) -> None:
    server.chat(CHANNEL).edits_others = True
    await lose(server, channel, CHANNEL)
    assert await channel.reconcile(CHANNEL, unconfirmed(after=LAST, since=3)) == Delivered("101")


@pytest.mark.parametrize("address", [CHANNEL, FORUM, READER])
async def test_without_that_right_it_asks(server: FakeTelegram, channel: TelegramChannel, address: str) -> None:
    before = int(await send(channel, address, "Zero"))
    await lose(server, channel, address)
    found = await channel.reconcile(address, unconfirmed(after=before, since=LONG_AGO))
    assert found == Delivered(str(before + 1))


@pytest.mark.parametrize("fault", [faults.server_error(502), faults.reset(), faults.flood(3)])
async def test_it_does_not_ask_while_it_does_not_know_its_rights(
    server: FakeTelegram, channel: TelegramChannel, fault: Fault
) -> None:
    server.faults.add(fault)
    with pytest.raises(SendError):
        await channel.reconcile(CHANNEL, unconfirmed(after=LAST, since=LONG_AGO))
    assert asked(server) == []


# Asking by editing: no older id is known


async def test_it_is_found_before_the_first_id_known(server: FakeTelegram, channel: TelegramChannel) -> None:
    for _ in range(3):
        server.post_by_other(CHANNEL)
    await lose(server, channel, CHANNEL)
    later = int(await send(channel, CHANNEL, "Two"))
    assert await channel.reconcile(CHANNEL, unconfirmed(after=0, taken=[later])) == Delivered(str(later - 1))
    assert asked(server)[0] == later - 1


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
    """Both were asked for at once; the other chat's answer came after our attempt, with the lower id."""
    other = int(await send(channel, OTHER_READER))
    await lose(server, channel, READER)
    assert await channel.reconcile(READER, unconfirmed(after=0, taken=[other])) == Delivered(str(other + 1))


async def test_it_is_absent_on_either_side_of_an_id_that_another_chat_got(
    server: FakeTelegram, channel: TelegramChannel
) -> None:
    other = int(await send(channel, OTHER_READER))
    assert await channel.reconcile(READER, unconfirmed(after=0, taken=[other])) == NotDelivered()
    assert max(asked(server)) == other + ABSENT_RUN


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


async def test_in_a_chat_all_new_to_us_an_absent_message_is_sent(
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
    ids=["flood while asking", "reset while asking", "send reset", "deletion reset", "deletion's answer lost"],
)
async def test_what_interrupts_the_second_copy_does_not_make_a_third(
    server: FakeTelegram, channel: TelegramChannel, fault: Fault, arrived: bool
) -> None:
    if arrived:
        await lose(server, channel, CHANNEL)
    server.faults.add(fault)
    question = unconfirmed(after=0)
    found: object = None
    for _ in range(3):
        try:
            found = await channel.reconcile(CHANNEL, question)
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


# The doctor


@pytest.mark.parametrize(
    ("kind", "rights", "edits_others", "advice"),
    [
        ("channel", True, False, ""),
        ("channel", False, False, "administrator"),
        ("channel", True, True, "edit messages"),
        ("supergroup", True, False, ""),
        ("supergroup", False, False, "add the bot"),
        ("group", True, False, ""),
        ("private", False, False, ""),
    ],
)
async def test_rights_in_a_chat(
    server: FakeTelegram, channel: TelegramChannel, kind: Any, rights: bool, edits_others: bool, advice: str
) -> None:
    chat = server.add_chat("-1008", kind=kind)
    chat.rights, chat.edits_others = rights, edits_others
    (_, token), (_, problem) = await channel.check(["-1008"])
    assert token == ""
    assert (advice in problem) if advice else problem == ""


@pytest.mark.parametrize(
    ("member", "advice"),
    [
        ({"status": "creator", "is_anonymous": False}, ""),
        ({"status": "restricted", "is_member": True, "until_date": 0, "can_send_messages": True}, ""),
        ({"status": "restricted", "is_member": True, "until_date": 0, "can_send_messages": False}, "restriction"),
        ({"status": "kicked", "until_date": 0}, "add the bot"),
    ],
)
async def test_rarer_kinds_of_members(
    server: FakeTelegram, channel: TelegramChannel, member: dict[str, Any], advice: str
) -> None:
    me = {"id": 123456, "is_bot": True, "first_name": "Paperboy"}
    permissions = dict.fromkeys(ChatPermissions.all_permissions().to_dict(), False)
    answer = ok(result={**permissions, **member, "user": me})
    server.faults.add(Fault("answer", answer, method="getChatMember"))
    _, (_, problem) = await channel.check([FORUM])
    assert (advice in problem) if advice else problem == ""


async def test_a_chat_that_blocked_us_is_named_with_the_reason(server: FakeTelegram, channel: TelegramChannel) -> None:
    server.chat(READER).refuse = "bot was blocked by the user"
    _, (what, problem) = await channel.check([READER])
    assert what == READER
    assert "blocked" in problem


# Limits, in virtual time


def moments(address: str, turns: int) -> list[float]:
    """Say when so many turns of a chat are granted."""

    async def story() -> list[float]:
        channel = TelegramChannel("1:x", "http://127.0.0.1:1/bot", FORMATTER)
        granted = []
        for _ in range(turns):
            await channel.acquire_turn(address)
            granted.append(asyncio.get_running_loop().time())
        return granted

    return run(story())


@pytest.mark.parametrize("address", [CHANNEL, "@my_channel", f"{FORUM}:77", BASIC])
def test_groups_and_channels_get_twenty_a_minute_and_one_a_second(address: str) -> None:
    granted = moments(address, 41)
    for first, next_one in ((0, 1), (0, 20), (1, 21), (20, 40)):
        least = 1 if next_one - first == 1 else 60
        assert least < granted[next_one] - granted[first] < least * 1.02


def test_readers_get_one_a_second_and_no_fewer() -> None:
    granted = moments(READER, 60)
    assert 59 < granted[-1] < 60


async def test_the_bots_name_is_asked_for_once_and_before_the_turn(server: FakeTelegram, limiter: Counting) -> None:
    """Between a turn and its call it would make calls leave late, and closer together than the limits allow."""
    formatter = TelegramFormatter(phrases("en"), buttons=True)
    channel = TelegramChannel(server.token, server.base_url, formatter, limiter)
    paper = Paper("2501.00001", 1, "One", "https://example.org", (), ())
    digest = Digest("daily/2025-01-01", "Daily", date(2025, 1, 1), "Daily", "https://example.org", "", (paper,))
    plain, linked = FORMATTER.notice("One").body, formatter.digest(digest)[1].body
    await channel.prepare(plain)
    assert methods(server) == []
    server.faults.add(faults.server_error(500, method="getMe"))
    await channel.prepare(linked)  # sending will say what is wrong
    assert methods(server) == ["getMe"]
    await asyncio.gather(*(channel.prepare(linked) for _ in range(5)))
    assert methods(server) == ["getMe"] * 2
    await channel.prepare(linked)
    await channel.send(READER, linked, ref="ref", thread="")
    await channel.close()
    assert methods(server) == ["getMe", "getMe", "sendMessage"]


async def test_a_body_is_spelled_once_for_all_chats_and_never_taken_for_another(channel: TelegramChannel) -> None:
    """What counts is what a body says, not which object says it."""
    one = dict(FORMATTER.notice("One").body)
    assert await channel.client.arguments(one) is await channel.client.arguments({**one})
    one["text"] = "Another"
    assert (await channel.client.arguments(one))["text"] == "Another"
    for number in range(300):
        assert (await channel.client.arguments(dict(FORMATTER.notice(str(number)).body)))["text"] == str(number)
    assert len(channel.client._arguments) <= 100


def test_topics_of_a_chat_share_its_limits() -> None:
    async def story() -> float:
        channel = TelegramChannel("1:x", "http://127.0.0.1:1/bot", FORMATTER)
        await asyncio.gather(*(channel.acquire_turn(f"{FORUM}:{topic}") for topic in (1, 77, 78)))
        return asyncio.get_running_loop().time()

    assert run(story()) == pytest.approx(2.02)


def test_thirty_readers_take_a_second() -> None:
    async def story() -> float:
        channel = TelegramChannel("1:x", "http://127.0.0.1:1/bot", FORMATTER)
        await asyncio.gather(*(channel.acquire_turn(str(reader)) for reader in range(301)))
        return asyncio.get_running_loop().time()

    assert 10 < run(story()) < 10.2
