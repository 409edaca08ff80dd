"""A feed whose entries are papers: a digest is what came since the last one."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from pydantic import ValidationError

from bot.errors import SourceError
from bot.sources.feeds import days, document
from bot.sources.feeds.days import Batch, Day, Found, Hours, Memory
from bot.sources.feeds.entries import Entry
from bot.sources.feeds.html.reader import to_markdown
from bot.sources.feeds.presets import Listing, abstract_of, address_of
from bot.sources.fingerprint import fingerprint
from bot.sources.posts.papers.drafts import Draft, finished, slug
from bot.sources.source import Cost, FoundDigest
from bot.sources.survey import Survey
from bot.sources.web.fetcher import NO_HEADERS, Fetched, Fetcher, Validators
from bot.sources.web.literal import as_markdown, in_line
from formatters.markdown import inline
from formatters.model import Digest, Link, Section
from formatters.spans import collapse_spaces, plain

_LONGEST_ABSTRACT = 20_000  # characters of HTML
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


@dataclass
class FeedOfPapers:
    """Find the papers that came since the last digest, and remember those of the last days."""

    name: str
    fetcher: Fetcher
    listing: Listing
    hours: Hours
    top: int = 20
    keywords: Sequence[str] = ()
    secrets: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    clock: Callable[[], float] = time.time
    state: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    survey: Survey = field(default_factory=Survey)

    @property
    def cost(self) -> Cost:
        return self.fetcher.cost

    async def digests(self, since: date | None = None) -> Sequence[FoundDigest]:
        """List the digests that are remembered; SourceError when the feed cannot be read."""
        known = self._remembered()
        fetched = await self.fetcher.get(self.listing.url, Validators(known.etag, known.last_modified), self.secrets)
        if fetched.content is not None:
            known = await asyncio.to_thread(self._taken_in, fetched, known)
        known = days.given(known, self.hours, self.clock(), self.top)
        self.state = known.model_dump_json()
        self.survey = self._surveyed(known)
        return [self._digest(day, one, known) for day, one in known.days.items() if not since or day >= since]

    def _surveyed(self, known: Memory) -> Survey:
        """Sum up what is remembered; a feed that had entries, if only of papers that are not wanted, is one."""
        papers = sum(len(one.papers) for one in known.days.values())
        may_be_empty = self.listing.may_be_empty or bool(known.seen)
        return Survey(len(known.days), len(known.days), papers, may_be_empty=may_be_empty)

    def _remembered(self) -> Memory:
        try:
            known = Memory.model_validate_json(self.state or "{}")
        except ValidationError:
            return Memory()  # of a newer version: what is in the ledger stays
        same = {} if known.url == self.listing.url else {"etag": "", "last_modified": ""}
        return known.model_copy(update=same)

    def _taken_in(self, fetched: Fetched, known: Memory) -> Memory:
        """Note all entries of a feed as seen, and let the new papers among them wait for their day."""
        feed = document.read(fetched)
        if known.seen and not feed.entries and not self.listing.may_be_empty:
            raise SourceError(
                f"source {self.name}: its feed has no entries any more; open {self.listing.url} in a browser"
            )
        self.problems = {self.listing.url: feed.problem} if feed.problem else {}
        today, seen = self.hours.date(self.clock()), dict(known.seen)
        is_first = known.url != self.listing.url
        entries = [entry for entry in feed.entries if self.listing.counts(entry)]
        if is_first:  # of a long past, the newest
            entries.sort(key=lambda entry: entry.published or _LONG_AGO, reverse=True)
        new = [paper for entry in days.unseen(entries, seen, today) if (paper := self._paper(entry))]
        if is_first:
            new = new[: self.top]
        at = fetched.validators
        return known.model_copy(
            update={
                "url": self.listing.url,
                "etag": at.etag,
                "last_modified": at.last_modified,
                "series": self.listing.series or known.series or feed.title or self.name,
                "page": known.page or feed.link,
                "seen": days.pruned(seen, today) if entries else known.seen,
                "waiting": known.waiting.with_more(new, 0, self.top),
            }
        )

    def _paper(self, entry: Entry) -> Found | None:
        """Make a paper of an entry; None for one without title, or without any of the keywords."""
        title = collapse_spaces(plain(inline(in_line(entry.title))))
        html = entry.html[:_LONGEST_ABSTRACT]
        abstract = to_markdown(html, entry.link) if html else as_markdown(abstract_of(entry.text[:_LONGEST_ABSTRACT]))
        url, links = address_of(entry.link)
        if not title or not self._matches(f"{entry.title}\n{abstract}"):
            return None
        authors = as_markdown(collapse_spaces(", ".join(entry.authors)))
        return Found(title=title, url=url, authors=authors, abstract=abstract, links=links)

    def _matches(self, text: str) -> bool:
        """Tell whether a keyword begins a word of a text, where there are keywords."""
        found = (rf"(?<![A-Za-z0-9]){re.escape(word)}" for word in self.keywords)
        return not self.keywords or any(re.search(word, text, re.IGNORECASE) for word in found)

    def _digest(self, day: date, batch: Day, known: Memory) -> FoundDigest:
        papers, _ = finished(_drafts(batch.papers))
        pages = self.listing.pages or (Link(known.series, known.page),)
        preface, url = _others(batch, pages), pages[0].url
        series = known.series
        digest = Digest(f"{slug(series)}/{day}", series, day, f"{series} — {day}", url, preface, papers)
        return FoundDigest(digest, str(day), fingerprint(digest))


def _others(batch: Batch, pages: Sequence[Link]) -> str:
    """Say how many papers a digest leaves out, and where they stand."""
    named = " · ".join(f"[{in_line(page.label)}]({page.url})" if page.url else in_line(page.label) for page in pages)
    return f"+{batch.more} → {named}" if batch.more else ""


def _drafts(papers: Iterable[Found]) -> Iterable[Draft]:
    for place, paper in enumerate(papers, 1):
        sections = {"Abstract": paper.abstract, "Authors": paper.authors}
        yield Draft(
            range(0),
            place,
            paper.title,
            paper.url,
            links=paper.links,
            sections=tuple(Section(heading, body) for heading, body in sections.items() if body),
        )
