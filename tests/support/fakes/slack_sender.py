"""How what happens in a fake Slack gets to the app, and what keeps it from being sent."""

import asyncio
import time
from collections.abc import Callable, Iterable
from typing import Any

from tests.support.fakes.slack_api import APP_TOKEN, SCOPES, TOKEN, SlackApi
from tests.support.fakes.slack_channels import Channel, SlackMessage
from tests.support.fakes.slack_events import VERIFICATION, callback
from tests.support.fakes.slack_presses import NotSentError
from tests.support.fakes.slack_reach import Http, Kind, Reach, Sent, UnreachableError

MOST_RETRIES = 3  # of an event (Events API, retries)


class SlackSender(SlackApi):
    """Send the way `reach` says, wait for the acknowledgement, and keep both."""

    def __init__(
        self,
        port: int = 0,
        token: str = TOKEN,
        scopes: Iterable[str] = SCOPES,
        clock: Callable[[], float] = time.monotonic,
        app_token: str = APP_TOKEN,
    ) -> None:
        super().__init__(port, token, scopes, clock, app_token)
        self.reach: Reach = self.sockets
        self.patience = 3.0  # seconds for an acknowledgement
        self.retry_times = 0  # how often an event that fails is sent again by itself, and at once
        self.sent: list[Sent] = []

    async def retries(self, sent: Sent, reason: str = "") -> Sent:
        """Send an event again, as Slack does three times when it was not acknowledged in time."""
        if sent.kind != "events_api" or sent.attempt >= MOST_RETRIES:
            raise NotSentError("only events are sent again, and only three times")
        why = reason or ("http_error" if sent.status else "http_timeout")
        return await self._deliver(Sent(sent.kind, sent.payload, sent.attempt + 1, why))

    async def verifies_url(self) -> bool:
        """Ask the app for the challenge, as when its URL is entered in the settings."""
        if not isinstance(self.reach, Http):
            raise NotSentError("there is no URL to verify")
        payload = {"token": VERIFICATION, "challenge": "a-challenge", "type": "url_verification"}
        sent = await self._send("events_api", payload)
        return payload["challenge"] in (sent.answer.get("challenge"), sent.answer.get("text"))

    async def _event(self, event: dict[str, Any]) -> Sent:
        sent = await self._send("events_api", callback(event, event.get("ts") or self.channels.next_ts()))
        while sent.error and sent.attempt < self.retry_times:
            sent = await self.retries(sent)
        return sent

    async def _send(self, kind: Kind, payload: dict[str, Any]) -> Sent:
        return await self._deliver(Sent(kind, payload))

    async def _deliver(self, sent: Sent) -> Sent:
        self.sent.append(sent)
        sent.at = self.clock()
        try:
            async with asyncio.timeout(self.patience):
                sent.answer = await self.reach.deliver(sent)
            sent.acked_at = self.clock()
        except TimeoutError:
            sent.error = "operation_timeout"
        except UnreachableError:
            sent.error = "dispatch_failed"
        return sent

    def _need(self, scope: str) -> None:
        if scope not in self.scopes:
            raise NotSentError(f"not without the scope {scope}")

    def _entered(self, channel: str, user: str) -> Channel:
        """Give the channel that somebody acts in, and so is a member of."""
        chat = self.channels[channel]
        if chat.user not in ("", user):
            raise NotSentError(f"{channel} is between the bot and {chat.user}")
        if chat.archived:
            raise NotSentError(f"{channel} is archived")
        self.people.met(user)
        chat.people.add(user)
        return chat

    def _heard(self, channel: str, user: str) -> Channel:
        """Give a channel that somebody writes in and the bot reads."""
        chat = self._entered(channel, user)
        if not chat.member:
            raise NotSentError(f"the bot is not in {channel}")
        return chat

    def _written(self, chat: Channel, text: str, thread_ts: str | None, user: str) -> SlackMessage:
        message = SlackMessage(
            self.channels.next_ts(), chat.id, thread_ts, text, [], None, {}, [], by_bot=False, author=user
        )
        chat.messages[message.ts] = message
        return message
