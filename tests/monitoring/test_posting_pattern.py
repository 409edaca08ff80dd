"""When posts usually appear: learnt weekdays and hours, holidays, time zones, and what nobody can know yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.ledger.records.reports import PostAppearance
from bot.monitoring.posting_pattern import overdue_since

SEOUL = ZoneInfo("Asia/Seoul")
WAIT = timedelta(hours=2)
TODAY = date(2025, 6, 30)  # a Monday
WORKDAYS = range(5)


def at(day: date, hour: float, zone: ZoneInfo = SEOUL) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(hours=hour)


def posts(
    weekdays: Iterable[int] = WORKDAYS, *, weeks: int = 4, hour: float = 9, zone: ZoneInfo = SEOUL, seen: bool = True
) -> list[PostAppearance]:
    """Give a post for each of these weekdays, up to yesterday."""
    before = (TODAY - timedelta(days=back) for back in range(7 * weeks, 0, -1))
    return [
        PostAppearance(day, at(day, hour, zone).timestamp(), seen) for day in before if day.weekday() in set(weekdays)
    ]


def missed(appeared: list[PostAppearance], now: datetime, zone: ZoneInfo = SEOUL) -> datetime | None:
    return overdue_since(appeared, zone, now, WAIT)


def test_a_post_is_overdue_some_time_after_its_usual_hour() -> None:
    assert missed(posts(), at(TODAY, 10.9)) is None
    assert missed(posts(), at(TODAY, 11)) == at(TODAY, 9)
    assert missed([*posts(), PostAppearance(TODAY, at(TODAY, 10).timestamp(), True)], at(TODAY, 11)) is None


def test_it_stays_overdue_until_a_later_post_comes() -> None:
    tuesday = TODAY + timedelta(days=1)
    assert missed(posts(), at(tuesday, 3)) == at(TODAY, 9)
    assert missed([*posts(), PostAppearance(tuesday, at(tuesday, 1).timestamp(), True)], at(tuesday, 3)) is None


def test_a_post_of_the_future_is_no_post_of_today() -> None:
    future = PostAppearance(date(2062, 1, 1), at(TODAY, 9).timestamp(), True)
    assert missed([*posts(), future], at(TODAY, 11)) == at(TODAY, 9)


@pytest.mark.parametrize("days_later", [5, 6])
def test_nothing_is_expected_on_days_without_posts(days_later: int) -> None:
    saturday = TODAY + timedelta(days=days_later)
    through_friday = [
        PostAppearance(TODAY + timedelta(days=day), at(TODAY + timedelta(days=day), 9).timestamp(), True)
        for day in range(5)
    ]
    assert missed([*posts(), *through_friday], at(saturday, 23)) is None


def test_one_holiday_does_not_change_the_pattern() -> None:
    a_week_ago = TODAY - timedelta(days=7)
    assert missed([one for one in posts() if one.day != a_week_ago], at(TODAY, 12)) == at(TODAY, 9)


def test_two_holidays_do() -> None:
    off = {TODAY - timedelta(days=7), TODAY - timedelta(days=14)}
    assert missed([one for one in posts() if one.day not in off], at(TODAY, 12)) is None


def test_a_few_late_posts_do_not_move_the_hour() -> None:
    late = [PostAppearance(one.day, one.found_at + 6 * 3600, True) if one.day.day % 4 == 0 else one for one in posts()]
    assert missed(late, at(TODAY, 11)) == at(TODAY, 9)


def test_a_post_that_usually_appears_on_the_day_after_its_own() -> None:
    assert missed(posts(hour=30), at(TODAY, 31.9)) is None
    assert missed(posts(hour=30), at(TODAY, 32)) == at(TODAY, 30)


@pytest.mark.parametrize(
    "appeared",
    [
        [],
        posts(seen=False),  # all of them were there before us: nobody knows when they came
        posts(weeks=2),
        posts([0], weeks=4)[:2],
    ],
)
def test_without_a_pattern_nothing_is_overdue(appeared: list[PostAppearance]) -> None:
    assert missed(appeared, at(TODAY, 23)) is None


def test_the_weekdays_of_posts_from_before_us_count() -> None:
    old, new = posts(weeks=4, seen=False), posts(weeks=1)
    appeared = [*(one for one in old if one.day < new[0].day), *new]
    assert missed(appeared, at(TODAY, 11)) == at(TODAY, 9)


def test_the_hour_is_that_of_the_clock_on_the_wall() -> None:
    """Summer time began on Sunday the 30th of March."""
    berlin = ZoneInfo("Europe/Berlin")
    monday = date(2025, 3, 31)
    before = [monday - timedelta(days=back) for back in range(28, 0, -1)]
    appeared = [PostAppearance(day, at(day, 9, berlin).timestamp(), True) for day in before]
    assert missed(appeared, datetime(2025, 3, 31, 11, tzinfo=berlin), berlin) == datetime(2025, 3, 31, 9, tzinfo=berlin)
