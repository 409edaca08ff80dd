"""The platform that is a file: what it keeps, and what is seen to be wrong on it."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.delivery.channel import Delivered, NotDelivered, UnconfirmedSend
from tests.support.file_platform import FileChannel, FilePlatform, Wrong, checksum, compare

CHATS = [("bot1", "7"), ("bot2", "7")]
TEXTS = ["index", "first", "second"]


def bots() -> tuple[FileChannel, FileChannel]:
    platform = FilePlatform(Path("platform.txt"))
    return FileChannel("bot1", platform=platform), FileChannel("bot2", platform=platform, takes=0.01)


async def send(bot: FileChannel, *texts: str) -> list[str]:
    return [await bot.send("7", {"text": text}, delivery_ref=f"{bot.name}-{text}", thread="") for text in texts]


def asked(ref: str) -> UnconfirmedSend:
    return UnconfirmedSend(ref, {}, "", 0.0, 0, 0.0, frozenset())


async def test_bots_share_a_file_in_which_ids_grow() -> None:
    one, other = bots()
    ids = await asyncio.gather(send(one, *TEXTS), send(other, *TEXTS))
    shown = one.platform.shown()
    assert [line.text for line in shown if line.channel == "bot2"] == [checksum(text) for text in TEXTS]
    assert len({int(number) for bot in ids for number in bot}) == len(shown) == 6
    assert compare(shown, CHATS, TEXTS) == Wrong(0, 0, 0)


async def test_what_was_sent_is_found_by_its_ref() -> None:
    one, _ = bots()
    assert isinstance(await one.reconcile("7", asked("bot1-index")), NotDelivered)
    first, second = await send(one, "index", "first")
    assert await one.reconcile("7", asked("bot1-first")) == Delivered(second)
    assert await one.reconcile("7", asked("bot1-index")) == Delivered(first)


async def test_lost_doubled_and_disordered_messages_are_counted() -> None:
    one, other = bots()
    await send(one, "index", "second", "first", "first")
    await send(other, "first", "second")
    assert compare(one.platform.shown(), CHATS, TEXTS) == Wrong(lost=1, doubled=1, disordered=1)
