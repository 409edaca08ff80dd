"""The faults that strike workers, their connections and their database."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Protocol

from psycopg import OperationalError

from tests.faults.workers.stage import Stage
from tests.faults.workers.worker import Worker
from tests.support.postgres.proxy import Proxy

Whom = Literal["caller", "other"]  # the worker whose call it is, or the next one by number


class Act(Protocol):
    """One fault; what it begins ends by itself."""

    def do(self, stage: Stage, caller: Worker) -> bool:
        """Let it happen; tell whether there was anything that it could happen to."""


def meant(stage: Stage, caller: Worker, whom: Whom) -> Worker:
    return stage.workers[(caller.number + (whom == "other")) % len(stage.workers)]


@dataclass(frozen=True)
class Kill:
    """A worker dies at once."""

    whom: Whom = "caller"

    def do(self, stage: Stage, caller: Worker) -> bool:
        return meant(stage, caller, self.whom).kill() and stage.strikes("killed")


@dataclass(frozen=True)
class Terminate:
    """A worker is told to end; another process takes its place."""

    whom: Whom = "caller"

    def do(self, stage: Stage, caller: Worker) -> bool:
        return meant(stage, caller, self.whom).tell_to_end() and stage.strikes("told to end")


@dataclass(frozen=True)
class Freeze:
    """A worker stands still for a while, as a machine that is paused, then goes on as if nothing had been."""

    seconds: float
    whom: Whom = "caller"

    def do(self, stage: Stage, caller: Worker) -> bool:
        worker = meant(stage, caller, self.whom)
        return worker.freeze() and stage.strikes("frozen", self._thaw(worker))

    async def _thaw(self, worker: Worker) -> None:
        await asyncio.sleep(self.seconds)
        worker.thaw()


@dataclass(frozen=True)
class EndConnections:
    """The server ends connections: the one with this number or all of a worker, of all workers where none is meant."""

    whom: Whom | None = "caller"
    number: int | None = None

    def do(self, stage: Stage, caller: Worker) -> bool:
        if self.whom is None:
            return stage.strikes("connections ended", self._end(stage, None))
        ports = sorted(meant(stage, caller, self.whom).database.ports)
        if not ports:
            return False
        ended = ports if self.number is None else [ports[self.number % len(ports)]]
        return stage.strikes("connections ended", self._end(stage, ended))

    async def _end(self, stage: Stage, ports: list[int] | None) -> None:
        with suppress(OperationalError):  # the server starts just now, and has none
            await stage.server.end_connections(ports)


@dataclass(frozen=True)
class RestartServer:
    """PostgreSQL dies as in a power cut, and comes back after a while."""

    seconds: float

    def do(self, stage: Stage, caller: Worker) -> bool:
        return stage.alone("server restarted", stage.server.restart(self.seconds))


@dataclass(frozen=True)
class CutOff:
    """A worker does not reach its database for a while: connections are reset, or they say nothing."""

    seconds: float
    silently: bool
    answers_alone: bool = False  # its requests arrive
    lost: bool = False  # connections that said nothing break in the end, else all that was sent arrives late
    whom: Whom = "caller"

    def do(self, stage: Stage, caller: Worker) -> bool:
        proxy = meant(stage, caller, self.whom).database
        if not proxy.passes:
            return False
        if self.silently:
            proxy.starve(requests=not self.answers_alone)
        else:
            proxy.refuse()
        return stage.strikes("cut off", self._heal(proxy))

    async def _heal(self, proxy: Proxy) -> None:
        await asyncio.sleep(self.seconds)
        if self.lost:
            proxy.cut()
        proxy.feed()


@dataclass(frozen=True)
class FillDisk:
    """No file of the server may grow any more for a while."""

    seconds: float

    def do(self, stage: Stage, caller: Worker) -> bool:
        return stage.alone("disk full", self._fill(stage))

    async def _fill(self, stage: Stage) -> None:
        with suppress(OperationalError):  # the connection that keeps it full may be ended, too
            async with stage.server.full_disk():
                await asyncio.sleep(self.seconds)
