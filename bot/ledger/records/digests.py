"""Digests: what the ledger knows of one, and what shall become of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from bot.database.reasons import NOTHING, Cause, Reason
from bot.database.states import DigestState, Unplanned
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
    unplanned: Unplanned = Unplanned.NOTHING
    is_over: bool = False  # so old that it is not kept who holds it: nothing more becomes of it

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


async def nothing() -> None:
    """Do nothing."""


@dataclass(frozen=True, slots=True)
class Queueing:
    """How deliveries are queued."""

    openings: Mapping[str, float] = field(default_factory=dict)  # by schedule: from when on its chats may receive
    on_queued: Callable[[], Awaitable[object]] = nothing  # called each time that some were: others may dispatch them


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
