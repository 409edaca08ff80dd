"""A cycle: what it asks, plans and opens."""

from __future__ import annotations

import shutil
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.app.cycle import look_from
from bot.config.schedule import LOOK_BACK
from bot.delivery.hours import DeliveryHours
from bot.errors import BotGone, ChatGone, Rejected, RetryLater
from tests.support.app import FIRST, SECOND, TWO, in_some_days, memory, opened, subscribed
from tests.support.ledger_rows import change
from tests.support.memory_channel import refused
from tests.support.setup import DATA


def test_a_post_dated_far_off_by_mistake_hides_no_other() -> None:
    days = [date(2025, 1, day) for day in range(1, 20)]
    assert look_from([*days, date(2052, 1, 20)]) == date(2025, 1, 16) - LOOK_BACK
    assert look_from([]) is None


@pytest.mark.parametrize("edits_for", [timedelta(), timedelta(days=9999)])
@pytest.mark.parametrize("day", [date.min, date(1, 1, 14), date.max])
def test_no_day_is_too_far_off_to_look_back_from(day: date, edits_for: timedelta) -> None:
    expected = {date.max: date.max - max(LOOK_BACK, edits_for)}.get(day, date.min)
    assert look_from([day], edits_for) == look_from([day] * 9, edits_for) == expected


async def test_a_post_dated_in_the_future_is_held_and_the_newest_of_the_others_delivered() -> None:
    channel = memory()
    async with opened(channel, FIRST) as app:
        for year in range(2052, 2060):
            text = (DATA / FIRST).read_text("utf-8").replace("2025-01-06", f"{year}-01-20")
            Path(f"_posts/{year}-01-20-daily-papers.md").write_text(text, "utf-8")
        await app.cycle.plan(at_once=True, resume=False)
        shutil.copy(DATA / SECOND, "_posts")
        await app.cycle.plan(at_once=True, resume=False)
        known = await app.ledger.known_digests("daily")
    assert [(one.day.year, one.state) for one in known][:3] == [(2025, "active"), (2025, "active"), (2052, "held")]
    assert {one.state for one in known[2:]} == {"held"}


async def test_the_kinds_of_chats_are_asked_once() -> None:
    channel = memory()
    async with opened(channel) as app:
        for _ in range(2):
            await app.cycle.plan(at_once=False, resume=False)
        known = [await app.ledger.subscriptions.find("telegram", (chat,)) for chat in ("5", "-6")]
    assert [one.kind for one in known if one] == ["private", "group"]
    assert channel.calls == [("identify", "5"), ("identify", "-6")]


@pytest.mark.parametrize("error", [ChatGone("no such chat"), Rejected("no")])
async def test_a_chat_that_is_not_there_keeps_no_other_from_being_known(error: ChatGone | Rejected) -> None:
    channel = memory()
    channel.failures["5"].append(refused(error))
    async with opened(channel) as app:
        await app.cycle.plan(at_once=False, resume=False)
        assert [one.name for one in await app.ledger.subscriptions.unidentified("telegram")] == ["5"]
        await app.cycle.plan(at_once=False, resume=False)
    assert channel.calls == [("identify", "5"), ("identify", "-6"), ("identify", "5")]


@pytest.mark.parametrize("error", [RetryLater("no network"), BotGone("token revoked")])
async def test_a_platform_that_is_away_is_asked_at_another_sweep(error: RetryLater | BotGone) -> None:
    channel = memory()
    channel.failures["5"].append(refused(error))
    async with opened(channel, FIRST) as app:
        await app.cycle.plan(at_once=True, resume=False)
        assert channel.calls == [("identify", "5")]
        await app.cycle.dispatcher().run()  # what is to be delivered does not wait for that
    assert len(channel.chats["5"]) == len(channel.chats["-6"]) == 4


async def test_where_nobody_listens_and_numbers_are_named_nothing_is_asked() -> None:
    channel = memory()
    async with opened(channel, telegram={**TWO["telegram"], "listen": "off"}) as app:
        await app.cycle.plan(at_once=False, resume=False)
    assert channel.calls == []


async def test_a_sweep_comes_in_time_however_far_away_the_clock_says_that_something_is_due() -> None:
    """Where the clock was set back by days, the scheduler wakes nobody until it shows the old time again."""
    async with opened(memory(), FIRST) as app:
        await subscribed(app, "7", schedule=f"00:00 {in_some_days()} Asia/Seoul")
        await app.cycle.plan(at_once=True, resume=False)
        await app.cycle.dispatcher().run()
        assert await app.ledger.next_due("telegram", time.time())
        assert await app.service.bots["telegram"]._pause(time.time()) == app.settings.schedule.sweep.total_seconds()


async def test_delivering_now_waits_for_nobodys_hours_but_those_that_a_chat_chose() -> None:
    channel = memory()
    async with opened(channel, FIRST) as app:
        for chat, schedule in (("7", ""), ("8", f"00:00 {in_some_days()} Asia/Seoul"), ("9", "00:00 mon-sun UTC")):
            await subscribed(app, chat, schedule=schedule)
        await app.cycle.plan(at_once=False, resume=False)
        await app.cycle.dispatcher().run()
        assert {chat: len(shown) for chat, shown in channel.chats.items() if shown} == {"9": 4}
        due = await app.ledger.next_due("telegram", time.time())
        assert due == DeliveryHours.for_chat(app.settings, f"00:00 {in_some_days()} Asia/Seoul").next_opening(
            datetime.now(UTC)
        )
        await app.cycle.plan(at_once=True, resume=False)
        await app.cycle.dispatcher().run()
    assert {chat: len(channel.chats[chat]) for chat in ("5", "-6", "7", "8", "9")} == {
        **dict.fromkeys(("5", "-6", "7", "9"), 4),
        "8": 0,
    }


async def test_a_subscriber_gets_the_newest_even_when_its_source_cannot_be_read() -> None:
    channel = memory()
    async with opened(channel, FIRST) as app:
        assert await app.cycle.plan(at_once=False, resume=False) == []
        shutil.rmtree("_posts")
        await subscribed(app, "7", now=True)
        (error,) = await app.cycle.plan(at_once=False, resume=False)
        await app.cycle.dispatcher().run()
    assert "no such" in str(error).lower()
    assert {chat: len(shown) for chat, shown in channel.chats.items() if shown} == {"7": 4}


async def test_what_was_deleted_is_logged_in_one_line_and_nothing_when_there_was_nothing() -> None:
    channel = memory()
    async with opened(channel, FIRST, SECOND, schedule={"at": "08:30", "catch_up": 1, "keep": "14d"}) as app:
        await app.cycle.plan(at_once=True, resume=False)
        await app.cycle.dispatcher().run()
        for post in ("2025-01-09-daily-papers-20250109.md", "2025-01-15-daily-papers-20250115.md"):
            shutil.copy(DATA / post, "_posts")
            await app.cycle.plan(at_once=True, resume=False)
            await app.cycle.dispatcher().run()
        with capture_logs() as logs:
            await app.cycle.prune()
            assert logs == []
            for column in ("digests SET found_at = found_at", "deliveries SET sent_at = sent_at"):
                change("sqlite:///paperboy.db", f"UPDATE {column} - 15 * 86400")
            held = [len(shown) for shown in channel.chats.values()]
            await app.cycle.prune()
            await app.cycle.prune()
    [line] = logs
    assert line["event"] == "pruned"
    assert 0 < line["deliveries"] < sum(held)
