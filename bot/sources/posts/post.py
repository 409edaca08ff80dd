"""The bytes of a post to a digest: text, front matter, series, day and link; its papers by `papers`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, tzinfo

from bot.errors import NoDayError, ParseError
from bot.sources.posts import days, front_matter, naming
from bot.sources.posts.admission import refusal
from bot.sources.posts.dated_sections import DatedSection, dated_sections, may_have_dated_sections
from bot.sources.posts.days import FIRST_DAY, LAST_DAY, Mention
from bot.sources.posts.front_matter import lines_before, storable
from bot.sources.posts.papers.drafts import slug
from bot.sources.posts.papers.reading import Reading, read_papers
from bot.sources.survey import Miss, Reached
from formatters.links import safe
from formatters.model import Digest, Paper

LARGEST_POST = 512 * 1024  # bytes; the largest real one has 81 KB

NOT_PUBLISHED = "its front matter says that it is not published yet"

# What Markdown with components has beside Markdown: imports and exports, and comments.
_OF_COMPONENTS = re.compile(
    r"""^(?:import\s.*["'].*|export\s+(?:const|let|var|default|function)\b.*)$|\{/\*.*?\*/\}""", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Post:
    """One post as read: its digest, or None for a post that is none, and what was wrong with it."""

    digest: Digest | None
    degraded: str = ""
    fingerprint: str = ""  # of the digest
    miss: Miss | None = None  # what in it was nearest to a paper, where it has none
    days: Mapping[str, Mention] = field(default_factory=dict, compare=False)  # where it names its day; the first counts
    sections: tuple[Post, ...] = ()  # of a file that grows: a post for each day
    is_older: bool = False  # than what was asked for, so that its body was not read


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a post comes from.

    `certain` makes a digest of a post without papers and without a dated title; links that leave out the site are
    completed with `site`; times are turned into days of `zone`.
    """

    name: str  # of its file, with the folders
    permalink: str = ""
    certain: bool = False
    site: str = ""
    zone: tzinfo | None = None
    head: str = "front matter"  # what stands before the text is called, with title and date


def parse(raw: bytes, origin: Origin, *, since: date | None = None) -> Post:
    """Read a post into a digest, or a file that grows into a digest for each day.

    What its front matter dates before `since` is not read further. Raises ParseError for what is no UTF-8 text, too
    large or too strange to be read in time; NoDayError for a digest that has a date nowhere, or one that no post has.
    """
    text = text_of(raw, origin.name)
    front, body, broken = front_matter.read(text)
    if front_matter.is_hidden(front):
        return Post(None, NOT_PUBLISHED, miss=Miss(Reached.PAPERS, NOT_PUBLISHED) if read_papers(body).papers else None)
    day = front_matter.day_of(front, origin.zone)
    if since and day and day.last < since and not may_have_dated_sections(body):
        return Post(None, days={origin.head: day}, is_older=True)
    if not days.of_name(origin.name) and (sections := _sections(front, body, origin)):
        return Post(None, sections=(replace(sections[0], degraded=_said(broken, sections[0].degraded)), *sections[1:]))
    reading = read_papers(body, origin.site)
    miss = replace(reading.miss, line=reading.miss.line + lines_before(body, text)) if reading.miss else None
    post = _whole(front, reading, origin)
    return replace(post, degraded=_said(broken, post.degraded) if post.digest else "", miss=miss)


def _whole(front: Mapping[str, object], reading: Reading, origin: Origin) -> Post:
    """Make a digest of all that a file holds."""
    title = naming.title_of(front, reading.title)
    series, in_title = naming.split_title(title)
    in_title = in_title or naming.split_title(reading.title)[1]
    in_name, in_front = days.of_name(origin.name), front_matter.day_of(front, origin.zone)
    found = {origin.head: in_front, "file name": in_name, "title": in_title}
    named = {place: one for place, one in found.items() if one}
    if not (reading.papers or origin.certain or (series and in_title and in_name)):
        return Post(None, days=named)
    day = _checked(named, origin.name).day
    preface = reading.below_title if slug(title) == slug(reading.title) else reading.preface
    url = naming.permalink(origin.permalink, origin.name, front_matter.site_day(front, origin.zone) or day, front)
    digest = _digest(series, day, title, replace(reading, preface=preface), origin, url)
    return Post(digest, _said(_unlinked_papers(reading.papers), *_differing(named)), days=named)


def _sections(front: Mapping[str, object], body: str, origin: Origin) -> list[Post]:
    """Make a digest of each dated section of a file."""
    heading, sections = sections_of(front, body, origin)
    series, _ = naming.split_title(naming.title_of(front, heading))
    url = naming.permalink(origin.permalink, origin.name, None, front)
    return [
        Post(
            _digest(series or naming.split_title(one.heading)[0], one.day.day, one.heading, one.reading, origin, url),
            _unlinked_papers(one.reading.papers),
            days={"heading": one.day},
        )
        for one in sections
    ]


def sections_of(front: Mapping[str, object], body: str, origin: Origin) -> tuple[str, list[DatedSection]]:
    """Read the dated sections of a file, none where it is one post, and its title."""
    in_title = naming.split_title(naming.title_of(front, ""))[1]
    return dated_sections(body, front_matter.day_of(front, origin.zone) or in_title, origin.site)


def _digest(series: str, day: date, title: str, reading: Reading, origin: Origin, url: str) -> Digest:
    series = series or naming.series_of_name(origin.name) or "Papers"
    preface, papers, rest = reading.preface, reading.papers, reading.rest
    return Digest(f"{slug(series)}/{day}", series, day, title or series, url, preface, papers, rest)


def section_name(file: str, day: date) -> str:
    """Name a post of a file that grows: `README.md#2026-11-26`."""
    return f"{file}#{day}"


def _said(*problems: str) -> str:
    return "; ".join(filter(None, problems))


def _checked(named: Mapping[str, Mention], name: str) -> Mention:
    """Give the day that counts of those that a post names."""
    first = next(iter(named.values()), None)
    if first is None:
        advice = f"name it YYYY-MM-DD-{name.rpartition('/')[2]}"
        raise NoDayError(f"{name}: no date in its front matter, file name or title; {advice}")
    if not FIRST_DAY <= first.day <= LAST_DAY:
        raise NoDayError(f"{name}: dated {first.day}; a post is of {FIRST_DAY} to {LAST_DAY}: correct its date")
    return first


def _differing(named: Mapping[str, Mention]) -> Iterator[str]:
    """Say which of the days that a post names are others than the one that counts."""
    (place, own), *others = named.items()
    for other, found in others:
        if days.apart(own, found):
            yield f"dated {own.day} by its {place}, which counts, but {found.day} by its {other}"


def _unlinked_papers(papers: Sequence[Paper]) -> str:
    """Name the papers whose title has no link, or none to a web address."""
    numbers = ", ".join(str(paper.number) for paper in papers if not safe(paper.url))
    return f"no link that can be followed for paper {numbers}" if numbers else ""


def text_of(raw: bytes, name: str) -> str:
    """Decode a post; ParseError as `parse` raises it."""
    if len(raw) > LARGEST_POST:
        raise ParseError(f"{name}: larger than a post may be ({LARGEST_POST:,} bytes); split it")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ParseError(f"{name}: not a text in UTF-8; save it as UTF-8 or take it out of the folder") from None
    if name.endswith(".mdx"):
        text = _OF_COMPONENTS.sub("", text)
    text = storable(text.replace("\r\n", "\n").replace("\r", "\n"))
    if too_many := refusal(text):
        raise ParseError(f"{name}: {too_many}: that takes too long to read; split it, or mend it")
    return text
