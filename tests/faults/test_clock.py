"""Clocks that jump, and both changes of summer time: for the schedule, for waits, for unconfirmed sends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import apscheduler.schedulers.base
import apscheduler.triggers.interval
import pytest

from bot.app.duties.scheduler import make_scheduler
from bot.config.schedule import Schedule
from bot.config.settings import Settings
from bot.delivery.channel import Delivered, NotDelivered, UnconfirmedSend, Undecided
from bot.delivery.decisions import Rules
from bot.delivery.dispatcher import RetryPolicy
from bot.delivery.hours import DeliveryHours
from bot.errors import ChatGone, RetryLater
from bot.ledger.records.deliveries import Chat
from formatters.model import Section
from tests.faults.posts import post
from tests.faults.site import Site
from tests.support import virtual_time
from tests.support.chats import GROUP, READER
from tests.support.digests import days, found, paper
from tests.support.fakes.faults import lost_answer, reset
from tests.support.memory_channel import CrashError, Failure, MemoryChannel, lost, refused
from tests.support.pipeline import Pipeline, known_ids, open_pipeline

HOUR = 3600.0
SWEEP = timedelta(minutes=30)
DAYS = 3  # that are looked at; summer time or the clock changes on the second
# Berlin: from two to three on 30 March, from three to two on 26 October. New York, Lord Howe (half an
# hour) and Santiago (at midnight) change on other days and hours.
CHANGES = [
    *[("Europe/Berlin", "2025-03-30"), ("Europe/Berlin", "2025-10-26")],
    *[("America/New_York", "2025-03-09"), ("America/New_York", "2025-11-02")],
    *[("Australia/Lord_Howe", "2025-04-06"), ("Australia/Lord_Howe", "2025-10-05")],
    *[("America/Santiago", "2025-09-07"), ("America/Santiago", "2025-04-06")],
]
TIMES = [time(0, 0), time(0, 30), time(2, 0), time(2, 30), time(8, 30), time(23, 20)]


# The schedule


@dataclass(frozen=True)
class JumpingClock:
    """A clock that goes with the loop's time, and jumps once."""

    start: datetime
    jump: timedelta = timedelta()
    jumps_at: datetime | None = None

    def now(self) -> datetime:
        shown = self.start + timedelta(seconds=asyncio.get_running_loop().time())
        return shown + self.jump if self.jumps_at and shown >= self.jumps_at else shown

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let the scheduler look at this clock."""
        wall = self

        class ShiftedDatetime(datetime):
            @classmethod
            def now(cls, tz: object = None) -> datetime:  # type: ignore[override]
                assert isinstance(tz, ZoneInfo)
                return wall.now().astimezone(tz)

        for module in (apscheduler.schedulers.base, apscheduler.triggers.interval):
            monkeypatch.setattr(module, "datetime", ShiftedDatetime)


async def _deliveries(wall: JumpingClock, at: time, zone: str) -> dict[date, datetime]:
    """Give when the program would first deliver on each day: it wakes, and looks whether the hours are open."""
    settings = Settings(timezone=zone, schedule=Schedule.model_validate({"at": f"{at:%H:%M}", "sweep": "30m"}))
    wake, hours, first = asyncio.Event(), DeliveryHours.for_chat(settings), dict[date, datetime]()

    async def ring() -> None:
        wake.set()

    scheduler = make_scheduler(settings, ring, ring)
    scheduler.start()
    while (now := wall.now()) < wall.start + timedelta(days=DAYS, hours=2):
        if hours.is_open(now):
            first.setdefault(now.astimezone(settings.zone).date(), now)
        await wake.wait()
        wake.clear()
    scheduler.shutdown(wait=False)
    return first


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_each_day_is_delivered_in_time_when_summer_time_changes(
    zone: str, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour that is left out is taken for the one after it."""
    first = date.fromisoformat(change) - timedelta(days=1)
    for at in TIMES:
        wall = JumpingClock(_moment(first, time(0), zone))
        wall.install(monkeypatch)
        delivered = virtual_time.run(_deliveries(wall, at, zone))
        for day in (first + timedelta(days=number) for number in range(DAYS)):
            late = delivered[day] - _from(day, at, zone)
            assert timedelta() <= late <= (timedelta(hours=1) if f"{day}" == change else timedelta(seconds=1))


@pytest.mark.parametrize("moment", ["07:50", "08:20", "08:29", "08:30", "08:50", "09:40"])
@pytest.mark.parametrize("jump", [timedelta(hours=1), -timedelta(hours=1)], ids=["forward", "back"])
def test_each_day_is_delivered_in_time_when_the_clock_jumps(
    jump: timedelta, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone, at = "Asia/Seoul", time(8, 30)
    before, day, after = date(2025, 2, 3), date(2025, 2, 4), date(2025, 2, 5)
    wall = JumpingClock(_moment(before, time(0), zone), jump, _moment(day, time.fromisoformat(moment), zone))
    wall.install(monkeypatch)
    delivered = virtual_time.run(_deliveries(wall, at, zone))
    assert timedelta() <= delivered[day] - _from(day, at, zone) <= SWEEP + max(jump, timedelta())
    assert all(delivered[one] - _from(one, at, zone) <= timedelta(seconds=1) for one in (before, after))


def _moment(day: date, at: time, zone: str) -> datetime:
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def _from(day: date, at: time, zone: str) -> datetime:
    """Give the first moment at which clocks show this time, or a later one of this day."""
    start = datetime.combine(day, time(12), UTC) - timedelta(days=1)
    moments = (start + timedelta(minutes=10 * step) for step in range(6 * 48))
    shown = ((moment, moment.astimezone(ZoneInfo(zone))) for moment in moments)
    return next(moment for moment, local in shown if local.date() == day and local.time() >= at)


@pytest.mark.parametrize(("zone", "change"), CHANGES)
def test_hours_open_once_a_day_and_close_at_midnight(zone: str, change: str) -> None:
    """Look each ten minutes, as sweeps would."""
    start = datetime.fromisoformat(f"{change}T00:00:00+00:00") - timedelta(days=1)
    moments = [start + timedelta(minutes=10 * step) for step in range(6 * 24 * 4)]
    for at in TIMES:
        hours = DeliveryHours(at, "mon-sun", zone)
        looks = [(moment.astimezone(ZoneInfo(zone)).date(), hours.is_open(moment)) for moment in moments]
        opened = [day for (_, before), (day, now) in pairwise(looks) if now and not before]
        assert len(set(opened)) == len(opened)
        assert all(old != new for (old, before), (new, now) in pairwise(looks) if before and not now)


# Waits


@pytest.fixture
async def pipeline(tmp_path: Path) -> AsyncIterator[Pipeline]:
    async with open_pipeline(tmp_path, "a", "b") as pipeline:
        yield pipeline


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
async def test_a_wait_ends_when_the_clock_jumps(pipeline: Pipeline, jump: float) -> None:
    """Forward its end has come, back it is moved; nothing is lost and nothing doubled."""
    pipeline.channel.failures["a"].append(refused(RetryLater("flood", 600, flood=True)))
    await pipeline.run(days(1), RetryPolicy())
    pipeline.clock.now += jump
    await pipeline.run(days(1), RetryPolicy())
    assert (pipeline.read("a") == []) == (jump < 0)
    pipeline.clock.now += 600
    await pipeline.run(days(1), RetryPolicy())
    assert pipeline.read("a") == pipeline.read("b") == ["index", "1", "2"]


MONTH = 30 * 24 * HOUR


async def test_a_wait_that_was_written_in_the_future_lasts_as_long_as_was_told(pipeline: Pipeline) -> None:
    """The clock was ahead when the platform told to wait, and was then put right."""
    pipeline.channel.failures["a"].append(refused(RetryLater("flood", 600, flood=True)))
    pipeline.clock.now += MONTH
    await pipeline.run(days(1), RetryPolicy())
    pipeline.clock.now -= MONTH
    await pipeline.run(days(1), RetryPolicy())
    assert pipeline.read("a") == []
    pipeline.clock.now += 600
    await pipeline.run(days(1), RetryPolicy())
    assert pipeline.read("a") == pipeline.read("b") == ["index", "1", "2"]


async def test_a_wait_that_was_written_lately_is_kept_although_it_is_long(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"].append(refused(RetryLater("flood", MONTH, flood=True)))
    await pipeline.run(days(1), RetryPolicy())
    await pipeline.run(days(1), RetryPolicy())
    assert pipeline.read("a") == []


async def test_a_send_that_was_killed_in_the_future_is_asked_about(pipeline: Pipeline) -> None:
    pipeline.channel.failures["a"].append(Failure(CrashError(), accepted=True))
    pipeline.clock.now += MONTH
    with pytest.raises(BaseExceptionGroup):
        await pipeline.run(days(1))
    pipeline.clock.now -= MONTH
    await pipeline.run(days(1))
    assert pipeline.read("a") == pipeline.read("b") == ["index", "1", "2"]


@pytest.mark.parametrize("tells", [True, False])
async def test_a_send_whose_answer_was_lost_in_the_future_is_asked_about(pipeline: Pipeline, tells: bool) -> None:
    """What is undecided stays so: no clock makes the platform tell."""
    pipeline.channel.readable = tells
    pipeline.channel.failures["a"].append(lost())
    pipeline.clock.now += MONTH
    await pipeline.run(days(1), RetryPolicy(longest_wait=1))
    pipeline.clock.now -= MONTH
    for _ in range(2):
        await pipeline.run(days(1))
    assert pipeline.read("a") == pipeline.read("b") == ["index", "1", "2"]
    assert await pipeline.counts("a") == ({"sent": 3} if tells else {"unconfirmed": 1, "sent": 2})


# Times that were written while the clock was ahead, by whatever it was ahead


AHEAD = [3 * HOUR, MONTH]


@pytest.mark.parametrize("ahead", AHEAD)
async def test_who_subscribed_while_the_clock_was_ahead_gets_the_next_digest(pipeline: Pipeline, ahead: float) -> None:
    await pipeline.run(days(1))
    pipeline.clock.now += ahead
    await pipeline.subscriber("c")
    pipeline.clock.now -= ahead
    await pipeline.run(days(1, 2))
    assert pipeline.read("c") == ["index", "1", "2"]


@pytest.mark.parametrize("ahead", AHEAD)
async def test_who_was_away_gets_what_was_found_after_the_clock_was_ahead(pipeline: Pipeline, ahead: float) -> None:
    """A digest was found while it was, and two more when it was right; nobody else gets what came before."""
    pipeline.clock.now += ahead
    await pipeline.run(days(1))
    pipeline.clock.now -= ahead
    await pipeline.subscriber("c")
    pipeline.channel.failures["a"].append(refused(ChatGone("kicked")))
    await pipeline.run(days(1, 2))
    await pipeline.run(days(1, 2, 3))
    await pipeline.ledger.subscriptions.resume((await pipeline.known("a")).id)
    await pipeline.run(days(1, 2, 3))
    assert pipeline.read("a") == pipeline.read("b") == ["index", "1", "2"] * 3
    assert pipeline.read("c") == ["index", "1", "2"] * 2


@pytest.mark.parametrize("ahead", AHEAD)
async def test_a_post_that_was_unfinished_while_the_clock_was_ahead_is_waited_for_no_longer(
    pipeline: Pipeline, ahead: float
) -> None:
    rules = Rules(gate_wait=HOUR)
    await pipeline.look(days(1), rules=rules)
    empty = found(replace(days(2)[0].digest, papers=(replace(paper(1), sections=(Section("Results", ""),)),)))
    pipeline.clock.now += 60 + ahead
    await pipeline.look([*days(1), empty], rules=rules)
    pipeline.clock.now -= ahead
    await pipeline.look([*days(1), empty], rules=rules)
    pipeline.clock.now += HOUR
    await pipeline.look([*days(1), empty], rules=rules)
    await pipeline.dispatch()
    assert pipeline.read("a") == ["index", "1", "2", "index", "1"]


@pytest.mark.parametrize("ahead", AHEAD)
async def test_a_reply_before_the_question_is_not_taken_for_an_older_message(pipeline: Pipeline, ahead: float) -> None:
    """Killed in a send while the clock was ahead; the reply came before the question, but after the send."""
    asked: list[UnconfirmedSend] = []

    class Listening(MemoryChannel):
        async def reconcile(self, address: str, unconfirmed: UnconfirmedSend) -> Delivered | NotDelivered | Undecided:
            asked.append(unconfirmed)
            return await super().reconcile(address, unconfirmed)

    pipeline.channel = Listening()
    pipeline.channel.failures["a"] += [Failure(), Failure(CrashError(), accepted=True)]
    pipeline.clock.now += ahead
    with pytest.raises(BaseExceptionGroup):
        await pipeline.run(days(1))
    pipeline.clock.now += 5 - ahead
    await pipeline.ledger.replies.arrived((), "terminal", ["a"], 3)
    await pipeline.run(days(1))
    assert [(one.after, one.taken) for one in asked] == [(1, frozenset({3}))]
    assert pipeline.read("a") == ["index", "1", "2"]


@pytest.mark.parametrize("ahead", AHEAD)
async def test_a_paper_that_comes_late_stands_behind_a_newer_digest(pipeline: Pipeline, ahead: float) -> None:
    """The older digest was sent while the clock was ahead; the newer one is under way."""
    pipeline.clock.now += ahead
    await pipeline.run(days(1))
    pipeline.clock.now += 60 - ahead
    pipeline.channel.failures["a"] += [Failure(), refused(RetryLater("flood", 600, flood=True))]
    await pipeline.run(days(1, 2), RetryPolicy())
    pipeline.clock.now += 600
    await pipeline.run([*days(1, papers=3), *days(2)])
    assert pipeline.read("a") == ["index", "1", "2", "index", "1", "2", "3"]


async def test_a_paper_that_comes_late_stands_behind_a_digest_begun_while_the_clock_was_behind(
    pipeline: Pipeline,
) -> None:
    await pipeline.run(days(1))
    pipeline.clock.now -= 25 * HOUR
    pipeline.channel.failures["a"] += [Failure(), refused(RetryLater("flood", 600, flood=True))]
    await pipeline.run(days(1, 2), RetryPolicy())
    pipeline.clock.now += 25 * HOUR
    await pipeline.run([*days(1, papers=3), *days(2)])
    assert pipeline.read("a") == ["index", "1", "2", "index", "1", "2", "3"]


async def test_replies_are_kept_although_a_clock_that_is_ahead_makes_them_old(pipeline: Pipeline) -> None:
    """Their ids must not be probed, and what they say is needed to write them back."""
    replies, chat = pipeline.ledger.replies, Chat(1, "terminal", "a", "a", "a", "terminal a")
    tried = pipeline.clock()
    pipeline.clock.now += 1
    await replies.arrived((), "terminal", ["a"], 3)
    noted = await replies.note("terminal", [("a", "a")], {"text": "help"})
    pipeline.clock.now += MONTH
    await replies.arrived((), "terminal", ["a"], 4)
    await replies.note("terminal", [("b", "b")], {"text": "help"})
    assert await replies.unconfirmed("terminal", "a") == []
    pipeline.clock.now -= MONTH
    await replies.arrived((), "terminal", ["a"], 5)
    assert (await known_ids(pipeline.ledger, chat, tried)).later == {3, 4, 5}
    assert [one.number for one in await replies.unconfirmed("terminal", "a")] == noted


async def test_how_long_ago_a_message_came_is_not_known_once_the_clock_was_set_back(pipeline: Pipeline) -> None:
    """Between the messages of one digest nobody else posts; but how far apart these two are, no clock tells."""
    chat = Chat(1, "terminal", "a", "a", "a", "terminal a")
    pipeline.clock.now += MONTH
    await pipeline.run(days(1))
    assert (await known_ids(pipeline.ledger, chat, pipeline.clock())).last_at == pipeline.clock()
    pipeline.clock.now -= MONTH
    await pipeline.run(days(1))
    known = await known_ids(pipeline.ledger, chat, pipeline.clock() + 5)
    assert (known.last, known.last_at) == (pipeline.channel.chats["a"][-1].id, 0.0)


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forward", "back"])
async def test_what_waits_for_its_hour_is_moved_with_the_clock(pipeline: Pipeline, jump: float) -> None:
    """Each look works out anew when the hour is: after a jump back nobody waits for an hour that was meant."""
    opening = pipeline.clock() + 1800
    await pipeline.look(days(1), opening=opening)
    pipeline.clock.now += jump
    is_open = pipeline.clock() >= opening
    await pipeline.look(days(1), opening=0.0 if is_open else opening)
    await pipeline.dispatch()
    assert len(pipeline.shown("a")) == (3 if is_open else 0)
    pipeline.clock.now = opening
    await pipeline.run(days(1))
    assert pipeline.read("a") == pipeline.read("b") == ["index", "1", "2"]


# Unconfirmed sends


@pytest.mark.long
async def test_unconfirmed_sends_where_the_clock_is_an_hour_slow(site: Site) -> None:
    await _lose_answers(site, -HOUR)


@pytest.mark.parametrize("hours", [1, pytest.param(3, marks=pytest.mark.long), 9])
async def test_unconfirmed_sends_where_the_clock_is_fast(site: Site, hours: int) -> None:
    """By nine hours: a board in Seoul whose hardware clock keeps local time."""
    await _lose_answers(site, hours * HOUR)


async def _lose_answers(site: Site, ahead: float) -> None:
    site.post(post([1, 2, 3]))
    site.happen(lost_answer(method="sendMessage", chat=READER, skip=1), reset(method="sendMessage", chat=GROUP))
    site.happen(lost_answer(method="chat.postMessage"), lost_answer(method="chat.postMessage", skip=1))
    await site.finish(shift=ahead)
    site.faults += 1
    site.check()


@pytest.mark.parametrize("jump", [-HOUR, pytest.param(HOUR, marks=pytest.mark.long)], ids=["back", "forward"])
async def test_the_clock_jumps_between_an_unconfirmed_send_and_its_reconciliation(site: Site, jump: float) -> None:
    site.post(post([1, 2, 3]))
    site.at(9, site.kill)
    assert (await site.deliver()).killed
    await site.deliver(shift=jump)
    site.faults += 1
    await site.finish(shift=max(jump, 0))
    site.check()
