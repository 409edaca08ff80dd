"""Take in updates in their order: messages are handled here, all else by the module for its kind."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence
from time import monotonic

from telegram import Chat, Message, Update

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.expiry import Expiry
from bot.channels.telegram.updates.answers import Answers
from bot.channels.telegram.updates.inline import InlineSearch
from bot.channels.telegram.updates.membership import MembershipHandler
from bot.channels.telegram.updates.presses import PressHandler
from bot.channels.telegram.updates.requests import RequestFactory, addresses_of, topic_of
from bot.conversation.listener import CORRECTED_WITHIN
from bot.conversation.parsing.words import parse_command
from bot.conversation.recent import Recent
from bot.conversation.router import CommandRouter
from bot.delivery.replies import ReplySender
from bot.errors import LedgerError, SendError
from bot.log import log

_COMMAND = re.compile(r"\s*(/\w+)(?:@(\w+))?(?:\s+(.*))?", re.DOTALL)
_MENTION = re.compile(r"(?<![\w@/])@(\w+)[,:]?")
_CHANNEL_COMMANDS = {"subscribe", "unsubscribe", "settings"}  # only administrators post in a channel
_REMEMBERED = 1000  # updates; no more than a hundred come in at once


class UpdateHandler:
    """Handle updates: first save what they change, then answer."""

    def __init__(self, channel: TelegramChannel, router: CommandRouter, replies: ReplySender) -> None:
        self.router = router
        self.replies = replies
        self._channel = channel
        self._requests = RequestFactory(channel.client.bot)
        self.expiry = Expiry(channel, router.ledger.expiring)
        self._answers = Answers(replies, router.papers, self.expiry)
        self._presses = PressHandler(channel, router, self._answers, self._requests)
        self._membership = MembershipHandler(channel, router, self._answers, self._requests)
        self._inline = InlineSearch(channel, router)
        self._handled: deque[int] = deque(maxlen=_REMEMBERED)
        self._texts = Recent[int](CORRECTED_WITHIN)

    async def handle(self, updates: Iterable[Update]) -> None:
        """Handle updates, those of one chat in their order.

        LedgerError or SendError when a change could not be saved. All updates may then be given again:
        those that were handled are left out.
        """
        new = [update for update in updates if update.update_id not in self._handled]
        chats = _by_chat(new)
        if len(chats) == 1:  # the usual case
            return await self._handle_in_order(new)
        results = await asyncio.gather(*map(self._handle_in_order, chats), return_exceptions=True)
        for error in results:
            if error is not None:
                raise error
        return None

    async def _handle_in_order(self, updates: Sequence[Update]) -> None:
        for update in updates:
            try:
                await self._dispatch(update)
            except (LedgerError, SendError):
                raise
            except Exception:  # noqa: BLE001 - one strange update must not silence the bot for all others
                log.exception("update", update=update.update_id)
            self._hear_title(update)
            self._handled.append(update.update_id)

    def _hear_title(self, update: Update) -> None:
        """Learn how the chat is called, and its topics with it; who subscribed just now is in the ledger already."""
        if chat := update.effective_chat:
            topic = topic_of(update.effective_message) if update.effective_message else None
            self._channel.titles.hear(chat.effective_name, *addresses_of(chat), *addresses_of(chat, topic))

    async def _dispatch(self, update: Update) -> None:
        if update.message:
            await self._message(update.message)
        elif update.edited_message:
            await self._edited(update.edited_message)
        elif update.channel_post:
            await self._channel_post(update.channel_post)
        elif update.callback_query:
            await self._presses.handle(update.callback_query)
        elif update.inline_query:
            self.replies.spawn(self._inline.answer(update.inline_query))
        elif update.my_chat_member:
            await self._membership.handle(update.my_chat_member)

    # --- messages

    async def _message(self, message: Message) -> None:
        self._channel.ids.heard(message.chat, message.message_id)
        if message.migrate_to_chat_id:
            await self._membership.migrate(message.chat, message.migrate_to_chat_id)
        await self._text(message)

    async def _edited(self, message: Message) -> None:
        """Answer a message whose text was corrected soon; Telegram tells of edits that change no text as well."""
        at = message.edit_date
        is_young = at is not None and (at - message.date).total_seconds() <= CORRECTED_WITHIN
        if is_young and self._texts.get(_key(message), monotonic()) != hash(message.text):
            await self._text(message)

    async def _text(self, message: Message) -> None:
        if not message.text or message.via_bot or message.is_automatic_forward:
            return  # no text, or not meant for the bot: shared from inline mode, or posted in the group's channel
        self._texts.note(_key(message), hash(message.text), monotonic())
        private = message.chat.type == Chat.PRIVATE
        in_reply = not private and await self._is_to_us(message)
        if command := await self._command(message.text, private=private, in_reply=in_reply):
            line, addressed = command
            request = self._requests.for_message(message, addressed=addressed, in_reply=in_reply)
            response = await self.router.handle(request, line)
            self.replies.spawn(self._answers.send(message, response))

    async def _channel_post(self, message: Message) -> None:
        """Handle commands that manage the channel, nothing else; they need not stand there for ever."""
        self._channel.ids.heard(message.chat, message.message_id)
        command = await self._command(message.text or "", private=False, in_reply=False)
        if command and parse_command(command[0], _CHANNEL_COMMANDS)[0] in _CHANNEL_COMMANDS:
            response = await self.router.handle(self._requests.for_message(message, addressed=True), command[0])
            await self.expiry.note(str(message.chat.id), str(message.message_id))
            self.replies.spawn(self._answers.send(message, response))

    async def _command(self, text: str, *, private: bool, in_reply: bool) -> tuple[str, bool] | None:
        """Give the line that the bot may answer, and whether it is surely addressed to the bot; None for all else."""
        for mention in _MENTION.finditer(text):
            if await self._is_our_name(mention[1]):
                return f"{text[: mention.start()]} {text[mention.end() :]}".strip(), True
        command = _COMMAND.fullmatch(text)
        if command is None:
            return (text, private) if private or in_reply else None
        if command[2] and not await self._is_our_name(command[2]):
            return None
        return f"{command[1]} {command[3] or ''}", private or bool(command[2])

    async def _is_to_us(self, message: Message) -> bool:
        """Tell whether somebody answers a message of the bot; all of a topic that it opened would seem to."""
        answered = message.reply_to_message
        author = answered.from_user if answered and not answered.forum_topic_created else None
        return bool(author and author.username and await self._is_our_name(author.username))

    async def _is_our_name(self, name: str) -> bool:
        return name.casefold() == (await self._channel.client.username()).casefold()


def _key(message: Message) -> tuple[int, int]:
    return message.chat.id, message.message_id


def _by_chat(updates: Iterable[Update]) -> list[list[Update]]:
    """Sort updates by chat; a group and the supergroup that it became are one chat."""
    migrated = {
        update.message.chat.id: update.message.migrate_to_chat_id
        for update in updates
        if update.message and update.message.migrate_to_chat_id
    }
    chats: dict[int, list[Update]] = defaultdict(list)
    for update in updates:
        chat = update.effective_chat.id if update.effective_chat else 0
        chats[migrated.get(chat, chat)].append(update)
    return list(chats.values())
