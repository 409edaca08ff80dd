"""The channel "telegram" before a fake server, without a bot that listens."""

from __future__ import annotations

from itertools import count

from bot.channels.rate_limits.calls import Call, Trips
from bot.channels.rate_limits.limiter import RateLimiter, Turn
from bot.channels.telegram.channel import TelegramChannel
from formatters.locale import phrases
from formatters.telegram import TelegramFormatter
from tests.support.fakes.telegram import FakeTelegram

OTHER_READER = "43"
FORMATTER = TelegramFormatter(phrases("en"))
LAST = 100  # the id last used in the channel
_NUMBERS = count(1)  # of sends


class CountingLimiter(RateLimiter):
    """Grant every turn at once, and note turns and pauses."""

    def __init__(self) -> None:
        super().__init__((), lambda _chat: [])
        self.turns: list[str] = []
        self.pauses: list[tuple[str, float]] = []

    async def acquire(self, chat: str, *, reply: bool = False, ahead: float = 0.0) -> Turn:
        self.turns.append(chat)
        return Turn(Call(0.0, Trips()), (), lambda _: None)

    def pause(self, chat: str, seconds: float) -> None:
        self.pauses.append((chat, seconds))


async def send(channel: TelegramChannel, address: str, text: str = "One", ref: str = "") -> str:
    """Send a message as a delivery of its own, unless its ref is named."""
    return await channel.send(address, FORMATTER.notice(text).body, delivery_ref=ref or f"{next(_NUMBERS)}", thread="")


def texts(server: FakeTelegram, chat: str) -> list[str]:
    return [message.text for message in server.shown(chat)]


def methods(server: FakeTelegram) -> list[str]:
    """Give the methods that were called, in order."""
    return [call.method for call in server.calls]
