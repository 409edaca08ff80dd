"""The posts of tests/data as digests, and golden files: what people read, kept to be read by eye in a diff.

`PAPERBOY_GOLDEN=write python -m pytest` rewrites the files instead of comparing.
"""

from __future__ import annotations

import os
from pathlib import Path

from bot.sources.posts.post import Origin, parse
from formatters.model import Digest

DATA = Path(__file__).parents[1] / "data"
GOLDEN = Path(__file__).parents[1] / "golden"
POSTS = sorted([*DATA.glob("*-*-*.md"), *DATA.glob("edits/*.md")])
WRITE = os.environ.get("PAPERBOY_GOLDEN") == "write"
SHARED = Path(__file__).parents[3] / "shared"


def digest_of(post: Path) -> Digest:
    """Parse a post that is a digest."""
    digest = parse(post.read_bytes(), Origin(post.name)).digest
    assert digest is not None
    return digest


def is_digest(post: Path) -> bool:
    return parse(post.read_bytes(), Origin(post.name)).digest is not None


def check(name: str, text: str) -> None:
    """Compare a text with its golden file, or write the file when asked to."""
    path = GOLDEN / name
    if WRITE:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"see {name}; PAPERBOY_GOLDEN=write accepts the change"
