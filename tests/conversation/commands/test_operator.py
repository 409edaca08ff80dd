"""/status, for operators alone."""

from __future__ import annotations

from dataclasses import replace

from bot import errors
from bot.delivery.decisions import Rules
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
    Readers,
)


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
    for problem in ("telegram 51: too long", "telegram 52: paused: 52: blocked", "held: the post has no papers yet"):
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
        channel.failures[str(n)] += [refused(errors.ChatGone(f"{n}: blocked"))]
        await pipeline.subscriber(str(n), now=True)
    await pipeline.run([found(NEWEST)])
    text = await readers.reader(OPERATOR).reads("/status")
    assert text.count(": blocked") == 10
    assert text.endswith("… +2")


async def test_nothing_was_delivered(empty: Readers) -> None:
    assert await empty.reader(OPERATOR).reads("/status") == EN.nothing_delivered
