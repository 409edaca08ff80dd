"""What a paper of the archive has, field by field, as files hold it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.archive.contents import ArchivedPaper
from formatters import addresses, links
from formatters.labels import known
from formatters.markdown import walk
from formatters.model import Link, Section
from formatters.spans import plain

_AUTHORS = frozenset({"author", "authors", "author(s", "저자", "저자명", "作者", "著者"})
_LINE = re.compile(r"^[\s>*+-]*([^:：\n]{1,20})[:：]\s*(.+)$", re.MULTILINE)
_BETWEEN = re.compile(r"\s*[,;，、]\s*(?:and\s+)?|\s+and\s+")


@dataclass(frozen=True, slots=True)
class Fields:
    """One paper, all of it plain text but the bodies of its sections, which are Markdown."""

    id: str
    title: str
    authors: tuple[str, ...]  # empty where the digest does not name them
    day: str  # of the digest, YYYY-MM-DD
    source: str
    series: str
    number: int
    category: str
    url: str
    links: tuple[Link, ...]  # without `url`
    sections: tuple[Section, ...]
    post: str  # the address of the digest's post, empty without one

    @property
    def summary(self) -> str:
        """Give the text of all sections, each under its heading."""
        texts = ((one.heading, plain(walk(one.body)).strip()) for one in self.sections)
        return "\n\n".join("\n".join(filter(None, text)) for text in texts)


def fields_of(one: ArchivedPaper) -> Fields:
    """Take a paper apart."""
    paper, digest = one.paper, one.digest
    url = links.safe(paper.url)
    others = tuple(link for link in addresses.row(paper) if link.url != url)
    named = (paper.id, paper.title, _authors(paper.sections), digest.day.isoformat(), one.source, digest.series)
    return Fields(*named, paper.number, paper.category, url, others, paper.sections, links.safe(digest.url))


def _authors(sections: tuple[Section, ...]) -> tuple[str, ...]:
    """Give the names that a section of authors has, or a line such as "Authors: A, B"."""
    for section in sections:
        text = plain(walk(section.body)).strip()
        if known(section.heading) in _AUTHORS:
            return _names(text)
        for name, listed in _LINE.findall(text):
            if known(name) in _AUTHORS:
                return _names(listed)
    return ()


def _names(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (name.strip(" \t•.*") for name in _BETWEEN.split(" ".join(text.split())))))
