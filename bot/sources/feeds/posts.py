"""A feed whose entries are posts: the page of a blog is read as the Markdown that it was made from."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from fnmatch import fnmatch
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, ValidationError

from bot.errors import NoDayError, ParseError, SourceError
from bot.sources.feeds import document
from bot.sources.feeds.entries import Entry
from bot.sources.feeds.html.reader import authors_markdown
from bot.sources.folder import collected, named, read_bytes, surveyed
from bot.sources.posts import days, naming
from bot.sources.posts.days import FIRST_DAY
from bot.sources.posts.post import Origin, Post
from bot.sources.source import Cost, FoundDigest
from bot.sources.survey import Survey
from bot.sources.web.fetcher import NO_HEADERS, Fetched, Fetcher, Validators

MOST_POSTS = 50  # of a feed, the first ones; a blog's has ten
_LARGEST_PAGE = 2**20  # characters of HTML, of which half is text at most
_DAY = timedelta(days=1)


class _Post(BaseModel, frozen=True):
    """What is remembered of an entry."""

    name: str
    title: str
    link: str
    date: datetime | None
    markdown: str


class _Memory(BaseModel, frozen=True):
    url: str = ""
    etag: str = ""
    last_modified: str = ""
    posts: tuple[_Post, ...] = ()
    problem: str = ""


@dataclass
class FeedOfPosts:
    """Find the posts that a feed has now; they are remembered until the feed changes."""

    name: str
    fetcher: Fetcher
    url: str
    match: str | None = None
    zone: tzinfo | None = None
    secrets: Mapping[str, str] = field(default_factory=lambda: NO_HEADERS)
    clock: Callable[[], float] = time.time
    state: str = ""
    problems: Mapping[str, str] = field(default_factory=dict)
    survey: Survey = field(default_factory=Survey)
    _cache: dict[_Post, Post | ParseError] = field(default_factory=dict)

    @property
    def cost(self) -> Cost:
        return self.fetcher.cost

    async def digests(self, since: date | None = None) -> Sequence[FoundDigest]:
        """List the digests of `since` and later; SourceError when the feed cannot be read."""
        known = self._remembered()
        fetched = await self.fetcher.get(self.url, Validators(known.etag, known.last_modified), self.secrets)
        if fetched.content is not None:
            known = await asyncio.to_thread(self._taken_in, fetched, known)
            self.state = known.model_dump_json()
        return await asyncio.to_thread(self._found, known, since)

    def _remembered(self) -> _Memory:
        try:
            known = _Memory.model_validate_json(self.state or "{}")
        except ValidationError:
            return _Memory()  # of a newer version: the feed is read anew
        return known if known.url == self.url else _Memory()

    def _taken_in(self, fetched: Fetched, known: _Memory) -> _Memory:
        feed = document.read(fetched)
        if known.posts and not feed.entries:
            raise SourceError(f"source {self.name}: its feed has no entries any more; open {self.url} in a browser")
        posts = tuple(self._post(entry) for entry in feed.entries[:MOST_POSTS])
        at = fetched.validators
        return _Memory(url=self.url, etag=at.etag, last_modified=at.last_modified, posts=posts, problem=feed.problem)

    def _post(self, entry: Entry) -> _Post:
        page = entry.html if len(entry.html) <= _LARGEST_PAGE else ""
        text = entry.text or authors_markdown(page, entry.link)
        name = _name(entry)
        return _Post(name=name, title=entry.title, link=entry.link, date=self._date(entry, name), markdown=text)

    def _date(self, entry: Entry, name: str) -> datetime | None:
        """Give when an entry was published; a date that cannot be counts as none, and the last change at last."""
        latest = datetime.fromtimestamp(self.clock(), UTC) + _DAY
        told = [one for one in (entry.published, entry.updated) if one and one.date() >= FIRST_DAY and one <= latest]
        is_dated = naming.split_title(entry.title)[1] or days.of_name(name)
        published = [one for one in told if one == entry.published]
        return next(iter(published or ([] if is_dated else told)), None)

    def _found(self, known: _Memory, since: date | None) -> list[FoundDigest]:
        problems = {self.url: known.problem} if known.problem else {}
        read = list(self._read_all(known.posts))
        found = collected(read, problems)
        self.problems, self.survey = problems, surveyed(read)
        return [one for one in found if since is None or one.digest.day >= since]

    def _read_all(self, posts: Iterable[_Post]) -> Iterator[tuple[str, Post | ParseError]]:
        self._cache = {post: self._cache.get(post) or self._read(post) for post in posts if self._fits(post)}
        for post, read in self._cache.items():
            yield from named(post.name, read)

    def _fits(self, post: _Post) -> bool:
        return self.match is None or any(fnmatch(text, self.match) for text in (post.title, post.name, post.link))

    def _read(self, post: _Post) -> Post | ParseError:
        """Read an entry as the file of a post with the same title and date."""
        head = {"title": post.title, **({"date": post.date.isoformat()} if post.date else {})}
        raw = f"---\n{json.dumps(head, ensure_ascii=False)}\n---\n\n{post.markdown}\n".encode("utf-8", "replace")
        site = "{0.scheme}://{0.netloc}".format(urlsplit(post.link)) if post.link else ""
        origin = Origin(post.name, post.link, self.match is not None, site, self.zone, head="feed")
        try:
            read = read_bytes(raw, origin)
        except NoDayError:
            where = "in the feed, its address or its title"
            return ParseError(f"{post.name}: no date that can be {where}; tell its author")
        except ParseError as error:
            return error
        # Its lines are those of no text that anybody has seen.
        return replace(read, miss=replace(read.miss, line=0) if read.miss else None)


def _name(entry: Entry) -> str:
    """Name a post by its address, else by its title."""
    return unquote(urlsplit(entry.link).path).strip("/") or entry.title or entry.id or "entry"
