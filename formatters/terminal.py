"""Spell messages as Rich console markup, addresses in sight where they matter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rich.markup import escape

from formatters import compose, links
from formatters.locale import Words
from formatters.markdown import Span
from formatters.message import Message
from formatters.model import Digest, Paper

_TAGS = (("bold", "bold"), ("italic", "italic"), ("code", "cyan"), ("pre", "cyan"), ("quote", "dim"))


class TerminalFormatter:
    """Make keyword arguments of the terminal channel: one `markup` text, of any length."""

    channel = "terminal"
    method = "print"

    def __init__(self, words: Words) -> None:
        self._words = words

    def digest(self, digest: Digest) -> tuple[Message, ...]:
        return (*self.contents(digest), *map(self._card, digest.papers))

    def contents(self, digest: Digest) -> tuple[Message, ...]:
        return (Message("index", _body(compose.index(digest, self._words))),)

    def paper(self, paper: Paper) -> tuple[Message, ...]:
        return (Message(f"full/{paper.id}", _body([*compose.full(paper), *_address(paper)])),)

    def notice(self, text: str) -> Message:
        return Message("notice", _body([Span(text)]))

    def plain(self, body: Mapping[str, object]) -> Mapping[str, object]:
        return body  # a terminal refuses nothing

    def _card(self, paper: Paper) -> Message:
        return Message(f"paper/{paper.id}", _body([*compose.card(paper, self._words), *_address(paper)]))


def spell(spans: Iterable[Span]) -> str:
    """Write spans as markup of rich.console."""
    return "".join(map(_letters, spans))


def _body(spans: Iterable[Span]) -> Mapping[str, object]:
    return {"markup": spell(spans)}


def _address(paper: Paper) -> list[Span]:
    """Show the paper's address itself: not every terminal makes links of words."""
    url = links.safe(paper.url)
    return [compose.LINE, Span(url, url)] if url else []


def _letters(span: Span) -> str:
    text = escape(span.text)
    for style, tag in _TAGS:
        if style in span.styles:
            text = f"[{tag}]{text}[/{tag}]"
    url = links.safe(span.url)
    return f"[link={url}]{text}[/link]" if url else text
