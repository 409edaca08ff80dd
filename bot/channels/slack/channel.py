"""Send to Slack, edit, and find out whether a message arrived.

slack-sdk's `AsyncWebClient` makes the calls, without its own retries; a rate limiter of ours says when.
Sources of the facts: docs.slack.dev (chat.postMessage, conversations.history, rate limits).
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.rate_limits.allowances import Allowance
from bot.channels.rate_limits.estimate import evenly, in_windows
from bot.channels.rate_limits.limiter import RateLimiter, Turn
from bot.channels.rate_limits.limits import EvenSpacing, SlidingWindow
from bot.channels.rate_limits.pauses import ALL
from bot.channels.slack.api.answers import channel_title, delivery_ref_of, parts, person_title, post_arguments, time_of
from bot.channels.slack.api.connections import CONNECT, PUBLIC_SCOPE, granted_scopes, open_session, web_client
from bot.channels.slack.api.errors import CHAT_FAULTS, FAILURES, NO_HISTORY, error_code, translate
from bot.channels.slack.api.workspace import RefusedContainers, Workspace
from bot.database.states import ChatKind
from bot.delivery.channel import (
    ChatIdentity,
    ChatWork,
    Delivered,
    HeardTitles,
    NotDelivered,
    UnconfirmedSend,
    Undecided,
)
from bot.errors import Rejected, RetryLater, SendError
from bot.ledger.writing import deadline
from formatters import placeholders
from formatters.message import Formatter

_Answer = TypeVar("_Answer")
_EARLIER = 48 * 3600.0  # seconds before an attempt from which on its message is looked for: clocks are set
_PAGE = 200  # messages, the most that Slack recommends (conversations.history)
_MOST_PAGES = 25  # half of the calls that Slack allows in a minute (tier 3)
_MARGIN = 0.003  # of each window, added to it: the quickest trip that is known is not the quickest possible
# Calls in a minute: tier 3, but for users.info, which is of tier 4.
_METHODS = {
    **dict.fromkeys(("chat.update", "chat.delete", "conversations.history", "conversations.replies"), 50),
    **dict.fromkeys(("conversations.info", "conversations.open"), 50),
    "users.info": 100,
}
_PEOPLE = ("U", "W")  # the ids of people begin with one of them; their direct messages have another one


class SlackChannel:
    """One Slack app in one workspace."""

    name = "slack"

    def __init__(
        self,
        token: str,
        base_url: str,
        formatter: Formatter,
        limiter: RateLimiter | None = None,
        timeout: float = deadline.ANSWER,
    ) -> None:
        self.formatter = formatter
        self._token = token
        self.titles = HeardTitles()
        self.answer = timeout
        self._base_url = base_url.rstrip("/") + "/"
        post = Allowance("chat.postMessage", 1, 1.0)
        methods = {name: Allowance(name, most, 60.0) for name, most in _METHODS.items()}
        self.allowances = (post, *methods.values())
        # Slack limits messages by their channel, other calls by their method; each of them pauses for itself.
        self._posts = limiter or RateLimiter((), lambda _chat: [EvenSpacing(post, leeway=2, haste=1 / (1 + _MARGIN))])
        self._methods = {
            name: limiter or RateLimiter([SlidingWindow(method, _MARGIN)], lambda _: ())
            for name, method in methods.items()
        }
        self._session: aiohttp.ClientSession | None = None
        self._containers = RefusedContainers(formatter.plain)
        self._directs: dict[str, str] = {}  # by person: the id of the direct messages, which never changes
        self._workspace = Workspace()

    def seconds_for(self, work: Sequence[ChatWork]) -> float:
        """Messages go out by channel, edits and deletions each with all others of the workspace."""
        known = {one.name: one for one in self.allowances}
        posts = [evenly(one.sends, known["chat.postMessage"]) for one in work]
        edits = in_windows(sum(one.edits for one in work), known["chat.update"])
        return max(*posts, edits, in_windows(sum(one.deletions for one in work), known["chat.delete"]))

    def id_sequence(self, address: str) -> str:
        return address

    def is_canonical(self, address: str) -> bool:
        return not address.startswith(_PEOPLE)

    async def identify(self, address: str) -> ChatIdentity:
        """Find the direct messages with a person; Rejected or BotGone without the right to open them."""
        kind = ChatKind.BROADCAST if address.startswith(("C", "G")) else ChatKind.PRIVATE
        if not self.is_canonical(address) and address not in self._directs:
            open_chat = partial(self.client().conversations_open, users=address)
            [opened] = await self._ask("conversations.open", lambda: _parts(open_chat(), "channel"))
            try:
                self._directs[address] = str(opened["id"])
            except (KeyError, TypeError) as error:
                raise Rejected(f"Slack's answer makes no sense ({type(error).__name__})") from error
        return ChatIdentity(kind, self._directs.get(address, address))

    async def canonical_address(self, address: str) -> str:
        """Give the direct messages with a person; where they cannot be found, the person's own id."""
        try:
            return (await self.identify(address)).canonical_address
        except SendError:
            return address

    async def ask_title(self, address: str) -> None:
        self.titles.hear(await self._title(address), address)

    async def _title(self, address: str) -> str:
        """Give the name of a channel or of a person, whose direct messages have none."""
        if not address.startswith(_PEOPLE):
            known = await self._info(address)
            if not known.get("is_im"):
                return channel_title(known)
            address = str(known["user"])
        [person] = await self._ask("users.info", lambda: _parts(self.client().users_info(user=address), "user"))
        return person_title(person)

    async def _info(self, address: str) -> Mapping[str, Any]:
        async def info() -> dict[str, Any]:
            return dict(*await _parts(self.client().conversations_info(channel=address), "channel"))

        return await self._ask("conversations.info", info)

    async def prepare(self, body: Mapping[str, object]) -> None:
        """Ask where the workspace is when a body leads to messages; without an answer it leads elsewhere."""
        if placeholders.refs(body):
            await self._workspace.learn(lambda: self.client().auth_test())

    async def acquire_turn(
        self, address: str, *, edit: bool = False, delete: bool = False, reply: bool = False, ahead: float = 0.0
    ) -> Turn:
        if edit or delete:
            method = self._methods["chat.delete" if delete else "chat.update"]
            return await method.acquire(ALL, reply=reply, ahead=ahead)
        return await self._posts.acquire(address, reply=reply, ahead=ahead)

    async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
        with self._containers.accepted(body) as shown:
            post = self.client().chat_postMessage(**post_arguments(address, shown, delivery_ref, thread))
            [ts] = await self._call(_parts(post, "ts"), self._posts, address)
        return str(ts)

    async def edit(self, address: str, remote_id: str, body: Mapping[str, object]) -> None:
        with self._containers.accepted(body) as shown:
            kept: dict[str, Any] = {name: value for name, value in shown.items() if name in {"text", "blocks"}}
            call = self.client().chat_update(channel=address, ts=remote_id, **kept)
            await self._call(call, self._methods["chat.update"], ALL)

    async def delete(self, address: str, remote_id: str) -> None:
        call = self.client().chat_delete(channel=address, ts=remote_id)
        try:
            await self._call(call, self._methods["chat.delete"], ALL)
        except Rejected as error:
            if error_code(error.__cause__) != "message_not_found":
                raise Rejected(f"not deleted, it stays: {error}") from error

    def message_link(self, address: str, remote_id: str, thread: str) -> str:
        return "" if address.startswith(_PEOPLE) else self._workspace.message_link(address, remote_id, thread)

    async def reconcile(self, address: str, unconfirmed: UnconfirmedSend) -> Delivered | NotDelivered | Undecided:
        """Look for the message by the key in its metadata."""
        cursor = None
        for _ in range(_MOST_PAGES):
            try:
                found, cursor = await self._look(address, unconfirmed, cursor)
            except SendError as error:
                if error_code(error.__cause__) in NO_HISTORY:
                    return Undecided("the app may not read this channel; give it channels:history and invite it")
                raise
            if found:
                return Delivered(found)
            if not cursor:
                return NotDelivered()
        return Undecided(f"not among {_PAGE * _MOST_PAGES:,} messages since the last known one; look into the channel")

    async def _look(
        self, address: str, unconfirmed: UnconfirmedSend, cursor: str | None
    ) -> tuple[str | None, str | None]:
        """Look into one page of the thread or channel; give the message if it is there, and where the next page is."""

        async def page() -> tuple[str | None, str | None]:
            answer = await self._page(address, unconfirmed, cursor)
            found = (str(one["ts"]) for one in answer["messages"] if delivery_ref_of(one) == unconfirmed.delivery_ref)
            following = (answer.get("response_metadata") or {}).get("next_cursor")
            return next(found, None), None if _goes_back_enough(answer, unconfirmed) else following

        return await self._ask("conversations.replies" if unconfirmed.thread else "conversations.history", page)

    def _page(self, address: str, unconfirmed: UnconfirmedSend, cursor: str | None) -> Awaitable[Any]:
        """Ask for messages of the thread or channel since our last one; where none is known, for the newest ones."""
        query: dict[str, Any] = {"channel": address, "include_all_metadata": True, "limit": _PAGE}
        if oldest := _known_time(unconfirmed):
            query["oldest"] = f"{oldest:.6f}"
        if unconfirmed.thread:
            return self.client().conversations_replies(**query, ts=unconfirmed.thread, cursor=cursor)
        return self.client().conversations_history(**query, cursor=cursor)

    async def check(self, addresses: Sequence[str]) -> Sequence[tuple[str, str]]:
        try:
            answer = await self.client().auth_test()
            user, team = parts(answer, "user", "team")
        except FAILURES as error:
            return [("token", str(translate(error, self._token)))]
        scopes = granted_scopes(answer.headers)
        return [(f"token: {user} in {team}", ""), *[await self._check_chat(one, scopes) for one in addresses]]

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def _check_chat(self, address: str, scopes: Collection[str]) -> tuple[str, str]:
        if address.startswith(_PEOPLE):
            is_known = await self.canonical_address(address) != address
            return address, "" if is_known else "no such person, or the app lacks the scope im:write"
        try:
            known = await self._info(address)
        except SendError as error:
            if error_code(error.__cause__) == "missing_scope":
                return address, "cannot be checked without the scope channels:read; `paperboy deliver` will tell"
            return address, str(error)
        name, archived = channel_title(known), known.get("is_archived")
        is_open = not known.get("is_private", True) and PUBLIC_SCOPE in scopes
        may = known.get("is_member") or known.get("is_im") or is_open  # nobody is a member of a direct message
        if archived:
            return address, CHAT_FAULTS["is_archived"]
        return f"{name} ({address})" if name else address, "" if may else CHAT_FAULTS["not_in_channel"]

    async def _ask(self, method: str, call: Callable[[], Awaitable[_Answer]]) -> _Answer:
        """Make a call at the next turn of its method."""
        limiter = self._methods[method]
        async with await limiter.acquire(ALL):
            return await self._call(call(), limiter, ALL)

    async def _call(self, call: Awaitable[_Answer], limiter: RateLimiter, chat: str) -> _Answer:
        """Await a call; where Slack asks for a pause, make the rate limiter keep it for a chat, or for all."""
        try:
            return await deadline.call(call, CONNECT, self.answer)
        except FAILURES as error:
            translated = translate(error, self._token)
            if isinstance(translated, RetryLater) and translated.flood:
                limiter.pause(chat, translated.after or 0.0)
            raise translated from error

    def client(self) -> AsyncWebClient:
        """Make a client; all share one session."""
        return web_client(self._token, self._base_url, self.session)

    @property
    def session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = open_session(self._base_url, self.answer)
        return self._session


async def _parts(call: Awaitable[Any], *names: str) -> list[Any]:
    """Give parts of an answer; KeyError when one is missing."""
    return parts(await call, *names)


def _known_time(unconfirmed: UnconfirmedSend) -> float:
    """Give when our last known message came by Slack's clock, of which ids are made: ours may show anything."""
    return max(float(unconfirmed.after), float(unconfirmed.thread or 0))


def _goes_back_enough(answer: Any, unconfirmed: UnconfirmedSend) -> bool:
    """Tell whether a page of the newest messages holds one from two days before the attempt.

    The attempt was as long ago by Slack's clock, which the answer shows, as it was by ours, if ours was not set since;
    where the time that ours showed then is earlier, it counts.
    """
    if _known_time(unconfirmed) or not answer["messages"]:
        return False
    ago = max(0.0, time.time() - unconfirmed.attempted_at)
    return float(answer["messages"][-1]["ts"]) < min(time_of(answer) - ago, unconfirmed.attempted_at) - _EARLIER
