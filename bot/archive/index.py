"""The index of papers: what a digest holds, made to be looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.archive.ngrams import BODY, TITLE, to_index_words
from bot.database.dialect import PaperWords, insert
from bot.database.reasons import Cause
from bot.database.schema import digests, paper_words, papers
from bot.database.states import DigestState
from formatters.compose import brief
from formatters.model import Digest, Earlier, Link, Paper, Section
from formatters.page import reference

IS_KEPT = digests.c.cause != Cause.DROPPED  # else an operator took it out
PAPER_COUNT = select(func.count()).where(papers.c.digest_id == digests.c.id).correlate(digests).scalar_subquery()
REASON = (digests.c.cause, digests.c.numbers, digests.c.reason)  # as `Reason` reads it
_DAYS = ("day", "said_on")  # of Earlier


async def index_digest(db: AsyncConnection, digest_id: int, digest: Digest) -> None:
    """Make the papers of a digest those that can be looked up."""
    old = select(papers.c.id).where(papers.c.digest_id == digest_id)
    await db.execute(delete(paper_words).where(paper_words.c.rowid.in_(old)))
    await db.execute(delete(papers).where(papers.c.digest_id == digest_id))
    await index_new(db, {digest_id: digest})


async def index_new(db: AsyncConnection, new: Mapping[int, Digest]) -> None:
    """Make the papers of digests, by id, that were not indexed yet those that can be looked up."""
    first: int = (await db.execute(select(func.coalesce(func.max(papers.c.id), 0)))).scalar_one() + 1
    listed = [(digest_id, digest, paper) for digest_id, digest in new.items() for paper in digest.papers]
    if listed:
        rows = [{"id": place, **_row(*one)} for place, one in enumerate(listed, first)]
        await db.execute(insert(papers), rows)
        words = [index_row(place, paper) for place, (_, _, paper) in enumerate(listed, first)]
        await db.execute(insert(paper_words), words)


async def index_all(db: AsyncConnection) -> None:
    """Index what an older program left in the ledger."""
    bare = select(digests.c.id, digests.c.content).where(digests.c.id.not_in(select(papers.c.digest_id)))
    for digest_id, content in (await db.execute(bare)).all():
        await index_digest(db, digest_id, digest_from_json(content))


async def index_words(db: AsyncConnection) -> None:
    """Let the papers of a ledger be searched for, one digest after the other; none of them was so far."""
    for number in (await db.execute(select(digests.c.id).order_by(digests.c.id))).scalars().all():
        content = (await db.execute(select(digests.c.content).where(digests.c.id == number))).scalar_one()
        digest = digest_from_json(content)
        by_ref = {reference(digest, paper): paper for paper in digest.papers}
        listed = (await db.execute(select(papers.c.id, papers.c.ref).where(papers.c.digest_id == number))).all()
        if listed:
            await db.execute(insert(paper_words), [index_row(place, by_ref[ref]) for place, ref in listed])


def digest_row(digest: Digest, post: str, fingerprint: str, state: DigestState) -> dict[str, object]:
    """Give what the ledger holds of a digest as it was read, by columns."""
    content, day = digest_to_json(digest), digest.day.isoformat()
    return {"post": post, "day": day, "fingerprint": fingerprint, "content": content, "state": state}


def digest_to_json(digest: Digest) -> dict[str, object]:
    """Write a Digest as the ledger holds it."""
    written = asdict(digest)
    return {**written, "day": digest.day.isoformat(), "papers": list(map(_paper_to_json, written["papers"]))}


def digest_from_json(content: Mapping[str, Any]) -> Digest:
    """Make a Digest of the content as the ledger holds it."""
    listed = tuple(map(_paper, content["papers"]))
    return Digest(**{**content, "day": date.fromisoformat(content["day"]), "papers": listed})


def _row(digest_id: int, digest: Digest, paper: Paper) -> dict[str, object]:
    row = {"digest_id": digest_id, "ref": reference(digest, paper), "paper": paper.id, "number": paper.number}
    return {**row, "title": paper.title, "line": brief(paper)}


def index_row(place: int, paper: Paper) -> dict[str, object]:
    """Give what the index holds of a paper whose id in the ledger is `place`."""
    words = PaperWords(to_index_words(paper.title, TITLE), to_index_words(_text(paper), BODY))
    return {"rowid": place, "title": words, "body": words}


def _text(paper: Paper) -> str:
    links = (part for link in paper.links for part in (link.label, link.url))
    return "\n".join([paper.id, *(f"{section.heading}\n{section.body}" for section in paper.sections), *links])


def _paper(paper: Mapping[str, Any]) -> Paper:
    links = tuple(Link(**link) for link in paper["links"])
    sections = tuple(Section(**section) for section in paper["sections"])
    earlier = _earlier(paper["earlier"]) if "earlier" in paper else None
    return Paper(**{**paper, "links": links, "sections": sections, "earlier": earlier})


def _earlier(earlier: Mapping[str, Any]) -> Earlier:
    return Earlier(**{**earlier, **{name: date.fromisoformat(earlier[name]) for name in _DAYS}})


def _paper_to_json(paper: Mapping[str, Any]) -> dict[str, object]:
    """Write a paper; most have no earlier digest, and say nothing of it, as in ledgers of former versions."""
    earlier, rest = paper["earlier"], {name: value for name, value in paper.items() if name != "earlier"}
    if earlier is None:
        return rest
    return {**rest, "earlier": {**earlier, **{name: earlier[name].isoformat() for name in _DAYS}}}
