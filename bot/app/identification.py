"""Find out which chats the settings name before anything is sent there: one chat may have several names."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bot.delivery.channel import Channel
from bot.errors import BotGone, RetryLater, SendError, Unconfirmed
from bot.ledger.chats.subscriptions import Subscriptions
from bot.ledger.records.deliveries import Subscription
from bot.log import log
from formatters.edition import UsualEdition


@dataclass
class Identification:
    """Ask platforms about the chats of the settings, once each, and let those that are one receive once."""

    subscriptions: Subscriptions
    describe: Callable[[Exception], str]  # puts an unexpected error into words
    waiting: dict[str, dict[int, str]] = field(default_factory=dict)  # by channel: chats to send nothing to, and why

    @property
    def problems(self) -> list[str]:
        """Say which chats wait until it is known which they are."""
        return [why for chats in self.waiting.values() for why in chats.values()]

    async def identify(self, channel: Channel, usual: UsualEdition, *, listens: bool) -> None:
        """Identify the chats of a channel, and merge those that are one.

        Where the platform cannot be reached, the chats that it must be asked about wait. One that it refuses to tell
        of is sent to: that shows what is wrong, and pauses it, or it is asked about again at the next sweep.
        """
        found = await self.subscriptions.unidentified(channel.name)
        if certain := [one.id for one in found if channel.is_canonical(one.address)]:
            await self.subscriptions.keep_addresses(certain)
        unknown = [one for one in found if listens or not channel.is_canonical(one.address)]
        waiting = await self._ask(channel, usual, unknown)
        await self.subscriptions.merge_doubles(channel.name)
        self.waiting[channel.name] = waiting

    async def _ask(self, channel: Channel, usual: UsualEdition, chats: Sequence[Subscription]) -> dict[int, str]:
        """Ask about chats one after the other; give those that wait, and why."""
        for place, chat in enumerate(chats):
            try:
                identity = await channel.identify(chat.address)
            except (RetryLater, Unconfirmed) as error:
                late = [one for one in chats[place:] if one.receives and not channel.is_canonical(one.address)]
                return {one.id: _waits(one, error) for one in late}
            except BotGone:
                break  # so is each send, and that is told
            except Exception as error:  # noqa: BLE001 - whatever it is, the other chats are asked
                await self._refused(chat, error)
            else:
                known = {"kind": identity.kind, "canonical_address": identity.canonical_address}
                await self.subscriptions.set_preferences(chat.id, usual, **known)
        return {}

    async def _refused(self, chat: Subscription, error: Exception) -> None:
        if not isinstance(error, SendError):
            self.describe(error)
        if not chat.receives:  # it was in the settings before
            await self.subscriptions.keep_addresses([chat.id])


def _waits(chat: Subscription, error: SendError) -> str:
    """Log that a chat waits, and say so."""
    log.warning("unidentified", channel=chat.channel, chat=chat.name, error=str(error))
    return f"{chat.channel} {chat.name}: waits until the platform tells which chat this is: {error}"
