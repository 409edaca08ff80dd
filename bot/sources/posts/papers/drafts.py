"""What a post says of each paper, before ids and numbers are given."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from bot.sources.posts.papers.levels import Part
from bot.sources.posts.papers.outline import Block, Outline, outline
from bot.sources.posts.papers.rows import Entry
from formatters.addresses import identity, paper_id, whole
from formatters.model import Link, Paper, Section

_LONGEST_SLUG = 100  # of a paper's id: a ledger's key and a button's argument, not a text to read
_CLOSED = re.compile(r"</details>\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Draft:
    """A paper as its post has it."""

    lines: range  # that it takes
    number: int  # 0: the post gives none
    title: str
    url: str
    category: str = ""
    links: tuple[Link, ...] = ()
    sections: tuple[Section, ...] = ()
    again: tuple[range, ...] = ()  # lines of the same paper in other places of the post


def of_heading(found: Outline, parts: Sequence[Part], end: int, category: str, base: str) -> Draft:
    """Make a draft of a paper's heading and its sections' headings; `end` is the line after all of it.

    A block of nothing but links moves to the links; all else stays in the sections.
    """
    own, title, url = parts[0].heading, parts[0].heading.title, parts[0].url
    lines = _without_closing(found.lines, end) if own.stop else found.lines
    inside = _inside(lines, own.end, end) if own.stop else found.between(own.end, end)
    links, moved = _moved(inside, lines, url, base)
    named = [Link(title.title, title.url)] if title.url and title.url != url else []
    sections = list(_sections(parts, lines, end, moved))
    every = (*title.links, *named, *links)
    return Draft(range(own.start, end), title.number, title.title, url, category, every, tuple(sections))


def _sections(parts: Sequence[Part], lines: Sequence[str], end: int, moved: set[int]) -> Iterator[Section]:
    ends = [*(part.heading.start for part in parts[1:]), end]
    for part, stop in zip(parts, ends, strict=True):
        own = lines[part.heading.end : stop]
        if not moved.isdisjoint(range(part.heading.end, stop)):
            own = [line for number, line in enumerate(own, part.heading.end) if number not in moved]
        heading, body = part.heading.name if part is not parts[0] else "", "\n".join(own).strip("\n").rstrip()
        if heading or body:
            yield Section(heading, body)


def _without_closing(lines: Sequence[str], end: int) -> list[str]:
    return [*lines[: end - 1], _CLOSED.sub("", lines[end - 1]), *lines[end:]]


def of_entry(entry: Entry, category: str) -> Draft:
    """Make a draft of a row or an item."""
    sections = (Section("", entry.body),) if entry.body else ()
    lines = range(entry.start, entry.end)
    return Draft(lines, entry.number, entry.title, entry.url, category, entry.links, sections)


def slug(text: str) -> str:
    """Spell a text in lower-case words joined by hyphens; letters of any script stay."""
    return "-".join(re.findall(r"[^\W_]+", text.casefold()))


def finished(drafts: Iterable[Draft]) -> tuple[tuple[Paper, ...], tuple[tuple[range, ...], ...]]:
    """Make papers of drafts: each paper once, with an id of its own, and numbers that do not repeat.

    The second are the lines that each takes.
    """
    merged = list(_merged(drafts))
    return tuple(_unique(merged)), tuple((draft.lines, *draft.again) for draft in merged)


def _inside(lines: Sequence[str], start: int, end: int) -> Sequence[Block]:
    """Give the blocks of some lines that may begin within a block."""
    blocks = outline("\n".join(lines[start:end])).blocks
    return [block._replace(start=block.start + start, end=block.end + start) for block in blocks]


def _moved(inside: Sequence[Block], lines: Sequence[str], url: str, base: str) -> tuple[dict[Link, None], set[int]]:
    """Give the links in some blocks, and the lines that move there: of links alone, and a rule at the end."""
    moved = {block.start for block in inside[-1:] if block.tag == "hr"}  # it only separates this paper from the next
    links: dict[Link, None] = {}
    for block in inside:
        may_link = any("](" in line or "<" in line for line in lines[block.start : block.end])
        found, nothing_else = block.links() if may_link else ([], False)
        links |= dict.fromkeys(Link(link.label, whole(link.url, base)) for link in found)
        if block.heading is None and (nothing_else or _is_address(block, lines, url)):
            moved |= set(range(block.start, block.end))
    return links, moved


def _is_address(block: Block, lines: Sequence[str], url: str) -> bool:
    """Tell whether a block is the paper's bare address."""
    return block.tag == "p" and block.end == block.start + 1 and whole(lines[block.start].strip(" <>")) == url


def _merged(drafts: Iterable[Draft]) -> Iterator[Draft]:
    """Join what a post says of one paper in several places, in the first of them."""
    places: dict[str, int] = {}
    listed: list[Draft] = []
    for draft in drafts:
        place = places.setdefault(identity(draft.url) or f"{len(listed)}", len(listed))
        if place == len(listed):
            listed.append(draft)
            continue
        first = listed[place]
        again = Section(draft.title, "") if draft.title.casefold() != first.title.casefold() else None
        sections = (*first.sections, *([again] if again else []), *draft.sections)
        links = tuple(dict.fromkeys((*first.links, *draft.links)))
        listed[place] = replace(first, links=links, sections=sections, again=(*first.again, draft.lines))
    return iter(listed)


def _unique(drafts: Iterable[Draft]) -> Iterator[Paper]:
    """Make ids unique; number the papers in order where the post repeats a number, or leaves some out."""
    listed = list(drafts)
    numbers = {draft.number for draft in listed}
    by_place = 0 in numbers or len(numbers) < len(listed)
    uses: Counter[str] = Counter()
    for place, draft in enumerate(listed, 1):
        name = free = (paper_id(draft.url) or slug(draft.title))[:_LONGEST_SLUG].strip("-") or "paper"
        while free in uses:
            uses[name] += 1
            free = f"{name}-{uses[name]}"
        uses[free] = 1
        number, links = place if by_place else draft.number, tuple(dict.fromkeys(draft.links))
        yield Paper(free, number, draft.title, draft.url, links, draft.sections, draft.category)
