"""Find out whether an unconfirmed message arrived: a bot cannot read a chat, but it can try to edit.

Sources of the facts: Telegram Bot API, and the sources of its server where the pages are silent.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import count

from telegram import ChatMemberAdministrator, Message

from bot.channels.telegram.client import TelegramClient, split_address
from bot.channels.telegram.message_ids import MessageIds, id_sequence
from bot.concurrency import steady
from bot.delivery.channel import Delivered, NotDelivered, Turn, UnconfirmedSend, Undecided
from bot.errors import BotGone, Rejected
from bot.ledger.records.deliveries import UnconfirmedReply
from bot.ledger.writing.deadline import deadline

CHANNEL = "telegram"
MOST_PROBES = 60
ABSENT_RUN = 10  # so many ids in a row that are not there end the search

_CLOCK_SKEW = 300.0  # seconds by which our clock may be ahead of Telegram's
_ALONE = 60.0  # seconds within which nobody else posts between two messages of a digest

Outcome = Delivered | NotDelivered | Undecided


class Reconciler:
    """Look for unconfirmed messages; `turn` waits until a chat may be called."""

    def __init__(self, client: TelegramClient, ids: MessageIds, turn: Callable[[str], Awaitable[Turn]]) -> None:
        self._client = client
        self._ids = ids
        self._turn = turn

    async def reconcile(self, address: str, unconfirmed: UnconfirmedSend) -> Outcome:
        """Try to edit: "not modified" means that the very text stands there.

        Ids behind the last one known to be older are tried. Without such an id, or where many may
        have come in between, those before the first one known to be newer are; and where none is
        known, the message is sent once more: its id tells where to look, and of two copies the
        newer is deleted. Where this process heard the answer, and the ledger did not, nothing is tried,
        unless another process may have asked since then, and left a copy.
        """
        if heard := self._ids.arrived_as(address, unconfirmed.delivery_ref, unconfirmed.right.since):
            return Delivered(str(heard))
        await self._write_back_earlier(address, unconfirmed)
        found = await self._find(address, self._ids.narrow(unconfirmed))
        self._ids.answered(unconfirmed.delivery_ref)
        return found

    async def _find(self, address: str, unconfirmed: UnconfirmedSend) -> Outcome:
        alone = 0 <= unconfirmed.attempted_at - unconfirmed.after_at < _ALONE
        if not alone and await self._may_edit_others(address):
            # Somebody may have posted in between, and a probe would overwrite that.
            return Undecided(
                'look into the chat; take the right "edit messages" from the bot so that it can look itself'
            )
        crowded = id_sequence(address) == "bot" and not alone  # ids in between are those of other chats
        if unconfirmed.after and not crowded:
            used = max(unconfirmed.taken, default=0)
            return await self._search(address, unconfirmed, count(unconfirmed.after + 1), used, steady())
        if unconfirmed.taken:
            return await self._search_around(address, unconfirmed)
        first_ids = range(unconfirmed.after + 1, unconfirmed.after + ABSENT_RUN + 1)
        found = await self._search(address, unconfirmed, iter(first_ids))
        return found if isinstance(found, Delivered) else await self._send_again(address, unconfirmed)

    async def _search_around(self, address: str, unconfirmed: UnconfirmedSend) -> Outcome:
        """Look before the first id known to be newer, then behind it.

        Behind it as well: a chat of the same sequence that was asked at the same time may have got
        the id before ours.
        """
        first = min(unconfirmed.taken)
        found = await self._oldest(address, unconfirmed, first)
        if not isinstance(found, NotDelivered):
            return found
        return await self._search(address, unconfirmed, count(first), max(unconfirmed.taken), steady())

    async def _search(
        self,
        address: str,
        unconfirmed: UnconfirmedSend,
        candidates: Iterator[int],
        used: int = 0,
        begun: float = math.inf,
    ) -> Outcome:
        """Try ids one after the other.

        Ids of one sequence leave no gaps, but for deleted messages and, in private chats, those of
        other chats. A run of ids that are not there therefore means that the message is not either,
        unless the sequence is known to have gone on, as far as `used`. What was sent since the search was
        `begun` ends it: other chats of the sequence go on, faster than it looks.
        """
        run = probes = 0
        for candidate in candidates:
            if candidate >= self._ids.first_since(address, begun):
                return NotDelivered()
            if candidate in unconfirmed.taken or self._ids.is_known(address, candidate):
                run = 0
                continue
            if (run >= ABSENT_RUN + unconfirmed.others and candidate > used) or candidate <= unconfirmed.after:
                return NotDelivered()
            if probes == MOST_PROBES + unconfirmed.others:
                break
            probes += 1
            if (found := await self._probe(address, candidate, unconfirmed)) is True:
                return Delivered(str(candidate))
            run = run + 1 if found is None else 0
        return Undecided(f"not among the {probes} messages that came next; look into the chat")

    async def _send_again(self, address: str, unconfirmed: UnconfirmedSend) -> Outcome:
        """Send the unconfirmed message again: its id tells where copies can be.

        Nothing is remembered: what an error or a crash interrupts, the next call finds and ends.
        """
        async with self._turn_of(address, unconfirmed):
            again = await self._client.send(address, unconfirmed.body)
        return await self._oldest(address, unconfirmed, again.message_id + 1)

    async def _oldest(self, address: str, unconfirmed: UnconfirmedSend, below: int) -> Outcome:
        """Look for copies just below an id, and delete all but the oldest."""
        copies: list[int] = []
        while isinstance(found := await self._search(address, unconfirmed, count(below - 1, -1)), Delivered):
            below = int(found.remote_id)
            copies.append(below)
        for newer in copies[:-1]:
            await self._delete(address, newer, unconfirmed)
        return Delivered(str(copies[-1])) if copies else found

    async def _delete(self, address: str, message_id: int, unconfirmed: UnconfirmedSend) -> None:
        chat, _ = split_address(address)
        with suppress(Rejected):  # it is gone already when only the answer was lost
            async with self._turn_of(address, unconfirmed):
                await self._client.call(chat, self._client.bot.delete_message(chat, message_id))

    async def _may_edit_others(self, address: str) -> bool:
        """Tell whether the bot could change other people's messages: then a probe is out of the question."""
        chat, _ = split_address(address)
        if id_sequence(address) == "bot":
            return False
        try:
            member = await self._client.call(chat, self._client.bot.get_chat_member(chat, self._client.bot_id))
        except (Rejected, BotGone):
            return False  # who is no member has no such right; a refused token is refused again by the probe
        return isinstance(member, ChatMemberAdministrator) and bool(member.can_edit_messages)

    async def _probe(self, address: str, candidate: int, unconfirmed: UnconfirmedSend) -> bool | None:
        """Tell whether a message with this id has this content; None when there is none at all."""
        try:
            arguments = await self._client.arguments_to_send(unconfirmed.body)
            async with self._turn_of(address, unconfirmed) as turn, self._ids.lock(address):
                if self._ids.is_known(address, candidate):
                    turn.give_back()
                    return False  # it was sent while we waited
                edited = await self._client.edit(address, candidate, arguments)
        except Rejected as error:
            return _meaning(error)
        if isinstance(edited, Message) and await self._write_back(address, edited, unconfirmed):
            return False
        if isinstance(edited, Message) and edited.date.timestamp() < unconfirmed.attempted_at - _CLOCK_SKEW:
            # Another ledger's, or sent before this one was made. Going on would overwrite the next one too.
            raise Rejected(f"asking for a doubtful send changed message {candidate}, an older one of the bot's")
        return True  # it was ours, with an older wording, and has the new one now

    async def _write_back(self, address: str, edited: Message, unconfirmed: UnconfirmedSend) -> bool:
        """Tell whether a probe overwrote a reply whose answer was lost; if so, let it read as it was sent.

        Telegram does not tell what stood there, but when that was sent.
        """
        at = edited.date.timestamp()
        tried = [reply for reply in await _replies(address, unconfirmed) if reply.overwritten_id is None]
        nearest = min(tried, key=lambda reply: abs(reply.tried_at - at), default=None)
        if not (unconfirmed.replies and nearest):
            return False
        if unconfirmed.is_reworded and abs(unconfirmed.attempted_at - at) <= abs(nearest.tried_at - at):
            return False
        # Committed first: what stands there now must never be taken for the delivery.
        self._ids.heard(edited.chat, edited.message_id)
        await unconfirmed.replies.overwritten(nearest.number, edited.message_id)
        await self._write_back_earlier(address, unconfirmed)
        return True

    @asynccontextmanager
    async def _turn_of(self, address: str, unconfirmed: UnconfirmedSend) -> AsyncIterator[Turn]:
        """Wait for a turn to change what stands in a chat, which nobody else may do meanwhile."""
        async with await self._turn(address) as turn:
            with deadline(await unconfirmed.right.deadline()):
                yield turn

    async def _write_back_earlier(self, address: str, unconfirmed: UnconfirmedSend) -> None:
        """Let replies that were overwritten read as they were sent."""
        for reply in await _replies(address, unconfirmed):
            if unconfirmed.replies and reply.overwritten_id is not None:
                with suppress(Rejected):  # it reads so already, or is gone
                    arguments = await self._client.arguments_to_send(reply.body)
                    async with self._turn_of(address, unconfirmed):
                        await self._client.edit(address, reply.overwritten_id, arguments)
                await unconfirmed.replies.forget(reply.number)


async def _replies(address: str, unconfirmed: UnconfirmedSend) -> list[UnconfirmedReply]:
    """List the replies to this chat that may have arrived; others of its id sequence stand elsewhere."""
    if unconfirmed.replies is None:
        return []
    listed = await unconfirmed.replies.unconfirmed(CHANNEL, id_sequence(address))
    chat, _ = split_address(address.lower())
    return [reply for reply in listed if split_address(reply.address.lower())[0] == chat]


def is_unmodified(error: Rejected) -> bool:
    """Tell whether an edit was refused because the message reads so already."""
    return "message is not modified" in str(error).lower()


def is_gone(error: Rejected) -> bool:
    """Tell whether a deletion was refused because the message is gone already."""
    return "message to delete not found" in str(error).lower()


def _meaning(error: Rejected) -> bool | None:
    """Give the result of a probe that was refused."""
    if is_unmodified(error):
        return True
    if "message to edit not found" in str(error).lower():
        return None
    if "message can't be edited" in str(error).lower():
        return False
    raise error
