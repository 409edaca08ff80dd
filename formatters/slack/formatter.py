"""Write messages as Slack Block Kit: `rich_text`, in which no character is markup.

Limits: docs.slack.dev, chat.postMessage and Block Kit.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from formatters import compose
from formatters.edition import THREAD, Edition
from formatters.locale import Phrases
from formatters.message import USUAL, Message, numbered, with_cards, without_cards
from formatters.model import Digest, Paper
from formatters.page import Button, Page, Rows
from formatters.slack import containers, limits, rich_text
from formatters.slack.bodies import bodies, body, with_text, without_blocks
from formatters.slack.buttons import actions, section, summary, with_buttons, with_rows
from formatters.spans import Limit, Span, Spans, plain, split, tidy

_MOST_BUTTONS = 200
# All apps of a workspace share the names of commands, so these are longer there (deploy/slack-manifest.yaml).
_COMMAND = re.compile(r"(?<![\w/])/(?=(?:search|subscribe|unsubscribe|settings|status|help)\b)", re.ASCII)
_HEAD: tuple[Limit, ...] = ((rich_text.characters, limits.TEXT),)  # leaves enough for a page of papers


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

    def digest(self, digest: Digest, edition: Edition = USUAL, kept: Collection[str] = ()) -> tuple[Message, ...]:
        match edition.layout:
            case "digest" if edition.folded:
                return numbered("digest", self._folded(digest))
            case "digest":
                compact = compose.compact(digest, self._phrases)
                return numbered("digest", self._listed(compact, digest, digest.papers))
            case "index":
                index = compose.index(digest, self._phrases)
                return numbered("index", self._listed(index, digest, digest.papers))
        cards = with_cards(digest, edition, kept)
        index = compose.index(digest, self._phrases, linked=edition.linked)
        listed = self._listed(index, digest, without_cards(digest, edition, cards))
        return (*numbered("index", listed), *(self.card(digest, paper, edition) for paper in cards))

    def paper(self, paper: Paper, rows: Rows = ()) -> tuple[Message, ...]:
        *firsts, last = bodies(compose.full(paper, self._phrases))
        copied = [_code(one.copy) for row in rows for one in row if one.copy]
        pressed = [found for row in rows if (found := [one for one in row if not one.copy])]
        return numbered(
            f"full/{paper.id}", [*firsts, with_rows({**last, "blocks": [*last["blocks"], *copied]}, pressed)]
        )

    def page(self, page: Page) -> Message:
        listed = [span for item in page.items for span in (compose.GAP, *item.spans)]
        head, *_ = split(map(_slack_commands, page.head), _HEAD)
        items = [section(item, position) for position, item in enumerate(page.items)]
        rows = [actions(list(map(_in_slack, row)), f"row{position}") for position, row in enumerate(page.rows)]
        return Message("page", with_text(plain((*head, *listed)), [rich_text.block(head), *items, *rows]))

    def notice(self, text: str) -> Message:
        return Message("notice", bodies((_slack_commands(Span(text)),))[0])

    def plain(self, body: Mapping[str, Any]) -> Mapping[str, object]:
        if "blocks" not in body:
            return body
        if not containers.are_in(body["blocks"]):
            return without_blocks(body)
        return {**body, "blocks": containers.unfolded(body["blocks"])}

    def card(self, digest: Digest, paper: Paper, edition: Edition = USUAL) -> Message:
        card = compose.summary_card(paper, self._phrases, linked=edition.linked)
        whole = self._with_full(paper, card, edition) if edition.folded else None
        # The first part: only extremely long addresses make a second one.
        shown = whole or body(split(card, rich_text.LIMITS)[0])
        has_button = self._buttons and (whole is None or compose.is_cut(paper))
        row = [summary(digest, paper, self._phrases.full_summary)] if has_button else []
        return Message(f"paper/{paper.id}", with_buttons(shown, row))

    def _with_full(self, paper: Paper, card: Spans, edition: Edition) -> Mapping[str, object] | None:
        """Write a card with the full summary, in a thread open and elsewhere folded; None where it is too long."""
        below = compose.details(paper)
        if edition.layout == THREAD:
            whole = split((*card, *below), rich_text.LIMITS)
            return body(whole[0]) if len(whole) == 1 else None
        shown, *more = split(card, rich_text.LIMITS)
        blocks = None if more else containers.with_full([rich_text.block(shown)], paper, self._phrases)
        return with_text(plain((*shown, *below)), blocks) if blocks else None

    def _folded(self, digest: Digest) -> list[Mapping[str, object]]:
        """Write a digest whose papers open at a press."""
        *firsts, head = split((*compose.head(digest, self._phrases), *compose.preface(digest)), rich_text.LIMITS)
        entries = ((compose.entry(paper, self._phrases), self._container(digest, paper)) for paper in digest.papers)
        packed = containers.packed(head, entries)
        return [*map(body, firsts), *(with_text(plain(tidy(said)), blocks) for said, blocks in packed)]

    def _container(self, digest: Digest, paper: Paper) -> Mapping[str, object]:
        button = summary(digest, paper, self._phrases.full_summary) if self._buttons else None
        return containers.of_paper(paper, self._phrases, button)

    def _listed(self, spans: Spans, digest: Digest, papers: Sequence[Paper]) -> list[Mapping[str, object]]:
        """Write a digest as one text, with a button for each of some papers below the last part."""
        *firsts, last = bodies(spans)
        pressed = papers[:_MOST_BUTTONS] if self._buttons else ()
        return [*firsts, with_buttons(last, [summary(digest, paper, str(paper.number)) for paper in pressed])]


def _slack_commands(span: Span) -> Span:
    """Name commands as they are typed in Slack."""
    return span._replace(text=_COMMAND.sub("/papers-", span.text))


def _in_slack(button: Button) -> Button:
    return replace(button, label=_COMMAND.sub("/papers-", button.label))


def _code(text: str) -> dict[str, object]:
    """Write what is meant to be copied: Slack has no button for that."""
    return rich_text.block([Span(text, styles=frozenset({"pre"}))])
