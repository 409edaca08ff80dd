"""Repeats: papers that an earlier digest had."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import and_, not_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.archive.index import IS_KEPT
from bot.database.schema import digests, papers
from bot.database.states import DigestState
from formatters.model import Digest, Earlier, Paper

_PRESENTED = (DigestState.ACTIVE, DigestState.BASELINE, DigestState.SKIPPED)  # what is held may still be taken away


@dataclass(frozen=True, slots=True)
class Mention:
    """A paper in a digest."""

    paper: str
    source: str
    day: date
    series: str
    url: str  # of the post, empty without one
    ref: str  # by which the paper is known there


async def mentions_before(db: AsyncConnection, source: str, digest: Digest, ids: Collection[str]) -> list[Mention]:
    """List where these papers are in other digests up to the day of this one, of all sources, older first."""
    itself = and_(digests.c.source == source, digests.c.name == digest.id)
    before = (IS_KEPT, digests.c.state.in_(_PRESENTED), digests.c.day <= digest.day.isoformat(), not_(itself))
    post = [digests.c.content[name].as_string() for name in ("series", "url")]
    query = select(papers.c.paper, digests.c.source, digests.c.day, *post, papers.c.ref).join(digests)
    rows = await db.execute(
        query.where(papers.c.paper.in_(ids), *before).order_by(digests.c.day, digests.c.found_at, digests.c.id)
    )
    return [Mention(paper, of, date.fromisoformat(day), *rest) for paper, of, day, *rest in rows]


def marked(digest: Digest, mentions: Iterable[Mention], enough: Sequence[str]) -> Digest:
    """Give a digest whose papers say which digest had them before; a mention that comes later counts before others.

    Where a digest of a source in `enough` had it, a paper does not come again. Without a mention it stays as it is.
    """
    by_paper: dict[str, list[Mention]] = {}
    for one in mentions:
        by_paper.setdefault(one.paper, []).append(one)
    return replace(digest, papers=tuple(_marked(paper, digest, by_paper, enough) for paper in digest.papers))


def _marked(paper: Paper, digest: Digest, mentions: Mapping[str, Sequence[Mention]], enough: Sequence[str]) -> Paper:
    if not (found := mentions.get(paper.id)):
        return paper
    last = found[-1]
    series = "" if last.series == digest.series else last.series
    is_enough = any(one.source in enough for one in found)
    return replace(paper, earlier=Earlier(last.day, digest.day, series, last.url, is_enough, last.ref))


def with_known_marks(digest: Digest, before: Digest) -> Digest:
    """Give a digest whose papers say of earlier digests what they said before."""
    known = {paper.id: paper.earlier for paper in before.papers}
    return replace(digest, papers=tuple(replace(paper, earlier=known.get(paper.id)) for paper in digest.papers))
