"""Slack: the app, made of our manifest, and the channel, chosen from those of the workspace."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from bot.channels.slack.api.connections import SCOPES, granted_scopes
from bot.channels.slack.api.errors import CHAT_FAULTS, FAILURES, translate
from bot.channels.slack.channel import SlackChannel
from bot.cli.init.questions import WrongAnswerError
from bot.cli.init.session import Chosen, Session
from bot.cli.setup.shipped import shipped, shipped_file
from bot.config.explain import variable
from bot.config.fields import one_slack_chat
from bot.errors import BotGone, SendError
from formatters.locale import phrases
from formatters.slack import SlackFormatter

_BOT_TOKEN, _APP_TOKEN = re.compile(r"xoxb-[\w-]+", re.ASCII), re.compile(r"xapp-[\w-]+", re.ASCII)
_VARIABLES = {"bot": variable(("slack", "bot_token")), "app": variable(("slack", "app_token"))}
_MANIFEST = "slack-manifest.yaml"
_PAGE, _MOST_PAGES, _LISTED = 200, 25, 40  # channels of a page, pages, channels that are listed by number


@dataclass(frozen=True)
class _App:
    """The app whose token was given."""

    token: str
    base_url: str
    user: str = ""  # as it is mentioned: "@paperboy"
    team: str = ""
    scopes: frozenset[str] = frozenset()

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[SlackChannel]:
        channel = SlackChannel(self.token, self.base_url, SlackFormatter(phrases("en")))
        try:
            yield channel
        finally:
            await channel.close()

    async def call(self, what: Any) -> Any:
        """Make a call; raises SendError alone, caused by what Slack answered."""
        async with self.channel() as channel:
            try:
                return await what(channel.client())
            except FAILURES as error:
                raise translate(error, self.token) from error


@dataclass(frozen=True, slots=True)
class _Channel:
    """A channel of the workspace."""

    id: str
    name: str
    is_member: bool


def set_up(session: Session) -> Chosen:
    """Ask for the app and for a channel that it may write to."""
    said, questions = session.said, session.questions
    if questions.choose("slack_app", said.has_app, said.has_app_options, "no") == "no":
        _show_manifest(session)
    app = _ask_app(session, session.settings({}).slack.base_url)
    find = partial(_socket, session, app)
    listening = questions.ask("slack_app_token", said.socket_app, find, default="", secret=True)
    if listening:
        session.good(said.listens)
    else:
        session.tell(f"  {said.only_delivers}")
    secrets = {_VARIABLES["bot"]: app.token} | ({_VARIABLES["app"]: listening} if listening else {})
    while not (found := _ask_channel(session, app)):
        pass
    return Chosen({"slack": {"chats": [*found]}}, secrets, found, is_answering=bool(listening))


def _show_manifest(session: Session) -> None:
    """Show what is pasted, and below it, where it is not scrolled away, what to do with it."""
    said, file = session.said, shipped_file(_MANIFEST)
    without_comments = re.sub(r"(^|[ \t]+)#.*$", "", shipped(_MANIFEST), flags=re.MULTILINE)
    lines = [line for line in without_comments.splitlines() if line.strip()]
    where = said.manifest_file.format(file=file)
    session.questions.show("\n".join(["", *lines, "", said.manifest, where]))


# --- the app


def _ask_app(session: Session, base_url: str) -> _App:
    """Ask for the bot's token, and look until the app has the rights of its manifest, or shall do without."""
    said, find = session.said, partial(_app, session, base_url)
    app = session.questions.ask("slack_bot_token", said.which_app, find, secret=True)
    session.good(f"{app.user}, {app.team}")
    options = {"again": said.look_again, "keep": said.go_on}
    while lacking := sorted(SCOPES - app.scopes):
        problem = said.lacking_scopes.format(scopes=", ".join(lacking))
        if session.questions.settle("slack_bot_token", problem, options) == "keep":
            break
        app = find(app.token)
    return app


def _app(session: Session, base_url: str, token: str) -> _App:
    """Ask Slack whose token this is, and what it may do."""
    if not _BOT_TOKEN.fullmatch(token):
        raise WrongAnswerError(session.said.not_an_app)
    app = _App(token, base_url)
    try:
        found = asyncio.run(app.call(lambda client: client.auth_test()))
    except BotGone:
        raise WrongAnswerError(session.said.app_refused) from None
    except SendError as error:
        raise WrongAnswerError(str(error)) from None
    return _App(token, base_url, f"@{found['user']}", found["team"], granted_scopes(found.headers))


def _socket(session: Session, app: _App, token: str) -> str:
    """Try the token of Socket Mode; "" for none."""
    if not token:
        return ""
    if not _APP_TOKEN.fullmatch(token):
        raise WrongAnswerError(session.said.not_a_socket_app)
    try:
        asyncio.run(app.call(lambda client: client.apps_connections_open(app_token=token)))
    except BotGone:
        raise WrongAnswerError(session.said.app_refused) from None
    except SendError as error:
        raise WrongAnswerError(str(error)) from None
    return token


# --- the channel


def _ask_channel(session: Session, app: _App) -> Mapping[str, str]:
    """List the channels and let one be chosen: its title by its id; nothing when another one is wanted."""
    said = session.said
    channels = _channels(session, app)
    not_invited = said.not_invited.format(app=app.user)
    for place, one in enumerate(channels[:_LISTED], 1):
        session.tell(f"  {place}. #{one.name}{'' if one.is_member else f'  ({not_invited})'}")
    if len(channels) > _LISTED:
        session.tell(f"  … {len(channels) - _LISTED}")
    address = session.questions.ask("slack_chat", said.slack_chat, partial(_address, session, channels))
    title = address and _title(session, app, address)
    return {address: title} if title else {}


def _channels(session: Session, app: _App) -> Sequence[_Channel]:
    """List the channels that the app can see, those first that it is in; none where it may not list them."""
    try:
        found = asyncio.run(_list(app, "public_channel,private_channel"))
    except SendError as error:
        session.bad(str(error))
        return ()
    return sorted(found, key=lambda one: (not one.is_member, one.name))


async def _list(app: _App, types: str) -> list[_Channel]:
    found: list[_Channel] = []
    cursor = ""
    for _ in range(_MOST_PAGES):
        query: dict[str, Any] = {"types": types, "exclude_archived": True, "limit": _PAGE, "cursor": cursor or None}
        answer = await app.call(lambda client, query=query: client.conversations_list(**query))
        found += [_Channel(str(one["id"]), str(one["name"]), bool(one.get("is_member"))) for one in answer["channels"]]
        cursor = (answer.get("response_metadata") or {}).get("next_cursor") or ""
        if not cursor:
            break
    return found


def _address(session: Session, channels: Sequence[_Channel], answer: str) -> str:
    """Find a channel by its number in the list, its name or its id; "" to list them anew."""
    if answer.isdecimal() and 0 < int(answer) <= min(len(channels), _LISTED):
        return channels[int(answer) - 1].id
    named = {one.name: one.id for one in channels}
    if answer.removeprefix("#") in named:
        return named[answer.removeprefix("#")]
    try:
        return one_slack_chat(answer)
    except ValueError:
        raise WrongAnswerError(session.said.no_channel) from None


def _title(session: Session, app: _App, address: str) -> str:
    return session.title("slack_chat", address, app.channel, partial(_cure, session, app))


def _cure(session: Session, app: _App, problem: str) -> str:
    said, code = session.said, _code(problem)
    return said.not_writable[code].format(app=app.user) if code in said.not_writable else problem


def _code(problem: str) -> str:
    """Give Slack's code for what keeps the app from writing; "" for another reason."""
    return next((code for code, cure in CHAT_FAULTS.items() if problem in (cure, f"{code}; {cure}")), "")
