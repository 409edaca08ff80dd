"""The composition root: settings to parts, and the parts put together."""

from __future__ import annotations

import asyncio
import gc
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bot.app.cycle import DeliveryCycle
from bot.app.duties.bot_at_work import BotAtWork
from bot.app.duties.ownership import Ownership
from bot.app.duties.paces import PaceKeeper
from bot.app.duties.planning import Planning
from bot.app.duties.titles import TitleKeeper
from bot.app.reporter import Reporter
from bot.app.service import Service
from bot.app.sources import make_sources
from bot.channels import all_kits
from bot.config.settings import Settings
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
from bot.sources.source import Source
from formatters.locale import phrases


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

    def listeners(self) -> dict[str, Listener]:
        """Make the listeners, by channel, and "web"; SettingsError when one lacks what it needs."""
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
    service = _service(settings, ledger, cycle, notifier, health, reporter, heartbeat, wake)
    return App(settings, kits, ledger, channels, cycle, router, replies, notifier, titles, paces, service)


def _service(
    settings: Settings,
    ledger: Ledger,
    cycle: DeliveryCycle,
    notifier: OperatorNotifier,
    health: Health,
    reporter: Reporter,
    heartbeat: Heartbeat,
    wake: asyncio.Event,
) -> Service:
    """Put together what plans, and what delivers for each bot."""
    planned, bots = asyncio.Event(), dict[str, BotAtWork]()

    def rescan() -> None:
        for bot in bots.values():
            bot.rescan()

    async def dispatched(*, anything: bool) -> None:
        if planning.is_here:
            await planning.tell()
            return
        await notifier.notify_of_outages()
        if anything:  # of which operators may have to be told
            wake.set()

    planning = Planning(settings, ledger, cycle, notifier, health, heartbeat, wake, planned, rescan)
    pause = settings.schedule.sweep.total_seconds()
    shared = (ledger, cycle, health, heartbeat, pause, planned, dispatched, lambda: not planning.is_here)
    bots |= {name: BotAtWork(channel, *shared) for name, channel in cycle.channels.items()}
    ownership = Ownership(ledger.bots, planning, bots, health.outages, planned, wake, rescan)
    return Service(settings, health, reporter, heartbeat, planning, bots, ownership, cycle.stopping, wake)


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
) -> dict[str, Listener]:
    """Make the listeners: one per channel that listens, and the web server where one of them needs it."""
    from bot.web.server import Web

    server = Web(settings.web.host, settings.web.port, router.health.outages)
    made: dict[str, Listener] = {}
    for name, channel in channels.items():
        own, make = kits[name].read(settings), kits[name].make_listener
        if own and own.listens and make:
            made[name] = make(settings, channel, router, replies[name], server)
    return {**made, "web": server} if server.used else made


def make_rules(settings: Settings) -> Rules:
    """Give what the operator set of how digests are decided upon."""
    schedule = settings.schedule
    seconds = (schedule.gate_wait.total_seconds(), schedule.edits_for.total_seconds())
    return Rules(schedule.catch_up, *seconds, schedule.repeats)
