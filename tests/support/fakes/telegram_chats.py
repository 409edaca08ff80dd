"""Telegram's chats, the messages that stand in them, and how the Bot API spells both."""

import json
import time
from dataclasses import dataclass, field
from typing import Any, Literal

import tdjson

from tests.support.fakes.markup import Entity, person
from tests.support.fakes.server import Arguments, words
from tests.support.fakes.telegram_keyboards import is_inline

Kind = Literal["private", "group", "supergroup", "channel"]
Status = Literal["creator", "administrator", "member", "restricted", "left", "kicked"]
Id = int | str  # of a chat or a person; a test may write either
Object = dict[str, Any]

# Who writes in the name of a chat, as messages must have a sender (telegram-bot-api, Client.cpp init_message).
ANONYMOUS = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
CHANNEL_BOT = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}


@dataclass
class TelegramMessage:
    """A message as a reader sees it now."""

    id: int
    chat: str
    thread: int | None
    text: str
    entities: list[Entity]
    silent: bool
    arguments: Arguments  # of the call that made it so
    keyboard: Any = None
    reply_to: int | None = None
    edits: int = 0
    date: int = field(default_factory=lambda: int(time.time()))

    @property
    def buttons(self) -> list[list[Object]]:
        """Give the inline keyboard row by row, empty for none."""
        rows: list[list[Object]] = self.keyboard["inline_keyboard"] if is_inline(self.keyboard) else []
        return rows


@dataclass
class Chat:
    """A chat and what the bot may do there; tests set the fields from `refuse` on."""

    id: str
    kind: Kind
    username: str
    topics: set[int]
    last_id: int = 0  # of channels and supergroups, whose messages count per chat
    messages: dict[int, TelegramMessage | None] = field(default_factory=dict)  # None: somebody else's
    heard: dict[int, Object] = field(default_factory=dict)  # somebody else's, as the bot was told
    places: dict[int, Object] = field(default_factory=dict)  # the topic or thread of each message
    members: dict[int, Status] = field(default_factory=dict)
    refuse: str = ""  # reason of a 403, as in "bot was blocked by the user"
    migrate_to: str = ""  # id of the supergroup that this group became
    rights: bool = True  # to post
    more_names: tuple[str, ...] = ()  # further active usernames (ChatFullInfo)
    edits_others: bool = False  # a channel's right "edit messages": also those of other people
    deletes_others: bool = False  # the right "delete messages": also those of other people
    status: Status | None = None  # of the bot; None: as `rights` says
    title: str = ""

    @property
    def counts_alone(self) -> bool:
        """Tell whether message ids count per chat rather than per bot account."""
        return self.kind in ("channel", "supergroup")

    @property
    def bot_status(self) -> Status:
        """Give what the bot is there; in a channel a bot can only be an administrator."""
        if self.status:
            return self.status
        if not self.rights:
            return "left"
        return "administrator" if self.kind == "channel" else "member"

    def place(self, topic: int | None, reply_to: int | None) -> Object:
        """Say where a message goes: only a real topic is marked as one, a thread of replies is not.

        The thread's id is that of the message it began with (tdlib/telegram-bot-api, issues 356 and 447).
        """
        if topic:
            return {"message_thread_id": topic, "is_topic_message": True}
        if not reply_to or self.kind != "supergroup":
            return {}
        return self.places.get(reply_to) or {"message_thread_id": reply_to}

    def last_of(self, author: int) -> int | None:
        """Give the newest message of a person that stands, None for none."""
        digest_status = ((number, self.heard[number]) for number, shown in self.messages.items() if shown is None)
        return max((number for number, said in digest_status if said.get("from", {}).get("id") == author), default=None)


# As the Bot API spells them


def chat_object(chat: Chat) -> Object:
    """Give a Chat."""
    name = {"first_name": "Reader"} if chat.kind == "private" else {"title": chat.title or f"Chat {chat.id}"}
    username = {"username": chat.username} if chat.username else {}
    forum = {"is_forum": True} if chat.topics else {}
    return {"id": int(chat.id), "type": chat.kind, **name, **username, **forum}


def full_chat_object(chat: Chat) -> Object:
    """Give a ChatFullInfo."""
    names = [chat.username, *chat.more_names] if chat.username else []
    return chat_object(chat) | _FULL_CHAT | ({"active_usernames": names} if names else {})


def user_object(user: Id, language: str = "") -> Object:
    """Give a User; only clients that tell their language have a language_code."""
    return person(int(user)) | ({"language_code": language} if language else {})


def message_object(chat: Chat, number: int, bot: Object, *, whole: bool = True) -> Object:
    """Give a Message, without the one it replies to unless it is the `whole` (Telegram Bot API, Message)."""
    shown = chat.messages[number]
    message = _of_bot(chat, shown, bot) if shown else chat.heard[number]
    quoted = message.get("reply_to_message") or {}
    rest = {name: value for name, value in message.items() if name != "reply_to_message"}
    if not whole or quoted.get("message_id") not in chat.messages:
        return rest
    return rest | {"reply_to_message": message_object(chat, quoted["message_id"], bot, whole=False)}


def _of_bot(chat: Chat, shown: TelegramMessage, bot: Object) -> Object:
    home = chat_object(chat)
    author = {"sender_chat": home} if chat.kind == "channel" else {"from": bot}
    place = chat.places.get(shown.id, {})
    keyboard = {"reply_markup": shown.keyboard} if shown.buttons else {}
    edited = {"edit_date": int(time.time())} if shown.edits else {}
    reply = {"reply_to_message": {"message_id": shown.reply_to}} if shown.reply_to else {}
    content = {"text": shown.text} | ({"entities": shown.entities} if shown.entities else {})
    head = {"message_id": shown.id, "date": shown.date, "chat": home}
    return {**head, **author, **place, **edited, **reply, **content, **keyboard}


def text_object(text: str) -> Object:
    """Give text that a person wrote, in which Telegram itself finds commands, links and the like."""
    request = json.dumps({"@type": "getTextEntities", "text": text})
    found = json.loads(tdjson.td_execute(request.encode()) or b"{}")["entities"]
    entities = [
        {"type": _FOUND[kind], "offset": entity["offset"], "length": entity["length"]}
        for entity in found
        if (kind := entity["type"]["@type"].removeprefix("textEntityType")) in _FOUND
    ]
    return {"text": text} | ({"entities": entities} if entities else {})


def member_object(chat: Chat, status: Status, user: Object) -> Object:
    """Give a ChatMember."""
    return {"status": status, "user": user, **_member_details(chat, status)}


def _member_details(chat: Chat, status: Status) -> Object:
    if status == "administrator":
        return _ADMINISTRATOR | _rights_of_kind(chat) | {"can_delete_messages": chat.deletes_others}
    return _OTHER_MEMBERS.get(status, {})


def _rights_of_kind(chat: Chat) -> Object:
    """Give the rights that only channels or only groups have (telegram-bot-api, json_store_administrator_rights)."""
    if chat.kind == "channel":
        return {"can_post_messages": chat.rights, "can_edit_messages": chat.edits_others}
    return {"can_pin_messages": True} | ({"can_manage_topics": True} if chat.kind == "supergroup" else {})


_FOUND = {
    "BotCommand": "bot_command",
    "Cashtag": "cashtag",
    "EmailAddress": "email",
    "Hashtag": "hashtag",
    "Mention": "mention",
    "PhoneNumber": "phone_number",
    "Url": "url",
}
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
    ),
    True,
) | {"can_be_edited": False, "is_anonymous": False}
_RESTRICTED = dict.fromkeys(
    words(
        "can_change_info can_invite_users can_pin_messages can_send_messages can_send_polls can_send_other_messages"
        " can_add_web_page_previews can_manage_topics can_send_audios can_send_documents can_send_photos"
        " can_send_videos can_send_video_notes can_send_voice_notes can_edit_tag can_react_to_messages"
    ),
    False,
)
_OTHER_MEMBERS: dict[str, Object] = {
    "creator": {"is_anonymous": False},
    "restricted": _RESTRICTED | {"is_member": True, "until_date": 0},
    "kicked": {"until_date": 0},
}
