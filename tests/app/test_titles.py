"""How the titles of chats come into the ledger, and that nothing else suffers when they do not."""

from __future__ import annotations

import asyncio

import pytest

from bot import errors
from bot.app.assembly import App
from tests.support.app import FIRST, memory, opened
from tests.support.memory_channel import Failure, MemoryChannel


async def titles(app: App) -> dict[str, str]:
    return dict(await app.ledger.status.titles("telegram"))


def asked(channel: MemoryChannel) -> list[str]:
    return [address for call, address in channel.calls if call == "title"]


async def test_chats_are_asked_about_once_and_again_in_the_next_process() -> None:
    channel = memory()
    channel.called = {"5": "Mina", "-6": "Reading group"}
    async with opened(channel, FIRST) as app:
        await app.cycle.plan(at_once=True, resume=False)
        for _ in range(2):
            await app.titles.keep()
        assert await titles(app) == {"5": "Mina", "-6": "Reading group"}
        assert asked(channel) == ["5", "-6"]
    channel.called["-6"] = "Reading circle"
    async with opened(channel) as app:
        await app.titles.keep(untitled_alone=True)
        assert asked(channel) == ["5", "-6"]
        await app.titles.keep()
        assert (await titles(app))["-6"] == "Reading circle"


@pytest.mark.parametrize("error", [errors.Rejected("no"), errors.BotGone("no scope"), RuntimeError("a bug")])
async def test_a_chat_that_is_not_told_of_leaves_the_others_alone(error: Exception) -> None:
    channel = memory()
    channel.called = {"-6": "Reading group"}
    async with opened(channel, FIRST) as app:
        await app.cycle.plan(at_once=True, resume=False)
        channel.failures["5"].append(Failure(error))
        await app.titles.keep()
        assert await titles(app) == {"5": "", "-6": "Reading group"}


async def test_a_platform_that_is_away_is_asked_again_and_what_was_heard_is_written() -> None:
    channel = memory()
    channel.called = {"5": "Mina"}
    async with opened(channel, FIRST) as app:
        await app.cycle.plan(at_once=True, resume=False)
        channel.failures["5"].append(Failure(errors.RetryLater("away")))
        channel.titles.hear("Reading group", "-6")
        await app.titles.keep()
        assert (await titles(app), asked(channel)) == ({"5": "", "-6": "Reading group"}, ["5"])
        await app.titles.keep()
        assert (await titles(app))["5"] == "Mina"


async def test_they_are_kept_until_stopped() -> None:
    channel = memory()
    channel.called = {"5": "Mina"}
    async with opened(channel, FIRST) as app:
        await app.cycle.plan(at_once=True, resume=False)
        running = asyncio.create_task(app.titles.run(app.cycle.stopping))
        async with asyncio.timeout(5):
            while not (await titles(app))["5"]:
                await asyncio.sleep(0)
        app.cycle.stopping.set()
        await asyncio.wait_for(running, 5)
        assert running.done()
