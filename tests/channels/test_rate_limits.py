"""Rate limits in virtual time: no limit is ever exceeded, and no time is wasted."""

from __future__ import annotations

import asyncio
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import combinations, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.rate_limits.allowances import Allowance
from bot.channels.rate_limits.calls import Call, Trips
from bot.channels.rate_limits.limiter import RateLimiter
from bot.channels.rate_limits.limits import EvenSpacing, Limit, SlidingWindow
from bot.concurrency import TURN_AHEAD
from bot.errors import RetryLater
from tests.support.chats import CHANNEL, GROUP, READER
from tests.support.virtual_time import run

TICK = 1e-6  # what floating point may lose
LEEWAY = 2  # seconds by which a reply may come early


@dataclass(frozen=True)
class TurnRequest:
    """A request to call a chat, made at a time."""

    at: float
    chat: str
    reply: bool = False
    ahead: float = 0.0


@dataclass(frozen=True)
class Served:
    """When a request was served; `number` is its place among all requests."""

    at: float
    asked: TurnRequest
    number: int


def spacing(interval: float, leeway: float = 0.0) -> EvenSpacing:
    return EvenSpacing(Allowance("", 1, interval), leeway / interval)


def spread(interval: float, leeway: float = 0.0) -> EvenSpacing:
    """Keep the calls of a bot apart: they are under way side by side."""
    return replace(spacing(interval, leeway), from_answer=False)


def window(most: int, seconds: float) -> SlidingWindow:
    return SlidingWindow(Allowance("", most, seconds))


def telegram_limits(chat: str) -> list[Limit]:
    return [spacing(1, LEEWAY), window(20, 60)] if chat.startswith("-") else [spacing(1, LEEWAY)]


def telegram_limiter() -> RateLimiter:
    return RateLimiter([spread(1 / 30)], telegram_limits)


def made(at: float) -> Call:
    """Make a call that is answered at once."""
    call = Call(at, Trips())
    call.answered(at)
    return call


async def use(limiter: RateLimiter, chat: str, *, reply: bool = False, ahead: float = 0.0) -> float:
    """Wait for a turn and make a call that is answered at once; give its time."""
    async with await limiter.acquire(chat, reply=reply, ahead=ahead) as turn:
        await turn.begin()
    return turn.at


def unlimited(chat: str) -> list[Limit]:
    return []


def one_a_second(chat: str) -> list[Limit]:
    return [spacing(1)]


async def call(limiter: RateLimiter, asked: TurnRequest, number: int, served: list[Served]) -> None:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(asked.at - loop.time())
    async with await limiter.acquire(asked.chat, reply=asked.reply, ahead=asked.ahead) as turn:
        assert asked.reply or asked.ahead / 2 - TICK <= turn.at - loop.time() <= asked.ahead + TICK
        await turn.begin()
    served.append(Served(loop.time(), asked, number))


async def serve_all(limiter: RateLimiter, asked: Sequence[TurnRequest]) -> list[Served]:
    served: list[Served] = []
    async with asyncio.TaskGroup() as group:
        for number, one in enumerate(asked):
            group.create_task(call(limiter, one, number, served))
    return served


def served_by(limiter: RateLimiter, asked: Sequence[TurnRequest]) -> list[Served]:
    """Make all requests, and give them in the order in which they were served."""
    return run(serve_all(limiter, asked))


def times(served: Iterable[Served]) -> list[float]:
    return [one.at for one in served]


def by_chat(served: Iterable[Served]) -> dict[str, list[Served]]:
    chats: defaultdict[str, list[Served]] = defaultdict(list)
    for one in served:
        chats[one.asked.chat].append(one)
    return dict(chats)


def earliest(asked: Iterable[float], *, spacing: float, most: int, window: float) -> list[float]:
    """Give the times of broadcasts to one chat that waste no moment: nothing is quicker for a single chat."""
    made: list[float] = []
    for at in sorted(asked):
        after_last = made[-1] + spacing if made else at
        after_window = made[-most] + window if len(made) >= most else at
        made.append(max(at, after_last, after_window))
    return made


def greedy(asked: Iterable[TurnRequest], *, spacing: float, leeway: float, most: int, window: float) -> list[float]:
    """Do the same for replies and broadcasts: whichever may go first goes, and of two at once the reply."""
    queues = [sorted(one.at for one in asked if one.reply is reply) for reply in (True, False)]
    made: list[float] = []
    due = 0.0  # when the next call would keep an even distance
    while any(queues):
        window_opens = made[-most] + window if len(made) >= most else 0.0
        starts = [
            max(queue[0], due - early, window_opens) for queue, early in zip(queues, (leeway, 0), strict=True) if queue
        ]
        made.append(min(starts))
        queue = queues[0] if queues[0] and starts[0] == made[-1] else queues[1]
        queue.pop(0)
        due = max(made[-1], due) + spacing
    return made


# The limits by themselves


def test_even_spacing_keeps_its_distance_from_the_last_call() -> None:
    limit = spacing(2)
    assert limit.ready(10) == 10
    limit.take(made(10))
    assert (limit.ready(11), limit.ready(13)) == (12, 13)


def test_even_spacing_lets_a_reply_come_early_and_what_follows_waits_longer() -> None:
    limit = spacing(2, leeway=3)
    limit.take(made(10))
    assert (limit.ready(10, reply=True), limit.ready(10)) == (10, 12)
    limit.take(made(10))
    assert (limit.ready(10, reply=True), limit.ready(10)) == (11, 14)
    limit.take(made(11))
    assert (limit.ready(11, reply=True), limit.ready(11)) == (13, 16)


def test_a_sliding_window_admits_a_burst_and_then_waits_for_the_oldest_call_to_leave_it() -> None:
    limit = window(2, 60)
    for now in (0, 10):
        assert limit.ready(now) == now
        limit.take(made(now))
    assert limit.ready(10) == limit.ready(10, reply=True) == 60
    limit.take(made(60))
    assert limit.ready(60) == 70


@pytest.mark.parametrize("limit", [spacing(60), spacing(60, leeway=120), window(2, 60)])
def test_a_limit_is_idle_once_its_last_call_no_longer_counts(limit: Limit) -> None:
    assert limit.idle(0)
    limit.take(made(0))
    assert not limit.idle(59)
    assert limit.idle(60)


# Telegram's three limits


def test_a_chat_gets_one_a_second() -> None:
    served = served_by(telegram_limiter(), [TurnRequest(0, READER)] * 5)
    assert times(served) == pytest.approx([0, 1, 2, 3, 4])


def test_a_group_gets_twenty_in_any_minute_and_not_one_less() -> None:
    served = served_by(telegram_limiter(), [TurnRequest(0, GROUP)] * 45)
    assert times(served) == pytest.approx([60 * (n // 20) + n % 20 for n in range(45)])


def test_a_bot_makes_thirty_calls_a_second() -> None:
    served = served_by(telegram_limiter(), [TurnRequest(0, str(chat)) for chat in range(90)])
    assert times(served) == pytest.approx([n / 30 for n in range(90)])


def test_chats_do_not_wait_for_one_another() -> None:
    served = by_chat(served_by(telegram_limiter(), [*[TurnRequest(0, GROUP)] * 30, *[TurnRequest(5, READER)] * 3]))
    assert times(served[READER]) == pytest.approx([5, 6, 7], abs=0.1)


def test_without_a_limit_of_the_bot_chats_are_served_at_once() -> None:
    served = served_by(RateLimiter((), one_a_second), [TurnRequest(0, str(chat)) for chat in range(100)])
    assert times(served) == pytest.approx([0] * 100)


# Replies and broadcasts


def test_a_reply_does_not_wait_for_the_broadcasts_of_its_chat_which_come_later_instead() -> None:
    served = served_by(telegram_limiter(), [*[TurnRequest(0, GROUP)] * 6, TurnRequest(2.5, GROUP, reply=True)])
    assert [one.at for one in served if one.asked.reply] == pytest.approx([2.5])
    assert times(served) == pytest.approx([0, 1, 2, 2.5, 4, 5, 6])


def test_a_burst_of_replies_is_soon_over() -> None:
    served = served_by(
        RateLimiter((), telegram_limits), [TurnRequest(0, READER), *[TurnRequest(0.5, READER, reply=True)] * 5]
    )
    assert times(served) == pytest.approx([0, 0.5, 0.5, 1, 2, 3])


def test_replies_of_a_chat_are_served_in_the_order_in_which_they_came() -> None:
    questions = [TurnRequest(0.5 + n / 100, READER, reply=True) for n in range(9)]
    served = served_by(telegram_limiter(), [*[TurnRequest(0, READER)] * 3, *questions])
    replies = [one.number for one in served if one.asked.reply]
    assert replies == sorted(replies)


def test_replies_are_among_the_twenty_of_a_group() -> None:
    served = served_by(telegram_limiter(), [*[TurnRequest(0, GROUP)] * 19, *[TurnRequest(30, GROUP, reply=True)] * 3])
    assert times(served)[-3:] == pytest.approx([30, 60, 61])


def test_replies_are_among_the_thirty_of_a_bot() -> None:
    served = served_by(telegram_limiter(), [TurnRequest(0, str(chat), reply=True) for chat in range(90)])
    assert times(served) == pytest.approx([n / 30 for n in range(90)])


def test_the_leeway_of_a_bot_would_be_for_replies_alone() -> None:
    replies = [TurnRequest(0.5, READER, reply=True)] * 2
    served = served_by(RateLimiter([spread(1, LEEWAY)], unlimited), [*[TurnRequest(0, CHANNEL)] * 3, *replies])
    assert times(served) == pytest.approx([0, 0.5, 0.5, 3, 4])


def test_a_reply_gets_in_between_broadcasts_even_where_the_bot_has_no_limit() -> None:
    async def scenario() -> list[str]:
        limiter, order = RateLimiter((), unlimited), list[str]()

        async def say(chat: str, *, reply: bool) -> None:
            await use(limiter, chat, reply=reply)
            order.append(chat)

        async with asyncio.TaskGroup() as group:
            for chat in range(100):
                group.create_task(say(str(chat), reply=False))
            while not order:
                await asyncio.sleep(0)
            group.create_task(say("a reader", reply=True))
        return order

    assert "a reader" in run(scenario())[:5]


def test_a_reply_goes_before_broadcasts_to_all_other_chats() -> None:
    broadcasts = [TurnRequest(0, str(chat)) for chat in range(300)]
    served = served_by(telegram_limiter(), [*broadcasts, TurnRequest(1.001, "a reader", reply=True)])
    [reply] = [one for one in served if one.asked.reply]
    assert reply.at == pytest.approx(1.001, abs=1 / 30)


def test_broadcasts_use_all_the_time_that_replies_leave() -> None:
    replies = [TurnRequest(n / 10, f"reader {n}", reply=True) for n in range(50)]  # ten a second, of thirty
    served = served_by(telegram_limiter(), [*[TurnRequest(0, str(chat)) for chat in range(100)], *replies])
    assert times(served) == pytest.approx([n / 30 for n in range(150)], abs=0.05)
    waits = [one.at - one.asked.at for one in served if one.asked.reply]
    assert max(waits) <= 1 / 30 + TICK


def test_broadcasts_wait_while_replies_use_all_the_time() -> None:
    replies = [TurnRequest(0, f"reader {n}", reply=True) for n in range(60)]
    served = served_by(telegram_limiter(), [TurnRequest(0, READER), *replies])
    assert served[-1].asked == TurnRequest(0, READER)


# Turns that are granted ahead


def test_turns_granted_ahead_lose_no_time_but_a_little_at_first() -> None:
    ahead = [TurnRequest(0, str(chat), ahead=TURN_AHEAD) for chat in range(90)]
    assert times(served_by(telegram_limiter(), ahead)) == pytest.approx([0.03 + n / 30 for n in range(90)])
    ahead = [TurnRequest(0, GROUP, ahead=TURN_AHEAD)] * 45
    expected = [60 * (n // 20) + n % 20 + 0.03 for n in range(45)]
    assert times(served_by(telegram_limiter(), ahead)) == pytest.approx(expected)


def test_a_grant_that_comes_a_little_late_delays_no_turn() -> None:
    """The machine is busy: each timer goes off late, by less than half of `ahead`."""

    class Late(RateLimiter):
        async def _sleep(self, seconds: float) -> None:
            await super()._sleep(seconds + 0.02)

    async def scenario() -> list[float]:
        limiter = Late([spread(1 / 30)], telegram_limits)
        return [await use(limiter, READER, ahead=TURN_AHEAD) for _ in range(5)]

    assert run(scenario()) == pytest.approx([0.03 + n for n in range(5)])


def test_replies_get_the_times_of_broadcasts_that_were_granted_ahead_and_no_time_is_lost() -> None:
    broadcasts = [TurnRequest(0, str(chat), ahead=TURN_AHEAD) for chat in range(300)]
    asked = [TurnRequest(1 + n / 1000, f"reader {n}", reply=True) for n in range(3)]
    served = served_by(telegram_limiter(), [*broadcasts, *asked])
    replies = [one for one in served if one.asked.reply]
    assert [one.at - one.asked.at <= n / 30 for n, one in enumerate(replies, 1)] == [True] * 3
    assert times(served) == pytest.approx([TURN_AHEAD / 2 + n / 30 for n in range(303)])


async def put_off(
    limiter: RateLimiter, begun: str = "", *, reply: str = "c", until: float = 0.0, pause: float = 0.0
) -> dict[str, float]:
    """Grant turns to broadcasts for `a` and `b` ahead, then one to a reply; give the times of all."""
    turns = {chat: await limiter.acquire(chat, ahead=5) for chat in "ab"}
    for chat in begun:
        await turns[chat].begin()
    await asyncio.sleep(until - asyncio.get_running_loop().time())
    for chat in "xy" if pause else "":
        limiter.pause(chat, pause)
    turns["reply"] = await limiter.acquire(reply, reply=True)
    return {name: round(turn.at, 3) for name, turn in turns.items()}


@pytest.mark.parametrize(
    ("begun", "reply", "times"),
    [
        ("", "c", {"a": 4.5, "b": 3.5, "reply": 2.5}),
        ("a", "c", {"a": 2.5, "b": 4.5, "reply": 3.5}),
        ("ab", "c", {"a": 2.5, "b": 3.5, "reply": 4.5}),
        ("", "a", {"a": 2.5, "b": 4.5, "reply": 3.5}),
    ],
)
def test_only_a_broadcast_to_another_chat_that_has_not_begun_is_put_off(
    begun: str, reply: str, times: dict[str, float]
) -> None:
    assert run(put_off(RateLimiter([spread(1)], unlimited), begun, reply=reply)) == times


def test_a_reply_does_not_wait_for_broadcasts_whose_time_has_come_but_that_are_not_ready() -> None:
    limiter = RateLimiter([window(2, 10)], unlimited)
    assert run(put_off(limiter, until=6)) == {"a": 16, "b": 2.5, "reply": 6}


def test_a_reply_gets_no_time_within_a_pause_of_the_bot() -> None:
    assert run(put_off(RateLimiter([spread(1)], unlimited), pause=3)) == {"a": 2.5, "b": 4.5, "reply": 3.5}


def test_what_gave_its_turn_back_is_not_put_off() -> None:
    async def story() -> float:
        limiter = RateLimiter([spread(1)], unlimited)
        (await limiter.acquire("a", ahead=5)).give_back()
        return (await limiter.acquire("b", reply=True)).at

    assert run(story()) == pytest.approx(2.5)


def test_a_chat_keeps_its_distance_from_a_call_that_was_put_off() -> None:
    limit, late = spacing(1), Call(10, Trips())
    limit.take(late)
    late.at = 12
    late.answered(12)
    assert limit.ready(12) == 13


# Waiters that come and go


def test_a_waiter_does_not_inherit_the_place_of_a_cancelled_one() -> None:
    async def scenario() -> list[str]:
        limiter, served = RateLimiter([spread(1)], unlimited), list[Served]()
        await use(limiter, READER)
        calls = [asyncio.create_task(call(limiter, TurnRequest(0, chat), 0, served)) for chat in ("a", "b", "a")]
        await asyncio.sleep(0.5)
        calls[0].cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        return [one.asked.chat for one in served]

    assert run(scenario()) == ["b", "a"]


def test_a_limiter_whose_waiters_are_all_cancelled_ends_its_task_and_serves_again() -> None:
    async def scenario() -> float:
        limiter = telegram_limiter()
        await use(limiter, READER)
        gone = [asyncio.create_task(use(limiter, READER, reply=reply)) for reply in (False, True, True, True)]
        await asyncio.sleep(0.5)
        for one in gone:
            one.cancel()
        await asyncio.sleep(9.5)
        assert limiter._task
        limiter._task.result()
        assert not limiter._queues
        await use(limiter, READER)
        return asyncio.get_running_loop().time()

    assert run(scenario()) == pytest.approx(10)


def test_a_cancelled_waiter_uses_no_turn() -> None:
    async def scenario() -> list[Served]:
        limiter, served = telegram_limiter(), list[Served]()
        await use(limiter, READER)
        gone = [asyncio.create_task(use(limiter, READER)) for _ in range(10)]
        await asyncio.sleep(0.5)
        for one in gone:
            one.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        await call(limiter, TurnRequest(0.5, READER), 0, served)
        return served

    assert times(run(scenario())) == pytest.approx([1])


def test_a_waiter_that_is_due_earlier_wakes_the_limiter() -> None:
    async def scenario() -> float:
        limiter = telegram_limiter()
        limiter.pause(GROUP, 59)
        asyncio.create_task(use(limiter, GROUP))  # noqa: RUF006
        await asyncio.sleep(10)
        await use(limiter, READER)
        return asyncio.get_running_loop().time()

    assert run(scenario()) == pytest.approx(10)


def test_an_idle_limiter_serves_again() -> None:
    served = served_by(
        telegram_limiter(), [TurnRequest(0, READER), TurnRequest(0.5, READER), TurnRequest(1000, READER)]
    )
    assert times(served) == pytest.approx([0, 1, 1000])


def test_idle_chats_are_forgotten_and_busy_ones_are_not() -> None:
    limiter = telegram_limiter()
    readers = [TurnRequest(20 + n / 20, f"reader {n}") for n in range(500)]
    served = by_chat(served_by(limiter, [*[TurnRequest(0, GROUP)] * 20, *readers, TurnRequest(46, GROUP)]))
    assert len(limiter._chats) <= 100
    assert times(served[GROUP])[-1] == pytest.approx(60)


@dataclass
class CountingWindow(SlidingWindow):
    """A limit that counts how often it was looked at."""

    looked: int = 0

    def ready(self, now: float, reply: bool = False) -> float:
        self.looked += 1
        return super().ready(now, reply)

    def idle(self, now: float) -> bool:
        self.looked += 1
        return False


def test_a_waiting_limiter_sleeps() -> None:
    limit = CountingWindow(Allowance("", 1, 3600))
    served = served_by(RateLimiter((), lambda chat: [limit]), [TurnRequest(0, GROUP)] * 5)
    assert times(served) == pytest.approx([0, 3600, 7200, 10800, 14400])
    assert 0 < limit.looked < 50


@pytest.mark.parametrize("limited", [False, True])
@pytest.mark.parametrize(
    "chat",
    [
        pytest.param(lambda number: GROUP, id="one chat"),
        pytest.param(lambda number: str(number % 20), id="some chats"),
        pytest.param(lambda number: str(number), id="each its own"),
    ],
)
def test_a_grant_costs_the_same_however_many_wait(chat: Callable[[int], str], limited: bool) -> None:
    bot, limit = [spread(1 / 30)] if limited else [], CountingWindow(Allowance("", 10**6, 0))
    asked = [TurnRequest(0, chat(number), reply=number % 3 == 0) for number in range(3000)]
    served = served_by(RateLimiter(bot, lambda chat: [spacing(1, LEEWAY), limit]), asked)
    assert 0 < limit.looked <= 5 * len(served)


def test_a_pause_of_the_bot_costs_the_same_however_many_wait() -> None:
    async def scenario() -> int:
        limit = CountingWindow(Allowance("", 10**6, 0))
        limiter = RateLimiter([spread(1)], lambda chat: [limit])
        for number in range(3000):
            asyncio.create_task(use(limiter, str(number)))  # noqa: RUF006
        await asyncio.sleep(0.5)
        asked = limit.looked
        for _ in range(10):
            limiter.pause("a", 10)
            limiter.pause("b", 10)
            await asyncio.sleep(10.5)
        return limit.looked - asked

    assert run(scenario()) <= 100


# Pauses


def after_pauses(pauses: Sequence[tuple[str, float]], asked: Sequence[TurnRequest]) -> dict[str, list[float]]:
    """Pause chats at the very start and give the times of service by chat."""

    async def scenario() -> list[Served]:
        limiter = RateLimiter((), one_a_second)
        for chat, seconds in pauses:
            limiter.pause(chat, seconds)
        return await serve_all(limiter, asked)

    return {chat: [round(at, 6) for at in times(served)] for chat, served in by_chat(run(scenario())).items()}


def test_a_pause_delays_its_chat_alone_for_as_long_as_it_says() -> None:
    served = after_pauses([(GROUP, 7.5)], [TurnRequest(0, GROUP), TurnRequest(0, GROUP), TurnRequest(0, READER)])
    assert served == {READER: [0], GROUP: [7.5, 8.5]}


def test_a_pause_delays_replies_too() -> None:
    assert after_pauses([(GROUP, 7.5)], [TurnRequest(0, GROUP, reply=True)]) == {GROUP: [7.5]}
    everyone = after_pauses([(GROUP, 5), (CHANNEL, 9)], [TurnRequest(0, READER, reply=True), TurnRequest(0, READER)])
    assert everyone == {READER: [9, 10]}


def test_a_pause_of_a_second_chat_means_the_whole_bot() -> None:
    served = after_pauses(
        [(GROUP, 5), (CHANNEL, 9)], [TurnRequest(0, GROUP), TurnRequest(0, CHANNEL), TurnRequest(0, READER)]
    )
    assert served == {GROUP: [9], CHANNEL: [9], READER: [9]}


def test_two_pauses_of_one_chat_mean_that_chat_alone() -> None:
    served = after_pauses([(GROUP, 5), (GROUP, 9)], [TurnRequest(0, GROUP), TurnRequest(0, READER)])
    assert served == {READER: [0], GROUP: [9]}


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    assert after_pauses([(GROUP, 9), (GROUP, 2)], [TurnRequest(0, GROUP)]) == {GROUP: [9]}


def test_pauses_that_are_over_do_not_count() -> None:
    async def scenario() -> float:
        limiter = RateLimiter((), one_a_second)
        limiter.pause(GROUP, 5)
        await asyncio.sleep(6)
        limiter.pause(CHANNEL, 100)
        await use(limiter, READER)
        return asyncio.get_running_loop().time()

    assert run(scenario()) == pytest.approx(6)


def test_a_pause_delays_those_that_wait_already() -> None:
    async def scenario() -> list[Served]:
        limiter, served = telegram_limiter(), list[Served]()
        await use(limiter, READER)
        waiting = asyncio.create_task(call(limiter, TurnRequest(0, READER), 0, served))
        await asyncio.sleep(0.5)
        limiter.pause(READER, 10)
        await waiting
        return served

    assert times(run(scenario())) == pytest.approx([10.5])


@pytest.mark.parametrize("others", [[], [CHANNEL]], ids=["a chat", "the bot"])
def test_only_a_reply_waits_for_the_end_of_a_long_pause(others: list[str]) -> None:
    async def scenario() -> list[BaseException | None]:
        limiter = telegram_limiter()
        await use(limiter, GROUP)
        early = [asyncio.create_task(use(limiter, GROUP, reply=reply)) for reply in (False, True)]
        await asyncio.sleep(0.1)
        for chat in (*others, GROUP):
            limiter.pause(chat, 600)
        late = asyncio.create_task(use(limiter, READER if others else GROUP))
        await asyncio.sleep(1)
        now = [task.exception() if task.done() else None for task in (*early, late)]
        await asyncio.gather(*early, late, return_exceptions=True)
        return now

    first, reply, later = run(scenario())
    assert isinstance(first, RetryLater)
    assert isinstance(later, RetryLater)
    assert [first.after, later.after] == pytest.approx([600, 600])
    assert first.flood
    assert reply is None


def test_a_cancelled_waiter_is_not_refused() -> None:
    async def scenario() -> None:
        limiter = telegram_limiter()
        await use(limiter, GROUP)
        waiting = asyncio.create_task(use(limiter, GROUP))
        await asyncio.sleep(0.1)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        limiter.pause(GROUP, 600)
        with pytest.raises(RetryLater):
            await use(limiter, GROUP)

    run(scenario())


def test_a_pause_delays_those_that_wait_only_for_the_bots_limit() -> None:
    async def scenario() -> list[Served]:
        limiter, served = RateLimiter([spread(1)], unlimited), list[Served]()
        calls = [asyncio.create_task(call(limiter, TurnRequest(0, chat), 0, served)) for chat in ("a", "b", "c")]
        await asyncio.sleep(0.5)
        limiter.pause("b", 10)
        await asyncio.gather(*calls)
        return served

    moments = {one.asked.chat: one.at for one in run(scenario())}
    assert moments == pytest.approx({"a": 0, "b": 10.5, "c": 1})


# Any requests


CHATS = st.sampled_from([CHANNEL, GROUP, READER, "43"])
MOMENTS = st.floats(0, 30).map(lambda at: round(at, 2))
REQUESTS = st.lists(st.builds(TurnRequest, MOMENTS, CHATS, st.booleans()), max_size=90)
AHEAD = st.lists(st.builds(TurnRequest, MOMENTS, CHATS, ahead=st.sampled_from([0.0, 0.06, 1.0])), max_size=60)
BROADCASTS = st.lists(st.builds(TurnRequest, MOMENTS, CHATS), max_size=90)


def most_in_any(window: float, moments: Sequence[float]) -> int:
    return max((sum(start <= at < start + window - TICK for at in moments) for start in moments), default=0)


def closest(moments: Sequence[float]) -> float:
    return min((later - earlier for earlier, later in pairwise(moments)), default=math.inf)


def assert_spacing_kept(moments: Sequence[float], *, interval: float, leeway: float) -> None:
    """No window of any length holds more calls than an even distance and the leeway allow."""
    for (first, start), (last, end) in combinations(enumerate(moments), 2):
        assert last - first + 1 <= (end - start) / interval + 1 + leeway / interval + TICK


@given(REQUESTS, AHEAD)
def test_no_limit_is_ever_exceeded_in_any_window(asked: list[TurnRequest], ahead: list[TurnRequest]) -> None:
    served = served_by(telegram_limiter(), [*asked, *ahead])
    assert closest(times(served)) >= 1 / 30 - TICK
    for chat, calls in by_chat(served).items():
        assert_spacing_kept(times(calls), interval=1, leeway=LEEWAY)
        assert most_in_any(60, times(calls)) <= (20 if chat.startswith("-") else 62)


@given(REQUESTS, st.floats(0.1, 5), st.floats(0, 20))
def test_a_reply_comes_early_by_the_leeway_at_most(asked: list[TurnRequest], interval: float, leeway: float) -> None:
    served = served_by(RateLimiter((), lambda chat: [spacing(interval, leeway)]), asked)
    for calls in by_chat(served).values():
        assert_spacing_kept(times(calls), interval=interval, leeway=leeway)
        for earlier, later in pairwise(calls):
            assert later.asked.reply or later.at - earlier.at >= interval - TICK


@given(BROADCASTS)
def test_leeway_changes_nothing_for_broadcasts(asked: list[TurnRequest]) -> None:
    def strict(chat: str) -> list[Limit]:
        return [replace(one, leeway=0) if isinstance(one, EvenSpacing) else one for one in telegram_limits(chat)]

    served = served_by(telegram_limiter(), asked)
    assert served == served_by(RateLimiter([spread(1 / 30)], strict), asked)
    assert all(closest(times(calls)) >= 1 - TICK for calls in by_chat(served).values())


@settings(max_examples=25)
@given(st.dictionaries(st.integers(0, 250).map(str), st.floats(0, 13), max_size=60))
def test_no_reply_waits_for_a_broadcast_that_uses_all_that_the_bot_may_do(replies: dict[str, float]) -> None:
    """Chats up to 199 receive the digest at the same time, those above are quiet."""
    broadcast = [TurnRequest(0, str(chat)) for _ in range(2) for chat in range(200)]
    served = served_by(
        telegram_limiter(), [*broadcast, *[TurnRequest(at, chat, reply=True) for chat, at in replies.items()]]
    )
    assert times(served)[: len(broadcast)] == pytest.approx([n / 30 for n in range(len(broadcast))], abs=TICK)
    answers = [one for one in served if one.asked.reply]
    for place, answer in enumerate(answers):
        before = sum(one.at > answer.asked.at - TICK for one in answers[:place])
        assert answer.at - answer.asked.at <= (before + 1) / 30 + TICK


@given(REQUESTS)
def test_all_requests_are_served_once_and_none_before_it_was_made(asked: list[TurnRequest]) -> None:
    served = served_by(telegram_limiter(), asked)
    assert sorted(one.number for one in served) == list(range(len(asked)))
    assert all(one.at >= one.asked.at - TICK for one in served)


@given(REQUESTS)
def test_order_is_kept_among_the_replies_and_among_the_broadcasts_of_a_chat(asked: list[TurnRequest]) -> None:
    queues: defaultdict[tuple[str, bool], list[Served]] = defaultdict(list)
    for one in served_by(telegram_limiter(), asked):
        queues[one.asked.chat, one.asked.reply].append(one)
    for queue in queues.values():
        assert [one.asked.at for one in queue] == sorted(one.asked.at for one in queue)


@given(REQUESTS)
def test_no_broadcast_goes_while_a_reply_of_its_chat_waits(asked: list[TurnRequest]) -> None:
    for calls in by_chat(served_by(telegram_limiter(), asked)).values():
        for earlier, later in pairwise(calls):
            overtaken = later.asked.reply and not earlier.asked.reply and later.asked.at < earlier.at - TICK
            assert not overtaken


@given(st.lists(MOMENTS, max_size=90))
def test_broadcasts_to_a_single_chat_take_the_least_time_possible(moments: list[float]) -> None:
    served = served_by(telegram_limiter(), [TurnRequest(at, GROUP) for at in moments])
    assert times(served) == pytest.approx(earliest(moments, spacing=1, most=20, window=60))


@given(st.lists(st.tuples(MOMENTS, st.booleans()), max_size=90))
def test_a_single_chat_is_served_in_the_least_time_possible(requests: list[tuple[float, bool]]) -> None:
    # No two of these times are the same by accident: which goes first is never a matter of rounding.
    asked = [TurnRequest(at + number / 10_000, GROUP, reply) for number, (at, reply) in enumerate(requests)]
    served = served_by(RateLimiter((), telegram_limits), asked)
    assert times(served) == pytest.approx(greedy(asked, spacing=1, leeway=LEEWAY, most=20, window=60))


@given(st.lists(MOMENTS, max_size=90))
def test_a_bot_with_many_chats_is_served_in_the_least_time_possible(moments: list[float]) -> None:
    served = served_by(telegram_limiter(), [TurnRequest(at, f"reader {n}") for n, at in enumerate(moments)])
    assert times(served) == pytest.approx(earliest(moments, spacing=1 / 30, most=len(moments) + 1, window=0))


@given(REQUESTS, st.sets(st.integers(0, 89)))
def test_cancelled_requests_leave_the_others_as_if_they_had_never_been_made(
    asked: list[TurnRequest], cancelled: set[int]
) -> None:
    async def scenario() -> list[float]:
        limiter, served = RateLimiter((), one_a_second), list[Served]()
        calls = [asyncio.create_task(call(limiter, one, number, served)) for number, one in enumerate(asked)]
        await asyncio.sleep(0)
        for number in cancelled & set(range(len(calls))):
            asyncio.get_running_loop().call_at(asked[number].at, calls[number].cancel)
        for one in calls:
            with suppress(asyncio.CancelledError):
                await one
        return times(one for one in served if one.number not in cancelled)

    kept = [one for number, one in enumerate(asked) if number not in cancelled]
    assert sorted(run(scenario())) == pytest.approx(sorted(times(served_by(RateLimiter((), one_a_second), kept))))
