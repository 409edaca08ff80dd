"""Pressed buttons, and answers that only one person sees.

Sources of the facts: docs.slack.dev (block_actions payload, handling user interaction, chat.postEphemeral).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from bot.channels.slack.api.connections import webhook_client
from bot.channels.slack.api.errors import FAILURES, translate
from bot.channels.slack.channel import SlackChannel
from bot.log import log

_MOST_USES = 5  # of a response_url, within half an hour

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ButtonPress:
    """A button of ours that somebody pressed, and where."""

    line: str  # the command that it carries
    user: str
    name: str
    channel: str = ""  # empty in the App Home
    message: str = ""
    thread: str = ""  # the ts of its parent; empty outside threads
    private: bool = False  # the message is ephemeral: only who pressed sees it
    url: str = ""  # response_url, to which an answer may be posted
    home: str = ""  # the chat whose settings the App Home shows

    @classmethod
    def read(cls, body: Mapping[str, Any]) -> Self | None:
        """Read the payload; None for a button without a command."""
        action, container, user = body["actions"][0], body.get("container") or {}, body["user"]
        line = action.get("value") or ""
        if not line or not action["action_id"].startswith("line/"):
            return None
        who: dict[str, Any] = {"line": line, "user": user["id"], "name": user.get("name") or user["id"]}
        if container.get("type") == "view":
            home = (body.get("view") or {}).get("private_metadata") or ""
            return cls(**who, home=home) if home else None
        message = container["message_ts"]
        thread = container.get("thread_ts") or (body.get("message") or {}).get("thread_ts") or ""
        return cls(
            **who,
            channel=container["channel_id"],
            message=message,
            thread="" if thread == message else thread,  # the first message of a thread is in the channel
            private=bool(container.get("is_ephemeral")),
            url=body.get("response_url") or "",
        )


class EphemeralReplies:
    """Send answers that one person sees, or that all see in that person's name."""

    def __init__(self, channel: SlackChannel) -> None:
        self._channel = channel

    async def send(self, press: ButtonPress, bodies: Sequence[Body]) -> None:
        """Answer who pressed, and nobody else, beside the button."""
        for body in bodies[:_MOST_USES]:
            # Slack does not document that a response_url supports threads: there it is used where we are no member.
            if not (press.thread and await self._in_thread(press, body)):
                thread = {"thread_ts": press.thread} if press.thread else {}
                await self.respond(press.url, [{**body, "response_type": "ephemeral", **thread}])

    async def respond(self, url: str, bodies: Sequence[Body], *, replace: bool = False) -> bool:
        """Post to a response_url; tell whether all was accepted. A lost answer is logged, and not sent again."""
        hook = webhook_client(url, self._channel.session)
        for body in bodies[:_MOST_USES]:
            try:
                answer = await hook.send_dict({**body, "replace_original": replace})
                accepted = answer.status_code == 200 and '"ok":false' not in answer.body.replace(" ", "")
                lost = "" if accepted else f"HTTP {answer.status_code} {answer.body[:100]}"
            except FAILURES as error:
                lost = str(translate(error))
            if lost:
                log.warning("answer lost", channel="slack", error=lost)
                return False
        return True

    async def _in_thread(self, press: ButtonPress, body: Body) -> bool:
        where: dict[str, Any] = {"channel": press.channel, "user": press.user, "thread_ts": press.thread}
        try:
            await self._channel.client().chat_postEphemeral(**where, text=body["text"], blocks=body["blocks"])
        except FAILURES as error:
            log.info("not in the thread", chat=press.channel, error=str(translate(error)))
            return False
        return True
