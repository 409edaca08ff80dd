"""Spell messages as Slack Block Kit: `rich_text`, in which every character means itself.

Limits: docs.slack.dev, chat.postMessage and Block Kit; blocks of one message fail near 13,200
characters, which no page says, so 10,000 are used.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from itertools import accumulate, groupby
from typing import Any

from formatters import compose, links
from formatters.locale import Words
from formatters.message import Message, numbered
from formatters.model import Digest, Paper
from formatters.spans import Limit, Span, Spans, block_style, plain, shorten, split, tidy

LONGEST_TEXT = 4000  # chat.update refuses a longer `text`
_ELEMENTS = {"": "rich_text_section", "quote": "rich_text_quote", "pre": "rich_text_preformatted"}
_STYLES = ("bold", "italic", "code")


class SlackFormatter:
    """Make keyword arguments of `chat.postMessage`; `text` says the same for notifications and screen readers."""

    channel = "slack"
    method = "chat.postMessage"

    def __init__(self, words: Words) -> None:
        self._words = words

    def digest(self, digest: Digest) -> tuple[Message, ...]:
        return (*self.contents(digest), *map(self._card, digest.papers))

    def contents(self, digest: Digest) -> tuple[Message, ...]:
        return numbered("index", _bodies(compose.index(digest, self._words)))

    def paper(self, paper: Paper) -> tuple[Message, ...]:
        return numbered(f"full/{paper.id}", _bodies(compose.full(paper)))

    def notice(self, text: str) -> Message:
        return Message("notice", _bodies((Span(text),))[0])

    def plain(self, body: Mapping[str, object]) -> Mapping[str, object]:
        kept = {name: value for name, value in body.items() if name != "blocks"}
        with_addresses = escape(_with_addresses(body["blocks"]))
        return {**kept, "text": with_addresses} if len(with_addresses) <= LONGEST_TEXT else kept

    def _card(self, paper: Paper) -> Message:
        # The first part: monstrous addresses are the only way to a second one.
        return Message(f"paper/{paper.id}", _body(split(compose.card(paper, self._words), LIMITS)[0]))


def spell(spans: Iterable[Span]) -> list[dict[str, object]]:
    """Write spans as the elements of one `rich_text` block."""
    runs = ((style, tidy(run)) for style, run in groupby(spans, block_style))  # a block begins and ends a line
    return [{"type": _ELEMENTS[style], "elements": list(map(_element, run))} for style, run in runs if run]


def escape(text: str) -> str:
    """Escape what Slack gives a meaning in plain text (docs.slack.dev, "Escaping text")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _characters(span: Span) -> int:
    return len(span.text) + len(span.url)


LIMITS: tuple[Limit, ...] = ((_characters, 10_000),)


def _bodies(spans: Spans) -> list[Mapping[str, object]]:
    return [_body(part) for part in split(spans, LIMITS)]


def _body(spans: Spans) -> Mapping[str, object]:
    return {
        "text": _fallback(plain(spans)),
        "blocks": [{"type": "rich_text", "elements": spell(spans)}],
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _fallback(text: str) -> str:
    """Escape as much of a text as still fits when escaped; nothing is cut inside an entity."""
    ends = list(accumulate(len(escape(character)) for character in text))
    fits = not ends or ends[-1] <= LONGEST_TEXT
    return escape(text if fits else shorten(text, bisect_right(ends, LONGEST_TEXT - 1) + 1))


def _with_addresses(blocks: Any) -> str:
    """Read blocks of our own as text, each link's address behind its words."""
    parts = (part["elements"] for block in blocks for part in block["elements"])
    return "\n".join("".join(map(_with_address, elements)) for elements in parts)


def _with_address(element: Mapping[str, str]) -> str:
    return f"{element['text']} ({element['url']})" if element["type"] == "link" else element["text"]


def _element(span: Span) -> dict[str, object]:
    style = {name: True for name in _STYLES if name in span.styles and "pre" not in span.styles}
    url = links.safe(span.url)
    kind: dict[str, object] = {"type": "link", "url": url} if url else {"type": "text"}
    return {**kind, "text": span.text, **({"style": style} if style else {})}
