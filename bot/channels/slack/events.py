"""Events: mentions, direct messages, the App Home, channels that the app joins and leaves.

What somebody chooses is stored before it is acknowledged; Slack repeats what is not acknowledged. Sources
of the facts: docs.slack.dev (Events API, app_mention, message.im, member_joined_channel).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from slack_bolt.app.async_app import AsyncApp

from bot.channels.slack.api.answers import channel_title
from bot.channels.slack.channel import SlackChannel
from bot.channels.slack.commands import InteractionHandler, Payload, typed
from bot.channels.slack.home import HomeView
from bot.channels.slack.people import Directory
from bot.conversation.context import Request, Response
from bot.conversation.listener import CORRECTED_WITHIN
from bot.conversation.router import CommandRouter
from bot.database.states import ChatKind
from bot.delivery.replies import ReplySender
from bot.errors import LedgerError
from bot.ledger.records.deliveries import Subscription
from bot.log import log

Work = Callable[[Payload], Coroutine[Any, Any, None]]

_ANY = re.compile("")
_REMEMBERED = 1000  # events: Slack sends one at most four times, within minutes
_LEFT = {
    "channel_left": "the app was taken out of the channel",
    "group_left": "the app was taken out of the channel",
    "channel_archive": "the channel was archived",
    "group_archive": "the channel was archived",
    "channel_deleted": "the channel was deleted",
    "group_deleted": "the channel was deleted",
}


class EventHandler:
    """Handle events: store what people choose, then answer."""

    def __init__(self, channel: SlackChannel, router: CommandRouter, replies: ReplySender) -> None:
        self.replies = replies
        self.router = router
        self._titles = channel.titles
        self._people = Directory(channel, router.settings.operators.slack)
        self._home = HomeView(channel, router, self.replies)
        self._commands = InteractionHandler(channel, router, self._people, self._home, self.replies)
        self._once = Deduplicator()
        self._events: dict[str, Work] = {
            "app_mention": self._mention,
            "message": self._message,
            "app_home_opened": self._home_opened,
            "member_joined_channel": self._joined,
            **dict.fromkeys(_LEFT, self._left),
            **dict.fromkeys(("channel_unarchive", "group_unarchive"), self._unarchived),
            **dict.fromkeys(("channel_rename", "group_rename"), self._renamed),
            **dict.fromkeys(("app_uninstalled", "tokens_revoked"), self._app_removed),
        }

    def attach(self, app: AsyncApp) -> None:
        """Receive all that comes: what we do not know is acknowledged, else Slack shows its reader a failure."""
        app.command(_ANY)(self._commands.command)
        app.action(_ANY)(self._commands.press)
        app.event(_ANY)(self.event)
        app.error(self.failed)

    async def event(self, body: Payload) -> None:
        """Handle an event once; ignore kinds that we do not know."""
        work = self._events.get(body["event"]["type"])
        if work:
            await self._once.run_once(body["event_id"], partial(work, body))

    async def failed(self, error: Exception, body: Payload) -> None:
        """Log what failed: Slack repeats an unacknowledged event, or shows its reader a failure."""
        what = body.get("command") or (body.get("event") or {}).get("type") or body.get("type")
        if isinstance(error, LedgerError):
            log.error("update", what=what, error=str(error))
        else:
            log.error("update", what=what, exc_info=error)

    # --- messages

    async def _mention(self, body: Payload) -> None:
        """Answer a mention in its thread."""
        event = body["event"]
        if _by_person(event):
            request = await self._people.request(event["channel"], event["user"])
            await self._answer(request, event, event.get("thread_ts") or event["ts"])

    async def _message(self, body: Payload) -> None:
        """Answer direct messages; in channels people speak with each other."""
        event = _corrected(body["event"]) or body["event"]
        if event.get("channel_type") == "im" and _by_person(event):
            self._people.note_person(event["user"], event["channel"])
            request = await self._people.request(event["channel"], event["user"])
            await self._answer(request, event, event.get("thread_ts") or "")

    async def _answer(self, request: Request, event: Payload, thread: str) -> None:
        answer = await self.router.handle(request, typed(event.get("text") or "") or "/help")
        self.replies.spawn(self._send(request, answer, thread))

    async def _send(self, request: Request, answer: Response, thread: str) -> None:
        """Send an answer; in a thread of a channel, no paper twice within minutes."""
        chat = request.address
        if answer.again is None or request.kind == ChatKind.PRIVATE:
            await self.replies.send(chat, answer.messages, thread=thread)
            return
        give = partial(self.replies.give, chat, answer.messages, thread=thread)
        if await self.router.papers.give(f"{chat} {thread}", answer.share_line, give):
            await self.replies.send(chat, [answer.again], thread=thread)

    async def _home_opened(self, body: Payload) -> None:
        event = body["event"]
        self._people.note_person(event["user"], event["channel"])
        if event.get("tab") == "home":
            self.replies.spawn(self._publish_home(event))

    async def _publish_home(self, event: Payload) -> None:
        await self._home.publish(await self._people.request(event["channel"], event["user"]))

    # --- joining and leaving channels

    async def _joined(self, body: Payload) -> None:
        """Greet a channel that added the app, or resume delivery where it was paused."""
        event = body["event"]
        if event["user"] not in {one.get("user_id") for one in body.get("authorizations") or ()}:
            return  # somebody else joined
        chats = await self._resume(event["channel"], self.router.ledger.subscriptions.resume)
        if not any(chat.receives for chat in chats):
            welcome = await self.router.welcome(Request("slack", event["channel"], kind=ChatKind.BROADCAST))
            self.replies.spawn(self.replies.send(event["channel"], [welcome]))

    async def _unarchived(self, body: Payload) -> None:
        """Try a channel again: whether the app is still a member is not told."""
        await self._resume(body["event"]["channel"], self.router.ledger.subscriptions.try_again)

    async def _resume(self, channel: str, resume: Callable[[int], Awaitable[None]]) -> Sequence[Subscription]:
        chats = await self.router.ledger.subscriptions.with_topics("slack", (channel,))
        for chat in chats:
            await resume(chat.id)
        self.router.wake()
        return chats

    async def _left(self, body: Payload) -> None:
        event, subscriptions = body["event"], self.router.ledger.subscriptions
        for chat in await subscriptions.with_topics("slack", (event["channel"],)):
            await subscriptions.pause(chat.id, _LEFT[event["type"]])

    async def _renamed(self, body: Payload) -> None:
        renamed = body["event"]["channel"]
        self._titles.hear(channel_title(renamed), renamed["id"])

    async def _app_removed(self, body: Payload) -> None:
        event = body["event"]
        if event["type"] == "app_uninstalled" or (event.get("tokens") or {}).get("bot"):
            remedy = "install it again, and set slack.bot_token to its new token"
            log.error("app removed", channel="slack", error=f"the workspace took our token away; {remedy}")


class Deduplicator:
    """Run the work of each event once, however often Slack sends the event (Events API, retries)."""

    def __init__(self) -> None:
        self._known: dict[str, asyncio.Task[None]] = {}

    async def run_once(self, event: str, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run the work, or wait until it is done; what failed runs again when the event comes again."""
        task = self._known.get(event)
        if task is None:
            task = self._known[event] = asyncio.create_task(work())
            task.add_done_callback(partial(self._done, event))
        await asyncio.shield(task)

    def _done(self, event: str, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception():
            self._known.pop(event, None)
        elif len(self._known) > _REMEMBERED:
            del self._known[next(iter(self._known))]


def _corrected(event: Payload) -> Payload | None:
    """Give a direct message as it is after a correction of its text; None for an old one and for anything else."""
    if event.get("subtype") != "message_changed":
        return None
    now, before = event["message"], event.get("previous_message") or {}
    edited = (now.get("edited") or {}).get("ts")
    is_new = edited and now.get("text") != before.get("text") and float(edited) - float(now["ts"]) <= CORRECTED_WITHIN
    where = {"channel": event["channel"], "channel_type": event.get("channel_type")}
    return {name: value for name, value in {**now, **where}.items() if name != "edited"} if is_new else None


def _by_person(event: Payload) -> bool:
    """Tell whether this is a new message of a person: no app's, no edit, no notice of Slack."""
    return bool(event.get("user")) and not any(event.get(mark) for mark in ("bot_id", "subtype", "edited", "hidden"))
