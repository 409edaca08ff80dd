"""One round of delivery: look at the sources, plan what chats shall hold, dispatch it."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from bot.app.identification import Identification
from bot.archive.sources import LookCost
from bot.config.schedule import LOOK_BACK
from bot.config.settings import Settings
from bot.delivery.channel import Channel, ChannelKit
from bot.delivery.decisions import Rules
from bot.delivery.dispatcher import Dispatcher, OnSettled, RetryPolicy, Working, ignore
from bot.delivery.hours import DeliveryHours
from bot.delivery.planner import plan
from bot.errors import LedgerError, SourceError
from bot.ledger.ledger import Ledger
from bot.ledger.records.digests import Queueing, nothing
from bot.log import log, unexpected
from bot.sources.source import FoundDigest, Source

_NEWEST = 5  # so many, since one of them may bear a date far off by mistake


@dataclass
class DeliveryCycle:
    """Make the chats hold what the sources hold."""

    settings: Settings
    ledger: Ledger
    sources: Sequence[Source]
    channels: Mapping[str, Channel]
    kits: Mapping[str, ChannelKit]
    rules: Rules
    policy: RetryPolicy = RetryPolicy()
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    identification: Identification = field(init=False)
    unread: dict[str, str] = field(default_factory=dict)  # by source that was read: what a person must look at, or ""
    _logged: dict[str, str] = field(default_factory=dict)  # problems of posts
    _unplanned: dict[str, dict[str, str]] = field(default_factory=dict)  # by source: posts that cannot be laid out
    _told: set[str] = field(default_factory=set)  # unexpected errors whose traceback was logged

    def __post_init__(self) -> None:
        self.identification = Identification(self.ledger.subscriptions, self.describe)

    async def plan(
        self,
        *,
        at_once: bool,
        resume: bool,
        identify: bool = True,
        release: bool = True,
        on_queued: Callable[[], Awaitable[object]] = nothing,
    ) -> list[SourceError]:
        """Look at every source and write what shall be sent; give what kept a source from being read.

        With `at_once`, chats that chose no hours of their own do not wait for the operator's. With `identify`,
        platforms are asked about chats that the settings name anew. Without `release`, nothing new becomes due.
        `on_queued` is called each time that there may be something to dispatch.
        """
        await self._sync_chats(identify=identify)
        if resume:
            await self.ledger.subscriptions.resume_all()
        wanting = await self.ledger.chats_wanting_newest()
        last_look = await self._last_look()
        openings = await self._openings(at_once=at_once) if release else {}
        queueing = Queueing(openings, on_queued)
        errors = [error for source in self.sources if (error := await self._plan(source, queueing))]
        if release:
            await self.ledger.release_now(wanting)
            await self._open_hours(last_look, at_once=at_once)
        return errors

    async def prune(self, longest: float = math.inf) -> None:
        """Delete the deliveries of old digests, for so many seconds at the most; the next time the rest."""
        schedule, end = self.settings.schedule, time.monotonic() + longest
        count = await self.ledger.pruning.prune(
            schedule.kept_for.total_seconds(), schedule.catch_up, self._today(), lambda: time.monotonic() > end
        )
        if count:
            log.info("pruned", deliveries=count)

    def broken_chats(self, dispatcher: Dispatcher) -> list[str]:
        """Say in which chats the work was ended by something unexpected."""
        return [f"{chat}: {self.describe(error)}" for chat, error in dispatcher.broken_chats.items()]

    def describe(self, error: Exception) -> str:
        """Put an unexpected error into words, and log its traceback once."""
        what = unexpected(error)
        if what not in self._told:
            log.warning("unexpected", exc_info=error)
        self._told.add(what)
        return what

    def dispatcher(
        self,
        on_settled: OnSettled = ignore,
        working: Working = nullcontext,
        channels: Mapping[str, Channel] | None = None,
        stopping: asyncio.Event | None = None,
    ) -> Dispatcher:
        """Make what sends everything that is due in some channels, None: in all, until told to stop."""
        return Dispatcher(
            *(self.ledger, self.channels if channels is None else channels, self.policy),
            clock=self.ledger.clock,  # by which times in the ledger were written, whatever this computer's shows
            stopping=stopping or self.stopping,
            on_settled=on_settled,
            working=working,
            waiting=self.identification.waiting,
        )

    async def identify(self, name: str) -> None:
        """Ask a platform which chats the settings name anew."""
        if own := self.kits[name].read(self.settings):
            usual = self.kits[name].usual_edition(self.settings)
            await self.identification.identify(self.channels[name], usual, listens=own.listens)

    def problems(self) -> list[str]:
        """List what was wrong with single posts at the last look."""
        return [what for source in self.sources for what in self._of_posts(source).values()]

    def log_problems(self) -> None:
        """Log each problem of a post once."""
        problems = {post: what for source in self.sources for post, what in self._of_posts(source).items()}
        for post, what in problems.items():
            if self._logged.get(post) != what:
                log.warning("post", problem=what)
        self._logged = problems

    def _of_posts(self, source: Source) -> Mapping[str, str]:
        return {**source.problems, **self._unplanned.get(source.name, {})}

    async def _last_look(self) -> float:
        """Give when anybody last looked at a source: what was due by then was to be sent, whatever the hour is now."""
        return max((look.looked_at for look in (await self.ledger.sources.last_looks()).values()), default=0.0)

    async def _open_hours(self, last_look: float, *, at_once: bool) -> None:
        """Let every chat's digests go out from its next hour on."""
        for schedule, opening in (await self._openings(at_once=at_once)).items():
            await self.ledger.open_at(schedule, opening, last_look)

    async def _openings(self, *, at_once: bool) -> dict[str, float]:
        """Give, by schedule, when the next hours of its chats begin; 0: they have."""
        now, schedules = datetime.now(UTC), await self.ledger.subscriptions.schedules()
        hours = {schedule: DeliveryHours.for_chat(self.settings, schedule) for schedule in schedules}
        return {schedule: 0.0 if at_once and not schedule else its.next_opening(now) for schedule, its in hours.items()}

    async def _sync_chats(self, *, identify: bool) -> None:
        """Make the ledger's chats those of the settings; a channel that was taken out has none."""
        for name, kit in self.kits.items():
            if own := kit.read(self.settings):
                channel = self.channels.get(name)
                id_sequences = {chat: channel.id_sequence(chat) for chat in own.chats} if channel else {}
                usual = kit.usual_edition(self.settings)
                await self.ledger.subscriptions.sync_chats(name, usual, id_sequences)
                if channel and identify:
                    await self.identify(name)
                names = [source.name for source in self.sources]
                await self.ledger.subscriptions.sync_sources(name, names, own.sources)

    async def _plan(self, source: Source, queueing: Queueing) -> SourceError | None:
        """Plan what a source holds; of one that cannot be read, what the ledger knows of it."""
        cost = _measure(source)
        problem = await self._problem(source, self._plan_found(source, queueing))
        if problem:
            why = str(problem).removeprefix(f"source {source.name}: ")
            await self.ledger.sources.failed(source.name, why, cost())
            await self._problem(source, self._write_plan(source, None, queueing))
        return problem

    async def _problem(self, source: Source, work: Coroutine[object, object, None]) -> SourceError | None:
        """Await work that concerns one source; give what is wrong with the source, whatever that is."""
        try:
            await work
        except SourceError as error:
            return SourceError(f"source {source.name}: {str(error).removeprefix(f'source {source.name}: ')}")
        except LedgerError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other sources are looked at
            return SourceError(f"source {source.name}: {self.describe(error)}")
        return None

    async def _plan_found(self, source: Source, queueing: Queueing) -> None:
        """Look at a source, note how that went, and plan what was found."""
        self.unread.pop(source.name, None)
        known = await self.ledger.known_digests(source.name)
        since = look_from([one.day for one in known if one.day <= self._today()], self.settings.schedule.edits_for)
        cost = _measure(source)
        found = await read(source, self.ledger, since)
        self.unread[source.name] = unread = source.survey.problem(has_given=bool(known))
        newest = found[-1].post if found else ""
        has_failed = await self.ledger.sources.looked(source.name, source.survey, unread, newest, cost())
        await self._write_plan(source, found, queueing, since)
        if has_failed:
            await self.ledger.sources.recovered(source.name)

    async def _write_plan(
        self, source: Source, found: Sequence[FoundDigest] | None, queueing: Queueing, since: date | None = None
    ) -> None:
        """Plan what was found of the days from `since` on; without it, what the ledger knows of."""
        formatters = {name: channel.formatter for name, channel in self.channels.items()}
        rules = replace(self.rules, since=since, today=self._today())
        problems = self._unplanned.setdefault(source.name, {})
        problems.clear()
        for one in await plan(self.ledger, source.name, found, formatters, rules, problems, queueing):
            reason = one.reason.sentence(one.state)
            log.info("planned", source=source.name, digest=one.name, state=one.state, reason=reason)

    def _today(self) -> date:
        return datetime.fromtimestamp(self.ledger.clock(), self.settings.zone).date()


async def read(source: Source, ledger: Ledger, since: date | None) -> Sequence[FoundDigest]:
    """Read the digests of `since` and later, and keep what the source remembers."""
    source.state = known_state = await ledger.sources.state(source.name)
    found = await source.digests(since)
    if source.state != known_state:
        await ledger.sources.keep(source.name, source.state)
    return found


def _measure(source: Source) -> Callable[[], LookCost]:
    """Begin to measure what a look at a source costs."""
    before, begun = source.cost, time.monotonic()

    def cost() -> LookCost:
        now = source.cost
        came = None if now.bytes is None or before.bytes is None else now.bytes - before.bytes
        return LookCost(now.requests - before.requests, came, time.monotonic() - begun)

    return cost


def look_from(known: Sequence[date], edits_for: timedelta = timedelta()) -> date | None:
    """Give the day from which posts are looked at, None for all of them."""
    if not known:
        return None
    newest = sorted(known)[-_NEWEST:][0]
    return date.fromordinal(max(1, newest.toordinal() - max(LOOK_BACK, edits_for).days))
