"""Editions: what a digest renders to for chats with the same preferences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

THREAD = "thread"  # papers reply to their index; only such editions have spellings that begin so
LAYOUTS = ("messages", THREAD, "digest", "index")
FOLDED = "folded"  # what a chat may choose of its cards; the other is "short"
LINKED = "linked"
_WITH_CARDS = ("messages", THREAD)
_SILENT, _HERE, _FIRST = "silent", "here", "first"
_CODE = 2  # letters of a language (ISO 639-1); each other mark has more


@dataclass(frozen=True, slots=True)
class Edition:
    """How a digest is laid out. `str(edition)` is kept in ledgers: the layout, then what differs from the default."""

    layout: str = "messages"
    language: str = ""  # of the bot's own words; empty: what the operator set
    silent: bool = False  # the index makes no sound either
    buttons_in_chat: bool = False  # buttons are answered in the chat itself, not in a private one
    folded: bool = False  # a card holds the full summary, too, folded
    linked: bool = False  # the lines of the index lead to the messages of the chat itself
    cards: int = 0  # how many papers, from the first, get a card; 0: all of them

    def __str__(self) -> str:
        folded, linked = FOLDED * self.folded, LINKED * self.linked
        first = f"{_FIRST}{self.cards}" if self.cards else ""
        marks = (self.layout, self.language, _SILENT * self.silent, _HERE * self.buttons_in_chat, folded, linked, first)
        return " ".join(filter(None, marks))

    @classmethod
    def read(cls, spelled: str) -> Self:
        """Read what `str` wrote."""
        layout, *marks = spelled.split()
        first = next((int(mark[len(_FIRST) :]) for mark in marks if mark.startswith(_FIRST)), 0)
        language = next((mark for mark in marks if len(mark) == _CODE), "")
        silent, here, folded, linked = (mark in marks for mark in (_SILENT, _HERE, FOLDED, LINKED))
        return cls(layout, language, silent, here, folded, linked, first)


@dataclass(frozen=True, slots=True)
class UsualEdition:
    """What chats of one platform receive that chose nothing."""

    layout: str
    cards: str
    foldable: tuple[str, ...] = ()  # the layouts in which the platform can fold the full summaries
    linkable: tuple[str, ...] = ()  # which chats have links to their messages: patterns of addresses, with _ and %

    def folds(self, layout: str, cards: str = "") -> bool:
        """Tell whether a chat with these preferences, "" for none, gets the full summaries folded."""
        return self.cards_in(layout, cards) == FOLDED

    def cards_in(self, layout: str, chosen: str) -> str:
        """Give what such a chat gets, "folded" or "short"; "" where its layout folds nothing."""
        return (chosen or self.cards) if (layout or self.layout) in self.foldable else ""

    def has_cards(self, layout: str) -> bool:
        """Tell whether papers have messages of their own, to which an index can lead; "": in the usual layout."""
        return (layout or self.layout) in _WITH_CARDS

    def most_cards(self, layout: str, chosen: int) -> int:
        """Give to how many papers such a chat gets a card, 0 for all or where its layout has none."""
        return chosen if self.has_cards(layout) else 0

    def edition(self, language: str = "") -> Edition:
        return Edition(self.layout, language, folded=self.folds(self.layout))
