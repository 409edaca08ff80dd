"""How a response to a message or a press gets into its chat."""

from __future__ import annotations

from functools import partial

from telegram import Chat, MaybeInaccessibleMessage

from bot.channels.telegram.updates.requests import address_of, addresses_of
from bot.conversation.context import Response
from bot.conversation.recent import PapersGiven
from bot.delivery.replies import ReplySender

_GROUPS = (Chat.GROUP, Chat.SUPERGROUP)


class Answers:
    """Send responses to where they were asked for; in a group, no paper twice within minutes."""

    def __init__(self, replies: ReplySender, papers: PapersGiven) -> None:
        self.replies = replies
        self._papers = papers

    async def send(self, asked: MaybeInaccessibleMessage, response: Response, **more: object) -> None:
        """Answer a message in its chat, or the press of a button under it; `more` are arguments of the call."""
        address, names = address_of(asked), addresses_of(asked.chat)
        answering = {**_reply_to(asked, asked.message_id), **more}
        if response.again is None or asked.chat.type not in _GROUPS:
            await self.replies.send(address, response.messages, more=answering, names=names)
            return
        give = partial(self.replies.give, address, response.messages, more=answering, names=names)
        if stands := await self._papers.give(address, response.share_line, give):
            pointing = {**_reply_to(asked, int(stands)), **more}
            await self.replies.send(address, [response.again], more=pointing, names=names)


def _reply_to(asked: MaybeInaccessibleMessage, message_id: int) -> dict[str, object]:
    if asked.chat.type not in _GROUPS:
        return {}
    return {"reply_parameters": {"message_id": message_id, "allow_sending_without_reply": True}}
