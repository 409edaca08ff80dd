"""Days in names, titles and front matter, in the forms in which people write them."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sources.posts.days import Mention, apart, mentions, of_name

DAY = date(2026, 11, 26)
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


def day_of(name: str) -> str | None:
    found = of_name(name)
    return found and found.day.isoformat()


def spans(text: str) -> list[tuple[str, str, str]]:
    return [(f"{one.first:%m-%d}", f"{one.day:%m-%d}", f"{one.last:%m-%d}") for one in mentions(text)]


def without(text: str) -> str:
    for one in reversed(mentions(text)):
        text = text[: one.start] + "|" + text[one.end :]
    return text


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("2026-11-26.md", "2026-11-26"),
        ("2026-11-26-daily-papers-20261126.md", "2026-11-26"),
        ("2026-11-26-a\nb.md", "2026-11-26"),
        ("20261126-x.md", "2026-11-26"),
        ("papers_2026-11-26.md", "2026-11-26"),
        ("papers-2026_11_26", "2026-11-26"),
        ("2026/11/26/index.md", "2026-11-26"),
        ("posts/2026/11/26-daily.md", "2026-11-26"),
        ("2026/11/2026-11-26-daily.md", "2026-11-26"),
        ("2026-11/26.md", "2026-11-26"),
        ("2026-11-01/2026-11-26.mdx", "2026-11-26"),
        ("2020-01-01/2026/11/26/index.md", "2026-11-26"),
        ("2026/november/26.qmd", "2026-11-26"),
        ("26-november-2026.md", "2026-11-26"),
        ("2026-W48.md", "2026-11-23"),
        ("2026/W48/index.md", "2026-11-23"),
        ("2026/week-48.md", "2026-11-23"),
        ("weekly-2026w48.md", "2026-11-23"),
        ("2026-11-20-to-2026-11-26.md", "2026-11-20"),
        ("2026-11-20-2026-11-26.md", "2026-11-20"),
        ("2026-11-20_2026-11-26.md", "2026-11-26"),
        ("논문-2026년11월26일.md", "2026-11-26"),
        (unicodedata.normalize("NFD", "논문-2026년11월26일.md"), "2026-11-26"),
        ("2025-13-40-x.md", None),
        ("2026-W54.md", None),
        ("2026/README.md", None),
        ("2026/11/x.md", None),
        ("README.md", None),
    ],
)
def test_the_day_of_a_name(name: str, day: str | None) -> None:
    assert day_of(name) == day


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("Daily papers, 26 November 2026", "Daily papers, |"),
        ("Thursday, November 26th, 2026 digest", "| digest"),
        ("Papers of 26th of Nov. 2026", "Papers of |"),
        ("Papers 26nov2026", "Papers |"),
        ("2026-Nov-26", "|"),
        ("오늘의 논문 2026년 11월 26일 목요일", "오늘의 논문 |"),
        ("오늘의 논문 (2026. 11. 26.)", "오늘의 논문 |"),
        ("[2026.11.26(목)] 오늘의 논문", "| 오늘의 논문"),
        ("每日论文 2026年11月26日 星期四", "每日论文 |"),
        ("今日の論文（2026年11月26日（木））", "今日の論文|"),
        ("Papers 20261126 of the day", "Papers | of the day"),
        ("(June 2 - June 8) - 2025: papers", "|: papers"),
        ("Papers (weekly, 2026-11-26)", "Papers (weekly, |)"),
        ("Papers (2026-11-26, weekly)", "Papers (|, weekly)"),
        ("2026-11-26 Saturn", "| Saturn"),
    ],
)
def test_a_day_takes_its_day_of_the_week_and_its_brackets(text: str, rest: str) -> None:
    assert without(text) == rest


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-20 to 2026-11-26", "2026.11.20 ~ 11.26", "2026년 11월 20일 ~ 26일", "Nov 20-26, 2026"),
        *("20–26 November 2026", "20 Nov – 26 Nov 2026", "November 20 - November 26, 2026", "20261120-20261126"),
        "2026-11-20 부터 2026-11-26",
    ],
)
def test_several_days_in_a_row(text: str) -> None:
    assert spans(text) == [("11-20", "11-26", "11-26")]


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Dec 29 - Jan 4, 2026", [("12-29", "01-04", "01-04")]),
        ("Week 48, 2026", [("11-23", "11-23", "11-29")]),
        ("week 48 of 2026", [("11-23", "11-23", "11-29")]),
        ("2026년 48주차", [("11-23", "11-23", "11-29")]),
        ("week 1 2026-11-26", [("11-26", "11-26", "11-26")]),
        ("2026-11-20 ~ 31", [("11-20", "11-20", "11-20")]),
        ("2026-11-26 to 3 papers", [("11-26", "11-26", "11-26")]),
        ("2026-11-02 - 7 papers", [("11-02", "11-02", "11-02")]),
        ("GPT-4 – 26 November 2026", [("11-26", "11-26", "11-26")]),
        ("2026-11-26, then 2026-11-27", [("11-26", "11-26", "11-26"), ("11-27", "11-27", "11-27")]),
        ("2026-11-26 to 2027-11-26", [("11-26", "11-26", "11-26"), ("11-26", "11-26", "11-26")]),
        ("2026-11-26 to 2026-11-20", [("11-26", "11-26", "11-26"), ("11-20", "11-20", "11-20")]),
        ("9999-W52 9999-12-31", [("12-31", "12-31", "12-31")]),
    ],
)
def test_days_that_stand_for_others(text: str, days: list[tuple[str, str, str]]) -> None:
    assert spans(text)[-len(days) :] == days


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "Top 1000 papers",
            "CVPR 2024 100 best",
            "2511.00011",
            "2511.00011v2",
            "20251340",
            "12112026",
            "2026-02-30",
        ),
        *(
            "1234567890123",
            "20261126081500",
            "Papers of May 2026",
            "2025 W3A8 sparsity",
            "2026-13-01",
            "summary-26-2026",
        ),
        *("10.48550/arXiv.2511.00011", "v4.2026", "2026/11", "9999-W53", "0000-01-01"),
    ],
)
def test_numbers_that_are_no_days(text: str) -> None:
    assert mentions(text) == []
    assert of_name(f"{text}.md") is None


def test_days_that_are_apart() -> None:
    (week,), (monday,), (tuesday,), (wednesday,) = map(mentions, ("2026-W48", "2026-11-30", "2026-12-01", "2026-12-02"))

    assert not apart(week, monday)
    assert apart(week, tuesday)
    assert apart(tuesday, week)
    assert not apart(tuesday, wednesday)
    assert apart(monday, wednesday)


# Each form is read back

FORMS: dict[str, Callable[[date], str]] = {
    "iso": lambda day: f"{day}",
    "compact": lambda day: f"{day:%Y%m%d}",
    "underlines": lambda day: f"{day:%Y_%m_%d}",
    "folders": lambda day: f"{day:%Y/%m/%d}/index",
    "short": lambda day: f"{day.year}.{day.month}.{day.day}",
    "day first": lambda day: f"{day.day} {MONTHS[day.month - 1]} {day.year}",
    "month first": lambda day: f"{MONTHS[day.month - 1]} {day.day}, {day.year}",
    "short names": lambda day: f"{day.day:02}-{MONTHS[day.month - 1][:3].lower()}-{day.year}",
    "korean": lambda day: f"{day.year}년 {day.month}월 {day.day}일",
    "chinese": lambda day: f"{day.year}年{day.month}月{day.day}日",
}
WORDS = st.text("abcdeghkpqvxyz논문每日", max_size=6)
DAYS = st.dates(date(1990, 1, 1), date(2200, 12, 31))


@given(DAYS, st.sampled_from(sorted(FORMS)), WORDS, st.sampled_from("-_ "), WORDS, st.sampled_from((".md", ".qmd", "")))
def test_a_day_in_any_form_is_read_back(day: date, form: str, before: str, sign: str, after: str, suffix: str) -> None:
    name = sign.join(filter(None, (before, FORMS[form](day), after)))

    assert day_of(name + suffix) == day.isoformat()


@given(DAYS, WORDS)
def test_a_week_is_its_monday(day: date, word: str) -> None:
    year, week, _ = day.isocalendar()
    (found,) = mentions(f"{word} {year}-W{week:02}")

    assert found.first <= day <= found.last
    assert (found.day.weekday(), found.last - found.day) == (0, timedelta(days=6))


@given(st.text("0123456789", max_size=3) | st.text("0123456789", min_size=9), st.text("0123456789.v", max_size=9))
def test_numbers_of_other_lengths_are_none(number: str, other: str) -> None:
    assert of_name(f"{number} x{other[:5]}.md") is None


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    found = mentions(text)

    assert [(one.start, one.end) for one in found] == sorted((one.start, one.end) for one in found)
    assert all(one.first <= one.day <= one.last for one in found)
    assert of_name(text) is None or isinstance(of_name(text), Mention)
