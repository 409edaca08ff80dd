"""A Slack Web API server as strict as the real one, which shows what readers would see.

Run it by hand: `python -m tests.fakes.slack --port 8082 --chat C0123ABCD:papers`.
"""

import argparse
import asyncio
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NoReturn

from aiohttp import web

from tests.fakes.answers import Answer, RefusalError, ok, slack_error
from tests.fakes.blocks import MAX_TEXT, BlockError, check_blocks, pings_in_blocks, pings_in_text, size
from tests.fakes.server import Arguments, Call, FakeServer, serve_forever, words

TOKEN = "xoxb-FAKE-slack-token"
SCOPES = words("chat:write channels:history channels:read")  # no chat:write.public: it must be a member
MAX_POST = 40_000  # characters; the rest is cut (chat.postMessage)
MAX_UPDATE = 4000  # characters; more is refused (chat.update)
MAX_METADATA = 8000  # characters of JSON
BOT = {"user_id": "U0FAKEBOT", "bot_id": "B0FAKEBOT"}

_PAGE = "channel cursor limit oldest latest inclusive include_all_metadata"
_CONTENT = "channel text blocks metadata parse link_names reply_broadcast"
ARGUMENTS = {
    "auth.test": words(""),
    "chat.postMessage": words(f"{_CONTENT} thread_ts mrkdwn unfurl_links unfurl_media"),
    "chat.update": words(f"{_CONTENT} ts"),
    "chat.delete": words("channel ts"),
    "conversations.info": words("channel include_num_members include_locale"),
    "conversations.history": words(_PAGE),
    "conversations.replies": words(f"{_PAGE} ts"),
}
NEEDED = {
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "chat.delete": "chat:write",
    "conversations.info": "channels:read",
    "conversations.history": "channels:history",
    "conversations.replies": "channels:history",
}


@dataclass
class Shown:
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


@dataclass
class Channel:
    """A channel and what the bot may do there; tests set the last two."""

    id: str
    name: str
    member: bool
    archived: bool
    messages: dict[str, Shown] = field(default_factory=dict)


class FakeSlack(FakeServer):
    """Answer the methods that Paperboy needs, with Slack's own refusals and more for typos."""

    encoded = words(
        "blocks metadata limit inclusive include_all_metadata mrkdwn link_names reply_broadcast"
        " unfurl_links unfurl_media"
    )

    def __init__(
        self,
        port: int = 0,
        token: str = TOKEN,
        scopes: Iterable[str] = SCOPES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(port, clock)
        self.token = token
        self.scopes = set(scopes)
        self._channels: dict[str, Channel] = {}
        self._last_ts = 0  # microseconds
        self._methods: dict[str, Callable[[Arguments], dict[str, Any]]] = {
            "auth.test": self._auth_test,
            "chat.postMessage": self._post_message,
            "chat.update": self._update,
            "chat.delete": self._delete,
            "conversations.info": self._info,
            "conversations.history": self._history,
            "conversations.replies": self._replies,
        }

    # What tests set up and look at

    @property
    def base_url(self) -> str:
        """Give what `AsyncWebClient` takes as base_url."""
        return f"http://127.0.0.1:{self.port}/api/"

    def add_channel(self, channel: str, name: str, member: bool = True, archived: bool = False) -> Channel:
        """Open a public channel."""
        self._channels[channel] = added = Channel(channel, name, member, archived)
        return added

    def channel(self, channel: str) -> Channel:
        """Give the channel with this id, to set its conditions."""
        return self._channels[channel]

    def shown(self, channel: str) -> list[Shown]:
        """Give the bot's messages in order of arrival, as they look now."""
        return [message for message in self._channels[channel].messages.values() if message.by_bot]

    def post_by_other(self, channel: str, text: str = "Hello", thread_ts: str | None = None) -> str:
        """Let somebody else write there."""
        message = Shown(self._next_ts(), channel, thread_ts, text, [], None, {}, [], by_bot=False)
        self._channels[channel].messages[message.ts] = message
        return message.ts

    def delete(self, channel: str, ts: str) -> None:
        """Let an administrator delete a message."""
        del self._channels[channel].messages[ts]

    # What the server does

    def chat_of(self, arguments: Arguments) -> str:
        """Give the channel as the call names it."""
        return str(arguments.get("channel", ""))

    async def process(self, request: web.Request, call: Call) -> Answer:
        """Answer HTTP 200 whatever happens (Slack Web API, Evaluating responses)."""
        arguments = dict(call.arguments)
        self._authorize(request.headers.get("Authorization", ""), arguments.pop("token", ""))
        if call.method not in self._methods:
            _refuse("unknown_method", req_method=call.method)
        self._check_scope(NEEDED.get(call.method))
        unknown = sorted(arguments.keys() - ARGUMENTS[call.method])
        if unknown:
            _explain("invalid_arguments", f"the fake server knows no argument {', '.join(unknown)}")
        return ok(**self._methods[call.method](arguments))

    def _authorize(self, header: str, token: str) -> None:
        given = header.removeprefix("Bearer ") or token
        if not given:
            _refuse("not_authed")
        if given != self.token:
            _refuse("invalid_auth")

    def _check_scope(self, needed: str | None) -> None:
        if needed and needed not in self.scopes:
            _refuse("missing_scope", needed=needed, provided=",".join(sorted(self.scopes)))

    def _known(self, arguments: Arguments) -> Channel:
        return self._channels.get(self.chat_of(arguments)) or _refuse("channel_not_found")

    def _joined(self, arguments: Arguments) -> Channel:
        channel = self._known(arguments)
        if not channel.member:
            _refuse("not_in_channel")
        return channel

    def _open(self, arguments: Arguments, by_name: bool = False) -> Channel:
        """Give a channel to write to; only chat.postMessage takes a #name."""
        named = {f"#{channel.name}": channel for channel in self._channels.values() if by_name}
        channel = named.get(self.chat_of(arguments)) or self._known(arguments)
        if channel.archived:
            _refuse("is_archived")
        if not channel.member and "chat:write.public" not in self.scopes:
            _refuse("not_in_channel")
        return channel

    def _next_ts(self) -> str:
        """Take the time as an id, never the same one twice."""
        self._last_ts = max(time.time_ns() // 1000, self._last_ts + 1)
        return f"{self._last_ts // 1_000_000}.{self._last_ts % 1_000_000:06d}"

    # The methods

    def _auth_test(self, arguments: Arguments) -> dict[str, Any]:
        team = {"url": "https://fake.slack.com/", "team": "Fake", "team_id": "T0FAKE", "user": "paperboy"}
        return team | BOT

    def _post_message(self, arguments: Arguments) -> dict[str, Any]:
        channel = self._open(arguments, by_name=True)
        text, blocks = _content(arguments)
        metadata = _metadata(arguments)
        thread_ts = arguments.get("thread_ts")
        if thread_ts and not _is_parent(channel, thread_ts):
            _refuse("thread_not_found")
        pings = _pings(arguments, text, blocks)
        broadcast = bool(arguments.get("reply_broadcast"))
        ts, text = self._next_ts(), text[:MAX_POST]
        message = Shown(ts, channel.id, thread_ts, text, blocks, metadata, arguments, pings, broadcast)
        channel.messages[message.ts] = message
        return {"channel": channel.id, "ts": message.ts, "message": _message(channel, message)}

    def _update(self, arguments: Arguments) -> dict[str, Any]:
        """Replace text and blocks, and metadata if there is any (chat.update)."""
        channel = self._open(arguments)
        message = _own(channel, arguments, "cant_update_message")
        text, blocks = _content(arguments)
        if len(text) > MAX_UPDATE:
            _refuse("msg_too_long")
        if "metadata" in arguments:
            message.metadata = _metadata(arguments)
        message.text, message.blocks = text, blocks
        message.arguments, message.pings = arguments, _pings(arguments, text, blocks)
        message.edits += 1
        whole = _message(channel, message)
        return {"channel": channel.id, "ts": message.ts, "text": text, "message": whole}

    def _delete(self, arguments: Arguments) -> dict[str, Any]:
        channel = self._open(arguments)
        message = _own(channel, arguments, "cant_delete_message")
        del channel.messages[message.ts]
        return {"channel": channel.id, "ts": message.ts}

    def _info(self, arguments: Arguments) -> dict[str, Any]:
        channel = self._known(arguments)
        state = {"is_member": channel.member, "is_archived": channel.archived, "is_private": False}
        return {"channel": {"id": channel.id, "name": channel.name, "is_channel": True, **state}}

    def _history(self, arguments: Arguments) -> dict[str, Any]:
        """Give what stands in the channel itself, newest first (conversations.history)."""
        channel = self._joined(arguments)
        newest_first = reversed(channel.messages.values())
        return _page(channel, [message for message in newest_first if _in_channel(message)], arguments)

    def _replies(self, arguments: Arguments) -> dict[str, Any]:
        """Give the parent and then its replies, oldest first (conversations.replies)."""
        channel = self._joined(arguments)
        parent = arguments.get("ts", "")
        if parent not in channel.messages:
            _refuse("thread_not_found")
        thread = [message for message in channel.messages.values() if parent in (message.ts, message.thread_ts)]
        return _page(channel, thread, arguments)


def _refuse(code: str, **more: Any) -> NoReturn:
    raise RefusalError(slack_error(code, **more))


def _explain(code: str, reason: str) -> NoReturn:
    _refuse(code, response_metadata={"messages": [f"[ERROR] {reason}"]})


# What is in a message


def _content(arguments: Arguments) -> tuple[str, list[dict[str, Any]]]:
    text, blocks = arguments.get("text") or "", arguments.get("blocks") or []
    if not text and not blocks:
        _refuse("no_text")
    if isinstance(blocks, str):
        _refuse("invalid_blocks_format")
    try:
        check_blocks(blocks)
    except BlockError as error:
        _explain("invalid_blocks", str(error))
    if size(blocks) > MAX_TEXT:
        _refuse("msg_blocks_too_long")
    return text, blocks


def _metadata(arguments: Arguments) -> dict[str, Any] | None:
    """Check the two fields; an empty object removes what was there (chat.update)."""
    metadata = arguments.get("metadata")
    if not metadata:
        return None
    types = {name: type(value) for name, value in metadata.items()} if isinstance(metadata, dict) else {}
    if types != {"event_type": str, "event_payload": dict}:
        _refuse("invalid_metadata_format")
    if len(json.dumps(metadata)) > MAX_METADATA:
        _refuse("metadata_too_large")
    return dict(metadata)


def _pings(arguments: Arguments, text: str, blocks: list[dict[str, Any]]) -> list[str]:
    switches = ["link_names"] if arguments.get("link_names") else []
    switches += ["parse=full"] if arguments.get("parse") == "full" else []
    return [*switches, *pings_in_text(text), *pings_in_blocks(blocks)]


def _own(channel: Channel, arguments: Arguments, refusal: str) -> Shown:
    message = channel.messages.get(arguments.get("ts", "")) or _refuse("message_not_found")
    if not message.by_bot:
        _refuse(refusal)
    return message


# Threads and pages


def _is_parent(channel: Channel, ts: str) -> bool:
    return ts in channel.messages and not channel.messages[ts].thread_ts


def _in_channel(message: Shown) -> bool:
    return not message.thread_ts or message.broadcast


def _page(channel: Channel, messages: list[Shown], arguments: Arguments) -> dict[str, Any]:
    """Cut one page; the cursor is the ts that the next one starts with."""
    fitting = [message for message in messages if _in_time(message, arguments)]
    stamps = [message.ts for message in fitting]
    cursor = arguments.get("cursor")
    if cursor and cursor not in stamps:
        _refuse("invalid_cursor")
    start = stamps.index(cursor) if cursor else 0
    end = start + min(arguments.get("limit") or 100, 999)
    metadata = bool(arguments.get("include_all_metadata"))
    page = [_message(channel, message, metadata) for message in fitting[start:end]]
    rest = {"response_metadata": {"next_cursor": stamps[end]}} if end < len(stamps) else {}
    return {"messages": page, "has_more": bool(rest), **rest}


def _in_time(message: Shown, arguments: Arguments) -> bool:
    """Keep what lies between oldest and latest, which count in only when inclusive."""
    at = _micros(message.ts)
    oldest, latest = _micros(arguments.get("oldest") or "0"), _micros(arguments.get("latest") or "9999999999")
    return oldest < at < latest or (bool(arguments.get("inclusive")) and at in (oldest, latest))


def _micros(stamp: Any) -> int:
    """Read a ts exactly; a float could not hold it."""
    seconds, _, fraction = str(stamp).partition(".")
    return int(seconds) * 1_000_000 + int(fraction[:6].ljust(6, "0"))


def _message(channel: Channel, message: Shown, metadata: bool = True) -> dict[str, Any]:
    author = {"user": BOT["user_id"], "bot_id": BOT["bot_id"]} if message.by_bot else {"user": "U0SOMEBODY"}
    optional = {
        "thread_ts": message.thread_ts,
        "blocks": message.blocks,
        "metadata": message.metadata if metadata else None,
        "edited": {"user": BOT["user_id"], "ts": message.ts} if message.edits else None,
    }
    present = {name: value for name, value in optional.items() if value}
    thread = _thread(channel, message)
    return {"type": "message", "ts": message.ts, "text": message.text, **author, **thread, **present}


def _thread(channel: Channel, message: Shown) -> dict[str, Any]:
    replies = sum(other.thread_ts == message.ts for other in channel.messages.values())
    return {"thread_ts": message.ts, "reply_count": replies} if replies else {}


def main() -> None:
    """Serve for a person to try things out."""
    parser = argparse.ArgumentParser(description="A fake Slack Web API server.")
    parser.add_argument("--port", type=int, default=8082)
    parser.add_argument("--token", default=TOKEN)
    parser.add_argument("--chat", action="append", metavar="ID:NAME")
    options = parser.parse_args()
    server = FakeSlack(options.port, options.token)
    for chat in options.chat or ("C0123ABCD:papers",):
        server.add_channel(*chat.split(":"))
    asyncio.run(serve_forever(server))


if __name__ == "__main__":
    main()
