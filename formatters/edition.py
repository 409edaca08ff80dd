"""Editions: the ways in which one digest is laid out for chats."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

LAYOUTS = ("messages", "thread", "digest", "index")


@dataclass(frozen=True, slots=True)
class Edition:
    """Spelled as words, `str(edition)`: the layout, then what differs from the usual."""

    layout: str = "messages"
    language: str = ""  # of the bot's own words; empty: what the operator set
    silent: bool = False  # not even the index makes a sound
    here: bool = False  # buttons are answered in the chat itself, not in a private one

    def __str__(self) -> str:
        marks = (self.layout, self.language, "silent" * self.silent, "here" * self.here)
        return " ".join(filter(None, marks))

    @classmethod
    def read(cls, spelled: str) -> Self:
        """Read what `str` wrote."""
        layout, *marks = spelled.split()
        language = next((mark for mark in marks if mark not in {"silent", "here"}), "")
        return cls(layout, language, "silent" in marks, "here" in marks)
