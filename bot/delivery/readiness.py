"""Readiness: which posts look as if their author, or the program that writes them, is not done yet.

Also which ones their date keeps back.
"""

from __future__ import annotations

from datetime import date, timedelta

from bot.database.reasons import Cause, Reason
from formatters.model import Digest
from formatters.summary import is_empty_section

_LATE = timedelta(days=14)


def unfinished_reason(digest: Digest, before: int) -> Reason | None:
    """Say why a post looks unfinished, None where it does not; `before` is how many papers it had."""
    if not digest.papers:
        return Reason(Cause.EMPTY, (before,) if before else ())
    if len(digest.papers) < before:
        return Reason(Cause.SHRANK, (before, len(digest.papers)))
    return _sparse(digest)


def date_reason(day: date, newest: date, today: date | None) -> Reason | None:
    """Say why its date keeps a post from being delivered, None where it does not; without `today`, none does.

    `newest` is the day of the newest digest known before; a newer one is never late.
    """
    if today is None:
        return None
    if day > today:
        return Reason(Cause.FUTURE, (day.year, day.month, day.day))
    return Reason(Cause.LATE) if day < min(newest, today - _LATE) else None


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
