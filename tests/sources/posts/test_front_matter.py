"""The table of front matters that python-frontmatter trips over, row by row; and bombs."""

from __future__ import annotations

import re
from datetime import date, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources.posts import front_matter
from bot.sources.posts.front_matter import day_of, is_hidden, read, scalar, site_day

SEOUL, NEW_YORK = ZoneInfo("Asia/Seoul"), ZoneInfo("America/New_York")


def read_lines(*lines: str) -> tuple[dict[str, object], str, str]:
    return read("\n".join(lines))


def test_a_sound_block() -> None:
    assert read_lines("---", "title: Papers", "tags: [a, b]", "---", "", "Body") == (
        {"title": "Papers", "tags": ["a", "b"]},
        "Body",
        "",
    )


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ('title: "Daily Papers""', "title", '"Daily Papers""'),
        ("title: Daily: Papers", "title", "Daily: Papers"),
        ("\ttitle: Papers", "title", "Papers"),
        ("date: 2025-13-40", "date", "2025-13-40"),
        ("tags: [papers, ai", "tags", "[papers, ai"),
        ("title: !!python/name:os.system x", "title", "!!python/name:os.system x"),
        ("title: a\x07b", "title", "a\x07b"),
    ],
)
def test_broken_yaml_is_read_line_by_line(line: str, key: str, value: str) -> None:
    front, body, broken = read_lines("---", "layout: post", line, "a line of its own", "---", "Body")

    assert (front["layout"], front[key], body) == ("post", value, "Body")
    assert re.fullmatch(r"front matter is broken \(.+\); it was read line by line", broken)


def test_a_stray_quote_is_no_error_of_yaml() -> None:
    front, _, broken = read_lines("---", 'title: Daily Papers — 2025-01-06"', "---", "Body")

    assert (front, broken) == ({"title": 'Daily Papers — 2025-01-06"'}, "")


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("2025-01-06", "2025-01-06"),
        ("2025-01-06T08:15:00Z", "2025-01-06T08:15:00Z"),
        ("007", "007"),
        ("yes", "yes"),
        ("1e999", "1e999"),
        ("!!int 7", "7"),
        ("=", "="),
        ("~", None),
        ("0x" + "f" * 4000, "0x" + "f" * 4000),
        (":".join(["59"] * 3000), ":".join(["59"] * 3000)),
        ("!!int " + "9" * 5000, "9" * 5000),
    ],
)
def test_scalars_are_text(written: str, text: str | None) -> None:
    assert read_lines("---", f"title: {written}", "---", "Body") == ({"title": text}, "Body", "")


def test_an_escape_beyond_all_characters_is_read_line_by_line() -> None:
    front, body, broken = read_lines("---", r'title: "a \UFFFFFFFF b"', "---", "Body")

    assert (front, body) == ({"title": r'"a \UFFFFFFFF b"'}, "Body")
    assert broken.startswith("front matter is broken (")


@pytest.mark.parametrize("fence", ["---", "-----", "--- "])
@pytest.mark.parametrize("before", ["", "\n\n", "  \n"])
def test_fences_and_blank_lines(before: str, fence: str) -> None:
    assert read(f"{before}{fence}\ntitle: Papers\n{fence}\nBody\n\n---\n\nMore") == (
        {"title": "Papers"},
        "Body\n\n---\n\nMore",
        "",
    )


@pytest.mark.parametrize("text", ["", "Body", "# 1. [A](https://a.org)", "A line\n---\ntitle: no\n---\nBody"])
def test_without_front_matter_all_is_body(text: str) -> None:
    assert read(text) == ({}, text, "")


@pytest.mark.parametrize("closing", ["", "..."])
def test_an_unclosed_block_ends_at_the_first_other_line(closing: str) -> None:
    front, body, broken = read_lines("---", "title: Papers", "date: 2025-01-06", closing, "# 1. [A](https://a.org)")

    assert front == {"title": "Papers", "date": "2025-01-06"}
    assert body.strip() == "# 1. [A](https://a.org)"
    assert broken == "front matter is broken (no keys, or no closing ---); it was read line by line"


def test_an_unclosed_block_at_the_end_of_the_post() -> None:
    assert read("---\ntitle: Papers")[:2] == ({"title": "Papers"}, "")


def test_a_rule_of_the_body_does_not_close_the_block() -> None:
    front, body, _ = read_lines("---", "title: Daily: Papers", "# 1. [A](https://a.org)", "---", "Goal: none")

    assert front == {"title": "Daily: Papers"}
    assert body == "# 1. [A](https://a.org)\n---\nGoal: none"


@pytest.mark.parametrize("block", ["- a\n- b", "just words", "# a comment", ""])
def test_a_block_without_keys_loses_nothing(block: str) -> None:
    text = f"---\n{block}\n---\nBody"

    assert read(text) == ({}, text, "")


def test_a_post_that_opens_with_a_rule_loses_nothing() -> None:
    text = "---\n\nWords between rules.\n\n---\n\nMore words."

    assert read(text) == ({}, text, "")


def test_keys_that_are_arguments_of_the_library() -> None:
    front, _, broken = read_lines("---", "content: c", "handler: h", "self: s", "1: one", "---", "Body")

    assert (front["content"], front["handler"], front["self"], broken) == ("c", "h", "s", "")


def test_of_duplicate_keys_the_last_wins() -> None:
    assert read_lines("---", "title: a", "title: b", "---", "Body")[0] == {"title": "b"}


ALIASES = "\n".join(["a0: &a0 [x, x]", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40))])
MERGES = "\n".join(
    ["m0: &m0 {k: v}", *(f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}], k{n}: v}}" for n in range(1, 40))]
)
LOOP = "loop: &loop [*loop]"


@pytest.mark.parametrize(
    "bomb",
    [ALIASES, MERGES, LOOP, f"deep: {'[' * 10_000}", f"wide: [{'1,' * 900_000}]", "k: v\n" * 400_000],
    ids=["aliases", "merges", "loop", "deep", "wide", "long"],
)
def test_bombs_are_harmless(bomb: str) -> None:
    """What would take for ever, or all memory, ends."""
    front, body, _ = read(f"---\ntitle: Papers\n{bomb}\n---\nBody")

    assert (front["title"], body) == ("Papers", "Body")
    assert len("".join(map(scalar, front.values()))) < 2_000_000


def test_a_merge_key_is_no_error_and_merges_nothing() -> None:
    assert read_lines("---", "a: &a {k: v}", "b: {<<: *a, x: y}", "---", "Body") == (
        {"a": {"k": "v"}, "b": {"x": "y"}},
        "Body",
        "",
    )


def test_only_scalars_have_a_text() -> None:
    assert [scalar(value) for value in ["a  b\n c", ["a"], {"a": "b"}, None]] == ["a b c", "", "", ""]


@pytest.mark.parametrize(
    ("written", "text"), [(r"a\0\eb", "ab"), (r"a\ud800b", "a\ufffdb"), (r"\ud83d\ude00", "😀"), (r"a\x0bb", "a b")]
)
def test_escapes_make_no_text_that_cannot_be_stored(written: str, text: str) -> None:
    assert scalar(read_lines("---", f'title: "{written}"', "---", "Body")[0]["title"]) == text


def test_keys_that_are_no_text() -> None:
    front, _, broken = read("---\n? [a]\n: b\ntitle: Papers\n---\nBody")

    assert front == {"title": "Papers"}
    assert broken == "front matter is broken (while constructing a mapping); it was read line by line"


# TOML


def test_toml_is_read_as_text() -> None:
    lines = ("+++", 'title = "Papers"', "date = 2025-09-10T08:15:00+09:00", "day = 2025-09-10", "draft = true")
    front, body, broken = read_lines(*lines, "weight = 1e9", 'tags = ["a"]', "[params]", "x = 1", "+++", "", "Body")

    assert (front.pop("tags"), front.pop("params")) == (["a"], {"x": 1})
    assert front == {
        "title": "Papers",
        "date": "2025-09-10 08:15:00+09:00",
        "day": "2025-09-10",
        "draft": "True",
        "weight": "1e9",
    }
    assert (body, broken) == ("Body", "")


@pytest.mark.parametrize(
    "line", ["title = 'broken", "x = [1,", "x = 0x" + "f" * 4000, "x = " + "[" * 10_000, f"x = '{'y' * 20_000}'"]
)
def test_broken_toml_is_read_line_by_line(line: str) -> None:
    front, body, broken = read_lines("+++", "date = 2025-09-10", line, "+++", "Body")

    assert (front["date"], body) == ("2025-09-10", "Body")
    assert re.fullmatch(r"front matter is broken \(.+\); it was read line by line", broken)


def test_toml_that_is_not_closed() -> None:
    front, body, broken = read_lines("+++", 'title = "Papers"', "", "# 1. [A](https://a.org)")

    assert (front, body.strip()) == ({"title": '"Papers"'}, "# 1. [A](https://a.org)")
    assert broken == "front matter is broken (no keys, or no closing +++); it was read line by line"


def test_a_post_that_opens_with_plus_signs_loses_nothing() -> None:
    assert read("+++\nWords.\n+++\nMore.") == ({}, "+++\nWords.\n+++\nMore.", "")


# What it says of a post


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        *(("draft: true", True), ("Draft: yes", True), ("published: false", True), ("published: 'no'", True)),
        *(
            ("draft: false", False),
            ("published: true", False),
            ("published: 2025-01-06", False),
            ("draft: [true]", False),
        ),
        ("title: draft", False),
    ],
)
def test_what_is_not_published(line: str, hidden: bool) -> None:
    assert is_hidden(read_lines("---", line, "---", "Body")[0]) is hidden


@pytest.mark.parametrize(
    ("lines", "day"),
    [
        (["date: 2026-11-26"], "2026-11-26"),
        (["Date: 2026-11-26"], "2026-11-26"),
        (["pubDate: Nov 26 2026"], "2026-11-26"),
        (["pubDatetime: 2026-11-26T08:00:00Z"], "2026-11-26"),
        (["publishDate: 26 November 2026"], "2026-11-26"),
        (["published: 2026/11/26"], "2026-11-26"),
        (["date:", "  created: 2026-11-26", "  updated: 2026-11-30"], "2026-11-26"),
        (["created: 2026-11-26", "updated: 2026-11-30"], "2026-11-26"),
        (["date: tomorrow", "created: 2026-11-26"], "2026-11-26"),
        (["published: true", "date: [2026-11-26]"], None),
        (["updated: 2026-11-26"], None),
        ([f"date: {'x' * 80} 2026-11-26"], None),
    ],
)
def test_where_a_day_stands(lines: list[str], day: str | None) -> None:
    found = day_of(read_lines("---", *lines, "---", "Body")[0], SEOUL)

    assert (found and found.day.isoformat()) == day


@pytest.mark.parametrize(
    ("written", "seoul", "new_york", "link"),
    [
        ("2026-11-25T23:30:00Z", 26, 25, 26),
        ("2026-11-25 23:30:00 UTC", 26, 25, 26),
        ("2026-11-25 23:30 -0500", 26, 25, 26),
        ("2026-11-26 08:30:00 +09:00", 26, 25, 26),
        ("2026-11-26T23:30:00.123+09", 26, 26, 26),
        ("2026-11-26 1:00:00 +0900", 26, 25, 26),
        ("2026-11-26 01:00:00 +930", 26, 25, 26),
        ("2026-11-25 23:30:00", 25, 25, 26),  # Jekyll has it in UTC
        ("2026-11-25 23:30", 25, 25, 25),
        ("2026-11-25", 25, 25, 25),
        ("2026-11-25 25:30:00 Z", 25, 25, 25),
        ("2026-11-25 23:30:00 +99:00", 25, 25, 25),
    ],
)
def test_a_time_in_a_zone_is_turned_into_a_day_of_ours(written: str, seoul: int, new_york: int, link: int) -> None:
    front: dict[str, object] = {"date": written}
    days = [found.day.day for zone in (SEOUL, NEW_YORK) if (found := day_of(front, zone))]

    assert days == [seoul, new_york]
    assert site_day(front, SEOUL) == date(2026, 11, link)


def test_without_a_zone_of_ours_a_day_is_as_it_is_written() -> None:
    front: dict[str, object] = {"date": "2026-11-25T23:30:00Z"}
    found = day_of(front, None)

    assert found
    assert found.day == site_day(front, None) == date(2026, 11, 25)
    assert site_day({}, SEOUL) is None


def test_the_first_and_the_last_moment_stay_in_the_calendar() -> None:
    east, west = (timezone(timedelta(hours=hours)) for hours in (14, -12))

    for written, zone in (("0001-01-01 00:00:00Z", west), ("9999-12-31 23:59:59Z", east)):
        found = day_of({"date": written}, zone)
        assert found
        assert found.day.isoformat() == written[:10]


# The usual shape is read without a parser

PIECES = st.sampled_from(
    [
        *("title", "tags", "date", "null", ": ", ":", " ", "  ", '"', "'", "[", "]", "[]", ", ", ",", "#", " #"),
        *("-", "(", ")", "~", "&", "*", "!", "|", ">", "{", "}", "?", "a", "논문", "2025-01-06", "08:15:00", "yes"),
        *("\\", "—", "_", ".", "<<", "\t", "\n", "\x85", "\u2028", "Null", "...", "---", "%"),
    ]
)
STARTS = st.sampled_from(["title: ", "tags: [", 'a: "', ""])
LINES = st.lists(st.tuples(STARTS, st.lists(PIECES, max_size=6)), max_size=3)
STRANGE = ("", "title:", "a: null", "a: [b, null]", "a: b: c", "a: b #c", "- a", "a: 'b'", "a: b\n c")


@settings(max_examples=400)
@given(LINES)
def test_the_usual_shape_is_read_as_yaml_reads_it(lines: list[tuple[str, list[str]]]) -> None:
    text = "\n".join(start + "".join(pieces) for start, pieces in lines)

    found = front_matter._usual(text)

    assert found is None or found == yaml.load(text, Loader=front_matter._Loader)


@pytest.mark.parametrize(
    ("text", "front"),
    [
        (
            'layout: post\ntitle: "Daily — 2025-01-06"\ndate: 2025-01-06 08:15:00\ntags: [papers, arxiv, ai]\nc: []\n',
            {
                "layout": "post",
                "title": "Daily — 2025-01-06",
                "date": "2025-01-06 08:15:00",
                "tags": ["papers", "arxiv", "ai"],
                "c": [],
            },
        ),
        ('title: Daily Papers — 2025-01-06"  ', {"title": 'Daily Papers — 2025-01-06"'}),
        *((text, None) for text in STRANGE),
    ],
)
def test_what_is_usual(text: str, front: dict[str, object] | None) -> None:
    assert front_matter._usual(text) == front
