"""/status, for operators alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from bot import errors
from bot.archive.sources import LookCost
from bot.config.settings import Settings
from bot.delivery.decisions import Rules
from bot.sources.survey import Survey
from tests.support.digests import found
from tests.support.memory_channel import Failure, MemoryChannel, refused
from tests.support.pipeline import Pipeline
from tests.support.readers import (
    ARXIV,
    BOSS,
    EN,
    KO,
    LONG,
    NEWEST,
    OPERATOR,
    SEEN,
    SETTINGS,
    Readers,
    open_readers,
)
from tests.support.usual import usual_edition


async def test_only_operators_read_the_status(readers: Readers) -> None:
    for reader in (
        readers.reader(),
        readers.member(charge=True),
        readers.channel(),
        readers.slack(),
        readers.slack(OPERATOR),
    ):
        for line in ("/status", "/status retry"):
            catalogue = EN if reader.request.kind == "private" else KO
            assert await reader.reads(line) == catalogue.operators_only
    operators = [
        readers.reader(OPERATOR),
        readers.member(OPERATOR),
        readers.member(OPERATOR).pressing,
        readers.slack(BOSS),
    ]
    for reader in [*operators, readers.terminal()]:
        assert "daily-papers/2025-09-10" in await reader.reads("/status")
    assert not readers.woken


async def test_the_status_when_all_is_well(readers: Readers) -> None:
    (message,) = await readers.reader(OPERATOR).sees("/status")
    assert message.text.split("\n\n")[-1].splitlines() == [
        EN.status.format(digest="daily-papers/2025-09-10", papers="4 papers"),
        EN.status_line.format(chats=1, sent=5, all=5),
    ]
    assert message.buttons == []


async def test_the_status_names_problems_and_retry_tries_again(readers: Readers) -> None:
    """One chat is closed to us, one message is refused, one is unconfirmed, and a post has no papers yet."""
    channel = MemoryChannel(name="telegram", formatter=readers.router.formatters["telegram"], readable=False)
    pipeline = Pipeline(readers.ledger, readers.clock, channel)
    await pipeline.subscriber("51", now=True)
    await pipeline.subscriber("52", now=True)
    channel.failures["51"] += [Failure(errors.Unconfirmed("reset")), Failure()]
    channel.failures["51"] += [refused(errors.Rejected("too long")) for _ in range(2)]
    channel.failures["52"] += [refused(errors.ChatGone("52: blocked"))]
    empty = replace(NEWEST, id="daily-papers/2025-09-11", day=NEWEST.day.replace(day=11), papers=())
    await pipeline.look(
        [found(LONG), found(SEEN), found(ARXIV), found(NEWEST), found(empty)], rules=Rules(gate_wait=60)
    )
    await pipeline.dispatch()
    (page,) = await readers.reader(OPERATOR).sees("/status")
    states = EN.states
    assert f"{states['failed']} 2, {states['pending']} 4, {states['unconfirmed']} 1" in page.text
    since = f"{datetime.fromtimestamp(readers.clock(), SETTINGS.zone):%Y-%m-%d %H:%M}"
    assert page.text.splitlines()[0] == EN.paused(1)
    for problem in (
        *("telegram 51: too long", "held: the post has no papers yet"),
        EN.paused_chat.format(where="telegram 52", since=since, why="52: blocked"),
    ):
        assert problem in page.text
    assert [line for _, line in page.buttons] == ["/status retry"]
    response = await readers.reader(OPERATOR).pressing.sends("/status retry")
    assert response.toast == EN.retried(3)
    assert readers.woken
    channel.failures.clear()
    channel.readable = True
    await pipeline.dispatch()
    assert [len(channel.chats[chat]) for chat in ("51", "52")] == [5, 5]
    assert await readers.reader(OPERATOR).buttons("/status") == {}
    assert await readers.reader(OPERATOR).reads("/status RETRY") == EN.retried(0)


async def test_of_many_problems_some_are_listed(readers: Readers) -> None:
    channel = MemoryChannel(name="telegram", formatter=readers.router.formatters["telegram"])
    pipeline = Pipeline(readers.ledger, readers.clock, channel)
    for n in range(60, 72):
        channel.failures[str(n)] += [refused(errors.Rejected(f"{n}: too odd"))] * 2
        await pipeline.subscriber(str(n), now=True)
    await pipeline.run([found(NEWEST)])
    text = await readers.reader(OPERATOR).reads("/status")
    assert text.count(": too odd") == 10
    assert text.endswith("… +2")


async def test_of_many_paused_chats_the_first_are_listed_and_readers_counted(readers: Readers) -> None:
    """They were paused long ago, and have nothing of the newest digests."""
    pipeline = Pipeline(readers.ledger, readers.clock, MemoryChannel(name="telegram"))
    subscriptions = readers.ledger.subscriptions
    await subscriptions.sync_chats("telegram", usual_edition(), {"@news": "@news"})
    chats = [(await pipeline.known("@news")).id]
    chats += [await pipeline.subscriber(f"-{n}", kind="group") for n in range(60, 66)]
    chats += [await pipeline.subscriber(str(n), kind="private") for n in range(70, 73)]
    for chat in chats:
        await subscriptions.pause(chat, "taken out")
    await subscriptions.try_again(chats[0])
    (page,) = await readers.reader(OPERATOR).sees("/status")
    head, first, *others, rest, blocked, gap, digest = page.text.splitlines()[:10]
    assert (head, rest, blocked, gap) == ("7 chats are paused", "… +2", "3 readers have blocked the bot", "")
    assert (first.startswith("telegram @news, since "), first.endswith(f": taken out {EN.is_tried}")) == (True, True)
    assert [line.partition(",")[0] for line in others] == [f"telegram -{n}" for n in range(60, 64)]
    assert digest.startswith("daily-papers/2025-09-08")
    assert [line for _, line in page.buttons] == ["/status retry"]


async def test_readers_who_block_the_bot_are_no_reason_to_send_anything_again(readers: Readers) -> None:
    pipeline = Pipeline(readers.ledger, readers.clock, MemoryChannel(name="telegram"))
    await readers.ledger.subscriptions.pause(await pipeline.subscriber("70", kind="private"), "blocked")
    (page,) = await readers.reader(OPERATOR).sees("/status")
    assert (page.text.splitlines()[0], page.buttons) == ("1 reader has blocked the bot", [])


async def test_a_chat_may_be_paused_before_anything_was_delivered(empty: Readers) -> None:
    await empty.ledger.subscriptions.sync_chats("telegram", usual_edition(), {"@news": "@news"})
    await empty.ledger.subscriptions.pause(1, "taken out")
    lines = (await empty.reader(OPERATOR).reads("/status")).splitlines()
    assert (lines[0], lines[-1]) == (EN.paused(1), EN.nothing_delivered)


async def test_sources_that_cannot_be_read_or_in_which_no_papers_were_read_come_first(tmp_path: Path) -> None:
    named = [{"name": name, "kind": "folder", "path": f"/{name}"} for name in ("blog", "gone", "lately", "new")]
    async with open_readers(
        tmp_path, None, Settings.model_validate({"operators": {"telegram": [OPERATOR]}, "sources": named})
    ) as readers:
        sources = readers.ledger.sources
        for name, problem in (("blog", "1 post read, none is a digest"), ("lately", ""), ("removed", "none")):
            await sources.looked(name, Survey(), problem, "", LookCost(0, 0, 0))
        for name, seconds in (("gone", 3600), ("lately", 0)):
            await sources.failed(name, "no such folder", LookCost(0, 0, 0))
            readers.clock.now += seconds
        lines = (await readers.reader(OPERATOR).reads("/status")).splitlines()
    assert lines == [
        EN.incidents["source"].format(where="gone", why="no such folder"),
        EN.incidents["unread"].format(where="blog", why="1 post read, none is a digest"),
        "",
        EN.nothing_delivered,
    ]


async def test_nothing_was_delivered(empty: Readers) -> None:
    assert await empty.reader(OPERATOR).reads("/status") == EN.nothing_delivered
