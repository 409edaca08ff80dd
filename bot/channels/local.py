"""A chat in memory: what a platform would be sent is kept as the very arguments of the call, to be shown elsewhere.

It stands in for Telegram or Slack where there is no account, and lets calls go wrong as they do there.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from bot.database.states import ChatKind
from bot.delivery.channel import (
    ChatIdentity,
    ChatWork,
    Delivered,
    FreeTurn,
    HeardTitles,
    NotDelivered,
    UnconfirmedSend,
)
from bot.errors import Rejected, Unconfirmed
from formatters.message import Formatter

Arguments = Mapping[str, Any]
OnChange = Callable[["LocalMessage"], None]


@dataclass(frozen=True, slots=True)
class LocalMessage:
    """A message as its chat holds it."""

    id: str
    arguments: Arguments  # of the platform's send call; of what a reader wrote, only its text
    delivery_ref: str = ""  # empty for what is no delivery
    thread: str = ""  # the parent's id, "" outside threads
    reader: str = ""  # who wrote it; empty: the bot
    private: bool = False  # only who asked sees it
    exists: bool = True


class Fault(Enum):
    """What goes wrong with the send of a delivery."""

    ANSWER_LOST = "it arrives, its answer does not"
    STUCK = "it arrives, and its answer is waited for"
    STUCK_BEFORE = "it does not arrive, and its answer is waited for"


class LocalChannel:
    """One chat of one platform. `faults` strike the next sends of deliveries, one each."""

    allowances = ()

    def __init__(
        self,
        name: str,
        formatter: Formatter,
        kind: ChatKind,
        make_id: Callable[[], str],
        arguments: Callable[[str, Arguments, str, str], Arguments],  # of address, body, delivery ref and thread
        *,
        pace: float = 0.0,  # seconds between two deliveries; replies do not wait
        on_change: OnChange = lambda _message: None,
        on_call: Callable[[], object] = lambda: None,
    ) -> None:
        self.name, self.formatter, self.kind, self.pace = name, formatter, kind, pace
        self.titles = HeardTitles()
        self.messages: dict[str, LocalMessage] = {}
        self.faults: deque[Fault] = deque()
        self.stuck = asyncio.Event()  # a send waits for an answer that will not come
        self._make_id, self._arguments = make_id, arguments
        self._on_change, self._on_call = on_change, on_call

    def seconds_for(self, work: Sequence[ChatWork]) -> float:
        return self.pace * sum(one.calls for one in work)

    def id_sequence(self, address: str) -> str:
        return address

    def is_canonical(self, address: str) -> bool:  # noqa: ARG002
        return True

    async def identify(self, address: str) -> ChatIdentity:
        return ChatIdentity(self.kind, address)

    async def canonical_address(self, address: str) -> str:
        return address

    async def ask_title(self, address: str) -> None:
        """Know no titles."""

    async def prepare(self, body: Arguments) -> None:
        """Need nothing."""

    async def acquire_turn(self, address: str, *, reply: bool = False, **_: object) -> FreeTurn:  # noqa: ARG002
        if not reply:
            await asyncio.sleep(self.pace)
        return FreeTurn()

    async def send(self, address: str, body: Arguments, *, delivery_ref: str, thread: str) -> str:
        fault = self.faults.popleft() if delivery_ref and self.faults else None
        await self._travel(delivery_ref)
        if fault is Fault.STUCK_BEFORE:
            await self._never()
        arguments = self._arguments(address, body, delivery_ref, thread)
        message = self.keep(arguments, delivery_ref=delivery_ref, thread=thread)
        if fault is Fault.STUCK:
            await self._never()
        if fault is Fault.ANSWER_LOST:
            raise Unconfirmed("the answer was lost")
        return message.id

    async def edit(self, address: str, remote_id: str, body: Arguments) -> None:
        """Put another body in the place of a message's; what it had and the new one has not is gone, as it is there."""
        message = self.messages.get(remote_id)
        if message is None:
            raise Rejected("there is no such message")
        await self._travel(message.delivery_ref)
        self.replace(remote_id, self._arguments(address, body, message.delivery_ref, message.thread))

    def clear_faults(self) -> bool:
        """Let nothing go wrong any more; tell whether a fault was left that had not struck."""
        was_left = bool(self.faults)
        self.faults.clear()
        self.stuck.clear()
        return was_left

    async def delete(self, address: str, remote_id: str) -> None:  # noqa: ARG002
        self.remove(remote_id)

    def message_link(self, address: str, remote_id: str, thread: str) -> str:  # noqa: ARG002
        return ""

    async def reconcile(self, address: str, unconfirmed: UnconfirmedSend) -> Delivered | NotDelivered:  # noqa: ARG002
        refs = {one.delivery_ref: one.id for one in self.messages.values()}
        found = refs.get(unconfirmed.delivery_ref)
        return Delivered(found) if found else NotDelivered()

    async def check(self, addresses: Sequence[str]) -> Sequence[tuple[str, str]]:
        return [(address, "") for address in addresses]

    async def close(self) -> None:
        """Have nothing to close."""

    def keep(self, arguments: Arguments, **more: Any) -> LocalMessage:
        """Put a message into the chat; `more` are further fields of it."""
        message = LocalMessage(self._make_id(), arguments, **more)
        self._change(message)
        return message

    def replace(self, remote_id: str, arguments: Arguments) -> None:
        """Put other arguments in the place of a message's."""
        self._change(replace(self.messages[remote_id], arguments=arguments))

    def remove(self, remote_id: str) -> None:
        """Take a message out of the chat, if it is there."""
        if message := self.messages.pop(remote_id, None):
            self._on_change(replace(message, exists=False))

    def _change(self, message: LocalMessage) -> None:
        self.messages[message.id] = message
        self._on_change(message)

    async def _travel(self, delivery_ref: str) -> None:
        """Take a while for what is delivered, so that its row is seen as it is under way."""
        self._on_call()
        if delivery_ref:
            await asyncio.sleep(self.pace / 2)

    async def _never(self) -> None:
        self.stuck.set()
        await asyncio.Event().wait()
