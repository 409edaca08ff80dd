"""The terminal: what the demo and a curious operator see; it refuses nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING

from bot.config.settings import Settings
from bot.database.states import ChatKind
from bot.delivery.channel import (
    ChannelKit,
    ChatIdentity,
    ChatWork,
    FreeTurn,
    HeardTitles,
    NotDelivered,
    UnconfirmedSend,
)
from formatters.locale import Phrases
from formatters.message import Formatter

if TYPE_CHECKING:
    from rich.console import Console


class TerminalChannel:
    """Print messages one after the other; ids count up."""

    name = "terminal"
    allowances = ()

    def __init__(self, console: Console, formatter: Formatter) -> None:
        self.formatter = formatter
        self._console = console
        self.titles = HeardTitles()
        self._ids = count(1)

    def seconds_for(self, work: Sequence[ChatWork]) -> float:  # noqa: ARG002
        return 0.0

    def id_sequence(self, address: str) -> str:
        return address

    def is_canonical(self, address: str) -> bool:  # noqa: ARG002
        return True

    async def identify(self, address: str) -> ChatIdentity:
        return ChatIdentity(ChatKind.PRIVATE, address)

    async def canonical_address(self, address: str) -> str:
        return address

    async def ask_title(self, address: str) -> None:
        """Know no titles."""

    async def prepare(self, body: Mapping[str, object]) -> None:
        """Need nothing."""

    async def acquire_turn(self, address: str, **_: object) -> FreeTurn:  # noqa: ARG002
        return FreeTurn()

    async def send(self, address: str, body: Mapping[str, object], *, delivery_ref: str, thread: str) -> str:  # noqa: ARG002
        self._console.rule(style="dim")
        self._console.print(str(body["markup"]), highlight=False, emoji=False, soft_wrap=not self._console.is_terminal)
        return str(next(self._ids))

    async def say(self, text: str) -> None:
        """Print a line of the bot's own, aside from any message."""
        self._console.rule(style="dim")
        self._console.print(text, style="dim", markup=False, highlight=False)

    async def edit(self, address: str, remote_id: str, body: Mapping[str, object]) -> None:
        await self.send(address, body, delivery_ref=remote_id, thread="")

    async def delete(self, address: str, remote_id: str) -> None:  # noqa: ARG002
        await self.say(f"message {remote_id} is deleted")

    def message_link(self, address: str, remote_id: str, thread: str) -> str:  # noqa: ARG002
        return ""

    async def reconcile(self, address: str, unconfirmed: UnconfirmedSend) -> NotDelivered:  # noqa: ARG002
        return NotDelivered()  # what a terminal of another run showed is gone

    async def check(self, addresses: Sequence[str]) -> Sequence[tuple[str, str]]:
        return [(address, "") for address in addresses]

    async def close(self) -> None:
        """Leave the console to its owner."""


def _formatter(phrases: Phrases, _buttons: bool) -> Formatter:
    from formatters.terminal import TerminalFormatter

    return TerminalFormatter(phrases)


def _channel(_settings: Settings, formatter: Formatter) -> TerminalChannel:
    from rich.console import Console

    return TerminalChannel(Console(), formatter)


KIT = ChannelKit(
    name="terminal",
    layouts=("messages", "digest", "index"),
    foldable=("messages",),
    silent_messages=False,
    read=lambda _settings: None,
    make_formatter=_formatter,
    make_channel=_channel,
)
