"""Which papers of a feed belong to which day: a digest is what came since the last one by the hour of delivery.

What a day was given stays: later papers are appended as long as the day is open, none is taken away. Papers are known
by their address, their id and their title, so that nothing comes again when an author writes all ids anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from pydantic import BaseModel

from bot.sources.feeds.entries import Entry
from bot.sources.posts.papers.drafts import slug
from formatters.addresses import identity
from formatters.model import Link

OPEN_FOR = 7200.0  # seconds after a digest was given in which later papers are still appended
_KEPT_DAYS = 3
_REMEMBERED = timedelta(days=60)  # how long an entry is known after the feed dropped it,
_MOST_REMEMBERED = 5000  # and how many names of such entries
_TELLING_TITLE = 16  # characters: shorter ones such as "Erratum" are those of many papers


class Found(BaseModel, frozen=True):
    """A paper as its entry had it; texts are Markdown, but for the title."""

    title: str
    url: str
    authors: str = ""
    abstract: str = ""
    links: tuple[Link, ...] = ()


class Batch(BaseModel, frozen=True):
    """Papers that belong together, at most `top` of them, and how many more there were."""

    papers: tuple[Found, ...] = ()
    more: int = 0

    def with_more(self, papers: Sequence[Found], more: int, top: int) -> Batch:
        listed = (*self.papers, *papers)
        kept = listed[: max(top, len(self.papers))]
        return Batch(papers=kept, more=self.more + more + len(listed) - len(kept))


class Day(Batch, frozen=True):
    given_at: float = 0.0  # seconds since 1970


class Memory(BaseModel, frozen=True):
    """What is remembered of a feed of papers."""

    url: str = ""
    etag: str = ""
    last_modified: str = ""
    series: str = ""
    page: str = ""
    seen: dict[str, date] = {}  # names of entries, and when the feed had them last
    waiting: Batch = Batch()
    days: dict[date, Day] = {}


@dataclass(frozen=True, slots=True)
class Hours:
    """When digests are delivered: from `at` on, on these days of the week, Monday being 0."""

    at: time
    weekdays: Collection[int]
    zone: tzinfo

    def day(self, now: float) -> date | None:
        """Give today, when its hour has come."""
        moment = datetime.fromtimestamp(now, UTC).astimezone(self.zone)
        return moment.date() if moment.time() >= self.at and moment.weekday() in self.weekdays else None

    def date(self, now: float) -> date:
        return datetime.fromtimestamp(now, UTC).astimezone(self.zone).date()


def names_of(entry: Entry) -> list[str]:
    """Give the names by which an entry is known again, as short hashes."""
    title = slug(entry.title)
    told = [name for name in (identity(entry.link) or entry.link, entry.id) if name]
    told += [title] if len(title) >= _TELLING_TITLE or (title and not told) else []
    return [hashlib.sha256(name.encode()).hexdigest()[:12] for name in told]


def unseen(entries: Iterable[Entry], seen: dict[str, date], today: date) -> Iterator[Entry]:
    """Give the entries that were not seen, each once, and note all in `seen`."""
    for entry in entries:
        names = names_of(entry)
        if names and not any(name in seen for name in names):
            yield entry
        seen |= dict.fromkeys(names, today)


def pruned(seen: Mapping[str, date], today: date) -> dict[str, date]:
    """Forget entries that the feed dropped long ago, the first ones where there are too many."""
    gone = sorted((last, name) for name, last in seen.items() if last != today)
    kept = {name for last, name in gone[-_MOST_REMEMBERED:] if today - last <= _REMEMBERED}
    return {name: last for name, last in seen.items() if last == today or name in kept}


def given(memory: Memory, hours: Hours, now: float, top: int) -> Memory:
    """Give what waits to the day whose hour has come; the very first papers at once."""
    day, waiting = hours.day(now), memory.waiting
    if not memory.days and waiting.papers and day is None:
        day = hours.date(now) - timedelta(days=1)
    if day is None or not waiting.papers:
        return memory
    known = memory.days.get(day)
    if known and now - known.given_at >= OPEN_FOR:
        return memory
    before = known or Day(given_at=now)
    batch = before.with_more(waiting.papers, waiting.more, top)
    days = {**memory.days, day: Day(papers=batch.papers, more=batch.more, given_at=before.given_at)}
    kept = {one: days[one] for one in sorted(days)[-_KEPT_DAYS:]}
    return memory.model_copy(update={"waiting": Batch(), "days": kept})
