"""What the archive holds as a whole: filled from the past, and listed by digests."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, case, false, func, null, select

from bot.archive.index import IS_KEPT, PAPER_COUNT, REASON, digest_from_json, digest_row, index_new
from bot.archive.ngrams import to_phrases
from bot.database.dialect import holds, insert
from bot.database.engine import Database, repeats
from bot.database.reasons import Reason
from bot.database.schema import deliveries, digests, messages, paper_words, papers
from bot.database.states import DigestState
from bot.sources.fingerprint import fingerprint
from bot.sources.source import FoundDigest
from formatters.model import Digest, Paper


@dataclass(frozen=True, slots=True)
class ArchivedDigest:
    """A digest as `paperboy digests` lists it."""

    day: date
    name: str
    source: str
    state: DigestState
    why: str  # it stands so; empty where there is nothing to say
    title: str
    url: str  # of its post, empty without one
    papers: int
    chats: int | None  # that hold any of it; None: it is so old that this is not kept


@dataclass(frozen=True, slots=True)
class ArchivedPaper:
    """A paper of a digest, and its source."""

    source: str
    digest: Digest
    paper: Paper


class Contents:
    """The digests of the archive."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._read, self._write = database.read, database.write
        self._clock = clock

    @repeats
    async def add(self, source: str, found: Sequence[FoundDigest]) -> int:
        """Write digests that are not delivered to anybody, and count them; one that is known stays as it is."""
        new: dict[int, Digest] = {}
        async with self._write() as db:
            for one in found:
                row = insert(digests).values(**_baseline(source, one), found_at=self._clock())
                made = await db.execute(row.on_conflict_do_nothing().returning(digests.c.id))
                new |= dict.fromkeys(made.scalars(), one.digest)
            await index_new(db, new)
        return len(new)

    async def listed(self, since: date | None, limit: int, offset: int) -> tuple[int, list[ArchivedDigest]]:
        """Count the digests of a day and later, and list some of them, newest first; `limit` 0: all."""
        meant = digests.c.day >= since.isoformat() if since else and_(True)
        page = _LISTED.where(meant).order_by(*_NEWEST).limit(limit or None).offset(offset)
        async with self._read() as db:
            total = (await db.execute(select(func.count()).select_from(digests).where(meant))).scalar_one()
            return total, [_digest(row) for row in await db.execute(page)]

    async def papers(self, since: date | None, words: str, *, once: bool) -> AsyncIterator[ArchivedPaper]:
        """Give the papers of a day and later that have all the words, older first, a digest at a time in memory.

        `once`: a paper that several digests have is given as in the newest of them.
        """
        meant = [IS_KEPT, *([digests.c.day >= since.isoformat()] if since else [])]
        meant += [papers.c.id.in_(_matching(words))] if words else []
        meant += [papers.c.id.in_(_NEWEST_OF_EACH)] if once else []
        async with self._read() as db:
            async for digest_id, source, listed in await db.stream(_PAPERS_OF_DIGESTS.where(*meant)):
                content = select(digests.c.content).where(digests.c.id == digest_id)
                digest, wanted = digest_from_json((await db.execute(content)).scalar_one()), {*listed.split("\n")}
                for paper in digest.papers:
                    if paper.id in wanted:
                        yield ArchivedPaper(source, digest, paper)


def _baseline(source: str, found: FoundDigest) -> dict[str, object]:
    content = found.fingerprint or fingerprint(found.digest)
    row = digest_row(found.digest, found.post, content, DigestState.BASELINE)
    return {"source": source, "name": found.digest.id, "told_apart": 1, **row}


_NEWEST = (digests.c.day.desc(), digests.c.source, digests.c.name.desc())
_CHATS = (
    select(func.count(deliveries.c.chat_id.distinct()))
    .select_from(deliveries.join(messages))
    .where(messages.c.digest_id == digests.c.id, deliveries.c.remote_id.is_not(None))
    .correlate(digests)
    .scalar_subquery()
)
_LISTED = select(
    *(digests.c.day, digests.c.name, digests.c.source, digests.c.state),
    *REASON,
    digests.c.content["title"].as_string().label("title"),
    digests.c.content["url"].as_string().label("url"),
    *(PAPER_COUNT.label("papers"), case((digests.c.is_over == 1, null()), else_=_CHATS).label("chats")),
)


_PAPERS_OF_DIGESTS = (
    select(digests.c.id, digests.c.source, func.aggregate_strings(papers.c.paper, "\n"))
    .select_from(digests.join(papers))
    .group_by(digests.c.id)
    .order_by(digests.c.day, digests.c.source, digests.c.name)
)
_PLACE = func.row_number().over(partition_by=papers.c.paper, order_by=(digests.c.day.desc(), papers.c.id.desc()))
_LAST = select(papers.c.id, _PLACE.label("place")).select_from(papers.join(digests)).where(IS_KEPT).subquery()
_NEWEST_OF_EACH = select(_LAST.c.id).where(_LAST.c.place == 1)


def _matching(words: str) -> Select[tuple[int]]:
    phrases = to_phrases(words)
    return select(paper_words.c.rowid).where(holds(paper_words.c.body, phrases) if phrases else false())


def _digest(row: Any) -> ArchivedDigest:
    state = DigestState(row.state)
    why = Reason.read(row.cause, row.numbers, row.reason).sentence(state)
    post = (row.title, row.url or "")
    return ArchivedDigest(date.fromisoformat(row.day), row.name, row.source, state, why, *post, row.papers, row.chats)
