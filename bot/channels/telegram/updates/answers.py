"""How a response to a message or a press gets into its chat."""

from __future__ import annotations

from telegram import Chat, MaybeInaccessibleMessage

from bot.channels.telegram.updates.requests import address_of, addresses_of
from bot.conversation.context import Response
from bot.delivery.replies import ReplySender


class Answers:
    """Send responses to where they were asked for."""

    def __init__(self, replies: ReplySender) -> None:
        self.replies = replies

    async def send(self, message: MaybeInaccessibleMessage, response: Response) -> None:
        """Answer a message in its chat, or the press of a button under it."""
        names = addresses_of(message.chat)
        await self.replies.send(address_of(message), response.messages, more=_reply_to(message), names=names)


def _reply_to(message: MaybeInaccessibleMessage) -> dict[str, object]:
    if message.chat.type in (Chat.PRIVATE, Chat.CHANNEL):
        return {}
    return {"reply_parameters": {"message_id": message.message_id, "allow_sending_without_reply": True}}
