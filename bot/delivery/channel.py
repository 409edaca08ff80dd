"""The two shapes to implement: where digests come from, and where messages go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.database.states import ChatKind
from formatters.message import Formatter


@dataclass(frozen=True, slots=True)
class UnconfirmedSend:
    """What is known about a send whose answer was lost."""

    ref: str  # travelled with the message where the platform allows it
    body: Mapping[str, object]
    thread: str  # the parent's remote id, "" outside threads
    attempted_at: float  # seconds since 1970
    after: int  # the last numeric id of the counter known to be older, 0 when none is
    after_at: float  # when that one was sent
    taken: frozenset[int]  # later ids of the counter that are accounted for
    others: int = 0  # other sends of the counter in doubt: ids that nobody knows yet


@dataclass(frozen=True, slots=True)
class Delivered:
    """The doubtful message stands in the chat."""

    remote_id: str


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """The doubtful message is surely not in the chat."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """The platform does not let us find out."""

    why: str


class Channel(Protocol):
    """Where messages go: one medium and one bot in it.

    Every call raises SendError alone for what the platform or the network does.
    """

    @property
    def name(self) -> str: ...

    @property
    def formatter(self) -> Formatter: ...

    def id_sequence(self, address: str) -> str:
        """Name the sequence that a chat's message ids count up in."""

    async def chat_kind(self, address: str) -> ChatKind:
        """Tell what a chat is."""

    async def canonical_address(self, address: str) -> str:
        """Give a chat's address as the platform numbers it, under which its people may have subscribed."""

    async def prepare(self, body: Mapping[str, object]) -> None:
        """Find out beforehand what sending this needs, so that nothing comes between a turn and its call."""

    async def acquire_turn(self, address: str, *, reply: bool = False, ahead: float = 0.0) -> float:
        """Wait until one more call to this chat keeps every limit, and give that time, of the event loop's clock.

        With `lead` it comes up to so many seconds earlier.
        """

    async def send(self, address: str, body: Mapping[str, object], *, ref: str, thread: str) -> str:
        """Send a message and give its remote id."""

    async def edit(self, address: str, remote_id: str, body: Mapping[str, object]) -> None:
        """Make a message that stands in the chat read as `body`; the same content is a success."""

    async def reconcile(self, address: str, unconfirmed: UnconfirmedSend) -> Delivered | NotDelivered | Undecided:
        """Find out whether a doubtful message was delivered; may edit it into its own content."""

    async def check(self, addresses: Sequence[str]) -> Sequence[tuple[str, str]]:
        """Check the bot and its rights in each chat: pairs of what was checked and what to do, "" when well."""

    async def close(self) -> None: ...
