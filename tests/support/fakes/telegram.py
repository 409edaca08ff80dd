"""A Telegram Bot API server as strict as the real one, which shows what readers would see.

Run it by hand: `python -m tests.support.fakes.telegram --port 8081 --chat=-1001:channel:my_channel`.
"""

import argparse
import asyncio
import inspect
import re
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from aiohttp import web

from tests.support.fakes.answers import Answer, ok
from tests.support.fakes.markup import check_length, content, refuse
from tests.support.fakes.message_links import check_in_telegram
from tests.support.fakes.rates import CallWindows, Limits
from tests.support.fakes.server import Arguments, Call, serve_forever, words
from tests.support.fakes.telegram_chats import (
    Chat,
    Object,
    TelegramMessage,
    full_chat_object,
    member_object,
    user_object,
)
from tests.support.fakes.telegram_keyboards import checked
from tests.support.fakes.telegram_menu import Menu
from tests.support.fakes.telegram_readers import Readers

TOKEN = "123456:FAKE-telegram-token"
ARGUMENTS = {
    "getchat": "chat_id",
    "getchatmember": "chat_id user_id",
    "getchatadministrators": "chat_id return_bots",
    "getupdates": "offset limit timeout allowed_updates",
    "setwebhook": "url ip_address max_connections allowed_updates drop_pending_updates secret_token",
    "deletewebhook": "drop_pending_updates",
    "getwebhookinfo": "",
    "setmycommands": "commands scope language_code",
    "getmycommands": "scope language_code",
    "deletemycommands": "scope language_code",
    "setmydescription": "description language_code",
    "getmydescription": "language_code",
    "setmyshortdescription": "short_description language_code",
    "getmyshortdescription": "language_code",
    "sendmessage": "chat_id message_thread_id text parse_mode entities link_preview_options disable_notification"
    " protect_content allow_paid_broadcast reply_parameters reply_markup",
    "editmessagetext": "chat_id message_id text parse_mode entities link_preview_options reply_markup",
    "editmessagereplymarkup": "chat_id message_id reply_markup",
    "deletemessage": "chat_id message_id",
    "sendchataction": "chat_id message_thread_id action",
    "answercallbackquery": "callback_query_id text show_alert url cache_time",
    "answerinlinequery": "inline_query_id results cache_time is_personal next_offset button",
}
RATED = words("sendmessage editmessagetext editmessagereplymarkup")
ACTIONS = words(
    "typing upload_photo record_video upload_video record_voice upload_voice upload_document choose_sticker"
    " find_location record_video_note upload_video_note"
)
DELETABLE = 48 * 3600  # seconds (Telegram Bot API, deleteMessage)
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup"
    " are exactly the same as a current content and reply markup of the message"
)


class FakeTelegram(Readers):
    """Answer the methods that Paperboy needs, with Telegram's own refusals and more for typos."""

    encoded = words(
        "message_id message_thread_id entities link_preview_options disable_notification protect_content"
        " allow_paid_broadcast reply_parameters reply_markup commands scope offset limit timeout"
        " allowed_updates user_id drop_pending_updates max_connections results button cache_time"
        " is_personal show_alert return_bots"
    )

    def __init__(
        self,
        port: int = 0,
        token: str = TOKEN,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(port, token, clock)
        menu = Menu(self._reachable)
        self.commands, self.descriptions = menu.commands, menu.descriptions
        self._windows = CallWindows(limits) if limits else None
        self._methods: dict[str, Callable[[Arguments], Any]] = {
            "getme": self._get_me,
            "getchat": self._get_chat,
            "getchatmember": self._get_chat_member,
            "getchatadministrators": self._get_chat_administrators,
            "getupdates": self.inbox.take,
            "setwebhook": self.inbox.set_webhook,
            "deletewebhook": self.inbox.delete_webhook,
            "getwebhookinfo": lambda arguments: self.inbox.webhook_info(),
            "setmycommands": menu.set_commands,
            "getmycommands": menu.get_commands,
            "deletemycommands": menu.delete_commands,
            "setmydescription": partial(menu.describe, "description"),
            "getmydescription": partial(menu.described, "description"),
            "setmyshortdescription": partial(menu.describe, "short_description"),
            "getmyshortdescription": partial(menu.described, "short_description"),
            "sendmessage": self._send_message,
            "editmessagetext": self._edit_message_text,
            "editmessagereplymarkup": self._edit_message_reply_markup,
            "deletemessage": self._delete_message,
            "sendchataction": self._send_chat_action,
            "answercallbackquery": self._queries.answer_callback,
            "answerinlinequery": self._queries.answer_inline,
        }

    @property
    def base_url(self) -> str:
        """Give what `telegram.Bot` takes as base_url."""
        return f"{self.origin}/bot"

    # What the server does

    def chat_of(self, arguments: Arguments) -> str:
        """Resolve a number, a string or a @username in any case."""
        address = str(arguments.get("chat_id", ""))
        names = ((name, chat) for chat in self._chats.values() for name in (chat.username, *chat.more_names) if name)
        named = {f"@{name}".lower(): chat.id for name, chat in names}
        return named.get(address.lower(), address)

    async def process(self, request: web.Request, call: Call) -> Answer:
        """Find the method in any case (Telegram Bot API, Making requests)."""
        self._authorize(request.path)
        method = call.method.lower()
        if method not in self._methods:
            refuse("Not Found: method not found", 404)
        self._admit(method, call)
        result = self._methods[method](call.arguments)
        return ok(result=await result if inspect.isawaitable(result) else result)

    def _authorize(self, path: str) -> None:
        match = re.fullmatch(r"/bot(\d+:[\w-]+)/\w+", path)
        if not match:
            refuse("Not Found", 404)
        if match[1] != self.token:
            refuse("Unauthorized", 401)

    def _admit(self, method: str, call: Call) -> None:
        unknown = sorted(call.arguments.keys() - words(ARGUMENTS[method])) if method in ARGUMENTS else []
        if unknown:
            refuse(f"the fake server knows no argument {', '.join(unknown)} of {call.method}")
        rated = self._windows if method in RATED else None
        wait = rated.wait(self.chat_of(call.arguments), call.at) if rated else 0
        if wait:
            refuse(f"Too Many Requests: retry after {wait}", 429, retry_after=wait)

    def _reachable(self, arguments: Arguments) -> Chat:
        address = self.chat_of(arguments)
        if not address:
            refuse("chat_id is empty")
        chat = self._chats.get(address) or refuse("chat not found")
        if chat.migrate_to:
            reason = "group chat was upgraded to a supergroup chat"
            refuse(reason, migrate_to_chat_id=int(chat.migrate_to))
        if chat.refuse:
            refuse(chat.refuse, 403)
        return chat

    def _writable(self, arguments: Arguments) -> Chat:
        chat = self._reachable(arguments)
        if not chat.rights and chat.kind == "channel":
            refuse("need administrator rights in the channel chat")
        if not chat.rights:
            refuse("not enough rights to send text messages to the chat")
        return chat

    # The bot and its chats

    def _get_me(self, arguments: Arguments) -> Object:
        abilities = {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": True,
        }
        return self.bot() | abilities

    def _get_chat(self, arguments: Arguments) -> Object:
        return full_chat_object(self._reachable(arguments))

    def _get_chat_member(self, arguments: Arguments) -> Object:
        chat = self._reachable(arguments)
        user = int(arguments.get("user_id") or refuse("invalid user_id specified"))
        if user == self.bot()["id"]:
            return member_object(chat, chat.bot_status, self.bot())
        status = chat.members.get(user) or _unwritten(chat, user)
        return member_object(chat, status, user_object(user))

    def _get_chat_administrators(self, arguments: Arguments) -> list[Object]:
        """List them without other bots (Telegram Bot API, getChatAdministrators)."""
        chat = self._reachable(arguments)
        if chat.kind == "private":
            refuse("there are no administrators in the private chat")
        people = [(status, user_object(user)) for user, status in chat.members.items()]
        everybody = [*people, (chat.bot_status, self.bot())]
        return [member_object(chat, status, user) for status, user in everybody if status in _IN_CHARGE]

    # Messages

    def _send_message(self, arguments: Arguments) -> Object:
        text, entities = content(arguments)
        chat = self._writable(arguments)
        check_in_telegram(self._chats.values(), chat, entities, refuse)
        topic = _topic(chat, arguments.get("message_thread_id"))
        reply_to = _replied(chat, arguments.get("reply_parameters"))
        keyboard = checked(arguments.get("reply_markup"), in_channel=chat.kind == "channel")
        check_length(text)
        number = self._next_id(chat)
        place = chat.places[number] = chat.place(topic, reply_to)
        thread = place["message_thread_id"] if place.get("is_topic_message") else None
        silent = bool(arguments.get("disable_notification"))
        shown = TelegramMessage(number, chat.id, thread, text, entities, silent, arguments, keyboard, reply_to)
        chat.messages[number] = shown
        return self._message(chat, number)

    def _edit_message_text(self, arguments: Arguments) -> Object:
        text, entities = content(arguments)
        chat = self._writable(arguments)
        check_in_telegram(self._chats.values(), chat, entities, refuse)
        shown = _own(chat, arguments)
        keyboard = _new_keyboard(chat, arguments)
        check_length(text)
        return self._edit(chat, shown, arguments, (text, entities, keyboard))

    def _edit_message_reply_markup(self, arguments: Arguments) -> Object:
        chat = self._writable(arguments)
        shown = _own(chat, arguments)
        keyboard = _new_keyboard(chat, arguments)
        return self._edit(chat, shown, shown.arguments | arguments, (shown.text, shown.entities, keyboard))

    def _edit(self, chat: Chat, shown: TelegramMessage, arguments: Arguments, new: tuple[str, Any, Any]) -> Object:
        if new == (shown.text, shown.entities, shown.keyboard):
            refuse(NOT_MODIFIED)
        shown.text, shown.entities, shown.keyboard = new
        shown.arguments = arguments
        shown.edits += 1
        return self._message(chat, shown.id)

    def _delete_message(self, arguments: Arguments) -> bool:
        chat = self._reachable(arguments)
        number: int = arguments.get("message_id") or refuse("message identifier is not specified")
        if number not in chat.messages:
            refuse("message to delete not found")
        if not _may_delete(chat, number):
            refuse("message can't be deleted for everyone")
        del chat.messages[number]
        return True

    def _send_chat_action(self, arguments: Arguments) -> bool:
        if arguments.get("action") not in ACTIONS:
            refuse("wrong parameter action in request")
        _topic(self._writable(arguments), arguments.get("message_thread_id"))
        return True


_IN_CHARGE = ("creator", "administrator")


# The other arguments


def _topic(chat: Chat, thread: int | None) -> int | None:
    """Accept a forum's topics, but not its General, which has no number (telegram-bot-api, Client.cpp)."""
    if thread is not None and (thread == 1 or thread not in chat.topics):
        refuse("message thread not found")
    return thread


def _replied(chat: Chat, reply: Object | None) -> int | None:
    """Give the message that is replied to, None for none or one that may be missing."""
    if not reply:
        return None
    if str(reply.get("chat_id", chat.id)) != chat.id:
        refuse("the fake server knows no replies to another chat")
    number: int = reply.get("message_id") or refuse("message to be replied not found")
    if number not in chat.messages and not reply.get("allow_sending_without_reply"):
        refuse("message to be replied not found")
    return number if number in chat.messages else None


def _own(chat: Chat, arguments: Arguments) -> TelegramMessage:
    number: int = arguments.get("message_id") or refuse("message identifier is not specified")
    if number not in chat.messages:
        refuse("message to edit not found")
    shown = chat.messages[number]
    if shown is None or (shown.keyboard and not shown.buttons):
        refuse("message can't be edited")
    return shown


def _may_delete(chat: Chat, number: int) -> bool:
    """Tell whether the bot may delete a message: a young one of its own, or any with the right to (deleteMessage)."""
    shown = chat.messages[number]
    date = shown.date if shown else chat.heard[number]["date"]
    if time.time() - date >= DELETABLE:
        return False
    if shown:
        return chat.rights or chat.kind != "channel"
    return chat.kind == "private" or chat.deletes_others


def _new_keyboard(chat: Chat, arguments: Arguments) -> Any:
    return checked(arguments.get("reply_markup"), in_channel=chat.kind == "channel", only_inline=True)


def _unwritten(chat: Chat, user: int) -> Any:
    """Say what somebody is who never wrote there: the other one of a private chat, or nobody we can know of."""
    if chat.kind == "private" and user == int(chat.id):
        return "member"
    # tdlib/telegram-bot-api, issues 802 and 332
    return refuse("PARTICIPANT_ID_INVALID" if chat.counts_alone else "user not found")


def main() -> None:
    """Serve for a person to try things out."""
    parser = argparse.ArgumentParser(description="A fake Telegram Bot API server.")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--chat", action="append", metavar="ID:KIND[:USERNAME]")
    options = parser.parse_args()
    server = FakeTelegram(options.port, options.token)
    for chat in options.chat or ("-1001:channel:my_channel", "-1002:supergroup", "42:private"):
        server.add_chat(*chat.split(":"))
    asyncio.run(serve_forever(server))


if __name__ == "__main__":
    main()
