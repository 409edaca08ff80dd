"""What a reader asks for after /paper, /papers or /search: a number, a day, an id, or words of a title."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

from bot.conversation.parsing.text import split_page
from formatters.lines import MOST_DIGITS, read_ref
from formatters.links import arxiv_meant

LONGEST_WORDS = 200

_AROUND = "<>()[]\"'.,"  # what an address stands in where it was copied from, Slack's own marks included
_NUMBER = re.compile(r"(?:#|no\.?)? ?(-?\d+) ?번?", re.IGNORECASE)
_AGO = {"today": 0, "오늘": 0, "yesterday": 1, "어제": 1, "그제": 2, "그저께": 2}
_DAYS = tuple(
    re.compile(rf"(?<!\S){day}(?!\S)")
    for day in (
        r"(\d{4}) ?[-./] ?(\d{1,2}) ?[-./] ?(\d{1,2})\.?",
        r"(\d{4})(\d{2})(\d{2})",
        r"(\d{4})년 ?(\d{1,2})월 ?(\d{1,2})일",
        r"()(\d{1,2})[-/](\d{1,2})",
        r"()(\d{1,2})월 ?(\d{1,2})일",
    )
)


@dataclass(frozen=True, slots=True)
class PaperQuery:
    """What was asked for; nothing at all after an empty argument."""

    number: int | None = None  # of a paper in its digest; may be one that no paper has
    day: date | None = None  # of the digest, with any of the others or alone
    paper: str = ""  # an arXiv id without version
    ref: str = ""  # what a button holds: 16 hex digits
    words: str = ""  # of a title, as typed
    page: int = 1  # of a long answer


def parse_query(argument: str, today: date) -> PaperQuery:
    """Read what was typed; what is nothing else is words.

    A day without its year may as well be part of a title: beside words it counts as one of them.
    """
    text, page = split_page(argument)
    day, rest, sure = next(_dated(text, today), (None, text, True))
    if paper := next(filter(None, map(_arxiv, text.split())), ""):
        return PaperQuery(paper=paper, day=day, page=page)
    if ref := read_ref(rest):
        return PaperQuery(ref=ref, day=day, page=page)
    if number := _NUMBER.fullmatch(rest):
        return PaperQuery(number=int(number[1][:MOST_DIGITS]), day=day, page=page)
    if rest and not sure:
        return PaperQuery(words=_cut(text), page=page)
    return PaperQuery(words=_cut(rest), day=day, page=page)


def days_near(day: date, known: Sequence[date], most: int = 3) -> list[date]:
    """Give the known days that are nearest, the nearest first; of two as near, the later."""
    return sorted(set(known), key=lambda other: (abs(other - day), day - other))[:most]


def _cut(words: str) -> str:
    return words[:LONGEST_WORDS].rstrip()


def _arxiv(word: str) -> str:
    return arxiv_meant(word.strip(_AROUND).partition("|")[0])


def _dated(text: str, today: date) -> Iterator[tuple[date, str, bool]]:
    """Give the days in a text, each with the text around it, and whether it can be nothing but a day."""
    for found in chain.from_iterable(pattern.finditer(text) for pattern in _DAYS):
        if day := _meant(today, *found.groups()):
            yield day, _around(text, found), bool(found[1])
    for found in re.finditer(r"\S+", text):
        if (ago := _AGO.get(found[0].casefold())) is not None:
            yield date.fromordinal(max(1, today.toordinal() - ago)), _around(text, found), False


def _meant(today: date, year: str, month: str, day: str) -> date | None:
    """Give the day; without a year the last such day, which for 29 February may be eight years ago."""
    years = [int(year)] if year else range(today.year, today.year - 9, -1)
    possible = (_possible(one, int(month), int(day)) for one in years)
    return next((then for then in possible if then and (year or then <= today)), None)


def _possible(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _around(text: str, found: re.Match[str]) -> str:
    return (text[: found.start()].rstrip() + text[found.end() :]).strip()
