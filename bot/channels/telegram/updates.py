"""What each update of Telegram means to us."""

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
from bot.channels.telegram.requests import RequestFactory, address_of, names_of
from bot.conversation.context import Response
from bot.conversation.router import CommandRouter
from bot.delivery.replies import ReplySender
from bot.errors import LedgerError, SendError
from bot.log import log

_COMMAND = re.compile(r"\s*(/\w+)(?:@(\w+))?(?:\s+(.*))?", re.DOTALL)
_MENTION = re.compile(r"\s*@(\w+)[,:]?\s*(.*)", re.DOTALL)
_IN_CHANNELS = {"subscribe", "unsubscribe", "settings"}  # what a channel itself may say: its administrators post
_LONGEST_NOTE = 200  # characters (Telegram Bot API, answerCallbackQuery)
_IN = {"creator", "administrator", "member", "restricted"}
_REMEMBERED = 1000  # updates; no more than a hundred come in at once


class UpdateHandler:
    """Take updates in: keep what they wish, then answer."""

    def __init__(self, channel: TelegramChannel, router: CommandRouter, replies: ReplySender) -> None:
        self.router = router
        self.replies = replies
        self._channel = channel
        self._bot = channel.client.bot
        self._requests = RequestFactory(channel.client.bot)
        self._inline = InlineSearch(channel, router)
        self._taken: deque[int] = deque(maxlen=_REMEMBERED)

    async def handle(self, updates: Iterable[Update]) -> None:
        """Take updates in, those of a chat one after the other.

        LedgerError or SendError when what one wishes could not be kept: then all may be given again,
        and only those are taken in that were not yet.
        """
        new = [update for update in updates if update.update_id not in self._taken]
        rooms = _rooms(new)
        if len(rooms) == 1:  # as it mostly is
            return await self._room(new)
        done = await asyncio.gather(*map(self._room, rooms), return_exceptions=True)
        for error in done:
            if error is not None:
                raise error
        return None

    async def _room(self, updates: Sequence[Update]) -> None:
        for update in updates:
            try:
                await self._one(update)
            except (LedgerError, SendError):
                raise
            except Exception:  # noqa: BLE001 - one strange update must not silence the bot for all others
                log.exception("update", update=update.update_id)
            self._taken.append(update.update_id)

    async def _one(self, update: Update) -> None:
        if update.message:
            await self._message(update.message)
        elif update.channel_post:
            await self._post(update.channel_post)
        elif update.callback_query:
            await self._press(update.callback_query)
        elif update.inline_query:
            self.replies.spawn(self._inline.answer(update.inline_query))
        elif update.my_chat_member:
            await self._member(update.my_chat_member)

    # --- what is said

    async def _message(self, message: Message) -> None:
        self._channel.ids.heard(message.chat, message.message_id)
        if message.migrate_to_chat_id:
            await self._moved(message.chat, message.migrate_to_chat_id)
        if not message.text or message.via_bot or message.is_automatic_forward:
            return  # nothing said, or said elsewhere: shared from inline mode, or posted in the group's channel
        private = message.chat.type == Chat.PRIVATE
        if heard := await self._heard(message.text, private=private):
            line, meant = heard
            answer = await self.router.handle(self._requests.of_message(message, meant=meant), line)
            self._answer(message, answer)

    async def _post(self, message: Message) -> None:
        """Hear a channel itself, where only administrators post: commands that manage it, nothing else."""
        self._channel.ids.heard(message.chat, message.message_id)
        heard = await self._heard(message.text or "", private=False)
        first = heard[0].split(maxsplit=1)[:1] if heard else []
        if heard and first and first[0].removeprefix("/").casefold() in _IN_CHANNELS:
            answer = await self.router.handle(self._requests.of_message(message, meant=True), heard[0])
            self._answer(message, answer)

    async def _heard(self, text: str, *, private: bool) -> tuple[str, bool] | None:
        """Give the line that is for us, and whether it surely is; None when it is not."""
        mention = _MENTION.fullmatch(text)
        if mention and await self._is_us(mention[1]):
            return mention[2], True
        command = _COMMAND.fullmatch(text)
        if command is None:
            return (text, True) if private else None
        if command[2] and not await self._is_us(command[2]):
            return None
        return f"{command[1]} {command[3] or ''}", private or bool(command[2])

    async def _is_us(self, name: str) -> bool:
        return name.casefold() == (await self._channel.client.username()).casefold()

    # --- what is pressed

    async def _press(self, query: CallbackQuery) -> None:
        """Do what a button says, as whoever pressed it; a client can press what is on no button."""
        answer, message = Response(), query.message
        try:
            if message and query.data and _offered(message, query.data):
                answer = await self.router.handle(self._requests.of_press(query, message), query.data)
        except LedgerError:
            raise  # it comes again
        except Exception:
            self.replies.spawn(self._toast(query, ""))
            raise
        self.replies.spawn(self._answer_press(query, answer))

    async def _answer_press(self, query: CallbackQuery, answer: Response) -> None:
        """End the waiting of the button; what its toast cannot say is said in the chat."""
        note = answer.toast if len(answer.toast) <= _LONGEST_NOTE else ""
        if not note or answer.replaces_page:
            await asyncio.gather(self._toast(query, note), self._show(query.message, answer))
        elif not await self._toast(query, note):
            await self._show(query.message, answer)

    async def _toast(self, query: CallbackQuery, note: str) -> bool:
        try:
            await self._bot.answer_callback_query(query.id, text=note or None)
        except TelegramError as error:
            log.info("late answer", error=str(error))  # the button waits no more
            return False
        return True

    async def _show(self, message: MaybeInaccessibleMessage | None, answer: Response) -> None:
        """Put a page in the place of the one that was pressed, or say it anew.

        What is too old to be seen may be no page, and is left alone. In a channel, whoever reads it
        can press, and nobody but its administrators may make it say something.
        """
        if message and message.is_accessible and answer.replaces_page:
            await self.replies.edit(address_of(message), str(message.message_id), answer.messages[0])
        elif message and message.chat.type != Chat.CHANNEL:
            await self._send(message, answer)

    def _answer(self, message: Message, answer: Response) -> None:
        self.replies.spawn(self._send(message, answer))

    async def _send(self, message: MaybeInaccessibleMessage, answer: Response) -> None:
        names = names_of(message.chat)
        await self.replies.send(address_of(message), answer.messages, more=_reply_to(message), names=names)

    # --- who comes and goes

    async def _member(self, change: ChatMemberUpdated) -> None:
        """Greet who lets us in, pause where we are shut out, go on where we were."""
        was, now = map(_is_in, (change.old_chat_member, change.new_chat_member))
        chat, subscribers = change.chat, self.router.ledger.subscriptions
        places = await subscribers.with_topics("telegram", names_of(chat))
        if was and not now:
            reason = "blocked by its reader" if chat.type == Chat.PRIVATE else "the bot was taken out of the chat"
            for place in places:
                await subscribers.pause(place.id, reason)
        elif now:  # let in again, or its rights changed: what kept it from writing may be gone
            for place in places:
                await subscribers.resume(place.id)
            self.router.wake()
        if now and not was and chat.type != Chat.PRIVATE and not any(place.receives for place in places):
            self.replies.spawn(self._greet(change))

    async def _greet(self, change: ChatMemberUpdated) -> None:
        welcome = await self.router.welcome(self._requests.of_member(change))
        await self.replies.send(str(change.chat.id), [welcome], names=names_of(change.chat))

    async def _moved(self, chat: Chat, new: int) -> None:
        """Follow a group that became a supergroup, with its topics."""
        ledger = self.router.ledger
        for place in await ledger.subscriptions.with_topics("telegram", names_of(chat)):
            _, colon, topic = place.address.partition(":")
            address = f"{new}{colon}{topic}"
            await ledger.move(place.id, address=address, id_sequence=self._channel.id_sequence(address))


def _rooms(updates: Iterable[Update]) -> list[list[Update]]:
    """Sort updates by chat, those of a group and of the supergroup that it became together."""
    moved = {
        update.message.chat.id: update.message.migrate_to_chat_id
        for update in updates
        if update.message and update.message.migrate_to_chat_id
    }
    rooms: dict[int, list[Update]] = defaultdict(list)
    for update in updates:
        chat = update.effective_chat.id if update.effective_chat else 0
        rooms[moved.get(chat, chat)].append(update)
    return list(rooms.values())


def _offered(message: MaybeInaccessibleMessage, data: str) -> bool:
    """Tell whether a message has such a button; of one that is too old to be seen nobody can tell."""
    if not message.is_accessible or not isinstance(message, Message):  # the SDK makes a Message of it all the same
        return True
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    return any(button.callback_data == data for row in rows for button in row)


def _is_in(member: ChatMember) -> bool:
    return member.status in _IN and bool(getattr(member, "is_member", True))  # who is restricted may be out


def _reply_to(message: MaybeInaccessibleMessage) -> dict[str, object]:
    if message.chat.type in (Chat.PRIVATE, Chat.CHANNEL):
        return {}
    return {"reply_parameters": {"message_id": message.message_id, "allow_sending_without_reply": True}}
