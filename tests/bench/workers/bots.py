"""The bots of the bench: they write into a file, or call the SDK."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bot import channels
from bot.channels.rate_limits.allowances import Allowance
from bot.channels.telegram.channel import BOT_CALLS, telegram_limiter
from bot.delivery.channel import Channel, ChannelKit, ChannelSettings
from tests.bench.limit import telegram_channel
from tests.bench.workers.broadcast import FORMATTER
from tests.support.file_platform import FileChannel, FilePlatform


@dataclass(frozen=True)
class Bots:
    """So many bots, and how their calls go."""

    names: Sequence[str]
    platform: str  # a file, or where a server runs that takes calls of the SDK
    cpu: float = 0.0  # seconds of the processor that a call takes
    takes: float = 0.0  # seconds until its answer
    limited: bool = False  # they keep Telegram's limits

    async def channels(self) -> Mapping[str, Channel]:
        return {name: await self._channel(name) for name in self.names}

    async def _channel(self, name: str) -> Channel:
        if not self.platform.startswith("http"):
            limiter = telegram_limiter(Allowance("bot", BOT_CALLS, 1.0), Allowance("", 20, 60.0))
            made = FileChannel(
                name, FORMATTER, platform=FilePlatform(Path(self.platform)), cpu=self.cpu, takes=self.takes
            )
            return replace(made, limiter=limiter) if self.limited else made
        channel = telegram_channel(base_url=self.platform, limited=False)
        channel.name = name
        await channel.client.username()  # asked for once in a bot's life
        return channel

    def register(self) -> None:
        """Let this process know these bots, and no other platform."""
        channels.MODULES.clear()
        channels.MODULES.update(dict.fromkeys(self.names, __name__))


# Its chats are subscribers, whom no settings name.
_OWN = ChannelSettings(
    chats=(), layout="messages", cards="short", operators=(), operator_chats=(), listens=False, lacks="", web_address=""
)
KIT = ChannelKit(
    name="bot",
    layouts=("messages",),
    silent_messages=False,
    read=lambda _settings: _OWN,
    make_formatter=lambda _phrases, _buttons: FORMATTER,
    make_channel=lambda _settings, _formatter: FileChannel(),
)
