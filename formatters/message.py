"""Messages, and the protocol of the formatters that make them."""

from __future__ import annotations

from collections.abc import Mapping
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

    def digest(self, digest: Digest, edition: Edition = USUAL) -> tuple[Message, ...]:
        """Lay a digest out, in the order of sending: by default the index, then exactly one message per paper."""

    def card(self, digest: Digest, paper: Paper, edition: Edition = USUAL) -> Message:
        """Give a paper in short."""

    def paper(self, paper: Paper, rows: Rows = ()) -> tuple[Message, ...]:
        """Give the full summary: every section, in as many messages as it needs, with buttons below the last."""

    def page(self, page: Page) -> Message:
        """Give a page with its buttons."""

    def notice(self, text: str) -> Message:
        """Give a message with a text of the bot's own."""

    def plain(self, body: Mapping[str, object]) -> Mapping[str, object]:
        """Give the same message without any markup, for a platform that refused the markup."""


def numbered(stem: str, bodies: list[Mapping[str, object]]) -> tuple[Message, ...]:
    """Key the parts of one text: `stem`, `stem/2`, `stem/3`…"""
    keys = [stem, *(f"{stem}/{part}" for part in range(2, len(bodies) + 1))]
    return tuple(Message(key, body) for key, body in zip(keys, bodies, strict=True))
