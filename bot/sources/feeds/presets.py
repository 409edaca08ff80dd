"""Where papers are announced: arXiv, bioRxiv, and any other feed.

Sources of the facts: info.arxiv.org/help/rss.html and rss_specifications.html; the page "Alerts/RSS" of bioRxiv.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.sources.feeds.entries import Entry
from formatters.model import Link

ARXIV = "https://rss.arxiv.org"
BIORXIV = "https://connect.biorxiv.org"
# How arXiv begins a summary.
_ANNOUNCED = re.compile(r"arXiv:\S+\s+Announce Type:\s*\S+\s+Abstract:\s*", re.IGNORECASE)
_BIORXIV_PAPER = re.compile(r"(https?://www\.biorxiv\.org/content/10\.\d{4,9}/[\d.]*\d(?:v\d+)?)(?:[?#].*)?")


@dataclass(frozen=True, slots=True)
class Listing:
    """A feed of papers."""

    url: str
    series: str = ""  # "": the title of the feed, as it is when it is read first
    pages: tuple[Link, ...] = ()  # on which all of its papers can be seen; none: the page that the feed names
    # What arXiv calls the entries that count: all but new versions of papers.
    announced: frozenset[str] = frozenset({"", "new", "cross"})
    may_be_empty: bool = False  # as at weekends

    def counts(self, entry: Entry) -> bool:
        return entry.announced in self.announced


def arxiv(categories: Sequence[str], site: str = ARXIV, *, cross_lists: bool = False) -> Listing:
    """Give what is new in some categories of arXiv; replacements are left out."""
    pages = tuple(Link(one, f"https://arxiv.org/list/{one}/new") for one in categories)
    announced = frozenset({"new", "cross"} if cross_lists else {"new"})
    url, series = f"{site}/rss/{'+'.join(categories)}", f"arXiv {', '.join(categories)}"
    return Listing(url, series, pages, announced, may_be_empty=True)


def biorxiv(subjects: Sequence[str], site: str = BIORXIV) -> Listing:
    """Give the newest papers of some subjects of bioRxiv."""
    names = [subject.replace("_", " ") for subject in subjects]
    pages = tuple(
        Link(name, f"https://www.biorxiv.org/collection/{subject.replace('_', '-')}")
        for name, subject in zip(names, subjects, strict=True)
    )
    return Listing(f"{site}/biorxiv_xml.php?subject={'+'.join(subjects)}", f"bioRxiv {', '.join(names)}", pages)


def abstract_of(text: str) -> str:
    """Give an abstract without what arXiv writes before it."""
    return _ANNOUNCED.sub("", text, count=1)


def address_of(link: str) -> tuple[str, tuple[Link, ...]]:
    """Give the address of a paper, and further links that follow from it."""
    if found := _BIORXIV_PAPER.fullmatch(link):
        return found[1], (Link("PDF", f"{found[1]}.full.pdf"),)
    return link, ()
