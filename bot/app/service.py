"""The long-running process: deliver by the schedule, answer readers, until told to stop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial

from bot.app import systemd
from bot.app.cycle import DeliveryCycle
from bot.app.paces import PaceKeeper
from bot.app.reporter import Reporter, ask_about_tokens
from bot.app.scheduler import make_scheduler
from bot.app.titles import TitleKeeper
from bot.concurrency import wait_first
from bot.config.settings import Settings
from bot.conversation.listener import Listener
from bot.database.states import DeliveryState, IncidentKind
from bot.delivery.hours import DeliveryHours
from bot.errors import PaperboyError, Stopped
from bot.ledger.ledger import Ledger
from bot.ledger.records.deliveries import Chat, QueuedDelivery
from bot.log import log
from bot.monitoring.health import DELIVERY, SWEEP, Health
from bot.monitoring.heartbeat import Heartbeat
from bot.monitoring.notifier import OperatorNotifier
from bot.monitoring.tally import Tally

_LISTEN_AGAIN = 5.0  # seconds
# Seconds without a sign of life after which a sweep hangs: no worker waits for longer than a minute, but a call may
# take one, too, and to plan for very many chats takes some.
_SLOW = 600.0


@dataclass
class Service:
    """Run one delivery cycle after another."""

    settings: Settings
    ledger: Ledger
    cycle: DeliveryCycle
    notifier: OperatorNotifier
    health: Health
    reporter: Reporter
    heartbeat: Heartbeat
    titles: TitleKeeper
    paces: PaceKeeper
    wake: asyncio.Event  # set: there may be something to do
    resumed: date | None = None  # the day on which paused chats were last given another try

    async def run(self, listeners: Sequence[Listener] = ()) -> None:
        """Deliver by the schedule and answer readers until stopped.

        The scheduler only wakes; whether there is something to do is what the ledger says.
        """
        async with self._beside(listeners):
            log.info("running", next_run=str(DeliveryHours.for_chat(self.settings).next_after(datetime.now(UTC))))
            while not self.cycle.stopping.is_set():
                self.wake.clear()
                await self._sweep()
                self.health.sign(SWEEP, self.settings.schedule.sweep.total_seconds() + _SLOW)
                pause = await self._pause()
                await wait_first(self.wake.wait(), self.cycle.stopping.wait(), asyncio.sleep(pause))
        log.info("stopped")

    @asynccontextmanager
    async def _beside(self, listeners: Sequence[Listener]) -> AsyncIterator[None]:
        """Let the scheduler wake, readers be heard and the outside be told, until the block ends."""
        scheduler = make_scheduler(self.settings, self.wake)
        scheduler.start()
        reporting = asyncio.create_task(self.reporter.run())
        listening = [asyncio.create_task(self._listening(listener)) for listener in listeners]
        stopping = self.cycle.stopping
        asking = asyncio.create_task(ask_about_tokens(self.cycle.channels, self.health, stopping))
        beside = [asyncio.create_task(one.run(stopping)) for one in (self.heartbeat, self.titles, self.paces)]
        try:
            yield
        finally:
            systemd.notify(systemd.STOPPING)
            stopping.set()  # listeners must end, whatever ended this
            scheduler.shutdown(wait=False)
            await asyncio.gather(*listening, asking, *beside)
            reporting.cancel()
            await asyncio.gather(reporting, return_exceptions=True)

    async def _listening(self, listener: Listener) -> None:
        """Let a listener listen; one that ends by itself is logged, and begins anew."""
        while not self.cycle.stopping.is_set():
            try:
                await listener.listen(self.cycle.stopping)
            except Exception:  # noqa: BLE001 - a bot that receives nothing must say so
                log.exception("listener ended", listener=type(listener).__name__)
            if not self.cycle.stopping.is_set():
                await wait_first(self.cycle.stopping.wait(), asyncio.sleep(_LISTEN_AGAIN))

    async def _pause(self) -> float:
        """Give the seconds until something in the ledger is due, a sweep's at most.

        The scheduler wakes it in time; but where the clock was set back, not before that shows the old time again.
        """
        longest = self.settings.schedule.sweep.total_seconds()
        try:
            due = await self.ledger.next_due()
        except Exception:  # noqa: BLE001 - whatever it is, the program goes on
            due = None  # the next sweep reports what is wrong
        return longest if due is None else min(longest, max(1.0, due - time.time()))

    async def _sweep(self) -> None:
        """Do all there is to do now; what goes wrong is reported, and tried again at the next sweep."""
        self.health.sign(SWEEP, _SLOW)
        now = datetime.now(self.settings.zone)
        resume = DeliveryHours.for_chat(self.settings).is_open(now) and self.resumed != now.date()
        try:
            async with self.ledger.delivery_lock(self.cycle.stopping, self._wait_for_another):
                self._go_on()
                await self._plan(resume=resume)
                await self._dispatch()
                self.resumed = now.date() if resume else self.resumed
                self.health.outages.end(IncidentKind.RUN, "")
                await self._notify()
            await self.heartbeat.swept()
        except Stopped:
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the program goes on
            await self._tell_failure(error)

    def _wait_for_another(self, why: str) -> None:
        """Note that another process delivers; if that one hangs, to start this one anew would mend nothing."""
        log.warning(why)
        self.health.sign(SWEEP)
        self.health.outages.begin(IncidentKind.RUN, "lock", why, brief=_SLOW)

    def _go_on(self) -> None:
        self.health.outages.end(IncidentKind.RUN, "lock")
        self.health.sign(SWEEP, _SLOW)

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
        for error in await self.cycle.plan(at_once=False, resume=resume):
            log.error("source", error=str(error))
        unreadable = await self.ledger.incidents.unreadable(self.settings.source_names)
        self.health.sources_read({one.where: one.why for one in unreadable if one.is_news})
        self.cycle.log_problems()
        await self._notify()
        self.health.sign(SWEEP, _SLOW)

    async def _dispatch(self) -> None:
        """Send everything that is due, and plan what comes up meanwhile: a new subscriber does not wait for the end."""
        tally = Tally()
        dispatcher = self.cycle.dispatcher(partial(self._settled, tally), tally.working)
        running = asyncio.create_task(dispatcher.run())
        try:
            while not running.done():
                await wait_first(asyncio.shield(running), self.wake.wait())
                if self.wake.is_set():
                    self.wake.clear()
                    await self._plan(resume=False)
                    if running.done():
                        self.wake.set()  # what was planned since is for the next sweep, which begins at once
                    dispatcher.rescan()
        finally:
            await running
        for name in self.cycle.channels:
            self.health.delivered(name, dispatcher.refused_channels.get(name, ""))
        self._tell_broken_chats(self.cycle.broken_chats(dispatcher))

    def _settled(self, tally: Tally, chat: Chat, row: QueuedDelivery, state: DeliveryState, why: str) -> None:
        """Note that the dispatch goes on."""
        self.health.sign(SWEEP, _SLOW)
        if state == DeliveryState.SENT:
            self.health.sign(DELIVERY)
            if row.state != DeliveryState.STALE:
                self.heartbeat.digest_sent()
        tally.settled(chat, row, state, why)

    def _tell_broken_chats(self, broken: Sequence[str]) -> None:
        """Report the chats in which something unexpected ended the work."""
        if broken:
            self.health.outages.begin(IncidentKind.RUN, "chats", "; ".join(broken), brief=0.0)
        else:
            self.health.outages.end(IncidentKind.RUN, "chats")
