"""Write plain text for Slack, escaped where it reads markup."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from formatters.slack import limits
from formatters.spans import shorten, without_direction


def escape(text: str) -> str:
    """Escape what Slack reads as markup in plain text (docs.slack.dev, "Escaping text")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape(text: str) -> str:
    """Read the three entities that Slack has."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def fallback(text: str) -> str:
    """Escape as much of a text as fits when escaped, without a cut inside an entity."""
    text = without_direction(text)
    escaped = escape(text)
    if len(escaped) <= limits.TEXT:
        return escaped
    ends = list(accumulate(len(escape(character)) for character in text))
    return escape(shorten(f"{text}…", bisect_right(ends, limits.TEXT - 1) + 1))


def plain_text(text: str) -> dict[str, object]:
    """Write a text object in which no character is markup."""
    return {"type": "plain_text", "text": without_direction(text), "emoji": False}
