"""Write messages as Rich console markup, with the address of each paper visible."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from formatters import compose, lines, links
from formatters.edition import Edition
from formatters.locale import Phrases
from formatters.message import USUAL, Message, with_cards
from formatters.model import Digest, Paper
from formatters.page import Button, Page, Rows
from formatters.spans import Span, tidy

_TAGS = {"bold": "bold", "italic": "italic", "strike": "strike", "code": "cyan", "pre": "cyan", "quote": "dim"}
_DIM = frozenset({"quote"})
# Control characters, which a terminal obeys instead of showing; tab and line end stay.
_OBEYED = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)])
# An open bracket, the backslashes before it, and whether Rich would take it for a tag.
_BRACKET = re.compile(r"(\\*)\[(?=([a-z#/@][^\[]*?\])?)")


class TerminalFormatter:
    """Make keyword arguments of the terminal channel: one `markup` text, of any length."""

    channel = "terminal"
    method = "print"

    def __init__(self, phrases: Phrases) -> None:
        self._phrases = phrases

    def in_language(self, phrases: Phrases) -> TerminalFormatter:
        return TerminalFormatter(phrases)

    def digest(self, digest: Digest, edition: Edition = USUAL, kept: Collection[str] = ()) -> tuple[Message, ...]:
        if edition.layout == "digest":
            return (Message("digest", _body(compose.compact(digest, self._phrases))),)
        index = Message("index", _body(compose.index(digest, self._phrases)))
        cards = () if edition.layout == "index" else with_cards(digest, edition, kept)
        return (index, *(self.card(digest, paper, edition) for paper in cards))

    def paper(self, paper: Paper, rows: Rows = ()) -> tuple[Message, ...]:
        spans = [*compose.full(paper, self._phrases), *_address(paper), *_below(rows)]
        return (Message(f"full/{paper.id}", _body(spans)),)

    def page(self, page: Page) -> Message:
        """Show for each button the line to type instead."""
        items = [span for item in page.items for span in (compose.GAP, *item.spans, *_typed(item.button))]
        return Message("page", _body([*page.head, *items, *_below(page.rows)]))

    def notice(self, text: str) -> Message:
        return Message("notice", _body([Span(text)]))

    def plain(self, body: Mapping[str, object]) -> Mapping[str, object]:
        return body  # a terminal refuses nothing

    def card(self, digest: Digest, paper: Paper, edition: Edition = USUAL) -> Message:
        """Show below a folded card what to type for the full summary: a terminal unfolds nothing."""
        card = [*compose.summary_card(paper, self._phrases), *_address(paper)]
        typed = f"▸ {self._phrases.full_summary}: {lines.spell_numbered(paper.number, digest.day)}"
        below = [compose.LINE, Span(typed, styles=_DIM)] if edition.folded and paper.sections else []
        return Message(f"paper/{paper.id}", _body([*card, *below]))


def spell(spans: Iterable[Span]) -> str:
    """Write spans as markup of rich.console."""
    runs = tidy(Span(span.text.translate(_OBEYED), links.safe(span.url), span.styles & _TAGS.keys()) for span in spans)
    return "".join(_letters(run, ends_all=run is runs[-1]) for run in runs)


def _body(spans: Iterable[Span]) -> Mapping[str, object]:
    return {"markup": spell(spans)}


def _typed(button: Button) -> list[Span]:
    """Show the line to type instead of a press, the address that it opens, or the text that it copies."""
    if button.url:
        return [compose.LINE, Span("  "), Span(button.url, button.url)]
    shown = (button.copy or button.typed or button.line).split("\n")
    return [span for line in shown for span in (compose.LINE, Span(f"  {line}", styles=_DIM))]


def _below(rows: Rows) -> list[Span]:
    return [span for row in rows for one in row for span in (compose.GAP, Span(one.label), *_typed(one))]


def _address(paper: Paper) -> list[Span]:
    """Show the paper's address itself, because not every terminal can link words."""
    url = links.safe(paper.url)
    return [compose.LINE, Span(url, url)] if url else []


def _letters(span: Span, *, ends_all: bool) -> str:
    """Escape more than `rich.markup.escape`, which loses or doubles backslashes before tags."""
    text = _BRACKET.sub(lambda found: f"{found[1] * (2 if found[2] else 1)}\\[", span.text)
    tagged = span.url or span.styles
    if tagged or not ends_all:
        text += text[len(text.rstrip("\\")) :]
    for style, tag in _TAGS.items():
        if style in span.styles:
            text = f"[{tag}]{text}[/{tag}]"
    return f"[link={span.url}]{text}[/link]" if span.url else text
