"""What was seen of posts, and why some gave no papers: how far the reading got, where it stopped, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from formatters.spans import collapse_spaces, shorten

_LONGEST = 60  # characters of a line that is quoted


class Reached(IntEnum):
    """How far the reading of a post got; the further, the nearer it came to be a digest."""

    TEXT = 1
    """Not even this far: the file cannot be read, or is too large."""
    NUMBERS = 2
    """There are numbered headings, but no link to a paper."""
    LINKS = 3
    """There are links to papers, but nothing that holds one of them alone."""
    HEADINGS = 4
    """Headings, rows or items hold papers, but too few of them do."""
    PAPERS = 5
    """There are papers, but the post is not to be read, or has no day."""


@dataclass(frozen=True, slots=True)
class Miss:
    """What nearly was a paper, or a digest; `str` says it in English, and a reason has no semicolon."""

    reached: Reached
    reason: str
    line: int = 0  # of the post, from 1; 0: the post as a whole
    text: str = ""  # what stands there
    post: str = ""  # the name of its file, where it is known

    def __str__(self) -> str:
        where = " ".join(filter(None, [self.post, f"line {self.line}" if self.line else "", quoted(self.text)]))
        return f"{where}: {self.reason}" if where else self.reason


@dataclass(frozen=True, slots=True)
class Survey:
    """What a folder of posts held when it was looked at; `str` says it in English."""

    posts: int = 0  # that were read
    digests: int = 0
    papers: int = 0
    nearest: Miss | None = None  # of the posts without papers, what came nearest to one; a later post before others
    unread: Miss | None = None  # the same of the newest post, where it links to papers and none was read
    may_be_empty: bool = False  # that there is no paper now is no problem: none are announced on weekends

    def __str__(self) -> str:
        if self.may_be_empty and not self.posts:
            return "no papers now, as on weekends"
        read = f"{_plural(self.posts, 'post')} read"
        if self.papers:
            return f"{read}, {_plural(self.digests, 'digest')}, {_plural(self.papers, 'paper')}"
        none = f"{read}, no paper in any" if self.digests else f"{read}, none is a digest"
        return f"{none}; nearest: {self.nearest}" if self.nearest else none

    def problem(self, *, has_given: bool) -> str:
        """Say what a person must look at, "" for nothing; `has_given` tells that the source gave digests before."""
        if not (has_given or self.digests or self.may_be_empty):
            return str(self)
        return f"no paper was read in the newest post; nearest: {self.unread}" if self.unread else ""


def survey_from(fields: Mapping[str, Any]) -> Survey:
    """Make a survey of its fields, as JSON holds them."""
    misses = {name: fields[name] for name in ("nearest", "unread") if fields.get(name)}
    made = {name: Miss(**{**one, "reached": Reached(one["reached"])}) for name, one in misses.items()}
    return Survey(**{**fields, **made})


def quoted(line: str) -> str:
    """Quote a line of a post, not too much of it; "" for an empty one."""
    text = shorten(collapse_spaces(line), _LONGEST).replace("`", "'")
    return f"`{text}`" if text else ""


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
