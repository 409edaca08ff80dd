"""The two chats of the demo, and how a browser is told of what changes in them: in a feed per language."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import count

from markupsafe import Markup

from bot.channels.local import Arguments, LocalChannel, LocalMessage
from bot.channels.slack.api.answers import post_arguments
from bot.database.states import ChatKind
from bot.pages import frame
from bot.pages.demo.wording import SIGNS, wording
from bot.web.feed import Change, Feed
from formatters.locale import LANGUAGES, Phrases
from formatters.slack import SlackFormatter
from formatters.telegram import TelegramFormatter
from formatters.web import slack, telegram

TELEGRAM, SLACK = "telegram", "slack"
PERSON = {TELEGRAM: "1001", SLACK: "U0DEMO"}
CHAT = {TELEGRAM: PERSON[TELEGRAM], SLACK: "C0DEMO"}


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as the page draws it."""

    id: str
    text: str  # what a reader wrote; empty for the bot's
    html: Markup  # safe: the formatters' drawing
    private: bool
    replies: int
    at: str
    action: str  # where a press of its buttons is posted


class Chats:
    """The chats, the feeds, and what stands beside the messages."""

    def __init__(self, phrases: Phrases, pace: float, on_call: Callable[[], object]) -> None:
        self.feeds = {language: Feed() for language in LANGUAGES}
        self.toasts = dict.fromkeys(CHAT, "")  # what a press last said, by channel
        self._at: dict[tuple[str, str], str] = {}  # the minute of each message
        formatters = (TelegramFormatter(phrases, buttons=True), SlackFormatter(phrases, buttons=True))
        made = partial(LocalChannel, pace=pace, on_call=on_call)
        self.channels = {
            TELEGRAM: made(
                *(TELEGRAM, formatters[0], ChatKind.PRIVATE, partial(_next, count(1)), telegram_arguments),
                on_change=partial(self._changed, TELEGRAM),
            ),
            SLACK: made(
                *(SLACK, formatters[1], ChatKind.BROADCAST, partial(_timestamp, count(1)), post_arguments),
                on_change=partial(self._changed, SLACK),
            ),
        }

    def shown(self, name: str, *, thread: bool = False) -> list[Shown]:
        """List the messages of a chat, those in its threads or the others."""
        return [self.show(name, one) for one in self.channels[name].messages.values() if bool(one.thread) == thread]

    def show(self, name: str, message: LocalMessage) -> Shown:
        at = self._at.setdefault((name, message.id), time.strftime("%H:%M"))
        html = "" if message.reader else _draw(name, message.arguments, at)
        replies = sum(one.thread == message.id for one in self.channels[name].messages.values())
        text = str(message.arguments["text"]) if message.reader else ""
        return Shown(message.id, text, Markup(html), message.private, replies, at, f"/{name}/{message.id}")  # noqa: S704

    def say(self, name: str, text: str) -> None:
        """Show a short text above a chat, as a press does; an empty one takes it away."""
        if text or self.toasts[name]:
            self.toasts[name] = text
            self.put(f"{name}-toast", "toast", name=name, text=text)

    def put(self, element: str, template: str, into: str = "", **values: object) -> None:
        """Put an element of the page in the place of the one with its id, else at the end of another one."""
        for language, feed in self.feeds.items():
            feed.add(Change(element, draw(template, language, **values), into))

    def _changed(self, name: str, message: LocalMessage) -> None:
        element = f"{name}-{message.id}"
        if not message.exists:
            for feed in self.feeds.values():
                feed.add(Change(element, ""))
            return
        self.put(element, name, "thread-list" if message.thread else f"{name}-list", one=self.show(name, message))
        if parent := self.channels[name].messages.get(message.thread):
            self._changed(name, parent)  # which says how many replies it has


def draw(template: str, language: str, **values: object) -> str:
    """Render a part of the page."""
    return frame.render(f"demo/{template}.html", language, words=wording(language), signs=SIGNS, **values)


def _draw(name: str, arguments: Arguments, at: str) -> str:
    return telegram.draw(arguments, at) if name == TELEGRAM else slack.draw(arguments)


def telegram_arguments(address: str, body: Arguments, delivery_ref: str, thread: str) -> Arguments:  # noqa: ARG001
    """Give the arguments of sendMessage, as to a private chat; nothing of ours travels with a message there."""
    return {"chat_id": address, **body}


def _next(numbers: count[int]) -> str:
    return str(next(numbers))


def _timestamp(numbers: count[int]) -> str:
    """Make an id as Slack's are: a time, different for each message."""
    return f"{int(time.time())}.{next(numbers):06}"
