"""Who asks in Telegram, and where."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from telegram import Bot, CallbackQuery, Chat, ChatMemberUpdated, MaybeInaccessibleMessage, Message, User
from telegram.error import TelegramError

from bot.channels.telegram.channel import kind_of
from bot.conversation.context import Request
from bot.log import log

_IN_CHARGE = {"creator", "administrator"}
_PATIENCE = 5.0  # seconds: while Telegram is asked for somebody's rights, other readers wait


class RequestFactory:
    """Make what the desk is told of who asks."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def of_message(self, message: Message, *, meant: bool) -> Request:
        user, sender = message.from_user, message.sender_chat
        itself = sender is not None and sender.id == message.chat.id  # an anonymous administrator, or a channel
        named = None if itself else sender or user
        return Request(
            "telegram",
            address_of(message),
            kind=kind_of(message.chat),
            user=str(named.id) if named else "",
            language=(user.language_code if user and not itself else "") or "",
            aliases=names_of(message.chat, topic_of(message)),
            addressed=meant,
            is_admin=_yes if itself else self._is_admin(message.chat, user),
        )

    def of_press(self, query: CallbackQuery, message: MaybeInaccessibleMessage) -> Request:
        user = query.from_user
        return Request(
            "telegram",
            address_of(message),
            kind=kind_of(message.chat),
            user=str(user.id),
            language=user.language_code or "",
            aliases=names_of(message.chat, topic_of(message)),
            from_button=True,
            is_admin=self._is_admin(message.chat, user),
        )

    def of_member(self, change: ChatMemberUpdated) -> Request:
        language = change.from_user.language_code or ""
        return Request("telegram", str(change.chat.id), kind=kind_of(change.chat), language=language)

    def _is_admin(self, chat: Chat, user: User | None) -> Callable[[], Awaitable[bool]]:
        async def asked() -> bool:
            """Ask Telegram, which alone knows; no answer means no."""
            try:
                async with asyncio.timeout(_PATIENCE):
                    return user is not None and await self._in_charge(chat.id, user.id)
            except (TelegramError, TimeoutError) as error:
                log.warning("rights", chat=str(chat.id), error=str(error) or "Telegram does not answer")
                return False

        return asked

    async def _in_charge(self, chat: int, user: int) -> bool:
        """Ask for one member, else for the list: where the bot is no administrator, only that is sure to work."""
        try:
            return (await self._bot.get_chat_member(chat, user)).status in _IN_CHARGE
        except TelegramError:
            people = await self._bot.get_chat_administrators(chat)
            return any(person.user.id == user for person in people)


async def _yes() -> bool:
    return True


def address_of(message: MaybeInaccessibleMessage) -> str:
    """Give a chat's address, that of a topic where there is one; plain threads of replies are none."""
    topic = topic_of(message)
    return f"{message.chat.id}:{topic}" if topic else str(message.chat.id)


def topic_of(message: MaybeInaccessibleMessage) -> int | None:
    if not isinstance(message, Message) or message.chat.type == Chat.PRIVATE:
        return None
    return message.message_thread_id if message.is_topic_message else None


def names_of(chat: Chat, topic: int | None = None) -> tuple[str, ...]:
    """List the addresses under which settings may name a chat or its topic; "General" is number 1."""
    named = chat.username and chat.type != Chat.PRIVATE
    names = (str(chat.id), f"@{chat.username}") if named else (str(chat.id),)
    if topic:
        return tuple(f"{name}:{topic}" for name in names)
    return (*names, *(f"{name}:1" for name in names)) if chat.is_forum else names
