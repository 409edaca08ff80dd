"""Which headings of a post are papers, sections of papers, categories, or none of these."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from bot.sources.posts.papers import citations
from bot.sources.posts.papers.outline import PSEUDO, Heading, Outline
from formatters import labels
from formatters.addresses import identity
from formatters.links import safe

_DATE = re.compile(
    r"\d{4}\s?[-./年년]\s?\d{1,2}(?:\s?[-./月월]\s?\d{1,2})?[日일월]?|\b(?:to|until|week|of)\b", re.IGNORECASE
)
_LETTER = re.compile(r"[^\W\d_]")


class Role(Enum):
    PAPER = "paper"
    SECTION = "section"  # of the paper before it
    CATEGORY = "category"  # of the papers after it
    TITLE = "title"  # of the post
    OTHER = "other"  # thanks, sponsors, news: it ends the paper before it


class Part(NamedTuple):
    """A heading and what it is; a paper's with its address."""

    heading: Heading
    role: Role
    url: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """That a heading has the link of a paper, or that what stands under it has."""

    url: str
    in_heading: bool
    is_sure: bool  # the link is in the heading, or in a line of its own


def parts(found: Outline, candidates: Mapping[int, Candidate]) -> list[Part]:
    """Tell what each heading is; none is a paper where too few are candidates."""
    level = _level(found.headings, candidates)
    return list(_parts(found, level, _papers(found.headings, candidates, level) if level else {}))


def with_papers(found: Outline, listed: Collection[int] = ()) -> dict[int, Candidate]:
    """Find the headings that have or cover the link of a paper, by their places.

    `listed` are the lines of tables and lists whose rows are papers by themselves.
    """
    candidates: dict[int, Candidate] = {}
    inside, title, ends = 0, place_of_title(found.headings), _ends(found)
    headed: set[int] = set()
    for place, heading in enumerate(found.headings):
        if heading.start < inside:
            continue
        if heading.title.is_known:
            candidates[place] = Candidate(heading.title.url, in_heading=True, is_sure=True)
            inside = ends[place]
        elif place != title and not labels.is_section(heading.name) and is_name(heading.title.title):
            headed = headed or {line for one in found.headings for line in range(one.start, one.end)}
            without = (headed,) if heading.title.number else (headed, listed)
            if covered := _covered(found, place, ends[place], without):
                candidates[place] = Candidate(covered.url, in_heading=False, is_sure=covered.is_own)
    return _distinct(found.headings, candidates)


def is_name(title: str) -> bool:
    """Tell whether a title has words, and is no mere date."""
    return bool(_LETTER.search(_DATE.sub("", title)))


def place_of_title(headings: Sequence[Heading]) -> int:
    """Give the place of the heading that is the post's title, -1 for none: the first, alone on the first level."""
    first = headings[0] if headings else None
    if first is None or first.level != 1 or first.title.number or first.title.is_known:
        return -1
    return 0 if sum(heading.level == 1 for heading in headings) == 1 else -1


def _ends(found: Outline) -> list[int]:
    """Give the lines after all that stands under each heading."""
    ends = [len(found.lines)] * len(found.headings)
    opened: list[int] = []
    for place, heading in enumerate(found.headings):
        while opened and found.headings[opened[-1]].level >= heading.level:
            ends[opened.pop()] = heading.start
        opened.append(place)
    return [heading.stop or end for heading, end in zip(found.headings, ends, strict=True)]


def _covered(found: Outline, place: int, end: int, without: Sequence[Collection[int]]) -> citations.Citation | None:
    """Give the paper that stands under a heading: in its own text, else in its sections too."""
    start = found.headings[place].end
    following = found.headings[place + 1].start if place + 1 < len(found.headings) else end
    for stop in dict.fromkeys((min(following, end), end)):
        if one := citations.of_range(found.told, start, stop, without):
            return one
    return None


def _distinct(headings: Sequence[Heading], candidates: Mapping[int, Candidate]) -> dict[int, Candidate]:
    """Leave out headings that come again over other papers: names of sections that nobody knows."""
    if all(one.in_heading for one in candidates.values()):
        return dict(candidates)
    papers = defaultdict(set)
    names = {place: (headings[place].level, labels.known(headings[place].title.title)) for place in candidates}
    for place, one in candidates.items():
        if not one.in_heading:
            papers[names[place]].add(identity(one.url))
    return {
        place: one
        for place, one in candidates.items()
        if one.in_heading or headings[place].title.number or len(papers[names[place]]) == 1
    }


def _level(headings: Sequence[Heading], candidates: Mapping[int, Candidate]) -> int:
    """Give the level of the papers, 0 where there are none: the one with the most, numbered before unnumbered."""
    counts: Counter[int] = Counter()
    in_heading: Counter[int] = Counter()
    numbered: Counter[int] = Counter()
    for place, one in candidates.items():
        counts[headings[place].level] += 1
        in_heading[headings[place].level] += one.in_heading
        numbered[headings[place].level] += bool(headings[place].title.number)
    likely = [level for level in counts if _is_likely(headings, candidates, level)]
    return max(likely, key=lambda level: (counts[level], in_heading[level], numbered[level], level), default=0)


def _is_likely(headings: Sequence[Heading], candidates: Mapping[int, Candidate], level: int) -> bool:
    """Tell whether a level is one of papers, and not one of the chapters of a text that links to some.

    One heading with a link in it is enough. Where the links stand below, most of the headings must have one.
    """
    of_level = [one for place, one in candidates.items() if headings[place].level == level]
    if any(one.in_heading for one in of_level):
        return True
    numbered, same = alike(headings, candidates, level)
    most = 2 if any(one.is_sure for one in of_level) and (numbered or len(of_level) > 1) else 1
    return most * len(of_level) >= same and (len(of_level) > 1 or any(one.is_sure for one in of_level))


def alike(headings: Sequence[Heading], candidates: Mapping[int, Candidate], level: int) -> tuple[bool, int]:
    """Tell whether candidates of a level have numbers, and count the headings that could be papers as they could."""
    numbered = any(headings[place].title.number for place in candidates if headings[place].level == level)
    unknown = [heading for heading in headings if heading.level == level and not labels.is_section(heading.name)]
    return numbered, sum(bool(heading.title.number) == numbered for heading in unknown)


def with_any_link(headings: Sequence[Heading]) -> dict[int, Candidate]:
    """Take links to any address, where no heading has or covers the link of a known kind.

    Without a number the heading must be a link as a whole, and most of its level too.
    """
    linked = {place: heading for place, heading in enumerate(headings) if heading.title.url}
    whole = {place: heading for place, heading in linked.items() if heading.title.is_link and safe(heading.title.url)}
    levels, usual = (Counter(heading.level for heading in some) for some in (headings, whole.values()))
    most = {level for level, number in usual.items() if number > 1 and 2 * number > levels[level]}
    numbered = {place: heading for place, heading in linked.items() if heading.title.number}
    taken = numbered or {place: heading for place, heading in whole.items() if heading.level in most}
    return {place: Candidate(heading.title.url, in_heading=True, is_sure=True) for place, heading in taken.items()}


def _papers(headings: Sequence[Heading], candidates: Mapping[int, Candidate], level: int) -> dict[int, str]:
    """Give the places of papers with their addresses, "" for those that have lost theirs."""
    papers = {place: one.url for place, one in candidates.items() if headings[place].level == level or one.in_heading}
    linked = (place for place, heading in enumerate(headings) if heading.level == level and heading.title.url)
    for place in linked:
        title = headings[place].title
        if place not in papers and (title.number or title.is_link) and not labels.is_section(headings[place].name):
            papers[place] = title.url
    return papers | dict.fromkeys(_lost(headings, papers, level), "")


def _lost(headings: Sequence[Heading], papers: Mapping[int, str], level: int) -> Iterator[int]:
    """Give the headings without a link that the numbers before or after them show to be papers."""
    places = [place for place, heading in enumerate(headings) if heading.level == level]
    if all(place in papers for place in places):
        return
    for step in (1, -1):
        number = 0
        for place in places[::step]:
            title = headings[place].title
            is_next = title.number and title.number == number + step and number and not labels.is_section(title.title)
            if place in papers or is_next:
                number = title.number
            if is_next and place not in papers:
                yield place


def _parts(found: Outline, level: int, papers: Mapping[int, str]) -> Iterator[Part]:
    title, paper, inverted = place_of_title(found.headings), None, _inverted(found.headings, papers, level)
    for place, heading in enumerate(found.headings):
        if place in papers and (paper is None or heading.level <= paper.level or heading.start >= paper.stop > 0):
            paper = heading
            yield Part(heading, Role.PAPER, papers[place])
        elif paper and _is_section(heading, paper, level, inverted) and not _is_over(found, place, papers, paper):
            yield Part(heading, Role.SECTION)
        else:
            paper = None
            is_category = _leads_to_paper(found, place, papers, empty=heading.level == level)
            yield Part(heading, Role.TITLE if place == title else Role.CATEGORY if is_category else Role.OTHER)


def _is_over(found: Outline, place: int, papers: Mapping[int, str], paper: Heading) -> bool:
    """Tell whether a heading with a section's name stands over papers all the same."""
    return found.headings[place].level < paper.level and _leads_to_paper(found, place, papers, empty=True)


def _inverted(headings: Sequence[Heading], papers: Mapping[int, str], level: int) -> set[int]:
    """Give the levels where sections stand though they are above their papers: there is one of a sure name."""
    if len(papers) == 1:
        return set(range(PSEUDO))
    return {one.level for one in headings if one.level <= level and _is_sure_section(one.name)}


def _is_sure_section(name: str) -> bool:
    return labels.is_section(name) and not labels.may_close(name)


def _is_section(heading: Heading, paper: Heading, level: int, inverted: set[int]) -> bool:
    """Tell whether a heading belongs to the paper before it."""
    if paper.stop:
        return heading.start < paper.stop
    if heading.level > paper.level:
        return True
    if labels.is_section(heading.name):
        return heading.level in inverted
    return heading.level == level and bool(heading.title.number)


def _leads_to_paper(found: Outline, place: int, papers: Mapping[int, str], *, empty: bool) -> bool:
    """Tell whether papers follow under a heading, before another of its level; `empty`: with nothing between."""
    heading = found.headings[place]
    for later in range(place + 1, len(found.headings)):
        following = found.headings[later]
        if empty and "".join(found.lines[heading.end : following.start]).strip():
            return False
        if later in papers:
            beside = empty and heading.level == following.level and not heading.title.number
            return beside or heading.level < following.level
        if following.level <= heading.level:
            return False
    return False
