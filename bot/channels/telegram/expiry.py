"""Delete what no reader of a channel needs for ever: answers, pages of settings, refusals, commands posted there."""

from __future__ import annotations

import asyncio

from bot.channels.telegram.channel import TelegramChannel
from bot.concurrency import wait_first
from bot.errors import BotGone, LedgerError, RetryLater, SendError, Unconfirmed
from bot.ledger.chats.expiring import ExpiringMessage, ExpiringMessages
from bot.log import log

ANSWER_STAYS = 60.0  # seconds
GREETING_STAYS = 3600.0  # seconds: its buttons are for an administrator, who may not look at once
_AGAIN = 30.0  # seconds until a deletion that failed is tried again
_LONGEST_PAUSE = 3600.0  # seconds


class Expiry:
    """Delete messages when their time is over; they are noted in the ledger until then."""

    def __init__(self, channel: TelegramChannel, messages: ExpiringMessages) -> None:
        self._channel = channel
        self._messages = messages
        self._noted = asyncio.Event()

    async def note(self, address: str, remote_id: str, seconds: float | None = None) -> None:
        """Note that a message is to be deleted; one that cannot be noted stays, and that is logged."""
        try:
            stays = ANSWER_STAYS if seconds is None else seconds
            await self._messages.note(self._channel.name, address, remote_id, stays)
        except LedgerError as error:
            log.error("not deleted", chat=address, error=str(error))
        self._noted.set()

    async def postpone(self, address: str, remote_id: str) -> None:
        """Let a page that is in use stay; what is to stay for ever is not touched."""
        try:
            await self._messages.postpone(self._channel.name, address, remote_id, ANSWER_STAYS)
        except LedgerError as error:
            log.error("not postponed", chat=address, error=str(error))

    async def run(self, stopping: asyncio.Event) -> None:
        """Delete what is due until told to stop; the rest is found at the next start."""
        while not stopping.is_set():
            self._noted.clear()
            pause = await self._delete_due()
            await wait_first(self._noted.wait(), stopping.wait(), asyncio.sleep(pause))

    async def _delete_due(self) -> float:
        """Delete the messages whose time is over, and give the seconds until there may be more to do."""
        try:
            pauses = [await self._delete(message) for message in await self._messages.due(self._channel.name)]
            next_in = await self._messages.next_in(self._channel.name)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again
            log.error("not deleted", error=str(error))
            return _AGAIN
        return max(pauses, default=0.0) or min(_LONGEST_PAUSE if next_in is None else next_in, _LONGEST_PAUSE)

    async def _delete(self, message: ExpiringMessage) -> float:
        """Delete one; 0 when that is settled, else the seconds until it is tried again."""
        try:
            async with await self._channel.acquire_turn(message.address):
                await self._channel.delete(message.address, message.remote_id)
        except (RetryLater, Unconfirmed, BotGone) as error:
            return max(_AGAIN, getattr(error, "after", None) or 0.0)
        except SendError as error:  # it is older than 48 hours, or the right to delete it is not there
            log.info("not deleted", chat=message.address, message=message.remote_id, error=str(error))
        await self._messages.forget(message.number)
        return 0.0
