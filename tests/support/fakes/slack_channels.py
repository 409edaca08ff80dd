"""What stands in a Slack workspace: channels, their messages, and what only one person sees."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.support.fakes.server import Arguments
from tests.support.fakes.slack_content import content, metadata, pings, refuse

TEAM = "T0FAKE"
APP = "A0FAKE"
BOT = {"user_id": "U0FAKEBOT", "bot_id": "B0FAKEBOT"}
SOMEBODY = "U0SOMEBODY"
MAX_POST = 40_000  # characters; the rest is cut (chat.postMessage)


@dataclass
class SlackMessage:
    """A message as a reader sees it now."""

    ts: str
    channel: str
    thread_ts: str | None
    text: str
    blocks: list[dict[str, Any]]
    metadata: dict[str, Any] | None
    arguments: Arguments  # of the call that made it so
    pings: list[str]  # mentions that notify somebody
    broadcast: bool = False  # a reply that stands in the channel too
    by_bot: bool = True
    edits: int = 0
    author: str = SOMEBODY  # of a message that is not the bot's


@dataclass
class Channel:
    """A channel and who may do what there; tests set the conditions."""

    id: str
    name: str
    member: bool
    archived: bool
    messages: dict[str, SlackMessage] = field(default_factory=dict)
    creator: str = SOMEBODY
    private: bool = False
    user: str = ""  # the person in a direct message
    people: set[str] = field(default_factory=set)
    ephemeral: dict[str, dict[str, SlackMessage]] = field(default_factory=dict)  # ephemeral messages, by who sees them

    @property
    def type(self) -> str:
        """Give its kind as events name it."""
        return "im" if self.user else "group" if self.private else "channel"

    @property
    def scopes(self) -> str:
        """Give the family of scopes that its kind takes."""
        return f"{self.type}s" if self.type != "im" else "im"

    @property
    def label(self) -> str:
        """Give its name as commands and presses carry it."""
        return {"im": "directmessage", "group": "privategroup"}.get(self.type, self.name)


class Channels:
    """All channels of the workspace."""

    def __init__(self) -> None:
        self._channels: dict[str, Channel] = {}
        self._last_ts = 0  # microseconds

    def __getitem__(self, channel: str) -> Channel:
        return self._channels[channel]

    def __iter__(self) -> Iterator[Channel]:
        return iter(self._channels.values())

    def get(self, channel: str) -> Channel | None:
        """Give the channel with this id, if there is one."""
        return self._channels.get(channel)

    def add(self, channel: Channel) -> Channel:
        """Open a channel, in place of one with the same id."""
        self._channels[channel.id] = channel
        return channel

    def direct(self, user: str) -> Channel:
        """Give the direct messages between a person and the bot, opened on demand."""
        address = f"D0{user[1:]}"
        return self.get(address) or self.add(Channel(address, "", True, False, user=user, people={user}))

    def written(self, channel: Channel, arguments: Arguments) -> SlackMessage:
        """Check a message of the bot and give it as it would stand in the channel."""
        text, blocks = content(arguments)
        known = metadata(arguments)
        return SlackMessage(
            ts=self.next_ts(),
            channel=channel.id,
            thread_ts=arguments.get("thread_ts"),
            text=text[:MAX_POST],
            blocks=blocks,
            metadata=known,
            arguments=arguments,
            pings=pings(arguments, text, blocks),
            broadcast=bool(arguments.get("reply_broadcast")),
        )

    def next_ts(self) -> str:
        """Take the time as an id, never the same one twice."""
        self._last_ts = max(time.time_ns() // 1000, self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"


def visible(channel: Channel, message: SlackMessage) -> bool:
    """Tell whether an ephemeral message is seen: in a thread only if it has begun (chat.postEphemeral)."""
    return not message.thread_ts or any(other.thread_ts == message.thread_ts for other in channel.messages.values())


def is_parent(channel: Channel, ts: str) -> bool:
    """Tell whether a thread may hang on this message."""
    return ts in channel.messages and not channel.messages[ts].thread_ts


# Pages


def page(channel: Channel, messages: list[SlackMessage], arguments: Arguments) -> dict[str, Any]:
    """Cut one page; the cursor is the ts that the next one starts with."""
    fitting = [message for message in messages if _in_time(message, arguments)]
    stamps = [message.ts for message in fitting]
    cursor = arguments.get("cursor")
    if cursor and cursor not in stamps:
        refuse("invalid_cursor")
    start = stamps.index(cursor) if cursor else 0
    end = start + min(arguments.get("limit") or 100, 999)
    whole = bool(arguments.get("include_all_metadata"))
    cut = [spelled(channel, message, whole) for message in fitting[start:end]]
    rest = {"response_metadata": {"next_cursor": stamps[end]}} if end < len(stamps) else {}
    return {"messages": cut, "has_more": bool(rest), **rest}


def _in_time(message: SlackMessage, arguments: Arguments) -> bool:
    """Keep what lies between oldest and latest, which count in only when inclusive."""
    at = _micros(message.ts)
    oldest, latest = _micros(arguments.get("oldest") or "0"), _micros(arguments.get("latest") or "9999999999")
    return oldest < at < latest or (bool(arguments.get("inclusive")) and at in (oldest, latest))


def _micros(stamp: Any) -> int:
    """Read a ts exactly; a float could not hold it."""
    seconds, _, fraction = str(stamp).partition(".")
    return int(seconds) * 1_000_000 + int(fraction[:6].ljust(6, "0"))


# Messages and channels as the API spells them


def spelled(channel: Channel, message: SlackMessage, whole: bool = True) -> dict[str, Any]:
    """Give a message as the API does."""
    author = {"user": BOT["user_id"], "bot_id": BOT["bot_id"]} if message.by_bot else {"user": message.author}
    optional = {
        "thread_ts": message.thread_ts,
        "blocks": message.blocks,
        "metadata": message.metadata if whole else None,
        "edited": {"user": BOT["user_id"], "ts": message.ts} if message.edits else None,
    }
    present = {name: value for name, value in optional.items() if value}
    thread = _thread(channel, message)
    return {"type": "message", "ts": message.ts, "text": message.text, **author, **thread, **present}


def _thread(channel: Channel, message: SlackMessage) -> dict[str, Any]:
    replies = sum(other.thread_ts == message.ts for other in channel.messages.values())
    return {"thread_ts": message.ts, "reply_count": replies} if replies else {}


def described(channel: Channel) -> dict[str, Any]:
    """Give a channel as conversations.info does."""
    if channel.user:
        return {"id": channel.id, "is_im": True, "user": channel.user, "is_archived": channel.archived}
    kinds = {"is_channel": not channel.private, "is_group": channel.private, "is_im": False}
    state = {"is_member": channel.member, "is_archived": channel.archived, "is_private": channel.private}
    return {"id": channel.id, "name": channel.name, "creator": channel.creator, **kinds, **state}
