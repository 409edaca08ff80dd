"""An answer with buttons, the same for every channel; each button is a line that could be typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import blake2s
from typing import TypeVar

from formatters.model import Digest, Paper
from formatters.spans import Spans

One = TypeVar("One")


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    line: str = ""  # that pressing it sends, a command with ids: at most 64 bytes, the smallest limit of a platform
    typed: str = ""  # what a person types instead where there are no buttons; empty: the line itself
    url: str = ""  # opened by the press instead of sending the line
    copy: str = ""  # put on the clipboard by the press instead of sending the line
    short: str = ""  # the label where the text of its item stands beside it; empty: the label itself


Rows = tuple[tuple[Button, ...], ...]


@dataclass(frozen=True, slots=True)
class Item:
    """One of several things to choose from."""

    spans: Spans
    button: Button


@dataclass(frozen=True, slots=True)
class Page:
    head: Spans
    items: tuple[Item, ...] = ()
    rows: Rows = ()  # below all items
    wide: bool = False  # the buttons say it all: their items get no text


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A paper of the archive, as a list shows it."""

    ref: str
    number: int  # in its digest
    title: str
    line: str  # one sentence, empty where the post has none
    day: date
    source: str = ""  # by which people tell it from others with its number and day


def reference(digest: Digest, paper: Paper) -> str:
    """Name a paper of a digest in 16 hex digits, the same for ever: what buttons and deep links hold."""
    return blake2s(f"{digest.id}\0{paper.id}".encode(), digest_size=8).hexdigest()


def in_rows(buttons: Sequence[One], most: int) -> list[Sequence[One]]:
    """Lay buttons out in rows of at most `most`."""
    return [buttons[start : start + most] for start in range(0, len(buttons), most)]
