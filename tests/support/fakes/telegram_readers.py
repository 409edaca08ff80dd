"""What people do in the chats of the fake Telegram, and what they see there."""

import time
from collections.abc import Callable, Iterable

from tests.support.fakes.markup import person
from tests.support.fakes.server import FakeServer
from tests.support.fakes.telegram_chats import (
    ANONYMOUS,
    CHANNEL_BOT,
    Chat,
    Id,
    Kind,
    Object,
    Status,
    TelegramMessage,
    chat_object,
    member_object,
    message_object,
    text_object,
    user_object,
)
from tests.support.fakes.telegram_keyboards import MAX_DATA, value_of
from tests.support.fakes.telegram_queries import Queries
from tests.support.fakes.telegram_updates import Inbox

MAX_QUERY = 256  # characters (Telegram Bot API, InlineQuery)


class Readers(FakeServer):
    """Let tests act as the people in the chats; whatever they do reaches the bot as an update.

    All of it does, as with the privacy mode off: the harder case for a bot, which must then hold its tongue.
    """

    def __init__(self, port: int, token: str, clock: Callable[[], float]) -> None:
        super().__init__(port, clock)
        self.token = token
        self.username = "fake_paperboy_bot"
        self.inbox = Inbox()
        self._queries = Queries(lambda: self.username)
        self.toasts = self._queries.toasts
        self.opened = self._queries.opened
        self.inline = self._queries.inline
        self._chats: dict[str, Chat] = {}
        self._last_id = 0  # of private chats and basic groups, which share one counter

    async def start(self) -> None:
        """Listen, and send to the webhook again if one is set."""
        await super().start()
        await self.inbox.start()

    async def stop(self) -> None:
        """Break all connections; updates wait for the next start."""
        await self.inbox.stop()
        await super().stop()

    async def emptied(self) -> None:
        """Wait until the bot has taken in every update, by the offset of a poll or a 2xx of its webhook."""
        await self.inbox.emptied()

    # What there is

    def add_chat(
        self,
        chat: Id,
        kind: Kind,
        username: str = "",
        topics: Iterable[int] = (),
        last_id: int = 0,
        title: str = "",
    ) -> Chat:
        """Open a chat whose id counter stands at `last_id`; topics make it a forum."""
        self._chats[str(chat)] = added = Chat(str(chat), kind, username, set(topics), last_id, title=title)
        if not added.counts_alone:
            self._last_id = max(self._last_id, last_id)
        return added

    def chat(self, chat: Id) -> Chat:
        """Give the chat with this id, to set its conditions."""
        return self._chats[str(chat)]

    def shown(self, chat: Id) -> list[TelegramMessage]:
        """Give the bot's messages in order of arrival, as they look now."""
        return [message for message in self.chat(chat).messages.values() if message]

    def button(self, chat: Id, label_part: str) -> tuple[int, str]:
        """Give the newest message with such a button, and the button's data or link."""
        found = [
            (message.id, value_of(button))
            for message in self.shown(chat)
            for row in message.buttons
            for button in row
            if label_part in button["text"]
        ]
        assert found, f"no button in {chat} says {label_part}"
        newest = max(number for number, _ in found)
        return next((number, value) for number, value in found if number == newest)

    def member(self, chat: Id, user: Id, status: Status) -> None:
        """Say what a person is in a chat, without an update; whoever writes there is a member already."""
        self.chat(chat).members[int(user)] = status

    # What people do

    def says(
        self,
        chat: Id,
        user: Id,
        text: str,
        *,
        topic: int | None = None,
        language: str = "",
        edited: bool = False,
        reply_to: int | None = None,
        sender_chat: Id | None = None,
        title: str = "",
    ) -> int:
        """Let a person write and give the message's id.

        `edited` changes the newest message of theirs; `sender_chat` is the chat in whose name they write, which for
        administrators who hide is the group itself; `title` renames the chat first; a private chat opens by itself.
        """
        where = self._entered(chat, user)
        where.title = title or where.title
        author = self._author(where, user, language, sender_chat)
        assert topic is None or topic in where.topics, f"no topic {topic} in {chat}"
        earlier = where.last_of(author["from"]["id"]) if edited else None
        number = earlier or self._hear(where, author, text, where.place(topic, reply_to), reply_to)
        if edited:
            where.heard[number] |= {"edit_date": int(time.time()), **text_object(text)}
        self.inbox.add("edited_message" if edited else "message", self._message(where, number))
        return number

    def posts(self, chat: Id, text: str) -> int:
        """Let a person post in a channel, where nobody is named, and give the message's id."""
        where = self.chat(chat)
        assert where.kind == "channel", f"{chat} is no channel"
        number = self._hear(where, {"sender_chat": chat_object(where)}, text)
        self.inbox.add("channel_post", self._message(where, number))
        return number

    def post_by_other(self, chat: Id, text: str = "Hello") -> int:
        """Let somebody else write there, which takes an id of the counter and reaches the bot."""
        if self.chat(chat).kind == "channel":
            return self.posts(chat, text)
        return self.says(chat, abs(int(chat)), text)

    def delete(self, chat: Id, message_id: int) -> None:
        """Let an administrator delete a message; its id stays used."""
        del self.chat(chat).messages[message_id]

    def presses(
        self, chat: Id, message_id: int, user: Id, data: str, language: str = "", *, forged: bool = False
    ) -> str:
        """Let a person press a button and give the query's id; `forged` data stands on no button."""
        where = self._entered(chat, user)
        shown = where.messages.get(message_id)
        assert shown, f"no message {message_id} of the bot in {chat}"
        assert 1 <= len(data.encode()) <= MAX_DATA, "Telegram carries no such data"
        labels = [button.get("callback_data") for row in shown.buttons for button in row]
        assert forged or data in labels, f"no button of {message_id} has {data}, only {labels}"
        query = {
            "id": self._queries.ask("callback"),
            "from": user_object(user, language),
            "message": self._message(where, message_id),
            "chat_instance": str(int(where.id) * 7919),
            "data": data,
        }
        self.inbox.add("callback_query", query)
        return str(query["id"])

    def asks_inline(self, user: Id, query: str, language: str = "", offset: str = "") -> str:
        """Let a person type behind the bot's name in any chat, and give the query's id."""
        assert len(query) <= MAX_QUERY, "Telegram carries no such query"
        number = self._queries.ask("inline")
        asked = {"id": number, "from": user_object(user, language), "query": query, "offset": offset}
        self.inbox.add("inline_query", asked)
        return number

    def expire(self, query: str) -> None:
        """Let a press or an inline query become too old to be answered."""
        self._queries.expire(query)

    def membership(self, chat: Id, old: Status, new: Status, by: Id) -> int:
        """Let somebody change what the bot is in a chat, and give the update's id, 0 if the bot wants none such.

        In a private chat "kicked" means blocked and "member" unblocked.
        """
        where = self.chat(chat)
        before = member_object(where, old, self.bot())
        where.status, where.refuse = new, _closed(where, new)
        where.rights = new == "administrator" or (new == "member" and where.kind != "channel")
        after = member_object(where, new, self.bot())
        change = {"chat": chat_object(where), "from": user_object(by), "date": int(time.time())}
        return self.inbox.add("my_chat_member", change | {"old_chat_member": before, "new_chat_member": after})

    def migrates(self, group: Id, supergroup: Id) -> tuple[int, int]:
        """Let a group become a supergroup, and give the ids of the last message there and the first one here."""
        old, new = self.chat(group), self._chats.get(str(supergroup)) or self.add_chat(supergroup, "supergroup")
        new.title, new.members = new.title or old.title, new.members or dict(old.members)
        creator = {"from": person(abs(int(old.id)))}
        hidden = {"from": ANONYMOUS, "sender_chat": chat_object(new)}
        left = self._hear(old, creator | {"migrate_to_chat_id": int(new.id)})
        came = self._hear(new, hidden | {"migrate_from_chat_id": int(old.id)})
        old.migrate_to = new.id
        for where, number in ((old, left), (new, came)):
            self.inbox.add("message", self._message(where, number))
        return left, came

    # How it becomes a message

    def bot(self) -> Object:
        """Give the bot as a User."""
        number = int(self.token.partition(":")[0])
        return {"id": number, "is_bot": True, "first_name": "Paperboy", "username": self.username}

    def _message(self, chat: Chat, number: int) -> Object:
        return message_object(chat, number, self.bot())

    def _entered(self, chat: Id, user: Id) -> Chat:
        """Give a chat in which a person acts and the bot notices."""
        if str(chat) not in self._chats and int(chat) == int(user):
            self.add_chat(chat, "private")
        where = self.chat(chat)
        assert where.kind != "private" or int(chat) == int(user), f"{user} cannot enter the private chat {chat}"
        assert not where.refuse, f"the bot notices nothing in {chat}: {where.refuse}"
        assert not where.migrate_to, f"{chat} became {where.migrate_to}"
        return where

    def _author(self, chat: Chat, user: Id, language: str, sender_chat: Id | None) -> Object:
        assert chat.kind != "channel", "nobody writes in a channel by name: use posts()"
        if sender_chat is None:
            chat.members.setdefault(int(user), "member")
            return {"from": user_object(user, language)}
        named = self.chat(sender_chat)
        return {"from": ANONYMOUS if named is chat else CHANNEL_BOT, "sender_chat": chat_object(named)}

    def _hear(
        self, chat: Chat, head: Object, text: str = "", place: Object | None = None, reply_to: int | None = None
    ) -> int:
        """Put somebody else's message into a chat."""
        assert reply_to is None or reply_to in chat.messages, f"no message {reply_to} in {chat.id}"
        number = self._next_id(chat)
        start = {"message_id": number, "date": int(time.time()), "chat": chat_object(chat)}
        reply = {"reply_to_message": {"message_id": reply_to}} if reply_to else {}
        content = text_object(text) if text else {}
        chat.messages[number] = None
        chat.places[number] = place or {}
        chat.heard[number] = {**start, **head, **(place or {}), **reply, **content}
        return number

    def _next_id(self, chat: Chat) -> int:
        if chat.counts_alone:
            chat.last_id += 1
            return chat.last_id
        self._last_id += 1
        return self._last_id


def _closed(chat: Chat, status: Status) -> str:
    """Give the reason of the 403 that follows (telegram-bot-api, check_chat_access)."""
    if status == "kicked":
        return f"bot was {'blocked by the user' if chat.kind == 'private' else f'kicked from the {chat.kind} chat'}"
    return f"bot is not a member of the {chat.kind} chat" if status == "left" else ""
