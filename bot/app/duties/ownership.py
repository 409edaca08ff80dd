"""What this process does of all that is shared: it takes what nobody does, and gives back what is too much."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from bot.concurrency import beside, wait_first
from bot.database.engine import PLANNER, TO_DISPATCH, TO_PLAN, Census, Key
from bot.database.states import IncidentKind
from bot.errors import PaperboyError
from bot.ledger.writing.bots import Bot, Bots, fair_share
from bot.log import log, unexpected
from bot.monitoring.outages import Outages

_AGAIN = 1.0  # seconds until a database that failed is asked again


class Duty(Protocol):
    """What one process at a time does: to plan, or to deliver for a bot."""

    async def run(self, stopping: asyncio.Event) -> None:
        """Do it until told to stop, in order; cancelled, it is another process's, and nothing more is to be done."""


@dataclass
class _Held:
    """A duty that this process does."""

    stopping: asyncio.Event
    task: asyncio.Task[None]


@dataclass
class Ownership:
    """Do the duties whose locks this process gets. Where the ledger is a file, these are all of them."""

    bots: Bots
    planning: Duty
    at_work: Mapping[str, Duty]  # by channel
    outages: Outages
    planned: asyncio.Event  # set: what is sent now was planned with the settings as they are
    wake: asyncio.Event  # set: there may be something to plan
    rescan: Callable[[], object]  # called when there may be something to dispatch
    _held: dict[Key, _Held] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    _known: list[Bot] = field(default_factory=list)  # all bots
    _has_joined: bool = False
    _why: str = ""  # the last look failed

    async def run(self, stopping: asyncio.Event) -> None:
        """Do them until told to stop; then each is ended in order and given back."""
        with self.bots.on_loss(self._lose):
            async with asyncio.TaskGroup() as tasks:
                while not stopping.is_set():
                    self._changed.clear()
                    await self._look(tasks)
                    waits = [] if PLANNER in self._held else [self.wake.wait()]
                    await wait_first(self._changed.wait(), stopping.wait(), asyncio.sleep(self._pause), *waits)
                self._stop(len(self._held))
                async with beside(self.bots.stay()):
                    await asyncio.gather(*(held.task for held in self._held.values()), return_exceptions=True)

    @property
    def _pause(self) -> float:
        return _AGAIN if self._why else self.bots.sharing.look_every

    async def _look(self, tasks: asyncio.TaskGroup) -> None:
        """See what is to be done by whom, and do what nobody does; give back what is more than a fair share."""
        try:
            if not self._has_joined:
                await self.bots.join()
                self._has_joined = True
            self._known = self._known or await self.bots.known(self.at_work)
            census, taken = await self.bots.look(self._held.keys(), self._known)
            if not self._has_joined:
                return  # the connection was lost meanwhile, and what was taken with it
            self._begin_all(tasks, taken)
            mine = sum(bot.lock in self._held for bot in self._known)
            self._stop(mine - fair_share(self._known, census), but=PLANNER)
            await self._pass_on(census)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the program goes on
            self._failed(str(error) if isinstance(error, PaperboyError) else unexpected(error))
        else:
            self._why = ""
            self.outages.end(IncidentKind.RUN, "database")

    def _begin_all(self, tasks: asyncio.TaskGroup, taken: Collection[Key]) -> None:
        if PLANNER in taken:
            self._begin(tasks, PLANNER, self.planning, None)
        elif PLANNER not in self._held:
            self.planned.set()  # by another process
        for bot in self._known:
            if bot.lock in taken:
                self._begin(tasks, bot.lock, self.at_work[bot.channel], bot)

    async def _pass_on(self, census: Census) -> None:
        """Do what others told, and tell them what is theirs."""
        if TO_DISPATCH in census.told:
            self.rescan()
        if PLANNER in self._held:
            if TO_PLAN in census.told:
                self.wake.set()
        elif self.wake.is_set():
            self.wake.clear()
            await self.bots.tell(TO_PLAN)

    def _begin(self, tasks: asyncio.TaskGroup, key: Key, duty: Duty, bot: Bot | None) -> None:
        stopping = asyncio.Event()
        self._held[key] = _Held(stopping, tasks.create_task(self._do(key, duty, bot, stopping)))

    async def _do(self, key: Key, duty: Duty, bot: Bot | None, stopping: asyncio.Event) -> None:
        """Do a duty, and give it back when that was ended in order."""
        try:
            await duty.run(stopping)
            await self._give_back(key, bot)
        finally:
            del self._held[key]
            self._changed.set()

    async def _give_back(self, key: Key, bot: Bot | None) -> None:
        try:
            await (self.bots.give_back(bot) if bot else self.bots.unlock(key))
        except PaperboyError as error:  # with the connection, the lock is gone
            log.warning("not given back", error=str(error))

    def _stop(self, most: int, but: Key | None = None) -> None:
        """Let so many duties end in order, counting those that do already."""
        for held in [held for key, held in self._held.items() if key != but][: max(0, most)]:
            held.stopping.set()

    def _lose(self, why: Exception) -> None:
        """Stop at once: the connection is gone, and all of it may be others' by now."""
        self._has_joined = False
        if self._held:
            log.warning("lost", duties=len(self._held), error=str(why))
        for held in self._held.values():
            held.task.cancel()

    def _failed(self, why: str) -> None:
        if why != self._why:
            log.error("database", error=why)
        self._why = why
        self.outages.begin(IncidentKind.RUN, "database", why)
