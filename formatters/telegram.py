"""Write messages as Telegram HTML.

Limits and tags: Telegram Bot API, sendMessage and "HTML style"; the limits of bytes and of entities
are found in the source code of its server only.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from html import escape, unescape
from itertools import groupby
from typing import Any

from formatters import compose, lines, links, placeholders
from formatters.edition import Edition
from formatters.locale import Phrases
from formatters.message import USUAL, Message, numbered, with_cards, without_cards
from formatters.model import Digest, Paper
from formatters.page import Button, Page, Rows, in_rows, reference
from formatters.spans import (
    BLOCKS,
    FOLD,
    Limit,
    Span,
    Spans,
    beginning,
    block_style,
    plain,
    shorten,
    split,
    tidy,
    without_direction,
)

_TAGS = (("bold", "b"), ("italic", "i"), ("strike", "s"), ("code", "code"))
_ENTITIES = {style for style, _ in _TAGS} | BLOCKS
_UNMENTIONED = frozenset({"code", "pre"})
_TAG = re.compile(r"<[^>]*>")
_LINK = re.compile(r'<a href="([^"]*)">(.*?)</a>', re.DOTALL)

# A link to the bot itself; the channel replaces "BOT" by the bot's name.
BOT = "https://t.me/BOT?start="
_IN_A_ROW = 8  # buttons (not documented; Telegram's clients show no more)
MOST_BUTTONS = 100
# What Telegram may take for a mention: "@" at the beginning of a word, even where the name is in the next span or
# behind a sign that the server drops. Addresses are left whole: nobody is mentioned in them.
_MENTION = re.compile(r"https?://(?:[a-z0-9-]+\.)+[a-z]{2,}/[A-Za-z0-9_/.~%@?=&+-]*|(?<!\w)@(?![ \n])")
_JOINER = "\u2060"  # has no width and breaks no line
_LONGEST_LABEL = 64  # characters of a button; a telephone shows half of it


class TelegramFormatter:
    """Make keyword arguments of `sendMessage`: the index makes a sound, papers are silent.

    With `buttons`, what is delivered carries buttons to the full summaries: for a bot that listens.
    """

    channel = "telegram"
    method = "sendMessage"

    def __init__(self, phrases: Phrases, *, buttons: bool = False) -> None:
        self._phrases = phrases
        self._buttons = buttons

    def in_language(self, phrases: Phrases) -> TelegramFormatter:
        return TelegramFormatter(phrases, buttons=self._buttons)

    def digest(self, digest: Digest, edition: Edition = USUAL, kept: Collection[str] = ()) -> tuple[Message, ...]:
        match edition.layout:
            case "digest":
                compact = compose.compact(digest, self._phrases)
                return numbered("digest", self._listed(compact, digest, edition, digest.papers))
            case "index":
                index = compose.index(digest, self._phrases)
                return numbered("index", self._listed(index, digest, edition, digest.papers))
        cards = with_cards(digest, edition, kept)
        index = compose.index(digest, self._phrases, linked=edition.linked)
        listed = self._listed(index, digest, edition, without_cards(digest, edition, cards))
        return (*numbered("index", listed), *(self.card(digest, paper, edition) for paper in cards))

    def paper(self, paper: Paper, rows: Rows = ()) -> tuple[Message, ...]:
        *firsts, last = _bodies(compose.full(paper, self._phrases))
        return numbered(f"full/{paper.id}", [*firsts, _with_keyboard(last, [list(map(_key, row)) for row in rows])])

    def page(self, page: Page) -> Message:
        listed = () if page.wide else tuple(span for item in page.items for span in (compose.GAP, *item.spans))
        # Only a page without items can be about chats, whose names are meant to be copied.
        shown = _mentioning_nobody((*page.head, *listed)) if page.items else page.head
        buttons = [item.button for item in page.items]
        rows = in_rows(buttons, 1 if page.wide else _IN_A_ROW)
        body = _body(split(shown, LIMITS)[0], silent=False)
        return Message("page", _with_keyboard(body, [list(map(_key, row)) for row in (*rows, *page.rows)]))

    def notice(self, text: str) -> Message:
        return Message("notice", _body(split([Span(text)], LIMITS)[0], silent=False))

    def plain(self, body: Mapping[str, object]) -> Mapping[str, object]:
        if "parse_mode" not in body:
            return body
        kept = {name: value for name, value in body.items() if name != "parse_mode"}
        html = str(body["text"])
        with_addresses = unescape(_TAG.sub("", _LINK.sub(r"\2 (\1)", html)))
        without = unescape(_TAG.sub("", html))
        # Here mentions would be found in what were links and code, too.
        texts = map(_without_mentions, (with_addresses, without))
        fitting = (text for text in texts if utf16(Span(text)) <= LONGEST_TEXT)
        return {**kept, "text": next(fitting, without)}

    def card(self, digest: Digest, paper: Paper, edition: Edition = USUAL) -> Message:
        # The first part: only extremely long addresses or a text of emoji make a second one.
        card = compose.summary_card(paper, self._phrases, linked=edition.linked)
        shown = split(_mentioning_nobody(card), LIMITS)[0]
        fold, is_whole = _fold(paper, shown) if edition.folded else ((), False)
        has_button = self._buttons and not is_whole
        rows = [[_summary(digest, paper, self._phrases.full_summary, edition)]] if has_button else []
        return Message(f"paper/{paper.id}", _with_keyboard(_body((*shown, *fold), silent=True), rows))

    def _listed(
        self, spans: Spans, digest: Digest, edition: Edition, papers: Sequence[Paper]
    ) -> list[Mapping[str, object]]:
        """Write a digest as one text, with a button for each of some papers below the last part."""
        *firsts, last = _bodies(spans, silent=edition.silent)
        pressed = papers[:MOST_BUTTONS] if self._buttons else ()
        keys = [_summary(digest, paper, str(paper.number), edition) for paper in pressed]
        return [*firsts, _with_keyboard(last, in_rows(keys, _IN_A_ROW))]


def spell(spans: Iterable[Span]) -> str:
    """Write spans as HTML that Telegram parses."""
    return "".join(_block(style, list(run)) for style, run in groupby(spans, block_style))


def utf16(span: Span) -> int:
    """Count UTF-16 units: of the units in Telegram's documentation and source code the stricter one."""
    return len(span.text) if span.text.isascii() else len(span.text.encode("utf-16-le", "surrogatepass")) // 2


def _raw_bytes(span: Span) -> int:
    style = block_style(span)
    return len(_letters(span).encode()) + (len(_block(style, [])) if style else 0)


def _entities(span: Span) -> int:
    return bool(span.url) + (len(span.styles & _ENTITIES) if span.styles else 0)


LONGEST_TEXT = 4096  # UTF-16 units after parsing
MOST_BYTES = 32_768  # before it (telegram-bot-api, Client.cpp)
MOST_ENTITIES = 100  # the rest is silently dropped
LIMITS: tuple[Limit, ...] = ((utf16, LONGEST_TEXT), (_raw_bytes, MOST_BYTES), (_entities, MOST_ENTITIES))

_CUT = Span("\n…")
_FRAME = Span(f"\n{_CUT.text}", styles=frozenset({FOLD}))  # what a fold costs besides what it holds


def _body(spans: Spans, *, silent: bool) -> Mapping[str, object]:
    return {
        "text": spell(spans),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
        "disable_notification": silent,
    }


def _fold(paper: Paper, shown: Spans) -> tuple[Spans, bool]:
    """Fold the full summary below what is shown, as much of it as fits; and tell whether nothing is lacking."""
    left = [(cost, most - sum(map(cost, (*shown, _FRAME)))) for cost, most in LIMITS]
    whole = tidy(map(_unquoted, _mentioning_nobody(compose.details(paper))))
    begun = beginning(whole, left)
    if begun == whole:
        return _folded(whole), not compose.is_cut(paper)
    begun = _without_last_heading(begun)
    return _folded((*begun, _CUT) if begun else ()), False


def _folded(inside: Spans) -> Spans:
    return (compose.LINE, *(span._replace(styles=span.styles | {FOLD}) for span in inside)) if inside else ()


def _unquoted(span: Span) -> Span:
    """Take a span out of its quote: Telegram allows no quote in a quote."""
    return span._replace(styles=span.styles - {"quote"}) if "quote" in span.styles else span


def _without_last_heading(spans: Spans) -> Spans:
    while spans and spans[-1].styles == compose.BOLD:
        spans = tidy(spans[:-1])
    return spans


def _bodies(spans: Spans, *, silent: bool = False) -> list[Mapping[str, object]]:
    parts = split(_mentioning_nobody(spans), LIMITS)
    return [_body(part, silent=silent or position > 0) for position, part in enumerate(parts)]


def _mentioning_nobody(spans: Iterable[Span]) -> Spans:
    """Break each "@name" of a post, so that nobody of that name is notified; links and code mention nobody."""
    spans = tuple(spans)
    if "@" not in plain(spans):
        return spans
    return tuple(
        span if _mentions_nobody(span) else span._replace(text=_without_mentions(span.text)) for span in tidy(spans)
    )


def _mentions_nobody(span: Span) -> bool:
    return bool((span.url and not placeholders.may_vanish(span.url)) or span.styles & _UNMENTIONED)


def _without_mentions(text: str) -> str:
    return _MENTION.sub(lambda found: f"@{_JOINER}" if found[0] == "@" else found[0], text) if "@" in text else text


def _with_keyboard(body: Mapping[str, object], rows: Sequence[Sequence[Mapping[str, Any]]]) -> Mapping[str, object]:
    return {**body, "reply_markup": {"inline_keyboard": rows}} if rows else body


def _summary(digest: Digest, paper: Paper, label: str, edition: Edition) -> Mapping[str, object]:
    """Make a button to a paper's full summary, answered in the chat or in the reader's private chat."""
    ref = reference(digest, paper)
    return _key(
        Button(label, lines.spell_paper(ref), url="" if edition.buttons_in_chat else f"{BOT}{lines.spell_start(ref)}")
    )


def _key(button: Button) -> Mapping[str, object]:
    return {"text": without_direction(shorten(button.label, _LONGEST_LABEL)), **_action(button)}


def _action(button: Button) -> Mapping[str, object]:
    if button.copy:
        return {"copy_text": {"text": button.copy}}
    return {"url": button.url} if button.url else {"callback_data": button.line}


def _block(style: str, spans: list[Span]) -> str:
    if style == FOLD:
        inside = spell(span._replace(styles=span.styles - {FOLD}) for span in spans)
        return f"<blockquote expandable>{inside}</blockquote>"
    text = "".join(map(_letters, spans))
    tag = {"quote": "blockquote", "pre": "pre"}.get(style)
    return f"<{tag}>{text}</{tag}>" if tag else text


@lru_cache(512)  # measured, then written
def _letters(span: Span) -> str:
    text = escape(span.text, quote=False)
    if "pre" in span.styles:
        return text
    for style, tag in _TAGS if span.styles else ():
        if style in span.styles:
            text = f"<{tag}>{text}</{tag}>"
    url = links.safe(span.url) if span.url else ""
    return f'<a href="{escape(url)}">{text}</a>' if url else text
