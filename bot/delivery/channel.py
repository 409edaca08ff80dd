"""The port to the platforms: what a channel does, and the kit that describes one."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

from bot.config.settings import USUAL_CARDS, Settings
from bot.database.states import ChatKind
from bot.ledger.records.deliveries import KnownIds, QueuedDelivery, UnconfirmedReply
from bot.ledger.writing.deadline import SOLE, Right
from formatters import placeholders
from formatters.edition import UsualEdition
from formatters.locale import Phrases
from formatters.message import Formatter

_LONGEST_TITLE = 128  # characters, as in Telegram; Slack allows 80
_MOST_TITLES = 10_000  # a minute's are far fewer; those of a run by hand that are left out are heard at the next one
_JOINERS = {"\u200c", "\u200d"}  # parts of words and of pictures
_INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}  # ends of lines, marks that turn the direction of writing


class Replies(Protocol):
    """The replies that are under way or unconfirmed, each with a number: looking for a send may overwrite one."""

    async def unconfirmed(self, channel: str, id_sequence: str) -> Sequence[UnconfirmedReply]:
        """List those of an id sequence, older first."""

    async def probing(self, numbers: Collection[int], remote_ids: Sequence[int]) -> None:
        """Commit under which ids replies may be overwritten from now on, in place of those committed before."""

    async def overwritten(self, number: int, remote_id: int) -> None:
        """Commit that a reply was found under this id and overwritten."""

    async def forget(self, *numbers: int) -> None:
        """Commit that replies read as they were sent."""


@dataclass(frozen=True, slots=True)
class UnconfirmedSend:
    """What is known about a send whose answer was lost."""

    delivery_ref: str  # travelled with the message where the platform allows it
    body: Mapping[str, object]
    thread: str  # the parent's remote id, "" outside threads
    attempted_at: float  # seconds since 1970
    after: int  # the last numeric id of the id sequence known to be older, 0 when none is
    after_at: float  # when that one was sent
    taken: frozenset[int]  # later ids of the sequence that are accounted for
    others: int = 0  # other unconfirmed sends of the sequence: ids that nobody knows yet
    is_reworded: bool = False  # the body may not be the one that was sent: the post or what it leads to changed
    replies: Replies | None = None  # where they are kept
    right: Right = SOLE

    @classmethod
    def of_row(
        cls, row: QueuedDelivery, body: Mapping[str, object], tried: float, known: KnownIds, *others: Any
    ) -> Self:
        """Put together what the ledger knows of a send that was tried at `tried`, with the fields behind."""
        told = (row.delivery_ref, body, row.thread, tried, known.last, known.last_at, known.later)
        # What leads to messages of the chat may have led elsewhere, or nowhere, when it was sent.
        is_reworded = row.tried_hash != row.hash or bool(placeholders.refs(row.body))
        return cls(*told, known.unconfirmed_sends, is_reworded, *others)


@dataclass(frozen=True, slots=True)
class Delivered:
    """The message stands in the chat."""

    remote_id: str


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """The message is surely not in the chat."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """The platform does not let us find out."""

    why: str


class HeardTitles:
    """What the platform said lately of how chats are called, until it is written down."""

    def __init__(self) -> None:
        self._heard: dict[str, str] = {}

    def hear(self, title: str | None, *addresses: str) -> None:
        """Note how a chat is called that has these addresses; people write what they like into titles."""
        letters = (c if c in _JOINERS or unicodedata.category(c) not in _INVISIBLE else " " for c in title or "")
        if words := "".join(letters).split():
            self._heard |= dict.fromkeys(addresses, " ".join(words)[:_LONGEST_TITLE])
        while len(self._heard) > _MOST_TITLES:
            del self._heard[next(iter(self._heard))]

    def take(self) -> dict[str, str]:
        """Give the titles by address, and forget them."""
        taken, self._heard = self._heard, {}
        return taken


@dataclass(frozen=True, slots=True)
class ChatIdentity:
    """What the platform tells of a chat."""

    kind: ChatKind
    canonical_address: str  # in the platform's own numbers: the same, whichever of its names was asked about


class LearningLimit(Protocol):
    """So many calls in so many seconds, as the platform documents and as its refusals taught."""

    @property
    def name(self) -> str: ...

    @property
    def most(self) -> int: ...

    @property
    def window(self) -> float: ...

    @property
    def learnt(self) -> float:
        """Give how many calls were allowed when the platform last refused one, infinitely many when none was."""

    @property
    def learnt_at(self) -> float: ...

    def remember(self, learnt: float, learnt_at: float) -> None:
        """Take over what an earlier process learnt."""


class Turn(Protocol):
    """The right to make one call, in whose context it is made: what the call raises tells what became of it.

    Only so it is known from when on the call counts in the platform's limits.
    """

    async def begin(self) -> None:
        """Wait for the time of the call, which may be put off until then; the call is to be made at once after it."""

    def give_back(self) -> None:
        """Make no call after all."""

    async def __aenter__(self) -> Self: ...

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None: ...


@dataclass(frozen=True, slots=True)
class FreeTurn:
    """A turn where nothing is limited."""

    at: float = 0.0  # seconds, of the event loop's clock

    async def begin(self) -> None:
        await asyncio.sleep(self.at - asyncio.get_running_loop().time())

    def give_back(self) -> None:
        """Have nothing to give back."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """Count nothing."""


@dataclass(frozen=True, slots=True)
class ChatWork:
    """How many calls are to be made in a chat."""

    address: str
    sends: int = 0
    edits: int = 0
    deletions: int = 0

    @property
    def calls(self) -> int:
        return self.sends + self.edits + self.deletions


class Channel(Protocol):
    """Where messages go: one medium and one bot in it.

    Every call raises SendError alone for what the platform or the network does.
    """

    @property
    def name(self) -> str: ...

    @property
    def formatter(self) -> Formatter: ...

    @property
    def titles(self) -> HeardTitles: ...

    @property
    def allowances(self) -> Sequence[LearningLimit]:
        """Give the limits of the platform that its refusals may lower."""

    def seconds_for(self, work: Sequence[ChatWork]) -> float:
        """Give how long these calls take at the least, with what the platform is known to allow."""

    def id_sequence(self, address: str) -> str:
        """Name the sequence that a chat's message ids count up in."""

    def is_canonical(self, address: str) -> bool:
        """Tell whether an address is in the platform's own numbers; which chat another is, only the platform tells."""

    async def identify(self, address: str) -> ChatIdentity:
        """Ask the platform which chat this is, and of which kind; RetryLater or Unconfirmed when it does not answer."""

    async def canonical_address(self, address: str) -> str:
        """Give the canonical address, as far as it is known or quickly found out."""

    async def ask_title(self, address: str) -> None:
        """Ask how a chat is called, if what comes and goes does not tell, and note it in `titles`."""

    async def prepare(self, body: Mapping[str, object]) -> None:
        """Find out what sending this needs before waiting for a turn, so that the call can follow at once."""

    async def acquire_turn(
        self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
    ) -> Turn:
        """Wait until one more message to this chat, or one more edit or deletion there, keeps all limits.

        It may return before the turn's time, up to `ahead` seconds for a broadcast: `Turn.begin` waits for that.
        """

    async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
        """Send a message and give its remote id."""

    async def edit(self, address: str, remote_id: str, body: Mapping[str, object]) -> None:
        """Make a message that stands in the chat read as `body`; the same content is a success."""

    async def delete(self, address: str, remote_id: str) -> None:
        """Delete a message that stands in the chat; one that is gone is a success, Rejected where it must stay."""

    def message_link(self, address: str, remote_id: str, thread: str) -> str:
        """Give the address under which people find a message of a chat, "" where there is none or it is not known."""

    async def reconcile(self, address: str, unconfirmed: UnconfirmedSend) -> Delivered | NotDelivered | Undecided:
        """Find out whether a message was delivered; may edit it into the content that it has."""

    async def check(self, addresses: Sequence[str]) -> Sequence[tuple[str, str]]:
        """Check the bot and its rights in each chat; give what was checked and what to do, "" when all is well."""

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """What the settings say of one channel, in the same words for all of them."""

    chats: tuple[str, ...]  # who receives the digest
    layout: str  # of chats that chose none
    cards: str  # of chats that chose nothing: "folded" or "short"
    operators: tuple[str, ...]  # people who may ask for the status
    operator_chats: tuple[str, ...]  # chats that are notified of incidents
    listens: bool  # readers can talk to the bot
    lacks: str  # what keeps it from sending, and the way out; empty when it can send
    web_address: str  # of the platform
    sources: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by chat, where the settings name them


@dataclass(frozen=True, slots=True)
class ChannelKit:
    """All that sets one platform apart, and what makes its parts. Each platform's folder has one."""

    name: str
    layouts: tuple[str, ...]  # that its chats may choose, the usual one first
    silent_messages: bool  # messages can arrive without a sound
    read: Callable[[Settings], ChannelSettings | None]  # None: it has no settings, and delivers to nobody
    make_formatter: Callable[[Phrases, bool], Formatter]  # True: with buttons under what is delivered
    make_channel: Callable[[Settings, Formatter], Channel]
    # Takes the router, the reply sender and the web server, gives a Listener: their types stand above this package.
    make_listener: Callable[[Settings, Channel, Any, Any, Any], Any] | None = None  # None: nobody can talk there
    # Says what the app of such a channel lacks for listening, as `Channel.check` does.
    check_app: Callable[[Any], Awaitable[Sequence[tuple[str, str]]]] | None = None
    members_invite: bool = False  # not administrators alone may invite the bot into a chat, and so subscribe it
    foldable: tuple[str, ...] = ()  # the layouts in which it can fold the full summaries
    linkable: tuple[str, ...] = ()  # which chats have links to their messages: patterns of addresses, with _ and %

    def usual_edition(self, settings: Settings) -> UsualEdition:
        """Say what its chats receive that chose nothing."""
        layout, cards = (own.layout, own.cards) if (own := self.read(settings)) else (self.layouts[0], USUAL_CARDS)
        return UsualEdition(layout, cards, self.foldable, self.linkable)


def listed_chats(kits: Mapping[str, ChannelKit], settings: Settings) -> list[tuple[str, str]]:
    """List the chats of the settings: channel and name."""
    own = {name: kit.read(settings) for name, kit in kits.items()}
    return [(name, chat) for name, found in own.items() if found for chat in found.chats]
