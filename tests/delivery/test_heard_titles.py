"""How chats are called, as people write it into titles."""

from __future__ import annotations

import pytest

from bot.delivery.channel import HeardTitles


def test_the_last_title_of_each_address_is_given_once() -> None:
    titles = HeardTitles()
    titles.hear("Readers", "-1", "@readers")
    titles.hear("Reading group", "-1")
    assert titles.take() == {"-1": "Reading group", "@readers": "Readers"}
    assert titles.take() == {}


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("  Two\nlines\t ", "Two lines"),
        ("\u202eback\u2066wards", "back wards"),
        ("\U0001f468\u200d\U0001f467 family", "\U0001f468\u200d\U0001f467 family"),
        ("읽기 모임", "읽기 모임"),
        ("x" * 1000, "x" * 128),
    ],
)
def test_a_title_is_one_line_that_reads_as_it_is(written: str, kept: str) -> None:
    titles = HeardTitles()
    titles.hear(written, "-1")
    assert titles.take() == {"-1": kept}


@pytest.mark.parametrize("written", [None, "", " \n\u200e"])
def test_no_title_does_not_replace_one(written: str | None) -> None:
    titles = HeardTitles()
    titles.hear("Readers", "-1")
    titles.hear(written, "-1")
    assert titles.take() == {"-1": "Readers"}


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.delivery.channel._MOST_TITLES", 2)
    titles = HeardTitles()
    for number in range(4):
        titles.hear("Readers", str(number))
    assert titles.take() == {"2": "Readers", "3": "Readers"}
