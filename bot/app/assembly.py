"""Settings to parts: sources, channels, listeners, rules."""

from __future__ import annotations

from collections.abc import Mapping

from bot.config.settings import Settings
from bot.conversation.listener import Listener
from bot.conversation.router import CommandRouter
from bot.delivery.channel import Channel, ChannelKit
from bot.delivery.decisions import Rules
from bot.delivery.replies import ReplySender
from bot.errors import SettingsError
from bot.sources.folder import FolderSource
from bot.sources.source import Source
from formatters.locale import phrases


def require_deliverable(settings: Settings, kits: Mapping[str, ChannelKit]) -> None:
    """Refuse settings with which nothing could be delivered."""
    if not settings.sources:
        example = "the settings are ./paperboy.toml or --config FILE, and deploy/paperboy.example.toml is one to copy"
        raise SettingsError(f"sources: there is none; add a [[sources]] table with name, kind and path ({example})")
    channels = {name: own for name, kit in kits.items() if (own := kit.read(settings))}
    if all(not own.chats and own.lacks for own in channels.values()):
        empty = " and ".join(f"{name}.chats" for name in channels)
        raise SettingsError(f"{empty} are empty; name at least one chat")
    for own in channels.values():
        if own.chats and own.lacks:
            raise SettingsError(own.lacks)


def make_sources(settings: Settings) -> list[Source]:
    return [FolderSource(one.name, one.path, match=one.match, permalink=one.permalink) for one in settings.sources]


def make_channels(settings: Settings, kits: Mapping[str, ChannelKit]) -> dict[str, Channel]:
    """Make the channels that have what they need to send."""
    said = phrases(settings.language)
    own = {name: found for name, kit in kits.items() if (found := kit.read(settings)) and not found.lacks}
    return {
        name: kits[name].make_channel(settings, kits[name].make_formatter(said, found.listens))
        for name, found in own.items()
    }


def make_listeners(
    settings: Settings,
    kits: Mapping[str, ChannelKit],
    channels: Mapping[str, Channel],
    router: CommandRouter,
    replies: Mapping[str, ReplySender],
) -> list[Listener]:
    """Make what hears readers: one per channel that listens, and the web server where one of them needs it."""
    from bot.web.server import Web

    server = Web(settings.web.host, settings.web.port, router.outages)
    made: list[Listener] = []
    for name, channel in channels.items():
        own, make = kits[name].read(settings), kits[name].make_listener
        if own and own.listens and make:
            made.append(make(settings, channel, router, replies[name], server))
    return [*made, server] if server.used else made


def rules(settings: Settings) -> Rules:
    """Give what the operator set of how digests are decided upon."""
    schedule = settings.schedule
    return Rules(schedule.catch_up, schedule.gate_wait.total_seconds(), schedule.edits_for.total_seconds())
