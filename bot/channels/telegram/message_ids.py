"""The ids of messages that this process heard of: what is known of sends beside the ledger."""

from __future__ import annotations

import asyncio
import math
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import TypeVar

from telegram import Chat, ChatFullInfo, Message

from bot.channels.telegram.client import join_address, split_address
from bot.concurrency import KeyedLock, steady
from bot.delivery.channel import UnconfirmedSend
from bot.errors import Unconfirmed

_REMEMBERED = 1000  # ids of each sequence, many more than are ever probed
# Sends, by their refs: of several minutes, as what the ledger did not hear of is asked about within one.
_REMEMBERED_SENDS = 10_000
_Value = TypeVar("_Value")


class MessageIds:
    """The ids of messages that went through this process, and the numbers of chats that have a name too."""

    def __init__(self) -> None:
        # One message of a chat at a time is under way: else a probe might hit one whose id is not known yet.
        self._locks = KeyedLock()
        self._known: dict[str, deque[int]] = {}  # by sequence
        self._newest: dict[str, tuple[int, float]] = {}  # by sequence: the highest id, and when it was heard of
        self._before: dict[str, tuple[int, float]] = {}  # by a send whose answer was lost: the newest id, its seconds
        self._arrived: dict[str, tuple[int, float]] = {}  # by a send that was answered: its id, and when that was
        self._sent: dict[str, deque[tuple[float, int]]] = {}  # by sequence: when sends were begun, and their ids
        self._numbers: dict[str, str] = {}  # by name, in lower case: "@my_channel" is -100…

    def heard(self, chat: Chat, message_id: int) -> None:
        """Note the id of a message, ours or another's: it is older than all that is sent from now on."""
        self.learn_number(chat)
        sequence = self._sequence(str(chat.id))
        self._known.setdefault(sequence, deque(maxlen=_REMEMBERED)).append(message_id)
        newest = self._newest.get(sequence, (0, 0.0))
        self._newest[sequence] = max(newest, (message_id, time.monotonic()))

    @contextmanager
    def sending(self, address: str, delivery_ref: str) -> Iterator[float]:
        """Remember which message was the newest before a send, and for how many seconds, if its answer is lost.

        Gives when the send is begun, by `steady`, for `arrived`.
        Clocks do not tell: the time of the send is moved in the ledger when the clock is set back.
        """
        newest, begun = self._newest.get(self._sequence(address)), time.monotonic()
        try:
            yield steady()
        except Unconfirmed:
            if newest:
                message_id, at = newest
                _remember(self._before, delivery_ref, (message_id, begun - at), _REMEMBERED)
            raise

    def arrived(self, message: Message, delivery_ref: str, begun: float) -> None:
        """Note the answer to a send: should the ledger not hear of it, the message is not to be taken for another's."""
        self.heard(message.chat, message.message_id)
        sent = self._sent.setdefault(self._sequence(str(message.chat.id)), deque(maxlen=_REMEMBERED))
        sent.append((begun, message.message_id))
        _remember(self._arrived, delivery_ref, (message.message_id, steady()), _REMEMBERED_SENDS)

    def first_since(self, address: str, begun: float) -> float:
        """Give the lowest id of our sends that were begun after a time of `steady`: ids of older messages are lower."""
        sent = self._sent.get(self._sequence(address), ())
        return min((message_id for at, message_id in sent if at > begun), default=math.inf)

    def arrived_as(self, address: str, delivery_ref: str, since: float) -> int | None:
        """Give the id that a send was answered with, if this process has heard of it since then.

        An earlier answer is forgotten, with its id: the message is then looked for as one of another process.
        """
        message_id, at = self._arrived.get(delivery_ref, (None, 0.0))
        if message_id is None or at >= since:
            return message_id
        del self._arrived[delivery_ref]
        with suppress(ValueError):
            self._known[self._sequence(address)].remove(message_id)
        return None

    def answered(self, delivery_ref: str) -> None:
        """Forget what was known before a send: the next one may be that of another process."""
        self._before.pop(delivery_ref, None)

    def learn_number(self, chat: Chat | ChatFullInfo, called: str = "") -> None:
        """Learn the number of a chat that has names too: Telegram's answers give the number, and one of the names."""
        for name in (f"@{chat.username}" if chat.username else "", called):
            if name.startswith("@") and id_sequence(str(chat.id)) != "bot":
                self._numbers[name.lower()] = str(chat.id)

    def canonical_address(self, address: str) -> str:
        """Give an address with the chat's number in place of its name, where that is known."""
        chat, topic = split_address(address)
        return join_address(self._numbers.get(chat.lower(), chat), topic)

    def lock(self, address: str) -> asyncio.Lock:
        """Give the lock of a chat, to be taken at once."""
        chat = split_address(address)[0].lower()
        return self._locks.of(self._numbers.get(chat, chat))

    def is_known(self, address: str, message_id: int) -> bool:
        """Tell whether an id is that of another message, which a probe would overwrite."""
        return message_id in self._known.get(self._sequence(address), ())

    def narrow(self, unconfirmed: UnconfirmedSend) -> UnconfirmedSend:
        """Start behind the newest message that is known to be older; the ledger does not know what readers wrote."""
        after, seconds = self._before.get(unconfirmed.delivery_ref, (0, 0.0))
        if not after or after < unconfirmed.after:
            return unconfirmed
        later = frozenset(one for one in unconfirmed.taken if one > after)  # the ledger may have heard of it late
        return replace(unconfirmed, after=after, after_at=unconfirmed.attempted_at - seconds, taken=later)

    def _sequence(self, address: str) -> str:
        """Name the sequence of ids in one way, whether a chat is called by its name or by its number."""
        sequence = id_sequence(address)
        return self._numbers.get(sequence, sequence)


def _remember(kept: dict[str, _Value], delivery_ref: str, value: _Value, most: int) -> None:
    """Keep something about a send, and forget the oldest where it is too much."""
    kept.pop(delivery_ref, None)
    kept[delivery_ref] = value
    if len(kept) > most:
        del kept[next(iter(kept))]


def id_sequence(address: str) -> str:
    """Name the sequence of ids: channels and supergroups have their own, all else shares the bot's."""
    chat, _ = split_address(address)
    return chat.lower() if chat.startswith("@") or int(chat) <= -(10**12) else "bot"
