"""Files that grow, such as a README: a section for each day or week, which is a post of its own."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from bot.sources.posts.days import FIRST_DAY, LAST_DAY, Mention, mentions
from bot.sources.posts.papers.levels import place_of_title
from bot.sources.posts.papers.outline import Heading, Outline, outline
from bot.sources.posts.papers.reading import Reading, read_papers

_MAY_BE_DATED = re.compile(r"^ {0,3}(?:#{1,6}[ \t]|<h[1-6])(?!.*\]\().*\d{4}", re.MULTILINE | re.IGNORECASE)
_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class DatedSection:
    """What a file says of one day."""

    day: Mention
    heading: str  # plain
    reading: Reading
    lines: tuple[range, ...]  # of the body that were read, one after another


def may_have_dated_sections(body: str) -> bool:
    """Tell at a glance whether a file may grow."""
    return _MAY_BE_DATED.search(body) is not None


def dated_sections(body: str, own: Mention | None, base: str = "") -> tuple[str, list[DatedSection]]:
    """Read the sections of a file that have a day in their headings and papers below, and the title of the file.

    There are none where most dated headings have no papers, as in a list of changes; nor where all of them are of
    the week before the file's `own` day, else that of its title: these are its chapters. Several sections of one day
    are one.
    """
    if not may_have_dated_sections(body):
        return "", []
    found = outline(body, base)
    place = place_of_title(found.headings)
    title = found.headings[place] if place >= 0 else None
    own = own or (_day(title) if title else None)
    by_day: dict[date, list[tuple[int, Mention]]] = {}
    for where, day in _dated(found.headings, place):
        by_day.setdefault(day.day, []).append((where, day))
    if own and all(timedelta() <= own.last - day <= _WEEK for day in by_day):
        return "", []
    read = [_section(found, places, base) for places in by_day.values()]
    full = [one for one in read if one.reading.papers]
    return title.name if title else "", full if 2 * len(full) >= len(read) else []


def _dated(headings: Sequence[Heading], title: int) -> Iterator[tuple[int, Mention]]:
    """Find the headings with a day, by their places, of the level that has the most of them; not the title."""
    found = [(place, day) for place, heading in enumerate(headings) if place != title and (day := _day(heading))]
    levels = Counter(headings[place].level for place, _ in found)
    level = max(levels, key=lambda level: (levels[level], -level), default=0)
    return ((place, day) for place, day in found if headings[place].level == level)


def _day(heading: Heading) -> Mention | None:
    """Read the day of a heading that is no paper."""
    days = [] if heading.title.url else mentions(unicodedata.normalize("NFC", heading.name))
    return days[0] if days and FIRST_DAY <= days[0].day <= LAST_DAY else None


def _section(found: Outline, places: Sequence[tuple[int, Mention]], base: str) -> DatedSection:
    """Read what stands below the headings of one day; where there are several, these are part of it."""
    first, day = places[0]
    lines = tuple(_lines(found, place, headed=len(places) > 1) for place, _ in places)
    text = "\n".join("\n".join(found.lines[some.start : some.stop]) for some in lines)
    return DatedSection(day, found.headings[first].name, read_papers(text, base), lines)


def _lines(found: Outline, place: int, *, headed: bool) -> range:
    own, later = found.headings[place], found.headings[place + 1 :]
    end = next((one.start for one in later if one.level <= own.level), len(found.lines))
    return range(own.start if headed else own.end, end)
