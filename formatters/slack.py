"""Spell messages as Slack Block Kit: `rich_text`, in which every character means itself.

Limits: docs.slack.dev, chat.postMessage and Block Kit; blocks of one message fail near 13,200
characters, which no page says, so 10,000 are used.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby

from formatters import compose, links
from formatters.locale import Words
from formatters.markdown import BLOCKS, Limit, Span, Spans, plain, shorten, split, tidy
from formatters.message import Message, numbered
from formatters.model import Digest, Paper

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
        return {name: value for name, value in body.items() if name != "blocks"}

    def _card(self, paper: Paper) -> Message:
        return Message(f"paper/{paper.id}", _body(compose.card(paper, self._words)))


def spell(spans: Iterable[Span]) -> list[dict[str, object]]:
    """Write spans as the elements of one `rich_text` block."""
    runs = ((style, tidy(run)) for style, run in groupby(spans, _block_style))  # a block begins and ends a line
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
    """Escape a text that still fits when escaped; nothing is cut inside an entity."""
    grown = len(escape(text)) - len(text)
    return escape(shorten(text, LONGEST_TEXT - grown if len(text) + grown > LONGEST_TEXT else LONGEST_TEXT))


def _block_style(span: Span) -> str:
    return next(iter(sorted(span.styles & BLOCKS)), "")


def _element(span: Span) -> dict[str, object]:
    style = {name: True for name in _STYLES if name in span.styles and "pre" not in span.styles}
    url = links.safe(span.url)
    kind: dict[str, object] = {"type": "link", "url": url} if url else {"type": "text"}
    return {**kind, "text": span.text, **({"style": style} if style else {})}
