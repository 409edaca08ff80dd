"""The publication gate: which posts look as if their author, or the program that writes them, is not done yet."""

from __future__ import annotations

from formatters.model import Digest
from formatters.summary import hollow

EMPTY = "the post has no papers yet"


def unfinished(digest: Digest, before: int) -> str:
    """Say why a post looks unfinished, nothing where it does not; `before` is how many papers it had."""
    if not digest.papers:
        return EMPTY
    if len(digest.papers) < before:
        return f"the post shrank from {before} papers to {len(digest.papers)}"
    return _sparse(digest)


def _sparse(digest: Digest) -> str:
    """Say whether most of a digest says nothing; a mere list of titles is meant to be one."""
    sections = [section for paper in digest.papers for section in paper.sections]
    empty = sum(map(hollow, sections))
    silent = sum(all(map(hollow, paper.sections)) for paper in digest.papers)
    if sections and 2 * silent > len(digest.papers):
        return f"{silent} of the post's {len(digest.papers)} papers say nothing yet"
    return f"{empty} of the post's {len(sections)} sections say nothing yet" if 2 * empty > len(sections) else ""
