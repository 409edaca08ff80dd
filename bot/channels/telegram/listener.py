"""Telegram's readers: what they type, press and change comes in here, by polling or a webhook.

An update is confirmed only when what it asks for is kept, so that a crash loses no wish. Sources of
the facts: Telegram Bot API (getUpdates, setWebhook, Update).
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Sequence
from contextlib import suppress
from urllib.parse import urlsplit

from aiohttp import web
from telegram import Update
from telegram.error import BadRequest, Conflict, RetryAfter, TelegramError

from bot.channels.connection_status import ConnectionStatus
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.client import read_update
from bot.channels.telegram.errors import seconds, translate
from bot.channels.telegram.menu import introduce
from bot.channels.telegram.updates import UpdateHandler
from bot.concurrency import LONGEST_PAUSE, backoff, wait_unless
from bot.config.settings import Telegram
from bot.conversation.router import CommandRouter
from bot.delivery.channel import Channel
from bot.delivery.replies import ReplySender
from bot.errors import BotGone, LedgerError, PaperboyError, SendError, SettingsError
from bot.log import log
from bot.web.server import Web

HEARD = ["message", "channel_post", "callback_query", "inline_query", "my_chat_member"]
SECRET = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the header's name
POLL = 30  # seconds that Telegram keeps an empty poll open; it allows 50
HANGING = POLL + 30.0  # seconds after which a poll without an answer is dead


class TelegramPoller:
    """Ask for updates again and again; whatever happens, go on asking."""

    def __init__(self, channel: TelegramChannel, updates: UpdateHandler, longest_pause: float = LONGEST_PAUSE) -> None:
        self._bot = channel.client.bot
        self._updates = updates
        self._longest_pause = longest_pause
        self._ear = ConnectionStatus("telegram", updates.router.outages)
        self._offset = 0

    async def listen(self, stopping: asyncio.Event) -> None:
        menu = asyncio.create_task(introduce(self._bot, self._updates.router.settings, stopping, self._longest_pause))
        tries = 0
        while not stopping.is_set():
            pause = await self._poll(stopping, tries)
            tries = tries + 1 if pause else 0
            if pause:
                await wait_unless(asyncio.sleep(pause), stopping)
        await self._confirm()
        await self._updates.replies.finish()
        menu.cancel()
        await asyncio.gather(menu, return_exceptions=True)

    async def _poll(self, stopping: asyncio.Event, tries: int) -> float:
        """Take in what there is, and give how long to pause before the next poll."""
        try:
            updates = await self._asked(stopping)
            await self._taken(updates)
        except Exception as error:  # noqa: BLE001 - a poller must not die of anything, least of all in silence
            return await self._recovered(error, tries)
        if updates:
            self._offset = max(update.update_id for update in updates) + 1
        if not stopping.is_set():
            self._ear.up()
        return 0.0

    async def _asked(self, stopping: asyncio.Event) -> Sequence[Update]:
        async with asyncio.timeout(HANGING):
            ask = self._bot.get_updates(offset=self._offset, timeout=POLL, allowed_updates=HEARD)
            return await wait_unless(ask, stopping) or ()

    async def _taken(self, updates: Sequence[Update]) -> None:
        """Take updates in; those that a bug of ours trips over are not asked for again and again."""
        try:
            await self._updates.handle(updates)
        except PaperboyError:
            raise
        except Exception:  # noqa: BLE001 - the next updates must come in
            log.exception("updates", updates=[update.update_id for update in updates])

    async def _recovered(self, error: Exception, tries: int) -> float:
        """Do what an error asks for, and give how long to pause."""
        backed_off = backoff(1.0, tries, self._longest_pause)
        said = translate(error, "", self._bot.token) if isinstance(error, TelegramError) else error
        match error:
            case Conflict() if "webhook" in str(error).lower():
                self._ear.down("a webhook was set for this bot; it is taken away, since telegram.listen is polling")
                with suppress(TelegramError):
                    await self._bot.delete_webhook()
            case Conflict():
                self._ear.down("another program asks for this bot's updates; end it, or give each its own token")
            case TelegramError() | PaperboyError():
                self._ear.down(str(said))
            case TimeoutError():
                self._ear.down("Telegram does not answer")
            case _:
                self._ear.down(f"what came in makes no sense ({type(error).__name__}: {error})")
        if isinstance(error, RetryAfter):
            return seconds(error)
        return self._longest_pause if isinstance(said, BotGone) else backed_off

    async def _confirm(self) -> None:
        """Confirm what was taken in, so that the next start does not answer it again."""
        if self._offset:
            with suppress(Exception):
                await self._bot.get_updates(offset=self._offset, timeout=0, limit=1)


class TelegramWebhook:
    """Let Telegram post updates to us."""

    def __init__(
        self,
        channel: TelegramChannel,
        updates: UpdateHandler,
        url: str,
        secret: str,
        longest_pause: float = LONGEST_PAUSE,
    ) -> None:
        self._bot = channel.client.bot
        self._updates = updates
        self._longest_pause = longest_pause
        self._ear = ConnectionStatus("telegram", updates.router.outages)
        self._url, self._secret = url, secret

    async def listen(self, stopping: asyncio.Event) -> None:
        menu = asyncio.create_task(introduce(self._bot, self._updates.router.settings, stopping, self._longest_pause))
        await self._announce(stopping)
        await stopping.wait()
        await self._updates.replies.finish()
        menu.cancel()
        await asyncio.gather(menu, return_exceptions=True)

    async def receive(self, request: web.Request) -> web.Response:
        """Answer 200 when an update is taken in: Telegram repeats all others."""
        given = request.headers.get(SECRET, "")
        if not hmac.compare_digest(given.encode(errors="surrogateescape"), self._secret.encode()):
            return web.Response(status=403)
        try:
            update = read_update(json.loads(await request.read()), self._bot)
        except (ValueError, RecursionError):  # what is no update, or nested like no update
            update = None
        return web.Response(status=await self._taken(update) if update else 400)

    async def _taken(self, update: Update) -> int:
        try:
            await self._updates.handle([update])
        except (LedgerError, SendError) as error:
            log.error("update", update=update.update_id, error=str(error))
            return 503
        return 200

    async def _announce(self, stopping: asyncio.Event) -> None:
        """Tell Telegram where we are, until it has understood."""
        tries = 0
        while not stopping.is_set() and not await self._announced():
            await wait_unless(asyncio.sleep(backoff(1.0, tries, self._longest_pause)), stopping)
            tries += 1

    async def _announced(self) -> bool:
        try:
            await self._bot.set_webhook(self._url, secret_token=self._secret, allowed_updates=HEARD)
        except Exception as error:  # noqa: BLE001 - as in a poller
            self._ear.down(self._why(error))
            return False
        self._ear.up()
        return True

    def _why(self, error: Exception) -> str:
        if isinstance(error, BadRequest):
            return f"Telegram refuses the webhook: {error}; check telegram.webhook_url"
        return str(translate(error, "", self._bot.token) if isinstance(error, TelegramError) else error)


def telegram_listener(
    settings: Telegram,
    channel: Channel,
    router: CommandRouter,
    replies: ReplySender,
    server: Web,
    *,
    longest_pause: float = LONGEST_PAUSE,
) -> TelegramPoller | TelegramWebhook:
    """Make what hears Telegram's readers; SettingsError when a webhook lacks its address or secret."""
    if not isinstance(channel, TelegramChannel):
        raise TypeError("Telegram's readers are answered through Telegram")
    updates = UpdateHandler(channel, router, replies)
    if settings.listen == "polling":
        return TelegramPoller(channel, updates, longest_pause)
    if not settings.webhook_url or not settings.webhook_secret:
        raise SettingsError('telegram.listen = "webhook" needs telegram.webhook_url and telegram.webhook_secret')
    secret = settings.webhook_secret.get_secret_value()
    webhook = TelegramWebhook(channel, updates, settings.webhook_url, secret, longest_pause)
    server.post(urlsplit(settings.webhook_url).path or "/", webhook.receive)
    return webhook
