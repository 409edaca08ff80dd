"""Say who sent a message or pressed a button in Telegram, and in which chat."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from telegram import Bot, CallbackQuery, Chat, ChatMemberUpdated, MaybeInaccessibleMessage, Message, User
from telegram.error import TelegramError

from bot.channels.telegram.channel import kind_of
from bot.conversation.context import Request
from bot.log import log

_ADMINISTRATORS = {"creator", "administrator"}
_RIGHTS_TIMEOUT = 5.0  # seconds: while Telegram is asked for somebody's rights, other readers wait


class RequestFactory:
    """Make the requests that the router handles."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot

    def for_message(self, message: Message, *, addressed: bool, in_reply: bool = False) -> Request:
        user, sender_chat = message.from_user, message.sender_chat
        # The chat itself writes: an anonymous administrator, or a channel.
        anonymous = sender_chat is not None and sender_chat.id == message.chat.id
        sender = None if anonymous else sender_chat or user
        return Request(
            "telegram",
            address_of(message),
            kind=kind_of(message.chat),
            user=str(sender.id) if sender else "",
            language=(user.language_code if user and not anonymous else "") or "",
            aliases=addresses_of(message.chat, topic_of(message)),
            addressed=addressed,
            in_reply=in_reply,
            is_admin=_yes if anonymous else self._is_admin(message.chat, user),
        )

    def for_button(self, query: CallbackQuery, message: MaybeInaccessibleMessage) -> Request:
        user = query.from_user
        return Request(
            "telegram",
            address_of(message),
            kind=kind_of(message.chat),
            user=str(user.id),
            language=user.language_code or "",
            aliases=addresses_of(message.chat, topic_of(message)),
            from_button=True,
            is_admin=self._is_admin(message.chat, user),
        )

    def for_membership(self, change: ChatMemberUpdated) -> Request:
        language = change.from_user.language_code or ""
        return Request("telegram", str(change.chat.id), kind=kind_of(change.chat), language=language)

    def _is_admin(self, chat: Chat, user: User | None) -> Callable[[], Awaitable[bool]]:
        async def ask() -> bool:
            """Ask Telegram; no answer means no."""
            try:
                async with asyncio.timeout(_RIGHTS_TIMEOUT):
                    return user is not None and await self._is_administrator(chat.id, user.id)
            except (TelegramError, TimeoutError) as error:
                log.warning("rights", chat=str(chat.id), error=str(error) or "Telegram does not answer")
                return False

        return ask

    async def _is_administrator(self, chat: int, user: int) -> bool:
        """Ask for one member, else for the list: where the bot is no administrator, only that is sure to work."""
        try:
            return (await self._bot.get_chat_member(chat, user)).status in _ADMINISTRATORS
        except TelegramError:
            administrators = await self._bot.get_chat_administrators(chat)
            return any(administrator.user.id == user for administrator in administrators)


async def _yes() -> bool:
    return True


def address_of(message: MaybeInaccessibleMessage) -> str:
    """Give the address of a message's chat, or of its topic where it has one; a thread of replies is no topic."""
    topic = topic_of(message)
    return f"{message.chat.id}:{topic}" if topic else str(message.chat.id)


def topic_of(message: MaybeInaccessibleMessage) -> int | None:
    if not isinstance(message, Message) or message.chat.type == Chat.PRIVATE:
        return None
    return message.message_thread_id if message.is_topic_message else None


def addresses_of(chat: Chat, topic: int | None = None) -> tuple[str, ...]:
    """List the addresses under which settings may name a chat or its topic; "General" is number 1."""
    has_name = chat.username and chat.type != Chat.PRIVATE
    addresses = (str(chat.id), f"@{chat.username}") if has_name else (str(chat.id),)
    if topic:
        return tuple(f"{address}:{topic}" for address in addresses)
    return (*addresses, *(f"{address}:1" for address in addresses)) if chat.is_forum else addresses
