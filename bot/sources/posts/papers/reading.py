"""The body of a post to papers, each with its sections and links.

No word of a body is lost: what is no paper's stays in the preface, or in what belongs to none.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.sources.posts.papers import rows
from bot.sources.posts.papers.drafts import Draft, finished, of_entry, of_heading
from bot.sources.posts.papers.levels import Candidate, Part, Role, parts, with_any_link, with_papers
from bot.sources.posts.papers.misses import nearest
from bot.sources.posts.papers.outline import Outline, outline, with_pseudo
from bot.sources.posts.papers.rows import Entry
from bot.sources.survey import Miss
from formatters import labels
from formatters.addresses import identity
from formatters.model import Paper

_SHARE = 4  # of a post whose papers stand in lists or tables, at least one part in so many is these
_RULES = re.compile(r"(?:^|\n)[ ]{0,3}(?:(?:\*[ ]*){3,}|(?:-[ ]*){3,}|(?:_[ ]*){3,})\s*$")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the body of a post holds."""

    papers: tuple[Paper, ...]
    preface: str  # Markdown before the first paper
    title: str = ""  # what its one highest heading says, plain
    below_title: str = ""  # the preface without this heading
    rest: str = ""  # Markdown that belongs to no paper: thanks, sponsors, news
    lines: tuple[tuple[range, ...], ...] = ()  # that each paper takes, from 0
    parts: tuple[Part, ...] = ()  # what each heading is
    miss: Miss | None = None  # what was nearest to a paper, where there is none


def read_papers(body: str, base: str = "") -> Reading:
    """Read a body into its papers and what stands around them; links are completed with `base`, the site's address."""
    found = outline(body, base)
    listed = _listed(found, base)
    several = {line for one in listed for line in _lines(one)} if any(len(one) > 1 for one in listed) else set()
    candidates = with_papers(found, several)
    roles, too_few = parts(found, candidates), listed
    if not _papers_in(roles):
        found, roles, listed = _without_headings(found, roles, listed, base)
    drafts = list(_drafts(found, roles, base))
    drafts += _further(found, roles, listed, drafts)
    reading = _reading(found, roles, sorted(drafts, key=lambda draft: draft.lines.start))
    return reading if drafts else replace(reading, miss=_miss(found, candidates, too_few, base))


def _miss(
    found: Outline, candidates: Mapping[int, Candidate], too_few: Sequence[Sequence[Entry]], base: str
) -> Miss | None:
    """Say how near a body without papers came to having some."""
    pseudo = with_pseudo(found, base)
    if len(pseudo.headings) > len(found.headings):
        found, candidates = pseudo, with_papers(pseudo)
    return nearest(found, candidates, {line for one in too_few for line in _lines(one)})


def _listed(found: Outline, base: str) -> list[list[Entry]]:
    """Read tables and lists of papers, but those of references."""
    blocks = (block for block in found.blocks if block.tag in {"table", "ul", "ol"})
    read = (rows.entries(block, found.lines, base) for block in blocks)
    return [one for one in read if one and labels.known(_name_over(found, one[0].start)) not in labels.REFERENCES]


def _name_over(found: Outline, line: int) -> str:
    place = bisect_left(found.headings, line, key=lambda heading: heading.start)
    return found.headings[place - 1].name if place else ""


def _lines(entries: Sequence[Entry]) -> range:
    return range(entries[0].start, entries[-1].end)


def _papers_in(roles: Sequence[Part]) -> int:
    return sum(part.role is Role.PAPER for part in roles)


def _without_headings(
    found: Outline, roles: list[Part], listed: list[list[Entry]], base: str
) -> tuple[Outline, list[Part], list[list[Entry]]]:
    """Look for papers elsewhere: in what stands like headings, in lists and tables, at last behind any link."""
    if not _is_most(found, listed):
        listed = []
    pseudo = with_pseudo(found, base)
    others = parts(pseudo, with_papers(pseudo)) if len(pseudo.headings) > len(found.headings) else []
    if _papers_in(others) and _papers_in(others) >= sum(map(len, listed)):
        return pseudo, others, []
    return found, roles if listed else parts(found, with_any_link(found.headings)), listed


def _is_most(found: Outline, listed: Sequence[Sequence[Entry]]) -> bool:
    """Tell whether lists of papers are what a post is about, and not only at its end."""
    inside = sum(len(line) for one in listed for entry in one for line in found.lines[entry.start : entry.end])
    return _SHARE * inside >= sum(map(len, found.lines))


def _drafts(found: Outline, roles: Sequence[Part], base: str) -> Iterator[Draft]:
    """Make a draft of each paper that has a heading."""
    category: Part | None = None
    for place, part in enumerate(roles):
        if part.role is Role.PAPER:
            last = next((n for n in range(place + 1, len(roles)) if roles[n].role is not Role.SECTION), len(roles))
            following = roles[last].heading.start if last < len(roles) else len(found.lines)
            over = category.heading.title.title if category and _is_under(part, category) else ""
            yield of_heading(found, roles[place:last], part.heading.stop or following, over, base)
        elif part.role is not Role.SECTION:
            category = part if part.role is Role.CATEGORY else None


def _is_under(part: Part, category: Part) -> bool:
    return category.heading.level <= part.heading.level


def _further(
    found: Outline, roles: Sequence[Part], listed: Sequence[Sequence[Entry]], drafts: Sequence[Draft]
) -> list[Draft]:
    """Make drafts of the papers in tables and lists, but not before or in those of headings, nor of these again."""
    first = min((draft.lines.start for draft in drafts), default=0)
    taken = [draft.lines for draft in drafts]
    known = {identity(draft.url) for draft in drafts}
    over = {part.heading.start: part for part in roles if part.role is not Role.TITLE}
    return [
        of_entry(entry, _category_over(found, over, entry.start))
        for one in listed
        if one[0].start >= first and not any(one[0].start in lines for lines in taken)
        if not {identity(entry.url) for entry in one} <= known
        for entry in one
    ]


def _category_over(found: Outline, over: dict[int, Part], line: int) -> str:
    place = bisect_left(found.headings, line, key=lambda heading: heading.start)
    part = over.get(found.headings[place - 1].start) if place else None
    return part.heading.title.title if part else ""


def _reading(found: Outline, roles: Sequence[Part], drafts: Sequence[Draft]) -> Reading:
    categories = {draft.category for draft in drafts}
    headings = (part.heading for part in roles if part.role is not Role.SECTION)
    over = (range(one.start, one.end) for one in headings if one.title.title in categories)
    untaken = _without(found.lines, (*(draft.lines for draft in drafts), *over))
    first = drafts[0].lines.start if drafts else len(found.lines)
    own = next((part.heading for part in roles if part.role is Role.TITLE), None)
    below = _without(untaken, [range(own.start, own.end)] if own else [])
    preface, headless, rest = (
        _joined(some, cut=bool(drafts)) for some in (untaken[:first], below[:first], untaken[first:])
    )
    papers, lines = finished(drafts)
    return Reading(papers, preface, own.name if own else "", headless, rest, lines, tuple(roles))


def _without(lines: Sequence[str | None], taken: Iterable[range]) -> list[str | None]:
    """Leave lines out, and a place for each."""
    left = list(lines)
    for some in taken:
        left[some.start : some.stop] = [None] * len(some)
    return left


def _joined(lines: Sequence[str | None], *, cut: bool) -> str:
    """Join what is left of lines; a rule at its end separated it from what was cut out."""
    left = "\n".join(line for line in lines if line is not None).strip()
    return _RULES.sub("", left).rstrip() if cut else left
