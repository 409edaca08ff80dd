"""What a feed holds, whatever its format."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a feed; texts are as the feed has them, and "" where it has none."""

    title: str  # plain, or HTML
    link: str
    id: str = ""
    published: datetime | None = None  # with its time zone
    updated: datetime | None = None
    html: str = ""  # the whole of it, else its summary
    text: str = ""  # the same where it is plain text, or Markdown
    authors: tuple[str, ...] = ()
    announced: str = ""  # by arXiv: "new", "cross", "replace" or "replace-cross"


@dataclass(frozen=True, slots=True)
class Feed:
    title: str
    link: str  # of the site
    entries: Sequence[Entry]  # in the order of the feed
    problem: str = ""  # what was wrong with it, though it could be read


def tables(value: object) -> list[dict[str, Any]]:
    """Give the tables of a list as a feed has it; what is neither is as if it were missing."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
