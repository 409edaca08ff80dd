"""What goes in and out of the ledger."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum

from bot.database.reasons import NOTHING, Cause, Reason
from bot.database.states import ChatKind, ChatState, DeliveryState, DigestState, IncidentKind
from formatters.message import Message
from formatters.model import Digest

RELEASED = 0.0  # as `held_since`: the operator released the post, so it is waited for no longer


@dataclass(frozen=True, slots=True)
class KnownDigest:
    """What the ledger knows of a digest."""

    name: str
    post: str
    day: date
    fingerprint: str
    state: DigestState
    reason: Reason
    papers: int
    found_at: float  # when its papers were first seen
    held_since: float | None  # when its post was first seen unfinished, while it is; or RELEASED
    paper_ids: frozenset[str] = frozenset()
    told_apart: bool = True  # from other posts of its series and day
    is_recalling: bool = False  # messages of it are still to be deleted somewhere

    @property
    def is_dropped(self) -> bool:
        return self.state is DigestState.SKIPPED and self.reason.cause is Cause.DROPPED


@dataclass(frozen=True, slots=True)
class PlannedDigest:
    """What shall become of one digest, with its content."""

    digest: Digest
    post: str
    fingerprint: str
    state: DigestState
    reason: Reason = NOTHING
    held_since: float | None = None
    may_edit: bool = True  # messages that the ledger holds may change
    to_new_chats: bool = False  # chats that have nothing of it yet receive it
    to_returned_chats: bool = False  # those of them that received when it was found, and were away, receive it
    lifts_drop: bool = False  # it was dropped, and is new; nothing else takes a drop back
    by_hand: bool = False  # chats receive it because the operator says so
    only_chat: int = 0  # the one that does; 0: all

    @property
    def name(self) -> str:
        return self.digest.id


@dataclass(frozen=True, slots=True)
class StatusChange:
    """The new state of a digest whose content stays as it is."""

    name: str
    state: DigestState
    reason: Reason
    held_since: float | None


@dataclass(frozen=True, slots=True)
class RenderedEdition:
    """A digest as one edition of a channel reads it."""

    channel: str
    edition: str
    messages: Sequence[tuple[Message, str]]  # with the hash of each body
    unchanged: Collection[str] = ()  # keys of those that the edit of the post changed nothing in


@dataclass(frozen=True, slots=True)
class Chat:
    id: int
    channel: str
    name: str
    address: str
    id_sequence: str
    label: str  # what people read: channel, title and address


@dataclass(frozen=True, slots=True)
class Pause:
    """That a chat cannot be written to."""

    of: int  # the chat
    why: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """A chat with its preferences; an empty one is what the operator set."""

    id: int
    channel: str
    name: str
    address: str
    kind: ChatKind
    state: ChatState
    reason: str  # why it is paused
    layout: str
    language: str
    silent: bool
    schedule: str  # "08:00 mon-fri Asia/Seoul"
    paused_at: float | None  # since when it counts as paused, also while it is tried again; 0: not known
    sources: str  # whose digests its people want, a JSON list of names
    cards: str  # "folded" or "short"
    most_cards: int  # how many papers, from the first, get a card; 0: all

    @property
    def receives(self) -> bool:
        return self.state != ChatState.REMOVED

    @property
    def is_open(self) -> bool:
        return self.receives and self.paused_at is None


@dataclass(frozen=True, slots=True)
class QueuedDelivery:
    """One delivery that is sent, edited or confirmed next, with all that this needs."""

    id: int
    delivery_ref: str
    state: DeliveryState
    hash: str  # of the body that is wanted now
    key: str
    plain: int  # how many times it was refused, each time in a plainer form
    attempts: int
    not_before: float
    remote_id: str
    tried_hash: str  # of the body last sent, delivered or not
    thread: str  # in a threaded layout, the parent's remote id that it went under
    id_sequence: str  # of the chat when it was sent; empty: not known, or not sent yet
    message: int
    digest: str  # its name
    edition: str  # as it is spelled
    body: Mapping[str, object]
    version: int  # of the ledger when it was read

    @property
    def changes_links_alone(self) -> bool:
        return self.state == DeliveryState.STALE and self.tried_hash == self.hash

    def in_thread(self, thread: str) -> QueuedDelivery:
        """Give the row as it is sent: under its parent."""
        return replace(self, thread=thread)


@dataclass(frozen=True, slots=True)
class KnownIds:
    """What is known of the message ids of an id sequence, to find out whether one of its sends arrived."""

    last: int  # known before that send, 0 when none is
    last_at: float  # when that message was sent; 0: not known
    later: frozenset[int]  # that are accounted for
    unconfirmed_sends: int  # other sends of which nobody knows whether they arrived


@dataclass(frozen=True, slots=True)
class UnconfirmedReply:
    """A reply that is under way, or whose answer was lost."""

    number: int  # in the ledger
    address: str
    body: Mapping[str, object]
    tried_at: float  # seconds since 1970
    overwritten_id: int | None  # of the message that a probe overwrote and that is not written back yet


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
