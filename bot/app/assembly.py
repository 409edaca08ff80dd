"""The composition root: settings to parts, and the parts put together."""

from __future__ import annotations

import asyncio
import gc
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from bot.app.cycle import DeliveryCycle
from bot.app.paces import PaceKeeper
from bot.app.reporter import Reporter
from bot.app.service import Service
from bot.app.titles import TitleKeeper
from bot.channels import all_kits
from bot.config.fields import weekdays
from bot.config.settings import Settings
from bot.config.sources import Source as SourceSettings
from bot.conversation.listener import Listener
from bot.conversation.router import CommandRouter
from bot.delivery.channel import Channel, ChannelKit, listed_chats
from bot.delivery.decisions import Rules
from bot.delivery.dispatcher import RetryPolicy
from bot.delivery.replies import ReplySender
from bot.errors import SettingsError
from bot.ledger.ledger import Ledger, open_ledger
from bot.monitoring.health import Health
from bot.monitoring.heartbeat import Heartbeat
from bot.monitoring.notifier import OperatorChat, OperatorNotifier
from bot.network.options import check_network
from bot.sources.folder import FolderSource, never_young
from bot.sources.git.clone import Clone
from bot.sources.git.program import Git
from bot.sources.git.source import GitSource
from bot.sources.source import Source
from bot.sources.web.addresses import AddressGuard
from bot.sources.web.fetcher import Fetcher
from bot.sources.web.huggingface import SITE, HuggingFaceSource
from formatters.locale import phrases

if TYPE_CHECKING:
    from bot.sources.feeds.presets import Listing


@dataclass
class App:
    """All parts, put together. Make it with `open_app`."""

    settings: Settings
    kits: Mapping[str, ChannelKit]
    ledger: Ledger
    channels: Mapping[str, Channel]
    cycle: DeliveryCycle
    router: CommandRouter
    replies: Mapping[str, ReplySender]  # one per channel: else a notice could come amid the parts of an answer
    notifier: OperatorNotifier
    titles: TitleKeeper
    paces: PaceKeeper
    service: Service

    def listeners(self) -> list[Listener]:
        """Make the listeners; SettingsError when one lacks what it needs."""
        return make_listeners(self.settings, self.kits, self.channels, self.router, self.replies)

    def stop_on_signals(self) -> None:
        """Let SIGTERM, SIGINT and SIGHUP end what is under way in order: a send is finished and recorded."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # started with `nohup`: it goes on when the terminal is closed
            loop.add_signal_handler(number, self.cycle.stopping.set)


@asynccontextmanager
async def open_app(
    settings: Settings, channels: Mapping[str, Channel] | None = None, policy: RetryPolicy = RetryPolicy()
) -> AsyncIterator[App]:
    """Put all parts together and take them apart again; SettingsError when one lacks what it needs.

    Without `channels`, those that the settings name are made.
    """
    kits = all_kits()
    require_deliverable(settings, kits)
    check_network()
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(open_ledger(settings.store.url))
        channels = make_channels(settings, kits) if channels is None else channels
        for channel in channels.values():
            stack.push_async_callback(channel.close)
        app = assemble(settings, ledger, make_sources(settings), channels, policy)
        await app.paces.load()
        stack.push_async_callback(app.paces.keep)
        yield app


async def run_forever(settings: Settings) -> None:
    """Be the long-running process."""
    async with open_app(settings) as app:
        app.stop_on_signals()
        listeners = app.listeners()
        _set_apart()
        await app.service.run(listeners)


def _set_apart() -> None:
    """Take what is there now, and stays as long as the process, out of garbage collection.

    A full collection would take most of a second on a small machine, in which nobody is answered. And as it is put
    off until a quarter of what there is has come anew, garbage would gather meanwhile.
    """
    gc.collect()
    gc.freeze()


def assemble(
    settings: Settings,
    ledger: Ledger,
    sources: Sequence[Source],
    channels: Mapping[str, Channel],
    policy: RetryPolicy = RetryPolicy(),
) -> App:
    """Put the parts together that work on a ledger."""
    kits, health, wake = all_kits(), Health(), asyncio.Event()
    cycle = DeliveryCycle(settings, ledger, sources, channels, kits, make_rules(settings), policy)
    replies = {name: ReplySender(channel, ledger.replies) for name, channel in channels.items()}
    formatters = {name: channel.formatter for name, channel in channels.items()}
    id_sequences = {name: channel.id_sequence for name, channel in channels.items()}
    router = CommandRouter(ledger, settings, kits, formatters, id_sequences, wake.set, health=health)
    chats = operator_chats(settings, kits, channels, replies)
    notifier = OperatorNotifier(
        *(settings, ledger.incidents, health.outages, chats, ledger.clock),
        listed=listed_chats(kits, settings),
        unread=cycle.unread,
    )
    reporter = Reporter(health, settings.store.report, settings.secrets)
    heartbeat = Heartbeat(settings, ledger.status, notifier, health, ledger.clock)
    titles = TitleKeeper(ledger, channels, cycle.describe)
    paces = PaceKeeper(ledger, channels, cycle.describe)
    service = Service(settings, ledger, cycle, notifier, health, reporter, heartbeat, titles, paces, wake)
    return App(settings, kits, ledger, channels, cycle, router, replies, notifier, titles, paces, service)


def operator_chats(
    settings: Settings,
    kits: Mapping[str, ChannelKit],
    channels: Mapping[str, Channel],
    replies: Mapping[str, ReplySender],
) -> list[OperatorChat]:
    """List the chats that are notified of incidents."""
    return [
        OperatorChat(chat, replies[name], channel.formatter.notice)
        for name, channel in channels.items()
        if (own := kits[name].read(settings))
        for chat in own.operator_chats
    ]


def require_deliverable(settings: Settings, kits: Mapping[str, ChannelKit]) -> None:
    """Refuse settings with which nothing could be delivered."""
    if not settings.sources:
        how = "`paperboy init` sets one up, or add a [[sources]] table with name and kind"
        raise SettingsError(f"sources: there is none; {how} (the settings are ./paperboy.toml or --config FILE)")
    channels = {name: own for name, kit in kits.items() if (own := kit.read(settings))}
    if all(not own.chats and own.lacks for own in channels.values()):
        empty = " and ".join(f"{name}.chats" for name in channels)
        raise SettingsError(f"{empty} are empty; name at least one chat")
    for own in channels.values():
        if own.chats and own.lacks:
            raise SettingsError(own.lacks)


def make_sources(settings: Settings) -> list[Source]:
    """Make all sources of the settings, in their order."""
    return [_MAKERS[one.kind](one, settings) for one in settings.sources]


def _of_folder(one: SourceSettings, settings: Settings) -> FolderSource:
    return make_folder(one, settings, one.path, time.time)


def make_folder(one: SourceSettings, settings: Settings, path: Path, clock: Callable[[], float]) -> FolderSource:
    """Make what reads a folder of posts as those of a source."""
    match, zone = one.match, settings.zone
    return FolderSource(one.name, path, match=match, permalink=one.permalink, site=one.site, zone=zone, clock=clock)


def _of_git(one: SourceSettings, settings: Settings) -> GitSource:
    """Make a source of a clone on this machine."""
    token = one.token.get_secret_value() if one.token else ""
    inside = "/".join(one.path.parts).strip("/")
    folder = settings.store.clones / quote(one.name, safe=" ")
    clone = Clone(Git(one.name, token), folder, one.url, one.branch, inside)
    return GitSource(clone, partial(make_folder, one, settings, clock=never_young))


def _fetcher(one: SourceSettings) -> Fetcher:
    return Fetcher(AddressGuard(allow_private=one.allow_private), contact=one.contact)


def _of_huggingface(one: SourceSettings, settings: Settings) -> HuggingFaceSource:  # noqa: ARG001
    return HuggingFaceSource(one.name, _fetcher(one), one.top or 10, one.min_upvotes, one.url.rstrip("/") or SITE)


def _of_feed(one: SourceSettings, settings: Settings) -> Source:
    """Make a source of a feed; what reads feeds takes long to import, so it is where there is one."""
    from bot.sources.feeds.days import Hours
    from bot.sources.feeds.papers import FeedOfPapers
    from bot.sources.feeds.posts import FeedOfPosts

    secrets = {"Authorization": f"Bearer {one.token.get_secret_value()}"} if one.token else {}
    if not one.has_papers:
        return FeedOfPosts(one.name, _fetcher(one), one.url, one.match, settings.zone, secrets)
    hours = Hours(settings.schedule.at, weekdays(settings.schedule.days), settings.zone)
    return FeedOfPapers(one.name, _fetcher(one), _listing(one), hours, one.top or 20, one.keywords, secrets)


def _listing(one: SourceSettings) -> Listing:
    from bot.sources.feeds import presets

    site = one.url.rstrip("/")
    if one.arxiv:
        return presets.arxiv(one.arxiv, site or presets.ARXIV, cross_lists=one.cross_lists)
    return presets.biorxiv(one.biorxiv, site or presets.BIORXIV) if one.biorxiv else presets.Listing(one.url)


_MAKERS: Mapping[str, Callable[[SourceSettings, Settings], Source]] = {
    "folder": _of_folder,
    "git": _of_git,
    "huggingface": _of_huggingface,
    "feed": _of_feed,
}


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
    """Make the listeners: one per channel that listens, and the web server where one of them needs it."""
    from bot.web.server import Web

    server = Web(settings.web.host, settings.web.port, router.health.outages)
    made: list[Listener] = []
    for name, channel in channels.items():
        own, make = kits[name].read(settings), kits[name].make_listener
        if own and own.listens and make:
            made.append(make(settings, channel, router, replies[name], server))
    return [*made, server] if server.used else made


def make_rules(settings: Settings) -> Rules:
    """Give what the operator set of how digests are decided upon."""
    schedule = settings.schedule
    seconds = (schedule.gate_wait.total_seconds(), schedule.edits_for.total_seconds())
    return Rules(schedule.catch_up, *seconds, schedule.repeats)
