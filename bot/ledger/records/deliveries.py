"""Chats, and what is sent to them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.database.states import ChatKind, ChatState, DeliveryState


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

    chat: int
    address: str  # of the chat, when it was read
    is_retried: bool  # whether the chat counts as paused, and is tried again
    delivery_ref: str  # empty until it is claimed for the first time
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
    deadline: float = math.inf  # of its call, once it is claimed, by `steady`

    @property
    def changes_links_alone(self) -> bool:
        return self.state == DeliveryState.STALE and self.tried_hash == self.hash

    def claimed(self, delivery_ref: str, thread: str, deadline: float) -> QueuedDelivery:
        """Give the row as it is sent: with its ref, under its parent, by its deadline."""
        return replace(self, delivery_ref=delivery_ref, thread=thread, deadline=deadline)


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
    probed_ids: Sequence[int]  # of messages of which one may be this reply, overwritten by a probe
