"""Spell messages as Telegram HTML.

Limits and tags: Telegram Bot API, sendMessage and "HTML style"; the byte gate and the entity cap
stand in the sources of its server only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from html import escape, unescape
from itertools import groupby

from formatters import compose, links
from formatters.locale import Words
from formatters.message import Message, numbered
from formatters.model import Digest, Paper
from formatters.spans import Limit, Span, Spans, block_style, split

_TAGS = (("bold", "b"), ("italic", "i"), ("code", "code"))
_TAG = re.compile(r"<[^>]*>")
_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)


class TelegramFormatter:
    """Make keyword arguments of `sendMessage`: the index makes a sound, papers are silent."""

    channel = "telegram"
    method = "sendMessage"

    def __init__(self, words: Words) -> None:
        self._words = words

    def digest(self, digest: Digest) -> tuple[Message, ...]:
        return (*self.contents(digest), *map(self._card, digest.papers))

    def contents(self, digest: Digest) -> tuple[Message, ...]:
        return numbered("index", self._bodies(compose.index(digest, self._words)))

    def paper(self, paper: Paper) -> tuple[Message, ...]:
        return numbered(f"full/{paper.id}", self._bodies(compose.full(paper)))

    def notice(self, text: str) -> Message:
        return Message("notice", _body(split([Span(text)], LIMITS)[0], silent=False))

    def plain(self, body: Mapping[str, object]) -> Mapping[str, object]:
        kept = {name: value for name, value in body.items() if name != "parse_mode"}
        html = str(body["text"])
        with_addresses = unescape(_TAG.sub("", _LINK.sub(r"\2 (\1)", html)))
        fits = utf16(Span(with_addresses)) <= LONGEST_TEXT
        return {**kept, "text": with_addresses if fits else unescape(_TAG.sub("", html))}

    def _card(self, paper: Paper) -> Message:
        # The first part: monstrous addresses or emoji throughout are the only way to a second one.
        return Message(f"paper/{paper.id}", _body(split(compose.card(paper, self._words), LIMITS)[0], silent=True))

    def _bodies(self, spans: Spans) -> list[Mapping[str, object]]:
        return [_body(part, silent=place > 0) for place, part in enumerate(split(spans, LIMITS))]


def spell(spans: Iterable[Span]) -> str:
    """Write spans as HTML that Telegram parses without complaint."""
    return "".join(_block(style, list(run)) for style, run in groupby(spans, block_style))


def utf16(span: Span) -> int:
    """Count UTF-16 units, the larger of the two units that Telegram's pages and sources name."""
    return len(span.text.encode("utf-16-le")) // 2


def _raw_bytes(span: Span) -> int:
    return len(escape(span.text, quote=False).encode()) + _tag_bytes(span.url, span.styles)


@lru_cache(1024)
def _tag_bytes(url: str, styles: frozenset[str]) -> int:
    return len(spell([Span("", url, styles)]).encode())


def _entities(span: Span) -> int:
    return len(span.styles) + bool(span.url)


LONGEST_TEXT = 4096  # after parsing
# 32,768 bytes before; entities beyond the hundredth are silently dropped.
LIMITS: tuple[Limit, ...] = ((utf16, LONGEST_TEXT), (_raw_bytes, 32_768), (_entities, 100))


def _body(spans: Spans, *, silent: bool) -> Mapping[str, object]:
    return {
        "text": spell(spans),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
        "disable_notification": silent,
    }


def _block(style: str, spans: list[Span]) -> str:
    text = "".join(map(_letters, spans))
    tag = {"quote": "blockquote", "pre": "pre"}.get(style)
    return f"<{tag}>{text}</{tag}>" if tag else text


def _letters(span: Span) -> str:
    text = escape(span.text, quote=False)
    for style, tag in _TAGS:
        if style in span.styles and "pre" not in span.styles:
            text = f"<{tag}>{text}</{tag}>"
    url = links.safe(span.url)
    return f'<a href="{escape(url)}">{text}</a>' if url and "pre" not in span.styles else text
