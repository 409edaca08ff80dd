"""The platforms: each bot, its chats, and whether readers can talk to it."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from bot.app.assembly import App
from bot.cli.setup.checks.findings import Finding, Name
from bot.delivery.channel import Channel, ChannelSettings, listed_chats
from bot.errors import SettingsError

_SUBJECTS = (Name.TOKEN, Name.TOPIC, Name.SCOPES)  # what a channel says that it looked at; else it is a chat


async def look(app: App, unreached: Collection[str]) -> Sequence[Finding]:
    """Look at the chats of the settings, on each platform that can be reached."""
    findings: list[Finding] = []
    for name, channel in app.channels.items():
        own = app.kits[name].read(app.settings)
        if own and name not in unreached:
            findings += await _chats(app, channel, own)
            findings += await _listed_twice(channel, own.chats)
    return findings


async def _chats(app: App, channel: Channel, own: ChannelSettings) -> list[Finding]:
    titled = await app.ledger.status.labels(channel.name)
    found = [*await channel.check(tuple(dict.fromkeys((*own.chats, *own.operator_chats))))]
    check_app = app.kits[channel.name].check_app
    if own.listens and check_app:  # who only delivers needs few rights
        found += await check_app(channel)
    return [
        Finding(_name_of(what), titled.get(what, f"{channel.name} {what}"), cure.removeprefix(f"{what}: "))
        for what, cure in found
    ]


def _name_of(what: str) -> Name:
    subject = what.partition(" ")[0].rstrip(":")
    return Name(subject) if subject in _SUBJECTS else Name.CHAT


async def unsubscribed(app: App) -> Sequence[Finding]:
    """Find the chats of the settings whose people unsubscribed them."""
    found = await app.ledger.incidents.unsubscribed(listed_chats(app.kits, app.settings))
    cure = "its people unsubscribed it; take it out of the settings, or let them /subscribe"
    return [Finding(Name.UNSUBSCRIBED, one.where, cure) for one in found]


async def _listed_twice(channel: Channel, chats: Sequence[str]) -> list[Finding]:
    """Find the chats that the settings name twice; the channel was asked about all of them."""
    names: dict[str, list[str]] = {}
    for chat in chats:
        names.setdefault(await channel.canonical_address(chat), []).append(chat)
    cure = f"one chat; it gets everything once: leave one of these names in {channel.name}.chats"
    return [Finding(Name.TWICE, f"{channel.name} {', '.join(same)}", cure) for same in names.values() if len(same) > 1]


def listening(app: App) -> Sequence[Finding]:
    """Say of each channel whether readers can talk to the bot while `run` runs."""
    try:
        app.listeners()
    except SettingsError as error:
        return [Finding(Name.COMMANDS, "commands", str(error))]
    own = {name: app.kits[name].read(app.settings) for name in app.channels}
    heard = {name: found is not None and found.listens for name, found in own.items()}
    return [
        Finding(Name.COMMANDS, f"{name} {'listens to commands' if heard[name] else 'delivers only'}") for name in heard
    ]
