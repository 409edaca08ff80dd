"""What /paper and /papers ask for: a number, a day, an id, or words of a title."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain

from bot.conversation.parsing.numbers import Range, parse_numbers
from bot.conversation.parsing.text import normalise, split_page
from formatters.addresses import typed_arxiv_id
from formatters.lines import MOST_DIGITS, read_ref

LONGEST_WORDS = 200

_AROUND = "<>()[]\"'.,"  # what may stand around an address that was copied, Slack's own marks included
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
    """What a reader asks for; an empty argument asks for nothing."""

    number: int | None = None  # of a paper in its digest; there may be no such paper
    day: date | None = None  # of the digest, with any of the others or alone
    paper: str = ""  # an arXiv id without version
    ref: str = ""  # what a button holds: 16 hex digits
    words: str = ""  # of a title, as typed
    page: int = 1  # of a long answer


def parse_query(argument: str, today: date) -> PaperQuery:
    """Read what was typed; anything unknown counts as words of a title.

    So does a day without a year beside words: it may be part of the title.
    """
    text, page = split_page(argument)
    day, rest, is_certain = next(_find_days(text, today), (None, text, True))
    if paper := next(filter(None, map(_arxiv_id, text.split())), ""):
        return PaperQuery(paper=paper, day=day, page=page)
    if ref := read_ref(rest):
        return PaperQuery(ref=ref, day=day, page=page)
    if number := _NUMBER.fullmatch(rest):
        return PaperQuery(number=int(number[1][:MOST_DIGITS]), day=day, page=page)
    if rest and not is_certain:
        return PaperQuery(words=_cut(text), page=page)
    return PaperQuery(words=_cut(rest), day=day, page=page)


def parse_several(argument: str, today: date) -> tuple[tuple[Range, ...], date | None]:
    """Read the numbers of several papers, and the day that stands behind or before them; () for anything else."""
    text = normalise(argument)
    days = [(parse_numbers(rest), day) for day, rest, _ in _find_days(text, today)]
    found = [(parse_numbers(text), None), *reversed(days)]  # of "1-5 9-10" the last is the day
    return next((one for one in found if one[0]), ((), None))


def is_numbered(text: str) -> bool:
    """Tell whether a line is a number of a paper, or several, and nothing else."""
    shown = normalise(text)
    return bool(_NUMBER.fullmatch(shown) or parse_numbers(shown))


def nearest_days(day: date, known: Sequence[date], most: int = 3) -> list[date]:
    """Give the known days that are nearest, nearest first; of two equally near the later."""
    return sorted(set(known), key=lambda other: (abs(other - day), day - other))[:most]


def _cut(words: str) -> str:
    return words[:LONGEST_WORDS].rstrip()


def _arxiv_id(word: str) -> str:
    return typed_arxiv_id(word.strip(_AROUND).partition("|")[0])


def _find_days(text: str, today: date) -> Iterator[tuple[date, str, bool]]:
    """Give the days in a text, each with the rest of the text, and whether it is a day for certain."""
    for found in chain.from_iterable(pattern.finditer(text) for pattern in _DAYS):
        if day := _resolve(today, *found.groups()):
            yield day, _without(text, found), bool(found[1])
    for found in re.finditer(r"\S+", text):
        if (ago := _AGO.get(found[0].casefold())) is not None:
            yield date.fromordinal(max(1, today.toordinal() - ago)), _without(text, found), False


def _resolve(today: date, year: str, month: str, day: str) -> date | None:
    """Make the date; without a year the latest that has passed, up to eight years ago for 29 February."""
    years = [int(year)] if year else range(today.year, today.year - 9, -1)
    dates = (_date_or_none(one, int(month), int(day)) for one in years)
    return next((one for one in dates if one and (year or one <= today)), None)


def _date_or_none(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _without(text: str, found: re.Match[str]) -> str:
    return (text[: found.start()].rstrip() + text[found.end() :]).strip()
