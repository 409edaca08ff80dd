"""The index of papers: what a digest holds, made to be looked up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.archive.ngrams import to_index_text
from bot.database.schema import digests, paper_words, papers
from formatters.compose import brief
from formatters.model import Digest, Link, Paper, Section
from formatters.page import reference


async def index_digest(db: AsyncConnection, digest_id: int, digest: Digest) -> None:
    """Make the papers of a digest those that can be looked up."""
    old = select(papers.c.id).where(papers.c.digest_id == digest_id)
    await db.execute(delete(paper_words).where(paper_words.c.rowid.in_(old)))
    await db.execute(delete(papers).where(papers.c.digest_id == digest_id))
    for paper in digest.papers:
        row = {"ref": reference(digest, paper), "paper": paper.id, "number": paper.number}
        said = {"title": paper.title, "line": brief(paper)}
        made = await db.execute(insert(papers).values(digest_id=digest_id, **row, **said).returning(papers.c.id))
        text = {"title": to_index_text(paper.title), "body": to_index_text(_text(paper))}
        await db.execute(insert(paper_words).values(rowid=made.scalar_one(), **text))


async def index_all(db: AsyncConnection) -> None:
    """Index what an older program left in the ledger."""
    bare = select(digests.c.id, digests.c.content).where(digests.c.id.not_in(select(papers.c.digest_id)))
    for digest_id, content in (await db.execute(bare)).all():
        await index_digest(db, digest_id, digest_from_json(content))


def digest_from_json(content: Mapping[str, Any]) -> Digest:
    """Make a Digest of the content as the ledger holds it."""
    listed = tuple(map(_paper, content["papers"]))
    return Digest(**{**content, "day": date.fromisoformat(content["day"]), "papers": listed})


def _text(paper: Paper) -> str:
    links = (part for link in paper.links for part in (link.label, link.url))
    return "\n".join([paper.id, *(f"{section.heading}\n{section.body}" for section in paper.sections), *links])


def _paper(paper: Mapping[str, Any]) -> Paper:
    links = tuple(Link(**link) for link in paper["links"])
    return Paper(**{**paper, "links": links, "sections": tuple(Section(**section) for section in paper["sections"])})
