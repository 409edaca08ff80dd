"""Write plain text for Slack, escaped where it reads markup."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from formatters.spans import shorten, without_direction

LONGEST_TEXT = 4000  # chat.update refuses a longer `text`


def escape(text: str) -> str:
    """Escape what Slack reads as markup in plain text (docs.slack.dev, "Escaping text")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def fallback(text: str) -> str:
    """Escape as much of a text as fits when escaped, without a cut inside an entity."""
    text = without_direction(text)
    escaped = escape(text)
    if len(escaped) <= LONGEST_TEXT:
        return escaped
    ends = list(accumulate(len(escape(character)) for character in text))
    return escape(shorten(f"{text}…", bisect_right(ends, LONGEST_TEXT - 1) + 1))


def plain_text(text: str) -> dict[str, object]:
    """Write a text object in which no character is markup."""
    return {"type": "plain_text", "text": without_direction(text), "emoji": False}
