"""How near a body without papers came to having some."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from itertools import chain

from bot.sources.posts.papers import citations
from bot.sources.posts.papers.levels import Candidate, alike, is_name, place_of_title
from bot.sources.posts.papers.outline import Block, Heading, Outline
from bot.sources.survey import Miss, Reached
from formatters import labels

NO_LINK = "no link to a paper in or under it"
ONE_UNSURE = "it links a paper in its text only, and no other heading does"
TOO_FEW = "{} of {} such headings have a link to a paper in or under them, too few for a digest"
TOO_SMALL = "papers in a list or table, but it is less than a quarter of the post"
SEVERAL = "links to {} papers under it, and none of them in a line of its own"
UNDER_TITLE = "a link to a paper, but the only heading over it is the title of the post"
UNDER_DATE = "a link to a paper under it, but it is a date and no title"
UNDER_SECTION = "a link to a paper under it, but its name is that of a section, and no title"
UNDER_SAME = "a link to a paper under it, but its name comes again over other papers"
IN_LIST = "a link to a paper, but not every item of this list is a paper of its own"
IN_TABLE = "a link to a paper, but no cell of this row is a title"
ALONE = "a link to a paper, but no heading, list or table that holds it"
_LISTS = {"table": IN_TABLE, "ul": IN_LIST, "ol": IN_LIST}


def nearest(found: Outline, candidates: Mapping[int, Candidate], listed: Collection[int]) -> Miss | None:
    """Give the furthest that the reading got, the first of several; None where nothing looks like a paper.

    `candidates` are the headings that have or cover a paper, `listed` the lines of lists and tables of papers; all
    of them were too few. Lines count from 1.
    """
    too_few = sorted([*_of_candidates(found, candidates), *_of_lists(found, listed)], key=lambda miss: miss.line)
    return next(chain(too_few, _of_lines(found), _of_numbers(found)), None)


def _of_candidates(found: Outline, candidates: Mapping[int, Candidate]) -> Iterator[Miss]:
    """Give the first heading of the level with the most papers."""
    counts = Counter(found.headings[place].level for place in candidates)
    for level, count in counts.most_common(1):
        first = next(found.headings[place] for place in candidates if found.headings[place].level == level)
        _, same = alike(found.headings, candidates, level)
        reason = TOO_FEW.format(count, same) if same > count else ONE_UNSURE
        yield _miss(found, Reached.HEADINGS, first.start, reason)


def _of_lists(found: Outline, listed: Collection[int]) -> Iterator[Miss]:
    if listed:
        yield _miss(found, Reached.HEADINGS, min(listed), TOO_SMALL)


def _of_lines(found: Outline) -> Iterator[Miss]:
    """Say of each line with a link to a paper why nothing holds it; those of references are no papers."""
    starts = [heading.start for heading in found.headings]
    blocks = [block.start for block in found.blocks]
    title = place_of_title(found.headings)
    for number, line in enumerate(found.told):
        if not citations.of_line(line):
            continue
        place = bisect_right(starts, number) - 1
        over = found.headings[place] if place >= 0 else None
        if over is None or labels.known(over.name) not in labels.REFERENCES:
            block = found.blocks[max(0, bisect_right(blocks, number) - 1)]
            yield _of_line(found, number, block, over, is_title=place == title)


def _of_line(found: Outline, number: int, block: Block, over: Heading | None, *, is_title: bool) -> Miss:
    if block.tag in _LISTS:
        return _miss(found, Reached.LINKS, number, _LISTS[block.tag])
    if over is None or is_title:
        return _miss(found, Reached.LINKS, number, UNDER_TITLE if over else ALONE)
    return _miss(found, Reached.LINKS, over.start, _under(found, over))


def _under(found: Outline, over: Heading) -> str:
    """Say why a heading over links to papers is none itself."""
    if labels.is_section(over.name):
        return UNDER_SECTION
    if not is_name(over.title.title):
        return UNDER_DATE
    following = next((one.start for one in found.headings if one.start > over.start), len(found.lines))
    papers = {one.paper for line in found.told[over.start : following] for one in citations.of_line(line)}
    return SEVERAL.format(len(papers)) if len(papers) > 1 else UNDER_SAME


def _of_numbers(found: Outline) -> Iterator[Miss]:
    return (_miss(found, Reached.NUMBERS, one.start, NO_LINK) for one in found.headings if one.title.number)


def _miss(found: Outline, reached: Reached, line: int, reason: str) -> Miss:
    return Miss(reached, reason, line + 1, found.lines[line])
