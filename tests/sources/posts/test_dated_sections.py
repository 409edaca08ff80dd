"""Files that grow are read back, whatever their headings look like; the words around the sections are in none."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sources.posts.post import Origin, Post, parse
from tests.sources.posts.test_days import FORMS

DAYS = st.lists(st.dates(date(2001, 1, 1), date(2100, 12, 31)), min_size=1, max_size=4, unique=True)
HEADINGS = st.sampled_from(sorted(FORMS.keys() - {"folders"}))
AROUND = st.sampled_from(["{}", "Papers of {}", "{} (Thu)", "📅 {} | digest", "**{}**"])


def section(day: date, form: str, around: str, level: int, number: int) -> str:
    heading = around.format(FORMS[form](day))
    paper = f"{'#' * (level + 1)} {number}. [Paper {number}](https://arxiv.org/abs/2501.{number:05})\n\nWords.\n"
    return f"{'#' * level} {heading}\n\n{paper}\n"


def read(sections: Sequence[str]) -> list[Post]:
    text = "".join(["# Reading log\n\nOutside.\n\n", *sections, "## Contact\n\nOutside, too.\n"])
    return list(parse(text.encode(), Origin("log.md")).sections)


@settings(max_examples=60)
@given(DAYS, HEADINGS, AROUND)
def test_a_file_that_grows_is_read_back(days: list[date], form: str, around: str) -> None:
    texts = [section(day, form, around, 2, number) for number, day in enumerate(days, 1)]

    found = read(texts)

    digests = [one.digest for one in found if one.digest]
    assert [(one.day, [paper.title for paper in one.papers]) for one in digests] == [
        (day, [f"Paper {number}"]) for number, day in enumerate(days, 1)
    ]
    assert {one.series for one in digests} == {"Reading log"}
    assert not any("Outside" in f"{one.preface}{one.papers}{one.rest}" for one in digests)
    assert read(texts[1:]) == found[1:]
