"""Calls to Telegram: python-telegram-bot's `Bot`, bodies in its types, its errors translated.

Updates are read one by one here, so that one that cannot be read hides no other. Source of the facts:
Telegram Bot API.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from telegram import (
    Bot,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    Message,
    ReplyParameters,
    TelegramObject,
    Update,
    User,
)
from telegram.error import TelegramError
from telegram.request import HTTPXRequest

from bot.channels.telegram.errors import translate
from bot.errors import RetryLater, SendError, Unconfirmed
from bot.ledger.writing import deadline
from bot.log import log
from bot.network.options import httpx_options
from bot.network.writing import httpx_hooks
from formatters.telegram import BOT

_CONNECTIONS = 64  # enough for 30 calls a second that take two of them; each call looks at all that are idle
_CONNECT, _POOL = 10.0, 30.0  # seconds until there is a connection, and one of the pool is free
_CACHED_BODIES = 100
# What a body may hold that the SDK has a type for, and what an edit does not take.
_SDK_TYPES: dict[str, type[TelegramObject]] = {
    "link_preview_options": LinkPreviewOptions,
    "reply_parameters": ReplyParameters,
}
_NOT_IN_EDITS = {"disable_notification", "reply_parameters"}

NONSENSE = (AttributeError, KeyError, TypeError, ValueError)  # what the SDK raises at an answer that makes no sense

Arguments = dict[str, Any]  # of a call of the SDK
_Result = TypeVar("_Result")


class TelegramClient:
    """One bot. Its calls raise SendError alone; `throttled` is called with a chat and seconds when one is refused."""

    def __init__(self, token: str, base_url: str, timeout: float, throttled: Callable[[str, float], None]) -> None:
        self._token = token
        self.answer = timeout
        options = httpx_options(base_url)
        request = HTTPXRequest(
            *(_CONNECTIONS, timeout, timeout, _CONNECT, _POOL),
            httpx_kwargs=options | httpx_hooks(deadline.before_write, timeout),
        )
        self._polling = TolerantRequest(connection_pool_size=1, connect_timeout=_CONNECT, httpx_kwargs=options)
        self.bot = Bot(token, base_url=base_url, request=request, get_updates_request=self._polling)
        self._throttled = throttled
        self._arguments: dict[str, Arguments] = {}  # by the body's JSON
        self._username = ""
        self._get_me: asyncio.Future[User] | None = None

    @property
    def bot_id(self) -> int:
        return int(self._token.partition(":")[0])  # a token begins with it

    async def username(self) -> str:
        """Give the bot's name, asked for once, however many wait for it."""
        if not self._username:
            if self._get_me is None or self._get_me.done():
                self._get_me = asyncio.ensure_future(self.me())
            self._username = (await asyncio.shield(self._get_me)).username or ""
        return self._username

    async def link(self, payload: str) -> str:
        """Give the address that opens the private chat with the bot; "" while the bot's name cannot be asked for."""
        try:
            return f"{await self._start_address()}{payload}"
        except SendError as error:
            log.warning("no link", error=str(error))
            return ""

    async def _start_address(self) -> str:
        return BOT.replace("/BOT?", f"/{await self.username()}?")

    async def me(self) -> User:
        return await self.call("token", self.bot.get_me())

    async def prepare(self, body: Mapping[str, object]) -> None:
        """Ask for the bot's name where links to the bot need it; if that fails, so does the send, and says why."""
        if not self._username and "reply_markup" in body:
            with suppress(SendError):
                await self.arguments(body)

    async def arguments(self, body: Mapping[str, object]) -> Arguments:
        """Give a body in the SDK's own types, links to the bot with its name.

        A broadcast sends the same few bodies to all chats: they are converted once.
        """
        key = json.dumps(dict(body))  # it takes a fifth of the time that converting does
        arguments = self._arguments.get(key)
        if arguments is None:
            arguments = await self._convert(body)
            if len(self._arguments) >= _CACHED_BODIES:
                self._arguments.clear()
            self._arguments[key] = arguments
        return arguments

    async def arguments_to_send(self, body: Mapping[str, object]) -> Arguments:
        """Convert a body before a call; RetryLater when the bot's name is needed and cannot be asked for."""
        try:
            return await self.arguments(body)
        except Unconfirmed as error:
            raise RetryLater(str(error)) from error

    async def _convert(self, body: Mapping[str, object]) -> Arguments:
        arguments: Arguments = dict(body)
        for name, sdk_type in _SDK_TYPES.items():
            if isinstance(value := body.get(name), Mapping):
                arguments[name] = sdk_type.de_json({**value}, self.bot)
        if isinstance(markup := body.get("reply_markup"), Mapping):
            arguments["reply_markup"] = await self._keyboard(markup)
        return arguments

    async def _keyboard(self, markup: Mapping[str, Any]) -> InlineKeyboardMarkup | None:
        rows = [[dict(button) for button in row] for row in markup["inline_keyboard"]]
        for button in (button for row in rows for button in row if button.get("url", "").startswith(BOT)):
            button["url"] = button["url"].replace(BOT, await self._start_address(), 1)
        return InlineKeyboardMarkup.de_json({"inline_keyboard": rows}, self.bot)

    async def send(self, address: str, body: Mapping[str, object]) -> Message:
        chat, topic = split_address(address)
        arguments = await self.arguments_to_send(body)
        return await self.call(chat, self.bot.send_message(chat_id=chat, message_thread_id=topic, **arguments))

    async def edit(self, address: str, message_id: int, arguments: Mapping[str, Any]) -> Message | bool:
        chat, _ = split_address(address)
        kept = {name: value for name, value in arguments.items() if name not in _NOT_IN_EDITS}
        return await self.call(chat, self.bot.edit_message_text(chat_id=chat, message_id=message_id, **kept))

    async def call(self, chat: str, call: Awaitable[_Result]) -> _Result:
        """Await a call of the SDK about a chat; its own timeouts leave out what is said with a SOCKS proxy."""
        try:
            return await deadline.call(call, _CONNECT + _POOL, self.answer)
        except deadline.NotWritten as error:
            translated: SendError = RetryLater(f"Telegram cannot be reached: {error}")
        except TimeoutError:
            translated = Unconfirmed(f"Telegram did not answer within {self.answer:g} seconds")
        except TelegramError as error:
            translated = translate(error, chat, self._token)
        except NONSENSE as error:
            translated = Unconfirmed(f"Telegram's answer makes no sense ({type(error).__name__})")
        if isinstance(translated, RetryLater) and translated.flood:
            self._throttled(chat, translated.after or 0.0)
        raise translated

    async def close(self) -> None:
        await self.bot.request.shutdown()
        await self._polling.shutdown()


def join_address(chat: str, topic: int | None) -> str:
    return f"{chat}:{topic}" if topic else chat


def split_address(address: str) -> tuple[str, int | None]:
    """Split an address into chat and topic; the topic "General" is named by leaving it out."""
    chat, _, topic = address.partition(":")
    return chat, int(topic) if topic not in {"", "1"} else None


class TolerantRequest(HTTPXRequest):
    """Ask for updates; the SDK itself would refuse the whole response for one that it cannot read."""

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        response = HTTPXRequest.parse_json_payload(payload)
        if isinstance(response, dict) and isinstance(updates := response.get("result"), list):
            return {**response, "result": [_readable(update) for update in updates if _has_id(update)]}
        return response


def read_update(raw: object, bot: Bot) -> Update | None:
    """Read an update; one that nobody can read is empty, and what is no update at all is None."""
    return Update.de_json(_readable(raw), bot) if isinstance(raw, dict) and _has_id(raw) else None


def _has_id(raw: object) -> bool:
    return isinstance(raw, dict) and type(raw.get("update_id")) is int


def _readable(raw: dict[str, Any]) -> dict[str, Any]:
    """Give an update as it came, or without all but its id when it cannot be read."""
    try:
        _check_ids(Update.de_json(raw, None))
    except Exception as error:  # noqa: BLE001 - whatever it holds, the others must come in
        log.warning("update", update=raw["update_id"], error=f"cannot be read ({type(error).__name__}: {error})")
        return {"update_id": raw["update_id"]}
    return raw


def _check_ids(update: Update) -> None:
    """Raise for ids that are missing or no numbers, on which all else relies: the SDK takes anything."""
    message = update.effective_message
    people = (update.effective_chat, update.effective_user, message and message.sender_chat)
    ids = [one.id for one in people if one]
    if message:
        ids += [message.chat.id, message.message_id]
        ids += [message.migrate_to_chat_id or 0, message.message_thread_id or 0]
    if not all(type(number) is int for number in ids):
        raise TypeError("an id is no number")
