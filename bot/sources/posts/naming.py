"""What a post is called: its series and day in a title, its series in the name of its file, its link."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import date

from bot.sources.posts.days import Mention, mentions
from bot.sources.posts.front_matter import scalar
from formatters.spans import collapse_spaces

_JEKYLL = re.compile(r"\d{4}-\d{2}-\d{2}-(.+)", re.DOTALL)
_NAMELESS = {"index", "_index", "readme"}  # files that are named by their folder
_AT_ENDS = " -–—:|·,/_"
_LETTER = re.compile(r"[^\W\d_]")
_ORIGIN = re.compile(r"[a-z]+://[^/]+")
# The placeholders of Jekyll's permalinks that tell a day, as `strftime` has them.
_OF_DAY = {"year": "%Y", "month": "%m", "day": "%d", "short_year": "%y", "y_day": "%j", "i_month": "%m", "i_day": "%d"}
_PLACEHOLDER = re.compile(r":([a-z_]+)")


def title_of(front: Mapping[str, object], heading: str) -> str:
    """Give the title of a post: that of its front matter, else its heading."""
    return _unquoted(scalar(front.get("title"))) or heading


def split_title(title: str) -> tuple[str, Mention | None]:
    """Split a title into the name of its series and its day."""
    title = unicodedata.normalize("NFC", title)
    found = next(iter(mentions(title)), None)
    series = title[: found.start] + title[found.end :] if found else title
    return collapse_spaces(series).strip(_AT_ENDS), found


def series_of_name(path: str) -> str:
    """Name a series by the file of a post, "" where that says nothing but a day."""
    stem = _stem(path)
    if stem.lower() in _NAMELESS:
        return ""
    series = collapse_spaces(re.sub(r"[-_]+", " ", split_title(stem)[0]))
    return series.title() if _LETTER.search(series) else ""


def permalink(template: str, path: str, day: date | None, front: Mapping[str, object]) -> str:
    """Fill a permalink as Jekyll does (jekyllrb.com, "Permalinks"); unknown placeholders stay.

    A post's own permalink takes the place of the template's path. `day` is the one on which Jekyll publishes it; a file
    of several days has none, and no link where that tells a day.
    """
    own = scalar(front.get("permalink"))
    origin = _ORIGIN.match(template)
    template = origin[0] + own if origin and own.startswith("/") else template
    title = scalar(front.get("slug")) or _stem(path)
    values = {"title": title, "slug": title, **(_of_day(day) if day else {})}
    filled = _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), template)
    return "" if day is None and any(found[1] in _OF_DAY for found in _PLACEHOLDER.finditer(filled)) else filled


def _of_day(day: date) -> dict[str, str]:
    return {name: f"{day:{form}}".lstrip("0" if name.startswith("i_") else "") for name, form in _OF_DAY.items()}


def _unquoted(title: str) -> str:
    """Remove a stray quote, or the pair of quotes that is left when front matter is read line by line."""
    stray = title.count('"') % 2
    paired = len(title) > 1 and title[0] == title[-1] and title[0] in "\"'" and title.count(title[0]) == 2
    return title.strip('" ') if stray else title[1:-1].strip() if paired else title


def _file(path: str) -> str:
    return path.rpartition("/")[2]


def _stem(path: str) -> str:
    """Give the name of a file without its suffix, and without the day that a post of Jekyll's begins with."""
    name = _file(path)
    stem = name.rpartition(".")[0] or name
    found = _JEKYLL.fullmatch(stem)
    return found[1] if found else stem
