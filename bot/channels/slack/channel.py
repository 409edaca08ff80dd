"""Send to Slack, edit, and find out whether a message arrived.

slack-sdk's `AsyncWebClient` makes the calls, without its own retries; a rate limiter of ours says when.
Sources of the facts: docs.slack.dev (chat.postMessage, conversations.history, rate limits).
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from typing import Any, TypeVar

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.channels.rate_limits import EvenSpacing, RateLimiter
from bot.channels.slack.errors import CHAT_FAULTS, FAILURES, NO_HISTORY, error_code, translate
from bot.database.states import ChatKind
from bot.delivery.channel import ChatIdentity, Delivered, HeardTitles, NotDelivered, UnconfirmedSend, Undecided
from bot.errors import Rejected, RetryLater, SendError
from formatters.message import Formatter

EVENT = "paperboy_delivery"
_Answer = TypeVar("_Answer")
_CLOCK_SKEW = 48 * 3600.0  # seconds by which our clock may be ahead of Slack's
_PAGE = 200  # messages, the most that Slack recommends (conversations.history)
_MOST_PAGES = 25  # half of the calls that Slack allows in a minute (tier 3)
_SPACING = 1.01  # seconds: one message a second per channel, and a hundredth for the network
_PEOPLE = ("U", "W")  # the ids of people begin with one of them


class SlackChannel:
    """One Slack app in one workspace."""

    name = "slack"

    def __init__(
        self, token: str, base_url: str, formatter: Formatter, limiter: RateLimiter | None = None, timeout: float = 30.0
    ) -> None:
        self.formatter = formatter
        self._token = token
        self.titles = HeardTitles()
        self._timeout = timeout  # seconds in which an answer must arrive
        self._base_url = base_url.rstrip("/") + "/"
        self._limiter = limiter or RateLimiter(None, lambda _chat: [EvenSpacing(_SPACING, leeway=2 * _SPACING)])
        self._session: aiohttp.ClientSession | None = None
        self._directs: dict[str, str] = {}  # by person: the id of the direct messages, which never changes

    def id_sequence(self, address: str) -> str:
        return address

    def is_canonical(self, address: str) -> bool:
        return not address.startswith(_PEOPLE)

    async def identify(self, address: str) -> ChatIdentity:
        """Find the direct messages with a person; Rejected or BotGone without the right to open them."""
        kind = ChatKind.BROADCAST if address.startswith(("C", "G")) else ChatKind.PRIVATE
        if not self.is_canonical(address) and address not in self._directs:
            [opened] = await self._call(address, _parts(self.client().conversations_open(users=address), "channel"))
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
        try:
            self.titles.hear(await self._title(address), address)
        except FAILURES as error:
            raise translate(error, self._token) from error  # a pause is asked of such calls alone

    async def _title(self, address: str) -> str:
        """Give the name of a channel or of a person, whose direct messages have none."""
        if not address.startswith(_PEOPLE):
            [known] = await _parts(self.client().conversations_info(channel=address), "channel")
            if not known.get("is_im"):
                return channel_title(known)
            address = str(known["user"])
        [person] = await _parts(self.client().users_info(user=address), "user")
        return person_title(person)

    async def prepare(self, body: Mapping[str, object]) -> None:
        """Need nothing."""

    async def acquire_turn(self, address: str, *, reply: bool = False, ahead: float = 0.0) -> float:
        return await self._limiter.acquire(address, reply=reply, ahead=ahead)

    async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:
        where: dict[str, Any] = {"channel": address, **({"thread_ts": thread} if thread else {})}
        metadata = {"event_type": EVENT, "event_payload": {"key": delivery_ref}}
        post = self.client().chat_postMessage(**{**body, **where, "metadata": metadata})
        [ts] = await self._call(address, _parts(post, "ts"))
        return str(ts)

    async def edit(self, address: str, remote_id: str, body: Mapping[str, object]) -> None:
        kept: dict[str, Any] = {name: value for name, value in body.items() if name in {"text", "blocks"}}
        await self._call(address, self.client().chat_update(channel=address, ts=remote_id, **kept))

    async def reconcile(self, address: str, unconfirmed: UnconfirmedSend) -> Delivered | NotDelivered | Undecided:
        """Look for the message by the key in its metadata."""
        cursor = None
        for _ in range(_MOST_PAGES):
            try:
                page = await self._page(address, unconfirmed, cursor)
                found = next((one["ts"] for one in page["messages"] if _key(one) == unconfirmed.delivery_ref), "")
            except FAILURES as error:
                if error_code(error) in NO_HISTORY:
                    return Undecided("the app may not read this channel; give it channels:history and invite it")
                raise self._paused(error, address) from error
            if found:
                return Delivered(found)
            cursor = (page.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return NotDelivered()
        return Undecided(f"not among {_PAGE * _MOST_PAGES:,} messages since the last known one; look into the channel")

    def _page(self, address: str, unconfirmed: UnconfirmedSend, cursor: str | None) -> Awaitable[Any]:
        """Ask for messages of the thread or channel since our last one, or since two days before the attempt."""
        oldest = _known_time(unconfirmed) or unconfirmed.attempted_at - _CLOCK_SKEW
        query: dict[str, Any] = {"channel": address, "include_all_metadata": True, "limit": _PAGE}
        query["oldest"] = f"{oldest:.6f}"
        if unconfirmed.thread:
            return self.client().conversations_replies(**query, ts=unconfirmed.thread, cursor=cursor)
        return self.client().conversations_history(**query, cursor=cursor)

    async def check(self, addresses: Sequence[str]) -> Sequence[tuple[str, str]]:
        try:
            user, team = await self._call("token", _parts(self.client().auth_test(), "user", "team"))
        except SendError as error:
            return [("token", str(error))]
        return [(f"token: {user} in {team}", ""), *[await self._check_chat(one) for one in addresses]]

    async def close(self) -> None:
        if self._session:
            await self._session.close()

    async def _check_chat(self, address: str) -> tuple[str, str]:
        if address.startswith(_PEOPLE):
            known = await self.canonical_address(address) != address
            return address, "" if known else "no such person, or the app lacks the scope im:write"
        try:
            [known] = await _parts(self.client().conversations_info(channel=address), "channel")
            name, archived = channel_title(known), known.get("is_archived")
            may = known.get("is_member") or known.get("is_im")  # nobody is a member of a direct message
        except FAILURES as error:
            if error_code(error) == "missing_scope":
                return address, "cannot be checked without the scope channels:read; `paperboy deliver` will tell"
            return address, str(translate(error, self._token))
        if archived:
            return address, CHAT_FAULTS["is_archived"]
        return f"{name} ({address})" if name else address, "" if may else CHAT_FAULTS["not_in_channel"]

    async def _call(self, address: str, call: Awaitable[_Answer]) -> _Answer:
        try:
            return await call
        except FAILURES as error:
            raise self._paused(error, address) from error

    def _paused(self, error: Exception, address: str) -> SendError:
        """Translate an error; where Slack asks for a pause, make the rate limiter keep it."""
        translated = translate(error, self._token)
        if isinstance(translated, RetryLater) and translated.flood:
            self._limiter.pause(address, translated.after or 0.0)
        return translated

    def client(self) -> AsyncWebClient:
        """Make a client; all share one session, which is opened inside the running loop."""
        if self._session is None:
            timeout = aiohttp.ClientTimeout(total=self._timeout, sock_connect=10)
            self._session = aiohttp.ClientSession(timeout=timeout)
        # Without handlers the SDK never repeats a call by itself, which could post twice.
        return AsyncWebClient(self._token, base_url=self._base_url, session=self._session, retry_handlers=[])


async def _parts(call: Awaitable[Any], *names: str) -> list[Any]:
    """Give parts of an answer; KeyError when one is missing."""
    answer = await call
    parts = [answer[name] for name in names]
    if None in parts:
        raise KeyError(*names)
    return parts


def channel_title(channel: Mapping[str, Any]) -> str:
    return f"#{channel['name']}" if channel.get("name") else ""


def person_title(person: Mapping[str, Any]) -> str:
    """Give the real name of a person, else the one that everybody has."""
    return str(person.get("real_name") or person.get("name") or "")


def _known_time(unconfirmed: UnconfirmedSend) -> float:
    """Give when our last known message came by Slack's clock, of which ids are made: ours may show anything."""
    return max(float(unconfirmed.after), float(unconfirmed.thread or 0))


def _key(message: Mapping[str, Any]) -> object:
    return ((message.get("metadata") or {}).get("event_payload") or {}).get("key")
