"""What a press types is read as it was meant, by those who read what people type."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.parsing.numbers import expand
from bot.conversation.parsing.preferences import PreferenceChange, parse_choice_page, parse_preferences
from bot.conversation.parsing.query import PaperQuery, parse_query, parse_several
from bot.conversation.parsing.text import normalise, split_page
from formatters import lines
from tests.support.strategies import NASTY

TODAY = date(2025, 9, 12)
REFS = st.text("0123456789abcdef", min_size=16, max_size=16)
PAGES = st.integers(1, 10**lines.MOST_DIGITS - 1)
KEPT = st.integers(0, 10**18 - 1)
LONGEST = 64  # bytes of a button's line, the least that a platform takes


def argument(line: str, command: str) -> str:
    """Give what stands after the command, and see that a press of the line is understood."""
    name, _, rest = normalise(line).partition(" ")
    assert (name, normalise(line)) == (command, line)
    assert len(line.encode()) <= LONGEST
    return rest


# Papers


@given(REFS)
def test_a_paper(ref: str) -> None:
    assert lines.read_ref(argument(lines.spell_paper(ref), "/paper")) == ref
    assert parse_query(argument(lines.spell_paper(ref), "/paper"), TODAY) == PaperQuery(ref=ref)
    assert lines.read_ref(ref.upper()) == ref


@given(st.integers(1, 10**lines.MOST_DIGITS - 1), st.dates())
def test_a_paper_of_a_day(number: int, day: date) -> None:
    assert parse_query(argument(lines.spell_numbered(number, day), "/paper"), TODAY) == PaperQuery(
        number=number, day=day
    )


@given(st.lists(st.integers(1, 999), min_size=2, max_size=5, unique=True), st.dates())
def test_several_papers_of_a_day(numbers: list[int], day: date) -> None:
    line = lines.spell_several(numbers, day, lines.source_id("daily-papers"))
    assert len(line.encode()) <= LONGEST
    ranges, of = parse_several(argument(lines.spell_several(numbers, day), "/paper"), TODAY)
    assert (expand(ranges, 999), of) == (numbers, day)


@given(REFS)
def test_a_deep_link(ref: str) -> None:
    assert lines.read_start(lines.spell_start(ref)) == ref
    assert len(lines.spell_start(ref)) <= LONGEST  # of what stands behind /start, too (Telegram, deep linking)


@given(st.dates())
def test_the_papers_of_a_day_below_one_of_them(day: date) -> None:
    line = lines.spell_day(day)
    payload = line.removeprefix("/start ")
    assert lines.read_start_day(payload) == f"{day}"
    assert lines.spell_start_of(line) == payload


@given(REFS)
def test_what_a_line_asks_for_in_a_deep_link(ref: str) -> None:
    assert lines.spell_start_of(lines.spell_paper(ref)) == lines.spell_start(ref)


@given(st.dates(), PAGES)
def test_a_day_in_a_deep_link(day: date, page: int) -> None:
    payload = lines.spell_start_of(lines.spell_papers(day))

    assert lines.read_start_day(payload) == str(day)
    assert lines.read_start(payload) is None
    assert payload == lines.spell_start_of(lines.spell_page(lines.spell_papers(day), page)) == f"papers-{day}"


@given(REFS)
def test_a_paper_shared(ref: str) -> None:
    line = lines.spell_paper(ref)
    shared = lines.spell_share(line)

    assert argument(shared, "share") == lines.read_share(shared) == line


# Lists


@given(st.dates(), PAGES)
def test_papers_of_a_day(day: date, page: int) -> None:
    line = lines.spell_papers(day)

    assert parse_query(argument(line, "/papers"), TODAY) == PaperQuery(day=day)
    assert parse_query(argument(lines.spell_page(line, page), "/papers"), TODAY) == PaperQuery(day=day, page=page)


@given(KEPT, PAGES)
def test_a_kept_search(number: int, page: int) -> None:
    query, turned = split_page(argument(lines.spell_page(lines.spell_kept_search(number), page), "/search"))

    assert (lines.read_kept_search(query), turned) == (number, page)


@given(NASTY.map(normalise).filter(bool), PAGES)
def test_a_search_as_it_is_typed(query: str, page: int) -> None:
    """A person may copy it from a terminal, however long it is."""
    line = lines.spell_page(lines.spell_search(query), page)

    assert split_page(line.removeprefix("/search ")) == (query, page)


@given(st.text() | NASTY)
def test_what_people_type_is_no_button_by_accident(text: str) -> None:
    assert lines.read_ref(text) in ("", text.lower())
    assert lines.read_kept_search(text) is None or text.startswith("~")
    assert lines.read_share(text) in ("", text.removeprefix("share "))
    assert lines.read_start(text) in (None, text.removeprefix("paper-"))
    assert text.startswith(lines.read_page(text)[0])


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (lines.read_ref, "0123456789abcde", ""),
        (lines.read_ref, "0123456789abcdef0", ""),
        (lines.read_kept_search, "~", None),
        (lines.read_kept_search, "~1x", None),
        (lines.read_kept_search, "7", None),
        (lines.read_kept_search, "~" + "9" * 19, None),
        (lines.read_share, "share /paper 3", ""),
        (lines.read_share, "/paper 0123456789abcdef", ""),
        (lines.read_share, "share /paper 0123456789ABCDEF", ""),  # as no button of ours spells it
        (lines.read_start, "", None),
        (lines.read_start, "paper", None),
        (lines.read_start, "paper-gone", "gone"),
        (lines.read_start_day, "papers", ""),
        (lines.read_start_day, "paper-2025-01-08", ""),
        (lines.spell_start_of, "/paper 3", ""),
        (lines.spell_start_of, "/paper 3 2025-01-08", ""),
        (lines.spell_start_of, "/search ~1 #2", ""),
        (lines.spell_start_of, "", ""),
        (lines.read_page, "x #0", ("x", 1)),
        (lines.read_page, "x #" + "9" * 50, ("x", 10**12 - 1)),
        (lines.read_page, "#2", ("#2", 1)),
    ],
)
def test_what_is_nearly_a_line(read: Callable[[str], object], text: str, value: object) -> None:
    assert read(text) == value


# Settings


@pytest.mark.parametrize("layout", ["messages", "thread", "digest", "index"])
def test_a_layout(layout: str) -> None:
    assert parse_preferences(argument(lines.spell_layout(layout), "/settings")) == PreferenceChange(layout=layout)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_a_language(language: str) -> None:
    assert parse_preferences(argument(lines.spell_language(language), "/settings")) == PreferenceChange(
        language=language
    )


@pytest.mark.parametrize("silent", [True, False])
def test_a_sound(*, silent: bool) -> None:
    assert parse_preferences(argument(lines.spell_sound(silent=silent), "/settings")) == PreferenceChange(silent=silent)


@pytest.mark.parametrize("kind", ["folded", "short"])
def test_a_kind_of_cards(kind: str) -> None:
    assert parse_preferences(argument(lines.spell_cards(kind), "/settings")) == PreferenceChange(cards=kind)


@pytest.mark.parametrize("count", [0, 1, 5, 999])
def test_a_number_of_cards(count: int) -> None:
    assert parse_preferences(argument(lines.spell_most_cards(count), "/settings")) == PreferenceChange(most_cards=count)


def test_an_hour() -> None:
    assert parse_preferences(argument(lines.spell_hour(time(7)), "/settings")) == PreferenceChange(at=time(7))


def test_lines_of_pages_to_choose_on() -> None:
    assert parse_choice_page(argument(lines.HOURS, "/settings")) == "hours"
    assert parse_choice_page(argument(lines.CARDS, "/settings")) == "cards"


def test_lines_without_a_value() -> None:
    assert parse_preferences(argument(lines.RESET, "/settings")) == PreferenceChange(reset=True)
    assert argument(lines.SUBSCRIBE, "/subscribe") == argument(lines.UNSUBSCRIBE, "/unsubscribe") == ""
    assert argument(lines.SUBSCRIBE_NOW, "/subscribe") == "now"
    assert argument(lines.RETRY, "/status") == "retry"
