"""Where messages go: a folder per platform, each translating its SDK at the edge."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.delivery.channel import ChannelKit

# The module of each platform that makes its KIT: a new channel is a new line. No SDK is imported by it.
MODULES = {
    "telegram": "bot.channels.telegram",
    "slack": "bot.channels.slack",
    "terminal": "bot.channels.terminal",
}


def kit_of(name: str) -> ChannelKit:
    """Give what describes a channel."""
    kit: ChannelKit = import_module(MODULES[name]).KIT
    return kit


def all_kits() -> dict[str, ChannelKit]:
    """Give what describes each channel, by name."""
    return {name: kit_of(name) for name in MODULES}
