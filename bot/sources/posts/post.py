"""The bytes of a post to a digest: text, front matter, series, day and link; its papers by `papers`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.errors import NoDayError, ParseError
from bot.sources.posts import front_matter
from bot.sources.posts.admission import refusal
from bot.sources.posts.front_matter import lines_before, scalar, storable
from bot.sources.posts.papers.drafts import slug
from bot.sources.posts.papers.reading import read_papers
from bot.sources.survey import Miss
from formatters.links import safe
from formatters.model import Digest, Paper
from formatters.spans import collapse_spaces

LARGEST_POST = 512 * 1024  # bytes; the largest real one has 81 KB

# Days beyond these are slips of the pen, and sums of days must not leave the calendar.
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2200, 12, 31)

_FILE_NAME = re.compile(r"(\d{4}-\d{2}-\d{2})-(.+?)(?:\.[a-z]+)?$", re.DOTALL)
_YAML_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?=[Tt\s])")  # before a time, YAML lets it be short
_DATE = re.compile(r"\(?\b(\d{4})(?:[-./년]\s?)?(\d{1,2})(?:[-./월]\s?)?(\d{1,2})(?:일|\.|\b)\)?")


@dataclass(frozen=True, slots=True)
class Post:
    """One post as read: its digest, or None for a post that is none, and what was wrong with it."""

    digest: Digest | None
    degraded: str = ""
    fingerprint: str = ""  # of the digest
    miss: Miss | None = None  # what in it was nearest to a paper, where it has none


def parse(raw: bytes, name: str, *, permalink: str = "", certain: bool = False, site: str = "") -> Post:
    """Read a post, `name` being its file name, into a digest.

    `certain` makes a digest of a post without papers and without a dated title; links that leave out the site are
    completed with `site`. Raises ParseError for what is no UTF-8 text, too large or too strange to be read in time;
    NoDayError for a digest that has a date nowhere, or one that no post has.
    """
    text = _text(raw, name)
    front, body, degraded = front_matter.read(text)
    reading = read_papers(body, site)
    papers = reading.papers
    title = _unquoted(scalar(front.get("title"))) or reading.title
    preface = reading.below_title if slug(title) == slug(reading.title) else reading.preface
    series, title_day = _split_title(title)
    miss = replace(reading.miss, line=reading.miss.line + lines_before(body, text)) if reading.miss else None
    if not (papers or certain or (series and title_day)):
        return Post(None, miss=miss)
    day = _day(front.get("date"), name) or title_day
    if day is None:
        raise NoDayError(f"{name}: no date in its front matter, file name or title; name it YYYY-MM-DD-{name}")
    if not FIRST_DAY <= day <= LAST_DAY:
        raise NoDayError(f"{name}: dated {day}; a post is of {FIRST_DAY} to {LAST_DAY}: correct its date")
    series = series or _split_title(_slug_of(name).replace("-", " "))[0].title() or "Papers"
    url = _permalink(permalink, name, day)
    digest = Digest(f"{slug(series)}/{day}", series, day, title or series, url, preface, papers, reading.rest)
    return Post(digest, "; ".join(filter(None, [degraded, _unlinked_papers(papers)])), miss=miss)


def _unlinked_papers(papers: Sequence[Paper]) -> str:
    """Name the papers whose title has no link, or none to a web address."""
    numbers = ", ".join(str(paper.number) for paper in papers if not safe(paper.url))
    return f"no link that can be followed for paper {numbers}" if numbers else ""


def day_of(name: str) -> date | None:
    """Read the date that a Jekyll file name begins with."""
    found = _FILE_NAME.match(name)
    return _iso_day(found[1]) if found else None


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


def _unquoted(title: str) -> str:
    """Remove a stray quote, or the pair of quotes that is left when front matter is read line by line."""
    stray = title.count('"') % 2
    paired = len(title) > 1 and title[0] == title[-1] and title[0] in "\"'" and title.count(title[0]) == 2
    return title.strip('" ') if stray else title[1:-1].strip() if paired else title


def _split_title(title: str) -> tuple[str, date | None]:
    """Split a title into the name of its series and its day."""
    dates = ((found, _iso_day("{}-{:0>2}-{:0>2}".format(*found.groups()))) for found in _DATE.finditer(title))
    found, day = next(((found, day) for found, day in dates if day), (None, None))
    series = title[: found.start()] + title[found.end() :] if found else title
    return collapse_spaces(series).strip(" -–—:|·,/"), day


def _day(value: object, name: str) -> date | None:
    text = scalar(value)
    short = _YAML_DAY.match(text)
    written = "{}-{:0>2}-{:0>2}".format(*short.groups()) if short else text[:10]
    return _iso_day(written) or day_of(name)


def _iso_day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _slug_of(name: str) -> str:
    found = _FILE_NAME.match(name)
    return found[2] if found else name.rpartition(".")[0] or name


def _permalink(template: str, name: str, day: date) -> str:
    """Fill a permalink as Jekyll does (jekyllrb.com, "Permalinks"); unknown placeholders stay."""
    values = {"year": f"{day:%Y}", "month": f"{day:%m}", "day": f"{day:%d}", "title": _slug_of(name)}
    values |= {"slug": _slug_of(name), "i_month": str(day.month), "i_day": str(day.day), "short_year": f"{day:%y}"}
    return re.sub(r":([a-z_]+)", lambda found: values.get(found[1], found[0]), template)
