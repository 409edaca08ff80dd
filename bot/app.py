"""The composition root: settings to parts; one run now, the daily run, the sweep."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.config import Settings
from bot.delivery import Drain, Report, Waits, silent
from bot.errors import PaperboyError, SettingsError, SourceError
from bot.log import log
from bot.planning import plan
from bot.protocols import Channel, Source
from bot.sources.folder import FolderSource
from bot.store import Store, opened
from bot.values import WEEKDAYS, weekdays
from formatters.locale import words

# Posts are looked at again for so long behind the newest ones: they are edited within days, if at all.
LOOK_BACK = timedelta(days=14)
_NEWEST = 5  # so many, since one of them may bear a date far off by mistake


@dataclass
class Paperboy:
    """Everything that delivers, put together. Make it with `assembled`."""

    settings: Settings
    store: Store
    sources: Sequence[Source]
    channels: Mapping[str, Channel]
    waits: Waits = Waits()
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    told: dict[str, str] = field(default_factory=dict)  # problems of posts that were logged already
    resumed: date | None = None  # the day on which `run` last gave paused chats another try

    async def plan(self, *, fresh: bool, resume: bool) -> list[SourceError]:
        """Look at every source and write what shall be sent; give what kept a source from being read."""
        await self._join()
        if resume:
            await self.store.resume()
        errors = []
        for source in self.sources:
            try:
                await self._plan(source, fresh=fresh)
            except SourceError as error:
                errors.append(error)
        return errors

    async def _join(self) -> None:
        """Make the ledger's chats those of the settings; a channel that was taken out has none."""
        for name in {"telegram", "slack"} | self.channels.keys():
            table = getattr(self.settings, name)
            counters = {chat: self.channels[name].counter(chat) for chat in table.chats if name in self.channels}
            await self.store.join(name, table.layout, counters)

    async def _plan(self, source: Source, *, fresh: bool) -> None:
        known = await self.store.known(source.name)
        found = await source.digests(look_from([one.day for one in known]))
        formatters = {name: channel.formatter for name, channel in self.channels.items()}
        catch_up = self.settings.schedule.catch_up
        for intent in await plan(self.store, source.name, found, formatters, catch_up=catch_up, fresh=fresh):
            log.info("planned", source=source.name, digest=intent.digest.id, state=intent.state, reason=intent.reason)

    async def drain(self, report: Report = silent) -> None:
        """Send everything that is due."""
        await Drain(self.store, self.channels, self.waits, stopping=self.stopping, report=report).run()

    def stop_on_signals(self) -> None:
        """Let SIGTERM and SIGINT end what is under way in order: a send is finished and recorded."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stopping.set)

    async def run(self) -> None:
        """Deliver by the schedule until stopped.

        The scheduler only wakes; whether there is something to do is what the ledger says.
        """
        wake = asyncio.Event()
        scheduler = clock(self.settings, wake)
        scheduler.start()
        log.info("running", next_run=str(next_run(self.settings, datetime.now(self.settings.zone))))
        try:
            while not self.stopping.is_set():
                wake.clear()
                await self._sweep()
                await _first(wake.wait(), self.stopping.wait())
        finally:
            scheduler.shutdown(wait=False)
            log.info("stopped")

    async def _sweep(self) -> None:
        """Do all there is to do now; what goes wrong is told and tried again at the next sweep."""
        now = datetime.now(self.settings.zone)
        fresh = is_open(self.settings, now)
        resume = fresh and self.resumed != now.date()
        try:
            async with self.store.delivering(self.stopping) as mine:
                if mine:
                    for error in await self.plan(fresh=fresh, resume=resume):
                        log.error("source", error=str(error))
                    self._tell_problems()
                    await self.drain()
                    self.resumed = now.date() if resume else self.resumed
        except PaperboyError as error:
            log.error("run failed", error=str(error))

    def _tell_problems(self) -> None:
        """Log each problem of a post once."""
        problems = {post: what for source in self.sources for post, what in source.problems.items()}
        for post in problems.keys() - {post for post, what in self.told.items() if problems.get(post) == what}:
            log.warning("post", problem=problems[post])
        self.told = problems


@asynccontextmanager
async def assembled(
    settings: Settings, channels: Mapping[str, Channel] | None = None, waits: Waits = Waits()
) -> AsyncIterator[Paperboy]:
    """Put all parts together and take them apart again; SettingsError when one lacks what it needs.

    Without `channels`, those that the settings name are made.
    """
    _check(settings)
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(opened(settings.store.url))
        channels = _channels(settings) if channels is None else channels
        for channel in channels.values():
            stack.push_async_callback(channel.close)
        yield Paperboy(settings, store, sources(settings), channels, waits)


async def run_forever(settings: Settings) -> None:
    """Be the long-running process."""
    async with assembled(settings) as paperboy:
        paperboy.stop_on_signals()
        await paperboy.run()


def sources(settings: Settings) -> list[Source]:
    return [FolderSource(one.name, one.path, match=one.match, permalink=one.permalink) for one in settings.sources]


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


def look_from(known: Sequence[date]) -> date | None:
    """Give the day from which posts are looked at, None for all of them."""
    return sorted(known)[-_NEWEST:][0] - LOOK_BACK if known else None


def is_open(settings: Settings, now: datetime) -> bool:
    """Tell whether new digests are delivered at this moment: from the daily minute on, to midnight.

    A post that comes late is then picked up by the next sweep, and none wakes a reader at night.
    """
    return now.weekday() in weekdays(settings.schedule.days) and now.time() >= settings.schedule.at


def next_run(settings: Settings, now: datetime) -> datetime:
    """Give the next daily minute."""
    at = settings.schedule.at
    day = now.date() if now.time() < at else now.date() + timedelta(days=1)
    while day.weekday() not in weekdays(settings.schedule.days):
        day += timedelta(days=1)
    return datetime.combine(day, at, tzinfo=settings.zone)


def _check(settings: Settings) -> None:
    """Refuse settings with which nothing could be delivered."""
    if not settings.sources:
        example = "the settings are ./paperboy.toml or --config FILE, and deploy/paperboy.example.toml is one to copy"
        raise SettingsError(f"sources: there is none; add a [[sources]] table with name, kind and path ({example})")
    if not (settings.telegram.chats or settings.slack.chats):
        raise SettingsError("telegram.chats and slack.chats are empty; name at least one chat")
    if settings.telegram.chats and not settings.telegram.token:
        raise SettingsError("telegram.token is missing; ask @BotFather for one and set PAPERBOY_TELEGRAM__TOKEN")
    if settings.slack.chats and not settings.slack.bot_token:
        raise SettingsError("slack.bot_token is missing; copy it from your Slack app and set PAPERBOY_SLACK__BOT_TOKEN")


def _channels(settings: Settings) -> dict[str, Channel]:
    """Make the channels that have chats; an SDK is imported only where it is used."""
    channels: dict[str, Channel] = {}
    telegram, slack = settings.telegram, settings.slack
    if telegram.chats and telegram.token:
        from bot.channels.telegram import TelegramChannel
        from formatters.telegram import TelegramFormatter

        formatter = TelegramFormatter(words(settings.language))
        channels["telegram"] = TelegramChannel(telegram.token.get_secret_value(), telegram.base_url, formatter)
    if slack.chats and slack.bot_token:
        from bot.channels.slack import SlackChannel
        from formatters.slack import SlackFormatter

        spelled = SlackFormatter(words(settings.language))
        channels["slack"] = SlackChannel(slack.bot_token.get_secret_value(), slack.base_url, spelled)
    return channels


async def _first(*waits: Coroutine[object, object, object]) -> None:
    """Wait for the first of several things."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
