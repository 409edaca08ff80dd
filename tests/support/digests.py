"""Digests made for tests."""

from __future__ import annotations

from datetime import date

from bot.sources.source import FoundDigest
from formatters.model import Digest, Paper, Section


def paper(number: int, *, id: str = "", word: str = "plain") -> Paper:  # noqa: A002
    name = id or f"2501.{number:05}"
    body = f"- Goal: Say {word} things.\n- Contribution: A {word} way."
    return Paper(name, number, f"Paper {name}", f"https://arxiv.org/abs/{name}", (), (Section("Introduction", body),))


def digest(day: date, *papers: Paper, series: str = "Daily Papers") -> Digest:
    slug = series.lower().replace(" ", "-")
    return Digest(f"{slug}/{day}", series, day, f"{series} — {day}", "", "", papers)


def found(one: Digest, post: str = "") -> FoundDigest:
    return FoundDigest(one, post or f"{one.day}-{one.series.lower().replace(' ', '-')}.md")


def days(*numbers: int, papers: int = 2) -> list[FoundDigest]:
    """Give digests of January 2025, one per day number."""
    return [found(digest(date(2025, 1, n), *(paper(k) for k in range(1, papers + 1)))) for n in numbers]
