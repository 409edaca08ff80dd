"""Pressed buttons: do what they say, and end the waiting of who pressed."""

from __future__ import annotations

import asyncio

from telegram import CallbackQuery, Chat, MaybeInaccessibleMessage, Message
from telegram.error import TelegramError

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.updates.answers import Answers
from bot.channels.telegram.updates.requests import RequestFactory, address_of
from bot.conversation.context import Response
from bot.conversation.router import CommandRouter
from bot.errors import LedgerError
from bot.log import log
from formatters import lines
from formatters.spans import shorten

_LONGEST_TOAST = 200  # characters (Telegram Bot API, answerCallbackQuery)


class PressHandler:
    """Answer presses: by a toast, by a page that turns, in a private chat."""

    def __init__(
        self, channel: TelegramChannel, router: CommandRouter, answers: Answers, requests: RequestFactory
    ) -> None:
        self._client = channel.client
        self._router = router
        self._answers = answers
        self._replies = answers.replies
        self._requests = requests

    async def handle(self, query: CallbackQuery) -> None:
        """Do what a button says, for the person who pressed it; a client can send data that is on no button."""
        response, message = Response(), query.message
        try:
            if message and query.data and _has_button(message, query.data):
                response = await self._router.handle(self._requests.for_button(query, message), query.data)
        except LedgerError:
            raise  # the update comes again
        except Exception:
            self._replies.spawn(self._show_toast(query, ""))
            raise
        self._replies.spawn(self._answer(query, response))

    async def _answer(self, query: CallbackQuery, response: Response) -> None:
        """End the waiting of the button, and show what follows: in its page, to who pressed, or in a private chat."""
        message = query.message
        toast = response.toast if len(response.toast) <= _LONGEST_TOAST else ""
        if message and message.is_accessible and response.replaces_page:
            await asyncio.gather(self._show_toast(query, toast), self._turn_page(message, response))
        elif message and message.chat.type != Chat.PRIVATE:
            await self._answer_among_others(query, message, response)
        elif message and (not toast or response.replaces_page):
            await asyncio.gather(self._show_toast(query, toast), self._answers.send(message, response))
        elif not await self._show_toast(query, toast) and message:
            await self._answers.send(message, response)

    async def _turn_page(self, message: MaybeInaccessibleMessage, response: Response) -> None:
        """Put a page in the place of another one; in a channel, where pages are deleted, it stays while it is used."""
        address, remote_id = address_of(message), str(message.message_id)
        await self._replies.edit(address, remote_id, response.messages[0])
        if message.chat.type == Chat.CHANNEL:
            await self._answers.expiry.postpone(address, remote_id)

    async def _answer_among_others(
        self, query: CallbackQuery, message: MaybeInaccessibleMessage, response: Response
    ) -> None:
        """Answer who pressed among others, without a message: twenty a minute are all that a group may get."""
        link = await self._link(query, response)
        in_time = bool(link) and await self._end_waiting(query, url=link)
        text = shorten(response.toast or response.one_line, _LONGEST_TOAST)
        if not in_time and not await self._show_toast(query, text):
            await self._answer_late(query, message, response)

    async def _answer_late(self, query: CallbackQuery, message: MaybeInaccessibleMessage, response: Response) -> None:
        """Answer in the group, without a sound, who is no longer waiting, since the bot was away.

        In a channel every reader can press a button, but only administrators may make it say something.
        """
        if message.chat.type != Chat.CHANNEL and self._router.may_speak(self._requests.for_button(query, message)):
            await self._answers.send(message, response, late=True)

    async def _link(self, query: CallbackQuery, response: Response) -> str:
        """Give the address of the private chat where what was asked for is answered; "" where a toast says it all."""
        payload = "" if response.toast else lines.spell_start_of(response.share_line or query.data or "")
        return await self._client.link(payload) if payload else ""

    async def _show_toast(self, query: CallbackQuery, toast: str) -> bool:
        """Show a toast, and tell whether it was in time."""
        return await self._end_waiting(query, text=toast or None)

    async def _end_waiting(self, query: CallbackQuery, *, text: str | None = None, url: str | None = None) -> bool:
        try:
            await self._client.bot.answer_callback_query(query.id, text=text, url=url)
        except TelegramError as error:
            log.info("late answer", error=str(error))  # the button no longer waits
            return False
        return True


def _has_button(message: MaybeInaccessibleMessage, data: str) -> bool:
    """Tell whether a message has a button with this data; yes where a message is too old to be read."""
    if not message.is_accessible or not isinstance(message, Message):  # the SDK makes a Message of it all the same
        return True
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    return any(button.callback_data == data for row in rows for button in row)
