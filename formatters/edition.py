"""Editions: what a digest renders to for chats with the same preferences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

THREAD = "thread"  # papers reply to their index; only such editions have spellings that begin so
LAYOUTS = ("messages", THREAD, "digest", "index")
_SILENT, _HERE = "silent", "here"


@dataclass(frozen=True, slots=True)
class Edition:
    """How a digest is laid out. `str(edition)` is kept in ledgers: the layout, then what differs from the default."""

    layout: str = "messages"
    language: str = ""  # of the bot's own words; empty: what the operator set
    silent: bool = False  # the index makes no sound either
    buttons_in_chat: bool = False  # buttons are answered in the chat itself, not in a private one

    def __str__(self) -> str:
        marks = (self.layout, self.language, _SILENT * self.silent, _HERE * self.buttons_in_chat)
        return " ".join(filter(None, marks))

    @classmethod
    def read(cls, spelled: str) -> Self:
        """Read what `str` wrote."""
        layout, *marks = spelled.split()
        language = next((mark for mark in marks if mark not in {_SILENT, _HERE}), "")
        return cls(layout, language, _SILENT in marks, _HERE in marks)
