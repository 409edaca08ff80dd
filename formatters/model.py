"""The data: a digest, its papers, their sections and links."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Link:
    label: str
    url: str  # http or https; formatters pass it through `links.safe` all the same


@dataclass(frozen=True, slots=True)
class Section:
    heading: str  # plain text as the author wrote it; empty for text under no heading
    body: str  # Markdown


@dataclass(frozen=True, slots=True)
class Earlier:
    """That a digest before had a paper already."""

    day: date  # of that digest
    said_on: date  # the day of the digest that says so
    series: str  # of that digest, empty where both are of one series
    url: str  # of its post, empty without one
    is_enough: bool = False  # the paper gets no message again: the index lists it
    ref: str = ""  # by which it is known there, empty where an older ledger does not say


@dataclass(frozen=True, slots=True)
class Paper:
    id: str  # arXiv id without version, else DOI or the like, else a slug of the title; unique in its digest
    number: int  # as in the post, or its place where numbers repeat
    title: str  # plain text on one line
    url: str  # that the title links to, empty when the post has no usable link
    links: tuple[Link, ...]  # those found in the post, in its order
    sections: tuple[Section, ...]
    category: str = ""  # the heading over it and others, plain
    earlier: Earlier | None = None  # known only when its digest is delivered


@dataclass(frozen=True, slots=True)
class Digest:
    id: str  # series and day: survives renamed files and cosmetic changes of the title
    series: str  # "Daily Papers"
    day: date
    title: str  # plain text on one line
    url: str  # of the post itself, empty without a permalink setting
    preface: str  # Markdown before the first paper
    papers: tuple[Paper, ...]  # may be empty
    rest: str = ""  # Markdown that belongs to no paper: thanks, sponsors, news

    @property
    def sent_papers(self) -> tuple[Paper, ...]:
        """List the papers that get a message of their own: those that do not come again."""
        return tuple(paper for paper in self.papers if not (paper.earlier and paper.earlier.is_enough))
