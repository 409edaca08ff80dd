"""The bar "Watch the promise": something happens to the post or to the delivery, and the page says what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from bot.channels.local import Fault
from bot.database.states import DeliveryState
from bot.log import log, unexpected
from bot.pages.demo.chats import SLACK, TELEGRAM, Chats
from bot.pages.demo.delivery import Delivery
from bot.pages.demo.post import Post

MOST_WAITING = 3  # actions that were asked for while another one is under way


@dataclass(frozen=True, slots=True)
class Report:
    """What came of an action."""

    action: str = ""
    paper: int = 0  # its number; 0: there is no more
    sends: int = 0
    edits: int = 0
    counts: Mapping[str, int] = field(default_factory=dict)  # deliveries in each chat
    missed: str = ""  # the chats in which something was to go wrong and did not, as nothing was sent there
    is_whole: bool = True
    is_done: bool = True
    is_broken: bool = False  # an error of ours ended it


@dataclass
class Promise:
    """Do one action after the other, once the digest was delivered."""

    chats: Chats
    delivery: Delivery
    post: Post
    addition: str  # to a title that is mended
    restart: float  # seconds until a stopped program is begun anew, so that its rows are seen
    report: Report = Report()
    _waiting: asyncio.Queue[str] = field(default_factory=lambda: asyncio.Queue(MOST_WAITING))

    def ask(self, action: str) -> None:
        """Take an action of `ACTIONS`, unless too many wait."""
        if not self._waiting.full():
            self._waiting.put_nowait(action)

    async def run(self) -> None:
        """Deliver the digest, then do what is asked for, without end; an error is told, and the next thing done."""
        with self._telling_errors(""):
            await self.delivery.subscribe()
            await self.delivery.run()
        while True:
            action = await self._waiting.get()
            self._tell(Report(action, is_done=False))
            with self._telling_errors(action):
                self.delivery.settled.clear()
                self._tell(await self._reported(action, await ACTIONS[action](self)))
            self._waiting.task_done()

    async def finished(self) -> None:
        """Wait until all that was asked for is done."""
        await self._waiting.join()

    async def mend(self) -> int:
        number = self.post.mend_title(self.addition)
        await self.delivery.run()
        return number

    async def add(self) -> int:
        number = self.post.add_paper()
        await self.delivery.run()
        return number

    async def drop(self) -> int:
        """Lose Telegram's answer to the next send."""
        if number := self.post.add_paper():
            self.delivery.channels[TELEGRAM].faults.append(Fault.ANSWER_LOST)
            await self.delivery.run()
        return number

    async def stop(self) -> int:
        """Drop the work while Telegram has a message and Slack has not, and the ledger knows neither; begin anew."""
        if number := self.post.add_paper():
            self.delivery.channels[TELEGRAM].faults.append(Fault.STUCK)
            self.delivery.channels[SLACK].faults.append(Fault.STUCK_BEFORE)
            await self.delivery.run_until_stuck()
            await asyncio.sleep(self.restart)
            await self.delivery.run()
        return number

    @contextmanager
    def _telling_errors(self, action: str) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # noqa: BLE001 - whatever it is, the page says so and goes on
            log.error("demo", action=action, error=unexpected(error))
            self._tell(Report(action, is_broken=True))
        finally:
            self.delivery.clear_faults()

    async def _reported(self, action: str, number: int) -> Report:
        settled, missed = self.delivery.settled, " · ".join(map(str.capitalize, self.delivery.clear_faults()))
        sends, edits = settled[DeliveryState.PENDING], settled[DeliveryState.STALE]
        is_whole = await self.delivery.is_whole()
        return Report(action, number, sends, edits, self.delivery.counts(), missed, is_whole)

    def _tell(self, report: Report) -> None:
        self.report = report
        self.chats.put("report", "report", report=report)


ACTIONS: dict[str, Callable[[Promise], Awaitable[int]]] = {
    "mend": Promise.mend,
    "add": Promise.add,
    "drop": Promise.drop,
    "stop": Promise.stop,
}
