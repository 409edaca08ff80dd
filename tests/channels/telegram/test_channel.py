"""What is special about the channel "telegram": addresses, rights in a chat, rate limits."""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Any

import pytest
from telegram import ChatPermissions

from bot.channels.telegram.channel import TelegramChannel, message_link
from bot.database.states import ChatKind
from bot.delivery.channel import ChatIdentity, ChatWork
from bot.errors import BotGone, ChatGone, Rejected, RetryLater, SendError, Unconfirmed
from formatters.locale import phrases
from formatters.model import Digest, Paper
from formatters.telegram import TelegramFormatter
from tests.support.chats import BASIC, CHANNEL, FORUM, READER
from tests.support.fakes import faults
from tests.support.fakes.answers import ok
from tests.support.fakes.faults import Fault
from tests.support.fakes.telegram import FakeTelegram
from tests.support.telegram_channel import FORMATTER, CountingLimiter, methods, send
from tests.support.virtual_time import run

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
    ("address", "sequence"),
    [
        (CHANNEL, CHANNEL),
        ("@my_channel", "@my_channel"),
        (f"{FORUM}:77", FORUM),
        (f"{FORUM}:1", FORUM),
        (BASIC, "bot"),
        (READER, "bot"),
    ],
)
async def test_which_chats_share_a_sequence_of_ids(channel: TelegramChannel, address: str, sequence: str) -> None:
    assert channel.id_sequence(address) == sequence


@pytest.mark.parametrize(
    ("address", "canonical", "kind", "calls"),
    [
        (CHANNEL, CHANNEL, "channel", 1),
        ("@My_Channel", CHANNEL, "channel", 1),
        ("@my_other_name", CHANNEL, "channel", 1),
        (FORUM, FORUM, "group", 1),
        (f"{FORUM}:77", f"{FORUM}:77", "group", 1),
        (f"{FORUM}:1", FORUM, "group", 1),
        (BASIC, BASIC, "group", 0),
        (READER, READER, "private", 0),
    ],
)
async def test_which_chat_an_address_leads_to(
    server: FakeTelegram, channel: TelegramChannel, address: str, canonical: str, kind: str, calls: int
) -> None:
    server.chat(CHANNEL).more_names = ("my_other_name",)
    assert await channel.identify(address) == ChatIdentity(ChatKind(kind), canonical)
    assert channel.is_canonical(address) == (address == canonical)
    assert await channel.canonical_address(address) == canonical
    assert methods(server) == ["getChat"] * calls


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.bad_request("chat not found"), ChatGone),
        (faults.reset(), Unconfirmed),
        (faults.server_error(502), Unconfirmed),
        (faults.flood(3), RetryLater),
        (faults.unauthorized(), BotGone),
        (Fault("answer", ok(result={"id": 5, "type": "channel"})), Rejected),  # of a server of another version
    ],
)
async def test_why_it_is_not_known_which_chat_an_address_leads_to(
    server: FakeTelegram, channel: TelegramChannel, fault: Fault, error: type[SendError]
) -> None:
    server.faults.add(fault)
    with pytest.raises(SendError) as caught:
        await channel.identify("@my_channel")
    assert isinstance(caught.value, error)
    assert await channel.canonical_address("@my_channel") == "@my_channel"


async def test_how_a_message_is_sent(server: FakeTelegram, channel: TelegramChannel) -> None:
    body = {**FORMATTER.notice("One").body, "disable_notification": True}
    await channel.send(CHANNEL, body, delivery_ref="ref", thread="")
    [shown] = server.shown(CHANNEL)
    assert shown.silent
    assert "is_disabled" in str(shown.arguments["link_preview_options"])


# Rights


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


async def use(channel: TelegramChannel, address: str, *, reply: bool = False) -> None:
    """Wait for a turn and make a call that is answered at once."""
    async with await channel.acquire_turn(address, reply=reply):
        pass


def moments(address: str, turns: int, *, reply: bool = False) -> list[float]:
    """Say when so many turns of a chat are granted."""

    async def story() -> list[float]:
        channel = TelegramChannel("1:x", "http://127.0.0.1:1/bot", FORMATTER)
        granted = []
        for _ in range(turns):
            await use(channel, address, reply=reply)
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


@pytest.mark.parametrize("address", [READER, CHANNEL])
def test_three_answers_come_at_once_and_a_broadcast_does_not_count_on_that(address: str) -> None:
    assert [round(at) for at in moments(address, 5, reply=True)] == [0, 0, 0, 1, 2]
    assert [round(at) for at in moments(address, 5)] == [0, 1, 2, 3, 4]
    channel = TelegramChannel("1:x", "http://127.0.0.1:1/bot", FORMATTER)
    assert channel.seconds_for([ChatWork(address, 5)]) == 4


async def test_the_bots_name_is_asked_for_once_and_before_the_turn(
    server: FakeTelegram, limiter: CountingLimiter
) -> None:
    """Between a turn and its call it would make calls leave late, and closer together than the limits allow."""
    formatter = TelegramFormatter(phrases("en"), buttons=True)
    channel = TelegramChannel(server.token, server.base_url, formatter, limiter)
    paper = Paper("2501.00001", 1, "One", "https://example.org", (), ())
    digest = Digest("daily/2025-01-01", "Daily", date(2025, 1, 1), "Daily", "https://example.org", "", (paper,))
    plain, linked = FORMATTER.notice("One").body, formatter.digest(digest)[1].body
    await channel.prepare(plain)
    assert methods(server) == []
    server.faults.add(faults.server_error(500, method="getMe"))
    await channel.prepare(linked)  # the send will say what is wrong
    assert methods(server) == ["getMe"]
    await asyncio.gather(*(channel.prepare(linked) for _ in range(5)))
    assert methods(server) == ["getMe"] * 2
    await channel.prepare(linked)
    await channel.send(READER, linked, delivery_ref="ref", thread="")
    await channel.close()
    assert methods(server) == ["getMe", "getMe", "sendMessage"]


async def test_a_body_is_converted_once_for_all_chats_and_never_taken_for_another(channel: TelegramChannel) -> None:
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
        await asyncio.gather(*(use(channel, f"{FORUM}:{topic}") for topic in (1, 77, 78)))
        return asyncio.get_running_loop().time()

    assert run(story()) == pytest.approx(2.006)


def test_thirty_readers_take_a_second() -> None:
    async def story() -> float:
        channel = TelegramChannel("1:x", "http://127.0.0.1:1/bot", FORMATTER)
        await asyncio.gather(*(use(channel, str(reader)) for reader in range(301)))
        return asyncio.get_running_loop().time()

    assert 10 < run(story()) < 10.2


def test_the_names_of_its_limits_are_on_disk() -> None:
    channel = TelegramChannel("1:x", "http://127.0.0.1:1/bot", FORMATTER)
    assert [(one.name, one.most) for one in channel.allowances] == [("bot", 30), ("group", 20)]


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("-1001234567890", "https://t.me/c/1234567890/7"),
        ("-1001234567890:1", "https://t.me/c/1234567890/7"),
        ("-1001234567890:5", "https://t.me/c/1234567890/5/7"),
        ("-1012345678901", "https://t.me/c/12345678901/7"),
        ("@my_channel", "https://t.me/my_channel/7"),
        ("@my_forum:5", "https://t.me/my_forum/5/7"),
        ("-100123456", ""),  # a basic group, as a person
        ("42", ""),
    ],
)
def test_messages_of_channels_and_supergroups_have_addresses(address: str, link: str) -> None:
    assert message_link(address, "7") == link
