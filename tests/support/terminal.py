"""A real terminal, in which the program runs as it does for whoever sits there or came by SSH."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from tests.faults.process import fork_in_terminal, get_ready
from tests.support.installed import PATH

LONGEST = 60.0  # seconds until something is shown
CTRL_C = "\x03"
_STYLE = re.compile(r"\x1b\[[0-9;]*m")
# The terminal that it is given becomes its own: Ctrl-C there interrupts it.
_OWN = "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execv(sys.argv[1], sys.argv[1:])"


class Terminal:
    """The program in a terminal. Use it as a context."""

    def __init__(self, *arguments: str | Path, environ: Mapping[str, str]) -> None:
        self._arguments = [str(PATH), *map(str, arguments)]
        self._environ = {"TERM": "xterm-256color", "COLUMNS": "100", **environ}
        self._raw = b""
        self._seen = 0  # characters of `text` that were waited for
        self._news = asyncio.Event()

    async def __aenter__(self) -> Self:
        # Our end of its side stays open: what was not read when the last one is closed can be lost.
        self._screen, self._inside = pty.openpty()
        os.set_blocking(self._screen, False)
        await self._start(os.dup(self._inside))
        self._end = asyncio.create_task(asyncio.to_thread(self._code))
        self._end.add_done_callback(lambda _: self._news.set())
        asyncio.get_running_loop().add_reader(self._screen, self._read)
        return self

    async def __aexit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._screen)
        self._kill()
        await self._end
        for end in (self._screen, self._inside):
            os.close(end)

    @property
    def text(self) -> str:
        """Give all that was shown, without colours."""
        return _STYLE.sub("", self._raw.decode(errors="ignore")).replace("\r\n", "\n")

    @property
    def is_echoing(self) -> bool:
        """Tell whether what is typed is shown: a shell behind the program would leave it as it is."""
        return bool(termios.tcgetattr(self._screen)[3] & termios.ECHO)

    async def shows(self, words: str) -> None:
        """Wait until these words are shown, behind those that were waited for before."""
        try:
            async with asyncio.timeout(LONGEST):
                while (place := self.text.find(words, self._seen)) < 0:
                    assert not self._end.done(), f"it has ended:\n{self.text}"
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"this is not shown: {words}\n{self.text}") from None
        self._seen = place + len(words)

    async def types(self, keys: str, *, pause: float = 0.0) -> None:
        """Type, with so many seconds between two keys."""
        for key in keys if pause else [keys]:
            os.write(self._screen, key.encode())
            await asyncio.sleep(pause)

    async def ends(self) -> int:
        """Wait for the end, and until all is shown; give the exit code."""
        code = await asyncio.wait_for(asyncio.shield(self._end), LONGEST)
        self._read()
        return code

    async def _start(self, inside: int) -> None:
        command = [sys.executable, "-c", _OWN, *self._arguments]
        streams = {"stdin": inside, "stdout": inside, "stderr": inside}
        environ = {**os.environ, **self._environ}
        self._process = subprocess.Popen(command, **streams, env=environ, start_new_session=True)  # type: ignore[call-overload]
        os.close(inside)

    def _kill(self) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGKILL)

    def _code(self) -> int:
        return int(self._process.wait())

    def _read(self) -> None:
        with contextlib.suppress(BlockingIOError):  # all was read
            while True:
                self._raw += os.read(self._screen, 65536)
        self._news.set()


class ForkedTerminal(Terminal):
    """The same with a process that is forked: to start one anew takes many times as long."""

    async def _start(self, inside: int) -> None:
        get_ready()
        self._forked = await fork_in_terminal(self._arguments, Path.cwd(), self._environ, inside)

    async def waits(self) -> None:
        """Wait until the process sleeps: what it writes as it is interrupted before that can be lost."""
        state = Path(f"/proc/{self._forked.pid}/stat")
        while state.read_text().rpartition(")")[2].split()[0] != "S":
            await asyncio.sleep(0.001)

    def _kill(self) -> None:
        self._forked.kill()

    def _code(self) -> int:
        self._forked.join()
        assert self._forked.exitcode is not None
        return self._forked.exitcode
