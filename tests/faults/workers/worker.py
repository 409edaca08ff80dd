"""One `paperboy run`, and what happens to it alone."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.faults.process import Ended, Process
from tests.support.postgres.proxy import Proxy
from tests.support.postgres.server import PASSWORD

CANNOT_START = 2  # exit code
_AGAIN = 0.2  # seconds after which one that ended is started again
_RUNS = '"event": "running"'


@dataclass
class Worker:
    """A process that is started again whenever it ends, as a supervisor does, until `retired`."""

    number: int
    database: Proxy  # by which it alone reaches the ledger
    ports: Mapping[str, int]  # at which it alone calls, by platform
    launch: Callable[[Worker], Process]  # makes its next process
    ended: list[Ended] = field(default_factory=list)
    retired: bool = False
    _process: Process | None = None
    _told: set[Process] = field(default_factory=set)  # to end

    async def work(self) -> None:
        """Run it again and again; AssertionError when a process ends otherwise than it should."""
        while not self.retired:
            process = self._process = self.launch(self)
            await process.start()
            self.ended.append(await process.end(None))
            self._process = None
            self._check(process, self.ended[-1])
            await asyncio.sleep(_AGAIN)

    def kill(self) -> bool:
        """Let it die at once; tell whether it was there."""
        return self._send(signal.SIGKILL)

    def freeze(self) -> bool:
        return self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        self._send(signal.SIGCONT)

    def tell_to_end(self) -> bool:
        """Let it end in order."""
        if self._process:
            self._told.add(self._process)
        return self._send(signal.SIGTERM)

    async def retire(self) -> None:
        """Let it end in order, once it runs, and for good."""
        self.retired = True
        if self._process:
            await self._process.says(_RUNS)
            self.tell_to_end()

    @property
    def said(self) -> list[str]:
        """List what the process that runs now has said."""
        return self._process.said if self._process else []

    async def says(self, words: str) -> None:
        """Wait until the process that runs now has said something."""
        assert self._process
        await self._process.says(words)

    def notes(self) -> Iterator[str]:
        """Tell how its processes ended, and what they said."""
        for ended in self.ended:
            yield f"worker {self.number} ended with {ended.code}\n{ended.out}{ended.err}"
        if self._process:
            yield f"worker {self.number} runs\n{''.join(self._process.said)}"

    def _send(self, number: signal.Signals) -> bool:
        process = self._process
        if process is None or not process.is_alive():
            return False
        process.send(number)
        return True

    def _check(self, process: Process, ended: Ended) -> None:
        """Check how a process ended, and that its log is one: lines of JSON without secrets and surprises."""
        runs = any(_RUNS in line for line in process.said)
        told = process in self._told and ended.code in ({0} if runs else {0, -signal.SIGTERM})
        assert told or ended.killed or (ended.code == CANNOT_START and not runs), (ended.code, ended.err)
        assert PASSWORD not in ended.out + ended.err, ended.err
