"""What /settings asks to change, in English, in Korean, and in words that nobody foresaw."""

from __future__ import annotations

import unicodedata
from datetime import time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.config.fields import WEEKDAYS, weekdays
from bot.conversation.parsing.preferences import (
    _BY_WORD,
    _NAMES,
    LONGEST_WORD,
    PreferenceChange,
    PreferenceError,
    parse_choice_page,
    parse_preferences,
)


@pytest.mark.parametrize("argument", ["", " \n", "\u200f\u200b", ", ,"])
def test_nothing(argument: str) -> None:
    assert parse_preferences(argument) == PreferenceChange()


@pytest.mark.parametrize(
    ("argument", "at"),
    [
        ("08:00", time(8)),
        ("8:00", time(8)),
        ("０８：３０", time(8, 30)),
        ("23:59", time(23, 59)),
        ("8시", time(8)),
        ("８시", time(8)),
        ("20시", time(20)),
        ("8시 30분", time(8, 30)),
        ("8 시 30 분", time(8, 30)),
        ("8시반에", time(8, 30)),
        ("오전 8시", time(8)),
        ("오전 0시 30분", time(0, 30)),
        ("아침 8시에", time(8)),
        ("오후 9시 30분", time(21, 30)),
        ("오후 9:30", time(21, 30)),
        ("저녁 7시", time(19)),
        ("오후 12시", time(12)),
        ("8am", time(8)),
        ("8 AM", time(8)),
        ("9:30pm", time(21, 30)),
        ("12am", time(0)),
        ("12:30 pm", time(12, 30)),
        ("at 8am", time(8)),
        ("시간: 8시", time(8)),
    ],
)
def test_times(argument: str, at: time) -> None:
    assert parse_preferences(argument) == PreferenceChange(at=at)


@pytest.mark.parametrize(
    ("argument", "days"),
    [
        ("mon-fri", "mon-fri"),
        ("Mon – Fri", "mon-fri"),
        ("monday-friday", "mon-fri"),
        ("weekdays", "mon-fri"),
        ("평일", "mon-fri"),
        ("월-금", "mon-fri"),
        ("월～금", "mon-fri"),
        ("월요일 ~ 금요일", "mon-fri"),
        ("매일", "mon-sun"),
        ("every day", "mon-sun"),
        ("월화수목금토일", "mon-sun"),
        ("월수금", "mon,wed,fri"),
        ("월,수,금", "mon,wed,fri"),
        ("days: fri, wed, mon", "mon,wed,fri"),
        ("주말", "sat,sun"),
        ("토일", "sat,sun"),
        ("평일 토", "mon-sat"),
        ("fri-mon", "mon,fri,sat,sun"),
        ("일", "sun"),
    ],
)
def test_days(argument: str, days: str) -> None:
    assert parse_preferences(argument) == PreferenceChange(days=days)


@pytest.mark.parametrize(
    ("argument", "zone"),
    [
        ("Asia/Seoul", "Asia/Seoul"),
        ("asia/seoul", "Asia/Seoul"),
        ("ＳＥＯＵＬ", "Asia/Seoul"),
        ("서울", "Asia/Seoul"),
        ("KST", "Asia/Seoul"),
        ("utc", "UTC"),
        ("New York", "America/New_York"),
        ("america/new_york", "America/New_York"),
        ("port-au-prince", "America/Port-au-Prince"),
        ("port of spain", "America/Port_of_Spain"),
        ("singapore", "Asia/Singapore"),
        ("time zone London", "Europe/London"),
    ],
)
def test_zones(argument: str, zone: str) -> None:
    assert parse_preferences(argument) == PreferenceChange(zone=zone)
    assert ZoneInfo(zone)


@pytest.mark.parametrize(
    ("argument", "change"),
    [
        ("layout digest", PreferenceChange(layout="digest")),
        ("Layout: messages", PreferenceChange(layout="messages")),
        ("papers", PreferenceChange(layout="messages")),
        ("논문별", PreferenceChange(layout="messages")),
        ("compact", PreferenceChange(layout="digest")),
        ("한 번에", PreferenceChange(layout="digest")),
        ("목록", PreferenceChange(layout="index")),
        ("thread", PreferenceChange(layout="thread")),
        ("language en", PreferenceChange(language="en")),
        ("English", PreferenceChange(language="en")),
        ("영어", PreferenceChange(language="en")),
        ("ko korean 한국어", PreferenceChange(language="ko")),
        ("silent", PreferenceChange(silent=True)),
        ("silent on", PreferenceChange(silent=True)),
        ("silent off", PreferenceChange(silent=False)),
        ("loud", PreferenceChange(silent=False)),
        ("무음", PreferenceChange(silent=True)),
        ("알림", PreferenceChange(silent=False)),
        ("알림 끄기", PreferenceChange(silent=True)),
        ("folded", PreferenceChange(cards="folded")),
        ("cards: folded", PreferenceChange(cards="folded")),
        ("카드 접기", PreferenceChange(cards="folded")),
        ("short", PreferenceChange(cards="short")),
        ("short cards 5", PreferenceChange(cards="short", most_cards=5)),
        ("짧게", PreferenceChange(cards="short")),
        ("카드 짧게", PreferenceChange(cards="short")),
        ("cards 5", PreferenceChange(most_cards=5)),
        ("cards: 1", PreferenceChange(most_cards=1)),
        ("20 cards", PreferenceChange(most_cards=20)),
        ("카드 5", PreferenceChange(most_cards=5)),
        ("카드 5장", PreferenceChange(most_cards=5)),
        ("카드10개", PreferenceChange(most_cards=10)),
        ("3장", PreferenceChange(most_cards=3)),
        ("all cards", PreferenceChange(most_cards=0)),
        ("cards 0", PreferenceChange(most_cards=0)),
        ("카드 모두", PreferenceChange(most_cards=0)),
        ("카드 5 짧게 8시", PreferenceChange(at=time(8), cards="short", most_cards=5)),
        ("default", PreferenceChange(reset=True)),
        ("초기화", PreferenceChange(reset=True)),
        (unicodedata.normalize("NFD", "목록"), PreferenceChange(layout="index")),
    ],
)
def test_words(argument: str, change: PreferenceChange) -> None:
    assert parse_preferences(argument) == change


def test_changes_stand_in_any_order() -> None:
    change = PreferenceChange("digest", "en", True, time(8, 30), "mon-fri", "America/New_York")

    assert parse_preferences("layout digest, en silent 08:30 mon-fri New York") == change
    assert parse_preferences("New York 평일 오전 8시 30분 무음 영어 한번에") == change
    assert parse_preferences("reset 8am") == PreferenceChange(at=time(8), reset=True)


@pytest.mark.parametrize(
    ("argument", "word", "near"),
    [
        ("08:00 Digset seoul", "Digset", "digest"),
        ("논문벌", "논문벌", "논문별"),
        ("weekday", "weekday", "weekdays"),
        ("mon-fir", "mon-fir", "mon-fri"),
        ("toyko", "toyko", "Asia/Tokyo"),
        ("en New Yrok 08:00", "New Yrok", "America/New_York"),
        ("GMT+9", "GMT+9", "Asia/Seoul"),
        ("utc+09:00", "utc+09:00", "Asia/Seoul"),
        ("UTC-5", "UTC-5", ""),
        ("2030", "2030", "20:30"),
        ("8", "8", "08:00"),
        ("8.30", "8.30", "08:30"),
        ("99", "99", ""),
        ("24:00", "24:00", ""),
        ("8:61", "8:61", ""),
        ("ko 오후 13시", "오후 13시", ""),
        ("am 8 pm", "am 8 pm", ""),
        ("layout", "layout", "layout digest"),
        ("langauge ko", "langauge", "language en"),
        ("on", "on", ""),
        ("mon-wed-fri", "mon-wed-fri", ""),
        ("-", "-", ""),
        ("please", "please", ""),
        ("x" * 4000, "x" * LONGEST_WORD, ""),
    ],
)
def test_what_is_not_understood(argument: str, word: str, near: str) -> None:
    with pytest.raises(PreferenceError) as caught:
        parse_preferences(argument)

    assert (caught.value.word, caught.value.near) == (word, near)
    assert repr(word) in str(caught.value)
    assert near in str(caught.value)


@pytest.mark.parametrize("argument", ["ko en", "08:00 9am", "silent loud", "KST UTC", "digest index"])
def test_a_change_that_contradicts_another(argument: str) -> None:
    with pytest.raises(PreferenceError) as caught:
        parse_preferences(argument)

    assert caught.value.word == argument.split()[1]


@pytest.mark.parametrize(
    ("argument", "word"), [("cards 5 cards 6", "cards 6"), ("카드 5 카드 모두", "카드 모두"), ("cards 12345", "12345")]
)
def test_a_number_of_cards_that_is_none(argument: str, word: str) -> None:
    with pytest.raises(PreferenceError) as caught:
        parse_preferences(argument)
    assert caught.value.word == word


@pytest.mark.parametrize(
    ("argument", "page"),
    [
        *(("hours", "hours"), ("Time", "hours"), ("시간", "hours"), ("cards", "cards"), ("카드", "cards")),
        *(("", ""), ("sources", ""), ("cards 5", ""), ("time 8:00", ""), ("layout", "")),
    ],
)
def test_what_a_page_to_choose_on_is_called(argument: str, page: str) -> None:
    assert parse_choice_page(argument) == page


@pytest.mark.parametrize("word", [*_BY_WORD, *_NAMES.values()])
def test_every_word_and_every_example_is_understood(word: str) -> None:
    assert parse_preferences(word.upper()) == parse_preferences(word) != PreferenceChange()


@given(st.sets(st.sampled_from(WEEKDAYS), min_size=1))
def test_days_come_back_as_the_settings_write_them(days: set[str]) -> None:
    written = parse_preferences(" ".join(days)).days

    assert written
    assert weekdays(written) == weekdays(",".join(days))
    assert parse_preferences(written) == PreferenceChange(days=written)


PARTS = st.sampled_from(
    [*_BY_WORD, *_NAMES, "08:00", "25", "시", "분", "오전", "pm", "월", "-", "new", "york", "\ud800", "٣"]
)


def misunderstood(argument: str) -> PreferenceError | None:
    try:
        parse_preferences(argument)
    except PreferenceError as error:
        return error
    return None


@given(st.lists(st.text() | PARTS).map("".join) | st.lists(PARTS).map(" ".join))
def test_whatever_is_typed_is_a_change_or_is_not_understood(argument: str) -> None:
    error = misunderstood(argument)

    assert error is None or (error.word and error.word.isprintable() and len(error.word) <= LONGEST_WORD)
