"""The archive: every paper of every digest, to be looked up and searched."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnClause, ColumnElement, Select, and_, delete, func, not_, select, true

from bot.archive.contents import Contents
from bot.archive.index import IS_KEPT, digest_from_json
from bot.archive.ngrams import to_phrases
from bot.archive.repeats import Mention, mentions_before
from bot.database.dialect import PaperWords, Phrase, holds, holds_in_turn, insert
from bot.database.engine import Database, repeats
from bot.database.schema import by_message, deliveries, digests, messages, paper_words, papers, searches
from bot.database.states import DigestState
from formatters.model import Digest, Paper
from formatters.page import SearchHit, reference

_KEPT_SEARCHES = 20  # of each chat: the pages of older ones cannot be turned any more
_EASTERNMOST = timedelta(hours=14)  # of all time zones


class Archive:
    """Look papers and digests up."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._read, self._write = database.read, database.write_aside
        self._read_by_index = database.read_by_index
        self._clock = clock
        self.contents = Contents(database, clock)

    async def newest(self, source: str = "") -> Digest | None:
        """Give the newest digest that is delivered to anybody, else the newest known; one of the future last.

        With `source`, of that one.
        """
        return await self._newest(and_(_PAPERS, _of(source)), _DELIVERED.desc())

    async def newest_delivered(self, source: str = "") -> Digest | None:
        """Give the newest digest that is delivered to anybody: what a chat gets that wants the newest at once."""
        return await self._newest(and_(_PAPERS, _DELIVERED, _of(source)))

    async def last_seen(self, chat: int, source: str = "") -> Digest | None:
        """Give the newest digest of which a chat holds something."""
        held = select(messages.c.digest_id).select_from(by_message).where(_held(chat))
        return await self._newest(and_(digests.c.id.in_(held), IS_KEPT, _of(source)))

    async def of_day(self, day: date, source: str = "") -> list[Digest]:
        """Give the digests of a day that have papers, in the order in which they came."""
        which = (_PAPERS, digests.c.day == day.isoformat(), _of(source))
        async with self._read() as db:
            found = await db.execute(select(digests.c.content).where(*which).order_by(digests.c.id))
            return [digest_from_json(content) for content in found.scalars()]

    async def days(self) -> list[date]:
        """List the days of which there are papers."""
        async with self._read() as db:
            found = await db.execute(select(digests.c.day).where(_PAPERS).distinct())
            return [date.fromisoformat(day) for day in found.scalars()]

    async def paper(self, where: str, value: str) -> tuple[Digest, Paper] | None:
        """Give the newest paper with this "ref" or id ("paper"), and its digest.

        A button under what stands in a chat gives its paper whatever became of the digest.
        """
        kept = true() if where == "ref" else IS_KEPT
        query = select(digests.c.content, papers.c.ref).join(papers).where(papers.c[where] == value, kept)
        async with self._read() as db:
            found = (await db.execute(query.order_by(*_NEWEST).limit(1))).first()
        if found is None:
            return None
        digest = digest_from_json(found.content)
        return digest, next(paper for paper in digest.papers if reference(digest, paper) == found.ref)

    async def mentions(self, source: str, digest: Digest, ids: Collection[str]) -> list[Mention]:
        """List where these papers are in other digests up to the day of this one, of all sources, older first."""
        async with self._read() as db:
            return await mentions_before(db, source, digest, ids)

    async def titled(self, said: str, most: int, day: date | None = None) -> list[SearchHit]:
        """List the newest papers whose titles have all these words."""
        phrases = to_phrases(said)
        if not phrases:
            return []
        of_day = true() if day is None else digests.c.day == day.isoformat()
        async with self._read_by_index() as db:
            query = _of_few(paper_words.c.title, phrases).where(of_day).limit(most)
            return list(map(_hit, await db.execute(query)))

    async def search(self, said: str, most: int, start: int) -> tuple[list[SearchHit], int]:
        """List the newest papers that have all these words anywhere, from `start` on, and how many there are."""
        phrases = to_phrases(said)
        if not phrases:
            return [], 0
        async with self._read_by_index() as db:
            count, highest = (await db.execute(_count(holds(paper_words.c.body, phrases)))).one()
            are_many = count * count > (start + most) * highest  # else more papers are gone through than there are hits
            query = (_of_many if are_many else _of_few)(paper_words.c.body, phrases)
            return list(map(_hit, await db.execute(query.limit(most).offset(start)))), count

    @repeats
    async def remember(self, channel: str, address: str, said: str) -> int:
        """Keep what was searched for, and give its id."""
        theirs = and_(searches.c.channel == channel, searches.c.address == address)
        latest = (searches.c.asked_at.desc(), searches.c.id.desc())
        newest = select(searches.c.id).where(theirs).order_by(*latest).limit(_KEPT_SEARCHES)
        now = self._clock()
        row = insert(searches).values(channel=channel, address=address, words=said, asked_at=now)
        again = row.on_conflict_do_update(index_elements=["channel", "address", "words"], set_={"asked_at": now})
        async with self._write() as db:
            made: int = (await db.execute(again.returning(searches.c.id))).scalar_one()
            await db.execute(delete(searches).where(theirs, searches.c.id.not_in(newest), searches.c.id != made))
        return made

    async def recall(self, channel: str, address: str, search: int) -> str:
        """Give what was searched for in this very chat, empty when that is forgotten."""
        theirs = (searches.c.channel == channel, searches.c.address == address, searches.c.id == search)
        async with self._read() as db:
            return str((await db.execute(select(searches.c.words).where(*theirs))).scalar_one_or_none() or "")

    async def _newest(self, which: ColumnElement[bool], *first: ColumnElement[Any]) -> Digest | None:
        query = select(digests.c.content).where(which).order_by(is_future(self._clock()), *first, *_LATEST)
        async with self._read() as db:
            content = (await db.execute(query.limit(1))).scalar_one_or_none()
        return None if content is None else digest_from_json(content)


_LATEST = (digests.c.day.desc(), digests.c.found_at.desc(), digests.c.id.desc())  # of one day the one that came last
_DELIVERED = digests.c.state == DigestState.ACTIVE
_PAPERS = and_(digests.c.id.in_(select(papers.c.digest_id)), IS_KEPT)


def is_future(now: float) -> ColumnElement[bool]:
    """Tell whether a digest is dated later than today in every time zone; an older version delivered such at once."""
    today = (datetime.fromtimestamp(now, UTC) + _EASTERNMOST).date()
    return digests.c.day > today.isoformat()


def _of(source: str) -> ColumnElement[bool]:
    return digests.c.source == source if source else true()


def _held(chat: int) -> ColumnElement[bool]:
    return and_(deliveries.c.chat_id == chat, deliveries.c.remote_id.is_not(None))


_FOUND = paper_words.join(papers, papers.c.id == paper_words.c.rowid).join(digests)
_HIT = (papers.c.ref, papers.c.number, papers.c.title, papers.c.line, digests.c.day)
_HITS = select(*_HIT).select_from(_FOUND).where(IS_KEPT)
_TAKEN_OUT = select(papers.c.id).join(digests).where(not_(IS_KEPT))
# Newest first; papers in the order of their digest.
_NEWEST = (digests.c.day.desc(), digests.c.post.desc(), papers.c.number)


# How many papers hold words that stand together, PostgreSQL cannot tell before. So it is told in which order to look.


def _of_few(column: ColumnClause[PaperWords], phrases: Sequence[Phrase]) -> Select[tuple[Any, ...]]:
    """Find hits, newest first: all of them by the index of words, then put in order. No index has such a day."""
    return _HITS.where(holds(column, phrases)).order_by((digests.c.day + "").desc(), *_NEWEST[1:])


def _of_many(column: ColumnClause[PaperWords], phrases: Sequence[Phrase]) -> Select[tuple[Any, ...]]:
    """Find the same from the newest paper on, until there are enough."""
    return _HITS.where(holds_in_turn(column, phrases)).order_by(*_NEWEST)


def _count(match: ColumnElement[bool]) -> Select[int, int]:
    """Count the papers that match, less those that an operator took out; and give the highest id of all papers."""
    found = select(func.count()).select_from(paper_words).where(match)
    taken_out = found.where(paper_words.c.rowid.in_(_TAKEN_OUT))
    highest = select(func.coalesce(func.max(papers.c.id), 0))
    return select(found.scalar_subquery() - taken_out.scalar_subquery(), highest.scalar_subquery())


def _hit(row: Any) -> SearchHit:
    return SearchHit(row.ref, row.number, row.title, row.line, date.fromisoformat(row.day))
