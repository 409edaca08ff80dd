"""Readiness: which posts look as if their author, or the program that writes them, is not done yet."""

from __future__ import annotations

from bot.database.reasons import Cause, Reason
from formatters.model import Digest
from formatters.summary import is_empty_section


def unfinished_reason(digest: Digest, before: int) -> Reason | None:
    """Say why a post looks unfinished, None where it does not; `before` is how many papers it had."""
    if not digest.papers:
        return Reason(Cause.EMPTY, (before,) if before else ())
    if len(digest.papers) < before:
        return Reason(Cause.SHRANK, (before, len(digest.papers)))
    return _sparse(digest)


def _sparse(digest: Digest) -> Reason | None:
    """Say why a digest looks mostly empty, None where it does not; a mere list of titles is meant to be one."""
    sections = [section for paper in digest.papers for section in paper.sections]
    empty_sections = sum(map(is_empty_section, sections))
    empty_papers = sum(all(map(is_empty_section, paper.sections)) for paper in digest.papers)
    if sections and 2 * empty_papers > len(digest.papers):
        return Reason(Cause.SPARSE_PAPERS, (empty_papers, len(digest.papers)))
    if 2 * empty_sections > len(sections):
        return Reason(Cause.SPARSE_SECTIONS, (empty_sections, len(sections)))
    return None
