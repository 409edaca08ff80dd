"""From when on a call counts, what becomes of a turn, and what a refusal teaches; in virtual time."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.rate_limits.allowances import LOWEST, Allowance
from bot.channels.rate_limits.calls import Call, Trips
from bot.channels.rate_limits.limiter import RateLimiter
from bot.channels.rate_limits.limits import EvenSpacing, Limit, SlidingWindow
from bot.errors import ChatGone, RetryLater, SendError, Unconfirmed
from tests.support.chats import CHANNEL, GROUP, READER
from tests.support.virtual_time import run

DAY = 86_400.0


def call_at(at: float, trips: Trips | None = None) -> Call:
    return Call(at, trips or Trips())


def steady(trip: float) -> Trips:
    """Give the trips of a network on which all calls take as long."""
    trips = Trips()
    for _ in range(10):
        trips.note(trip)
    return trips


# The quickest trip


def test_too_few_trips_tell_nothing() -> None:
    trips = Trips()
    for number in range(9):
        trips.note(0.1 + number / 100)
        assert trips.quickest == 0
    trips.note(0.3)
    assert trips.quickest == 0.1


def test_the_quickest_trip_is_that_of_the_last_hundreds() -> None:
    trips = steady(0.1)
    seen = set()
    for _ in range(600):
        trips.note(0.3)
        seen.add(trips.quickest)
    assert (seen, trips.quickest) == ({0.1, 0.3}, 0.3)
    trips.note(0.2)
    assert trips.quickest == 0.2


# From when on a call counts


def test_a_call_counts_from_its_answer_less_the_quickest_trip() -> None:
    call = call_at(10, steady(0.1))
    call.answered(10.25)
    assert call.counts_from(11) == pytest.approx(10.15)


def test_where_all_calls_take_as_long_one_counts_from_its_start() -> None:
    call = call_at(10, steady(0.25))
    call.answered(10.25)
    assert call.counts_from(11) == pytest.approx(10)


def test_a_call_under_way_counts_as_if_its_answer_came_now() -> None:
    call = call_at(10, steady(0.1))
    assert [call.counts_from(now) for now in (10, 10.1, 10.5)] == pytest.approx([10, 10, 10.4])


def test_what_a_call_waited_after_its_time_is_no_trip() -> None:
    call = call_at(10, steady(0.1))
    call.begun_at = 10.2
    assert call.counts_from(10.2) == 10.2
    call.answered(10.25)
    assert (call.trips.quickest, call.counts_from(11)) == pytest.approx((0.05, 10.2))


def test_a_call_without_an_answer_may_have_arrived_until_it_was_given_up() -> None:
    call = call_at(10, steady(0.1))
    call.lost(30)
    assert call.counts_from(99) == 30


def test_a_window_asks_again_while_calls_are_under_way() -> None:
    limit = SlidingWindow(Allowance("", 2, 60))
    first, second = call_at(0), call_at(1)
    for call in (first, second):
        limit.take(call)
    assert limit.ready(5) == 65
    first.answered(6)
    second.answered(7)
    assert limit.ready(8) == 66
    assert not limit.idle(66.5)
    assert limit.idle(67)


def test_what_is_given_back_counts_no_more() -> None:
    window, even = SlidingWindow(Allowance("", 1, 60)), EvenSpacing(Allowance("", 1, 60))
    call, other = call_at(0), call_at(30)
    for limit in (window, even):
        limit.take(call)
        limit.give_back(call)
        limit.give_back(other) if limit is window else None
        assert limit.ready(0) == 0
    even.take(call)
    even.take(other)
    even.give_back(call)
    assert even.ready(30) > 30


# What is learnt


@dataclass
class Clock:
    """A clock that a test sets."""

    now: float = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Learning:
    """An allowance of twenty calls a minute, and its clock."""

    clock: Clock = field(default_factory=Clock)

    def __post_init__(self) -> None:
        self.allowance = Allowance("group", 20, 60.0, self.clock)


def test_a_refusal_lowers_what_is_allowed_to_what_was_seen_but_by_a_twentieth_at_least() -> None:
    learning = Learning()
    learning.allowance.lower(15)
    assert learning.allowance.allowed == 15
    for seen in (15, 13):  # as many, and so nearly as many that chance may have made the difference
        before = learning.allowance.allowed
        learning.allowance.lower(seen)
        assert learning.allowance.allowed == before - 1
    learning.allowance.lower(3)
    assert learning.allowance.allowed == LOWEST * 20


def test_a_twentieth_comes_back_each_day_and_no_more_than_is_documented() -> None:
    learning = Learning()
    learning.allowance.lower(15)
    for days, allowed in ((0.5, 15.5), (1, 16), (4, 19), (5, 20), (50, 20)):
        learning.clock.now = 1_000_000.0 + days * DAY
        assert learning.allowance.allowed == pytest.approx(allowed)


def test_what_an_earlier_process_learnt_is_remembered_within_bounds() -> None:
    learning = Learning()
    learning.allowance.remember(15, learning.clock.now - DAY)
    assert learning.allowance.allowed == 16
    learning.allowance.remember(1, learning.clock.now + 900 * DAY)  # its clock was ahead
    learning.clock.now += DAY
    assert learning.allowance.allowed == pytest.approx(LOWEST * 20 + 1)


def test_an_allowance_without_a_name_learns_nothing() -> None:
    allowance = Allowance("", 1, 1.0)
    allowance.lower(0.5)
    assert allowance.allowed == 1


# Turns


Outcome = SendError | BaseException | None


async def use(limiter: RateLimiter, chat: str, trip: float = 0.0, outcome: Outcome = None) -> float:
    """Make a call that takes so long and ends so; give the time of its turn."""
    async with await limiter.acquire(chat) as turn:
        await asyncio.sleep(trip)
        if isinstance(outcome, RetryLater) and outcome.flood:
            limiter.pause(chat, outcome.after or 0)
        if outcome:
            raise outcome
    return turn.at


def second_turn(outcome: Outcome, trip: float = 0.5) -> float:
    """Say when a chat of one call in a second gets its turn after a call that took so long and ended so."""

    async def story() -> float:
        limiter = RateLimiter((), lambda _: [EvenSpacing(Allowance("", 1, 1.0))])
        first = asyncio.create_task(use(limiter, READER, trip, outcome))
        await asyncio.wait([first])
        first.exception()
        return await use(limiter, READER)

    return run(story())


@pytest.mark.parametrize(
    ("outcome", "at"),
    [
        (None, 1.5),
        (ChatGone("the platform has answered"), 1.5),
        (Unconfirmed("it may have arrived"), 1.5),
        (RuntimeError("nobody knows"), 1.5),
        (RetryLater("it cannot be reached"), 0.5),
        (RetryLater("too many", 3, flood=True), 3.5),
    ],
)
def test_a_call_that_surely_did_not_arrive_gives_its_turn_back(outcome: Outcome, at: float) -> None:
    assert second_turn(outcome) == pytest.approx(at)


def test_a_turn_that_is_not_used_is_given_back() -> None:
    async def story() -> float:
        limiter = RateLimiter((), lambda _: [EvenSpacing(Allowance("", 1, 60.0))])
        async with await limiter.acquire(READER) as turn:
            turn.give_back()
        return await use(limiter, READER)

    assert run(story()) < 0.01


def test_who_is_cancelled_at_the_moment_of_the_grant_gives_the_turn_back() -> None:
    async def story() -> float:
        limiter = RateLimiter((), lambda _: [EvenSpacing(Allowance("", 1, 60.0))])
        waiting = asyncio.create_task(limiter.acquire(READER))
        while not limiter._chats:
            await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait([waiting])
        assert waiting.cancelled()
        return await use(limiter, READER)

    assert run(story()) < 0.01


# Which limit a refusal is about


@dataclass
class Bot:
    """A bot of thirty calls a second, in groups of twenty a minute."""

    bot: Allowance = field(default_factory=lambda: Allowance("bot", 30, 1.0))
    group: Allowance = field(default_factory=lambda: Allowance("group", 20, 60.0))

    def __post_init__(self) -> None:
        self.limiter = RateLimiter([SlidingWindow(self.bot)], self._limits)

    def _limits(self, chat: str) -> Sequence[Limit]:
        return [SlidingWindow(self.group)] if chat.startswith("-") else []

    @property
    def allowed(self) -> tuple[float, float]:
        return round(self.bot.allowed, 2), round(self.group.allowed, 2)

    async def calls(self, chat: str, number: int) -> None:
        for _ in range(number):
            await use(self.limiter, chat)

    async def refused(self, chat: str, wait: float, trip: float = 0.0) -> None:
        with pytest.raises(RetryLater):
            await use(self.limiter, chat, trip, RetryLater("too many", wait, flood=True))


def test_a_group_that_must_wait_long_teaches_how_many_a_group_may_have() -> None:
    async def story() -> tuple[float, float]:
        bot = Bot()
        await bot.calls(GROUP, 15)
        await bot.refused(GROUP, 60)
        await use(bot.limiter, READER)
        assert asyncio.get_running_loop().time() < 1, "only the group pauses"
        return bot.allowed

    assert run(story()) == (30, 15)


def test_groups_that_reach_their_limits_at_the_same_time_are_not_taken_for_the_bot() -> None:
    async def story() -> tuple[float, float]:
        bot = Bot()
        for chat in (GROUP, CHANNEL):
            await bot.calls(chat, 15)
        await asyncio.gather(*(bot.refused(chat, 60, trip=0.1) for chat in (GROUP, CHANNEL)))
        await use(bot.limiter, READER)
        assert asyncio.get_running_loop().time() < 2
        return bot.allowed

    assert run(story()) == (30, 15)


def test_a_wait_that_no_message_of_the_group_explains_is_not_taken_for_its_limit() -> None:
    async def story() -> tuple[float, float]:
        bot = Bot()
        await bot.calls(GROUP, 15)
        await bot.refused(GROUP, 1)
        await asyncio.sleep(2)
        await bot.refused(GROUP, 30)
        return bot.allowed

    assert run(story()) == (30, 20)


def test_a_group_that_needs_to_wait_for_moments_only_is_known_by_its_oldest_message() -> None:
    async def story() -> tuple[float, float]:
        bot = Bot()
        await bot.calls(GROUP, 15)
        await asyncio.sleep(58.5)
        await bot.refused(GROUP, 2)
        return bot.allowed

    assert run(story()) == (30, 15)


def test_a_second_chat_that_is_refused_teaches_what_the_bot_may_do() -> None:
    async def story() -> tuple[float, float]:
        bot = Bot()
        for number in range(24):
            await use(bot.limiter, str(number))
        await bot.refused("101", 1)
        assert bot.bot.learnt == math.inf
        await bot.refused("102", 1)
        assert asyncio.get_running_loop().time() < 1
        await use(bot.limiter, READER)
        assert asyncio.get_running_loop().time() >= 1
        return bot.allowed

    assert run(story()) == (24, 20)


def test_calls_that_were_under_way_teach_nothing_more() -> None:
    async def story() -> tuple[float, float]:
        bot = Bot()
        for number in range(24):
            await use(bot.limiter, str(number))
        await asyncio.gather(*(bot.refused(str(101 + number), 1, trip=0.1 + number / 100) for number in range(5)))
        return bot.allowed

    assert run(story()) == (24, 20)


def test_a_refusal_of_a_limit_that_is_hardly_used_teaches_nothing() -> None:
    async def story() -> tuple[float, float]:
        bot = Bot()
        await bot.calls(GROUP, 5)
        await bot.refused(GROUP, 60)
        await bot.refused(READER, 60)
        return bot.allowed

    assert run(story()) == (30, 20)


def test_where_a_platform_limits_chats_alone_each_refusal_slows_all_chats() -> None:
    async def story() -> float:
        chat = Allowance("chat", 1, 1.0)
        limiter = RateLimiter((), lambda _: [EvenSpacing(chat)])
        with pytest.raises(RetryLater):
            await use(limiter, READER, 0, RetryLater("too many", 1, flood=True))
        assert chat.allowed == pytest.approx(0.8)
        return await use(limiter, GROUP)

    assert run(story()) < 0.01


def test_the_spread_of_calls_learns_nothing_by_itself() -> None:
    spread = EvenSpacing(Allowance("bot", 30, 1.0), from_answer=False)
    spread.learn(call_at(0))
    assert spread.allowance.allowed == 30


# Any network


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 0.3), st.floats(0, 0.3), st.integers(1, 30), st.randoms(use_true_random=False))
def test_no_more_calls_arrive_in_a_window_than_are_allowed_however_late_each_comes(
    jitter: float, answer: float, most: int, chance: random.Random
) -> None:
    """The quickest trip is known from the beginning; so it is, within the margin, after some hundreds."""
    arrived: list[float] = []

    async def one(limiter: RateLimiter, chat: str) -> None:
        async with await limiter.acquire(chat):
            await asyncio.sleep(chance.uniform(0, jitter))
            arrived.append(asyncio.get_running_loop().time())
            await asyncio.sleep(answer)

    async def story() -> None:
        limiter = RateLimiter([SlidingWindow(Allowance("bot", most, 1.0))], lambda _: [])
        limiter._trips = Known(answer)
        await asyncio.gather(*(one(limiter, str(number)) for number in range(5 * most)))

    run(story())
    arrived.sort()
    assert len(arrived) == 5 * most
    assert all(later - earlier > 1 - 1e-6 for earlier, later in zip(arrived, arrived[most:], strict=False))


@dataclass
class Known(Trips):
    """Trips of which the quickest possible one is known."""

    least: float = 0.0

    def __init__(self, least: float) -> None:
        super().__init__()
        self.least = least

    @property
    def quickest(self) -> float:
        return self.least
