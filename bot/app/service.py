"""The composition root: settings to parts; one run now, the daily run, the sweep."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.app import assembly
from bot.channels import all_kits
from bot.concurrency import wait_first
from bot.config.fields import WEEKDAYS, weekdays
from bot.config.settings import Settings
from bot.conversation.listener import Listener
from bot.conversation.router import CommandRouter
from bot.database.states import IncidentKind
from bot.delivery.channel import Channel, ChannelKit
from bot.delivery.dispatcher import Dispatcher, OnSettled, RetryPolicy, ignore
from bot.delivery.hours import DeliveryHours
from bot.delivery.planner import plan
from bot.delivery.replies import ReplySender
from bot.errors import ChatGone, PaperboyError, Rejected, SendError, SourceError, Stopped
from bot.ledger.ledger import Ledger, open_ledger
from bot.log import log
from bot.monitoring.notifier import OperatorChat, OperatorNotifier
from bot.monitoring.outages import Outages
from bot.sources.source import FoundDigest, Source

# Posts are looked at again for at least so long behind the newest ones: they are edited within days, if at all.
LOOK_BACK = timedelta(days=14)
_LONGEST_PAUSE = 86400.0  # seconds; the clock wakes much earlier
_LISTEN_AGAIN = 5.0  # seconds
_NEWEST = 5  # so many, since one of them may bear a date far off by mistake


@dataclass
class Paperboy:
    """Everything that delivers, put together. Make it with `assembled`."""

    settings: Settings
    ledger: Ledger
    sources: Sequence[Source]
    channels: Mapping[str, Channel]
    waits: RetryPolicy = RetryPolicy()
    kits: Mapping[str, ChannelKit] = field(default_factory=all_kits)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    told: dict[str, str] = field(default_factory=dict)  # problems of posts that were logged already
    outages: Outages = field(default_factory=Outages)
    resumed: date | None = None  # the day on which `run` last gave paused chats another try

    @cached_property
    def router(self) -> CommandRouter:
        """Give what answers readers."""
        formatters = {name: channel.formatter for name, channel in self.channels.items()}
        id_sequences = {name: channel.id_sequence for name, channel in self.channels.items()}
        parts = (self.kits, formatters, id_sequences)
        return CommandRouter(self.ledger, self.settings, *parts, self.wake.set, outages=self.outages)

    @cached_property
    def replies(self) -> Mapping[str, ReplySender]:
        """Give what sends answers and notices, one for each channel: else a notice could come amid an answer."""
        return {name: ReplySender(channel, self.ledger) for name, channel in self.channels.items()}

    @cached_property
    def alarm(self) -> OperatorNotifier:
        """Give what tells the operators' chats of troubles."""
        chats = [
            OperatorChat(chat, self.replies[name], channel.formatter.notice)
            for name, channel in self.channels.items()
            if (own := self.kits[name].read(self.settings))
            for chat in own.operator_chats
        ]
        return OperatorNotifier(self.settings, self.ledger.incidents, self.outages, chats, self.ledger.clock)

    def listeners(self) -> list[Listener]:
        """Make what hears readers; SettingsError when one lacks what it needs."""
        return assembly.make_listeners(self.settings, self.kits, self.channels, self.router, self.replies)

    async def plan(self, *, at_once: bool, resume: bool) -> list[SourceError]:
        """Look at every source and write what shall be sent; give what kept a source from being read.

        With `at_once`, chats that wish no hours of their own do not wait for the operator's.
        """
        await self._join()
        if resume:
            await self.ledger.subscriptions.resume_all()
        eager = await self.ledger.chats_wanting_newest()
        errors = [error for source in self.sources if (error := await self._plan(source))]
        await self.ledger.release_now(eager)
        await self._gate(at_once=at_once)
        return errors

    async def _gate(self, *, at_once: bool) -> None:
        """Let every chat's digests go out from its next hour on."""
        now = datetime.now(UTC)
        for spelled in await self.ledger.subscriptions.schedules():
            opening = (
                0.0 if at_once and not spelled else DeliveryHours.for_chat(self.settings, spelled).next_opening(now)
            )
            await self.ledger.open_at(spelled, opening)

    async def _join(self) -> None:
        """Make the ledger's chats those of the settings; a channel that was taken out has none."""
        for name, kit in self.kits.items():
            if own := kit.read(self.settings):
                channel = self.channels.get(name)
                id_sequences = {chat: channel.id_sequence(chat) for chat in own.chats} if channel else {}
                await self.ledger.subscriptions.sync_chats(name, own.layout, id_sequences)
                if channel and own.listens:
                    await self._learn_kinds(channel, own.layout)

    async def _learn_kinds(self, channel: Channel, layout: str) -> None:
        """Ask what the chats of the settings are, once each: it decides where buttons are answered."""
        for chat in await self.ledger.subscriptions.unidentified(channel.name):
            try:
                kind, number = await channel.chat_kind(chat.address), await channel.canonical_address(chat.address)
            except (ChatGone, Rejected):
                continue
            except SendError:
                return  # the platform is away; there is another sweep
            if number == chat.address or not await self.ledger.subscriptions.merge_into(chat, number):
                await self.ledger.subscriptions.set_preferences(chat.id, layout, kind=kind)

    async def _plan(self, source: Source) -> SourceError | None:
        """Plan what a source holds; of one that cannot be read, what the ledger knows of it."""
        known = await self.ledger.known_digests(source.name)
        found: Sequence[FoundDigest] | None = None
        problem = None
        try:
            found = await source.digests(look_from([one.day for one in known], self.settings.schedule.edits_for))
        except SourceError as error:
            problem = error
        formatters = {name: channel.formatter for name, channel in self.channels.items()}
        for one in await plan(self.ledger, source.name, found, formatters, assembly.rules(self.settings)):
            reason = one.reason.sentence(one.state)
            log.info("planned", source=source.name, digest=one.name, state=one.state, reason=reason)
        return problem

    async def drain(self, report: OnSettled = ignore) -> None:
        """Send everything that is due."""
        await Dispatcher(self.ledger, self.channels, self.waits, stopping=self.stopping, on_settled=report).run()

    def stop_on_signals(self) -> None:
        """Let SIGTERM and SIGINT end what is under way in order: a send is finished and recorded."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)

    async def run(self, listeners: Sequence[Listener] = ()) -> None:
        """Deliver by the schedule and answer readers until stopped.

        The scheduler only wakes; whether there is something to do is what the ledger says.
        """
        scheduler = clock(self.settings, self.wake)
        scheduler.start()
        listening = [asyncio.create_task(self._listening(listener)) for listener in listeners]
        log.info("running", next_run=str(DeliveryHours.for_chat(self.settings).next_after(datetime.now(UTC))))
        try:
            while not self.stopping.is_set():
                self.wake.clear()
                await self._sweep()
                pause = await self._pause()
                await wait_first(self.wake.wait(), self.stopping.wait(), asyncio.sleep(pause))
        finally:
            self.stopping.set()  # who listens must end, whatever ended this
            scheduler.shutdown(wait=False)
            await asyncio.gather(*listening)
            log.info("stopped")

    async def _listening(self, listener: Listener) -> None:
        """Let a listener listen; one that ends by itself is told, and begins anew."""
        while not self.stopping.is_set():
            try:
                await listener.listen(self.stopping)
            except Exception:  # noqa: BLE001 - a bot that hears nothing must say so
                log.exception("listener ended", listener=type(listener).__name__)
            if not self.stopping.is_set():
                await wait_first(self.stopping.wait(), asyncio.sleep(_LISTEN_AGAIN))

    async def _pause(self) -> float:
        """Give the seconds until something in the ledger is due."""
        try:
            due = await self.ledger.next_due()
        except PaperboyError:
            due = None  # the next sweep tells what is wrong
        return _LONGEST_PAUSE if due is None else max(1.0, due - time.time())

    async def _sweep(self) -> None:
        """Do all there is to do now; what goes wrong is told and tried again at the next sweep."""
        now = datetime.now(self.settings.zone)
        resume = DeliveryHours.for_chat(self.settings).is_open(now) and self.resumed != now.date()
        try:
            async with self.ledger.delivery_lock(self.stopping):
                await self._look(resume=resume)
                await self._drain_and_look()
                self.resumed = now.date() if resume else self.resumed
                self.outages.end(IncidentKind.RUN, "")
                await self.alarm.notify()
        except Stopped:
            return
        except PaperboyError as error:
            log.error("run failed", error=str(error))
            self.outages.begin(IncidentKind.RUN, "", str(error), brief=0.0)
            await self.alarm.notify()

    async def _look(self, *, resume: bool) -> None:
        errors = [str(error) for error in await self.plan(at_once=False, resume=resume)]
        for error in errors:
            log.error("source", error=error)
        if errors:
            self.outages.begin(IncidentKind.SOURCE, "", "; ".join(errors), brief=0.0)
        else:
            self.outages.end(IncidentKind.SOURCE, "")
        self._tell_problems()
        await self.alarm.notify()

    async def _drain_and_look(self) -> None:
        """Send everything that is due; what comes up meanwhile, such as a subscriber, does not wait for the end."""
        drain = Dispatcher(self.ledger, self.channels, self.waits, stopping=self.stopping)
        running = asyncio.create_task(drain.run())
        try:
            while not running.done():
                await wait_first(asyncio.shield(running), self.wake.wait())
                if self.wake.is_set():
                    self.wake.clear()
                    await self._look(resume=False)
                    if running.done():
                        self.wake.set()  # what was planned since is for another sweep, which begins at once
                    drain.rescan()
        finally:
            await running

    def _tell_problems(self) -> None:
        """Log each problem of a post once."""
        problems = {post: what for source in self.sources for post, what in source.problems.items()}
        for post in problems.keys() - {post for post, what in self.told.items() if problems.get(post) == what}:
            log.warning("post", problem=problems[post])
        self.told = problems


@asynccontextmanager
async def open_app(
    settings: Settings, channels: Mapping[str, Channel] | None = None, waits: RetryPolicy = RetryPolicy()
) -> AsyncIterator[Paperboy]:
    """Put all parts together and take them apart again; SettingsError when one lacks what it needs.

    Without `channels`, those that the settings name are made.
    """
    kits = all_kits()
    assembly.require_deliverable(settings, kits)
    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(open_ledger(settings.store.url))
        channels = assembly.make_channels(settings, kits) if channels is None else channels
        for channel in channels.values():
            stack.push_async_callback(channel.close)
        yield Paperboy(settings, ledger, assembly.make_sources(settings), channels, waits, kits)


async def run_forever(settings: Settings) -> None:
    """Be the long-running process."""
    async with open_app(settings) as paperboy:
        paperboy.stop_on_signals()
        await paperboy.run(paperboy.listeners())


def clock(settings: Settings, wake: asyncio.Event) -> AsyncIOScheduler:
    """Make the clock: a wake-up at the daily minute, and one each sweep."""
    schedule, zone = settings.schedule, settings.zone
    days = ",".join(WEEKDAYS[day] for day in sorted(weekdays(schedule.days)))
    daily = CronTrigger(hour=schedule.at.hour, minute=schedule.at.minute, day_of_week=days, timezone=zone)
    sweep = IntervalTrigger(seconds=int(schedule.sweep.total_seconds()), timezone=zone)
    scheduler = AsyncIOScheduler(
        timezone=zone, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    )

    async def ring() -> None:  # a coroutine, so that it runs in the loop and not in a thread
        wake.set()

    for name, trigger in (("daily", daily), ("sweep", sweep)):
        scheduler.add_job(ring, trigger, id=name)
    return scheduler


def look_from(known: Sequence[date], edits_for: timedelta = timedelta()) -> date | None:
    """Give the day from which posts are looked at, None for all of them."""
    return sorted(known)[-_NEWEST:][0] - max(LOOK_BACK, edits_for) if known else None
