"""How a response to a message or a press gets into its chat, and for how long."""

from __future__ import annotations

from functools import partial

from telegram import Chat, MaybeInaccessibleMessage

from bot.channels.telegram.expiry import Expiry
from bot.channels.telegram.updates.requests import address_of, addresses_of
from bot.conversation.context import Response
from bot.conversation.recent import PapersGiven
from bot.delivery.replies import ReplySender, ignore_id

_GROUPS = (Chat.GROUP, Chat.SUPERGROUP)


class Answers:
    """Send responses to where they were asked for; in a group no paper comes twice, in a channel nothing stays."""

    def __init__(self, replies: ReplySender, papers: PapersGiven, expiry: Expiry) -> None:
        self.replies = replies
        self.expiry = expiry
        self._papers = papers

    async def send(self, asked: MaybeInaccessibleMessage, response: Response, *, late: bool = False) -> None:
        """Answer a message in its chat, or the press of a button under it; `late`: nobody waits for it any more."""
        address, names = address_of(asked), addresses_of(asked.chat)
        answering = {**_reply_to(asked, asked.message_id), **sound(asked.chat, late=late)}
        if response.again is None or asked.chat.type not in _GROUPS:
            on_sent = partial(self.expiry.note, address) if asked.chat.type == Chat.CHANNEL else ignore_id
            await self.replies.send(address, response.messages, more=answering, names=names, on_sent=on_sent)
            return
        give = partial(self.replies.give, address, response.messages, more=answering, names=names)
        stands = await self._papers.give(address, response.share_line, give)
        if stands and not late:
            pointing = {**_reply_to(asked, int(stands)), **sound(asked.chat)}
            await self.replies.send(address, [response.again], more=pointing, names=names)


def sound(chat: Chat, *, late: bool = False) -> dict[str, object]:
    """Give what makes an answer silent for those who did not ask: in a chat of many, or when nobody waits any more."""
    return {"disable_notification": True} if late or chat.type != Chat.PRIVATE else {}


def _reply_to(asked: MaybeInaccessibleMessage, message_id: int) -> dict[str, object]:
    if asked.chat.type not in _GROUPS:
        return {}
    return {"reply_parameters": {"message_id": message_id, "allow_sending_without_reply": True}}
