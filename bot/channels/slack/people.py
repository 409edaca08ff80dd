"""The people of a Slack workspace: which language they read, which chat is their own, what they decide.

Sources of the facts: docs.slack.dev (users.info, conversations.info, conversations.open).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.channels.slack.channel import SlackChannel
from bot.channels.slack.errors import FAILURES, translate
from bot.conversation.context import Request
from bot.database.states import ChatKind
from bot.log import log

_PATIENCE = 1.0  # seconds: a command is to be acknowledged within three, whatever else is slow
_LIFETIME = 3600.0  # seconds that a language is remembered
_UNTOLD = 60.0  # seconds until somebody is asked for again, of whom nothing was told
_MOST = 10_000  # people remembered
_IN_CHARGE = ("is_admin", "is_owner", "is_primary_owner")


@dataclass(frozen=True, slots=True)
class Person:
    language: str = ""  # as in "ko-KR"; empty: not told
    name: str = ""


class Directory:
    """Ask Slack who somebody is; where it does not tell, go on without."""

    def __init__(self, channel: SlackChannel, clock: Callable[[], float] = time.monotonic) -> None:
        self._channel = channel
        self._clock = clock
        self._known: dict[str, tuple[float, Person]] = {}
        self._directs: dict[str, str] = {}

    async def person(self, user: str) -> Person:
        """Give somebody's language and name, as they were within the last hour."""
        until, person = self._known.get(user, (0.0, Person()))
        if self._clock() >= until:
            told = await self._told(self._channel.client().users_info(user=user, include_locale=True), "user")
            profile = told.get("profile") or {}
            name = profile.get("display_name") or told.get("real_name") or told.get("name") or ""
            person = Person(told.get("locale") or "", name)
            _remember(self._known, user, (self._clock() + (_LIFETIME if told else _UNTOLD), person))
        return person

    def note_person(self, user: str, direct: str) -> None:
        """Note the direct messages in which somebody was met: they stay the same for ever."""
        _remember(self._directs, user, direct)

    async def chat(self, user: str, room: str) -> str:
        """Give the chat that is asked about: in direct messages, whosever, those with us."""
        if not room.startswith("D"):
            return room
        if user not in self._directs:
            opened = await self._told(self._channel.client().conversations_open(users=user), "channel")
            if not opened.get("id"):
                return room
            self.note_person(user, opened["id"])
        return self._directs[user]

    async def is_admin(self, channel: str, user: str) -> bool:
        """Tell whether somebody runs the workspace or made the channel; asked anew each time, no answer means no."""
        client = self._channel.client()
        person, room = await asyncio.gather(
            self._told(client.users_info(user=user), "user"),
            self._told(client.conversations_info(channel=channel), "channel"),
        )
        return any(person.get(role) is True for role in _IN_CHARGE) or bool(user and room.get("creator") == user)

    async def request(self, room: str, user: str, *, alone: bool = False, pressed: bool = False) -> Request:
        """Say who asks, and about which chat."""
        person, address = await asyncio.gather(self.person(user), self.chat(user, room))
        private = room.startswith("D")
        return Request(
            "slack",
            address,
            kind=ChatKind.PRIVATE if private else ChatKind.BROADCAST,
            user=user,
            language=person.language,
            aliases=(user,) if private else (),  # the settings may name a person instead
            private=alone,
            from_button=pressed,
            is_admin=partial(self.is_admin, room, user),
        )

    async def _told(self, call: Awaitable[Any], name: str) -> Mapping[str, Any]:
        """Give what Slack tells, nothing where it refuses or is slow."""
        try:
            async with asyncio.timeout(_PATIENCE):
                told = (await call)[name]
        except FAILURES as error:
            log.info("slack does not tell", error=str(translate(error)))
            return {}
        return told if isinstance(told, Mapping) else {}


def _remember(memory: dict[str, Any], user: str, what: Any) -> None:
    """Remember the newest few."""
    memory.pop(user, None)
    memory[user] = what
    if len(memory) > _MOST:
        del memory[next(iter(memory))]
