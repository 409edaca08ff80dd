"""How things stand, and what is wrong, as operators are shown it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from bot.database.states import DeliveryState, DigestState, IncidentKind


class DerivedState(StrEnum):
    """What is shown in place of the state of a delivery where it says more; these words are in no ledger."""

    SCHEDULED = "scheduled"
    """It is pending and waits for its chat's hour."""
    DISCARDED = "discarded"
    """It is failed because the operator gave it up."""


@dataclass(frozen=True, slots=True)
class ChatStatus:
    """One line of `status`: how a digest stands in a chat."""

    source: str
    digest: str
    channel: str
    chat: str
    counts: dict[str, int]  # by state
    problems: list[str]  # why rows are failed or unconfirmed, or the chat paused
    title: str  # empty: not known
    address: str  # where it is now
    label: str  # all of it as people read it


@dataclass(frozen=True, slots=True)
class Totals:
    """How a digest stands in all chats together."""

    chats: int  # that have or shall have it
    counts: dict[str, int]  # messages by state
    problems: list[str]  # what was refused or lost in which chat, the first lines of them
    more: int  # further lines


@dataclass(frozen=True, slots=True)
class PausedChat:
    """A chat that cannot be written to."""

    channel: str
    chat: str
    since: float | None  # seconds since 1970; None: not known
    why: str
    is_tried: bool  # the next message is sent; whether the chat takes it is not known yet
    is_reader: bool  # one person, who subscribed and blocks the bot
    title: str  # empty: not known
    address: str  # where it is now
    label: str  # all of it as people read it


@dataclass(frozen=True, slots=True)
class PausedTotals:
    """How many chats are paused."""

    chats: int  # without single readers
    first: list[PausedChat]
    readers: int  # who block the bot


@dataclass(frozen=True, slots=True)
class DigestStatus:
    """How a digest stands, whether or not a chat has anything of it."""

    source: str
    name: str
    state: DigestState
    reason: str  # a sentence
    papers: int
    waits: bool  # its post looks unfinished
    is_over: bool  # it is not kept any more what became of it


@dataclass(frozen=True, slots=True)
class Incident:
    """Something that operators must know of, once as long as it lasts."""

    key: str
    kind: IncidentKind
    where: str  # a chat by title and address, for people
    why: str
    is_news: bool = True  # else it may still be mended by itself
    untitled: str = ""  # of a chat: the same by address alone, for the log


@dataclass(frozen=True, slots=True)
class WeekTotals:
    """What came in a week, and how things stand now."""

    digests: int  # that were delivered, or are under way
    chats: int  # that receive, without single readers who block the bot
    readers: int  # who block it


@dataclass(frozen=True, slots=True)
class Selection:
    """Which deliveries an operator means; what is not named is meant whole."""

    chat: str = ""  # its name or its address, each with the channel before it or without
    digest: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class StuckMessage:
    """A message that a person settles, by the names of a Selection that means it alone."""

    chat: str
    digest: str
    key: str
    state: DeliveryState
    why: str
    title: str  # of the chat; empty: not known
    address: str  # where it is now


@dataclass(frozen=True, slots=True)
class PostAppearance:
    """A post that appeared."""

    day: date
    found_at: float  # seconds since 1970
    seen: bool  # it came while we looked; else it was there at the first look
