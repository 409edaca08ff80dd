"""Links to messages, as they are followed: an address that stands for none is refused, where the server can know.

Sources: core.telegram.org/api/links ("Message links"), docs.slack.dev (chat.getPermalink).
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.support.fakes.slack_channels import Channel as SlackChannel
from tests.support.fakes.slack_channels import SlackMessage
from tests.support.fakes.telegram_chats import Chat, TelegramMessage

RESERVED = re.compile(r"https?://message\.invalid(?![\w.-])", re.IGNORECASE)  # that bodies spell, and nobody may see
_TELEGRAM = re.compile(r"https://t\.me/(c/\d+|[A-Za-z]\w{3,})(?:/(\d+))?/(\d+)", re.ASCII)
_SLACK = re.compile(r"https://\w+\.slack\.com/archives/(\w+)/p(\d{10})(\d{6})(?:\?thread_ts=([\d.]+)&cid=(\w+))?")
Refuse = Callable[[str], object]


def telegram_links(message: TelegramMessage) -> list[tuple[str, str]]:
    """Give where the words of a message lead: words and address, from its beginning."""
    units = message.text.encode("utf-16-le")
    return [
        (units[2 * one["offset"] : 2 * (one["offset"] + one["length"])].decode("utf-16-le"), one["url"])
        for one in message.entities
        if one["type"] == "text_link"
    ]


def slack_links(message: SlackMessage) -> list[tuple[str, str]]:
    """Give where the words of a message lead, those of rich text."""
    return [(part["text"], part["url"]) for part in _parts(message.blocks) if part.get("type") == "link"]


def telegram_target(chat: Chat, url: str) -> TelegramMessage | None:
    """Give the message of a chat to which an address leads, None where it leads elsewhere."""
    found = _TELEGRAM.fullmatch(url)
    return chat.messages[int(found[3])] if found and _is_of(chat, found[1]) else None


def slack_target(channel: SlackChannel, url: str) -> SlackMessage | None:
    """Give the message of a channel to which an address leads, None where it leads elsewhere."""
    found = _SLACK.fullmatch(url)
    return channel.messages[f"{found[2]}.{found[3]}"] if found and found[1] == channel.id else None


def check_in_telegram(chats: Iterable[Chat], chat: Chat, entities: Iterable[Mapping[str, Any]], refuse: Refuse) -> None:
    """Refuse addresses on reserved names, and of messages that were never in their chat, or are in another one."""
    for url in (str(one["url"]) for one in entities if "url" in one):
        if RESERVED.match(url):
            refuse(f"the fake server follows no link to the reserved name: {url}")
        if found := _TELEGRAM.fullmatch(url):
            _check_telegram(chats, chat, found, refuse)


def _check_telegram(chats: Iterable[Chat], chat: Chat, found: re.Match[str], refuse: Refuse) -> None:
    named = next((one for one in chats if _is_of(one, found[1])), None)
    if named is None and not found[1].startswith("c/"):
        return  # somebody else's
    if named is not chat:
        refuse(f"the fake server wants no link to a message of another chat: {found[0]}")
    topic = chat.places.get(int(found[3]), {}).get("message_thread_id")
    if int(found[3]) not in chat.places or (found[2] and int(found[2]) != topic):
        refuse(f"there is no such message in the chat: {found[0]}")


def _is_of(chat: Chat, place: str) -> bool:
    if place.startswith("c/"):
        return chat.counts_alone and int(chat.id) == -(10**12) - int(place[2:])
    return place.lower() == chat.username.lower() and chat.counts_alone


def check_in_slack(channel: SlackChannel, blocks: Any, refuse: Refuse) -> None:
    """Refuse addresses on reserved names, and of messages that are not in the channel."""
    for url in (str(part["url"]) for part in _parts(blocks) if "url" in part):
        if RESERVED.match(url):
            refuse(f"the fake server follows no link to the reserved name: {url}")
        if found := _SLACK.fullmatch(url):
            shown = channel.messages.get(f"{found[2]}.{found[3]}") if found[1] == channel.id else None
            if not shown or (shown.thread_ts or None, channel.id) != (found[4], found[5] or channel.id):
                refuse(f"there is no such message in the channel: {url}")


def _parts(tree: Any) -> Iterable[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
    children = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    for child in children:
        yield from _parts(child)
