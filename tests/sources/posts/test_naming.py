"""What posts are called: series by title or file, links."""

from __future__ import annotations

from datetime import date

import pytest

from bot.sources.posts.naming import permalink, series_of_name, split_title

DAY = date(2026, 11, 26)


@pytest.mark.parametrize(
    ("name", "series"),
    [
        ("2026-11-26-daily-papers-20261126.md", "Daily Papers"),
        ("2026-11-26-Arxiv.md", "Arxiv"),
        ("papers_2026-11-26.md", "Papers"),
        ("llm/20261126-speech_papers.qmd", "Speech Papers"),
        ("digest-2026-W48.md", "Digest"),
        ("digest-2026-11-26-llm.md", "Digest Llm"),
        ("weekly", "Weekly"),
        ("2026/11/26/index.md", ""),
        ("README.md", ""),
        ("2026-11-26.md", ""),
        ("2026-11-26-1.md", ""),
    ],
)
def test_the_series_of_a_name(name: str, series: str) -> None:
    assert series_of_name(name) == series


@pytest.mark.parametrize(
    ("title", "series", "day"),
    [
        ("Daily papers, 26 November 2026", "Daily papers", DAY),
        ("November 26, 2026 — Daily papers", "Daily papers", DAY),
        ("오늘의 논문 | 2026년 11월 26일 (목)", "오늘의 논문", DAY),
        ("Papers: 2026-11-20 to 2026-11-26", "Papers", DAY),
        ("Papers", "Papers", None),
    ],
)
def test_series_and_day_of_a_title(title: str, series: str, day: date | None) -> None:
    found, mention = split_title(title)

    assert (found, mention and mention.day) == (series, day)


@pytest.mark.parametrize(
    ("template", "front", "url"),
    [
        ("", {"permalink": "/x/"}, ""),
        ("https://a.org/:year/:title/", {"slug": "small-models"}, "https://a.org/2026/small-models/"),
        ("https://a.org/:y_day/:slug", {}, "https://a.org/330/daily"),
        ("https://a.org/:year/:title/", {"permalink": "/papers/:month/"}, "https://a.org/papers/11/"),
        ("https://a.org/:title/", {"permalink": "pretty"}, "https://a.org/daily/"),
        ("/:title/", {"permalink": "/x/"}, "/daily/"),
    ],
)
def test_permalinks(template: str, front: dict[str, object], url: str) -> None:
    assert permalink(template, "llm/2026-11-26-daily.md", DAY, front) == url
