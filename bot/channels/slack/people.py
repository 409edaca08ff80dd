"""The people of a Slack workspace: their language, their direct messages, what they may do in a channel.

Sources of the facts: docs.slack.dev (users.info, conversations.info, conversations.open, auth.test), and
slack.com/help for who may invite apps.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.channels.slack.api.answers import person_title
from bot.channels.slack.api.errors import FAILURES, translate
from bot.channels.slack.channel import SlackChannel
from bot.conversation.context import Request
from bot.database.states import ChatKind
from bot.log import log

_TIMEOUT = 1.0  # seconds: a command must be acknowledged within three, even when Slack is slow
_LIFETIME = 3600.0  # seconds that a person's language and name are remembered
_RETRY_AFTER = 60.0  # seconds until Slack is asked again for a person whom it did not describe
_MOST = 10_000  # people that are remembered
_ADMIN_ROLES = ("is_admin", "is_owner", "is_primary_owner")
_NO_MEMBERS = ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted")  # guests, and nobody


@dataclass(frozen=True, slots=True)
class Person:
    language: str = ""  # as in "ko-KR"; empty: unknown
    name: str = ""
    real_name: str = ""
    zone: str = ""  # as in "Asia/Seoul"; empty: unknown


class Directory:
    """Ask Slack who somebody is; do without where it does not answer."""

    def __init__(
        self, channel: SlackChannel, operators: Collection[str] = (), clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._channel = channel
        self._operators = operators
        self._clock = clock
        self._team = ""  # of the app, once it is known
        self._known: dict[str, tuple[float, Person]] = {}
        self._directs: dict[str, str] = {}

    async def person(self, user: str) -> Person:
        """Give somebody's language, name and time zone, at most an hour old."""
        until, person = self._known.get(user, (0.0, Person()))
        if self._clock() >= until:
            found = await self._ask(self._channel.client().users_info(user=user, include_locale=True), "user")
            profile = found.get("profile") or {}
            name = profile.get("display_name") or found.get("real_name") or found.get("name") or ""
            person = Person(found.get("locale") or "", name, person_title(found), _zone(found.get("tz")))
            _remember(self._known, user, (self._clock() + (_LIFETIME if found else _RETRY_AFTER), person))
        return person

    def note_person(self, user: str, direct: str) -> None:
        """Remember the id of the direct messages with somebody: it never changes."""
        _remember(self._directs, user, direct)

    async def chat(self, user: str, chat: str) -> str:
        """Give the chat that a request is about: for any direct messages, even with others, those with the app."""
        if not chat.startswith("D"):
            return chat
        if user not in self._directs:
            opened = await self._ask(self._channel.client().conversations_open(users=user), "channel")
            if not opened.get("id"):
                return chat
            self.note_person(user, opened["id"])
        return self._directs[user]

    async def is_admin(self, channel: str, user: str) -> bool:
        """Tell whether somebody runs the bot or the workspace, or made the channel.

        Slack is asked each time, and no answer means no.
        """
        if user in self._operators:
            return True
        client = self._channel.client()
        person, chat = await asyncio.gather(
            self._ask(client.users_info(user=user), "user"),
            self._ask(client.conversations_info(channel=channel), "channel"),
        )
        return any(person.get(role) is True for role in _ADMIN_ROLES) or bool(user and chat.get("creator") == user)

    async def may_invite(self, user: str) -> bool:
        """Tell whether somebody may invite apps into channels: all members of the workspace but its guests.

        Owners can narrow that down, which no app is told. No answer means no.
        """
        person, team = await asyncio.gather(
            self._ask(self._channel.client().users_info(user=user), "user"), self._our_team()
        )
        teams = {person.get("team_id"), *((person.get("enterprise_user") or {}).get("teams") or ())}
        return bool(team) and team in teams and not any(person.get(role) for role in _NO_MEMBERS)

    async def _our_team(self) -> str:
        """Give the workspace of the app: in a shared channel there are members of others as well."""
        if not self._team:
            self._team = str(await self._tell(self._channel.client().auth_test(), "team_id") or "")
        return self._team

    async def request(self, chat: str, user: str, *, alone: bool = False, pressed: bool = False) -> Request:
        """Make the request: who asks, and about which chat."""
        person, address = await asyncio.gather(self.person(user), self.chat(user, chat))
        private = chat.startswith("D")
        if private:
            self._channel.titles.hear(person.real_name, address, user)
        return Request(
            "slack",
            address,
            kind=ChatKind.PRIVATE if private else ChatKind.BROADCAST,
            user=user,
            language=person.language,
            zone=person.zone if private else "",
            aliases=(user,) if private else (),  # the settings may name a person instead
            private=alone,
            from_button=pressed,
            is_admin=partial(self.is_admin, chat, user),
            may_invite=partial(self.may_invite, user),
        )

    async def _ask(self, call: Awaitable[Any], name: str) -> Mapping[str, Any]:
        """Give one part of Slack's answer; an empty one where Slack refuses or is slow."""
        found = await self._tell(call, name)
        return found if isinstance(found, Mapping) else {}

    async def _tell(self, call: Awaitable[Any], name: str) -> object:
        try:
            async with asyncio.timeout(_TIMEOUT):
                part: object = (await call)[name]
        except FAILURES as error:
            log.info("slack does not tell", error=str(translate(error)))
            return None
        return part


def _zone(name: object) -> str:
    """Give a time zone that this machine knows, "" for any other."""
    try:
        return ZoneInfo(str(name or "")).key
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ""


def _remember(memory: dict[str, Any], user: str, value: Any) -> None:
    """Keep what belongs to a user; forget the oldest of too many."""
    memory.pop(user, None)
    memory[user] = value
    if len(memory) > _MOST:
        del memory[next(iter(memory))]
