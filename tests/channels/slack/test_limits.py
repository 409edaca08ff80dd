"""Retry-After of one channel, of the workspace and of a method: each holds up what it is about, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from bot.channels.slack.channel import SlackChannel
from bot.delivery.channel import UnconfirmedSend
from bot.errors import RetryLater
from formatters.locale import phrases
from formatters.slack import SlackFormatter
from tests.support.fakes.faults import ratelimited
from tests.support.fakes.slack import FakeSlack
from tests.support.virtual_time import run

FORMATTER = SlackFormatter(phrases("en"))
BODY = FORMATTER.notice("One").body
ONE, TWO, THREE, PERSON = "C0000ONE", "C0000TWO", "C0000THREE", "U0ANN"
LONG = 600  # seconds; nobody but a reply waits for the end of so long a pause
UNCONFIRMED = UnconfirmedSend("ref", BODY, "", 1.0, 0, 0.0, frozenset())

Call = Callable[[SlackChannel], Awaitable[object]]


@pytest.fixture
async def server() -> AsyncIterator[FakeSlack]:
    async with FakeSlack() as server:
        for chat in (ONE, TWO, THREE):
            server.add_channel(chat, name=chat.lower())
        server.add_user(PERSON, "Ann")
        server.scopes.add("im:write")
        yield server


@pytest.fixture
async def channel(server: FakeSlack) -> AsyncIterator[SlackChannel]:
    """Give a channel with all its limits."""
    channel = SlackChannel(server.token, server.base_url, FORMATTER)
    yield channel
    await channel.close()


async def post(channel: SlackChannel, chat: str) -> str:
    async with await channel.acquire_turn(chat):
        return await channel.send(chat, BODY, delivery_ref="ref", thread="")


async def edit(channel: SlackChannel, chat: str, ts: str) -> None:
    async with await channel.acquire_turn(chat, edit=True):
        await channel.edit(chat, ts, BODY)


async def is_held_up(call: Awaitable[object]) -> bool:
    """Tell whether a call is not made because of a long pause."""
    try:
        await call
    except RetryLater as error:
        return error.flood
    return False


async def refuse(server: FakeSlack, method: str, chat: str, call: Awaitable[object]) -> None:
    server.faults.add(ratelimited(LONG, method=method, chat=chat))
    assert await is_held_up(call)


async def test_a_channel_that_must_wait_holds_up_its_own_messages_alone(
    server: FakeSlack, channel: SlackChannel
) -> None:
    shown = await post(channel, ONE)
    await refuse(server, "chat.postMessage", ONE, post(channel, ONE))
    assert await is_held_up(post(channel, ONE))
    assert not await is_held_up(post(channel, TWO))
    assert not await is_held_up(edit(channel, ONE, shown))
    assert not await is_held_up(channel.reconcile(ONE, UNCONFIRMED))


async def test_a_second_channel_that_must_wait_means_the_workspace(server: FakeSlack, channel: SlackChannel) -> None:
    shown = await post(channel, THREE)
    for chat in (ONE, TWO):
        await refuse(server, "chat.postMessage", chat, post(channel, chat))
    assert await is_held_up(post(channel, THREE))
    assert not await is_held_up(edit(channel, THREE, shown))


async def test_edits_that_must_wait_do_so_in_all_channels_and_hold_up_nothing_else(
    server: FakeSlack, channel: SlackChannel
) -> None:
    shown = [await post(channel, chat) for chat in (ONE, TWO)]
    await refuse(server, "chat.update", ONE, edit(channel, ONE, shown[0]))
    assert await is_held_up(edit(channel, TWO, shown[1]))
    assert not await is_held_up(post(channel, THREE))
    assert not await is_held_up(channel.reconcile(ONE, UNCONFIRMED))


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("conversations.history", lambda channel: channel.reconcile(ONE, UNCONFIRMED)),
        ("conversations.replies", lambda channel: channel.reconcile(ONE, replace(UNCONFIRMED, thread="1.0"))),
        ("conversations.info", lambda channel: channel.ask_title(ONE)),
        ("users.info", lambda channel: channel.ask_title(PERSON)),
        ("conversations.open", lambda channel: channel.identify(PERSON)),
    ],
)
async def test_a_method_that_must_wait_is_not_called_meanwhile(
    server: FakeSlack, channel: SlackChannel, method: str, call: Call
) -> None:
    server.faults.add(ratelimited(LONG, method=method))
    assert await is_held_up(call(channel))
    assert await is_held_up(call(channel))
    assert [one.method for one in server.calls].count(method) == 1
    assert not await is_held_up(post(channel, ONE))


async def test_a_channel_that_is_refused_lets_all_channels_go_slower(server: FakeSlack, channel: SlackChannel) -> None:
    server.faults.add(ratelimited(1, method="chat.postMessage", chat=ONE))
    assert await is_held_up(post(channel, ONE))
    slower = {one.name: one.learnt for one in channel.allowances if one.learnt < one.most}
    assert slower == {"chat.postMessage": pytest.approx(0.8)}


def test_no_more_edits_are_made_in_a_minute_than_slack_allows() -> None:
    async def story() -> float:
        channel = SlackChannel("xoxb-x", "http://127.0.0.1:1/api/", FORMATTER)
        for number in range(51):
            async with await channel.acquire_turn(f"C{number}", edit=True):
                """Edit nothing."""
        return asyncio.get_running_loop().time()

    assert 60 < run(story()) < 60.5


def test_the_names_of_its_limits_are_on_disk() -> None:
    channel = SlackChannel("xoxb-x", "http://127.0.0.1:1/api/", FORMATTER)
    assert [one.name for one in channel.allowances] == [
        *("chat.postMessage", "chat.update", "chat.delete", "conversations.history", "conversations.replies"),
        *("conversations.info", "conversations.open", "users.info"),
    ]
