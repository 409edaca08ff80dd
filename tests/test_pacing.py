"""Who may call when, in virtual time: no limit is ever exceeded, and no time is given away."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.pacing import Limit, Pacer, Spaced, Windowed
from tests.virtual import run

TICK = 1e-6  # what floating point may lose
CHANNEL, GROUP, READER = "-1001", "-1002", "42"


@dataclass(frozen=True)
class Asked:
    """Somebody who wants to call a room at a time."""

    at: float
    room: str
    reply: bool = False


@dataclass(frozen=True)
class Served:
    """When who was served; `number` is the place among those who asked."""

    at: float
    asked: Asked
    number: int


def telegram_limits(room: str) -> list[Limit]:
    return [Spaced(1), Windowed(20, 60)] if room.startswith("-") else [Spaced(1)]


def telegram_pacer() -> Pacer:
    return Pacer(Spaced(1 / 30), telegram_limits)


def unlimited(room: str) -> list[Limit]:
    return []


def one_a_second(room: str) -> list[Limit]:
    return [Spaced(1)]


async def call(pacer: Pacer, asked: Asked, number: int, served: list[Served]) -> None:
    loop = asyncio.get_running_loop()
    await asyncio.sleep(asked.at - loop.time())
    await pacer.turn(asked.room, reply=asked.reply)
    served.append(Served(loop.time(), asked, number))


async def serve_all(pacer: Pacer, asked: Sequence[Asked]) -> list[Served]:
    served: list[Served] = []
    async with asyncio.TaskGroup() as group:
        for number, one in enumerate(asked):
            group.create_task(call(pacer, one, number, served))
    return served


def served_by(pacer: Pacer, asked: Sequence[Asked]) -> list[Served]:
    """Let all of them ask, and give them in the order in which they were served."""
    return run(serve_all(pacer, asked))


def times(served: Iterable[Served]) -> list[float]:
    return [one.at for one in served]


def by_room(served: Iterable[Served]) -> dict[str, list[Served]]:
    rooms: defaultdict[str, list[Served]] = defaultdict(list)
    for one in served:
        rooms[one.asked.room].append(one)
    return dict(rooms)


def earliest(asked: Iterable[float], *, spacing: float, most: int, window: float) -> list[float]:
    """Say when calls of one room would be made that waste no moment: for a single room nothing is quicker."""
    made: list[float] = []
    for at in sorted(asked):
        after_last = made[-1] + spacing if made else at
        after_window = made[-most] + window if len(made) >= most else at
        made.append(max(at, after_last, after_window))
    return made


# The limits by themselves


def test_spaced_keeps_its_distance_from_the_last_call() -> None:
    limit = Spaced(2)
    assert limit.ready(10) == 10
    limit.take(10)
    assert (limit.ready(11), limit.ready(13)) == (12, 13)


def test_windowed_admits_a_burst_and_then_waits_for_the_oldest_to_leave() -> None:
    limit = Windowed(2, 60)
    for now in (0, 10):
        assert limit.ready(now) == now
        limit.take(now)
    assert limit.ready(10) == 60
    limit.take(60)
    assert limit.ready(60) == 70


@pytest.mark.parametrize("limit", [Spaced(60), Windowed(2, 60)])
def test_a_limit_is_idle_once_its_last_call_no_longer_counts(limit: Limit) -> None:
    assert limit.idle(0)
    limit.take(0)
    assert not limit.idle(59)
    assert limit.idle(60)


# Telegram's three limits


def test_a_chat_takes_one_a_second() -> None:
    served = served_by(telegram_pacer(), [Asked(0, READER)] * 5)
    assert times(served) == pytest.approx([0, 1, 2, 3, 4])


def test_a_group_takes_twenty_in_any_minute_and_not_one_less() -> None:
    served = served_by(telegram_pacer(), [Asked(0, GROUP)] * 45)
    assert times(served) == pytest.approx([60 * (n // 20) + n % 20 for n in range(45)])


def test_a_bot_takes_thirty_a_second() -> None:
    served = served_by(telegram_pacer(), [Asked(0, str(room)) for room in range(90)])
    assert times(served) == pytest.approx([n / 30 for n in range(90)])


def test_rooms_do_not_wait_for_one_another() -> None:
    served = by_room(served_by(telegram_pacer(), [*[Asked(0, GROUP)] * 30, *[Asked(5, READER)] * 3]))
    assert times(served[READER]) == pytest.approx([5, 6, 7], abs=0.1)


def test_without_a_limit_of_the_bot_rooms_are_served_at_once() -> None:
    served = served_by(Pacer(None, one_a_second), [Asked(0, str(room)) for room in range(100)])
    assert times(served) == pytest.approx([0] * 100)


# Replies and broadcasts


def test_a_reply_goes_before_broadcasts_of_its_room() -> None:
    served = served_by(telegram_pacer(), [*[Asked(0, GROUP)] * 10, Asked(2.5, GROUP, reply=True)])
    [reply] = [one for one in served if one.asked.reply]
    assert reply.at == pytest.approx(3)
    assert times(served) == pytest.approx(range(11))


def test_a_reply_goes_before_broadcasts_to_all_other_rooms() -> None:
    broadcasts = [Asked(0, str(room)) for room in range(300)]
    served = served_by(telegram_pacer(), [*broadcasts, Asked(1.001, "a reader", reply=True)])
    [reply] = [one for one in served if one.asked.reply]
    assert reply.at == pytest.approx(1.001, abs=1 / 30)


def test_broadcasts_take_everything_that_replies_leave() -> None:
    replies = [Asked(n / 10, f"reader {n}", reply=True) for n in range(50)]  # ten a second, of thirty
    served = served_by(telegram_pacer(), [*[Asked(0, str(room)) for room in range(100)], *replies])
    assert times(served) == pytest.approx([n / 30 for n in range(150)], abs=0.05)
    waits = [one.at - one.asked.at for one in served if one.asked.reply]
    assert max(waits) <= 1 / 30 + TICK


def test_broadcasts_wait_while_replies_take_everything() -> None:
    replies = [Asked(0, f"reader {n}", reply=True) for n in range(60)]
    served = served_by(telegram_pacer(), [Asked(0, READER), *replies])
    assert served[-1].asked == Asked(0, READER)


# Waiters that come and go


def test_a_cancelled_waiter_takes_no_turn() -> None:
    async def story() -> list[Served]:
        pacer, served = telegram_pacer(), list[Served]()
        await pacer.turn(READER)
        gone = [asyncio.create_task(pacer.turn(READER)) for _ in range(10)]
        await asyncio.sleep(0.5)
        for one in gone:
            one.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        await call(pacer, Asked(0.5, READER), 0, served)
        return served

    assert times(run(story())) == pytest.approx([1])


def test_a_waiter_that_is_due_earlier_wakes_the_one_who_grants() -> None:
    async def story() -> float:
        pacer = telegram_pacer()
        pacer.pause(GROUP, 3600)
        asyncio.create_task(pacer.turn(GROUP))  # noqa: RUF006
        await asyncio.sleep(10)
        await pacer.turn(READER)
        return asyncio.get_running_loop().time()

    assert run(story()) == pytest.approx(10)


def test_a_pacer_that_had_nothing_to_do_serves_again() -> None:
    served = served_by(telegram_pacer(), [Asked(0, READER), Asked(0.5, READER), Asked(1000, READER)])
    assert times(served) == pytest.approx([0, 1, 1000])


def test_rooms_long_silent_are_forgotten_and_busy_ones_are_not() -> None:
    pacer = telegram_pacer()
    served_by(pacer, [*[Asked(n, f"reader {n}") for n in range(500)], Asked(480, GROUP)])
    assert set(pacer._rooms) == {"reader 499", GROUP}


def test_a_waiting_pacer_sleeps() -> None:
    class Counted(Windowed):
        looked = 0

        def ready(self, now: float) -> float:
            self.looked += 1
            return super().ready(now)

    limit = Counted(1, 3600)
    served = served_by(Pacer(None, lambda room: [limit]), [Asked(0, GROUP)] * 5)
    assert times(served) == pytest.approx([0, 3600, 7200, 10800, 14400])
    assert limit.looked < 50


# Pauses


def after_pauses(pauses: Sequence[tuple[str, float]], asked: Sequence[Asked]) -> dict[str, list[float]]:
    """Pause rooms at the very start and give the times of service by room."""

    async def story() -> list[Served]:
        pacer = Pacer(None, one_a_second)
        for room, seconds in pauses:
            pacer.pause(room, seconds)
        return await serve_all(pacer, asked)

    return {room: [round(at, 6) for at in times(served)] for room, served in by_room(run(story())).items()}


def test_a_pause_holds_its_room_alone_for_as_long_as_it_says() -> None:
    served = after_pauses([(GROUP, 7.5)], [Asked(0, GROUP), Asked(0, GROUP), Asked(0, READER)])
    assert served == {READER: [0], GROUP: [7.5, 8.5]}


def test_a_second_room_told_to_wait_means_the_whole_bot() -> None:
    served = after_pauses([(GROUP, 5), (CHANNEL, 9)], [Asked(0, GROUP), Asked(0, CHANNEL), Asked(0, READER)])
    assert served == {GROUP: [9], CHANNEL: [9], READER: [9]}


def test_the_same_room_told_twice_means_that_room_alone() -> None:
    served = after_pauses([(GROUP, 5), (GROUP, 9)], [Asked(0, GROUP), Asked(0, READER)])
    assert served == {READER: [0], GROUP: [9]}


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    assert after_pauses([(GROUP, 9), (GROUP, 2)], [Asked(0, GROUP)]) == {GROUP: [9]}


def test_pauses_that_are_over_do_not_count() -> None:
    async def story() -> float:
        pacer = Pacer(None, one_a_second)
        pacer.pause(GROUP, 5)
        await asyncio.sleep(6)
        pacer.pause(CHANNEL, 100)
        await pacer.turn(READER)
        return asyncio.get_running_loop().time()

    assert run(story()) == pytest.approx(6)


def test_a_pause_reaches_those_that_wait_already() -> None:
    async def story() -> list[Served]:
        pacer, served = telegram_pacer(), list[Served]()
        await pacer.turn(READER)
        waiting = asyncio.create_task(call(pacer, Asked(0, READER), 0, served))
        await asyncio.sleep(0.5)
        pacer.pause(READER, 10)
        await waiting
        return served

    assert times(run(story())) == pytest.approx([10.5])


def test_a_pause_reaches_those_that_wait_only_for_the_bots_limit() -> None:
    async def story() -> list[Served]:
        pacer, served = Pacer(Spaced(1), unlimited), list[Served]()
        calls = [asyncio.create_task(call(pacer, Asked(0, room), 0, served)) for room in ("a", "b", "c")]
        await asyncio.sleep(0.5)
        pacer.pause("b", 10)
        await asyncio.gather(*calls)
        return served

    moments = {one.asked.room: one.at for one in run(story())}
    assert moments == pytest.approx({"a": 0, "b": 10.5, "c": 1})


# Whatever is asked


ROOMS = st.sampled_from([CHANNEL, GROUP, READER, "43"])
MOMENTS = st.floats(0, 30).map(lambda at: round(at, 2))
REQUESTS = st.lists(st.builds(Asked, MOMENTS, ROOMS, st.booleans()), max_size=90)
FREELY = settings(deadline=None, max_examples=60)


def most_in_any(window: float, moments: Sequence[float]) -> int:
    return max((sum(start <= at < start + window - TICK for at in moments) for start in moments), default=0)


@FREELY
@given(REQUESTS)
def test_no_limit_is_ever_exceeded_in_any_window(asked: list[Asked]) -> None:
    served = served_by(telegram_pacer(), asked)
    assert most_in_any(1, times(served)) <= 30
    for room, calls in by_room(served).items():
        assert most_in_any(1, times(calls)) <= 1
        assert most_in_any(60, times(calls)) <= (20 if room.startswith("-") else 60)


@FREELY
@given(REQUESTS)
def test_all_are_served_once_and_none_before_it_asked(asked: list[Asked]) -> None:
    served = served_by(telegram_pacer(), asked)
    assert sorted(one.number for one in served) == list(range(len(asked)))
    assert all(one.at >= one.asked.at - TICK for one in served)


@FREELY
@given(REQUESTS)
def test_order_is_kept_within_a_room_and_lane(asked: list[Asked]) -> None:
    lanes: defaultdict[tuple[str, bool], list[Served]] = defaultdict(list)
    for one in served_by(telegram_pacer(), asked):
        lanes[one.asked.room, one.asked.reply].append(one)
    for lane in lanes.values():
        assert [one.asked.at for one in lane] == sorted(one.asked.at for one in lane)


@FREELY
@given(REQUESTS)
def test_no_broadcast_goes_while_a_reply_of_its_room_waits(asked: list[Asked]) -> None:
    for calls in by_room(served_by(telegram_pacer(), asked)).values():
        for earlier, later in pairwise(calls):
            overtaken = later.asked.reply and not earlier.asked.reply and later.asked.at < earlier.at - TICK
            assert not overtaken


@FREELY
@given(st.lists(st.builds(Asked, MOMENTS, st.just(GROUP), st.booleans()), max_size=90))
def test_a_single_room_is_served_in_the_least_time_possible(asked: list[Asked]) -> None:
    served = served_by(telegram_pacer(), asked)
    assert times(served) == pytest.approx(earliest((one.at for one in asked), spacing=1, most=20, window=60))


@FREELY
@given(st.lists(MOMENTS, max_size=90))
def test_a_bot_with_many_rooms_is_served_in_the_least_time_possible(moments: list[float]) -> None:
    served = served_by(telegram_pacer(), [Asked(at, f"reader {n}") for n, at in enumerate(moments)])
    assert times(served) == pytest.approx(earliest(moments, spacing=1 / 30, most=len(moments) + 1, window=0))


@FREELY
@given(REQUESTS, st.sets(st.integers(0, 89)))
def test_the_cancelled_leave_the_others_as_if_they_had_never_asked(asked: list[Asked], cancelled: set[int]) -> None:
    async def story() -> list[float]:
        pacer, served = Pacer(None, one_a_second), list[Served]()
        calls = [asyncio.create_task(call(pacer, one, number, served)) for number, one in enumerate(asked)]
        await asyncio.sleep(0)
        for number in cancelled & set(range(len(calls))):
            asyncio.get_running_loop().call_at(asked[number].at, calls[number].cancel)
        for one in calls:
            with suppress(asyncio.CancelledError):
                await one
        return times(one for one in served if one.number not in cancelled)

    kept = [one for number, one in enumerate(asked) if number not in cancelled]
    assert sorted(run(story())) == pytest.approx(sorted(times(served_by(Pacer(None, one_a_second), kept))))
