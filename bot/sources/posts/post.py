"""The bytes of a post to a digest: text, front matter, series, day and link; its papers by `papers`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from bot.errors import NoDayError, ParseError
from bot.sources.posts import days, front_matter, naming
from bot.sources.posts.admission import refusal
from bot.sources.posts.days import FIRST_DAY, LAST_DAY, Mention
from bot.sources.posts.front_matter import lines_before, storable
from bot.sources.posts.papers.drafts import slug
from bot.sources.posts.papers.reading import read_papers
from bot.sources.survey import Miss
from formatters.links import safe
from formatters.model import Digest, Paper

LARGEST_POST = 512 * 1024  # bytes; the largest real one has 81 KB


@dataclass(frozen=True, slots=True)
class Post:
    """One post as read: its digest, or None for a post that is none, and what was wrong with it."""

    digest: Digest | None
    degraded: str = ""
    fingerprint: str = ""  # of the digest
    miss: Miss | None = None  # what in it was nearest to a paper, where it has none
    days: Mapping[str, Mention] = field(default_factory=dict)  # where it names its day; the first of them counts


def parse(
    raw: bytes, name: str, *, permalink: str = "", certain: bool = False, site: str = "", zone: tzinfo | None = None
) -> Post:
    """Read a post into a digest, `name` being that of its file with its folders.

    `certain` makes a digest of a post without papers and without a dated title; links that leave out the site are
    completed with `site`; times are turned into days of `zone`. Raises ParseError for what is no UTF-8 text, too large
    or too strange to be read in time; NoDayError for a digest that has a date nowhere, or one that no post has.
    """
    text = _text(raw, name)
    front, body, broken = front_matter.read(text)
    if front_matter.is_hidden(front):
        return Post(None, "its front matter says that it is not published yet")
    reading = read_papers(body, site)
    title = naming.title_of(front, reading.title)
    preface = reading.below_title if slug(title) == slug(reading.title) else reading.preface
    series, in_title = naming.split_title(title)
    miss = replace(reading.miss, line=reading.miss.line + lines_before(body, text)) if reading.miss else None
    if not (reading.papers or certain or (series and in_title)):
        return Post(None, miss=miss)
    in_title = in_title or naming.split_title(reading.title)[1]
    found = {"front matter": front_matter.day_of(front, zone), "file name": days.of_name(name), "title": in_title}
    named = {place: one for place, one in found.items() if one}
    day = _checked(named, name).day
    series = series or naming.series_of_name(name) or "Papers"
    url = naming.permalink(permalink, name, front_matter.site_day(front, zone) or day, front)
    digest = Digest(f"{slug(series)}/{day}", series, day, title or series, url, preface, reading.papers, reading.rest)
    degraded = filter(None, [broken, _unlinked_papers(reading.papers), *_differing(named)])
    return Post(digest, "; ".join(degraded), miss=miss, days=named)


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


def _text(raw: bytes, name: str) -> str:
    if len(raw) > LARGEST_POST:
        raise ParseError(f"{name}: larger than a post may be ({LARGEST_POST:,} bytes); split it")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ParseError(f"{name}: not a text in UTF-8; save it as UTF-8 or take it out of the folder") from None
    text = storable(text.replace("\r\n", "\n").replace("\r", "\n"))
    if too_many := refusal(text):
        raise ParseError(f"{name}: {too_many}: that takes too long to read; split it, or mend it")
    return text
