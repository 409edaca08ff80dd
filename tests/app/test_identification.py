"""Which chats the settings name is found out before anything is sent there; one that cannot be asked about waits."""

from __future__ import annotations

from typing import Any

import pytest

from bot.errors import BotGone, ChatGone, Rejected, RetryLater, Unconfirmed
from tests.support.app import FIRST, SECOND, memory, opened, subscribed
from tests.support.memory_channel import Failure, MemoryChannel, refused

OFF: dict[str, Any] = {"token": "123456:FAKE-telegram-token", "listen": "off"}
AWAY = [RetryLater("no network"), Unconfirmed("reset")]
TOLD = [ChatGone("no such chat"), Rejected("nonsense"), BotGone("token revoked")]


def channel_of(*names: str) -> MemoryChannel:
    channel = memory()
    channel.numbers.update(dict.fromkeys(names, "-100"))
    return channel


def asked(channel: MemoryChannel) -> list[str]:
    return [address for call, address in channel.calls if call == "identify"]


async def sweep(channel: MemoryChannel, *chats: str, posts: tuple[str, ...] = (FIRST,), times: int = 1) -> list[str]:
    """Start the program with these chats in its settings, and do some sweeps; give what is waited for."""
    async with opened(channel, *posts, telegram={**OFF, "chats": [*chats]}) as app:
        for _ in range(times):
            await app.cycle.plan(at_once=True, resume=False)
            dispatcher = app.cycle.dispatcher()
            await dispatcher.run()
            assert app.cycle.broken_chats(dispatcher) == []
        return app.cycle.identification.problems


@pytest.mark.parametrize("names", [("@mine", "-100"), ("@mine", "@other"), ("@MINE", "@mine")], ids=str)
async def test_one_chat_by_two_names_is_asked_about_once_and_receives_once(names: tuple[str, str]) -> None:
    channel = channel_of("@mine", "@other")
    assert await sweep(channel, *names, times=2) == []
    await sweep(channel, *names, posts=(SECOND,))
    assert asked(channel) == [name for name in names if name != "-100"]
    assert {chat: len(shown) for chat, shown in channel.chats.items() if shown} == {"-100": 8}


async def test_a_second_name_may_come_later_when_its_people_have_subscribed() -> None:
    channel = channel_of("@mine")
    async with opened(channel, FIRST, telegram={**OFF, "chats": ["5"]}) as app:
        await subscribed(app, "-100", now=True)
        await app.cycle.plan(at_once=True, resume=False)
        await app.cycle.dispatcher().run()
    await sweep(channel, "@mine", "5")
    assert {chat: len(shown) for chat, shown in channel.chats.items() if shown} == {"-100": 4, "5": 4}


@pytest.mark.parametrize("error", AWAY, ids=lambda error: type(error).__name__)
async def test_what_cannot_be_asked_about_waits_and_what_is_known_does_not(error: Exception) -> None:
    channel = channel_of("@mine", "@other")
    channel.failures["@mine"].append(Failure(error))
    async with opened(channel, FIRST, telegram={**OFF, "chats": ["@mine", "-100", "@other", "5"]}) as app:
        await app.cycle.plan(at_once=True, resume=False)
        await app.cycle.dispatcher().run()
        assert [line.partition(":")[0] for line in app.cycle.identification.problems] == [
            "telegram @mine",
            "telegram @other",
        ]
        assert ({"-100": 4, "5": 4}, asked(channel)) == (
            {chat: len(shown) for chat, shown in channel.chats.items() if shown},
            ["@mine"],
        )
        await app.cycle.plan(at_once=True, resume=False)
        await app.cycle.dispatcher().run()
        assert app.cycle.identification.problems == []
    assert (len(channel.chats["-100"]), asked(channel)) == (4, ["@mine", "@mine", "@other"])


@pytest.mark.parametrize("error", [*TOLD, ZeroDivisionError("no")], ids=lambda error: type(error).__name__)
async def test_what_the_platform_tells_nothing_of_is_sent_to(error: Exception) -> None:
    channel = channel_of("@mine")
    channel.failures["@mine"].append(Failure(error))
    assert await sweep(channel, "@mine", "5") == []
    assert (len(channel.chats["-100"]), len(channel.chats["5"])) == (4, 4)
    await sweep(channel, "@mine", "5", "-100")
    assert (len(channel.chats["-100"]), asked(channel)) == (4, ["@mine", "@mine"])


async def test_a_chat_of_before_that_is_gone_is_asked_about_once() -> None:
    channel = channel_of()
    gone = refused(ChatGone("no such chat"))
    channel.failures["@gone"] += [gone, *[Failure()] * 4, gone]
    await sweep(channel, "@gone")
    await sweep(channel, "5", times=2)
    await sweep(channel, "5")
    assert asked(channel) == ["@gone", "@gone"]
