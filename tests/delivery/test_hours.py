"""At which hours a chat receives: days, time zones, summer time, and whose word counts."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.fields import WEEKDAYS
from bot.config.schedule import Schedule
from bot.config.settings import Settings
from bot.delivery.hours import DeliveryHours

SEOUL = ZoneInfo("Asia/Seoul")
USUAL = Settings(timezone="Asia/Seoul", schedule=Schedule.model_validate({"at": "08:30", "days": "mon-fri"}))
ZONES = ("Asia/Seoul", "UTC", "America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Asia/Kathmandu")


def at(moment: str, zone: str = "Asia/Seoul") -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2025-01-06 08:29:59", False),  # a Monday
        ("2025-01-06 08:30", True),
        ("2025-01-06 23:59:59", True),
        ("2025-01-07 00:00", False),
        ("2025-01-11 12:00", False),  # a Saturday
    ],
)
def test_digests_go_out_from_the_hour_to_midnight(moment: str, is_open: bool) -> None:
    hours = DeliveryHours.for_chat(USUAL)
    assert hours.is_open(at(moment)) is is_open
    assert (hours.next_opening(at(moment)) == 0.0) is is_open


@pytest.mark.parametrize(
    ("moment", "begins"),
    [
        ("2025-01-06 00:00", "2025-01-06 08:30"),
        ("2025-01-06 08:30", "2025-01-07 08:30"),
        ("2025-01-10 09:00", "2025-01-13 08:30"),  # over the weekend
        ("2024-12-31 23:00", "2025-01-01 08:30"),
    ],
)
def test_the_next_hours_begin(moment: str, begins: str) -> None:
    assert DeliveryHours.for_chat(USUAL).next_after(at(moment)) == at(begins)


def test_what_is_closed_opens_when_the_next_hours_begin() -> None:
    assert DeliveryHours.for_chat(USUAL).next_opening(at("2025-01-11 12:00")) == at("2025-01-13 08:30").timestamp()


def test_hours_of_a_chat_count_more_than_those_of_the_operator() -> None:
    own = DeliveryHours.for_chat(USUAL, "20:15 sat,sun America/New_York")
    assert (own.at, own.days, own.zone) == (time(20, 15), "sat,sun", "America/New_York")
    assert own.weekday_numbers == [5, 6]
    assert own.is_open(at("2025-01-12 10:15"))  # in Seoul; Saturday evening in New York
    assert not own.is_open(at("2025-01-12 10:14"))
    assert own.next_after(at("2025-01-06 12:00")).isoformat() == "2025-01-11T20:15:00-05:00"


def test_a_day_is_a_day_of_the_zone() -> None:
    """Sunday evening in UTC is Monday morning in Seoul."""
    hours = DeliveryHours(time(8, 30), "mon", "Asia/Seoul")
    assert hours.is_open(datetime(2025, 1, 5, 23, 30, tzinfo=UTC))
    assert not hours.is_open(datetime(2025, 1, 6, 15, 0, tzinfo=UTC))


@pytest.mark.parametrize("days", ["mon,wed,fri", "mon, wed, fri", " mon , WED,fri "])
def test_days_that_the_operator_wrote_with_blanks_are_spelled_in_one_word(days: str) -> None:
    usual = Settings(timezone="Asia/Seoul", schedule=Schedule.model_validate({"at": "08:30", "days": days}))
    assert DeliveryHours.read(str(DeliveryHours.for_chat(usual))).weekday_numbers == [0, 2, 4]


def test_summer_time_moves_no_hour() -> None:
    hours = DeliveryHours(time(8, 30), "mon-sun", "Europe/Berlin")
    assert hours.next_after(at("2025-03-29 09:00", "Europe/Berlin")).isoformat() == "2025-03-30T08:30:00+02:00"
    assert hours.next_after(at("2025-10-25 09:00", "Europe/Berlin")).isoformat() == "2025-10-26T08:30:00+01:00"


def test_an_hour_that_comes_twice_begins_once() -> None:
    """Berlin's clocks go back from three to two on 26 October 2025."""
    hours = DeliveryHours(time(2, 30), "mon-sun", "Europe/Berlin")
    second = datetime(2025, 10, 26, 1, 10, tzinfo=UTC)  # 02:10 for the second time
    assert hours.is_open(second - timedelta(minutes=40))
    assert hours.is_open(second)
    assert hours.next_after(second).isoformat() == "2025-10-27T02:30:00+01:00"


def test_an_hour_that_is_left_out_begins_when_it_would_have() -> None:
    """Berlin's clocks go forward from two to three on 30 March 2025."""
    hours = DeliveryHours(time(2, 30), "mon-sun", "Europe/Berlin")
    begins = datetime(2025, 3, 30, 1, 30, tzinfo=UTC)
    assert hours.next_opening(datetime(2025, 3, 30, 0, 0, tzinfo=UTC)) == begins.timestamp()
    assert not hours.is_open(begins - timedelta(seconds=1))
    assert hours.is_open(begins)


@given(
    st.times(timezones=st.none()).map(lambda moment: moment.replace(second=0, microsecond=0)),
    st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    st.sampled_from(ZONES),
    st.datetimes(min_value=datetime(2024, 1, 1), max_value=datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_hours_come_back_and_open_when_they_said(moment: time, days: set[str], zone: str, now: datetime) -> None:
    hours = DeliveryHours(moment, ",".join(sorted(days, key=WEEKDAYS.index)), zone)
    assert DeliveryHours.read(str(hours)) == hours
    begins = hours.next_after(now)
    assert now.timestamp() < begins.timestamp() <= now.timestamp() + 8 * 86_400
    assert hours.is_open(begins.astimezone(UTC))
    before = begins.astimezone(UTC) - timedelta(seconds=1)
    assert not hours.is_open(before) or moment == time(0)  # where one day follows another
    assert hours.next_opening(now) in {0.0, begins.timestamp()}
