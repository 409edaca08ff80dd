"""One bot at work: it delivers and answers readers, as long as it is this process's."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

from bot.app.cycle import DeliveryCycle
from bot.app.duties.listening import keep_listening
from bot.app.duties.paces import PaceKeeper
from bot.app.duties.planning import SLOW
from bot.app.duties.titles import TitleKeeper
from bot.app.reporter import ask_about_token
from bot.concurrency import cancel, wait_first, wait_unless
from bot.conversation.listener import Listener
from bot.database.states import DeliveryState, IncidentKind
from bot.delivery.channel import Channel
from bot.delivery.dispatcher import Dispatcher
from bot.errors import LedgerError, PaperboyError, Stopped
from bot.ledger.ledger import Ledger
from bot.ledger.records.deliveries import Chat, QueuedDelivery
from bot.log import log
from bot.monitoring.health import DELIVERY, Health, dispatch_of
from bot.monitoring.heartbeat import Heartbeat
from bot.monitoring.tally import Tally

_COUNT_EVERY = 10.0  # seconds between two times that it is written down how much is sent


class Dispatched(Protocol):
    """Called after each dispatch, with whether anything was settled in it."""

    def __call__(self, *, anything: bool) -> Awaitable[object]: ...


@dataclass
class BotAtWork:
    """Dispatch again and again what is due for a bot, and let its readers be heard beside."""

    channel: Channel
    ledger: Ledger
    cycle: DeliveryCycle
    health: Health
    heartbeat: Heartbeat
    longest_pause: float  # seconds between two dispatches, whatever is due
    planned: asyncio.Event  # set: what is due was planned with the settings as they are
    dispatched: Dispatched
    identifies: Callable[[], bool]  # whether nobody else of this process asks which chats the settings name
    listener: Listener | None = None  # of its readers
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _dispatcher: Dispatcher | None = None  # while it dispatches
    _has_settled: bool = False  # anything, in the last dispatch
    _sent: deque[float] = field(default_factory=deque)  # when messages were, in the last minute or little more

    async def run(self, stopping: asyncio.Event) -> None:
        """Deliver and answer until told to stop, in order; cancelled, leave all as it is at once."""
        async with self._beside(stopping):
            await wait_unless(self.planned.wait(), stopping)
            while not stopping.is_set():
                self._wake.clear()
                begun = self.ledger.clock()
                await self.dispatch(stopping)
                pause = await self._pause(begun)
                await wait_first(self._wake.wait(), stopping.wait(), asyncio.sleep(pause))

    def rescan(self) -> None:
        """Look for due chats, also amid a dispatch, since something was planned."""
        self._wake.set()
        if self._dispatcher:
            self._dispatcher.rescan()

    async def dispatch(self, stopping: asyncio.Event) -> None:
        """Send everything that is due; what goes wrong is reported, and tried again after a pause."""
        try:
            async with self.ledger.dispatch_lock(stopping, _wait_silently):
                await self._dispatch(stopping)
        except Stopped:
            return
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the program goes on
            self._tell_failure(error)
        finally:
            self._dispatcher = None
            self.health.ended(dispatch_of(self.channel.name))
        await self.dispatched(anything=self._has_settled)

    @asynccontextmanager
    async def _beside(self, stopping: asyncio.Event) -> AsyncIterator[None]:
        """Let readers be heard, and what is learnt of the platform be kept, until the block ends."""
        channels, describe = {self.channel.name: self.channel}, self.cycle.describe
        titles, paces = TitleKeeper(self.ledger, channels, describe), PaceKeeper(self.ledger, channels, describe)
        await paces.load()
        works = [ask_about_token(self.channel, self.health, stopping), titles.run(stopping), paces.run(stopping)]
        works += [self._keep_counting(stopping)]
        works += [keep_listening(self.listener, stopping)] if self.listener else []
        tasks = [asyncio.create_task(work) for work in works]
        try:
            yield
        except asyncio.CancelledError:
            await cancel(*tasks)
            raise
        finally:
            stopping.set()  # listeners must end, whatever ended this
            await asyncio.gather(*tasks, return_exceptions=all(task.cancelled() for task in tasks))
            self.health.left(self.channel.name)
        await paces.keep()

    async def _keep_counting(self, stopping: asyncio.Event) -> None:
        """Write down now and then how many messages are sent in a minute."""
        written = 0
        while not stopping.is_set():
            await wait_unless(asyncio.sleep(_COUNT_EVERY), stopping)
            over = time.monotonic() - 60.0
            while self._sent and self._sent[0] < over:
                self._sent.popleft()
            with suppress(LedgerError):  # it is only shown
                if written != len(self._sent):
                    await self.ledger.bots.count(self.channel.name, len(self._sent))
                    written = len(self._sent)

    async def _pause(self, begun: float) -> float:
        """Give the seconds until something is due that was not when the last dispatch began, a sweep's at most.

        But where the clock was set back, not before that shows the old time again.
        """
        try:
            due = await self.ledger.next_due(self.channel.name, begun)
        except Exception:  # noqa: BLE001 - whatever it is, the program goes on
            due = None  # the next dispatch reports what is wrong
        return self.longest_pause if due is None else min(self.longest_pause, max(1.0, due - self.ledger.clock()))

    async def _dispatch(self, stopping: asyncio.Event) -> None:
        name, tally, self._has_settled = self.channel.name, Tally(), False
        self.health.sign(dispatch_of(name), SLOW)
        if self.identifies():
            await self.cycle.identify(name)
        dispatcher = self._dispatcher = self.cycle.dispatcher(
            partial(self._settled, tally), tally.working, {name: self.channel}, stopping
        )
        await dispatcher.run()
        self.health.outages.end(IncidentKind.RUN, name)
        self.health.delivered(name, dispatcher.refused_channels.get(name, ""))
        self._tell_broken_chats(self.cycle.broken_chats(dispatcher))

    def _settled(self, tally: Tally, chat: Chat, row: QueuedDelivery, state: DeliveryState, why: str) -> None:
        """Note that the dispatch goes on."""
        self._has_settled = True
        self.health.sign(dispatch_of(self.channel.name), SLOW)
        if state == DeliveryState.SENT:
            self.health.sign(DELIVERY)
            self._sent.append(time.monotonic())
            if row.state != DeliveryState.STALE:
                self.heartbeat.digest_sent()
        tally.settled(chat, row, state, why)

    def _tell_failure(self, error: Exception) -> None:
        """Log that a dispatch failed; operators are told where that lasts."""
        what = str(error) if isinstance(error, PaperboyError) else self.cycle.describe(error)
        log.error("run failed", channel=self.channel.name, error=what)
        self.health.outages.begin(IncidentKind.RUN, self.channel.name, what)

    def _tell_broken_chats(self, broken: Sequence[str]) -> None:
        """Report the chats in which something unexpected ended the work."""
        where = f"{self.channel.name} chats"
        if broken:
            self.health.outages.begin(IncidentKind.RUN, where, "; ".join(broken), brief=0.0)
        else:
            self.health.outages.end(IncidentKind.RUN, where)


def _wait_silently(_why: str) -> None:
    """Say nothing: who plans says for whom this process waits."""
