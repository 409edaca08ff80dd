"""Start the program, follow what it says, kill it.

A process is forked from one that has imported everything already: it starts at once, and is a
process like any other, with its own number, memory, files and end.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import multiprocessing.forkserver
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from tests.faults.program import Conditions, main, main_in_terminal
from tests.support.fakes import slack, telegram
from tests.support.setup import ROOT

LONGEST_RUN = 60.0  # seconds
_forks = multiprocessing.get_context("forkserver")
# What the program imports itself, and what its libraries would import late, in each process anew.
_LATE = (
    *("aiosqlite", "alembic.command", "anyio._backends._asyncio", "encodings.idna", "encodings.utf_8_sig"),
    *("formatters.locale.ko", "psycopg", "sqlalchemy.dialects.postgresql.psycopg", "bot.database.postgres.engine"),
)
_forks.set_forkserver_preload(["tests.faults.program", "h11", "httpcore", "tzdata", *_LATE])


def get_ready() -> None:
    """Import the program, in the process that others are forked from.

    It imports modules from the folder that it starts in before those that are installed: what is tested
    must be what lies beside the tests.
    """
    with contextlib.chdir(ROOT):
        multiprocessing.forkserver.ensure_running()


@dataclass(frozen=True)
class Ended:
    """What a process left behind."""

    code: int  # negative: the signal that killed it
    out: str
    err: str

    @property
    def killed(self) -> bool:
        return self.code == -signal.SIGKILL


class Process:
    """The program at work. Make it, then `start` it."""

    def __init__(self, arguments: Sequence[str], folder: Path, conditions: Conditions) -> None:
        pipes = [_forks.Pipe(duplex=False) for _ in range(2)]
        self._mine, self._theirs = zip(*pipes, strict=True)
        self._process = _forks.Process(target=main, args=(list(arguments), folder, conditions, *self._theirs))
        self.said: list[str] = []  # on standard error
        self._news = asyncio.Event()

    async def start(self) -> None:
        """Run `paperboy` with these arguments, in this folder."""
        await asyncio.to_thread(_fork, self._process)  # the first one waits for the imports
        for end in self._theirs:
            end.close()
        out, err = [await _reader(end) for end in self._mine]
        self._followed = asyncio.gather(self._follow(out, []), self._follow(err, self.said))

    @property
    def pid(self) -> int:
        assert self._process.pid
        return self._process.pid

    def is_alive(self) -> bool:
        return self._process.is_alive()

    def send(self, number: signal.Signals) -> None:
        """Send a signal, if it is still there to receive it."""
        if self.is_alive():
            with contextlib.suppress(ProcessLookupError):  # it died just now
                os.kill(self.pid, number)

    def kill(self) -> None:
        """Let it die at once, as with `kill -9`."""
        self.send(signal.SIGKILL)

    async def stands_still(self) -> None:
        """Wait until SIGSTOP has reached it."""
        state = Path(f"/proc/{self.pid}/stat")
        while state.read_text().rpartition(")")[2].split()[0] != "T":
            await asyncio.sleep(0.001)

    async def says(self, words: str, times: int = 1) -> None:
        """Wait until so many lines of standard error hold these words."""
        await self.until(lambda: sum(words in line for line in self.said) >= times)

    async def until(self, known: Callable[[], bool], seconds: float = LONGEST_RUN) -> None:
        """Wait until something is so, looking again whenever the program says anything."""
        async with asyncio.timeout(seconds):
            while not known():
                assert not self._followed.done(), f"it has ended: {self.said}"
                self._news.clear()
                await self._news.wait()

    async def end(self, seconds: float | None = LONGEST_RUN) -> Ended:
        """Wait until it has ended, at most so many seconds; None: as long as it takes."""
        try:
            async with asyncio.timeout(seconds):
                out, err = await asyncio.shield(self._followed)
        except TimeoutError:
            self.kill()
            out, err = await self._followed
            raise AssertionError(f"it did not end by itself\n{out}{err}") from None
        finally:
            self._process.join()
        ended = Ended(self._process.exitcode or 0, out, err)
        assert "Traceback" not in out + err, err
        assert not [secret for secret in (telegram.TOKEN, slack.TOKEN) if secret in out + err]
        return ended

    async def gone(self) -> None:
        """Let it die if it is still there, and forget it."""
        self.kill()
        await self._followed
        self._process.join()
        self._process.close()

    async def _follow(self, stream: asyncio.StreamReader, lines: list[str]) -> str:
        while line := (await stream.readline()).decode():
            lines.append(line)
            self._news.set()
        self._news.set()
        return "".join(lines)


async def fork_in_terminal(
    command: Sequence[str], folder: Path, environ: Mapping[str, str], terminal: int
) -> BaseProcess:
    """Run the program as this command in a terminal, by its descriptor, which becomes that of the process alone."""
    end = Connection(terminal)
    process = _forks.Process(target=main_in_terminal, args=(list(command), folder, environ, end))
    await asyncio.to_thread(_fork, process)
    end.close()
    return process


def _fork(process: BaseProcess) -> None:
    """Start a process, and hide from it the script that runs the tests: it would import that anew."""
    script = vars(sys.modules["__main__"])
    path = script.pop("__file__", None)
    try:
        process.start()
    finally:
        script.update({} if path is None else {"__file__": path})


async def _reader(end: Connection) -> asyncio.StreamReader:
    reader = asyncio.StreamReader(limit=2**20)
    pipe = os.fdopen(os.dup(end.fileno()), "rb")
    end.close()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), pipe)
    return reader
