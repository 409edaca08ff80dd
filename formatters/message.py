"""Messages, and the protocol of the formatters that make them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from formatters.edition import Edition
from formatters.locale import Phrases
from formatters.model import Digest, Paper
from formatters.page import Page, Rows

USUAL = Edition()


@dataclass(frozen=True, slots=True)
class Message:
    key: str  # "index", "index/2", "paper/2509.07969", …: the same when the wording changes
    body: Mapping[str, object]  # the keyword arguments of the send call, JSON-able


class Formatter(Protocol):
    """Write digests as the keyword arguments of one channel's send call."""

    @property
    def channel(self) -> str:
        """Name the medium: "telegram", "slack", "terminal"."""

    @property
    def method(self) -> str:
        """Name the platform's send call, as in its documentation."""

    def in_language(self, phrases: Phrases) -> Self:
        """Give the same formatter with the bot's own words in another language."""

    def digest(self, digest: Digest, edition: Edition = USUAL, kept: Collection[str] = ()) -> tuple[Message, ...]:
        """Lay a digest out, in the order of sending: by default the index, then exactly one message per paper.

        Where only some papers get a card, those whose ids are in `kept` have one already.
        """

    def card(self, digest: Digest, paper: Paper, edition: Edition = USUAL) -> Message:
        """Give a paper in short."""

    def paper(self, paper: Paper, rows: Rows = ()) -> tuple[Message, ...]:
        """Give the full summary: every section, in as many messages as it needs, with buttons below the last."""

    def page(self, page: Page) -> Message:
        """Give a page with its buttons."""

    def notice(self, text: str) -> Message:
        """Give a message with a text of the bot's own."""

    def plain(self, body: Mapping[str, object]) -> Mapping[str, object]:
        """Give the same message with less markup, for a platform that refused it; itself where none is left."""


def plainer(formatter: Formatter, body: Mapping[str, object], times: int) -> Mapping[str, object]:
    """Give the form of a message for a platform that refused it so many times."""
    for _ in range(times):
        body = formatter.plain(body)
    return body


def has_plainer(formatter: Formatter, body: Mapping[str, object], times: int) -> bool:
    """Tell whether to try a message again that was refused once more: the first time always."""
    return not times or plainer(formatter, body, times + 1) != plainer(formatter, body, times)


def with_cards(digest: Digest, edition: Edition, kept: Collection[str]) -> tuple[Paper, ...]:
    """List the papers that get a card: those that have one, and the first of the others until there are enough."""
    sent = digest.sent_papers
    if not edition.cards:
        return sent
    lacking = [paper.id for paper in sent if paper.id not in kept]
    free = max(0, edition.cards - (len(sent) - len(lacking)))
    return tuple(paper for paper in sent if paper.id in kept or paper.id in lacking[:free])


def without_cards(digest: Digest, edition: Edition, cards: Collection[Paper]) -> tuple[Paper, ...]:
    """List the papers that the index has buttons for: those without a card, where the edition has not one for each."""
    shown = {paper.id for paper in cards}
    return tuple(paper for paper in digest.papers if paper.id not in shown) if edition.cards else ()


def numbered(stem: str, bodies: list[Mapping[str, object]]) -> tuple[Message, ...]:
    """Key the parts of one text: `stem`, `stem/2`, `stem/3`…"""
    keys = [stem, *(f"{stem}/{part}" for part in range(2, len(bodies) + 1))]
    return tuple(Message(key, body) for key, body in zip(keys, bodies, strict=True))
