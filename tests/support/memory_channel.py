"""A channel by hand: chats that are lists, and a script of what goes wrong."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from bot.database.states import ChatKind
from bot.delivery.channel import (
    ChatIdentity,
    ChatWork,
    Delivered,
    FreeTurn,
    HeardTitles,
    LearningLimit,
    NotDelivered,
    UnconfirmedSend,
    Undecided,
)
from bot.errors import SendError, Unconfirmed
from formatters.locale import phrases
from formatters.message import Formatter
from formatters.terminal import TerminalFormatter


class CrashError(BaseException):
    """The process dies here; a BaseException, as nothing may catch it."""


@dataclass
class StoredMessage:
    """A message as a chat holds it."""

    id: int
    ref: str
    body: Mapping[str, object]
    edits: int = 0


@dataclass
class Failure:
    """What happens to one call: the message is taken in or not, then an error is raised, if any."""

    error: BaseException | None = None
    accepted: bool = False


@dataclass
class MemoryChannel:
    """Deliver into lists. `failures[address]` strikes the next calls of that chat, one each."""

    name: str = "terminal"
    formatter: Formatter = field(default_factory=lambda: TerminalFormatter(phrases("en")))
    chats: dict[str, list[StoredMessage]] = field(default_factory=lambda: defaultdict(list))
    failures: dict[str, deque[Failure]] = field(default_factory=lambda: defaultdict(deque))
    readable: bool = True  # whether `reconcile` can find anything out
    calls: list[tuple[str, str]] = field(default_factory=list)  # what was called, and where
    threads: list[tuple[str, str]] = field(default_factory=list)  # address, parent of each send
    kinds: dict[str, ChatKind] = field(default_factory=dict)  # what chats are, where they are not private
    numbers: dict[str, str] = field(default_factory=dict)  # of chats that have a name, such as "@my_channel", too

    asked: list[UnconfirmedSend] = field(default_factory=list)  # what `reconcile` was asked about

    has_links: bool = False  # to messages

    last_id: int = 0

    titles: HeardTitles = field(default_factory=HeardTitles)
    allowances: tuple[LearningLimit, ...] = ()
    called: dict[str, str] = field(default_factory=dict)  # the titles of chats

    def seconds_for(self, work: Sequence[ChatWork]) -> float:
        return 0.0  # there are no limits

    def id_sequence(self, address: str) -> str:
        return address

    def is_canonical(self, address: str) -> bool:
        return not address.startswith("@")

    async def identify(self, address: str) -> ChatIdentity:
        failure = self._next("identify", address)
        if failure.error:
            raise failure.error
        return ChatIdentity(self.kinds.get(address, ChatKind.PRIVATE), self._place(address))

    async def canonical_address(self, address: str) -> str:
        return address

    async def ask_title(self, address: str) -> None:
        failure = self._next("title", address)
        if failure.error:
            raise failure.error
        self.titles.hear(self.called.get(address), address)

    async def prepare(self, body: Mapping[str, object]) -> None:
        """Need nothing."""

    async def acquire_turn(
        self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
    ) -> FreeTurn:
        return FreeTurn()  # there are no limits

    async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
        self.threads.append((address, thread))
        failure = self._next("send", address)
        if failure.error is None or failure.accepted:
            number = self.last_id = max(self.last_id, sum(map(len, self.chats.values()))) + 1
            self.chats[self._place(address)].append(StoredMessage(number, delivery_ref, dict(body)))
        if failure.error:
            raise failure.error
        return str(self.chats[self._place(address)][-1].id)

    async def edit(self, address: str, remote_id: str, body: Mapping[str, object]) -> None:
        failure = self._next("edit", address)
        if failure.error is None or failure.accepted:
            shown = next(one for one in self.chats[self._place(address)] if str(one.id) == remote_id)
            shown.body, shown.edits = dict(body), shown.edits + 1
        if failure.error:
            raise failure.error

    async def delete(self, address: str, remote_id: str) -> None:
        failure = self._next("delete", address)
        if failure.error is None or failure.accepted:
            place = self._place(address)
            self.chats[place] = [one for one in self.chats[place] if str(one.id) != remote_id]
        if failure.error:
            raise failure.error

    def message_link(self, address: str, remote_id: str, thread: str) -> str:
        place = f"{address}/{thread}" if thread else address
        return f"https://chat.example.org/{place}/{remote_id}" if self.has_links else ""

    async def reconcile(self, address: str, unconfirmed: UnconfirmedSend) -> Delivered | NotDelivered | Undecided:
        self.asked.append(unconfirmed)
        failure = self._next("reconcile", address)
        if failure.error:
            raise failure.error
        if not self.readable:
            return Undecided("this platform does not tell")
        found = next((one for one in self.chats[self._place(address)] if one.ref == unconfirmed.delivery_ref), None)
        return Delivered(str(found.id)) if found else NotDelivered()

    async def check(self, addresses: Sequence[str]) -> Sequence[tuple[str, str]]:
        return [(address, "") for address in addresses]

    async def close(self) -> None:
        """Have nothing to close."""

    def _place(self, address: str) -> str:
        return self.numbers.get(address.lower(), address)

    def _next(self, call: str, address: str) -> Failure:
        self.calls.append((call, address))
        return self.failures[address].popleft() if self.failures[address] else Failure()


def lost() -> Failure:
    """The message arrives, its answer does not."""
    return Failure(Unconfirmed("the answer was lost"), accepted=True)


def refused(error: SendError) -> Failure:
    return Failure(error)
