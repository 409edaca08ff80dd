"""Plan by the schedule and when readers subscribe, and tell the operators: one process at a time does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime

from bot.app.cycle import DeliveryCycle
from bot.app.duties.jobs import woken
from bot.concurrency import wait_first
from bot.config.settings import Settings
from bot.database.engine import TO_DISPATCH
from bot.database.states import IncidentKind
from bot.delivery.hours import DeliveryHours
from bot.errors import PaperboyError, Stopped
from bot.ledger.ledger import Ledger
from bot.log import log
from bot.monitoring.health import SWEEP, Health
from bot.monitoring.heartbeat import Heartbeat
from bot.monitoring.notifier import OperatorNotifier

# Seconds without a sign of life after which a sweep or a dispatch hangs: no worker waits for longer than a minute, but
# a call may take one, too, and to plan for very many chats takes some.
SLOW = 600.0
_TOGETHER = 0.1  # seconds in which the jobs of all sources come, for which one sweep is enough


@dataclass
class Planning:
    """Look at the sources again and again, and plan what was found."""

    settings: Settings
    ledger: Ledger
    cycle: DeliveryCycle
    notifier: OperatorNotifier
    health: Health
    heartbeat: Heartbeat
    wake: asyncio.Event  # set: there may be something to plan
    planned: asyncio.Event  # set once something was
    rescan: Callable[[], object]  # called when there may be something to dispatch
    is_here: bool = False
    resumed: date | None = None  # the day on which paused chats were last given another try
    _requests: list[asyncio.Future[None]] = field(default_factory=list)  # of sweeps, by jobs

    async def run(self, stopping: asyncio.Event) -> None:
        """Plan until told to stop.

        What wakes it only wakes; whether there is something to do is what the sources and the ledger say.
        """
        self.is_here = True
        try:
            async with woken(self.settings, self.ledger.jobs, self.wake, self._planned, self._prune):
                await self._keep_sweeping(stopping)
        finally:
            self.is_here = False
            self.health.ended(SWEEP)

    async def _keep_sweeping(self, stopping: asyncio.Event) -> None:
        pause = self.settings.schedule.sweep.total_seconds()
        while not stopping.is_set():
            self.wake.clear()
            requests, self._requests = self._requests, []
            outcome = await self.sweep(stopping)
            for request in requests:
                if not request.done():
                    request.set_exception(outcome) if outcome else request.set_result(None)
            self.health.sign(SWEEP, pause + SLOW)
            await wait_first(self.wake.wait(), stopping.wait(), asyncio.sleep(pause))
            await asyncio.sleep(_TOGETHER if self._requests else 0)

    async def _planned(self, _source: str) -> None:
        """Wait for a sweep that begins from now on, and raise what was wrong with it; those of many need one alone."""
        self._requests.append(request := asyncio.get_running_loop().create_future())
        self.wake.set()
        await request

    async def _prune(self, _what: str) -> None:
        await self.cycle.prune()

    async def sweep(self, stopping: asyncio.Event) -> Exception | None:
        """Plan all there is to plan now; what goes wrong is reported, given, and tried again at the next sweep."""
        self.health.sign(SWEEP, SLOW)
        now = datetime.now(self.settings.zone)
        resume = DeliveryHours.for_chat(self.settings).is_open(now) and self.resumed != now.date()
        try:
            async with self.ledger.delivery_lock(stopping, self._wait_for_another):
                self._go_on()
                await self._plan(resume=resume)
                self.resumed = now.date() if resume else self.resumed
                self.health.outages.end(IncidentKind.RUN, "")
            self._let_dispatch()
            await self.tell()
        except Stopped:
            return None
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the program goes on
            await self._tell_failure(error)
            return error
        return None

    def _let_dispatch(self) -> None:
        self.planned.set()
        self.rescan()

    async def _queued(self) -> None:
        """Let what is queued already be dispatched, whoever does, while the rest is planned."""
        self.health.sign(SWEEP, SLOW)
        self._let_dispatch()
        await self.ledger.bots.tell(TO_DISPATCH)

    async def tell(self) -> None:
        """Tell the operators, and who waits for a heartbeat, how it is."""
        await self._notify()
        await self.heartbeat.swept()

    def _wait_for_another(self, why: str) -> None:
        """Note that another process delivers; if that one hangs, to start this one anew would mend nothing."""
        log.warning(why)
        self.health.sign(SWEEP)
        self.health.outages.begin(IncidentKind.RUN, "lock", why, brief=SLOW)

    def _go_on(self) -> None:
        self.health.outages.end(IncidentKind.RUN, "lock")
        self.health.sign(SWEEP, SLOW)

    async def _tell_failure(self, error: Exception) -> None:
        """Log that a run failed, and tell the operators."""
        what = str(error) if isinstance(error, PaperboyError) else self.cycle.describe(error)
        log.error("run failed", error=what)
        self.health.outages.begin(IncidentKind.RUN, "", what, brief=0.0)
        await self._notify()

    async def _notify(self) -> None:
        """Tell the operators what is new; that this fails must not keep anything from being delivered."""
        try:
            await self.notifier.notify()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is tried again at the next sweep
            log.error("alarm", error=self.cycle.describe(error))

    async def _plan(self, *, resume: bool) -> None:
        """Plan, and report the sources that could not be read."""
        for error in await self.cycle.plan(at_once=False, resume=resume, on_queued=self._queued):
            log.error("source", error=str(error))
        unreadable = await self.ledger.incidents.unreadable(self.settings.source_names)
        self.health.sources_read({one.where: one.why for one in unreadable if one.is_news})
        self.cycle.log_problems()
