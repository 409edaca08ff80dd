"""What a reader asks for, however it is typed."""

from __future__ import annotations

import unicodedata
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.parsing.query import LONGEST_WORDS, PaperQuery, nearest_days, parse_query
from bot.conversation.parsing.text import normalise, split_page

TODAY = date(2025, 9, 12)
DAY = date(2025, 9, 10)


@pytest.mark.parametrize("argument", ["", " \n\t", "\u200f\u200b", "ㅤ", "\0\ud800"])
def test_nothing(argument: str) -> None:
    assert parse_query(argument, TODAY) == PaperQuery()


@pytest.mark.parametrize(
    ("argument", "number"),
    [
        ("3", 3),
        ("３", 3),
        ("③", 3),
        ("٣", 3),
        ("#3", 3),
        ("＃３", 3),
        ("3번", 3),
        ("3 번", 3),
        ("no. 3", 3),
        ("No 3", 3),
        ("№3", 3),
        ("\u200f3\u200b", 3),
        ("\x003\x07", 3),
        ("0", 0),
        ("-1", -1),
        ("−1", -1),
        ("99999999", 99999999),
        ("9" * 5000, 10**12 - 1),
    ],
)
def test_numbers(argument: str, number: int) -> None:
    assert parse_query(argument, TODAY) == PaperQuery(number=number)


@pytest.mark.parametrize(
    "argument",
    [
        "2025-09-10",
        "2025–9–10",
        "２０２５－０９－１０",
        "2025.09.10",
        "2025. 9. 10.",
        "2025/9/10",
        "20250910",
        "2025년 9월 10일",
        "2025년9월10일",
        "9월 10일",
        "9/10",
        "09-10",
        "그제",
        "그저께",
    ],
)
def test_days(argument: str) -> None:
    assert parse_query(argument, TODAY) == PaperQuery(day=DAY)


@pytest.mark.parametrize(
    ("argument", "day"),
    [
        ("today", TODAY),
        ("Today", TODAY),
        ("오늘", TODAY),
        (unicodedata.normalize("NFD", "오늘"), TODAY),
        ("yesterday", date(2025, 9, 11)),
        ("어제", date(2025, 9, 11)),
        ("9/12", TODAY),
        ("9/13", date(2024, 9, 13)),
        ("12월 31일", date(2024, 12, 31)),
        ("2/29", date(2024, 2, 29)),
        ("2026-01-01", date(2026, 1, 1)),
    ],
)
def test_days_as_seen_from_today(argument: str, day: date) -> None:
    assert parse_query(argument, TODAY) == PaperQuery(day=day)


def test_the_last_day_of_february_may_be_long_ago() -> None:
    assert parse_query("2/29", date(2104, 2, 28)) == PaperQuery(day=date(2096, 2, 29))
    assert parse_query("2/29", date(3, 1, 1)) == PaperQuery(words="2/29")


@pytest.mark.parametrize(
    "argument", ["2025-13-40", "20251340x", "13/40", "13월 40일", "0000-01-01", "2025-9", "2025-09-10x"]
)
def test_what_is_no_day_is_words(argument: str) -> None:
    assert parse_query(argument, TODAY) == PaperQuery(words=argument)


@pytest.mark.parametrize(
    ("argument", "paper"),
    [
        ("2509.07969", "2509.07969"),
        ("２５０９．０７９６９", "2509.07969"),
        ("2509.07969v2", "2509.07969"),
        ("arXiv:2509.07969", "2509.07969"),
        ("arXiv: 2509.07969", "2509.07969"),
        ("arXiv:2509.07969v1 [cs.CV]", "2509.07969"),
        ("[2509.07969]", "2509.07969"),
        ("https://arxiv.org/abs/2509.07969v1", "2509.07969"),
        ("<https://arxiv.org/abs/2509.07969|arxiv.org/abs/2509.07969>", "2509.07969"),
        ("Mini-o3 (https://huggingface.co/papers/2509.07969).", "2509.07969"),
        ("arxiv.org/pdf/2509.07969", "2509.07969"),
        ("https://www.alphaxiv.org/abs/2509.07969", "2509.07969"),
        ("cs.CL/0501001", "cs.CL/0501001"),
        ("hep-th/9901001", "hep-th/9901001"),
    ],
)
def test_papers(argument: str, paper: str) -> None:
    assert parse_query(argument, TODAY) == PaperQuery(paper=paper)


@pytest.mark.parametrize(
    "argument",
    ["mini-o3", "GPT-4", "diffusion", "3 diffusion", "3 4", "3.5", "diffusion today", "어제 확산", "24/7 AI"],
)
def test_words(argument: str) -> None:
    assert parse_query(argument, TODAY) == PaperQuery(words=argument)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("0123456789abcdef", PaperQuery(ref="0123456789abcdef")),
        ("0123456789ABCDEF", PaperQuery(ref="0123456789abcdef")),
        ("0123456789abcdeg", PaperQuery(words="0123456789abcdeg")),
        ("3 2025-09-10", PaperQuery(number=3, day=DAY)),
        ("2025-09-10 3", PaperQuery(number=3, day=DAY)),
        ("9월 10일 3번", PaperQuery(number=3, day=DAY)),
        ("no. 3 그제", PaperQuery(number=3, day=DAY)),
        ("2509.07969 2025-09-10", PaperQuery(paper="2509.07969", day=DAY)),
        ("2025-09-10 diffusion", PaperQuery(words="diffusion", day=DAY)),
        ("2025-13-40 2025-09-10", PaperQuery(words="2025-13-40", day=DAY)),
        ("2025-09-10 #2", PaperQuery(day=DAY, page=2)),
        ("9/10 #2", PaperQuery(day=DAY, page=2)),
        ("diffusion #2", PaperQuery(words="diffusion", page=2)),
        ("diffusion #0", PaperQuery(words="diffusion")),
        ("diffusion today ＃２", PaperQuery(words="diffusion today", page=2)),
        ("#2 diffusion", PaperQuery(words="#2 diffusion")),
        ("x #" + "9" * 5000, PaperQuery(words="x", page=10**12 - 1)),
        ("ｄｉｆｆ\u200bｕｓｉｏｎ　 \n model", PaperQuery(words="diffusion model")),
        (f"{'x' * (LONGEST_WORDS - 1)} {'y' * 4000}", PaperQuery(words="x" * (LONGEST_WORDS - 1))),
    ],
)
def test_what_stands_together(argument: str, expected: PaperQuery) -> None:
    assert parse_query(argument, TODAY) == expected


PARTS = st.sampled_from(
    [
        "3",
        "#2",
        "-1",
        "번",
        "2/29",
        "2025-09-10",
        "년",
        "월",
        "일",
        "어제",
        "2509.07969",
        "https://",
        "\u200f",
        "\ud800",
    ]
)


@given(st.lists(st.text() | PARTS).map("".join) | st.lists(PARTS).map(" ".join), st.dates())
def test_no_input_is_an_error(argument: str, today: date) -> None:
    found = parse_query(argument, today)

    assert found.words == " ".join(found.words.split())[:LONGEST_WORDS]
    assert not {unicodedata.category(letter) for letter in found.words} & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
    assert found.page >= 1
    assert [found.number is not None, found.paper != "", found.ref != "", found.words != ""].count(True) <= 1


@given(st.dates(), st.dates())
def test_a_day_is_found_as_it_is_written(day: date, today: date) -> None:
    assert parse_query(day.isoformat(), today) == PaperQuery(day=day)
    assert parse_query(f"{today.month}/{today.day}", today) == PaperQuery(day=today)


def test_what_is_seen() -> None:
    assert normalise("\u200f／ｐａｐｅｒ　\t３\0ㅤ") == "/paper 3"


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("diffusion model #2", ("diffusion model", 2)),
        (" 3 ＃２\u200b", ("3", 2)),
        ("#2", ("#2", 1)),
        ("C#2", ("C#2", 1)),
        ("", ("", 1)),
    ],
)
def test_pages(argument: str, expected: tuple[str, int]) -> None:
    assert split_page(argument) == expected


def test_days_near() -> None:
    known = [DAY - timedelta(3), DAY + timedelta(1), DAY - timedelta(1), DAY + timedelta(9), DAY - timedelta(1)]

    assert nearest_days(DAY, known) == [DAY + timedelta(1), DAY - timedelta(1), DAY - timedelta(3)]
    assert nearest_days(DAY, known, 1) == [DAY + timedelta(1)]
    assert nearest_days(DAY, [*known, DAY])[0] == DAY
    assert nearest_days(DAY, []) == []
