"""A Telegram Bot API server as strict as the real one, which shows what readers would see.

Run it by hand: `python -m tests.fakes.telegram --port 8081 --chat=-1001:channel:my_channel`.
"""

import argparse
import asyncio
import itertools
import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from tests.fakes.answers import Answer, ok
from tests.fakes.markup import Entity, check_length, content, person, refuse
from tests.fakes.rates import Gate, Limits
from tests.fakes.server import Arguments, Call, FakeServer, serve_forever, words

Kind = Literal["private", "group", "supergroup", "channel"]

TOKEN = "123456:FAKE-telegram-token"
MAX_BUTTONS = 100
LONG_POLL = 50.0  # seconds at most (telegram-bot-api, Client.h)
ARGUMENTS = {
    "sendmessage": words(
        "chat_id message_thread_id text parse_mode entities link_preview_options disable_notification"
        " protect_content allow_paid_broadcast reply_parameters reply_markup"
    ),
    "editmessagetext": words("chat_id message_id text parse_mode entities link_preview_options reply_markup"),
}
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup"
    " are exactly the same as a current content and reply markup of the message"
)


@dataclass
class Shown:
    """A message as a reader sees it now."""

    id: int
    chat: str
    thread: int | None
    text: str
    entities: list[Entity]
    silent: bool
    arguments: Arguments  # of the call that made it so
    keyboard: Any = None
    edits: int = 0
    date: int = field(default_factory=lambda: int(time.time()))


@dataclass
class Chat:
    """A chat and what the bot may do there; tests set the last three."""

    id: str
    kind: Kind
    username: str
    topics: set[int]
    last_id: int = 0  # of channels and supergroups, whose messages count per chat
    messages: dict[int, Shown | None] = field(default_factory=dict)  # None: somebody else's
    refuse: str = ""  # reason of a 403, as in "bot was blocked by the user"
    migrate_to: str = ""  # id of the supergroup that this group became
    rights: bool = True  # to post
    edits_others: bool = False  # a channel's right "edit messages": also those of other people

    @property
    def counts_alone(self) -> bool:
        """Tell whether message ids count per chat rather than per bot account."""
        return self.kind in ("channel", "supergroup")


class FakeTelegram(FakeServer):
    """Answer the methods that Paperboy needs, with Telegram's own refusals and more for typos."""

    encoded = words(
        "message_id message_thread_id entities link_preview_options disable_notification protect_content"
        " allow_paid_broadcast reply_parameters reply_markup commands scope offset limit timeout"
        " allowed_updates user_id drop_pending_updates"
    )

    def __init__(
        self,
        port: int = 0,
        token: str = TOKEN,
        limits: Limits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(port, clock)
        self.token = token
        self.commands: dict[tuple[str, str], list[dict[str, str]]] = {}  # by scope type and language
        self._chats: dict[str, Chat] = {}
        self._last_id = 0  # of private chats and basic groups, which share one counter
        self._updates: list[dict[str, Any]] = []
        self._update_ids = itertools.count(1)
        self._news = asyncio.Event()
        self._gate = Gate(limits) if limits else None
        self._methods: dict[str, Callable[[Arguments], Any]] = {
            "getme": self._get_me,
            "getchat": self._get_chat,
            "getchatmember": self._get_chat_member,
            "getupdates": self._get_updates,
            "deletewebhook": lambda arguments: True,
            "setmycommands": self._set_my_commands,
            "sendmessage": self._send_message,
            "editmessagetext": self._edit_message_text,
            "deletemessage": self._delete_message,
        }

    # What tests set up and look at

    @property
    def base_url(self) -> str:
        """Give what `telegram.Bot` takes as base_url."""
        return f"http://127.0.0.1:{self.port}/bot"

    def add_chat(self, chat: str, kind: Kind, username: str = "", topics: Iterable[int] = (), last_id: int = 0) -> Chat:
        """Open a chat whose id counter stands at `last_id`; topics make it a forum."""
        self._chats[chat] = added = Chat(chat, kind, username, set(topics), last_id)
        if not added.counts_alone:
            self._last_id = max(self._last_id, last_id)
        return added

    def chat(self, chat: str) -> Chat:
        """Give the chat with this id, to set its conditions."""
        return self._chats[chat]

    def shown(self, chat: str) -> list[Shown]:
        """Give the bot's messages in order of arrival, as they look now."""
        return [message for message in self._chats[chat].messages.values() if message]

    def post_by_other(self, chat: str, text: str = "Hello") -> int:
        """Let somebody else write there, which takes an id of the counter and reaches getUpdates."""
        where = self._chats[chat]
        number = self._next_id(where)
        where.messages[number] = None
        kind = "channel_post" if where.kind == "channel" else "message"
        update = {"update_id": next(self._update_ids), kind: _incoming(where, number, text)}
        self._updates.append(update)
        self._news.set()
        return number

    def delete(self, chat: str, message_id: int) -> None:
        """Let an administrator delete a message; its id stays used."""
        del self._chats[chat].messages[message_id]

    # What the server does

    def chat_of(self, arguments: Arguments) -> str:
        """Resolve a number, a string or a @username in any case."""
        address = str(arguments.get("chat_id", ""))
        named = {f"@{chat.username}".lower(): chat.id for chat in self._chats.values() if chat.username}
        return named.get(address.lower(), address)

    async def process(self, request: web.Request, call: Call) -> Answer:
        """Find the method in any case (Telegram Bot API, Making requests)."""
        self._authorize(request.path)
        method = call.method.lower()
        if method not in self._methods:
            refuse("Not Found: method not found", 404)
        if method in ARGUMENTS:
            self._admit(method, call)
        if method == "getupdates":
            await self._wait_for_news(call.arguments)
        return ok(result=self._methods[method](call.arguments))

    def _authorize(self, path: str) -> None:
        match = re.fullmatch(r"/bot(\d+:[\w-]+)/\w+", path)
        if not match:
            refuse("Not Found", 404)
        if match[1] != self.token:
            refuse("Unauthorized", 401)

    def _admit(self, method: str, call: Call) -> None:
        unknown = sorted(call.arguments.keys() - ARGUMENTS[method])
        if unknown:
            refuse(f"the fake server knows no argument {', '.join(unknown)} of {call.method}")
        wait = self._gate.wait(self.chat_of(call.arguments), call.at) if self._gate else 0
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

    def _next_id(self, chat: Chat) -> int:
        if chat.counts_alone:
            chat.last_id += 1
            return chat.last_id
        self._last_id += 1
        return self._last_id

    # The methods

    def _get_me(self, arguments: Arguments) -> dict[str, Any]:
        abilities = {
            "can_join_groups": True,
            "can_read_all_group_messages": False,
            "supports_inline_queries": False,
        }
        return self._bot() | abilities

    def _get_chat(self, arguments: Arguments) -> dict[str, Any]:
        return _chat_object(self._reachable(arguments)) | _FULL_CHAT

    def _get_chat_member(self, arguments: Arguments) -> dict[str, Any]:
        chat = self._reachable(arguments)
        user_id = arguments.get("user_id")
        if user_id != self._bot()["id"]:
            return {"status": "member", "user": person(int(user_id or 0))}
        if chat.kind == "channel" and chat.rights:
            others = {"can_edit_messages": chat.edits_others}
            return {"status": "administrator", "user": self._bot(), **_ADMINISTRATOR, **others}
        return {"status": "member" if chat.rights else "left", "user": self._bot()}

    def _get_updates(self, arguments: Arguments) -> list[dict[str, Any]]:
        return self._updates[: arguments.get("limit") or 100]

    async def _wait_for_news(self, arguments: Arguments) -> None:
        """Forget what the offset confirms and wait for something new."""
        offset = arguments.get("offset") or 0
        self._updates = [update for update in self._updates if update["update_id"] >= offset]
        if self._updates:
            return
        self._news.clear()
        try:
            async with asyncio.timeout(min(arguments.get("timeout") or 0, LONG_POLL)):
                await self._news.wait()
        except TimeoutError:
            pass

    def _set_my_commands(self, arguments: Arguments) -> bool:
        commands = arguments.get("commands") or []
        if len(commands) > 100 or not all(_is_command(command) for command in commands):
            refuse("BOT_COMMAND_INVALID")
        scope = (arguments.get("scope") or {}).get("type", "default")
        self.commands[scope, arguments.get("language_code") or ""] = commands
        return True

    def _send_message(self, arguments: Arguments) -> dict[str, Any]:
        text, entities = content(arguments)
        chat = self._writable(arguments)
        thread = _topic(chat, arguments.get("message_thread_id"))
        _check_reply(chat, arguments.get("reply_parameters"))
        keyboard = _keyboard(arguments)
        check_length(text)
        number = self._next_id(chat)
        silent = bool(arguments.get("disable_notification"))
        shown = Shown(number, chat.id, thread, text, entities, silent, arguments, keyboard)
        chat.messages[number] = shown
        return self._message(chat, shown)

    def _edit_message_text(self, arguments: Arguments) -> dict[str, Any]:
        text, entities = content(arguments)
        chat = self._writable(arguments)
        shown = _own(chat, arguments, "edit")
        keyboard = _keyboard(arguments)
        check_length(text)
        if (text, entities, keyboard) == (shown.text, shown.entities, shown.keyboard):
            refuse(NOT_MODIFIED)
        shown.text, shown.entities, shown.keyboard = text, entities, keyboard
        shown.arguments = arguments
        shown.edits += 1
        return self._message(chat, shown) | {"edit_date": int(time.time())}

    def _delete_message(self, arguments: Arguments) -> bool:
        chat = self._reachable(arguments)
        del chat.messages[_own(chat, arguments, "delete").id]
        return True

    # Its objects

    def _bot(self) -> dict[str, Any]:
        number = int(self.token.partition(":")[0])
        return {"id": number, "is_bot": True, "first_name": "Paperboy", "username": "fake_paperboy_bot"}

    def _message(self, chat: Chat, shown: Shown) -> dict[str, Any]:
        home = _chat_object(chat)
        author = {"sender_chat": home} if chat.kind == "channel" else {"from": self._bot()}
        topic = {"message_thread_id": shown.thread, "is_topic_message": True} if shown.thread else {}
        keyboard = {"reply_markup": shown.keyboard} if _is_inline(shown.keyboard) else {}
        content = {"text": shown.text} | ({"entities": shown.entities} if shown.entities else {})
        return {"message_id": shown.id, "date": shown.date, "chat": home, **author, **topic, **content, **keyboard}


_GIFTS = words("unlimited_gifts limited_gifts unique_gifts premium_subscription gifts_from_channels")
_FULL_CHAT = {
    "accent_color_id": 0,
    "max_reaction_count": 11,
    "accepted_gift_types": dict.fromkeys(_GIFTS, True),
}
_ADMINISTRATOR = dict.fromkeys(
    words(
        "can_manage_chat can_delete_messages can_manage_video_chats can_restrict_members can_promote_members"
        " can_change_info can_invite_users can_post_stories can_edit_stories can_delete_stories"
        " can_post_messages"
    ),
    True,
) | {"can_be_edited": False, "is_anonymous": False}


# The other arguments


def _topic(chat: Chat, thread: int | None) -> int | None:
    """Accept a forum's topics, but not its General, which has no number (telegram-bot-api, Client.cpp)."""
    if thread is not None and (thread == 1 or thread not in chat.topics):
        refuse("message thread not found")
    return thread


def _check_reply(chat: Chat, reply: dict[str, Any] | None) -> None:
    if not reply or reply.get("allow_sending_without_reply"):
        return
    if reply["message_id"] not in chat.messages:
        refuse("message to be replied not found")


def _own(chat: Chat, arguments: Arguments, verb: str) -> Shown:
    number: int = arguments.get("message_id") or refuse("message identifier is not specified")
    if number not in chat.messages:
        refuse(f"message to {verb} not found")
    shown = chat.messages[number]
    if shown is None or (verb == "edit" and shown.keyboard and not _is_inline(shown.keyboard)):
        refuse(f"message can't be {verb.rstrip('e')}ed")
    return shown


def _keyboard(arguments: Arguments) -> Any:
    keyboard: Any = arguments.get("reply_markup")
    if not _is_inline(keyboard):
        return keyboard
    buttons = [button for row in keyboard["inline_keyboard"] for button in row]
    if len(buttons) > MAX_BUTTONS:
        refuse("reply markup is too long")
    if not all(_is_button(button) for button in buttons):
        refuse("BUTTON_DATA_INVALID")
    return keyboard if buttons else None


def _is_inline(keyboard: Any) -> bool:
    return isinstance(keyboard, dict) and "inline_keyboard" in keyboard


def _is_button(button: dict[str, Any]) -> bool:
    """Check the bytes of callback_data (Telegram Bot API, InlineKeyboardButton)."""
    data = button.get("callback_data", "x")
    return bool(button.get("text")) and 1 <= len(data.encode()) <= 64


def _is_command(command: dict[str, str]) -> bool:
    name, description = command.get("command", ""), command.get("description", "")
    return bool(re.fullmatch(r"[a-z0-9_]{1,32}", name)) and 1 <= len(description) <= 256


# Small objects


def _chat_object(chat: Chat) -> dict[str, Any]:
    name = {"first_name": "Reader"} if chat.kind == "private" else {"title": f"Chat {chat.id}"}
    username = {"username": chat.username} if chat.username else {}
    forum = {"is_forum": True} if chat.topics else {}
    return {"id": int(chat.id), "type": chat.kind, **name, **username, **forum}


def _incoming(chat: Chat, number: int, text: str) -> dict[str, Any]:
    home = _chat_object(chat)
    author = {"sender_chat": home} if chat.kind == "channel" else {"from": person(abs(home["id"]))}
    command = re.match(r"/\w+(@\w+)?", text)
    mark = [{"type": "bot_command", "offset": 0, "length": command.end()}] if command else []
    content = {"text": text, "entities": mark}
    return {"message_id": number, "date": int(time.time()), "chat": home, **author, **content}


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
