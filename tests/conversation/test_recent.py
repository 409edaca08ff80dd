"""What happened lately is remembered for a while, and no paper is given twice in a group meanwhile."""

from __future__ import annotations

import asyncio

from bot.conversation.recent import PapersGiven, Recent

LINE = "/paper 0123456789abcdef"


def test_what_happened_is_known_until_its_time_is_over() -> None:
    recent = Recent[str](10.0)
    recent.note("a", "one", 0.0)
    assert [recent.get("a", now) for now in (0.0, 9.9, 10.0)] == ["one", "one", None]
    assert recent.get("b", 0.0) is None


def test_what_happens_again_counts_from_then_on() -> None:
    recent = Recent[str](10.0)
    recent.note("a", "one", 0.0)
    recent.note("b", "two", 5.0)
    recent.note("a", "three", 8.0)
    assert (recent.get("a", 17.0), recent.get("b", 14.0)) == ("three", "two")


def test_what_is_over_or_too_much_is_forgotten() -> None:
    recent = Recent[int](10.0, most=3)
    for number in range(100):
        recent.note(number, number, number * 1.0)
    assert [recent.get(number, 99.0) for number in (96, 97, 99)] == [None, 97, 99]
    recent.note("late", 0, 200.0)
    assert list(recent._known) == ["late"]


class Chat:
    """Where papers are given, by a clock that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0
        self.papers = PapersGiven(lambda: self.now)
        self.sent: list[str] = []
        self.lost = False

    async def asks(self, line: str = LINE, chat: str = "-1") -> str:
        async def send() -> str:
            await asyncio.sleep(0)
            if self.lost:
                return ""
            self.sent.append(f"{chat} {line}")
            return str(len(self.sent))

        return await self.papers.give(chat, line, send)


async def test_a_paper_that_stands_there_is_not_sent_again_for_ten_minutes() -> None:
    chat = Chat()
    assert await chat.asks() == ""
    chat.now = 599.0
    assert await chat.asks() == "1"
    chat.now = 600.0
    assert await chat.asks() == ""
    assert len(chat.sent) == 2


async def test_who_asks_while_it_is_sent_is_pointed_to_it() -> None:
    chat = Chat()
    assert await asyncio.gather(*(chat.asks() for _ in range(12))) == ["", *["1"] * 11]
    assert len(chat.sent) == 1


async def test_other_papers_and_other_chats_are_others() -> None:
    chat = Chat()
    await chat.asks()
    assert await chat.asks("/paper ffffffffffffffff") == await chat.asks(chat="-2") == ""
    assert len(chat.sent) == 3


async def test_one_that_was_lost_is_sent_when_it_is_asked_for_again() -> None:
    chat = Chat()
    chat.lost = True
    assert await asyncio.gather(*(chat.asks() for _ in range(2))) == ["", ""]
    chat.lost = False
    assert await chat.asks() == ""
    assert len(chat.sent) == 1
