"""A chat in which a send is looked for by probes: edits, which may overwrite a reply whose answer was lost, too.

Under which id such a reply stands nobody knows. So it is committed which id is probed before it is. Who dies amid a
probe, or gets no answer to it, leaves that id as a *suspect*: what stands there reads like the delivery, and is it, or
a reply that was overwritten.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress

from telegram import Message

from bot.channels.telegram.client import TelegramClient, split_address
from bot.channels.telegram.message_ids import MessageIds, id_sequence
from bot.delivery.channel import Turn, UnconfirmedSend
from bot.errors import Rejected
from bot.ledger.records.deliveries import UnconfirmedReply
from bot.ledger.writing.deadline import deadline

CHANNEL = "telegram"


class ProbedChat:
    """What is called in a chat while a send is looked for there, and the replies that this may overwrite."""

    def __init__(
        self, client: TelegramClient, turn: Callable[[str], Awaitable[Turn]], address: str, unconfirmed: UnconfirmedSend
    ) -> None:
        self.suspects: set[int] = set()  # ids that earlier probers left, until it is known that no reply stands there
        self._client = client
        self._turn = turn
        self._address = address
        self._unconfirmed = unconfirmed
        self._replies = unconfirmed.replies

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[Turn]:
        """Wait for a turn to change what stands in the chat, which nobody else may do meanwhile."""
        async with await self._turn(self._address) as turn:
            with deadline(await self._unconfirmed.right.deadline()):
                yield turn

    async def delete(self, message_id: int) -> None:
        chat, _ = split_address(self._address)
        with suppress(Rejected):  # it is gone already when only the answer was lost
            async with self.turn():
                await self._client.call(chat, self._client.bot.delete_message(chat, message_id))

    async def begin(self) -> None:
        """Let replies that were overwritten read as they were sent, and learn the suspects."""
        await self._write_back()
        self.suspects.update(*(reply.probed_ids for reply in await self._unfound()))

    async def before_probe(self, candidate: int) -> None:
        """Commit that an id is probed, where a reply may stand under it."""
        await self._note_probes({*self.suspects, candidate})

    async def has_overwritten(self, edited: Message, ids: MessageIds) -> bool:
        """Tell whether a probe overwrote a reply; if so, let it read as it was sent.

        Telegram does not tell what stood there, but when that was sent.
        """
        replies, at = await self._unfound(), edited.date.timestamp()
        if not replies:
            return False
        nearest, tried_at = _nearest(replies, edited), self._unconfirmed.attempted_at
        if self._unconfirmed.is_reworded and abs(tried_at - at) <= abs(nearest.tried_at - at):
            return False
        ids.heard(edited.chat, edited.message_id)
        await self._found(nearest, edited.message_id)
        return True

    async def end(self, copies: list[int]) -> None:
        """Let suspects that are not the delivery, and read like it, read as the replies that they were.

        What no reply is left for is one more copy of the delivery.
        """
        for message_id in copies:
            replies = [reply for reply in await self._unfound() if message_id in reply.probed_ids]
            if replies:
                await self._found(await self._who_stood_at(message_id, replies), message_id)
            else:
                await self.delete(message_id)
        await self._note_probes(set())

    async def _who_stood_at(self, message_id: int, replies: Sequence[UnconfirmedReply]) -> UnconfirmedReply:
        """Tell which of some replies was overwritten: only the answer to an edit says when it was sent."""
        if len(replies) > 1:
            with suppress(Rejected):  # it is gone
                edited = await self._edit(message_id, replies[0].body)
                return _nearest(replies, edited) if isinstance(edited, Message) else replies[0]
        return replies[0]

    async def _note_probes(self, ids: set[int]) -> None:
        noted = sorted(ids)
        numbers = [reply.number for reply in await self._unfound() if reply.probed_ids != noted]
        if self._replies and numbers:
            await self._replies.probing(numbers, noted)

    async def _found(self, reply: UnconfirmedReply, message_id: int) -> None:
        """Commit first where a reply stands: what stands there now must never be taken for the delivery."""
        if self._replies:
            await self._replies.overwritten(reply.number, message_id)
        await self._write_back()

    async def _write_back(self) -> None:
        """Let replies that were overwritten read as they were sent."""
        listed = await self._listed()
        for reply in listed:
            if self._replies and reply.overwritten_id is not None:
                with suppress(Rejected):  # it reads so already, or is gone
                    await self._edit(reply.overwritten_id, reply.body)
                same = [one.number for one in listed if (one.tried_at, one.body) == (reply.tried_at, reply.body)]
                await self._replies.forget(*same)  # it was noted under each name of its place

    async def _edit(self, message_id: int, body: Mapping[str, object]) -> Message | bool:
        arguments = await self._client.arguments_to_send(body)
        async with self.turn():
            return await self._client.edit(self._address, message_id, arguments)

    async def _unfound(self) -> list[UnconfirmedReply]:
        return [reply for reply in await self._listed() if reply.overwritten_id is None]

    async def _listed(self) -> list[UnconfirmedReply]:
        """List the replies to this chat that may have arrived; others of its id sequence stand elsewhere."""
        if self._replies is None:
            return []
        listed = await self._replies.unconfirmed(CHANNEL, id_sequence(self._address))
        chat, _ = split_address(self._address.lower())
        return [reply for reply in listed if split_address(reply.address.lower())[0] == chat]


def _nearest(replies: Sequence[UnconfirmedReply], edited: Message) -> UnconfirmedReply:
    """Give the reply that was tried the nearest to the time at which a message was sent."""
    return min(replies, key=lambda reply: abs(reply.tried_at - edited.date.timestamp()))
