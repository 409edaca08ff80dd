"""Receive updates from Telegram, by polling or by a webhook.

An update is confirmed only after what it changes is saved, so that a crash loses nothing. Source of
the facts: Telegram Bot API (getUpdates, setWebhook, Update).
"""

from __future__ import annotations

import asyncio
import hmac
import json
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, suppress
from urllib.parse import urlsplit

from aiohttp import web
from telegram import Bot, Update
from telegram.error import BadRequest, Conflict, RetryAfter, TelegramError

from bot.channels.connection_status import ConnectionStatus
from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.client import read_update
from bot.channels.telegram.errors import seconds_to_wait, translate
from bot.channels.telegram.menu import set_menus
from bot.channels.telegram.updates.handler import UpdateHandler
from bot.concurrency import LONGEST_PAUSE, backoff, beside, wait_unless
from bot.config.settings import Telegram
from bot.conversation.router import CommandRouter
from bot.delivery.channel import Channel
from bot.delivery.replies import ReplySender
from bot.errors import BotGone, LedgerError, PaperboyError, SendError, SettingsError
from bot.log import log
from bot.web.server import Web

ALLOWED_UPDATES = ["message", "edited_message", "channel_post", "callback_query", "inline_query", "my_chat_member"]
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name
POLL_TIMEOUT = 30  # seconds that Telegram keeps a poll open while there is no update; it allows 50
RESPONSE_TIMEOUT = POLL_TIMEOUT + 30.0  # seconds after which a poll without a response is given up
_ROUND = RESPONSE_TIMEOUT + 120.0  # seconds for a poll and what follows from it, beside pauses


class TelegramPoller:
    """Ask for updates again and again, whatever happens."""

    def __init__(self, channel: TelegramChannel, updates: UpdateHandler, longest_pause: float = LONGEST_PAUSE) -> None:
        self._bot = channel.client.bot
        self._updates = updates
        self._longest_pause = longest_pause
        self._status = ConnectionStatus("telegram", updates.router.health)
        self._offset = 0

    async def listen(self, stopping: asyncio.Event) -> None:
        async with _beside(self._bot, self._updates, stopping, self._longest_pause):
            await self._keep_polling(stopping)
            await self._confirm()
            await self._updates.replies.finish()

    async def _keep_polling(self, stopping: asyncio.Event) -> None:
        tries = 0
        self._status.turned(_ROUND)
        while not stopping.is_set():
            pause = await self._poll(stopping, tries)
            self._status.turned(pause + _ROUND)
            tries = tries + 1 if pause else 0
            if pause:
                await wait_unless(asyncio.sleep(pause), stopping)

    async def _poll(self, stopping: asyncio.Event, tries: int) -> float:
        """Handle the next updates, and give the seconds to pause before the next poll."""
        try:
            updates = await self._get_updates(stopping)
            await self._handle(updates)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, the poller must go on
            return await self._recover(error, tries)
        if updates:
            self._offset = max(update.update_id for update in updates) + 1
        if not stopping.is_set():
            self._status.up()
        return 0.0

    async def _get_updates(self, stopping: asyncio.Event) -> Sequence[Update]:
        async with asyncio.timeout(RESPONSE_TIMEOUT):
            request = self._bot.get_updates(offset=self._offset, timeout=POLL_TIMEOUT, allowed_updates=ALLOWED_UPDATES)
            return await wait_unless(request, stopping) or ()

    async def _handle(self, updates: Sequence[Update]) -> None:
        """Handle updates; those that fail through a bug of ours are not asked for again."""
        try:
            await self._updates.handle(updates)
        except PaperboyError:
            raise
        except Exception:  # noqa: BLE001 - the next updates must be handled
            log.exception("updates", updates=[update.update_id for update in updates])

    async def _recover(self, error: Exception, tries: int) -> float:
        """React to an error, and give the seconds to pause."""
        pause = backoff(1.0, tries, self._longest_pause)
        translated = translate(error, "", self._bot.token) if isinstance(error, TelegramError) else error
        match error:
            case Conflict() if "webhook" in str(error).lower():
                self._status.down("a webhook was set for this bot; it is taken away, since telegram.listen is polling")
                with suppress(TelegramError):
                    await self._bot.delete_webhook()
            case Conflict():
                self._status.down("another program asks for this bot's updates; end it, or give each its own token")
            case TelegramError() | PaperboyError():
                self._status.down(str(translated))
            case TimeoutError():
                self._status.down("Telegram does not answer")
            case _:
                self._status.down(f"what came in makes no sense ({type(error).__name__}: {error})")
        if isinstance(error, RetryAfter):
            return seconds_to_wait(error)
        return self._longest_pause if isinstance(translated, BotGone) else pause

    async def _confirm(self) -> None:
        """Confirm the updates that were handled, so that they do not come again after the next start."""
        if self._offset:
            with suppress(Exception):
                await self._bot.get_updates(offset=self._offset, timeout=0, limit=1)


class TelegramWebhook:
    """Receive updates that Telegram posts to our web server."""

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
        self._status = ConnectionStatus("telegram", updates.router.health)
        self._url, self._secret = url, secret
        self._is_listening = False

    async def listen(self, stopping: asyncio.Event) -> None:
        self._is_listening = True
        try:
            async with _beside(self._bot, self._updates, stopping, self._longest_pause):
                await self._keep_setting_webhook(stopping)
                await stopping.wait()
                await self._updates.replies.finish()
        finally:
            self._is_listening = False

    async def receive(self, request: web.Request) -> web.Response:
        """Respond 200 once an update is handled; Telegram repeats all others.

        It comes again until it reaches the process that delivers for the bot.
        """
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(errors="surrogateescape"), self._secret.encode()):
            return web.Response(status=403)
        if not self._is_listening:
            return web.Response(status=503)
        try:
            update = read_update(json.loads(await request.read()), self._bot)
        except (ValueError, RecursionError):  # no JSON, or nested too deeply
            update = None
        return web.Response(status=await self._handle(update) if update else 400)

    async def _handle(self, update: Update) -> int:
        try:
            await self._updates.handle([update])
        except (LedgerError, SendError) as error:
            log.error("update", update=update.update_id, error=str(error))
            return 503
        return 200

    async def _keep_setting_webhook(self, stopping: asyncio.Event) -> None:
        """Give Telegram our address, and try again until it accepts it."""
        tries = 0
        while not stopping.is_set() and not await self._set_webhook():
            await wait_unless(asyncio.sleep(backoff(1.0, tries, self._longest_pause)), stopping)
            tries += 1

    async def _set_webhook(self) -> bool:
        try:
            await self._bot.set_webhook(self._url, secret_token=self._secret, allowed_updates=ALLOWED_UPDATES)
        except Exception as error:  # noqa: BLE001 - whatever goes wrong, it is tried again
            self._status.down(self._explain(error))
            return False
        self._status.up()
        return True

    def _explain(self, error: Exception) -> str:
        if isinstance(error, BadRequest):
            return f"Telegram refuses the webhook: {error}; check telegram.webhook_url"
        return str(translate(error, "", self._bot.token) if isinstance(error, TelegramError) else error)


def _beside(
    bot: Bot, updates: UpdateHandler, stopping: asyncio.Event, longest_pause: float
) -> AbstractAsyncContextManager[None]:
    """Set the menus, and delete what expires, while updates come in."""
    menus = set_menus(bot, updates.router.settings, stopping, longest_pause)
    return beside(menus, updates.expiry.run(stopping))


def telegram_listener(
    settings: Telegram,
    channel: Channel,
    router: CommandRouter,
    replies: ReplySender,
    server: Web,
    *,
    longest_pause: float = LONGEST_PAUSE,
) -> TelegramPoller | TelegramWebhook:
    """Make the poller or the webhook; SettingsError when a webhook lacks its address or secret."""
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
