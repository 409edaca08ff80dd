"""What the refusals of Telegram, and of a proxy before it, mean for a send."""

from __future__ import annotations

import pytest

from bot.channels.telegram.channel import TelegramChannel
from bot.errors import BotGone, ChatGone, ChatMoved, Rejected, RetryLater
from tests.support.chats import BASIC, CHANNEL, FORUM
from tests.support.fakes import faults
from tests.support.fakes.answers import Answer, telegram_error
from tests.support.fakes.faults import Fault
from tests.support.fakes.telegram import FakeTelegram
from tests.support.telegram_channel import FORMATTER, CountingLimiter, send, texts


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
        await channel.send(CHANNEL, body, delivery_ref="ref", thread="")
    await channel.send(CHANNEL, FORMATTER.plain(body), delivery_ref="ref", thread="")
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
    server: FakeTelegram, channel: TelegramChannel, limiter: CountingLimiter
) -> None:
    server.faults.add(Fault("answer", Answer(429, "<html>Slow down</html>", content_type="text/html")))
    with pytest.raises(RetryLater):
        await send(channel, CHANNEL)
    assert limiter.pauses == [(CHANNEL, 30.0)]


async def test_a_429_in_a_topic_pauses_its_whole_chat(
    server: FakeTelegram, channel: TelegramChannel, limiter: CountingLimiter
) -> None:
    server.faults.add(faults.flood(7))
    with pytest.raises(RetryLater):
        await send(channel, f"{FORUM}:77")
    assert limiter.pauses == [(FORUM, 7)]
