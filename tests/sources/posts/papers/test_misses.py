"""A body without papers says what in it was nearest to one, in which line, and why it was none."""

from __future__ import annotations

import pytest

from bot.sources.posts.papers import misses
from bot.sources.posts.papers.reading import read_papers
from bot.sources.survey import Miss, Reached

ONE, TWO = "https://arxiv.org/abs/2511.00001", "https://arxiv.org/abs/2511.00002"


def miss(*lines: str) -> Miss | None:
    reading = read_papers("\n".join(lines))
    assert reading.papers == ()
    return reading.miss


@pytest.mark.parametrize(
    ("lines", "line", "reached", "reason"),
    [
        (("Words.", "", "### 1. A Title", "", "Words.", "", "### 2. More"), 3, Reached.NUMBERS, misses.NO_LINK),
        (("**1. A title**", "", "Words."), 1, Reached.NUMBERS, misses.NO_LINK),
        (("## Idea", f"As in [x]({ONE}).", "", "Words."), 1, Reached.HEADINGS, misses.ONE_UNSURE),
        (
            ("## 1. Idea", f"As in [x]({ONE}).", "## 2. Use", "Words.", "## 3. End", "Words."),
            1,
            Reached.HEADINGS,
            misses.TOO_FEW.format(1, 3),
        ),
        (
            ("Words.", "", f"- [One thing]({ONE})", f"- [Two things]({TWO})", "", "More words. " * 99),
            3,
            Reached.HEADINGS,
            misses.TOO_SMALL,
        ),
        (
            ("# Post", "", "## Things", f"[a]({ONE}) and [b]({TWO})", "## End", "Words."),
            3,
            Reached.LINKS,
            misses.SEVERAL.format(2),
        ),
        (("# A paper", "", f"arXiv: {ONE}"), 3, Reached.LINKS, misses.UNDER_TITLE),
        (("# A", "## 2026-11-26", f"Link: {ONE}"), 2, Reached.LINKS, misses.UNDER_DATE),
        (("# A", "## Links to papers", "", "## Paper", f"Link: {ONE}"), 4, Reached.LINKS, misses.UNDER_SECTION),
        (
            ("# A", "## Today", f"Words on [a]({ONE}).", "## Today", f"Words on [b]({TWO})."),
            2,
            Reached.LINKS,
            misses.UNDER_SAME,
        ),
        (("Words.", "", f"- [One thing]({ONE})", "- Another"), 3, Reached.LINKS, misses.IN_LIST),
        (("| Link |", "|---|", f"| [PDF]({ONE}) |"), 3, Reached.LINKS, misses.IN_TABLE),
        (("# 1. A title", "~~~", ONE, "~~~"), 1, Reached.NUMBERS, misses.NO_LINK),
        (("Words.", f"And {ONE} too."), 2, Reached.LINKS, misses.ALONE),
        ((f"Words on [a]({ONE}).", "## 1. A title", "Words."), 1, Reached.LINKS, misses.ALONE),
    ],
)
def test_what_was_nearest(lines: tuple[str, ...], line: int, reached: Reached, reason: str) -> None:
    assert miss(*lines) == Miss(reached, reason, line, lines[line - 1])


@pytest.mark.parametrize("lines", [(), ("Only words.",), ("# A title", "", "[x](https://b.org)")])
def test_nothing_was_near(lines: tuple[str, ...]) -> None:
    assert miss(*lines) is None


def test_references_are_no_papers() -> None:
    assert miss("Words.", "", "## References", "", f"- [One]({ONE})", f"- [Two]({TWO})") is None


def test_papers_are_no_miss() -> None:
    assert read_papers(f"# 1. [A title]({ONE})").miss is None


def test_how_it_is_said() -> None:
    found = Miss(Reached.NUMBERS, misses.NO_LINK, 3, "###  1. A Title", "2026-03-31.md")

    assert str(found) == "2026-03-31.md line 3 `### 1. A Title`: no link to a paper in or under it"
    assert str(Miss(Reached.TEXT, "too large")) == "too large"
    assert str(Miss(Reached.TEXT, "a" * 9, 2, "b" * 99, "c.md")) == f"c.md line 2 `{'b' * 59}…`: {'a' * 9}"
