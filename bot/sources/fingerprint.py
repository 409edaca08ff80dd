"""Fingerprints: hashes of what a digest says, by which a changed post is known."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict

from formatters.markdown import walk
from formatters.model import Digest, Paper
from formatters.spans import collapse_spaces, plain


def fingerprint(digest: Digest) -> str:
    """Hash the content of a digest; layout, markup and the post's address do not count."""
    content = [digest.series, digest.day.isoformat(), _plain_text(digest.preface), *map(_paper_content, digest.papers)]
    return hashed(content)


def hashed(value: object) -> str:
    """Hash any JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]


def _paper_content(paper: Paper) -> list[object]:
    sections = [[section.heading, _plain_text(section.body)] for section in paper.sections]
    return [paper.id, paper.number, paper.title, paper.url, [asdict(link) for link in paper.links], sections]


def _plain_text(markdown: str) -> str:
    return collapse_spaces(plain(walk(markdown)))
