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

_LONGEST_TOAST = 200  # characters (Telegram Bot API, answerCallbackQuery)


class PressHandler:
    """Answer presses: by a toast, by a page that turns, else by messages."""

    def __init__(
        self, channel: TelegramChannel, router: CommandRouter, answers: Answers, requests: RequestFactory
    ) -> None:
        self._bot = channel.client.bot
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
            await self._replies.edit(address_of(message), str(message.message_id), response.messages[0])
        elif message and message.chat.type != Chat.CHANNEL:
            await self._answers.send(message, response)


def _has_button(message: MaybeInaccessibleMessage, data: str) -> bool:
    """Tell whether a message has a button with this data; yes where a message is too old to be read."""
    if not message.is_accessible or not isinstance(message, Message):  # the SDK makes a Message of it all the same
        return True
    rows = message.reply_markup.inline_keyboard if message.reply_markup else ()
    return any(button.callback_data == data for row in rows for button in row)
