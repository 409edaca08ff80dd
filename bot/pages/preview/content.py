"""What the page shows: the messages of posts, drawn and counted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from formatters.message import Message
from formatters.web import counts, slack, telegram
from formatters.web.counts import Count

CHANNELS = ("telegram", "slack")
_METHODS = {"telegram": "sendMessage", "slack": "chat.postMessage"}
_DRAWING: Mapping[str, Callable[[Mapping[str, object]], str]] = {"telegram": telegram.draw, "slack": slack.draw}
_COUNTING: Mapping[str, Callable[[Mapping[str, object]], tuple[Count, ...]]] = {
    "telegram": counts.of_telegram,
    "slack": counts.of_slack,
}


@dataclass(frozen=True, slots=True)
class Part:
    """Some of what is said about how a post was read."""

    title: str
    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Post:
    """A post, or one of those of a file that grows."""

    name: str
    messages: Mapping[str, Sequence[Message]]  # by channel, in the order of sending
    reading: Sequence[Part]


@dataclass(frozen=True, slots=True)
class Content:
    posts: Sequence[Post]
    problems: Sequence[str] = ()  # what is wrong with posts, in the order in which they were read
    kept: str = ""  # why this is not how the files are now


@dataclass(frozen=True, slots=True)
class Drawn:
    """A message on the page."""

    key: str
    method: str
    html: Markup  # safe: the formatters' drawing
    counts: Sequence[Count]
    is_reply: bool  # in the thread of the message above
    is_silent: bool | None  # None where the platform has no such thing


def drawn(channel: str, messages: Sequence[Message], *, in_thread: bool) -> list[Drawn]:
    """Draw the messages of a post; `in_thread`: all but the parts of the first one reply to it."""
    return [_drawn(channel, one, is_reply=in_thread and not one.key.startswith("index")) for one in messages]


def _drawn(channel: str, message: Message, *, is_reply: bool) -> Drawn:
    body = message.body
    silent = bool(body.get("disable_notification")) if channel == "telegram" else None
    html = Markup(_DRAWING[channel](body))  # noqa: S704 - safe, see formatters.web
    first, *others = _COUNTING[channel](body)
    return Drawn(message.key, _METHODS[channel], html, [first, *(one for one in others if one.used)], is_reply, silent)
