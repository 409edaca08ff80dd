"""Write messages as Slack Block Kit: `rich_text`, in which no character is markup.

Limits: docs.slack.dev, chat.postMessage and Block Kit; blocks of one message fail near 13,200
characters, which is not documented, so 10,000 are used.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate, groupby
from typing import Any

from formatters import compose, lines, links, slack_lists
from formatters.edition import Edition
from formatters.locale import Phrases
from formatters.message import USUAL, Message, numbered
from formatters.model import Digest, Paper
from formatters.page import Button, Item, Page, Rows, in_rows, reference
from formatters.spans import ITEM, MARK, Limit, Span, Spans, block_style, plain, shorten, split, tidy, without_direction

LONGEST_TEXT = 4000  # chat.update refuses a longer `text`
_ELEMENTS = {"": "rich_text_section", "quote": "rich_text_quote", "pre": "rich_text_preformatted"}
_STYLES = ("bold", "italic", "strike", "code")

_IN_A_BLOCK = 25  # buttons of an actions block
_MOST_BUTTONS = 200
_LONGEST_LABEL = 75  # characters of a button
_LONGEST_SECTION = 3000
# All apps of a workspace share the names of commands, so these are longer there (deploy/slack-manifest.yaml).
_COMMAND = re.compile(r"(?<![\w/])/(?=(?:search|subscribe|unsubscribe|settings|status|help)\b)", re.ASCII)


class SlackFormatter:
    """Make keyword arguments of `chat.postMessage`; `text` says the same for notifications and screen readers.

    With `buttons`, what is delivered carries buttons to the full summaries: for an app that listens.
    """

    channel = "slack"
    method = "chat.postMessage"

    def __init__(self, phrases: Phrases, *, buttons: bool = False) -> None:
        self._phrases = phrases
        self._buttons = buttons

    def in_language(self, phrases: Phrases) -> SlackFormatter:
        return SlackFormatter(phrases, buttons=self._buttons)

    def digest(self, digest: Digest, edition: Edition = USUAL) -> tuple[Message, ...]:
        match edition.layout:
            case "digest":
                return numbered("digest", self._listed(compose.compact(digest, self._phrases), digest))
            case "index":
                return numbered("index", self._listed(compose.index(digest, self._phrases), digest))
        index = _bodies(compose.index(digest, self._phrases))
        return (*numbered("index", index), *(self.card(digest, paper) for paper in digest.sent_papers))

    def paper(self, paper: Paper, rows: Rows = ()) -> tuple[Message, ...]:
        *firsts, last = _bodies(compose.full(paper, self._phrases))
        copied = [_code(one.copy) for row in rows for one in row if one.copy]
        pressed = [found for row in rows if (found := [one for one in row if not one.copy])]
        return numbered(
            f"full/{paper.id}", [*firsts, with_rows({**last, "blocks": [*last["blocks"], *copied]}, pressed)]
        )

    def page(self, page: Page) -> Message:
        listed = [span for item in page.items for span in (compose.GAP, *item.spans)]
        head, *_ = split(map(_slack_commands, page.head), _HEAD)
        body = _body((*head, *listed))
        top = {"type": "rich_text", "elements": spell(head)}
        items = [_section(item, position) for position, item in enumerate(page.items)]
        rows = [_actions(list(map(_in_slack, row)), f"row{position}") for position, row in enumerate(page.rows)]
        return Message("page", {**body, "blocks": [top, *items, *rows]})

    def notice(self, text: str) -> Message:
        return Message("notice", _bodies((_slack_commands(Span(text)),))[0])

    def plain(self, body: Mapping[str, object]) -> Mapping[str, object]:
        kept = {name: value for name, value in body.items() if name != "blocks"}
        with_addresses = escape("\n".join(_with_addresses(body["blocks"])))
        return {**kept, "text": with_addresses} if len(with_addresses) <= LONGEST_TEXT else kept

    def card(self, digest: Digest, paper: Paper, edition: Edition = USUAL) -> Message:  # noqa: ARG002
        # The first part: only extremely long addresses make a second one.
        body = _body(split(compose.summary_card(paper, self._phrases), LIMITS)[0])
        row = [_summary(digest, paper, self._phrases.full_summary)] if self._buttons else []
        return Message(f"paper/{paper.id}", with_buttons(body, row))

    def _listed(self, spans: Spans, digest: Digest) -> list[Mapping[str, object]]:
        """Write a digest as one text, with a button for each paper below the last part."""
        *firsts, last = _bodies(spans)
        papers = digest.papers[:_MOST_BUTTONS] if self._buttons else ()
        return [*firsts, with_buttons(last, [_summary(digest, paper, str(paper.number)) for paper in papers])]


def with_buttons(body: Mapping[str, Any], buttons: Sequence[Button]) -> Mapping[str, object]:
    """Put buttons below a message."""
    return with_rows(body, in_rows(buttons, _IN_A_BLOCK))


def with_rows(body: Mapping[str, Any], rows: Iterable[Sequence[Button]]) -> Mapping[str, object]:
    """Put rows of buttons below a message, and below those that it has."""
    there = sum(block["type"] == "actions" for block in body["blocks"])
    blocks = [_actions(row, f"row{position}") for position, row in enumerate(rows, there)]
    return {**body, "blocks": [*body["blocks"], *blocks]}


def spell(spans: Iterable[Span]) -> list[dict[str, object]]:
    """Write spans, which `tidy` made, as the elements of one `rich_text` block."""
    written: list[dict[str, object]] = []
    runs = [(kind, tuple(group)) for kind, group in groupby(spans, _kind)]
    for kind, run in runs:
        shown = tidy(run) if len(runs) > 1 else run  # a block begins and ends a line
        if (
            shown
            and not kind
            and written
            and written[-1]["type"] == "rich_text_list"
            and run[0].text.startswith("\n\n")
        ):
            shown = (Span("\n"), *shown)  # an empty line, as Slack's own editor writes it
        written += _elements(kind, shown)
    return written


def _kind(span: Span) -> str:
    return block_style(span) or (ITEM if ITEM in span.styles else "")


def _elements(kind: str, run: Spans) -> Iterable[dict[str, object]]:
    if kind == ITEM:
        return slack_lists.spell(run, _element)
    return [{"type": _ELEMENTS[kind], "elements": list(map(_element, run))}] if run else []


def escape(text: str) -> str:
    """Escape what Slack reads as markup in plain text (docs.slack.dev, "Escaping text")."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _characters(span: Span) -> int:
    return len(span.text) + len(span.url)


def _items(span: Span) -> int:
    return int(MARK in span.styles)


# A list, and a block, has at most 1,000 elements (the documentation gives no number; these are enough).
LIMITS: tuple[Limit, ...] = ((_characters, 10_000), (_items, 400))
_HEAD: tuple[Limit, ...] = ((_characters, LONGEST_TEXT),)  # leaves enough for a page of papers


def _slack_commands(span: Span) -> Span:
    """Name commands as they are typed in Slack."""
    return span._replace(text=_COMMAND.sub("/papers-", span.text))


def _in_slack(button: Button) -> Button:
    return replace(button, label=_COMMAND.sub("/papers-", button.label))


def _bodies(spans: Spans) -> list[Mapping[str, Any]]:
    return [_body(part) for part in split(spans, LIMITS)]


def _body(spans: Spans) -> Mapping[str, Any]:
    return {
        "text": _fallback(plain(spans)),
        "blocks": [{"type": "rich_text", "elements": spell(spans)}],
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _fallback(text: str) -> str:
    """Escape as much of a text as fits when escaped, without a cut inside an entity."""
    text = without_direction(text)
    escaped = escape(text)
    if len(escaped) <= LONGEST_TEXT:
        return escaped
    ends = list(accumulate(len(escape(character)) for character in text))
    return escape(shorten(f"{text}…", bisect_right(ends, LONGEST_TEXT - 1) + 1))


def _with_addresses(blocks: Any) -> Iterator[str]:
    """Read our own blocks as lines of text, the address of a link after its words, without buttons."""
    for block in blocks:
        if block["type"] == "rich_text":
            yield from ("".join(map(_with_address, line)) for part in block["elements"] for line in _lines_of(part))
        elif block["type"] == "section":
            yield f"\n{block['text']['text']}"


def _lines_of(part: Mapping[str, Any]) -> Iterator[Sequence[Mapping[str, str]]]:
    """Give the elements of a part, of a list those of each item behind its mark."""
    if part["type"] == "rich_text_list":
        yield from slack_lists.lines(part)
    else:
        yield part["elements"]


def _with_address(element: Mapping[str, str]) -> str:
    return f"{element['text']} ({element['url']})" if element["type"] == "link" else element["text"]


def _summary(digest: Digest, paper: Paper, label: str) -> Button:
    return Button(label, lines.spell_paper(reference(digest, paper)))


def _section(item: Item, position: int) -> dict[str, object]:
    """Write an item with its button beside it, in plain text, because mrkdwn cannot escape all signs."""
    beside = replace(item.button, label=item.button.short or item.button.label)
    text = shorten(plain(item.spans).strip(), _LONGEST_SECTION)
    return {"type": "section", "text": _text(text), "accessory": _button(beside, f"item{position}")}


def _actions(row: Sequence[Button], position: str) -> dict[str, object]:
    return {"type": "actions", "elements": [_button(one, f"{position}/{n}") for n, one in enumerate(row)]}


def _button(button: Button, position: str) -> dict[str, object]:
    """Write a button; what it does is its value, since ids of actions must differ."""
    label = _text(shorten(button.label, _LONGEST_LABEL))
    action = {"url": button.url} if button.url else {"value": button.line}
    return {"type": "button", "text": label, "action_id": f"line/{position}", **action}


def _code(text: str) -> dict[str, object]:
    """Write what is meant to be copied: Slack has no button for that."""
    return {"type": "rich_text", "elements": spell([Span(text, styles=frozenset({"pre"}))])}


def _text(text: str) -> dict[str, object]:
    return {"type": "plain_text", "text": without_direction(text), "emoji": False}


def _element(span: Span) -> dict[str, object]:
    styles = _STYLES if span.styles and "pre" not in span.styles else ()
    style = {name: True for name in styles if name in span.styles}
    url = links.safe(span.url) if span.url else ""
    kind: dict[str, object] = {"type": "link", "url": url} if url else {"type": "text"}
    return {**kind, "text": span.text, **({"style": style} if style else {})}
