"""Several papers at once, and what only looks like them."""

from __future__ import annotations

from datetime import date

import pytest

from bot.conversation.parsing.numbers import Range, expand, parse_numbers
from bot.conversation.parsing.query import parse_several

TODAY = date(2025, 9, 12)


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("1-5", ((1, 5),)),
        ("5 - 1", ((1, 5),)),
        ("1~5", ((1, 5),)),
        ("1번부터 5번까지", ((1, 5),)),
        ("7-7", ((7, 7),)),
        ("1 2 3", ((1, 1), (2, 2), (3, 3))),
        ("1, 2,3", ((1, 1), (2, 2), (3, 3))),
        ("1 번 3번", ((1, 1), (3, 3))),
        ("1-2, 8", ((1, 2), (8, 8))),
        *((text, ()) for text in ("", "3", "3번", "3 9-10", "1 2 three", "09-10", "20250910 3", "2025 9", "1,", "a-b")),
    ],
)
def test_numbers(text: str, ranges: tuple[Range, ...]) -> None:
    assert parse_numbers(text) == ranges


def test_a_range_ends_with_the_last_and_a_number_may_lie_beyond() -> None:
    assert expand([(2, 999), (1, 1), (3, 3), (9, 9)], 4) == [2, 3, 4, 1, 9]
    assert expand([(7, 999)], 4) == [7]


@pytest.mark.parametrize("line", ["1-5 2025-09-08", "2025-09-08 1-5", "1-5 9-8", "1-5 9월 8일"])
def test_a_day_may_stand_beside(line: str) -> None:
    assert parse_several(line, TODAY) == (((1, 5),), date(2025, 9, 8))


@pytest.mark.parametrize("line", ["3 9-8", "2025-09-08", "1 attention 2", ""])
def test_no_several(line: str) -> None:
    assert parse_several(line, TODAY) == ((), None)
