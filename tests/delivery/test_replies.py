"""Answers on their way: in order, patiently, in plain text if need be; a lost one is told and blocks nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Mapping

import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from bot.delivery.channel import FreeTurn
from bot.delivery.replies import ReplySender
from bot.errors import BotGone, ChatGone, ChatMoved, LedgerError, Rejected, RetryLater, SendError, Unconfirmed
from bot.ledger.chats.replies import ReplyNotes
from bot.ledger.ledger import open_ledger
from bot.ledger.records.deliveries import Chat, KnownIds
from formatters.locale import Phrases, phrases
from formatters.message import Message
from formatters.terminal import TerminalFormatter
from tests.support.memory_channel import Failure, MemoryChannel, refused
from tests.support.pipeline import just_after, known_ids
from tests.support.virtual_time import run


class Notes(ReplyNotes):
    """Where ids of answers are noted, and answers before their calls, by number."""

    def __init__(self, *, full: bool = False, seconds: float = 0.0) -> None:
        self.noted: list[tuple[str, str, int]] = []
        self.under_way: dict[int, tuple[str, str, str, object]] = {}
        self._full, self._seconds = full, seconds
        self._last = 0

    async def note(self, channel: str, places: Collection[tuple[str, str]], body: Mapping[str, object]) -> list[int]:
        await self._written()
        numbers = [self._last + count for count in range(1, len(places) + 1)]
        self._last += len(places)
        self.under_way |= {n: (channel, *place, body["markup"]) for n, place in zip(numbers, places, strict=True)}
        return numbers

    async def forget(self, *numbers: int) -> None:
        await self._written()
        for number in numbers:
            del self.under_way[number]

    async def arrived(self, noted: Collection[int], channel: str, id_sequences: Iterable[str], remote_id: int) -> None:
        await self.forget(*noted)
        self.noted += [(channel, id_sequence, remote_id) for id_sequence in id_sequences]

    async def _written(self) -> None:
        await asyncio.sleep(self._seconds)
        if self._full:
            raise LedgerError("the disk is full")


class Plain(TerminalFormatter):
    """A formatter whose plain text can be told from the other."""

    def in_language(self, words: Phrases) -> Plain:
        return Plain(words)

    def plain(self, body: Mapping[str, object]) -> Mapping[str, object]:
        return {**body, "markup": f"plain {body['markup']}"}


class ReplySetup:
    """A channel, its reply sender, and how long calls take."""

    def __init__(self, *, full: bool = False, note: float = 0.0, turn: float = 0.0, send: float = 0.0) -> None:
        setup = self

        class Slow(MemoryChannel):
            async def acquire_turn(
                self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
            ) -> FreeTurn:
                assert reply, "a reply goes before broadcasts"
                await asyncio.sleep(setup.turn)
                return FreeTurn()

            async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
                assert delivery_ref == ""
                await asyncio.sleep(setup.slow.get(address, send))
                return await super().send(address, body, delivery_ref=delivery_ref, thread=thread)

        self.turn, self.slow = turn, dict[str, float]()
        self.channel = Slow(formatter=Plain(phrases("en")))
        self.notes = Notes(full=full, seconds=note)
        self.replies = ReplySender(self.channel, self.notes)

    def refuse(self, *errors: SendError, chat: str = "a") -> None:
        self.channel.failures[chat] += map(refused, errors)

    def shown(self, chat: str = "a") -> list[str]:
        return [str(one.body["markup"]) for one in self.channel.chats[chat]]


def parts(*texts: str) -> list[Message]:
    return [Message("notice", {"markup": text}) for text in texts]


def done(work: Coroutine[object, object, object]) -> tuple[float, list[EventDict]]:
    """Give how long it took, and what was logged."""

    async def timed() -> float:
        await work
        return round(asyncio.get_running_loop().time(), 3)

    with capture_logs() as logs:
        return run(timed()), logs


def test_the_parts_of_an_answer_come_in_order_where_they_belong() -> None:
    setup = ReplySetup()
    _, logs = done(setup.replies.send("a", parts("one", "two"), thread="17", more={"reply_to": 5}))
    assert setup.shown() == ["one", "two"]
    assert setup.channel.threads == [("a", "17")] * 2
    assert [one.body["reply_to"] for one in setup.channel.chats["a"]] == [5, 5]
    assert logs == []


def test_who_sends_gets_the_id_of_each_part_as_soon_as_it_stands() -> None:
    setup, seen = ReplySetup(), list[tuple[str, list[str]]]()

    async def note(remote_id: str) -> None:
        seen.append((remote_id, setup.shown()))

    setup.channel.failures["a"] += [Failure(), Failure(), refused(ChatGone("closed"))]
    done(setup.replies.send("a", parts("one", "two", "three"), on_sent=note))
    assert seen == [("1", ["one"]), ("2", ["one", "two"])]


def test_a_reply_that_is_given_is_named_by_its_first_message_or_not_at_all() -> None:
    setup, named = ReplySetup(), list[str]()

    async def both() -> None:
        named.append(await setup.replies.give("a", parts("one", "two"), thread="17"))
        setup.channel.failures["a"] += [Failure(), refused(ChatGone("closed"))]
        named.append(await setup.replies.give("a", parts("three", "four")))

    done(both())
    assert named == ["1", ""]
    assert setup.channel.threads[:2] == [("a", "17")] * 2


def test_answers_to_one_chat_come_one_after_the_other_and_none_waits_for_another_chat() -> None:
    setup = ReplySetup(send=1.0)
    setup.slow["b"] = 0.1
    order = []

    async def both() -> None:
        async def answer(chat: str, *texts: str) -> None:
            await setup.replies.send(chat, parts(*texts))
            order.append(texts[0])

        for chat, *texts in (("a", "first", "second"), ("a", "third"), ("b", "other")):
            setup.replies.spawn(answer(chat, *texts))
        await setup.replies.finish()

    assert done(both())[0] == 3.0
    assert setup.shown() == ["first", "second", "third"]
    assert order == ["other", "first", "third"]


def test_what_is_said_to_a_person_waits_for_an_answer_in_their_direct_messages() -> None:
    class Numbered(MemoryChannel):
        async def canonical_address(self, address: str) -> str:
            return {"U1": "D1"}.get(address, address)

        async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
            await asyncio.sleep(1)
            return await super().send("D1", body, delivery_ref=delivery_ref, thread=thread)

    channel = Numbered()
    replies = ReplySender(channel, Notes())

    async def both() -> None:
        await asyncio.gather(replies.send("D1", parts("one", "two")), replies.send("U1", parts("notice")))

    done(both())
    assert [one.body["markup"] for one in channel.chats["D1"]] == ["one", "two", "notice"]


def test_a_page_is_turned_after_what_was_said_before() -> None:
    setup = ReplySetup(send=1.0)

    async def both() -> None:
        await setup.replies.send("a", parts("page 1"))
        setup.replies.spawn(setup.replies.send("a", parts("answer")))
        setup.replies.spawn(setup.replies.edit("a", "1", parts("page 2")[0]))
        await setup.replies.finish()

    done(both())
    assert [call for call, _ in setup.channel.calls] == ["send", "send", "edit"]
    assert setup.shown() == ["page 2", "answer"]


def test_the_platforms_pause_is_kept_and_then_it_is_tried_again() -> None:
    setup = ReplySetup()
    setup.refuse(RetryLater("flood", 3.0, flood=True), RetryLater("no network"))
    assert done(setup.replies.send("a", parts("one", "two")))[0] == 3.0 + 2.0
    assert setup.shown() == ["one", "two"]


def test_a_pause_of_no_time_is_none() -> None:
    setup = ReplySetup()
    setup.refuse(RetryLater("at once", 0.0))
    assert done(setup.replies.send("a", parts("one")))[0] == 0.0
    assert setup.shown() == ["one"]


@pytest.mark.parametrize(
    ("errors", "seconds"),
    [
        ([RetryLater("flood", 31.0)], 0.0),
        ([RetryLater("no network")] * 3, 1.0 + 2.0),
        ([Unconfirmed("reset")], 0.0),
        ([ChatGone("blocked")], 0.0),
        ([ChatMoved("moved", "c")], 0.0),
        ([BotGone("token revoked")], 0.0),
        ([Rejected("no"), Rejected("still no")], 0.0),
    ],
)
def test_a_lost_answer_is_told_and_nothing_follows_it_but_the_next_one(errors: list[SendError], seconds: float) -> None:
    setup = ReplySetup()
    setup.refuse(*errors)
    took, logs = done(setup.replies.send("a", parts("one", "two")))
    assert (took, setup.shown()) == (seconds, [])
    assert [(line["event"], line["chat"], line["error"]) for line in logs] == [("answer lost", "a", str(errors[-1]))]
    done(setup.replies.send("a", parts("three")))
    assert setup.shown() == ["three"]


def test_a_turn_that_comes_too_late_is_none() -> None:
    setup = ReplySetup(turn=31.0)
    took, logs = done(setup.replies.send("a", parts("one")))
    assert (took, setup.shown()) == (30.0, [])
    assert [line["error"] for line in logs] == ["its turn came too late"]


@pytest.mark.parametrize(("note", "turn"), [(1.0, 3.0), (3.0, 1.0)])
def test_a_reply_is_noted_before_its_call_while_it_waits_for_its_turn(note: float, turn: float) -> None:
    setup, noted = ReplySetup(note=note, turn=turn), list[object]()

    async def note_all(_: str) -> None:
        noted.append(setup.notes.noted[:])

    took, _ = done(setup.replies.send("a", parts("one"), on_sent=note_all))
    assert (took, setup.shown()) == (3.0 + note, ["one"])  # the id is noted after it
    assert noted == [[("terminal", "a", 1)]]


@pytest.mark.parametrize("before", [[], [RetryLater("wait", 2.0)], [RetryLater("wait"), RetryLater("wait")]])
def test_refused_markup_is_sent_as_plain_text_once(before: list[SendError]) -> None:
    setup = ReplySetup()
    setup.refuse(*before, Rejected("cannot parse"), RetryLater("wait", 1.0))
    _, logs = done(setup.replies.send("a", parts("one", "two"), more={"reply_to": 5}))
    assert setup.shown() == ["plain one", "two"]
    assert setup.channel.chats["a"][0].body["reply_to"] == 5
    assert logs == []


def test_an_edit_waits_as_the_platform_asks() -> None:
    setup = ReplySetup()
    done(setup.replies.send("a", parts("page 1")))
    setup.refuse(RetryLater("flood", 3.0))
    assert done(setup.replies.edit("a", "1", parts("page 2")[0]))[0] == 3.0
    assert setup.shown() == ["page 2"]


def test_an_edit_of_a_reply_that_is_gone_is_not_logged_and_another_error_is() -> None:
    setup = ReplySetup()
    done(setup.replies.send("a", parts("page 1")))
    setup.refuse(Rejected("message to edit not found"), ChatGone("kicked"))
    logs = [done(setup.replies.edit("a", "1", parts("page 2")[0]))[1] for _ in range(2)]
    assert [[line["error"] for line in lines] for lines in logs] == [[], ["kicked"]]
    assert setup.shown() == ["page 1"]


def test_ids_are_noted_under_every_name_of_the_chat() -> None:
    setup = ReplySetup()
    done(setup.replies.send("a", parts("one", "two"), names=("@a", "a")))
    assert sorted(setup.notes.noted) == [("terminal", name, number) for name in ("@a", "a") for number in (1, 2)]


def test_one_place_is_noted_once() -> None:
    setup = ReplySetup()
    setup.refuse(Unconfirmed("reset"))
    done(setup.replies.send("a", parts("one"), names=("a",)))
    assert setup.notes.under_way == {1: ("terminal", "a", "a", "one")}


def test_ids_that_do_not_count_are_not_noted() -> None:
    setup = ReplySetup()

    class Slack(MemoryChannel):
        async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
            return "1757491200.000100"

    done(ReplySender(Slack(), setup.notes).send("a", parts("one")))
    assert setup.notes.noted == []


def test_an_id_that_cannot_be_noted_keeps_no_part_back() -> None:
    setup = ReplySetup(full=True)
    _, logs = done(setup.replies.send("a", parts("one", "two")))
    assert setup.shown() == ["one", "two"]
    assert [(line["event"], line["error"]) for line in logs] == [("reply", "the disk is full")] * 4


@pytest.mark.parametrize(
    ("errors", "left"),
    [
        ([], []),
        ([Unconfirmed("reset")], ["one"]),
        ([RetryLater("no network"), Unconfirmed("reset")], ["one"]),
        ([Rejected("no"), Unconfirmed("reset")], ["plain one"]),
        ([Rejected("no"), Rejected("still no")], []),
        ([ChatGone("blocked")], []),
    ],
)
def test_what_may_have_arrived_stays_noted(errors: list[SendError], left: list[str]) -> None:
    setup = ReplySetup()
    setup.refuse(*errors)
    done(setup.replies.send("a", parts("one"), names=("@a",)))
    noted = [("terminal", name, name, text) for text in left for name in ("a", "@a")]
    assert list(setup.notes.under_way.values()) == noted


def test_an_answer_is_noted_while_it_is_under_way() -> None:
    setup = ReplySetup(send=1.0)

    async def look() -> None:
        setup.replies.spawn(setup.replies.send("a", parts("one")))
        await asyncio.sleep(0.5)
        assert list(setup.notes.under_way.values()) == [("terminal", "a", "a", "one")]
        await setup.replies.finish()

    done(look())
    assert setup.notes.under_way == {}


async def test_an_unconfirmed_send_is_never_settled_with_the_id_of_a_reply(ledger_url: str) -> None:
    now = 1_750_000_000.0
    chat = Chat(1, "terminal", "a", "a", "a", "terminal a")
    async with open_ledger(ledger_url, lambda: now) as ledger:
        replies = ReplySender(MemoryChannel(), ledger.replies)
        await replies.send("a", parts("one", "two"))
        await replies.send("b", parts("elsewhere"))
        assert await known_ids(ledger, chat, now - 1) == KnownIds(
            0, 0.0, frozenset({1, 2}), 0
        )  # they came after the unconfirmed send
        at = just_after(now)
        assert await known_ids(ledger, chat, now + 1) == KnownIds(2, at, frozenset(), 0)  # they were there before
        now += 8 * 86_400
        await replies.send("a", parts("three"))
        assert (await known_ids(ledger, chat, now - 1)).later == {
            4
        }  # long ago; all sends of that time are settled or held


def test_what_is_under_way_is_finished_but_not_for_ever() -> None:
    setup = ReplySetup()
    setup.slow |= {"a": 4.0, "b": 6.0}

    async def stop() -> None:
        for chat in "ab":
            setup.replies.spawn(setup.replies.send(chat, parts("one")))
        await setup.replies.finish()

    assert done(stop())[0] == 5.0
    assert (setup.shown("a"), setup.shown("b")) == (["one"], [])


def test_with_nothing_under_way_there_is_nothing_to_finish() -> None:
    assert done(ReplySetup().replies.finish())[0] == 0.0


def test_a_mistake_of_our_own_is_told_and_harms_no_other() -> None:
    setup = ReplySetup()

    async def mistake() -> None:
        raise ZeroDivisionError

    async def both() -> None:
        setup.replies.spawn(mistake())
        setup.replies.spawn(setup.replies.send("a", parts("one")))
        await setup.replies.finish()

    _, logs = done(both())
    assert setup.shown() == ["one"]
    assert [(line["event"], type(line["exc_info"])) for line in logs] == [("answer lost", ZeroDivisionError)]


def test_errors_of_one_chat_do_not_stop_another() -> None:
    setup = ReplySetup()
    setup.channel.failures["a"] += [Failure(RetryLater("flood", 20.0)), Failure()]

    async def both() -> None:
        for chat in "ab":
            setup.replies.spawn(setup.replies.send(chat, parts("one")))
        await asyncio.sleep(1)
        assert setup.shown("b") == ["one"]
        await asyncio.sleep(20)

    done(both())
    assert setup.shown("a") == ["one"]
