"""Handle what comes in from Telegram: messages, buttons, inline queries, and who lets the bot in or out."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Sequence

from telegram import (
    CallbackQuery,
    Chat,
    ChatMember,
    ChatMemberUpdated,
    MaybeInaccessibleMessage,
    Message,
    Update,
)
from telegram.error import TelegramError

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.inline import InlineSearch
from bot.channels.telegram.requests import RequestFactory, address_of, addresses_of
from bot.conversation.context import Response
from bot.conversation.router import CommandRouter
from bot.delivery.replies import ReplySender
from bot.errors import LedgerError, SendError
from bot.log import log

_COMMAND = re.compile(r"\s*(/\w+)(?:@(\w+))?(?:\s+(.*))?", re.DOTALL)
_MENTION = re.compile(r"\s*@(\w+)[,:]?\s*(.*)", re.DOTALL)
_CHANNEL_COMMANDS = {"subscribe", "unsubscribe", "settings"}  # only administrators post in a channel
_LONGEST_TOAST = 200  # characters (Telegram Bot API, answerCallbackQuery)
_MEMBERS = {"creator", "administrator", "member", "restricted"}
_REMEMBERED = 1000  # updates; no more than a hundred come in at once


class UpdateHandler:
    """Handle updates: first save what they change, then answer."""

    def __init__(self, channel: TelegramChannel, router: CommandRouter, replies: ReplySender) -> None:
        self.router = router
        self.replies = replies
        self._channel = channel
        self._bot = channel.client.bot
        self._requests = RequestFactory(channel.client.bot)
        self._inline = InlineSearch(channel, router)
        self._handled: deque[int] = deque(maxlen=_REMEMBERED)

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
            self._handled.append(update.update_id)

    async def _dispatch(self, update: Update) -> None:
        if update.message:
            await self._message(update.message)
        elif update.channel_post:
            await self._channel_post(update.channel_post)
        elif update.callback_query:
            await self._button(update.callback_query)
        elif update.inline_query:
            self.replies.spawn(self._inline.answer(update.inline_query))
        elif update.my_chat_member:
            await self._membership(update.my_chat_member)

    # --- messages

    async def _message(self, message: Message) -> None:
        self._channel.ids.heard(message.chat, message.message_id)
        if message.migrate_to_chat_id:
            await self._migrate(message.chat, message.migrate_to_chat_id)
        if not message.text or message.via_bot or message.is_automatic_forward:
            return  # no text, or not meant for the bot: shared from inline mode, or posted in the group's channel
        private = message.chat.type == Chat.PRIVATE
        if command := await self._command(message.text, private=private):
            line, addressed = command
            response = await self.router.handle(self._requests.for_message(message, addressed=addressed), line)
            self._reply(message, response)

    async def _channel_post(self, message: Message) -> None:
        """Handle commands that manage the channel, nothing else."""
        self._channel.ids.heard(message.chat, message.message_id)
        command = await self._command(message.text or "", private=False)
        name = command[0].split(maxsplit=1)[:1] if command else []
        if command and name and name[0].removeprefix("/").casefold() in _CHANNEL_COMMANDS:
            response = await self.router.handle(self._requests.for_message(message, addressed=True), command[0])
            self._reply(message, response)

    async def _command(self, text: str, *, private: bool) -> tuple[str, bool] | None:
        """Give the line that the bot may answer, and whether it is surely addressed to the bot; None for all else."""
        mention = _MENTION.fullmatch(text)
        if mention and await self._is_our_name(mention[1]):
            return mention[2], True
        command = _COMMAND.fullmatch(text)
        if command is None:
            return (text, True) if private else None
        if command[2] and not await self._is_our_name(command[2]):
            return None
        return f"{command[1]} {command[3] or ''}", private or bool(command[2])

    async def _is_our_name(self, name: str) -> bool:
        return name.casefold() == (await self._channel.client.username()).casefold()

    # --- buttons

    async def _button(self, query: CallbackQuery) -> None:
        """Do what a button says, for the person who pressed it; a client can send data that is on no button."""
        response, message = Response(), query.message
        try:
            if message and query.data and _has_button(message, query.data):
                response = await self.router.handle(self._requests.for_button(query, message), query.data)
        except LedgerError:
            raise  # the update comes again
        except Exception:
            self.replies.spawn(self._show_toast(query, ""))
            raise
        self.replies.spawn(self._answer_button(query, response))

    async def _answer_button(self, query: CallbackQuery, response: Response) -> None:
        """End the waiting of the button; what its toast cannot show is sent to the chat."""
        toast = response.toast if len(response.toast) <= _LONGEST_TOAST else ""
        if not toast or response.replaces_page:
            await asyncio.gather(self._show_toast(query, toast), self._show_page(query.message, response))
        elif not await self._show_toast(query, toast):
            await self._show_page(query.message, response)

    async def _show_toast(self, query: CallbackQuery, toast: str) -> bool:
        """Show a toast, and tell whether it was in time."""
        try:
            await self._bot.answer_callback_query(query.id, text=toast or None)
        except TelegramError as error:
            log.info("late answer", error=str(error))  # the button no longer waits
            return False
        return True

    async def _show_page(self, message: MaybeInaccessibleMessage | None, response: Response) -> None:
        """Replace the page whose button was pressed, or send the response as new messages.

        A message that is too old to be read may be no page, and stays as it is. In a channel every
        reader can press a button, but only administrators may make the channel say something.
        """
        if message and message.is_accessible and response.replaces_page:
            await self.replies.edit(address_of(message), str(message.message_id), response.messages[0])
        elif message and message.chat.type != Chat.CHANNEL:
            await self._send_reply(message, response)

    def _reply(self, message: Message, response: Response) -> None:
        self.replies.spawn(self._send_reply(message, response))

    async def _send_reply(self, message: MaybeInaccessibleMessage, response: Response) -> None:
        names = addresses_of(message.chat)
        await self.replies.send(address_of(message), response.messages, more=_reply_to(message), names=names)

    # --- membership

    async def _membership(self, change: ChatMemberUpdated) -> None:
        """Pause a chat that the bot is removed from, resume it when the bot is back, and greet a new one."""
        before, after = map(_is_member, (change.old_chat_member, change.new_chat_member))
        chat = change.chat
        subscriptions = await self.router.ledger.subscriptions.with_topics("telegram", addresses_of(chat))
        if before and not after:
            await self._pause(chat, [one.id for one in subscriptions])
        elif after:  # let in again, or its rights changed: what kept it from writing may be gone
            await self._resume([one.id for one in subscriptions])
        receives = any(one.receives for one in subscriptions)
        if after and not before and chat.type != Chat.PRIVATE and not receives:
            self.replies.spawn(self._greet(change))

    async def _pause(self, chat: Chat, subscriptions: Iterable[int]) -> None:
        reason = "blocked by its reader" if chat.type == Chat.PRIVATE else "the bot was taken out of the chat"
        for subscription in subscriptions:
            await self.router.ledger.subscriptions.pause(subscription, reason)

    async def _resume(self, subscriptions: Iterable[int]) -> None:
        for subscription in subscriptions:
            await self.router.ledger.subscriptions.resume(subscription)
        self.router.wake()

    async def _greet(self, change: ChatMemberUpdated) -> None:
        welcome = await self.router.welcome(self._requests.for_membership(change))
        await self.replies.send(str(change.chat.id), [welcome], names=addresses_of(change.chat))

    async def _migrate(self, chat: Chat, new: int) -> None:
        """Move the subscriptions of a group, and of its topics, to the supergroup that it became."""
        ledger = self.router.ledger
        for subscription in await ledger.subscriptions.with_topics("telegram", addresses_of(chat)):
            _, colon, topic = subscription.address.partition(":")
            address = f"{new}{colon}{topic}"
            id_sequence = self._channel.id_sequence(address)
            await ledger.subscriptions.move(subscription.id, address=address, id_sequence=id_sequence)


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


def _has_button(message: MaybeInaccessibleMessage, data: str) -> bool:
    """Tell whether a message has a button with this data; yes where a message is too old to be read."""
    if not message.is_accessible or not isinstance(message, Message):  # the SDK makes a Message of it all the same
        return True
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    return any(button.callback_data == data for row in rows for button in row)


def _is_member(member: ChatMember) -> bool:
    return member.status in _MEMBERS and bool(getattr(member, "is_member", True))  # a restricted user may have left


def _reply_to(message: MaybeInaccessibleMessage) -> dict[str, object]:
    if message.chat.type in (Chat.PRIVATE, Chat.CHANNEL):
        return {}
    return {"reply_parameters": {"message_id": message.message_id, "allow_sending_without_reply": True}}
