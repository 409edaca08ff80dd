"""The way of Telegram's updates to the bot: kept until a poll confirms them or a webhook answers 2xx."""

import asyncio
import itertools
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from tests.support.fakes.markup import refuse
from tests.support.fakes.server import Arguments, words

Update = dict[str, Any]

LONG_POLL = 50.0  # seconds at most (telegram-bot-api, Client.h)
BATCH = 100  # updates at most (Telegram Bot API, getUpdates)
PORTS = (80, 88, 443, 8443)  # of a webhook (telegram-bot-api, WebhookActor.cpp)
KINDS = words(
    "message edited_message channel_post edited_channel_post inline_query chosen_inline_result callback_query"
    " shipping_query pre_checkout_query poll poll_answer my_chat_member chat_member chat_join_request chat_boost"
    " removed_chat_boost message_reaction message_reaction_count business_connection business_message"
    " edited_business_message deleted_business_messages purchased_paid_media"
)
DEFAULT_KINDS = KINDS - words("chat_member message_reaction message_reaction_count")  # Telegram Bot API, getUpdates
WEBHOOK_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
)
OTHER_POLL = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
WEBHOOK_SET = "Conflict: terminated by setWebhook request"
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"


@dataclass
class Webhook:
    """Where updates are sent to, and how the last try that failed ended."""

    url: str
    secret: str
    max_connections: int
    error: str = ""
    failed_at: int = 0

    @property
    def headers(self) -> dict[str, str]:
        """Give the proof that a request is Telegram's, if one was asked for."""
        return {SECRET_HEADER: self.secret} if self.secret else {}


class Inbox:
    """The updates that the bot has not taken in yet, one after the other.

    Telegram keeps the order per chat only, and sends to a webhook in parallel.
    """

    def __init__(self) -> None:
        self.pending: list[Update] = []
        self.pause = 0.02  # seconds before a webhook that failed is tried again; Telegram's grow from 1 to minutes
        self.plain_http = False  # let webhooks be http, on loopback
        self.proxies: dict[str, str] = {}  # beginnings of public addresses, to where they lead on loopback
        self._kinds = DEFAULT_KINDS
        self._ids = itertools.count(1)
        self._poll: asyncio.Future[str] | None = None  # its result is why it must end
        self._webhook: Webhook | None = None
        self._pushing: asyncio.Task[None] | None = None
        self._arrived = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def add(self, kind: str, payload: Update) -> int:
        """Keep an update and give its id, or 0 where the bot did not ask for such ones."""
        if kind not in self._kinds:  # looked at here, not at delivery (telegram-bot-api, add_update_impl)
            return 0
        number = next(self._ids)
        self._keep([*self.pending, {"update_id": number, kind: payload}])
        self._end_poll("")
        self._arrived.set()
        return number

    async def emptied(self) -> None:
        """Wait until the bot has taken in every update."""
        await self._empty.wait()

    async def start(self) -> None:
        """Go on sending to the webhook, if one is set."""
        if self._webhook and not self._pushing:
            self._pushing = asyncio.create_task(self._push(self._webhook))

    async def stop(self) -> None:
        """Leave the webhook alone until `start`."""
        pushing, self._pushing = self._pushing, None
        if pushing:
            pushing.cancel()
            with suppress(asyncio.CancelledError):
                await pushing

    def _keep(self, updates: list[Update]) -> None:
        self.pending = updates
        if updates:
            self._empty.clear()
        else:
            self._empty.set()

    def _allow(self, kinds: list[str] | None) -> None:
        """Take over allowed_updates, which hold until others are given; an empty list means the usual ones."""
        if kinds is not None:
            self._kinds = KINDS & set(kinds) or DEFAULT_KINDS

    # getUpdates

    async def take(self, arguments: Arguments) -> list[Update]:
        """Answer getUpdates, at once or when there is news."""
        if self._webhook:
            refuse(WEBHOOK_ACTIVE, 409)
        self._allow(arguments.get("allowed_updates"))
        self._confirm(arguments.get("offset") or 0)
        timeout = min(arguments.get("timeout") or 0, LONG_POLL)
        if timeout and not self.pending:
            self._end_poll(OTHER_POLL)  # only one that waits ends another (telegram-bot-api, do_get_updates)
            await self._wait(timeout)
        return self.pending[: min(arguments.get("limit") or BATCH, BATCH)]

    def _confirm(self, offset: int) -> None:
        """Forget what is below the offset; a negative one spares the last updates."""
        if offset < 0:
            self._keep(self.pending[offset:])
        else:
            self._keep([update for update in self.pending if update["update_id"] >= offset])

    async def _wait(self, seconds: float) -> None:
        self._poll = poll = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                reason = await poll
        except TimeoutError:
            return
        if reason:
            refuse(reason, 409)

    def _end_poll(self, reason: str) -> None:
        if self._poll and not self._poll.done():
            self._poll.set_result(reason)

    # The webhook

    async def set_webhook(self, arguments: Arguments) -> bool:
        """Answer setWebhook; without a url it deletes."""
        if not arguments.get("url"):
            return await self.delete_webhook(arguments)
        webhook = self._webhook_of(arguments)
        await self.delete_webhook(arguments)
        self._end_poll(WEBHOOK_SET)
        self._allow(arguments.get("allowed_updates"))
        self._webhook = webhook
        self._arrived.set()
        await self.start()
        return True

    async def delete_webhook(self, arguments: Arguments) -> bool:
        """Answer deleteWebhook; what is pending stays unless told otherwise."""
        await self.stop()
        self._webhook = None
        if arguments.get("drop_pending_updates"):
            self._keep([])
        return True

    def webhook_info(self) -> dict[str, Any]:
        """Answer getWebhookInfo."""
        info = {"url": "", "has_custom_certificate": False, "pending_update_count": len(self.pending)}
        if self._kinds != DEFAULT_KINDS:
            info["allowed_updates"] = sorted(self._kinds)
        return info | (_webhook_details(self._webhook) if self._webhook else {})

    def _webhook_of(self, arguments: Arguments) -> Webhook:
        url, secret = str(arguments["url"]), str(arguments.get("secret_token") or "")
        _check_url(url, self.plain_http)
        if len(secret) > 256:
            refuse("secret token is too long")
        if not re.fullmatch(r"[\w-]*", secret, re.ASCII):
            refuse("secret token contains unallowed characters")
        connections = arguments.get("max_connections") or 40
        if not 1 <= connections <= 100:
            refuse("the fake server wants 1 to 100 max_connections")  # Telegram takes the nearest without a word
        return Webhook(url, secret, connections)

    async def _push(self, webhook: Webhook) -> None:
        """Send what is pending, each until it is taken."""
        async with aiohttp.ClientSession() as session:
            while True:
                await self._arrived.wait()
                if self.pending:
                    await self._push_one(session, webhook, self.pending[0])
                else:
                    self._arrived.clear()

    async def _push_one(self, session: aiohttp.ClientSession, webhook: Webhook, update: Update) -> None:
        error = await _post(session, self._reached(webhook.url), update, webhook.headers)
        if error:
            webhook.error, webhook.failed_at = error, int(time.time())
            await asyncio.sleep(self.pause)
        else:
            self._keep([other for other in self.pending if other is not update])

    def _reached(self, url: str) -> str:
        """Go through the proxy; nothing ever leaves this machine."""
        for public, local in self.proxies.items():
            if url.startswith(public):
                return local + url.removeprefix(public)
        return url if _is_loopback(urlsplit(url).hostname) else ""


def _check_url(url: str, plain_http: bool) -> None:
    try:
        scheme, host, port = (parts := urlsplit(url)).scheme, parts.hostname, parts.port or 443
    except ValueError:
        host = None
    if not host:
        refuse("invalid webhook URL specified")
    if plain_http and scheme == "http" and _is_loopback(host):
        return
    if scheme != "https":
        refuse("bad webhook: An HTTPS URL must be provided for webhook")
    if port not in PORTS:
        refuse("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


def _is_loopback(host: str | None) -> bool:
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def _webhook_details(webhook: Webhook) -> dict[str, Any]:
    failure = {"last_error_date": webhook.failed_at, "last_error_message": webhook.error} if webhook.error else {}
    return {"url": webhook.url, "max_connections": webhook.max_connections, **failure}


async def _post(session: aiohttp.ClientSession, url: str, update: Update, headers: dict[str, str]) -> str:
    """Send an update and give what went wrong, empty for nothing; Telegram follows no redirect."""
    if not url:
        return "Failed to resolve host: Name or service not known"
    try:
        async with session.post(url, json=update, headers=headers, allow_redirects=False) as answer:
            if 200 <= answer.status <= 299:
                return ""
            return f"Wrong response from the webhook: {answer.status} {answer.reason}"
    except aiohttp.ClientConnectorError:
        return "Connection refused"
    except (aiohttp.ClientError, TimeoutError):
        return "Webhook connection closed"
